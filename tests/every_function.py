"""Every public function that has a derivative, with arguments to try it at, in one list."""

from collections.abc import Callable
from typing import Any, NamedTuple

import gradcheck
import namespace_cases
import numpy as np
import test_fft
import test_gradients_elementwise as elementwise
import test_gradients_structure as structure
import test_linalg_gradients as linalg
import test_numpy_names as numpy_names

import ndtape as nt


class Case(NamedTuple):
    """A call, the shapes of its arguments, and what gives arrays for shapes by a seed."""

    name: str
    function: Callable[..., Any]
    shapes: list[tuple[int, ...]]
    values: Callable[[int, Any], list[Any]]
    of_real: bool = False  # complex arguments have cases of their own
    group: str = ""

    def __repr__(self):
        return self.name


def _elementwise():
    for row in elementwise.DIFFERENTIABLE:
        if row.name == "where":
            continue  # among those of structure
        shapes = [(2, 3), (3,), ()][: row.arity]
        yield Case(
            row.name,
            row.function,
            shapes,
            lambda seed, shapes, row=row: elementwise.arguments(row, seed, list(shapes))[1],
            group="elementwise",
        )


def _by_domain(prefix, cases):
    for name, (f, shapes, *domain) in cases.items():
        yield Case(
            prefix + name,
            f,
            shapes,
            lambda seed, shapes, domain=domain: gradcheck.values(seed, shapes, *domain),
            group=prefix.strip() or "structure",
        )


def _matrices(seed, shapes):
    """Well-conditioned ones, so that differences tell something."""
    while True:
        # No element near 0, where roots bend.
        arrays = [a + np.where(a < 0, -0.2, 0.2) for a in linalg.matrices(shapes, seed)]
        if all(np.linalg.cond(a).max(initial=0) < 20 for a in arrays if a.ndim > 1):
            return arrays
        seed += 1_000_003


def _complex_matrices(seed, shapes):
    return gradcheck.with_imaginary_parts(_matrices(seed, shapes), seed)


def _linalg():
    for name, (f, shapes) in linalg.CASES.items():
        yield Case(f"linalg {name}", f, shapes, _matrices, of_real=True)
    for name, (f, shapes) in linalg.COMPLEX_CASES.items():
        yield Case(f"linalg complex {name}", f, shapes, _complex_matrices, of_real=True)


def _fft():
    for name, options in test_fft.CASES.items():

        def f(x, transform=getattr(nt.fft, name.split()[0]), options=options):
            return transform(x, **options)

        yield Case(f"fft {name}", f, [(3, 4)], lambda seed, s: gradcheck.values(seed, s))


def _numpy_names():
    for name, (shapes, call) in numpy_names.GRADIENTS.items():
        yield Case(
            f"numpy {name}",
            numpy_names.smooth(call),
            shapes,
            lambda seed, shapes: numpy_names.values_for(shapes, seed),
        )


CASES = [
    *_elementwise(),
    *_by_domain("", structure.CASES),
    *_linalg(),
    *_fft(),
    *_numpy_names(),
    *_by_domain("special ", namespace_cases.SPECIAL),
    *_by_domain("nn ", namespace_cases.NETWORKS),
]
