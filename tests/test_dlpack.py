"""DLPack both ways: values, layouts, lifetimes, protection, and capsules that are not right."""

import ctypes
import gc
import weakref

import numpy as np
import pytest
from forged import CPU, Forged
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL, COMPLEX, assert_same, examples, pairs

import ndtape as nt


class Exporter:
    """An object that hands out a capsule made elsewhere, as another library would."""

    def __init__(self, capsule, device=CPU, legacy=False):
        self.capsule, self.device, self.legacy = capsule, device, legacy

    def __dlpack__(self, **arguments):
        if self.legacy and arguments:
            raise TypeError("no keywords")
        return self.capsule

    def __dlpack_device__(self):
        return self.device


# ---- out and back ------------------------------------------------------------------------------


@given(pairs(max_dims=6))
def test_round_trip_of_any_layout(case):
    array, tensor = case
    assert_same(np.from_dlpack(tensor), array)
    assert_same(nt.from_dlpack(array), array)
    assert_same(nt.from_dlpack(tensor), array)
    assert nt.from_dlpack(tensor).strides == tensor.strides


@pytest.mark.parametrize("name", [*ALL, *COMPLEX])
def test_zero_copy_both_ways(name):
    array = np.zeros((3, 4), name)
    t = nt.from_dlpack(array[:, ::-2])
    array[1, 1] = 1
    assert t[1, 1].item() == 1
    t[2, 0] = True
    assert array[2, 3] == 1
    back = np.from_dlpack(t)
    assert back.dtype == name
    assert np.shares_memory(back, array)
    back[0, 0] = 1
    assert array[0, 3] == 1


def test_legacy_protocol():
    """Consumers and producers that know neither versions nor keywords."""
    x = nt.arange(6, dtype=nt.float64).reshape(2, 3)[:, ::2]
    assert '"dltensor"' in repr(x.__dlpack__())
    assert '"dltensor"' in repr(x.__dlpack__(max_version=(0, 8)))
    assert '"dltensor_versioned"' in repr(x.__dlpack__(max_version=(1, 0)))
    assert '"dltensor_versioned"' in repr(x.__dlpack__(max_version=(2, 5)))
    y = nt.from_dlpack(Exporter(x.__dlpack__(), legacy=True))
    x[0, 0] = 7
    assert y.tolist() == [[7, 2], [3, 5]]
    with pytest.raises(ValueError, match="read-only"):  # it cannot be known to be writable
        y[0, 0] = 1


def test_read_only_memory():
    array = np.arange(4.0)
    array.flags.writeable = False
    t = nt.from_dlpack(array)
    with pytest.raises(ValueError, match="read-only"):
        t += 1
    assert not np.from_dlpack(t).flags.writeable
    own = nt.from_dlpack(array, copy=True)
    own += 1
    assert array.tolist() == [0, 1, 2, 3]
    # A legacy capsule cannot say so: it gets a copy, or nothing.
    copied = nt.from_dlpack(Exporter(t.__dlpack__()))
    assert copied.data_ptr() != t.data_ptr()
    with pytest.raises(BufferError, match="read-only"):
        t.__dlpack__(copy=False)


def test_elements_that_share_an_address_are_read_only():
    t = nt.broadcast_to(nt.arange(3), (2, 3))
    array = np.from_dlpack(t)
    assert array.strides[0] == 0
    assert not array.flags.writeable


def test_copies():
    x = nt.arange(4)
    for make in (np.from_dlpack, nt.from_dlpack):
        y = make(x, copy=True)
        y[0] = 9
        assert x[0].item() == 0
        z = make(x, copy=False)
        z[0] = 5
        assert x[0].item() == 5
        x[0] = 0
    array = np.arange(3.0)
    y = nt.from_dlpack(array, copy=True, device="cpu")
    y[0] = 9
    assert array[0] == 0
    nt.from_dlpack(array, copy=False)[0] = 7
    assert array[0] == 7


def test_versions_count_changes_through_either_tensor():
    x = nt.arange(3)
    y = nt.from_dlpack(x)
    y += 1
    assert x._version == y._version > 0


def test_arguments_of_the_protocol():
    x = nt.arange(3)
    assert x.__dlpack_device__() == CPU
    assert x.__dlpack__(dl_device=CPU) is not None
    with pytest.raises(BufferError, match=r"\(2, 0\)"):
        x.__dlpack__(dl_device=(2, 0))
    with pytest.raises(ValueError, match="stream"):
        x.__dlpack__(stream=1)
    for bad in (1, (1,), (1, 0, 0), [1, 0], ("1", 0)):
        with pytest.raises(TypeError, match="max_version"):
            x.__dlpack__(max_version=bad)
    with pytest.raises(ValueError, match="cuda"):
        nt.from_dlpack(x, device="cuda")


