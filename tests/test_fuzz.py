"""Calls with arguments that make no sense: each ends in a result or an exception, never a crash.

They run in a process of their own, so that a crash is a failure with the call that caused it.
`python tests/test_fuzz.py SEED COUNT` runs more of them.
"""

import faulthandler
import os
import subprocess
import sys

import numpy as np
import pytest

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


def run(seed, count):
    rng = np.random.default_rng(seed)
    functions = _functions()
    unexpected = []
    log = open(os.environ.get("FUZZ_LOG", os.devnull), "w")  # noqa: SIM115 - closed at exit
    for _ in range(count):
        tensors, junk = _tensors(rng), _junk(rng)
        name, function = functions[rng.integers(len(functions))]
        arguments = [
            tensors[rng.integers(len(tensors))]
            if rng.random() < 0.6
            else junk[rng.integers(len(junk))]
            for _ in range(rng.integers(0, 4))
        ]
        keywords = {}
        if rng.random() < 0.3:
            keywords[_KEYWORDS[rng.integers(len(_KEYWORDS))]] = junk[rng.integers(len(junk))]
        if _too_large([*arguments, *keywords.values()]):
            continue
        print(name, [_brief(a) for a in arguments], keywords, file=log, flush=True)
        try:
            result = function(*arguments, **keywords)
            if isinstance(result, nt.Tensor) and result.size < 1000:
                repr(result)
                if result.requires_grad and result.size:
                    result.sum().backward()
        except _EXPECTED:
            pass
        except BaseException as error:
            unexpected.append(f"{name}{arguments}{keywords}: {type(error).__name__}: {error}")
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
