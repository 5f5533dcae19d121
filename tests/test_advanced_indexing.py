"""Indexing with integer arrays and masks: values, assignment, gradients, refusals."""

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, COMPLEX, assert_same, pairs, random_values, seeds
from strategies import shapes as array_shapes

import ndtape as nt


@st.composite
def slices(draw, n):
    """Any slice of an axis: empty ones, beyond its ends, and backwards."""
    bound = st.one_of(st.none(), st.integers(-n - 2, n + 2))
    step = draw(st.sampled_from([None, 1, 2, -1, -2, n + 3]))
    return slice(draw(bound), draw(bound), step)


@st.composite
def keys(draw, shape, masks=True):
    """Any key of NumPy's: ints, slices, ..., None, arrays that broadcast, masks of any rank."""
    rng = np.random.default_rng(draw(seeds))
    common = draw(array_shapes(0, 2, 3))
    entries = []
    axis = 0
    dots = False
    stop = draw(st.integers(0, len(shape)))
    while axis < stop or (not entries and shape == ()):
        kinds = [
            "array",
            "array",
            "slice",
            "int",
            "none",
            *["mask"] * masks,
            *["dots"] * (not dots),
        ]
        kind = draw(st.sampled_from(kinds))
        n = shape[axis] if axis < len(shape) else 0
        if kind == "none":
            entries.append(None)
            if shape == ():
                break
        elif kind == "dots":
            dots = True
            entries.append(Ellipsis)
            if shape == ():
                break
            # What follows counts from the end.
            skip = draw(st.integers(0, stop - axis))
            axis += len(shape) - stop + skip
            stop = len(shape)
        elif kind == "mask":
            # As many elements as the arrays have, or any if there are none; of 0 to 2 axes.
            rank = draw(st.integers(0, min(2, stop - axis)))
            over = shape[axis : axis + rank]
            size = int(np.prod(over))
            count = draw(st.sampled_from([1, *([common[-1]] if common else [])]))
            if rank == 0:
                entries.append(draw(st.booleans()) if draw(st.booleans()) else np.True_)
            elif count <= size:
                mask = np.zeros(size, bool)
                mask[rng.permutation(size)[:count]] = True
                entries.append(mask.reshape(over))
                axis += rank
            else:
                entries.append(slice(None))
                axis += 1
            if shape == ():
                break
        elif shape == ():
            break
        elif kind == "int" and n > 0:
            entries.append(draw(st.integers(-n, n - 1)))
            axis += 1
        elif kind == "array" and n > 0:
            wanted = tuple(1 if draw(st.booleans()) else k for k in common)
            wanted = wanted[draw(st.integers(0, len(wanted))) :]
            dtype = draw(st.sampled_from(["int64", "int8"]))
            entries.append(rng.integers(-n, n, wanted).astype(dtype))
            axis += 1
        else:
            entries.append(draw(slices(n)))
            axis += 1
    if len(entries) == 1 and draw(st.booleans()):
        return entries[0]
    return tuple(entries)


def as_given(key, form):
    """The same key with Tensors or lists for arrays."""
    if isinstance(key, np.ndarray):
        return nt.asarray(key) if form == "tensor" else key.tolist() if key.size else key
    if isinstance(key, tuple):
        return tuple(as_given(e, form) for e in key)
    return key


def is_view(key):
    entries = key if isinstance(key, tuple) else (key,)
    return not any(
        isinstance(e, (bool, np.bool_))
        or (isinstance(e, np.ndarray) and (e.ndim or e.dtype == bool))
        for e in entries
    )


def indexed(array, key):
    """NumPy's array[key], or None where the key does not fit."""
    try:
        return np.asarray(array[key])
    except IndexError:
        return None


@given(st.data())
def test_get(data):
    array, tensor = data.draw(pairs(ALL + COMPLEX, max_dims=4))
    key = data.draw(keys(array.shape))
    form = data.draw(st.sampled_from(["array", "tensor", "list"]))
    given_key = key if form == "array" else as_given(key, form)
    want = indexed(array, key)
    if want is None:
        with pytest.raises(IndexError):
            tensor[given_key]
    else:
        assert_same(tensor[given_key], want)


