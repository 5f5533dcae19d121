"""Order, search and sets, against NumPy."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    ALL,
    COMPLEX,
    FLOATS,
    INTEGERS,
    assert_same,
    axes_of,
    laid_out,
    numpy_axes,
    pairs,
    promoted,
    seeds,
    shapes,
)

import ndtape as nt

EVERY = ALL + COMPLEX


@st.composite
def with_ties(draw, dtypes=EVERY, **sizes):
    """Arrays and tensors in which values occur twice; NaN, infinities and both zeros too."""
    array, tensor = draw(pairs(dtypes, **sizes))
    if draw(st.booleans()):
        return array, tensor
    rng = np.random.default_rng(draw(seeds))
    few = [0.0, -0.0, 1.0, -1.0] + ([np.nan, np.inf, -np.inf] if array.dtype.kind in "fc" else [])
    if array.dtype.kind in "bu":
        few = [0, 1]
    values = np.asarray(rng.choice(few, array.shape), array.dtype)
    return values, nt.asarray(values.copy())


def stable_order(array, axis, descending):
    """Positions in order, by Python's sort of (is NaN, value)."""
    rows = np.moveaxis(array, axis, -1)
    result = np.empty(rows.shape, np.int64)
    for at in np.ndindex(rows.shape[:-1]):
        row = rows[at].tolist()
        key = [(x != x, 0 if x != x else x) for x in row]
        # reverse=True keeps equal elements in order as well.
        result[at] = sorted(range(len(row)), key=key.__getitem__, reverse=descending)
    return np.moveaxis(result, -1, axis)


@given(with_ties(ALL, min_dims=1, max_dims=3), st.data())
def test_sort_and_argsort(pair, data):
    array, tensor = pair
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    descending = data.draw(st.booleans())
    order = stable_order(array, axis, descending)
    got = nt.argsort(tensor, axis=axis, descending=descending)
    assert_same(got, order)
    want = np.take_along_axis(array, order, axis)
    assert_same(nt.sort(tensor, axis=axis, descending=descending), want, signs=True)
    # Without stability values are the same, places need not be.
    loose = nt.argsort(tensor, axis=axis, descending=descending, stable=False)
    assert_same(nt.take_along_axis(tensor, loose, axis=axis), want)
    assert_same(nt.sort(tensor, axis=axis, descending=descending, stable=False), want)


@pytest.fixture(params=[1, 3])
def threads(request):
    before = nt.get_num_threads()
    nt.set_num_threads(request.param)
    yield request.param
    nt.set_num_threads(before)


@pytest.mark.parametrize("name", ALL)
def test_sorting_many(name, threads):
    """Digits of any number of bits, on one thread and several; lines that are long, and many."""
    rng = np.random.default_rng(7)
    for shape in ((127,), (128,), (5000,), (300_000,), (40, 3000), (9000, 2)):
        raw = rng.integers(0, 256, (*shape, np.dtype(name).itemsize), dtype=np.uint8)
        arrays = [rng.integers(0, 2 if name == "bool" else 100, shape).astype(name)]
        if name != "bool":
            arrays.append(raw.view(name).reshape(shape))  # any bits: NaN of all kinds too
        if name in FLOATS:
            arrays.append(rng.choice(np.asarray([0.0, -0.0, np.nan, 1, np.inf], name), shape))
        for array in arrays:
            axis = 0 if shape[-1] == 2 else -1
            order = np.argsort(array, axis=axis, kind="stable")
            tensor = nt.asarray(array)
            assert_same(nt.argsort(tensor, axis=axis), order)
            want = np.take_along_axis(array, order, axis)
            assert_same(nt.sort(tensor, axis=axis), want, signs=array.dtype.kind == "f")
            if array.dtype.kind == "f":
                continue  # NaN have no negative
            order = np.argsort(~array, axis=axis, kind="stable")
            assert_same(nt.argsort(tensor, axis=axis, descending=True), order)
            got = nt.sort(tensor, axis=axis, descending=True)
            assert_same(got, np.take_along_axis(array, order, axis))


@given(st.data())
def test_sort_gradients(data):
    shape = data.draw(st.sampled_from([(5,), (3, 4), (2, 3, 2)]))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    descending = data.draw(st.booleans())
    (x,) = gradcheck.values(data.draw(seeds), [shape])
    gradcheck.check(lambda t: nt.square(nt.sort(t, axis=axis, descending=descending)), x)


