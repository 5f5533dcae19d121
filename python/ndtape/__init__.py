"""Tensors with gradients and speed: ``import ndtape as nt``.

Names and meanings follow the Python array API standard; where it has none, NumPy's; for gradients
PyTorch's (``requires_grad``, ``backward``) and JAX's (``grad``, ``value_and_grad``).
"""

from ndtape import _core, memory, random
from ndtape._config import get_cmake_dir, get_include, show_config
from ndtape._core import *
from ndtape._grad_mode import enable_grad, no_grad
from ndtape._transforms import grad, value_and_grad

__version__ = _core.__version__

__all__ = [
    "enable_grad",
    "get_cmake_dir",
    "get_include",
    "grad",
    "memory",
    "no_grad",
    "random",
    "show_config",
    "value_and_grad",
]
__all__ += _core.__all__
