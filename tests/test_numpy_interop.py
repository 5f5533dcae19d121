"""Sharing memory with NumPy both ways: values, layouts, lifetimes, protection."""

import array as array_module
import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from strategies import ALL, assert_same, from_tensor, pairs

import ndtape as nt


@given(pairs(max_dims=6))
def test_round_trip_of_any_layout(case):
    array, tensor = case
    assert_same(nt.asarray(array), array)
    assert_same(np.asarray(tensor), array)
    assert_same(tensor.numpy(), array)
    assert tensor.numpy().strides == np.asarray(tensor).strides


@pytest.mark.parametrize("name", ALL)
def test_zero_copy_both_ways(name):
    array = np.zeros((3, 4), name)
    t = nt.asarray(array)
    assert np.shares_memory(t.numpy(), array)
    assert np.shares_memory(np.asarray(t), array)
    array[1, 2] = 1
    assert t[1, 2].item() == 1
    t[0, 0] = True
    assert array[0, 0] == 1
    back = nt.ones((2, 2), dtype=getattr(nt, name)).numpy()
    assert back.flags.writeable
    assert back.dtype == name


def test_strided_memory_is_shared_too():
    array = np.arange(24.0).reshape(4, 6)
    for view in (array.T, array[::2, 1:], array[::-1, ::-2], np.broadcast_to(array[0], (3, 6))):
        t = nt.asarray(view)
        assert np.shares_memory(t.numpy(), array)
        assert_same(t, view)


def test_the_array_outlives_its_name():
    """The Tensor keeps NumPy's memory, NumPy's array keeps the Tensor's."""
    array = np.arange(100_000.0)
    watch = weakref.ref(array)
    t = nt.asarray(array)
    view = t[10:20]
    del array, t
    gc.collect()
    assert watch() is not None
    assert view.tolist() == list(range(10, 20))
    del view
    gc.collect()
    assert watch() is None

    out = nt.arange(100_000).numpy()
    part = out[50:53]
    del out
    gc.collect()
    nt.memory.empty_cache()
    for _ in range(10):
        nt.zeros(100_000)
    assert part.tolist() == [50, 51, 52]


def test_memory_back_and_forth():
    """A chain of owners, let go in either order."""
    base = np.arange(6.0)
    a = nt.asarray(base)
    b = a.numpy()
    c = nt.asarray(b)[1:]
    del base, a, b
    gc.collect()
    assert c.tolist() == [1, 2, 3, 4, 5]


def test_read_only_arrays_stay_unwritten():
    array = np.arange(4.0)
    array.flags.writeable = False
    t = nt.asarray(array)
    for change in (
        lambda: t.__setitem__(0, 5.0),
        lambda: t.__iadd__(1),
        lambda: t[1:].__imul__(2),
        lambda: t.reshape(2, 2).__setitem__((0, 0), 1),
    ):
        with pytest.raises(ValueError, match="read-only"):
            change()
    assert array.tolist() == [0, 1, 2, 3]
    assert not t.numpy().flags.writeable
    assert (t + 1).tolist() == [1, 2, 3, 4]
    writable = nt.tensor(array)
    writable[0] = 9
    assert array[0] == 0


