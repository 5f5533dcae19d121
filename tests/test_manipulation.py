"""Functions over views and products: repeat, tile, moveaxis, diff, tensordot and their like."""

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
    NUMERIC,
    assert_same,
    broadcastable,
    examples,
    laid_out,
    pairs,
    promoted,
    seeds,
)

import ndtape as nt

EVERY = ALL + COMPLEX


@given(broadcastable(3, max_dims=4), st.data())
def test_broadcasting(shapes, data):
    arrays, tensors = zip(
        *(data.draw(laid_out(data.draw(st.sampled_from(EVERY)), s)) for s in shapes), strict=True
    )
    want = np.broadcast_shapes(*shapes)
    assert nt.broadcast_shapes(*shapes) == want
    result = nt.broadcast_arrays(*tensors)
    assert isinstance(result, tuple)
    for got, array in zip(result, arrays, strict=True):
        assert_same(got, np.broadcast_to(array, want))


def test_broadcasting_refuses():
    assert nt.broadcast_shapes() == ()
    assert nt.broadcast_arrays() == ()
    assert nt.broadcast_shapes(3, (2, 1)) == (2, 3)
    with pytest.raises(ValueError, match="broadcast"):
        nt.broadcast_shapes((2,), (3,))
    with pytest.raises(ValueError, match="broadcast"):
        nt.broadcast_arrays(nt.zeros(2), nt.zeros(3))
    with pytest.raises(ValueError, match="-1"):
        nt.broadcast_shapes((-1,))
    with pytest.raises(TypeError):
        nt.broadcast_shapes((None,))


@given(
    st.lists(pairs(NUMERIC + COMPLEX, min_dims=1, max_dims=1), max_size=4),
    st.sampled_from(["xy", "ij"]),
)
def test_meshgrid(coordinates, indexing):
    got = nt.meshgrid(*(t for _, t in coordinates), indexing=indexing)
    want = np.meshgrid(*(a for a, _ in coordinates), indexing=indexing)
    assert isinstance(got, tuple)
    for g, w in zip(got, want, strict=True):
        assert_same(g, w)
        g += g  # its memory is its own


def test_meshgrid_refuses():
    with pytest.raises(ValueError, match="'yx'"):
        nt.meshgrid(nt.zeros(2), indexing="yx")
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        nt.meshgrid(nt.zeros((2, 2)))


@given(pairs(EVERY, min_dims=1, max_dims=5), st.data())
def test_moveaxis(pair, data):
    array, tensor = pair
    axes = data.draw(st.lists(st.sampled_from(range(array.ndim)), unique=True))
    places = data.draw(st.permutations(range(array.ndim)))[: len(axes)]
    signed = [a - array.ndim * data.draw(st.booleans()) for a in axes]
    assert_same(nt.moveaxis(tensor, signed, places), np.moveaxis(array, axes, places))
    assert_same(nt.moveaxis(tensor, 0, -1), np.moveaxis(array, 0, -1))


def test_moveaxis_refuses():
    x = nt.zeros((2, 3))
    with pytest.raises(IndexError, match="2"):
        nt.moveaxis(x, 2, 0)
    with pytest.raises(ValueError, match="twice"):
        nt.moveaxis(x, (0, -2), (0, 1))
    with pytest.raises(ValueError, match="destinations"):
        nt.moveaxis(x, (0, 1), (0,))
    with pytest.raises(TypeError):
        nt.moveaxis(x, 0.5, 0)


@given(pairs(EVERY, max_dims=4), st.data())
def test_expand_dims_by_several(pair, data):
    array, tensor = pair
    count = data.draw(st.integers(0, 3))
    total = array.ndim + count
    places = data.draw(st.permutations(range(total)))[:count] if total else []
    signed = tuple(p - total * data.draw(st.booleans()) for p in places)
    assert_same(nt.expand_dims(tensor, axis=signed), np.expand_dims(array, signed))


def test_expand_dims_refuses():
    x = nt.zeros((2, 3))
    with pytest.raises(ValueError, match="twice"):
        nt.expand_dims(x, (0, -4))
    with pytest.raises(IndexError, match="4"):
        nt.expand_dims(x, (0, 4))
    with pytest.raises(ValueError, match="65"):
        nt.expand_dims(x, tuple(range(63)))


