"""concat, stack, split, roll, take and take_along_axis against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, INTEGERS, assert_same, axes_of, laid_out, numpy_axes, pairs, seeds
from strategies import shapes as array_shapes

import ndtape as nt


@given(st.data())
def test_concat(data):
    dtype = data.draw(st.sampled_from(ALL))
    shape = data.draw(array_shapes(1, 4))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    arrays, tensors = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        changed = list(shape)
        changed[axis] = data.draw(st.integers(0, 4))
        array, tensor = data.draw(laid_out(dtype, tuple(changed)))
        arrays.append(array)
        tensors.append(tensor)
    assert_same(nt.concat(tensors, axis=axis), np.concatenate(arrays, axis=axis))
    assert_same(nt.concat(tensors, axis=None), np.concatenate(arrays, axis=None))


@given(st.data())
def test_stack(data):
    dtype = data.draw(st.sampled_from(ALL))
    shape = data.draw(array_shapes(0, 4))
    axis = data.draw(st.integers(-len(shape) - 1, len(shape)))
    count = data.draw(st.integers(1, 4))
    arrays, tensors = zip(*[data.draw(laid_out(dtype, shape)) for _ in range(count)], strict=True)
    assert_same(nt.stack(list(tensors), axis=axis), np.stack(arrays, axis=axis))
    assert_same(nt.stack(tensors, axis=axis), np.stack(arrays, axis=axis))


@given(st.data())
def test_split(data):
    array, tensor = data.draw(pairs(min_dims=1, max_dims=4))
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = array.shape[axis]
    parts = data.draw(
        st.sampled_from([k for k in range(1, n + 1) if n % k == 0] or [1])
        | st.lists(st.integers(-n - 1, n + 1), max_size=3).map(sorted)
    )
    got, want = nt.split(tensor, parts, axis=axis), np.split(array, parts, axis=axis)
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert_same(g, w)


def test_split_gives_views():
    x = nt.zeros((4, 2))
    nt.split(x, 2)[1][...] = 1
    assert x.tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]]


@given(st.data())
def test_roll(data):
    array, tensor = data.draw(pairs(max_dims=4))
    axes = data.draw(axes_of(array.ndim))
    shift = st.integers(-9, 9)
    if isinstance(axes, (tuple, list)):
        shifts = tuple(data.draw(shift) for _ in axes)
        want = array if not axes else np.roll(array, shifts, numpy_axes(axes))
    else:
        shifts = data.draw(shift)
        want = np.roll(array, shifts, axes)
    assert_same(nt.roll(tensor, shifts, axis=axes), want)


@given(st.data())
def test_take(data):
    array, tensor = data.draw(pairs(min_dims=1, max_dims=4))
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = array.shape[axis]
    index_dtype = data.draw(st.sampled_from(INTEGERS))
    low = 0 if index_dtype.startswith("u") else -n
    shape = data.draw(array_shapes(0, 3)) if n else (0, 2)
    rng = np.random.default_rng(data.draw(seeds))
    indices = rng.integers(low, max(n, low + 1), shape).astype(index_dtype)
    _, tindices = data.draw(laid_out(index_dtype, shape))
    tindices = nt.asarray(np.asarray(indices))
    assert_same(nt.take(tensor, tindices, axis=axis), np.take(array, indices, axis=axis))


def test_take_of_a_flat_tensor():
    x = np.arange(6.0)
    assert_same(nt.take(nt.asarray(x), nt.tensor([5, 0, -1])), x[[5, 0, -1]])


@given(st.data())
def test_take_along_axis(data):
    array, tensor = data.draw(pairs(min_dims=1, max_dims=4))
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = array.shape[axis]
    shape = list(array.shape)
    shape[axis] = data.draw(st.integers(0, 5)) if n else 0
    rng = np.random.default_rng(data.draw(seeds))
    indices = np.asarray(rng.integers(-n, max(n, 1), shape))
    assert_same(
        nt.take_along_axis(tensor, nt.asarray(indices), axis=axis),
        np.take_along_axis(array, indices, axis=axis),
    )


def test_take_along_axis_broadcasts():
    x = np.arange(12.0).reshape(3, 4)
    indices = np.array([[2, 0]])
    want = np.take_along_axis(x, np.broadcast_to(indices, (3, 2)), axis=1)
    assert_same(nt.take_along_axis(nt.asarray(x), nt.asarray(indices), axis=1), want)


def test_picking_the_labels_log_probability():
    x = np.arange(12.0).reshape(4, 3)
    labels = np.array([2, 0, 1, 1])
    got = nt.take_along_axis(nt.asarray(x), nt.asarray(labels)[:, None], axis=1)[:, 0]
    assert_same(got, x[np.arange(4), labels])


@given(st.data())
def test_index_add(data):
    array, tensor = data.draw(pairs(min_dims=1, max_dims=3))
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = array.shape[axis]
    rng = np.random.default_rng(data.draw(seeds))
    count = data.draw(st.integers(0, 9)) if n else 0
    indices = np.asarray(rng.integers(-n, max(n, 1), count))
    values = np.take(array, rng.integers(0, max(n, 1), count), axis=axis)
    want = array.copy()
    with np.errstate(all="ignore"):
        np.add.at(np.moveaxis(want, axis, 0), indices, np.moveaxis(values, axis, 0))
    got = nt.index_add(tensor, nt.asarray(indices), nt.asarray(values), axis=axis)
    assert_same(got, want)


def test_index_add_of_many_values_in_order():
    rng = np.random.default_rng(0)
    places, values = rng.integers(-50, 50, 60_000), rng.standard_normal(60_000)
    want = np.zeros(50)
    np.add.at(want, places, values)
    assert_same(nt.index_add(nt.zeros(50, dtype=nt.float64), places, values), want)


def test_index_add_of_many_values_to_few_places():
    """In parts: the same bits for any number of threads, and -0.0 stays where nothing is added."""
    rng = np.random.default_rng(5)
    for dtype in (np.float32, np.float64):
        places = rng.integers(-1000, 999, 100_000)
        places[places == -1] = 0
        values = rng.standard_normal(100_000).astype(dtype)
        x = np.full(1000, -0.0, dtype)
        got = []
        for threads in (1, 2, 4):
            nt.set_num_threads(threads)
            got.append(nt.index_add(nt.asarray(x), nt.asarray(places), nt.asarray(values)).numpy())
        want = x.astype(np.float64)
        np.add.at(want, places, values.astype(np.float64))
        tolerance = 100 * np.finfo(dtype).eps
        np.testing.assert_allclose(got[0], want, rtol=tolerance, atol=100 * tolerance)
        assert got[0].tobytes() == got[1].tobytes() == got[2].tobytes()
        assert np.signbit(got[0][999])


@pytest.mark.parametrize("dtype", ["bool", "int16", "float32", "float64", "complex128"])
def test_take_of_single_elements_of_many_rows(dtype):
    """Some rows at a time are transposed for it, whatever their number and strides."""
    rng = np.random.default_rng(6)
    for rows, length in ((64, 100), (67, 16), (131, 333), (1000, 130)):
        array = (rng.standard_normal((rows, 2 * length)) * 50).astype(dtype)
        for x in (array[:, :length], array[:, ::2], array[::-1, ::-2], array.T[:rows]):
            for count in (x.shape[1] // 2, 3 * x.shape[1]):
                places = rng.integers(-x.shape[1], x.shape[1], count)
                for threads in (1, 3):
                    nt.set_num_threads(threads)
                    assert_same(nt.take(nt.asarray(x), nt.asarray(places), axis=1), x[:, places])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32"])
@pytest.mark.parametrize("inner", [1, 300, 1500, (40, 50)])
def test_index_add_of_long_lines(inner, dtype):
    """In order at each place, whether places are sorted, or most values go to one of them."""
    rng = np.random.default_rng(8)
    shape = (60, *(inner if isinstance(inner, tuple) else (inner,)))
    x = (rng.standard_normal(shape) * 100).astype(dtype)
    for most in (0, 300):
        places = rng.integers(-60, 60, 400)
        places[:most] = 7
        values = (rng.standard_normal((400, *shape[1:])) * 100).astype(dtype)
        want = x.copy()
        np.add.at(want, places, values)
        for start in (x, np.ascontiguousarray(x[::-1])[::-1]):
            for threads in (1, 2, 4):
                nt.set_num_threads(threads)
                got = nt.index_add(nt.asarray(start), nt.asarray(places), nt.asarray(values))
                assert_same(got, want)
    none = nt.zeros(0, dtype=nt.int64), nt.zeros((0, *shape[1:]), dtype=dtype)
    assert_same(nt.index_add(nt.asarray(x), *none), x)


def test_index_add_refuses():
    x = nt.zeros((2, 3))
    with pytest.raises(IndexError, match="5"):
        nt.index_add(x, nt.tensor([0, 5]), nt.zeros((2, 3)))
    for place in (0, 70_000, 99_999):
        places = np.zeros(100_000, np.int64)
        places[place:] = -3
        with pytest.raises(IndexError, match="index -3 is out of range for an axis of length 2"):
            nt.index_add(nt.zeros(2), nt.asarray(places), nt.zeros(100_000))
    with pytest.raises(ValueError, match=r"\(1, 3\)"):
        nt.index_add(x, nt.tensor([0, 1]), nt.zeros((1, 3)))
    with pytest.raises(TypeError):
        nt.index_add(x, nt.tensor([0.0]), nt.zeros((1, 3)))


@pytest.mark.parametrize("bad", [3, -4, 2**40, -(2**40)])
def test_indices_out_of_range(bad):
    x = nt.zeros((2, 3))
    with pytest.raises(IndexError, match=str(bad)):
        nt.take(x, nt.tensor([0, bad]), axis=1)
    with pytest.raises(IndexError, match=str(bad)):
        nt.take_along_axis(x, nt.tensor([[0], [bad]]), axis=1)
    many = np.zeros(5000, np.int64)
    many[4321] = bad
    with pytest.raises(IndexError, match=str(bad)):
        nt.take(x, nt.asarray(many), axis=1)


def test_indices_must_be_integers():
    x = nt.zeros((2, 3))
    with pytest.raises(TypeError):
        nt.take(x, nt.tensor([0.0, 1.0]), axis=1)
    with pytest.raises(TypeError):
        nt.take_along_axis(x, nt.zeros((2, 1)), axis=1)


def test_errors():
    a, b = nt.zeros((2, 3)), nt.zeros((3, 3))
    with pytest.raises(ValueError, match="concat"):
        nt.concat([])
    with pytest.raises(ValueError, match="stack"):
        nt.stack([])
    with pytest.raises(ValueError, match=r"concat: .*\(3, 3\).*\(2, 3\)"):
        nt.concat([a, b], axis=1)
    with pytest.raises(ValueError, match=r"stack: .*\(\d, 3\).*\(\d, 3\)"):
        nt.stack([a, b])
    with pytest.raises(IndexError, match="2"):
        nt.concat([a, b], axis=2)
    with pytest.raises(ValueError, match="split"):
        nt.split(a, 2, axis=1)
    with pytest.raises(ValueError, match="split"):
        nt.split(a, 0)
    with pytest.raises(ValueError, match="roll"):
        nt.roll(a, (1, 2, 3), axis=(0, 1))
