"""Indexing and the functions that only look at memory another way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, COMPLEX, assert_same, axes_of, laid_out, numpy_axes, pairs, shapes

import ndtape as nt


@st.composite
def basic_indices(draw, shape):
    """A basic index of `shape`: ints, slices with any step, None, Ellipsis, or fewer than axes."""
    used = draw(st.integers(0, len(shape)))
    entries = []
    for n in shape[:used]:
        bound = st.none() | st.integers(-n - 2, n + 2)
        step = st.none() | st.integers(-3, 3).filter(bool)
        whole = st.builds(slice, bound, bound, step)
        entries.append(draw(whole if n == 0 else st.one_of(st.integers(-n, n - 1), whole)))
    for _ in range(draw(st.integers(0, 2))):
        entries.insert(draw(st.integers(0, len(entries))), None)
    if draw(st.booleans()):  # the axes after an ellipsis count from the end
        at = draw(st.integers(0, len(entries)))
        after = sum(e is not None for e in entries[at:])
        tail = shape[len(shape) - after :] if after else ()
        before = [e for e in entries[:at] if e is not None]
        rest, lengths = [], iter(tail)
        for entry in entries[at:]:
            if entry is None:
                rest.append(None)
                continue
            n = next(lengths)
            rest.append(slice(None, None, -1) if n == 0 else draw(st.integers(-n, n - 1)))
        assert len(before) + after <= len(shape)
        entries = [*entries[:at], Ellipsis, *rest]
    if len(entries) == 1 and draw(st.booleans()):
        return entries[0]
    return tuple(entries)


@given(st.data())
def test_basic_indexing(data):
    array, tensor = data.draw(pairs(max_dims=5))
    index = data.draw(basic_indices(array.shape))
    assert_same(tensor[index], np.asarray(array[index]))


@given(st.data())
def test_indexing_gives_views(data):
    """What is written through an index appears in the base, where NumPy has it."""
    shape = data.draw(shapes(1, 4))
    array = np.zeros(shape, np.int32)
    tensor = nt.zeros(shape, dtype=nt.int32)
    index = data.draw(basic_indices(shape))
    if array[index].ndim:  # NumPy's scalars are copies
        second = data.draw(basic_indices(array[index].shape))
        array[index][second] = 7
        view = tensor[index]
        view[second] = 7
        assert_same(tensor, array)
    array[index] = 3
    tensor[index] = 3
    assert_same(tensor, array)


@given(st.data())
def test_assignment(data):
    """x[index] = value with broadcasting and any layout of either side."""
    dtype = data.draw(st.sampled_from(ALL))
    shape = data.draw(shapes(max_dims=4))
    array, tensor = data.draw(laid_out(dtype, shape, repeated=False))
    array, tensor = array.copy(), nt.copy(tensor)
    order = data.draw(st.permutations(range(len(shape))))
    array, tensor = array.transpose(order), nt.permute_dims(tensor, tuple(order))
    index = data.draw(basic_indices(array.shape))
    target = np.shape(array[index])
    smaller = tuple(1 if data.draw(st.booleans()) else n for n in target)
    value, tvalue = data.draw(laid_out(dtype, smaller[data.draw(st.integers(0, len(smaller))) :]))
    array[index] = value
    tensor[index] = tvalue
    assert_same(tensor, array)


def test_assignment_casts_and_takes_anything_array_like():
    x = nt.zeros((2, 3), dtype=nt.int32)
    x[0] = [1, 2, 3]
    x[1] = np.array([4, 5, 6], np.int8)
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]
    x[:, 0] = 9
    assert x.tolist() == [[9, 2, 3], [9, 5, 6]]
    y = nt.zeros(3)
    y[:] = nt.asarray(np.array([1.5, 2.5, 3.5]))
    assert y.tolist() == [1.5, 2.5, 3.5]
    y[...] = True
    assert y.tolist() == [1, 1, 1]


def test_assignment_of_overlapping_memory():
    for n in (10, 5000):
        array = np.arange(float(n))
        tensor = nt.tensor(array)
        tensor[1:] = tensor[:-1]
        array[1:] = array[:-1].copy()
        assert_same(tensor, array)
        tensor[:] = tensor[::-1]
        assert_same(tensor, array[::-1])
        tensor[::2] += tensor[: len(array[::2])]
        array = array[::-1].copy()
        array[::2] += array[: len(array[::2])].copy()
        assert_same(tensor, array)
    m = np.arange(16.0).reshape(4, 4)
    t = nt.tensor(m)
    t += t.T
    assert_same(t, m + m.T)


@given(st.data())
def test_reshape(data):
    array, tensor = data.draw(pairs(max_dims=4))
    factors = [n for n in array.shape if n != 1]
    data.draw(st.randoms(use_true_random=False)).shuffle(factors)
    cut = data.draw(st.integers(0, len(factors)))
    shape = (*factors[:cut], 1, *factors[cut:])
    assert_same(nt.reshape(tensor, shape), array.reshape(shape))
    assert_same(tensor.reshape(*shape), array.reshape(shape))
    if array.size:
        assert_same(nt.reshape(tensor, (-1,)), array.reshape(-1))
        assert_same(tensor.reshape(-1, 1), array.reshape(-1, 1))


def test_reshape_is_a_view_where_strides_allow():
    x = nt.zeros((4, 6))
    x.reshape(2, 2, 6)[1, 1] = 5
    assert x[3].tolist() == [5] * 6
    nt.reshape(x[:, ::2], (2, 2, 3))[0, 0] = 7
    assert x[0].tolist() == [7, 0, 7, 0, 7, 0]
    y = x.T.reshape(24)
    y[0] = 100
    assert x[0, 0].item() == 7


@pytest.mark.parametrize("shape", [(5,), (4, -1), (-1, -1), (-2, 3), (0, -1)])
def test_reshape_refuses(shape):
    with pytest.raises(ValueError, match="reshape|size|-1"):
        nt.reshape(nt.zeros((2, 3)), shape)


@given(st.data())
def test_permute_dims(data):
    array, tensor = data.draw(pairs(max_dims=6))
    order = tuple(data.draw(st.permutations(range(array.ndim))))
    signed = tuple(a - array.ndim if data.draw(st.booleans()) else a for a in order)
    assert_same(nt.permute_dims(tensor, signed), array.transpose(order))
    if array.ndim >= 2:
        assert_same(tensor.mT, np.swapaxes(array, -1, -2))
        assert_same(nt.matrix_transpose(tensor), np.swapaxes(array, -1, -2))
    if array.ndim == 2:
        assert_same(tensor.T, array.T)


@given(st.data())
def test_expand_dims_and_squeeze(data):
    array, tensor = data.draw(pairs(max_dims=5))
    axis = data.draw(st.integers(-array.ndim - 1, array.ndim))
    assert_same(nt.expand_dims(tensor, axis=axis), np.expand_dims(array, axis))
    expanded, texpanded = np.expand_dims(array, axis), nt.expand_dims(tensor, axis=axis)
    assert_same(nt.squeeze(texpanded, axis=axis), np.squeeze(expanded, axis))
    assert_same(nt.squeeze(texpanded, axis=(axis,)), np.squeeze(expanded, axis))
    long = [i for i, n in enumerate(array.shape) if n != 1]
    if long:
        with pytest.raises(ValueError, match="squeeze"):
            nt.squeeze(tensor, axis=long[0])


@given(st.data())
def test_broadcast_to(data):
    array, tensor = data.draw(pairs(max_dims=4))
    front = data.draw(st.lists(st.integers(0, 3), max_size=2))
    shape = tuple(front) + tuple(data.draw(st.integers(0, 3)) if n == 1 else n for n in array.shape)
    assert_same(nt.broadcast_to(tensor, shape), np.broadcast_to(array, shape))


def test_broadcast_memory_refuses_in_place_changes():
    x = nt.broadcast_to(nt.zeros((1, 3)), (4, 3))
    with pytest.raises(ValueError, match=r"\(4, 3\) and strides \(0, 1\)"):
        x += 1
    with pytest.raises(ValueError, match=r"\(4, 3\) and strides \(0, 1\)"):
        x[...] = 1
    assert x.tolist() == [[0, 0, 0]] * 4


@given(st.data())
def test_flip(data):
    array, tensor = data.draw(pairs(max_dims=5))
    axes = data.draw(axes_of(array.ndim))
    assert_same(nt.flip(tensor, axis=axes), np.flip(array, numpy_axes(axes)))


@given(st.data())
def test_swapaxes_and_diagonal(data):
    array, tensor = data.draw(pairs(min_dims=2, max_dims=4))
    a, b = data.draw(st.tuples(*[st.integers(-array.ndim, array.ndim - 1)] * 2))
    assert_same(nt.swapaxes(tensor, a, b), np.swapaxes(array, a, b))
    offset = data.draw(st.integers(-4, 4))
    assert_same(nt.diagonal(tensor, offset, -2, -1), np.diagonal(array, offset, -2, -1))


@given(st.data(), st.integers(-7, 7))
def test_tril_and_triu(data, k):
    x, tensor = data.draw(pairs(dtypes=ALL + COMPLEX, min_dims=2, max_dims=4))
    assert_same(nt.tril(tensor, k=k), np.tril(x, k), signs=True)
    assert_same(nt.triu(tensor, k=k), np.triu(x, k), signs=True)


@pytest.mark.parametrize("layout", [lambda x: x, lambda x: x.mT, lambda x: x[:, ::-1, ::2]])
def test_large_triangles(layout):
    x = layout(np.random.default_rng(0).standard_normal((3, 301, 307)))
    tensor = nt.asarray(x)
    assert_same(nt.tril(tensor, k=-2), np.tril(x, -2))
    assert_same(nt.triu(tensor, k=3), np.triu(x, 3))


@given(st.data())
def test_copy_of_any_layout(data):
    """Copies are row-major and independent, whatever the source looks like."""
    array, tensor = data.draw(pairs(max_dims=6))
    duplicate = nt.copy(tensor)
    assert_same(duplicate, array)
    assert duplicate.numpy().flags.c_contiguous
    if array.size:
        duplicate[...] = True
        assert_same(tensor, array)


def test_copies_of_large_permutations():
    rng = np.random.default_rng(0)
    for dtype in ("int8", "int16", "float32", "float64"):
        x = (rng.standard_normal((24, 33, 40, 17)) * 50).astype(dtype)
        for order in [(3, 2, 1, 0), (0, 3, 1, 2), (2, 0, 3, 1), (1, 0, 2, 3)]:
            assert_same(nt.copy(nt.permute_dims(nt.asarray(x), order)), x.transpose(order))


@pytest.mark.parametrize(
    "index",
    [3, -4, (0, 2), (0, 0, 0), (slice(None), 5), (..., 3), (0, -3)],
)
def test_out_of_range_is_index_error(index):
    x = nt.zeros((3, 2))
    with pytest.raises(IndexError):
        x[index]
    with pytest.raises(IndexError):
        x[index] = 1
    assert x.tolist() == [[0, 0]] * 3


def test_index_errors_name_what_was_wrong():
    x = nt.zeros((3, 2))
    with pytest.raises(IndexError, match=r"7.*3"):
        x[7]
    with pytest.raises(IndexError, match=r"3|too many"):
        x[0, 0, 0]
    with pytest.raises(IndexError):
        x[..., ...]
    with pytest.raises(ValueError, match="step|zero"):
        x[::0]
    for wrong in ("a", 1.5, {}):
        with pytest.raises((IndexError, TypeError)):
            x[wrong]
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)|\(2,\).*\(3,\)"):
        x[0] = nt.zeros(3)


def test_huge_slice_bounds():
    x = nt.tensor([1.0, 2.0, 3.0])
    big = 2**63 - 1
    assert x[-big:big].tolist() == [1, 2, 3]
    assert x[big:].tolist() == []
    assert x[::big].tolist() == [1]
    assert x[::-big].tolist() == [3]
    assert x[-(10**30) : 10**30].tolist() == [1, 2, 3]
    with pytest.raises(IndexError):
        x[10**30]


def test_indices_of_numpy_and_tensors():
    x = nt.arange(10)
    assert x[np.int64(3)].item() == 3
    assert x[nt.tensor(4)].item() == 4
    assert x[np.int8(2) : np.int64(5)].tolist() == [2, 3, 4]
