"""Changes in place between an operation and its backward reach no derivative, of any function."""

import numpy as np
import pytest
from every_function import CASES

import ndtape as nt


def _tensors(result):
    return [result] if isinstance(result, nt.Tensor) else list(result)


def _loss(result):
    """The weighted sum of all float results."""
    total = nt.tensor(0.0, dtype=nt.float64)
    for k, y in enumerate(_tensors(result)):
        if y.requires_grad:
            w = np.random.default_rng(k).uniform(0.5, 1.5, y.shape)
            total = total + nt.sum(nt.real(y) * nt.asarray(w))
    return total


def _gradients(case, arrays, change, create_graph=False):
    """Those of the case's function, with what `change` does to arguments and results meanwhile."""
    leaves = [nt.tensor(a, requires_grad=True) for a in arrays]
    arguments = [x * 1.0 for x in leaves]
    result = case.function(*arguments)
    loss = _loss(result)
    change(arguments, _tensors(result))
    found = nt.autograd.grad(loss, leaves, create_graph=create_graph, allow_unused=True)
    if create_graph:
        again = nt.tensor(0.0, dtype=nt.float64)
        for g in found:
            if g is not None and g.requires_grad:
                again = again + nt.sum(nt.real(nt.square(g)))
        if not again.requires_grad:
            return found
        found = nt.autograd.grad(again, leaves, allow_unused=True)
    return found


def _overwrite(arguments, results):
    with nt.no_grad():
        for t in [*arguments, *results]:
            if t.dtype.kind in "fc":
                t[...] = 7.0
            elif t.dtype.kind in "iu":
                t[...] = 0


def _update(arguments, results):
    for t in [*arguments, *results]:
        if t.dtype.kind in "fc":
            t *= 3.0
            t += nt.real(nt.sum(arguments[0]))


@pytest.mark.parametrize("create_graph", [False, True], ids=["first", "second"])
@pytest.mark.parametrize("change", [_overwrite, _update])
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_changes_reach_no_derivative(case, change, create_graph):
    arrays = case.values(4, case.shapes)
    want = _gradients(case, arrays, lambda *_: None, create_graph)
    found = _gradients(case, arrays, change, create_graph)
    for g, w in zip(found, want, strict=True):
        assert (g is None) == (w is None)
        if g is not None:
            np.testing.assert_array_equal(g.detach().numpy(), w.detach().numpy())


def test_what_is_no_argument_is_kept_too():
    """Statistics that a norm is given, and masks of attention."""

    def run(change):
        x = nt.tensor(np.arange(24.0).reshape(2, 3, 4), requires_grad=True)
        mean, var = nt.zeros(3, dtype=nt.float64), nt.ones(3, dtype=nt.float64)
        mask, bias = nt.asarray(np.ones((3, 3), bool)), nt.zeros((3, 3), dtype=nt.float64)
        functions = nt.nn.functional
        y = functions.batch_norm(x, mean, var, training=False)
        for given in (mask, bias):
            y = y + functions.scaled_dot_product_attention(x, x, x, mask=given)
        if change:
            mean += 5
            var *= 9
            mask[0, 1:] = False
            bias[1] = 4
        nt.sum(nt.sin(y)).backward()
        return x.grad.numpy()

    np.testing.assert_array_equal(run(True), run(False))


@pytest.mark.parametrize("n", [1, 512, 513, 3000])
@pytest.mark.parametrize("step", [1, 2, -1])
@pytest.mark.parametrize("seen", [False, True], ids=["alone", "kept before"])
def test_what_an_update_overwrites_is_kept(n, step, seen):
    """Up to some size, and row-major, by a copy of its bytes."""
    values = np.random.default_rng(n).normal(size=2 * n)
    whole = nt.tensor(values, requires_grad=True) * 1.0
    b = nt.tensor(np.full(n, 2.0), requires_grad=True)
    x = whole[:n] if step == 1 else whole[::step][-n:]
    old = x.detach().numpy().copy()
    if seen:
        extra = nt.sum(nt.square(x))
    x *= b
    x *= x
    x += 5.0
    total = nt.sum(x) + extra if seen else nt.sum(x)
    total.backward()
    np.testing.assert_allclose(b.grad.numpy(), 4.0 * old**2, rtol=1e-12)


@pytest.mark.parametrize("length", [8, 40])
def test_what_a_pool_picked_is_known_of_few_elements_and_of_many(length):
    values = np.random.default_rng(length).permutation(length**2).reshape(1, 1, length, length)
    image = nt.tensor(values.astype(float), requires_grad=True)
    x = image * 1.0
    y = nt.nn.functional.max_pool2d(x, 2)
    x *= -1.0
    nt.sum(y).backward()
    picked = np.isin(values, y.detach().numpy())
    np.testing.assert_array_equal(image.grad.numpy(), picked.astype(float))


def test_a_mask_that_changes_between_its_uses():
    """What is kept of a mask is shared by its uses, until it changes."""
    x = nt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    mask = nt.asarray([True, False, True])
    total = nt.tensor(0.0)
    for factor in (1.0, 10.0, 100.0):
        y = x * 1.0
        y[mask] *= factor
        total = total + nt.sum(y) + nt.sum(x[mask] * factor)
    mask[...] = nt.asarray([False, True, False])
    total = total + nt.sum(x[mask] * 1000.0)
    mask[...] = True
    total.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [222.0, 1003.0, 222.0])