@given(st.data())
def test_get_recorded(data):
    """Under the tape, by other means: the same elements."""
    array, tensor = data.draw(pairs(["float32", "complex64"], max_dims=4))
    key = data.draw(keys(array.shape))
    want = indexed(array, key)
    tensor = nt.copy(tensor).requires_grad_()
    if want is None:
        with pytest.raises(IndexError):
            tensor[key]
    else:
        got = tensor[key]
        assert_same(got, want)
        assert got.requires_grad


@st.composite
def assignments(draw, dtypes):
    """An array, a key that fits it, and a value that fits what the key names."""
    array, tensor = draw(pairs(dtypes, max_dims=3))
    key = draw(keys(array.shape))
    want = indexed(array, key)
    if want is None:
        return array, tensor, key, None
    shape = want.shape[draw(st.integers(0, want.ndim)) :]
    shape = tuple(1 if n and draw(st.booleans()) else n for n in shape)
    return array, tensor, key, random_values(draw(seeds), shape, array.dtype)


@given(assignments(ALL + COMPLEX), st.sampled_from(["array", "tensor", "list"]))
def test_set(assignment, form):
    """Where a key names an element twice, the last value stays, as in NumPy."""
    array, tensor, key, value = assignment
    array, tensor = array.copy(), nt.copy(tensor)
    given_key = key if form == "array" else as_given(key, form)
    if value is None:
        with pytest.raises(IndexError):
            tensor[given_key] = 0
    else:
        array[key] = value
        tensor[given_key] = nt.asarray(value)
    assert_same(tensor, array)


@given(assignments(["float32", "complex64"]), st.booleans())
def test_set_recorded(assignment, value_records):
    array, tensor, key, value = assignment
    array, tensor = array.copy(), nt.copy(tensor)
    if not value_records:
        tensor = tensor.requires_grad_() * 1
    if value is None:
        with pytest.raises(IndexError):
            tensor[key] = 0
    else:
        array[key] = value
        tensor[key] = nt.tensor(value, requires_grad=value_records)
    assert_same(tensor, array)


@given(st.data())
def test_set_from_itself(data):
    """The value may lie in the memory that is assigned to."""
    array, tensor = data.draw(pairs(["int64"], min_dims=1, max_dims=2))
    array, tensor = array.copy(), nt.copy(tensor)
    rows = np.random.default_rng(data.draw(seeds)).permutation(array.shape[0])
    array[rows] = array[::-1].copy()
    tensor[nt.asarray(rows)] = tensor[::-1]
    assert_same(tensor, array)


@given(st.data())
def test_gradients(data):
    shape = data.draw(st.sampled_from([(4,), (3, 4), (2, 3, 2)]))
    key = data.draw(keys(shape))
    (x,) = gradcheck.values(data.draw(seeds), [shape])
    want = indexed(x, key)
    if want is not None and want.size and not is_view(key):
        gradcheck.check(lambda t: nt.square(t[key]), x)


@given(st.data())
def test_gradients_of_assignment(data):
    shape = data.draw(st.sampled_from([(4,), (3, 4)]))
    key = data.draw(keys(shape))
    x, v = gradcheck.values(data.draw(seeds), [shape, ()])
    if indexed(x, key) is None:
        return

    def f(t, value):
        y = t * t
        y[key] = value * value
        return y

    gradcheck.check(f, x, v)


@given(st.data())
def test_nothing_is_written_when_a_number_is_out_of_range(data):
    array, tensor = data.draw(pairs(["float64"], min_dims=1, max_dims=3))
    tensor = nt.copy(tensor)
    axis = data.draw(st.integers(0, array.ndim - 1))
    n = array.shape[axis]
    wrong = data.draw(st.sampled_from([n, n + 5, -n - 1, 2**62]))
    numbers = [*range(n), wrong]
    key = (slice(None),) * axis + (numbers,)
    recorded = tensor.requires_grad_() * 1 if data.draw(st.booleans()) else tensor
    before = recorded.detach().numpy().copy()
    with pytest.raises(IndexError):
        recorded[key] = 1.0
    with pytest.raises(IndexError):
        recorded[key]
    np.testing.assert_array_equal(recorded.detach().numpy(), before)


