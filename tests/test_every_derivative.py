"""The derivatives of every function on drawn shapes and layouts, against central differences.

NDTAPE_DRAWS=100 pytest tests/test_every_derivative.py
"""

import os
import zlib

import gradcheck
import numpy as np
import pytest
from every_function import CASES

import ndtape as nt

DRAWS = int(os.environ.get("NDTAPE_DRAWS", "1"))
# Elementwise functions and those of shapes and reductions are drawn by Hypothesis, in their tests.
DRAWN = CASES if DRAWS > 1 else [c for c in CASES if c.group not in ("elementwise", "structure")]

# What is smooth for certain relations of its lengths only, or names lengths or positions.
FIXED = ("svd U", "svd Vh", "complement", "qr", "eig ", "eigvals", "pinv", "matrix_norm")


def drawn_shapes(case, rng):
    """Other lengths, in the same order, equal ones alike; perhaps in stacks."""
    shapes = [tuple(s) for s in case.shapes]
    if any(word in case.name + " " for word in FIXED):
        stacked = True
    else:
        old = sorted({n for s in shapes for n in s if n > 1})
        new = sorted(rng.choice(np.arange(2, 7), len(old), replace=False).tolist())
        by = dict(zip(old, new, strict=True))
        shapes = [tuple(by.get(n, n) for n in s) for s in shapes]
        stacked = rng.random() < 0.3
    if stacked and case.name.startswith(("linalg", "fft")) and len(shapes) == 1:
        shapes = [(int(rng.integers(1, 3)), *shapes[0])]
    return shapes


def relaid(a, rng):
    """The same values in other memory: permuted axes, steps, from the end, or as they are."""
    if a.ndim == 0:
        return a
    order = rng.permutation(a.ndim)
    steps = rng.choice([1, 1, 2, -1, -2], a.ndim)
    wide = np.zeros([n * abs(k) for n, k in zip(np.array(a.shape)[order], steps, strict=True)])
    view = wide.astype(a.dtype)[tuple(slice(None, None, int(k)) for k in steps)]
    view = np.transpose(view, np.argsort(order))
    view[...] = a
    return view


class Laid:
    """What gradcheck asks for a layout."""

    def __init__(self, rng):
        self.rng = rng

    def pair(self, a):
        return a, nt.asarray(relaid(a, self.rng))


def draw(case, number):
    """Arguments that the function takes: complex or real, of drawn shapes or those of its case."""
    rng = np.random.default_rng([zlib.crc32(case.name.encode()), number])
    seed = int(rng.integers(2**31))
    wide = number % 2 == 1 and not case.of_real
    drawn = drawn_shapes(case, rng)
    tries = [(s, c) for s in (drawn, case.shapes) for c in ((True, False) if wide else (False,))]
    for shapes, is_complex in tries:
        arrays = case.values(seed, shapes)
        if is_complex:
            arrays = gradcheck.with_imaginary_parts(arrays, seed)
        try:
            case.function(*(nt.asarray(a) for a in arrays))
        except (ValueError, IndexError, TypeError):
            continue  # real numbers only, or the function names lengths or positions
        return arrays, [Laid(rng) for _ in arrays]
    raise AssertionError(f"{case.name} does not take the arguments of its case")


@pytest.mark.parametrize("number", range(2 * DRAWS))
@pytest.mark.parametrize("case", DRAWN, ids=repr)
def test_on_drawn_shapes_and_layouts(case, number):
    arrays, layouts = draw(case, number)
    gradcheck.check(case.function, *arrays, order=1 + number // 2 % 2, recipes=layouts)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_of_empty_tensors(case):
    """With lengths of 0 derivatives are right, too, where the function takes them."""
    for length in sorted({n for s in case.shapes for n in s if n > 1}):
        shapes = [tuple(0 if n == length else n for n in s) for s in case.shapes]
        try:
            arrays = case.values(3, shapes)
            y = case.function(*(nt.asarray(a) for a in arrays))
        except (ValueError, IndexError, TypeError):
            continue  # it needs an element, or names one
        if not isinstance(y, nt.Tensor):
            continue  # a sum of no terms, by Python
        gradcheck.check(case.function, *arrays)
        tensors = tuple(nt.asarray(a) for a in arrays)
        moved = nt.jvp(case.function, tensors, tuple(nt.ones_like(x) for x in tensors))[1]
        assert moved.shape == y.shape