@given(pairs(EVERY, max_dims=4), st.data())
def test_repeat(pair, data):
    array, tensor = pair
    axis = data.draw(st.sampled_from([None, *range(-array.ndim, array.ndim)]))
    length = array.size if axis is None else array.shape[axis]
    once = data.draw(st.integers(0, 3))
    assert_same(nt.repeat(tensor, once, axis=axis), np.repeat(array, once, axis))
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=length, max_size=length)), int)
    dtype = data.draw(st.sampled_from(INTEGERS))
    got = nt.repeat(tensor, nt.asarray(counts.astype(dtype)), axis=axis)
    assert_same(got, np.repeat(array, counts, axis))
    assert_same(nt.repeat(tensor, nt.asarray([once]), axis=axis), np.repeat(array, once, axis))


def test_repeat_refuses():
    x = nt.zeros((2, 3))
    with pytest.raises(ValueError, match="-1"):
        nt.repeat(x, -1)
    with pytest.raises(ValueError, match="-2"):
        nt.repeat(x, nt.tensor([1, -2]), axis=0)
    with pytest.raises(ValueError, match=r"\(2,\)"):
        nt.repeat(x, nt.tensor([1, 2]))
    with pytest.raises(ValueError, match=r"\(1, 1\)"):
        nt.repeat(x, nt.tensor([[1]]))
    with pytest.raises(TypeError, match="float32"):
        nt.repeat(x, 1.5)
    with pytest.raises(IndexError, match="axis 2"):
        nt.repeat(x, 1, axis=2)


@given(pairs(EVERY, max_dims=4, max_side=3), st.lists(st.integers(0, 3), max_size=5))
def test_tile(pair, times):
    array, tensor = pair
    assert_same(nt.tile(tensor, tuple(times)), np.tile(array, times))


def test_tile_of_many_axes():
    x = nt.ones((1,) * 62 + (2, 2))
    assert nt.tile(x, (1,) * 60 + (2, 2, 2, 2)).shape == (1,) * 60 + (2, 2, 4, 4)
    with pytest.raises(ValueError, match="-1"):
        nt.tile(x, (-1,))


@given(pairs(EVERY, min_dims=1, max_dims=4), st.data())
def test_unstack(pair, data):
    array, tensor = pair
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    got = nt.unstack(tensor, axis=axis)
    assert isinstance(got, tuple)
    want = list(np.moveaxis(array, axis, 0))
    for g, w in zip(got, want, strict=True):
        assert_same(g, w)


def test_unstack_refuses():
    with pytest.raises(IndexError):
        nt.unstack(nt.zeros(()))
    with pytest.raises(IndexError, match="axis 1"):
        nt.unstack(nt.zeros(3), axis=1)


@given(pairs(EVERY, min_dims=1, max_dims=3), st.data())
def test_diff(pair, data):
    array, tensor = pair
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = data.draw(st.integers(0, 3))
    with np.errstate(all="ignore"):
        assert_same(nt.diff(tensor, axis=axis, n=n), np.diff(array, n, axis))
        n = max(n, 1)  # NumPy joins nothing for 0
        front, tfront = data.draw(laid_out(array.dtype.name, array.shape))
        got = nt.diff(tensor, axis=axis, n=n, prepend=tfront, append=tensor)
        assert_same(got, np.diff(array, n, axis, front, array))
        if array.dtype.kind != "b":
            got = nt.diff(tensor, axis=axis, n=n, append=1)
            assert_same(got, np.diff(array, n, axis, append=array.dtype.type(1)))


def test_diff_refuses():
    with pytest.raises(ValueError, match="-1"):
        nt.diff(nt.zeros(3), n=-1)
    with pytest.raises(IndexError):
        nt.diff(nt.zeros(()))
    with pytest.raises(ValueError):
        nt.diff(nt.zeros((2, 3)), prepend=nt.zeros((3, 3)))


@st.composite
def two_dtypes(draw):
    every = NUMERIC + COMPLEX
    first = draw(st.sampled_from(every))
    return first, draw(st.sampled_from([d for d in every if promoted(first, d)]))


def assert_products_agree(got, want, dtype):
    got = got.numpy()
    assert got.dtype == dtype
    assert got.shape == want.shape
    if np.dtype(dtype).kind in "fc":
        scale = max(1.0, float(np.max(np.abs(want), initial=0)))
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * scale)
    else:
        np.testing.assert_array_equal(got, want)