def test_rows_of_a_tensor_from_itself():
    """Every value is read before any is written."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        n = rng.random((4, 4))
        t, rows = nt.asarray(n.copy()), rng.integers(0, 4, 4)
        for of in (lambda a: a, lambda a: a[::-1], lambda a: a.T, lambda a: a[0]):
            n[rows], t[rows] = of(n).copy(), of(t)
            np.testing.assert_array_equal(t.numpy(), n)


def test_shared_and_read_only_memory_is_refused():
    shared = nt.broadcast_to(nt.zeros(1), (3,))
    with pytest.raises(ValueError, match="several times"):
        shared[[0, 1]] = 1.0
    with pytest.raises(ValueError, match="several times"):
        shared[nt.asarray([True, False, True])] = 1.0
    assert shared.tolist() == [0, 0, 0]


def test_an_array_without_axes_is_an_int():
    x = nt.tensor([[1, 2], [3, 4]])
    y = x[np.array(1)]
    y[0] = 9  # a view
    assert x.tolist() == [[1, 2], [9, 4]]
    assert x[nt.asarray(0), np.array(-1)].item() == 2
    with pytest.raises(IndexError):
        x[np.array(2)]


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


def test_changes_do_not_reach_kept_values():
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    z = nt.sum(y * y)
    with nt.no_grad():
        y[y > 1] = 0.0
    z.backward()
    assert x.grad.tolist() == [2, 4]


@pytest.mark.parametrize("pick", [lambda x, i: x[i], lambda x, i: x[:, i], lambda x, i: x[i, i]])
def test_changes_of_a_key_do_not_reach_derivatives(pick):
    x = nt.ones((3, 3), requires_grad=True)
    numbers = np.array([0, 1])
    y = pick(x, numbers)
    (want,) = nt.autograd.grad([nt.sum(pick(x, [0, 1]))], [x])
    numbers[:] = 10**9
    nt.sum(y).backward()
    assert x.grad.tolist() == want.tolist()


def test_a_mask_that_is_changed_meanwhile():
    x = nt.ones(3, requires_grad=True)
    mask = np.array([True, False, False])
    y = x[mask]
    mask[:] = True
    nt.sum(y).backward()
    assert x.grad.tolist() == [1, 0, 0]
    mask = nt.asarray([True, False, False])
    y = x[mask]
    mask.numpy()[:] = True
    with pytest.raises(nt.TapeError, match=r"mask of shape \(3,\) .* True 1 times, and is 3 times"):
        nt.sum(y).backward()


@pytest.mark.parametrize(
    "pick", [lambda x, i: nt.take(x, i, axis=0), lambda x, i: nt.take_along_axis(x, i, axis=0)]
)
def test_positions_that_are_changed_meanwhile(pick):
    x = nt.ones(3, requires_grad=True)
    numbers = np.array([0, 1])
    y = pick(x, nt.asarray(numbers))
    numbers[:] = 10**9
    nt.sum(y).backward()
    assert x.grad.tolist() == [1, 1, 0]
    ours = nt.asarray([0, 1])
    y = pick(x, ours)
    ours.numpy()[:] = 10**9
    with pytest.raises(IndexError, match="1000000000 is out of range"):
        nt.sum(y).backward()


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


def test_large_masks():
    """Masks that threads share, of any layout, and their gradient."""
    x = np.arange(600 * 501.0).reshape(600, 501)
    for mask in (x % 3 == 0, x >= 0, x < 0, x == x.size - 1):
        for a, m in ((x, mask), (x.T, mask.T), (x[::-2], mask[::-2])):
            got = nt.asarray(a)[nt.asarray(m)]
            assert np.array_equal(got.numpy(), a[m])
        leaf = nt.tensor(x, requires_grad=True)
        nt.sum(nt.square(leaf[mask])).backward()
        assert np.array_equal(leaf.grad.numpy(), np.where(mask, 2 * x, 0))


@pytest.mark.parametrize("dtype", ["bool", "int16", "float32", "float64", "complex128"])
def test_large_masks_in_assignments(dtype):
    """Of any layout: masks without pattern, and runs, of values and of one number."""
    rng = np.random.default_rng(7)
    whole = rng.integers(0, 2, (300, 211)).astype(dtype)
    some = rng.random(whole.shape)
    runs = np.arange(whole.size).reshape(whole.shape) // 37 % 3 == 0
    for mask in (some < 0.5, some < 0.01, runs, some >= 0, some < 0):
        for lay_out in (lambda a: a, lambda a: a.T, lambda a: a[::-2, 1:]):
            for one in (False, True):
                a, m = lay_out(whole.copy()), lay_out(mask)
                x = lay_out(nt.tensor(whole))
                values = rng.integers(0, 2, 1 if one else m.sum()).astype(dtype)
                a[m] = values
                x[nt.asarray(m)] = nt.asarray(values)
                assert np.array_equal(x.numpy(), a)


def test_masked_assignments_are_recorded():
    mask = np.array([[True, False, True], [False, False, True]])
    x0 = np.arange(6.0).reshape(2, 3)

    def assigned(x, v):
        y = x * 2
        y.T[mask.T] = v * v
        y[nt.asarray(mask)] *= v
        return y * y

    for shape in ((3,), (1,), ()):
        gradcheck.check(assigned, x0, np.full(shape, 1.5))
    x = nt.tensor(x0)
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(2,\) do not broadcast"):
        x[mask] = nt.zeros(2, dtype=nt.float64)
    with pytest.raises(TypeError, match="complex128"):
        x[mask] = 1j
    assert x.tolist() == x0.tolist()
    x[mask] = x[::-1][mask]
    assert x.tolist() == np.where(mask, x0[::-1], x0).tolist()


def test_a_mask_takes_its_own_tensors_elements():
    x = nt.asarray([1, 2, 3, 4])
    x[nt.asarray([False, True, True, True])] = x[:3]
    assert x.tolist() == [1, 1, 2, 3]
    everywhere = nt.ones(4, dtype=nt.bool)
    x[everywhere] = x
    assert x.tolist() == [1, 1, 2, 3]


@pytest.mark.parametrize("threads", [1, 3])
def test_many_points(threads):
    """Pieces of many points, dense and broadcast; of several values for one place, the last."""
    before = nt.get_num_threads()
    nt.set_num_threads(threads)
    rng = np.random.default_rng(3)
    try:
        for dtype in ("float32", "bool", "complex128"):
            array = rng.integers(0, 100, (20, 30, 3, 4)).astype(dtype)
            i, j = rng.integers(-20, 20, 20_000), rng.integers(-30, 30, 20_000)
            k, m = rng.integers(0, 3, (20, 1)), rng.integers(-4, 4, (1, 100))
            for view in (array, array[::-1, :, :, ::2], array.transpose(1, 0, 3, 2)):
                a, b = i % view.shape[0], j % view.shape[1]
                keys = [(a, b), (a, b, 1), (a, slice(None), b % view.shape[2])]
                keys[2] = tuple(e if isinstance(e, slice) else e[:300] for e in keys[2])
                keys += [(..., k % view.shape[2], m % view.shape[3])]
                keys += [(slice(2), k % view.shape[1], m % view.shape[2], slice(None, None, 2))]
                for key in keys:
                    assert_same(nt.asarray(view)[key], view[key])
                    want = view.copy()
                    got = nt.asarray(view.copy())
                    values = rng.integers(0, 100, view[key].shape).astype(dtype)
                    want[key] = values
                    got[key] = nt.asarray(values)
                    assert_same(got, want)
    finally:
        nt.set_num_threads(before)


def test_points_out_of_range_change_nothing():
    x = nt.zeros((4, 4))
    rows = nt.zeros(5000, dtype=nt.int64)
    rows[4999] = 4
    for key in ((rows, rows), (slice(None), rows[None, :], rows[:, None] * 0)):
        with pytest.raises(IndexError, match="4 in array|too many|4 arrays|axes"):
            x[key] = 1.0
        with pytest.raises(IndexError):
            x[key]
    assert x.tolist() == [[0] * 4] * 4
    with pytest.raises(IndexError, match="do not broadcast"):
        x[nt.zeros(2, dtype=nt.int64), nt.zeros(3, dtype=nt.int64)]
    with pytest.raises(ValueError, match="not broadcast"):
        x[nt.zeros(2, dtype=nt.int64), nt.zeros(2, dtype=nt.int64)] = nt.ones(3)
