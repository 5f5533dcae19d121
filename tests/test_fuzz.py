"""Arguments that make no sense: each case ends in a result or an exception, never a crash.

Calls with anything at all, shapes and strides, capsules and buffers; of `fuzz_operators.py` calls
that are nearly right, keys, objects that lie and damaged files. They run in a process of their
own, so that a crash is a failure with the case that caused it.
`python tests/test_fuzz.py SEED COUNT` runs more of them; docs/developing.md has the command
that runs them under AddressSanitizer.
"""

import array as arrays
import ctypes
import faulthandler
import os
import subprocess
import sys
import tempfile

import fuzz_operators
import numpy as np
import pytest
from forged import LEGACY, Forged, reach

import ndtape as nt

# Not called: they change the process, print, or would be slow on purpose.
_LEFT_OUT = {"set_num_threads", "set_default_dtype", "show_config", "TapeError", "memory", "random"}
_EXPECTED = (
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    MemoryError,
    AttributeError,
    BufferError,
    RuntimeError,  # TapeError among them
    ZeroDivisionError,
    FileNotFoundError,
)


def _tensors(rng):
    """Odd tensors: of every dtype, empty, 0-d, broadcast, reversed, read-only, recording."""
    frozen = np.arange(6.0)
    frozen.flags.writeable = False
    leaf = nt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    return [
        nt.tensor(1.5),
        nt.zeros((0,)),
        nt.zeros((3, 0, 2)),
        nt.broadcast_to(nt.tensor(2.0), (2, 3)),
        nt.arange(12).reshape(3, 4)[::-1, ::2],
        nt.arange(24.0).reshape(2, 3, 4).T,
        nt.asarray(frozen),
        nt.ones((1,) * 64),
        nt.zeros((0, 2**60)),
        nt.tensor([True, False]),
        nt.tensor([2**63 - 1, -(2**63)]),
        nt.tensor([float("nan"), float("inf"), -0.0]),
        leaf,
        leaf * 2,
        (leaf * 2)[0],
        nt.asarray(rng.integers(-3, 3, (2, 2)).astype(rng.choice(["int8", "uint16", "int32"]))),
        nt.asarray(rng.standard_normal((2, 2))),
    ]


def _junk(rng):
    odd = [0, 1, -1, 2, 64, 65, -(2**63), 2**63, 10**30, 0.5, float("nan"), float("inf"), 1e300]
    words = [None, "", "float32", "int8", b"x", True, False, Ellipsis, object(), 1j, slice(None)]
    lists = [[], (), [0], (0, 1), (1, 0), (-1,), (0, 0), [[1, 2], [3]], {}, {1}, [None]]
    lists.append((2**62, 4))
    dtypes = [nt.float32, nt.int8, nt.bool, np.float64, np.dtype("U3"), int, float, nt.float64]
    arrays = [np.zeros(3), np.zeros((2, 2), np.int32), np.array("a"), np.float32(2), np.array(1)]
    slices = [
        slice(None, None, -1),
        slice(2, None),
        slice(None, None, 0),
        slice(-(2**70), 2**70, 3),
    ]
    return odd + words + lists + dtypes + arrays + slices


_KEYWORDS = [
    "axis",
    "keepdims",
    "dtype",
    "out",
    "copy",
    "correction",
    "shape",
    "k",
    "requires_grad",
]


def _functions():
    found = [(n, getattr(nt, n)) for n in nt.__all__ if n not in _LEFT_OUT]
    found = [(n, f) for n, f in found if callable(f)]
    for module in (nt.nn.functional, nt.linalg, nt.fft, nt.special):
        found += [(n, getattr(module, n)) for n in module.__all__]
    inner = [n for n in dir(nt._core) if n[0] == "_" and n[1] != "_" and n != "_set_anomaly"]
    found += [(n, getattr(nt._core, n)) for n in inner]
    special = (
        "add radd sub mul truediv floordiv rfloordiv mod pow rpow matmul rmatmul and lshift rshift "
        "iadd isub imul itruediv ifloordiv imod ipow imatmul iand ilshift getitem setitem delitem "
        "eq lt neg invert abs bool int float index len iter contains format round divmod array "
        "copy deepcopy reduce_ex setattr getattribute"
    )
    names = [n for n in dir(nt.Tensor) if not n.startswith("_")]
    names += [f"__{n}__" for n in special.split()]
    found += [(f"Tensor.{n}", getattr(nt.Tensor, n)) for n in names if hasattr(nt.Tensor, n)]
    found += [(f"random.{n}", getattr(nt.random.default_rng(0), n)) for n in _DRAWS]
    return [(n, f) for n, f in found if callable(f)]