def test_bytes_are_read_only():
    t = nt.asarray(np.frombuffer(b"\x01\x02", np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        t[0] = 3


@pytest.mark.parametrize("operate", ["+", "-", "*", "/", "//", "%", "**", "<", "==", "@"])
def test_operators_beside_arrays_give_tensors(operate):
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    t = nt.tensor(array)
    scope = {"a": array, "t": t}
    want = np.asarray(eval(f"a {operate} a", scope))
    for text in (f"a {operate} t", f"t {operate} a"):
        got = eval(text, scope)
        assert isinstance(got, nt.Tensor), text
        assert_same(got, want)


def test_in_place_with_arrays():
    t = nt.zeros((2,), dtype=nt.float64)
    t += np.array([1.0, 2.0])
    assert isinstance(t, nt.Tensor)
    assert t.tolist() == [1, 2]


def test_numpy_scalars():
    t = nt.tensor([1.0, 2.0], dtype=nt.float64)
    for got in (np.float64(3) * t, t * np.float64(3)):
        assert isinstance(got, nt.Tensor)
        assert got.tolist() == [3, 6]


def test_functions_take_arrays():
    array = np.array([0.25, 4.0])
    for got in (nt.sqrt(array), nt.add(array, array), nt.sum(array), nt.reshape(array, (2, 1))):
        assert isinstance(got, nt.Tensor)
    assert nt.sqrt(array).tolist() == [0.5, 2]
    assert nt.where(np.array([True, False]), array, 0.0).tolist() == [0.25, 0]


def test_numpy_functions_take_tensors():
    t = nt.tensor([3.0, 1.0, 2.0])
    assert np.sort(t).tolist() == [1, 2, 3]
    assert np.array(t, dtype=np.float64).dtype == np.float64
    assert float(np.linalg.norm(t)) == pytest.approx(14**0.5)
    copied = np.array(t, copy=True)
    copied[0] = 9
    assert t[0].item() == 3
    with pytest.raises(ValueError):
        np.asarray(t, dtype=np.float64, copy=False)


# They change what is given, or the process, or ask for NumPy's own type.
_NOT_CALLED = """
    asarray_chkfinite bmat copyto empty empty_like fill_diagonal frompyfunc from_dlpack
    info isfortran may_share_memory nditer nested_iters place put put_along_axis putmask
    save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall
    shares_memory test""".split()


def _numpy_functions():
    found = [getattr(np, name) for name in np.__all__ if name not in _NOT_CALLED]
    found += [getattr(np.linalg, name) for name in np.linalg.__all__]
    found += [getattr(np.fft, name) for name in np.fft.__all__]
    return [f for f in found if callable(f) and not isinstance(f, type)]


def _same(got, want):
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            _same(g, w)
    elif isinstance(want, (np.ndarray, np.generic)):
        assert type(got) is type(want)
        np.testing.assert_array_equal(got, want)


def _array(x):
    return [_array(v) for v in x] if isinstance(x, list) else getattr(x, "numpy", lambda: x)()


@pytest.mark.filterwarnings("ignore")
def test_numpy_functions_take_tensors_and_give_arrays():
    """All that take arrays like these, of one and two operands and of lists."""
    x = nt.asarray([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]], dtype=nt.float64)
    v, n, eye = x[0], nt.asarray([1, 2, 3]), nt.eye(3, dtype=nt.float64)
    operands = [(x,), (v,), (n,), (eye,), (x, x), (v, v), (eye, v), ([x, x],), (n, 2), (x, 0)]
    calls = 0
    for function in _numpy_functions():
        for these in operands:
            if len(these) > getattr(function, "nin", 9):  # the second would be written to
                continue
            try:
                want = function(*(_array(a) for a in these))
            except Exception:
                continue
            _same(function(*these), want)
            calls += 1
    assert calls > 700


def test_numpy_functions_refuse_tensors_that_record():
    t = nt.tensor([1.0, 2.0], requires_grad=True)
    for function in (np.sum, np.exp, np.sort, np.linalg.norm, lambda x: np.concatenate([x, x])):
        with pytest.raises(nt.TapeError, match="detach"):
            function(t)


def test_a_tensor_that_records():
    """NumPy would lose the history, so the way out is explicit, as PyTorch has it."""
    t = nt.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises((nt.TapeError, RuntimeError), match="detach"):
        t.numpy()
    with pytest.raises((nt.TapeError, RuntimeError), match="detach"):
        np.asarray(t)
    assert t.detach().numpy().tolist() == [1, 2]
    assert from_tensor(t * 2).tolist() == [2, 4]


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a", "b"]),
        np.array([object()]),
        np.array([1, 2], "datetime64[s]"),
        np.zeros(2, [("x", float)]),
        np.array([b"x"]),
    ],
    ids=lambda a: str(a.dtype),
)
def test_dtypes_that_tensors_do_not_have(array):
    for make in (nt.asarray, nt.tensor):
        with pytest.raises(TypeError):
            make(array)


@pytest.mark.parametrize("code", [">f8", ">i4", ">u2"])
def test_foreign_byte_order(code):
    """Converted or refused, never misread."""
    array = np.arange(3).astype(code)
    if array.dtype.isnative:
        pytest.skip("this machine's own byte order")
    try:
        t = nt.tensor(array)
    except TypeError:
        return
    assert t.tolist() == [0, 1, 2]


def test_unaligned_memory():
    """Converted or refused, never misread."""
    raw = np.zeros(33, np.uint8)
    array = raw[1:].view(np.float64)
    array[:] = [1, 2, 3, 4]
    assert not array.flags.aligned
    try:
        t = nt.asarray(array)
    except ValueError:
        return
    assert t.tolist() == [1, 2, 3, 4]
    assert (t + t).tolist() == [2, 4, 6, 8]


def test_strides_that_are_not_whole_elements():
    records = np.zeros(4, np.dtype([("a", np.int8), ("b", np.float64)], align=False))
    records["b"] = [1, 2, 3, 4]
    try:
        t = nt.asarray(records["b"])
    except ValueError:
        return
    assert t.tolist() == [1, 2, 3, 4]


def test_buffer_protocol():
    view = memoryview(nt.tensor([[1, 2], [3, 4]], dtype=nt.int32))
    assert view.shape == (2, 2)
    assert view.itemsize == 4
    assert view.tolist() == [[1, 2], [3, 4]]


def test_buffers_of_other_objects():
    numbers = array_module.array("d", [1, 2, 3])
    for thing in (numbers, memoryview(numbers)):
        t = nt.asarray(thing)
        t[0] += 4
        assert t.dtype == nt.float64
    assert numbers[0] == 9
    raw = bytearray(b"abcdef")
    t = nt.asarray(memoryview(raw)[::-2])
    assert t.tolist() == [102, 100, 98]
    t[0] = 0
    assert raw == b"abcde\0"
    grid = nt.asarray(memoryview(nt.arange(6, dtype=nt.int16).reshape(2, 3).T))
    assert grid.tolist() == [[0, 3], [1, 4], [2, 5]]
    with pytest.raises(ValueError, match="read-only"):
        nt.asarray(memoryview(b"ab"))[0] = 1


def test_empty_and_zero_dimensional():
    for array in (np.zeros((0, 3)), np.zeros((3, 0))[::-1], np.array(2.5)):
        assert_same(nt.asarray(array), array)
        assert_same(nt.asarray(array).numpy(), array)