def test_a_tensor_that_records():
    x = nt.tensor([1.0], requires_grad=True)
    for export in (lambda: np.from_dlpack(x), lambda: nt.from_dlpack(x), x.__dlpack__):
        with pytest.raises(BufferError, match="detach"):
            export()
    assert np.from_dlpack(x.detach()).tolist() == [1]


# ---- lifetimes ---------------------------------------------------------------------------------


def test_memory_outlives_names_in_either_order():
    array = np.arange(100_000.0)
    watch = weakref.ref(array)
    t = nt.from_dlpack(array)
    part = t[10:13]
    del array, t
    gc.collect()
    assert watch() is not None
    assert part.tolist() == [10, 11, 12]
    del part
    gc.collect()
    assert watch() is None

    t = nt.arange(100_000)
    out = np.from_dlpack(t)[5:8]
    del t
    gc.collect()
    nt.memory.empty_cache()
    for _ in range(10):
        nt.zeros(100_000)
    assert out.tolist() == [5, 6, 7]


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_capsules_that_nobody_takes_leave_nothing(version):
    before = nt.memory.stats()["in_use"]
    for _ in range(50):
        nt.zeros(100_000).__dlpack__(max_version=version)
    assert nt.memory.stats()["in_use"] == before


def test_a_chain_of_owners():
    x = nt.arange(6)
    links = [x]
    for _ in range(4):
        links.append(np.from_dlpack(links[-1]))
        links.append(nt.from_dlpack(links[-1]))
    last = links[-1]
    del x
    while links:
        links.pop(0)
    gc.collect()
    last[0] = 9
    assert last.tolist() == [9, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_capsule_is_consumed_once(version):
    exporter = Exporter(nt.arange(3).__dlpack__(max_version=version))
    first = nt.from_dlpack(exporter)
    assert "used_dltensor" in repr(exporter.capsule)
    with pytest.raises(ValueError, match="used_dltensor"):
        nt.from_dlpack(exporter)
    del exporter
    gc.collect()
    assert first.tolist() == [0, 1, 2]


def test_empty_tensors_are_consumed_too():
    exporter = Exporter(nt.zeros((0, 3)).__dlpack__(max_version=(1, 0)))
    assert nt.from_dlpack(exporter).shape == (0, 3)
    assert "used_dltensor" in repr(exporter.capsule)


def test_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = torch.arange(12, dtype=torch.float64).reshape(3, 4)
    ours = nt.from_dlpack(theirs.T[::2])
    ours[0, 0] = 50
    assert theirs[0, 0].item() == 50
    back = torch.from_dlpack(ours)
    back[1, 1] = -1
    assert ours[1, 1].item() == -1
    for dtype in (torch.bool, torch.uint8, torch.int16, torch.float32):
        x = torch.ones((2, 0, 3), dtype=dtype)
        assert nt.from_dlpack(x).shape == (2, 0, 3)
        assert str(nt.from_dlpack(torch.ones(2, dtype=dtype)).dtype) == str(dtype)[6:]
    with pytest.raises(BufferError, match="16 bits"):
        nt.from_dlpack(torch.ones(2, dtype=torch.bfloat16))
    with pytest.raises(BufferError):
        nt.from_dlpack(torch.ones(2, requires_grad=True))


# ---- objects and capsules that are not right -----------------------------------------------------


def test_a_good_capsule():
    made = Forged()
    x = nt.from_dlpack(made)
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]
    x[0, 0] = 9
    assert made.memory[0] == 9
    assert made.deleted == 0
    del x
    assert made.deleted == 1
    assert nt.from_dlpack(Forged(strides=(1, 2))).tolist() == [[0, 2, 4], [1, 3, 5]]
    made = Forged(strides=(-3, -1), byte_offset=64)
    assert nt.from_dlpack(made).tolist() == [[8, 7, 6], [5, 4, 3]]
    assert nt.from_dlpack(Forged(shape=(), shape_pointer=None)).tolist() == 0
    assert nt.from_dlpack(Forged(shape=(0, 3), data=None)).shape == (0, 3)
    assert nt.from_dlpack(Forged(version=(1, 7))).shape == (2, 3)
    copied = Forged(flags=1)
    with pytest.raises(ValueError, match="read-only"):
        nt.from_dlpack(copied)[0, 0] = 1


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({"ndim": -1}, ValueError, "-1 axes"),
        ({"ndim": 65}, ValueError, "65 axes"),
        ({"ndim": 2**31 - 1}, ValueError, "axes"),
        ({"shape": (2, -3)}, ValueError, "-3"),
        ({"shape": (2**62, 2**62)}, ValueError, "large|overflow|many|63"),
        ({"shape_pointer": None}, ValueError, "no shape"),
        ({"data": None}, ValueError, "null"),
        ({"byte_offset": 4}, ValueError, "aligned"),
        ({"byte_offset": 2**64 - 1}, ValueError, "beyond"),
        ({"strides": (2**62, 1)}, ValueError, "beyond"),
        ({"strides": (-(2**63), 1)}, ValueError, "beyond"),
        ({"strides": (-(2**50), 1)}, ValueError, "beyond"),
        ({"dtype": (2, 16, 1)}, BufferError, "16 bits"),
        ({"dtype": (4, 16, 1)}, BufferError, "code 4"),
        ({"dtype": (2, 64, 2)}, BufferError, "2 lanes"),
        ({"dtype": (2, 64, 0)}, BufferError, "0 lanes"),
        ({"dtype": (200, 64, 1)}, BufferError, "code 200"),
        ({"device": (2, 0)}, BufferError, "device type 2"),
        ({"device": (-5, 0)}, BufferError, "device type -5"),
        ({"version": (2, 0)}, BufferError, "2.0"),
        ({"version": (0, 9)}, BufferError, "0.9"),
    ],
    ids=str,
)
def test_malformed_capsules(fields, error, match):
    made = Forged(**fields)
    with pytest.raises(error, match=match):
        nt.from_dlpack(made)
    # Its contents stay the capsule's own.
    assert made.deleted == 0
    assert '"dltensor_versioned"' in repr(made.capsule)