_DRAWS = ["uniform", "normal", "integers", "bernoulli", "permutation", "choice", "random"]


def _too_large(arguments):
    """Whether a call may be right and yet take all memory or time: those are other tests'."""
    flat = []
    for a in arguments:
        flat += a if isinstance(a, (list, tuple)) else [a]
    return any(isinstance(a, (int, float)) and 64 < abs(a) < 2**62 for a in flat)


def _brief(value):
    return (value.shape, value.dtype) if isinstance(value, nt.Tensor) else value


class Log:
    """What is tried, on the disk before it is: a crash leaves its cause as the last line."""

    def __init__(self):
        path = os.environ.get("FUZZ_LOG")
        self.file = open(path, "w") if path else tempfile.NamedTemporaryFile("w")  # noqa: SIM115

    def __call__(self, *words):
        self.file.seek(0)
        self.file.truncate()
        print(*words, file=self.file, flush=True)


def _use(result):
    """Read every element of a result, and walk back from it."""
    if isinstance(result, nt.Tensor) and result.size < 1000:
        repr(result)
        if result.requires_grad and result.size:
            result.sum().backward()


def _call(rng, values, log):
    functions, tensors, junk = values
    name, function = functions[rng.integers(len(functions))]
    arguments = [
        tensors[rng.integers(len(tensors))] if rng.random() < 0.6 else junk[rng.integers(len(junk))]
        for _ in range(rng.integers(0, 4))
    ]
    keywords = {}
    if rng.random() < 0.3:
        keywords[_KEYWORDS[rng.integers(len(_KEYWORDS))]] = junk[rng.integers(len(junk))]
    if _too_large([*arguments, *keywords.values()]):
        return
    log(name, [_brief(a) for a in arguments], keywords)
    _use(function(*arguments, **keywords))


def _number(rng):
    """Small, sometimes beyond any memory or any integer."""
    if rng.random() < 0.85:
        return int(rng.integers(-4, 7))
    return int(rng.choice([2**62, -(2**62), 2**63 - 1, -(2**63)])) * int(rng.choice([1, 1, 2]))


def _numbers(rng, most):
    return tuple(_number(rng) for _ in range(rng.integers(0, most + 1)))


def _shapes(rng, values, log):
    """Shapes, axes and positions of any numbers."""
    x = values[1][rng.integers(len(values[1]))]
    a, b = _numbers(rng, 5), _numbers(rng, 3)
    bounds = [_number(rng) if rng.random() < 0.7 else None for _ in range(3)]
    cases = [
        lambda: nt.zeros(a),
        lambda: nt.full(a, 2.0, dtype=nt.int8),
        lambda: nt.reshape(x, a),
        lambda: nt.broadcast_to(x, a),
        lambda: nt.permute_dims(x, a),
        lambda: nt.moveaxis(x, a, b),
        lambda: nt.expand_dims(x, axis=a),
        lambda: nt.squeeze(x, axis=a),
        lambda: nt.flip(x, axis=a),
        lambda: nt.roll(x, a, axis=b),
        lambda: nt.tile(x, b),
        lambda: nt.sum(x, axis=a),
        lambda: x[a],
        lambda: x[slice(*bounds)],
        lambda: x[..., slice(*bounds)],
        lambda: x[list(a)],
        lambda: x[list(a), list(b)],
        lambda: x.detach().__setitem__(a, 1),
        lambda: x.detach().__setitem__((list(a), list(b)), 1),
        lambda: x.detach().__setitem__(slice(*bounds), x.detach()),
        lambda: nt.take(x, nt.asarray(list(b), dtype=nt.int64), axis=_number(rng)),
        lambda: nt.split(x, list(b), axis=_number(rng)),
        lambda: nt.broadcast_shapes(a, b),
        lambda: nt.unravel_index(_number(rng), a),
        lambda: nt.linalg.diagonal(x, offset=_number(rng)),
        lambda: nt.tril(x, k=_number(rng)),
        lambda: nt.eye(*b),
        lambda: nt.arange(*[min(n, 1000) for n in b]),
        lambda: nt.random.default_rng(0).uniform(0, 1, a),
    ]
    which = rng.integers(len(cases))
    log("shapes", which, _brief(x), a, b, bounds)
    _use(cases[which]())