@given(two_dtypes(), st.data())
def test_vecdot(dtypes, data):
    a, b = data.draw(broadcastable(2, max_dims=3, max_side=3))
    n = data.draw(st.sampled_from([0, 1, 2, 4, 40]))
    axis = data.draw(st.integers(-min(len(a), len(b)) - 1, -1))
    place = lambda s: (*s[: len(s) + 1 + axis], n, *s[len(s) + 1 + axis :])  # noqa: E731
    x, tx = data.draw(laid_out(dtypes[0], place(a), "small"))
    y, ty = data.draw(laid_out(dtypes[1], place(b), "small"))
    want = promoted(*dtypes)
    rows, columns = np.moveaxis(x.astype(want), axis, -1), np.moveaxis(y.astype(want), axis, -1)
    expected = np.sum(np.conj(rows) * columns, axis=-1, dtype=want)
    assert_products_agree(nt.vecdot(tx, ty, axis=axis), np.asarray(expected), want)


def test_vecdot_refuses():
    with pytest.raises(ValueError, match="3 and 1"):
        nt.vecdot(nt.zeros(3), nt.zeros(1))
    with pytest.raises(IndexError, match="axis -2"):
        nt.vecdot(nt.zeros((3, 2)), nt.zeros(3), axis=-2)
    with pytest.raises(ValueError, match="broadcast"):
        nt.vecdot(nt.zeros((2, 3)), nt.zeros((4, 3)))
    with pytest.raises(TypeError, match="bool"):
        nt.vecdot(nt.ones(2, dtype=nt.bool), nt.ones(2, dtype=nt.bool))
    with pytest.raises(TypeError):
        nt.vecdot(nt.ones(2), nt.ones(2, dtype=nt.int32))


@given(two_dtypes(), st.data())
def test_tensordot(dtypes, data):
    count = data.draw(st.integers(0, 2))
    side = st.lists(st.integers(0, 3), max_size=2)
    shared = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    left, right = data.draw(side), data.draw(side)
    x, tx = data.draw(laid_out(dtypes[0], (*left, *shared), "small"))
    y, ty = data.draw(laid_out(dtypes[1], (*shared, *right), "small"))
    want = promoted(*dtypes)
    expected = np.tensordot(x.astype(want), y.astype(want), count)
    assert_products_agree(nt.tensordot(tx, ty, axes=count), expected, want)
    # The same axes elsewhere, named.
    order = data.draw(st.permutations(range(y.ndim)))
    moved = [order.index(i) for i in range(count)]
    first = [i - x.ndim * data.draw(st.booleans()) for i in range(len(left), x.ndim)]
    pair = (tuple(first), tuple(moved))
    expected = np.tensordot(x.astype(want), y.astype(want).transpose(order), pair)
    got = nt.tensordot(tx, nt.permute_dims(ty, order), axes=pair)
    assert_products_agree(got, expected, want)


def test_tensordot_refuses():
    x, y = nt.zeros((2, 3)), nt.zeros((4, 3))
    with pytest.raises(ValueError, match=r"\(4, 3\)"):
        nt.tensordot(x, y, axes=1)
    with pytest.raises(ValueError, match="3 axes"):
        nt.tensordot(x, y, axes=3)
    with pytest.raises(ValueError, match="-1 axes"):
        nt.tensordot(x, y, axes=-1)
    with pytest.raises(ValueError, match="pair"):
        nt.tensordot(x, y, axes=(1,))
    with pytest.raises(IndexError, match="axis 2"):
        nt.tensordot(x, y, axes=((2,), (1,)))
    with pytest.raises(ValueError, match="twice"):
        nt.tensordot(x, nt.zeros((3, 3)), axes=((1, 1), (0, 1)))
    with pytest.raises(ValueError, match="do not go"):
        nt.tensordot(x, x, axes=((1,), (0, 1)))


@examples(20)
@given(seeds, st.data())
def test_gradients_of_products_along_any_axis(seed, data):
    x, y = gradcheck.values(seed, [(2, 3), (2, 3)])
    axis = data.draw(st.sampled_from([-1, -2]))
    gradcheck.check(lambda a, b: nt.vecdot(a, b, axis=axis), x, y)
    axes = data.draw(st.sampled_from([0, ((0,), (0,)), ((1, 0), (1, 0)), ((-1,), (1,))]))
    gradcheck.check(lambda a, b: nt.tensordot(a, b, axes=axes), x, y, order=1)


def test_results_keep_float_dtypes():
    for name in FLOATS:
        x = nt.ones((2, 2), dtype=name)
        assert nt.vecdot(x, x).dtype == nt.tensordot(x, x).dtype == nt.diff(x).dtype == name
