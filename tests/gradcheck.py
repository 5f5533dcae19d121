"""Gradients by our tape against central differences in float64, first and second order.

Of complex numbers they are the direction of steepest ascent: differences go along both axes.
"""

import itertools

import numpy as np

import ndtape as nt

STEP = 1e-5
RTOL, ATOL = 1e-6, 1e-7


def values(seed, shapes, domain="real"):
    """Float64 arrays for an operator's domain, no two elements of them all close to each other.

    So comparisons of elements, and the kinks of piecewise functions, are clear of the steps that
    differences take.
    """
    rng = np.random.default_rng(seed)
    sizes = [int(np.prod(s)) for s in shapes]
    n = sum(sizes)
    u = (rng.permutation(n) + 0.4 + 0.2 * rng.random(n)) / max(n, 1)
    ranges = {
        "positive": (0.3, 2.3),
        "unit": (-0.9, 0.9),
        "ge_one": (1.1, 3.0),
        "gt_minus_one": (-0.8, 1.5),
    }
    low, high = ranges.get(domain, (-2.0, 2.0))
    x = low + (high - low) * u
    if domain == "nonzero":
        x = x + np.where(x < 0, -0.3, 0.3)
    elif low == -2.0:
        x = x + np.where(x < 0, -0.013, 0.013)
    parts = np.split(x, np.cumsum(sizes)[:-1])
    return [p.reshape(s) for p, s in zip(parts, shapes, strict=True)]


def with_imaginary_parts(arrays, seed=0):
    rng = np.random.default_rng(seed)
    return [np.asarray(a + 1j * rng.uniform(0.1, 0.5, a.shape)) for a in arrays]


def _weighted(y, seed):
    """The sum of y with fixed random weights, of which the real part counts."""
    rng = np.random.default_rng(seed)
    w = rng.uniform(0.5, 1.5, y.shape)
    if y.dtype.kind != "c":
        return nt.sum(y * nt.asarray(w))
    return nt.real(nt.sum(y * nt.asarray(w + 1j * rng.uniform(0.5, 1.5, y.shape))))


def _scalar(f):
    """`f` followed by a sum with fixed random weights, so that every output counts."""
    return lambda *tensors: _weighted(f(*tensors), 11)


def _differences(loss, arrays, size=STEP):
    """The gradient of `loss` by central differences."""
    found = []
    for which, array in enumerate(arrays):
        gradient = np.zeros_like(array)
        units = (1.0, 1j) if array.dtype.kind == "c" else (1.0,)
        for i, unit in itertools.product(np.ndindex(array.shape), units):
            sides = []
            for step in (size, -size):
                moved = [a.copy() for a in arrays]
                moved[which][i] += step * unit
                sides.append(loss(*(nt.asarray(a) for a in moved)).detach().item())
            gradient[i] += unit * (sides[0] - sides[1]) / (2 * size)
        found.append(gradient)
    return found


def _compare(got, want, what):
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        g = g.detach().numpy()
        assert g.shape == w.shape, f"{what}, argument {i}: shape {g.shape}, want {w.shape}"
        # Differences of sums are as precise as their largest parts.
        atol = ATOL * max(1.0, np.abs(w).max(initial=0))
        np.testing.assert_allclose(g, w, rtol=RTOL, atol=atol, err_msg=f"{what}, argument {i}")


def _compare_with_differences(got, loss, arrays, what):
    errors = []
    for size in (STEP, STEP / 10, STEP / 100):  # a step may go over a kink, or a sharp bend
        try:
            return _compare(got, _differences(loss, arrays, size), what)
        except AssertionError as error:
            errors.append(error)
    raise errors[0]


def check(f, *arrays, order=2, recipes=None):
    """Assert that the gradients of `f` are right up to `order`.

    `recipes` lay the arguments out in memory in other ways than row by row.
    """
    every = tuple(range(len(arrays)))
    loss = _scalar(f)
    tensors = [nt.asarray(a.copy()) for a in arrays]
    if recipes:
        tensors = [r.pair(a)[1] for r, a in zip(recipes, arrays, strict=True)]
    first = nt.grad(loss, argnums=every)
    _compare_with_differences(first(*tensors), loss, arrays, "first derivative")
    check_backward(loss, arrays, first)
    if order < 2:
        return

    def directional(*xs):
        total = 0.0
        for i, g in enumerate(first(*xs)):
            total = total + _weighted(g, 23 + i)
        return total

    second = nt.grad(directional, argnums=every)
    _compare_with_differences(second(*tensors), directional, arrays, "second derivative")


def check_backward(loss, arrays, first):
    """`backward` into .grad gives exactly what the transform gives."""
    leaves = [nt.tensor(a, requires_grad=True) for a in arrays]
    loss(*leaves).backward()
    plain = [nt.asarray(a) for a in arrays]
    for leaf, want in zip(leaves, first(*plain), strict=True):
        got = leaf.grad if leaf.grad is not None else nt.zeros_like(want)
        np.testing.assert_array_equal(got.numpy(), want.detach().numpy())
