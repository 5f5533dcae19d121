"""The page of derivatives is current and says yes; what it says of points without one is so."""

import derivatives
import numpy as np
import pytest
from test_gradients_elementwise import DIFFERENTIABLE, arguments

import ndtape as nt

INF = float("inf")


def test_the_page_is_current():
    page = derivatives.page()
    assert "wrong" not in page
    assert not derivatives.unlisted(page), "functions without a case, or a reason for none"
    assert page == derivatives.PAGE.read_text(encoding="utf-8"), "run python tests/derivatives.py"


def slope(f, *at):
    """The gradient at float64 numbers."""
    every = tuple(range(len(at)))
    found = nt.grad(lambda *x: nt.sum(f(*x)), every)(*(nt.tensor(a, dtype=nt.float64) for a in at))
    return [g.tolist() for g in found]


def bend(f, at):
    return nt.grad(nt.grad(f))(nt.tensor(at, dtype=nt.float64)).item()


@pytest.mark.parametrize(
    ("f", "at", "want"),
    [
        (nt.abs, [0.0], [0]),
        (nt.relu, [0.0], [0]),
        (nt.sign, [0.0], [0]),
        (nt.max, [[2.0, 1.0, 2.0]], [[0.5, 0, 0.5]]),
        (nt.min, [[1.0, 1.0, 2.0]], [[0.5, 0.5, 0]]),
        (nt.maximum, [1.0, 1.0], [0.5, 0.5]),
        (nt.minimum, [1.0, 1.0], [0.5, 0.5]),
        (lambda x: nt.sort(x)[0], [[3.0, 1.0, 1.0]], [[0, 0.5, 0.5]]),
        (nt.unique_values, [[3.0, 1.0, 1.0]], [[1, 0.5, 0.5]]),
        (lambda x: nt.unique(x, axis=0), [[[3.0], [1.0], [1.0]]], [[[1], [0.5], [0.5]]]),
        (lambda x: nt.linalg.vector_norm(x, ord=0.5), [[0.0, 2.0]], [[0, 1]]),
        (lambda x: nt.clip(x, 0.0, 1.0), [[0.0, 1.0, 2.0]], [[1, 1, 0]]),
        (nt.sqrt, [0.0], [INF]),
        (nt.prod, [[0.0, 2.0, 3.0]], [[6, 0, 0]]),
        (nt.prod, [[0.0, 0.0, 3.0]], [[0, 0, 0]]),
        (lambda x: x**0, [0.0], [0]),
        (lambda x: x**1, [0.0], [1]),
        (lambda x: x**2, [0.0], [0]),
        (nt.pow, [0.0, 2.0], [0, 0]),
        (lambda x: nt.where(x > 0, x, INF), [[1.0, -1.0]], [[1, 0]]),
        (lambda x: nt.log(nt.where(x > 0, x, 1.0)), [[2.0, 0.0]], [[0.5, 0]]),
        (nt.logsumexp, [[0.0, -INF]], [[1, 0]]),
        (nt.linalg.vector_norm, [[0.0, 0.0]], [[0, 0]]),
        (nt.linalg.matrix_norm, [[[0.0, 0.0], [0.0, 0.0]]], [[[0, 0], [0, 0]]]),
        (nt.linalg.det, [[[1.0, 2.0], [2.0, 4.0]]], [[[4, -2], [-2, 1]]]),
        (lambda x: nt.copysign(x, -1.0), [2.0], [-1]),
        (lambda x: nt.nextafter(x, 5.0), [2.0], [1]),
    ],
)
def test_points_without_a_derivative(f, at, want):
    for got, expected in zip(slope(f, *at), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "at", "want"),
    [
        (lambda x: x**2, 0.0, 2),
        (lambda x: x**1, 0.0, 0),
        (lambda x: x**0, 0.0, 0),
        (lambda x: x**3.0, 0.0, 0),
        (nt.abs, 0.0, 0),
        (lambda x: nt.prod(nt.stack([x, x, x + 1])), 0.0, 2),
        (lambda x: nt.maximum(x * x, 0.0), 1.0, 2),
    ],
)
def test_second_derivatives_there(f, at, want):
    assert bend(f, at) == want


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=repr)
def test_empty_tensors(row):
    f, arrays = arguments(row, 1, [(0, 3), (3,), ()][: row.arity])
    tensors = [nt.asarray(a) for a in arrays]
    every = tuple(range(len(tensors)))
    found = nt.grad(lambda *x: nt.sum(f(*x)), every)(*tensors)
    for g, x in zip(found, tensors, strict=True):
        assert g.shape == x.shape
        np.testing.assert_array_equal(g.numpy(), np.zeros(x.shape))
    value, moved = nt.jvp(f, tuple(tensors), tuple(nt.ones_like(x) for x in tensors))
    assert moved.shape == value.shape == (0, 3)