def test_equal_elements_share_the_gradient_of_a_sort():
    x = nt.tensor([2.0, 1.0, 2.0, 1.0], requires_grad=True)
    nt.sum(nt.sort(x) * nt.tensor([1.0, 10.0, 100.0, 1000.0])).backward()
    assert x.grad.tolist() == [550, 5.5, 550, 5.5]
    y = nt.tensor([2.0, 1.0, 2.0, 1.0], requires_grad=True)
    nt.sum(nt.sort(y, descending=True) * nt.tensor([1.0, 10.0, 100.0, 1000.0])).backward()
    assert y.grad.tolist() == [5.5, 550, 5.5, 550]
    z = nt.tensor([[0.0, nt.nan], [-0.0, nt.nan], [1.0, 3.0]], requires_grad=True)
    nt.sum(nt.sort(z, axis=0) * nt.tensor([[1.0], [3.0], [5.0]])).backward()
    assert z.grad.tolist() == [[2, 3], [2, 5], [5, 1]]  # zeros are equal, NaN is like nothing


@pytest.mark.parametrize(("shape", "axis"), [((300_000,), 0), ((50, 3000), 1), ((3000, 3), 0)])
def test_recorded_sorts_of_many(shape, axis, threads):
    """Values are those of a sort that is not recorded; ties share, whoever wrote their places."""
    rng = np.random.default_rng(5)
    values = rng.choice([0.0, -0.0, 1.0, -2.0, np.nan], shape)
    weights = rng.standard_normal(shape)
    x = nt.tensor(values, requires_grad=True)
    y = nt.sort(x, axis=axis)
    order = np.argsort(values, axis=axis, kind="stable")
    assert_same(y.detach(), np.take_along_axis(values, order, axis), signs=True)
    nt.sum(nt.where(nt.isnan(y), 0.0, y) * nt.asarray(weights)).backward()
    want = np.empty(shape)
    np.put_along_axis(want, order, weights, axis)
    lines, means = np.moveaxis(values, axis, -1), np.moveaxis(want, axis, -1)
    for at in np.ndindex(lines.shape[:-1]):
        for value in (0.0, 1.0, -2.0):
            means[at][lines[at] == value] = means[at][lines[at] == value].mean()
        means[at][np.isnan(lines[at])] = 0
    np.testing.assert_allclose(x.grad.numpy(), want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("function", [nt.sort, nt.argsort])
def test_sort_refuses(function):
    with pytest.raises(IndexError, match="axis 1"):
        function(nt.zeros(3), axis=1)
    with pytest.raises(IndexError):
        function(nt.zeros(()))
    with pytest.raises(TypeError, match="axis"):
        function(nt.zeros(3), axis=None)
    with pytest.raises(TypeError):
        function(nt.zeros(3), 0, True)
    with pytest.raises(TypeError, match="complex64 has no order"):
        function(nt.zeros(3, dtype=nt.complex64))


def test_sort_of_lists_is_of_the_default_dtype():
    assert nt.sort([3, 1, 2]).tolist() == [1, 2, 3]
    assert nt.argsort([[3.0, 1.0]]).tolist() == [[1, 0]]


@given(with_ties(min_dims=1, max_dims=3))
def test_nonzero(pair):
    array, tensor = pair
    got, want = nt.nonzero(tensor), np.nonzero(array)
    assert isinstance(got, tuple)
    assert len(got) == array.ndim
    for g, w in zip(got, want, strict=True):
        assert_same(g, w)


def test_nonzero_refuses_no_axes():
    with pytest.raises(ValueError, match="0-d"):
        nt.nonzero(nt.ones(()))


@given(with_ties(max_dims=3), st.data(), st.booleans())
def test_count_nonzero(pair, data, keepdims):
    array, tensor = pair
    axis = data.draw(axes_of(array.ndim))
    want = np.sum(array != 0, axis=numpy_axes(axis), keepdims=keepdims, dtype=np.int64)
    assert_same(nt.count_nonzero(tensor, axis=axis, keepdims=keepdims), np.asarray(want))


@given(st.data())
def test_searchsorted(data):
    first = data.draw(st.sampled_from(INTEGERS + FLOATS))
    second = data.draw(st.sampled_from([d for d in INTEGERS + FLOATS if promoted(first, d)]))
    side = data.draw(st.sampled_from(["left", "right"]))
    array, tensor = data.draw(laid_out(first, data.draw(shapes(1, 1, 6)), "small"))
    values, wanted = data.draw(laid_out(second, data.draw(shapes(0, 3, 4)), "small"))
    ordered = np.sort(array)
    want = np.searchsorted(ordered, values, side)
    assert_same(nt.searchsorted(nt.sort(tensor), wanted, side=side), np.asarray(want))
    order = nt.argsort(tensor)
    assert_same(nt.searchsorted(tensor, wanted, side=side, sorter=order), np.asarray(want))


def test_searchsorted_of_numbers_and_nan():
    x = nt.tensor([1.0, 2.0, nt.nan])
    assert nt.searchsorted(x, 2).item() == 1
    assert nt.searchsorted(x, nt.nan).item() == 2
    assert nt.searchsorted(x, nt.inf, side="right").item() == 2


def test_searchsorted_refuses():
    x = nt.tensor([1, 2, 3])
    with pytest.raises(ValueError, match=r"\(1, 3\)"):
        nt.searchsorted(x[None], x)
    with pytest.raises(ValueError, match="'middle'"):
        nt.searchsorted(x, x, side="middle")
    with pytest.raises(TypeError, match="kinds"):
        nt.searchsorted(x, nt.tensor([1.0]))
    with pytest.raises(TypeError, match="order"):
        nt.searchsorted(nt.asarray([1.0]), 1j)
    with pytest.raises(ValueError, match="sorter"):
        nt.searchsorted(x, x, sorter=nt.tensor([0, 1]))
    with pytest.raises(IndexError):
        nt.searchsorted(x, x, sorter=nt.tensor([0, 1, 3]))
    with pytest.raises(TypeError):
        nt.searchsorted(x, x, sorter=nt.tensor([0.0, 1.0, 2.0]))


@given(with_ties(max_dims=3))
def test_unique(pair):
    array, tensor = pair
    every = nt.unique_all(tensor)
    _, first, counts = np.unique(array, return_index=True, return_counts=True, equal_nan=False)
    values = array.reshape(-1)[first]
    assert_same(every.values, values, signs=True)
    assert_same(every.counts, counts)
    assert every.inverse_indices.shape == array.shape
    assert every.indices.dtype == every.inverse_indices.dtype == nt.int64
    flat = array.reshape(-1)
    assert_same(every.values[every.inverse_indices], array)
    assert_same(nt.asarray(flat)[every.indices], values)
    for value, first in zip(values.tolist(), every.indices.tolist(), strict=True):
        if value == value:
            assert first == np.flatnonzero(flat == value)[0]
    # The others are parts of it.
    assert_same(nt.unique_values(tensor), values, signs=True)
    assert_same(nt.unique_counts(tensor).values, values, signs=True)
    assert_same(nt.unique_counts(tensor).counts, counts)
    assert_same(nt.unique_inverse(tensor).values, values)
    assert_same(nt.unique_inverse(tensor).inverse_indices, every.inverse_indices.numpy())


@pytest.mark.parametrize(
    "function",
    [
        nt.unique_values,
        lambda x: nt.unique_all(x).values,
        lambda x: nt.unique_counts(x).values,
        lambda x: nt.unique_inverse(x).values,
    ],
)
def test_unique_gradients(function):
    (x,) = gradcheck.values(3, [(2, 3)])
    gradcheck.check(lambda t: nt.square(function(t)), x)
    y = nt.tensor([2.0, 1.0, 2.0], requires_grad=True)
    nt.sum(function(y) * nt.tensor([10.0, 1.0])).backward()
    assert y.grad.tolist() == [0.5, 10, 0.5]


@given(st.data(), st.booleans())
def test_isin(data, invert):
    first = data.draw(st.sampled_from(EVERY))
    second = data.draw(st.sampled_from([d for d in EVERY if promoted(first, d)]))
    array, tensor = data.draw(laid_out(first, data.draw(shapes(0, 3, 4)), "small"))
    values, among = data.draw(laid_out(second, data.draw(shapes(0, 2, 4)), "small"))
    want = np.isin(array, values, invert=invert)
    assert_same(nt.isin(tensor, among, invert=invert), np.asarray(want))
    if values.size:
        value = values.reshape(-1)[0].item()
        common = promoted(first, second)
        if first == common:
            assert_same(nt.isin(tensor, value), np.asarray(np.isin(array, values.reshape(-1)[0])))


def test_isin_refuses():
    with pytest.raises(TypeError, match="kinds"):
        nt.isin(nt.tensor([1]), nt.tensor([1.0]))
