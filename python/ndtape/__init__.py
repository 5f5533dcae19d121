"""Tensors with gradients and speed: ``import ndtape as nt``.

Names and meanings follow the Python array API standard; where it has none, NumPy's; for gradients
PyTorch's (``requires_grad``, ``backward``) and JAX's (``grad``, ``value_and_grad``).
"""

import importlib
from typing import TYPE_CHECKING

from ndtape._openmp import _core as _core  # isort: split

from ndtape import (
    _datatypes,
    _manipulation,
    _numpy_arrays,
    _numpy_fits,
    _numpy_names,
    _numpy_statistics,
    _products,
    _searching,
    _sets,
    _sorting,
    _utility,
)
from ndtape import autograd as autograd
from ndtape import memory as memory
from ndtape import random as random
from ndtape._config import get_cmake_dir as get_cmake_dir
from ndtape._config import get_include as get_include
from ndtape._config import show_config as show_config
from ndtape._control import checkpoint as checkpoint
from ndtape._control import detect_anomaly as detect_anomaly
from ndtape._control import stop_gradient as stop_gradient
from ndtape._core import *
from ndtape._datatypes import *
from ndtape._einsum import einsum as einsum
from ndtape._files import load as load
from ndtape._files import save as save
from ndtape._grad_mode import enable_grad as enable_grad
from ndtape._grad_mode import inference_mode as inference_mode
from ndtape._grad_mode import no_grad as no_grad
from ndtape._inspection import __array_namespace_info__ as __array_namespace_info__
from ndtape._manipulation import *
from ndtape._numpy_arrays import *
from ndtape._numpy_fits import *
from ndtape._numpy_names import *
from ndtape._numpy_statistics import *
from ndtape._products import *
from ndtape._searching import *
from ndtape._sets import *
from ndtape._sorting import *
from ndtape._transforms import grad as grad
from ndtape._transforms import hessian as hessian
from ndtape._transforms import hvp as hvp
from ndtape._transforms import jacobian as jacobian
from ndtape._transforms import jvp as jvp
from ndtape._transforms import value_and_grad as value_and_grad
from ndtape._transforms import vjp as vjp
from ndtape._utility import *

__version__ = _core.__version__
__array_api_version__ = "2025.12"

# Imported when first used, so that `import ndtape` stays quick.
_LAZY = ("data", "distributions", "fft", "linalg", "nn", "optim", "special", "testing", "viz")

if TYPE_CHECKING:
    from ndtape import data as data
    from ndtape import distributions as distributions
    from ndtape import fft as fft
    from ndtape import linalg as linalg
    from ndtape import nn as nn
    from ndtape import optim as optim
    from ndtape import special as special
    from ndtape import testing as testing
    from ndtape import viz as viz
else:

    def __getattr__(name: str) -> object:
        if name in _LAZY:
            return importlib.import_module(f"ndtape.{name}")
        raise AttributeError(f"module 'ndtape' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LAZY})


if not TYPE_CHECKING:  # type checkers take the names that are imported as themselves, and `*`
    __all__ = [
        *_core.__all__,
        *_datatypes.__all__,
        *_manipulation.__all__,
        *_numpy_arrays.__all__,
        *_numpy_fits.__all__,
        *_numpy_names.__all__,
        *_numpy_statistics.__all__,
        *_products.__all__,
        *_searching.__all__,
        *_sets.__all__,
        *_sorting.__all__,
        *_utility.__all__,
        *_LAZY,
        "autograd",
        "checkpoint",
        "detect_anomaly",
        "einsum",
        "enable_grad",
        "get_cmake_dir",
        "get_include",
        "grad",
        "hessian",
        "hvp",
        "inference_mode",
        "jacobian",
        "jvp",
        "load",
        "memory",
        "no_grad",
        "random",
        "save",
        "show_config",
        "stop_gradient",
        "value_and_grad",
        "vjp",
    ]
