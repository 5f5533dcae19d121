"""What counts where functions have no derivative, at drawn points: see `awkward.py`.

NDTAPE_DRAWS=100 pytest tests/test_awkward_points.py
"""

import os
import zlib

import gradcheck
import numpy as np
import pytest
from awkward import POINTS, STEEP, STEP
from test_every_derivative import relaid

import ndtape as nt

DRAWS = int(os.environ.get("NDTAPE_DRAWS", "1"))
RTOL, ATOL = 2e-6, 2e-5


def weights(f, arrays, rng):
    """Random weights for the elements of a result."""
    y = f(*(nt.asarray(a) for a in arrays)).detach()
    w = rng.uniform(0.5, 1.5, y.shape)
    return w + 1j * rng.uniform(0.5, 1.5, y.shape) if y.dtype.kind == "c" else w


def gradient(f, tensors, w):
    """The gradient of the real part of the sum with these weights."""
    every = tuple(range(len(tensors)))
    loss = lambda *x: nt.real(nt.sum(f(*x) * nt.asarray(w)))  # noqa: E731
    return nt.grad(loss, every)(*tensors)


def moved(arrays, direction, step):
    return [nt.asarray(a + step * d) for a, d in zip(arrays, direction, strict=True)]


def quotient(values, arrays, direction):
    """How some values change along a direction, by central differences."""
    with np.errstate(invalid="ignore"):
        ahead, behind = (
            [v.detach().numpy() for v in values(moved(arrays, direction, s))] for s in (STEP, -STEP)
        )
        return [
            np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, (a - b) / (2 * STEP))
            for a, b in zip(ahead, behind, strict=True)
        ]


def units(arrays):
    """Each direction along one element, or its imaginary part, and where it points."""
    for i, a in enumerate(arrays):
        for at in np.ndindex(a.shape):
            for unit in (1, 1j) if a.dtype.kind == "c" else (1,):
                direction = [np.zeros_like(b) for b in arrays]
                direction[i][at] = unit
                yield i, at, unit, direction


def first_nearby(f, arrays, w):
    """The gradient at an ordinary point."""
    found = [np.zeros_like(a) for a in arrays]
    for i, at, unit, direction in units(arrays):
        (change,) = quotient(lambda x: [f(*x)], arrays, direction)
        found[i][at] += unit * np.sum(w * change).real
    return found


def compare(got, points, what, steep=False):
    """Is it the mean over the points nearby? Where that is steep, infinite."""
    for i, (g, *near) in enumerate(zip(got, *points, strict=True)):
        want = np.mean(near, axis=0)
        if steep:
            want = np.where(np.abs(want) > STEEP, np.copysign(np.inf, want), want)
        np.testing.assert_allclose(
            g.detach().numpy(), want, rtol=RTOL, atol=ATOL, err_msg=f"{what}, argument {i}"
        )


@pytest.mark.parametrize("number", range(4 * DRAWS))
@pytest.mark.parametrize("name", POINTS)
def test_awkward_points(name, number):
    point = POINTS[name]
    rng = np.random.default_rng([zlib.crc32(name.encode()), number])
    shapes = point.shapes if number % 2 == 0 else other_shapes(point, rng)
    arrays = gradcheck.values(int(rng.integers(2**31)), shapes, point.domain)
    f, order = point.function, point.order
    if number % 4 == 3 and not point.of_real:
        arrays, order = wide(f, arrays), 1
    masks = point.put(arrays, rng)
    w = weights(f, arrays, rng)
    with np.errstate(invalid="ignore"):
        nearby = point.near(arrays, masks, rng)
    tensors = [nt.asarray(relaid(a, rng)) for a in arrays]
    got = gradient(f, tensors, w)
    compare(got, [first_nearby(f, p, w) for p in nearby], "first derivative", point.steep)
    # The other direction is the transpose of this one.
    direction = [rng.uniform(0.5, 1.5, a.shape) for a in arrays]
    _, forward = nt.jvp(
        f,
        tuple(tensors),
        tuple(nt.asarray(d.astype(a.dtype)) for d, a in zip(direction, arrays, strict=True)),
    )
    with np.errstate(invalid="ignore"):
        along = sum(np.sum(g.numpy().real * d) for g, d in zip(got, direction, strict=True))
        np.testing.assert_allclose(np.sum(forward.numpy() * w).real, along, rtol=1e-9)
    if order == 1:
        return

    def turned(*x):
        found = gradient(f, x, w)
        return sum(nt.sum(g * nt.asarray(d)) for g, d in zip(found, direction, strict=True))

    second = nt.grad(turned, tuple(range(len(tensors))))(*tensors)
    want = [quotient(lambda x: gradient(f, x, w), p, direction) for p in nearby]
    compare(second, want, "second derivative")


def other_shapes(point, rng):
    new = {n: int(m) for n, m in zip((2, 3, 5), rng.permutation([1, 2, 3, 4])[:3], strict=True)}
    return [tuple(new.get(n, n) for n in s) for s in point.shapes]


def wide(f, arrays):
    """Complex arguments, if the function takes them."""
    found = gradcheck.with_imaginary_parts(arrays)
    try:
        f(*(nt.asarray(a) for a in found))
    except (TypeError, ValueError):
        return arrays
    return found