@pytest.mark.parametrize("name", [None, b"", b"dltensor_", b"used_dltensor", b"numpy"])
def test_capsules_of_another_name(name):
    made = Forged(name=ctypes.create_string_buffer(name) if name is not None else None)
    with pytest.raises(ValueError, match="name"):
        nt.from_dlpack(made)


@examples(120)
@given(data=st.data())
def test_capsules_of_any_contents(data):
    """A tensor inside the memory, or an exception; values are only read where they lie inside."""
    small = st.integers(-4, 6)
    wild = st.one_of(small, small, st.integers(-(2**63), 2**63 - 1))
    ndim = data.draw(st.integers(0, 4))
    shape = data.draw(st.lists(wild, min_size=ndim, max_size=ndim))
    strides = data.draw(st.none() | st.lists(wild, min_size=ndim, max_size=ndim))
    made = Forged(
        shape=shape,
        strides=strides,
        dtype=data.draw(st.tuples(st.integers(0, 7), st.sampled_from([8, 16, 32, 64, 128]),
                                  st.sampled_from([1, 1, 1, 4]))),
        flags=data.draw(st.integers(0, 3)),
        byte_offset=data.draw(st.integers(0, 64)),
    )  # fmt: skip
    try:
        x = nt.from_dlpack(made)
    except (BufferError, ValueError):
        assert made.deleted == 0
        return
    assert x.shape == tuple(shape)
    start = x.data_ptr() - made.memory.ctypes.data
    reach = [(n - 1) * s for n, s in zip(x.shape, x.strides, strict=True)]
    low = start + sum(r for r in reach if r < 0)
    high = start + sum(r for r in reach if r > 0) + x.itemsize
    if x.size and low >= 0 and high <= made.memory.nbytes:
        want = np.lib.stride_tricks.as_strided(
            made.memory.view(np.uint8)[start : start + x.itemsize].view(x.dtype.dtype)[0:1],
            x.shape,
            x.strides,
        )
        assert x.numpy().tobytes() == want.tobytes()
    del x
    assert made.deleted == 1


def test_objects_without_the_protocol():
    for thing in (1, [1.0], None, "x", object()):
        with pytest.raises(TypeError, match="__dlpack_device__"):
            nt.from_dlpack(thing)
    with pytest.raises(TypeError, match="not a capsule"):
        nt.from_dlpack(Exporter(5))
    with pytest.raises(TypeError, match="device"):
        nt.from_dlpack(Exporter(nt.ones(1).__dlpack__(), device=1))
    with pytest.raises(BufferError, match="device='cpu'"):
        nt.from_dlpack(Exporter(nt.ones(1).__dlpack__(), device=(2, 0)))
    moved = Exporter(nt.ones(1).__dlpack__(), device=(2, 0))
    assert nt.from_dlpack(moved, device="cpu").tolist() == [1]


def test_an_exporter_that_raises():
    class Failing(Exporter):
        def __dlpack__(self, **arguments):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        nt.from_dlpack(Failing(None))
    with pytest.raises(BufferError):  # NumPy's own refusal
        nt.from_dlpack(np.zeros(2, "datetime64[s]"))
