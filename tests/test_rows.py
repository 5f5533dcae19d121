"""Softmax and its kin, against plain NumPy in float64, with first and second derivatives."""

import numpy as np
import pytest
from gradcheck import check

import ndtape as nt


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


LAYOUTS = [
    ((5,), (0,)),
    ((4, 7), (0, 1)),
    ((7, 4), (1, 0)),
    ((3, 1500), (0, 1)),
    ((2, 3, 5), (2, 0, 1)),
    ((3, 0), (0, 1)),
]


def data(shape, order, seed=0):
    return np.random.default_rng(seed).normal(size=shape).transpose(order)


@pytest.mark.parametrize(("shape", "order"), LAYOUTS)
@pytest.mark.parametrize("axis", [0, -1])
def test_softmax_and_log_softmax(shape, order, axis):
    x = data(shape, order)
    if x.shape[axis] == 0:
        assert nt.softmax(nt.asarray(x), axis=axis).shape == x.shape
        return
    expected = softmax(x, axis)
    np.testing.assert_allclose(nt.softmax(nt.asarray(x), axis=axis).numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(
        nt.log_softmax(nt.asarray(x), axis=axis).numpy(), np.log(expected), rtol=1e-12, atol=1e-13
    )


def test_large_values_do_not_overflow():
    x = nt.asarray(np.array([[1e4, 0.0], [-1e4, -1e4], [0.0, -np.inf]], np.float32))
    np.testing.assert_array_equal(nt.softmax(x).numpy(), [[1, 0], [0.5, 0.5], [1, 0]])
    np.testing.assert_allclose(nt.log_softmax(x).numpy()[0], [0, -1e4])


def test_rows_too_long_for_one_program():
    x = data((2, 70000), (0, 1))
    expected = softmax(x, 1)
    leaf = nt.tensor(x, requires_grad=True)
    y = nt.softmax(leaf)
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-10)
    nt.sum(y * nt.asarray(x)).backward()
    want = expected * (x - (x * expected).sum(1, keepdims=True))
    np.testing.assert_allclose(leaf.grad.numpy(), want, rtol=1e-9, atol=1e-15)
    loss = nt.cross_entropy(nt.asarray(x), nt.asarray([5, 69999]))
    np.testing.assert_allclose(loss.numpy(), -np.log(expected[[0, 1], [5, 69999]]), rtol=1e-11)
    normal = nt.layer_norm(nt.asarray(x)).numpy()
    np.testing.assert_allclose(normal.mean(1), 0, atol=1e-12)
    np.testing.assert_allclose(normal.var(1), 1, rtol=1e-4)


@pytest.mark.parametrize("function", [nt.softmax, nt.log_softmax])
@pytest.mark.parametrize("axis", [0, 1])
def test_derivatives(function, axis):
    x = data((3, 4), (1, 0))
    check(lambda t: function(t, axis=axis), x)


@pytest.mark.parametrize("shape", [(6,), (4, 6), (2, 3, 5)])
@pytest.mark.parametrize("affine", ["none", "weight", "both"])
def test_layer_norm(shape, affine):
    x, w, b = data(shape, range(len(shape))), data(shape[-1:], (0,), 1), data(shape[-1:], (0,), 2)
    args = {"none": [x], "weight": [x, w], "both": [x, w, b]}[affine]
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    if affine != "none":
        expected = expected * w
    if affine == "both":
        expected = expected + b
    got = nt.layer_norm(*[nt.asarray(a) for a in args])
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-11, atol=1e-12)
    check(nt.layer_norm, *args)


def test_cross_entropy():
    x, labels = data((5, 4), (0, 1)), np.array([0, 3, 1, 1, 2])
    expected = -np.log(softmax(x, 1))[np.arange(5), labels]
    got = nt.cross_entropy(nt.asarray(x), nt.asarray(labels))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12)
    check(lambda t: nt.cross_entropy(t, nt.asarray(labels)), x)
    with pytest.raises(IndexError, match="label -1 is out of range for 4 classes"):
        nt.cross_entropy(nt.asarray(x), nt.asarray(labels - 1))  # they do not count from the end


def test_cross_entropy_at_extremes():
    x = nt.asarray(np.array([[1e4, -1e4], [1e4, -1e4]], np.float32))
    loss = nt.cross_entropy(x, nt.asarray([0, 1]))
    np.testing.assert_array_equal(loss.numpy(), [0, 2e4])


def test_bad_input():
    x = nt.zeros((2, 3))
    with pytest.raises(IndexError, match="axis 2"):
        nt.softmax(x, axis=2)
    with pytest.raises(ValueError, match=r"\(4,\).*\(3,\)"):
        nt.layer_norm(x, nt.ones(4))
    with pytest.raises(ValueError, match="epsilon"):
        nt.layer_norm(x, epsilon=-1.0)
    with pytest.raises(IndexError, match="label 3 is out of range for 3 classes"):
        nt.cross_entropy(x, nt.asarray([0, 3]))
    with pytest.raises(TypeError, match="float32"):
        nt.cross_entropy(x, nt.ones(2))
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3,\)"):
        nt.cross_entropy(x, nt.asarray([0, 1, 2]))


def test_cross_entropy_keeps_its_labels():
    """Changed between forward and backward, they stay what they were; by NumPy, no address."""
    x = nt.tensor(data((3, 4), (0, 1)), requires_grad=True)
    labels = nt.tensor([0, 3, 1])
    loss = nt.sum(nt.cross_entropy(x, labels))
    labels[0] = 10**9
    loss.backward()
    want = nt.grad(lambda s: nt.sum(nt.cross_entropy(s, nt.tensor([0, 3, 1]))))(x.detach())
    np.testing.assert_array_equal(x.grad.numpy(), want.numpy())
    shared = np.array([0, 3, 1])
    loss = nt.sum(nt.cross_entropy(x, nt.asarray(shared)))
    shared[0] = 10**9
    with pytest.raises(IndexError, match="label 1000000000 is out of range"):
        loss.backward()
