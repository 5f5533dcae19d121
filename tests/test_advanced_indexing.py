"""Indexing with integer arrays and masks: values, assignment, gradients, refusals."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, assert_same, laid_out, pairs, random_values, seeds
from strategies import shapes as array_shapes

import ndtape as nt


@st.composite
def keys(draw, shape):
    """A key with arrays of integers that broadcast, between slices and ints; or with a mask."""
    rng = np.random.default_rng(draw(seeds))
    form = draw(st.sampled_from(["arrays", "arrays", "mask", "part mask"]))
    if form == "mask":
        return rng.random(shape) < 0.5
    if form == "part mask" and len(shape) >= 2:
        return (slice(None), rng.random(shape[1]) < 0.5)
    common = draw(array_shapes(0, 2, 3))
    entries = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        kind = draw(st.sampled_from(["array", "array", "slice", "int", "none"]))
        if kind == "none":
            entries.append(None)
        if kind == "int" and n > 0:
            entries.append(draw(st.integers(-n, n - 1)))
        elif kind == "array" and n > 0:
            wanted = tuple(1 if draw(st.booleans()) else k for k in common)
            entries.append(rng.integers(-n, n, wanted))
        else:
            entries.append(slice(None, None, draw(st.sampled_from([1, -1, 2]))))
    return tuple(entries)


def as_tensors(key):
    """The same key with Tensors for arrays."""
    if isinstance(key, np.ndarray):
        return nt.asarray(key)
    return tuple(nt.asarray(e) if isinstance(e, np.ndarray) else e for e in key)


def is_view(key):
    return not any(isinstance(e, np.ndarray) for e in (key if isinstance(key, tuple) else (key,)))


@given(st.data())
def test_get(data):
    array, tensor = data.draw(pairs(min_dims=1, max_dims=4))
    key = data.draw(keys(array.shape))
    assert_same(tensor[key], np.asarray(array[key]))
    assert_same(tensor[as_tensors(key)], np.asarray(array[key]))


@given(st.data())
def test_set(data):
    dtype = data.draw(st.sampled_from(ALL))
    shape = data.draw(array_shapes(1, 3))
    array, tensor = data.draw(laid_out(dtype, shape, repeated=False))
    array, tensor = array.copy(), nt.copy(tensor)
    key = data.draw(keys(shape))
    one = random_values(data.draw(seeds), (), dtype)
    array[key] = one
    tensor[key] = nt.asarray(one)
    assert_same(tensor, array)
    if isinstance(key, np.ndarray) and key.dtype == bool:  # no element twice: any values
        values = random_values(data.draw(seeds), array[key].shape, dtype)
        array[key] = values
        tensor[as_tensors(key)] = nt.asarray(values)
        assert_same(tensor, array)


@given(st.data())
def test_gradients(data):
    shape = data.draw(st.sampled_from([(4,), (3, 4), (2, 3, 2)]))
    key = data.draw(keys(shape))
    if is_view(key):
        return
    (x,) = gradcheck.values(data.draw(seeds), [shape])
    if x[key].size:
        gradcheck.check(lambda t: nt.square(t[key]), x)


@given(st.data())
def test_gradients_of_assignment(data):
    shape = data.draw(st.sampled_from([(4,), (3, 4)]))
    key = data.draw(keys(shape))
    x, v = gradcheck.values(data.draw(seeds), [shape, ()])

    def f(t, value):
        y = t * t
        y[key] = value * value
        return y

    gradcheck.check(f, x, v)


def test_masks_in_place():
    x = nt.tensor([1.0, -2.0, 3.0, -4.0], requires_grad=True)
    y = x * 1
    y[y < 0] *= 10
    assert y.tolist() == [1, -20, 3, -40]
    nt.sum(y).backward()
    assert x.grad.tolist() == [1, 10, 1, 10]


def test_lists_are_arrays():
    x = nt.tensor([[1, 2], [3, 4], [5, 6]])
    assert x[[2, 0]].tolist() == [[5, 6], [1, 2]]
    assert x[[0, 1], [1, 0]].tolist() == [2, 3]
    assert x[:, [1]].tolist() == [[2], [4], [6]]
    assert x[[True, False, True]].tolist() == [[1, 2], [5, 6]]
    assert x[[]].shape == (0, 2)


def test_the_result_is_a_copy():
    x = nt.zeros(3)
    y = x[[0, 1]]
    y[...] = 1
    assert x.tolist() == [0, 0, 0]


def test_the_last_of_repeated_assignments_stays():
    x = nt.zeros(3)
    x[[1, 1, 1]] = nt.tensor([1.0, 2.0, 3.0])
    assert x.tolist() == [0, 3, 0]
    w = nt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = nt.zeros(3)
    y[[1, 1, 1]] = w
    nt.sum(y).backward()
    assert w.grad.tolist() == [0, 0, 1]


def test_changes_are_counted():
    """A saved value that is overwritten through a mask is noticed."""
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    z = nt.sum(y * y)
    with nt.no_grad():
        y[y > 1] = 0.0
    with pytest.raises(nt.TapeError, match="multiply"):
        z.backward()


@pytest.mark.parametrize(
    "key",
    [
        [3],
        [-4],
        ([0], [5]),
        np.ones(4, bool),
        np.ones((3, 3), bool),
        ([0, 1], [0, 1, 0]),
        [0.5],
        ["a"],
        ([0], [0], [0]),
    ],
    ids=repr,
)
def test_keys_that_do_not_fit(key):
    x = nt.zeros((3, 2))
    with pytest.raises((IndexError, TypeError)):
        x[key]
    with pytest.raises((IndexError, TypeError)):
        x[key] = 1.0
    assert x.tolist() == [[0, 0]] * 3


def test_values_that_do_not_fit():
    x = nt.zeros((3, 2))
    with pytest.raises(ValueError, match=r"\(3,\)|shape|broadcast"):
        x[[0, 1]] = nt.zeros(3)
    with pytest.raises(TypeError):
        nt.zeros(3, dtype=nt.int32)[[0]] = 1.5
    leaf = nt.zeros(3, requires_grad=True)
    with pytest.raises(nt.TapeError, match="leaf"):
        leaf[[0]] = 1.0
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        nt.asarray(frozen)[[0]] = 1.0
    assert frozen.tolist() == [0, 0, 0]