def _capsules(rng, values, log):
    """A capsule whose fields are anything; elements are read where they lie in its memory."""
    ndim = int(rng.integers(0, 5))
    wild = [_number(rng) for _ in range(2 * ndim)]
    wild = [max(-(2**63), min(n, 2**63 - 1)) for n in wild]
    fields = {"shape": wild[:ndim]}
    if rng.random() < 0.7:
        fields["strides"] = wild[ndim:]
    if rng.random() < 0.8:
        fields["dtype"] = (
            int(rng.integers(0, 8)),
            int(rng.choice([1, 8, 16, 32, 64, 128])),
            int(rng.choice([1, 1, 1, 0, 4])),
        )
    odd = {
        "byte_offset": [0, 4, 8, 64, 2**63, 2**64 - 8],
        "flags": [0, 1, 2, 3, 2**40],
        "version": [(1, 0), (1, 9), (0, 8), (2, 0)],
        "device": [(1, 0), (2, 0), (-1, 5)],
        "data": [None],
        "ndim": [-1, 0, 65, 2**31 - 1],
        "shape_pointer": [None],
        "name": [None, LEGACY, LEGACY, LEGACY, ctypes.create_string_buffer(b"dltensor_")],
    }
    for field, choices in odd.items():
        if rng.random() < 0.1:
            fields[field] = choices[rng.integers(len(choices))]
    log("capsule", fields)
    made = Forged(**fields)
    x = nt.from_dlpack(made, copy=[None, False][rng.integers(2)])
    if reach(x, made.memory):
        _use(x)
        _use(x + x if x.dtype != nt.bool else x)
        np.from_dlpack(x).tobytes()


def _buffers(rng, values, log):
    """Memory of other objects, cut, cast, shifted and turned round; and our own handed out."""
    raw = bytearray(rng.bytes(int(rng.integers(0, 80))))
    flat = np.frombuffer(raw, np.uint8)[int(rng.integers(0, 9)) :]
    formats = ["b", "B", "?", "c", "h", "H", "i", "I", "l", "L", "q", "Q", "f", "d", "n", "P", "x"]
    formats += ["<i4", ">f8", "c8", "c16", "f2", "g", "U1", "S3", "M8[s]", "O", "i4,f4", "V5"]
    form = formats[rng.integers(len(formats))]
    log("buffer", len(raw), flat.size, form)
    kind = rng.integers(5)
    if kind == 0:
        made = memoryview(raw)
        if len(form) == 1:
            made = made[: len(raw) // 16 * 16].cast(form)
    elif kind == 1:
        made = arrays.array(form if form in "bBhHiIlLqQfd" else "b", bytes(16))
    elif kind == 2:
        made = (ctypes.c_double * int(rng.integers(0, 4)))()
    else:
        dtype = np.dtype(form)
        made = flat[: flat.size // max(dtype.itemsize, 1) * dtype.itemsize]
        made = np.zeros(3, dtype) if dtype.hasobject else made.view(dtype)
        made = made[:: int(rng.choice([1, 2, -1, -3]))]
        if kind == 4:
            made = made[:, None].T if rng.random() < 0.5 else np.broadcast_to(made, (2, made.size))
    copy = [None, True, False][rng.integers(3)]
    x = nt.asarray(made, copy=copy) if rng.random() < 0.7 else nt.tensor(made)
    log("buffer", len(raw), form, _brief(x))
    _use(x)
    view = memoryview(x.detach())
    view.tobytes()
    if view.contiguous and x.size:
        nt.asarray(view.cast("B"))
    out = np.asarray(x.detach(), dtype=[None, np.float64][rng.integers(2)])
    del x, view
    out.tobytes()


def run(seed, count):
    rng = np.random.default_rng(seed)
    functions = _functions()
    log = Log()
    unexpected = []
    kinds = [_call, _call, _call, _shapes, _shapes, _capsules, _buffers, *fuzz_operators.KINDS]
    values = None
    for case in range(count):
        if case % 10 == 0:  # what calls have changed does not stay for long
            values = functions, _tensors(rng), _junk(rng)
        try:
            kinds[rng.integers(len(kinds))](rng, values, log)
        except _EXPECTED:
            pass
        except BaseException as error:
            log.file.seek(0)
            text = open(log.file.name).read()  # noqa: SIM115
            unexpected.append(f"case {case}: {text}{type(error).__name__}: {error}")
    return unexpected


@pytest.mark.parametrize("seed", [0, 1])
def test_calls_that_make_no_sense(seed, tmp_path):
    log = tmp_path / "last"
    out = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "ignore", __file__, str(seed), "2000"],
        env={**os.environ, "FUZZ_LOG": str(log)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert out.returncode == 0, (
        f"{out.stderr[-3000:]}\n{out.stdout[-3000:]}\n{log.read_text()[-500:]}"
    )


if __name__ == "__main__":
    faulthandler.enable()
    failures = run(int(sys.argv[1]), int(sys.argv[2]))
    print("\n".join(failures))
    sys.exit(bool(failures))
