"""tensor, asarray, and the functions that fill new memory."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, FLOATS, INTEGERS, NUMERIC, assert_same, pairs, shapes

import ndtape as nt


def dtype(name):
    return getattr(nt, name)


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (1, "int64"),
        (1.0, "float32"),
        (True, "bool"),
        ([1, 2], "int64"),
        ([1, 2.5], "float32"),
        ([True, False], "bool"),
        ([True, 2], "int64"),
        ([[1, 2], [3, 4]], "int64"),
        (((1.0,), (2.0,)), "float32"),
        ([], "float32"),
        ([[], []], "float32"),
        (range(3), "int64"),
    ],
)
def test_tensor_of_python_data(data, want):
    t = nt.tensor(data)
    assert t.dtype == dtype(want)
    assert_same(t, np.array(list(data) if isinstance(data, range) else data, want))


@pytest.mark.parametrize("name", ALL)
def test_tensor_keeps_numpy_dtypes(name):
    array = np.array([[0, 1], [1, 0]], name)
    t = nt.tensor(array)
    assert_same(t, array)
    array[0, 0] = 1
    assert t[0, 0].item() == 0
    assert_same(nt.asarray(np.dtype(name).type(1)), np.array(1, name))


def test_tensor_of_tensors_and_arrays_in_lists():
    t = nt.tensor([nt.tensor([1.0, 2.0]), nt.tensor([3.0, 4.0])])
    assert t.tolist() == [[1, 2], [3, 4]]
    assert nt.tensor([np.array([1, 2]), np.array([3, 4])]).tolist() == [[1, 2], [3, 4]]
    assert nt.tensor([nt.tensor(1.0), 2.0]).tolist() == [1, 2]


@given(pairs(max_dims=4))
def test_tensor_copies_any_layout(case):
    array, tensor = case
    assert_same(nt.tensor(array), array)
    assert_same(nt.tensor(tensor), array)


@pytest.mark.parametrize(
    "data", [[[1], [1, 2]], [[1, 2], 3], [[[1]], [[1, 2]]], [[1, 2], [3, [4]]]]
)
def test_ragged_data_is_refused(data):
    with pytest.raises(ValueError):
        nt.tensor(data)


@pytest.mark.parametrize("data", ["text", object(), None, [None], {"a": 1}, [1, "2"]])
def test_data_that_is_not_numbers_is_refused(data):
    with pytest.raises(TypeError):
        nt.tensor(data)


def test_a_list_that_contains_itself():
    loop = []
    loop.append(loop)
    with pytest.raises((ValueError, RecursionError)):
        nt.tensor(loop)
    deep = 1.0
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ValueError):
        nt.tensor(deep)


class Clearing:
    """A sequence that, asked for its length, empties the list it lies in."""

    def __init__(self, held):
        self.held = held

    def __len__(self):
        self.held.clear()
        return 2

    def __getitem__(self, i):
        if i > 1:
            raise IndexError(i)
        return 1


@pytest.mark.parametrize(
    "call",
    [
        nt.tensor,
        lambda held: nt.asarray(held, dtype=nt.int8),
        lambda held: nt.ones(3) + held,
        lambda held: nt.ones(3)[held],
        lambda held: nt.pad(nt.ones((2, 2)), held),
        lambda held: nt.quantile(nt.ones(3), held),
    ],
)
def test_a_list_that_changes_while_it_is_read(call):
    for _ in range(50):
        held = [1, 2, 3]
        held[0], held[2] = Clearing(held), [str(_) * 50, 4.0]
        with pytest.raises((ValueError, TypeError, IndexError)):
            call(held)


def test_a_list_of_arrays_of_a_class_with_code_of_its_own():
    class Array(np.ndarray):
        @property
        def dtype(self):
            return "not a dtype"

    held = [np.ones(2, np.float32).view(Array), [1.0, 2.0]]
    assert nt.tensor(held).tolist() == [[1, 1], [1, 2]]


def test_requires_grad():
    t = nt.tensor([1.0], requires_grad=True)
    assert t.requires_grad
    assert not nt.tensor([1.0]).requires_grad
    with pytest.raises(TypeError, match="int64"):
        nt.tensor([1], requires_grad=True)


def test_asarray_shares_and_copies():
    array = np.arange(4.0)
    shared = nt.asarray(array)
    array[0] = 9
    assert shared[0].item() == 9
    own = nt.asarray(array, copy=True)
    array[0] = 5
    assert own[0].item() == 9
    t = nt.tensor([1.0])
    assert nt.asarray(t) is t or np.shares_memory(nt.asarray(t).numpy(), t.numpy())
    assert nt.asarray(array, dtype=nt.float32).dtype == nt.float32
    with pytest.raises(ValueError):
        nt.asarray(array, dtype=nt.float32, copy=False)
    with pytest.raises(ValueError):
        nt.asarray([1.0, 2.0], copy=False)


@given(shapes(), st.sampled_from(ALL))
def test_filled(shape, name):
    assert_same(nt.zeros(shape, dtype=dtype(name)), np.zeros(shape, name))
    assert_same(nt.ones(shape, dtype=dtype(name)), np.ones(shape, name))
    assert_same(nt.full(shape, 1, dtype=dtype(name)), np.full(shape, 1, name))
    empty = nt.empty(shape, dtype=dtype(name))
    assert empty.shape == shape
    assert empty.dtype == dtype(name)


@given(pairs(max_dims=4))
def test_like(case):
    array, tensor = case
    for name in ("zeros_like", "ones_like"):
        assert_same(getattr(nt, name)(tensor), getattr(np, name)(array))
    assert nt.empty_like(tensor).shape == array.shape
    assert_same(nt.full_like(tensor, 1), np.full_like(array, 1))
    assert_same(nt.zeros_like(tensor, dtype=nt.float64), np.zeros(array.shape))


def test_full_takes_its_dtype_from_the_value():
    assert nt.full((2,), 1).dtype == nt.int64
    assert nt.full((2,), 1.0).dtype == nt.float32
    assert nt.full((2,), True).dtype == nt.bool
    assert nt.full(2, 3.5).tolist() == [3.5, 3.5]
    assert math.isnan(nt.full((), math.nan).item())


def test_a_length_is_a_shape():
    assert nt.zeros(3).shape == (3,)
    assert nt.zeros(()).shape == ()
    assert nt.zeros([2, 3]).shape == (2, 3)
    assert nt.zeros(np.int64(2)).shape == (2,)


@pytest.mark.parametrize("shape", [-1, (2, -3), (2**62, 4), (2**40, 2**40), (1,) * 65])
def test_bad_shapes(shape):
    for make in (nt.zeros, nt.empty, nt.ones):
        with pytest.raises(ValueError):
            make(shape)
    with pytest.raises(ValueError):
        nt.broadcast_to(nt.zeros(()), shape)


def test_shapes_that_are_not_shapes():
    for shape in (1.5, "3", (2, 2.5), None):
        with pytest.raises(TypeError):
            nt.zeros(shape)


def test_memory_that_nobody_has():
    with pytest.raises(MemoryError):
        nt.empty(2**58, dtype=nt.int8)
    with pytest.raises(MemoryError):
        nt.ones((2**30, 2**28))
    assert nt.zeros((2**40, 0)).shape == (2**40, 0)


@given(
    st.integers(-50, 50),
    st.none() | st.integers(-50, 50),
    st.integers(-7, 7).filter(bool),
    st.sampled_from(["int8", "int32", "int64", "float32", "float64"]),
)
def test_arange_of_integers(start, stop, step, name):
    args = (start,) if stop is None else (start, stop, step)
    assert_same(nt.arange(*args, dtype=dtype(name)), np.arange(*args, dtype=name))
    want = np.arange(*args)
    assert_same(nt.arange(*args), want)


def test_arange_of_floats():
    assert_same(nt.arange(0.0, 1.0, 0.25), np.arange(0, 1, 0.25, np.float32))
    assert nt.arange(3.0).dtype == nt.float32
    x = nt.arange(0, 1e6, 0.1, dtype=nt.float64).numpy()
    np.testing.assert_allclose(x, np.arange(10_000_000) * 0.1, rtol=1e-15)
    assert nt.arange(0, 1, 0.1).shape == (10,)
    assert nt.arange(5.0, 1.0).shape == (0,)
    with pytest.raises(ValueError, match="step|zero"):
        nt.arange(0, 1, 0)


def test_arange_keeps_large_integers():
    big = 2**62
    assert nt.arange(big, big + 3).tolist() == [big, big + 1, big + 2]


@given(
    st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(0, 70), st.booleans(),
    st.sampled_from(FLOATS),
)  # fmt: skip
def test_linspace(start, stop, count, endpoint, name):
    got = nt.linspace(start, stop, count, endpoint=endpoint, dtype=dtype(name)).numpy()
    want = np.linspace(start, stop, count, endpoint=endpoint)
    eps = np.finfo(name).eps
    assert got.dtype == name
    assert got.shape == (count,)
    np.testing.assert_allclose(
        got, want, rtol=2 * eps, atol=2 * eps * (abs(start) + abs(stop)) + 1e-37
    )
    if count > 1 and endpoint:
        assert got[0] == np.asarray(start, name)
        assert got[-1] == np.asarray(stop, name)


def test_linspace_refuses():
    with pytest.raises(ValueError, match="-1"):
        nt.linspace(0, 1, -1)


@given(st.integers(0, 6), st.none() | st.integers(0, 6), st.integers(-7, 7))
def test_eye(rows, cols, k):
    assert_same(nt.eye(rows, cols, k=k), np.eye(rows, cols, k=k, dtype=np.float32))


@pytest.mark.parametrize("k", [2**31, 2**63 - 1, 2**63, 2**80])
def test_diagonals_beyond_any_matrix(k):
    x = nt.ones((2, 3))
    for sign in (1, -1):
        assert nt.eye(2, 3, k=sign * k).tolist() == [[0, 0, 0]] * 2
        assert nt.diagonal(x, sign * k).shape == (0,)
    assert nt.tril(x, k=k).tolist() == nt.triu(x, k=-k).tolist() == x.tolist()
    assert nt.tril(x, k=-k).tolist() == nt.triu(x, k=k).tolist() == [[0, 0, 0]] * 2


@pytest.mark.parametrize("name", NUMERIC)
def test_eye_dtypes(name):
    assert_same(nt.eye(3, dtype=dtype(name)), np.eye(3, dtype=name))


@pytest.mark.parametrize("name", INTEGERS)
def test_extremes_survive(name):
    info = np.iinfo(name)
    values = [int(info.min), int(info.max)]
    assert nt.tensor(values, dtype=dtype(name)).tolist() == values
    assert nt.full((2,), values[1], dtype=dtype(name)).tolist() == [values[1]] * 2


def test_values_that_do_not_fit():
    with pytest.raises((ValueError, OverflowError), match="300"):
        nt.full((2,), 300, dtype=nt.uint8)
    with pytest.raises((ValueError, OverflowError), match="-1"):
        nt.tensor([1, -1], dtype=nt.uint16)
    with pytest.raises((ValueError, OverflowError)):
        nt.tensor(2**64)


def test_devices():
    assert str(nt.zeros(1).device) == "cpu"
    assert nt.zeros(1, device="cpu").shape == (1,)
    with pytest.raises(ValueError, match="tpu"):
        nt.zeros(1, device="tpu")
