"""Each instruction set that the processor has: right, and chosen by NDTAPE_ISA."""

import os
import platform
import subprocess
import sys

import pytest

from ndtape import _core

_SMOKE = """
import numpy as np
import ndtape as nt
from ndtape import _core

print(_core.config()["isa"])
rng = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    x = rng.standard_normal((67, 129)).astype(dtype)
    t = nt.asarray(x)
    tol = dict(rtol=2e-5, atol=2e-5) if dtype == np.float32 else dict(rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal((t + t[::-1]).numpy(), x + x[::-1])
    np.testing.assert_array_equal((t[:67, :67] * t[:67, :67].T).numpy(), x[:, :67] * x[:, :67].T)
    for name in ("exp", "sin", "cos", "tanh", "arctan"):
        ours = getattr(nt, {"arctan": "atan"}.get(name, name))
        np.testing.assert_allclose(ours(t).numpy(), getattr(np, name)(x), **tol)
    np.testing.assert_allclose((t @ t.T).numpy(), x @ x.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(nt.sum(t, axis=0).numpy(), x.sum(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(nt.max(t, axis=1).numpy(), x.max(1))
    np.testing.assert_array_equal(nt.argmax(t, axis=1).numpy(), x.argmax(1))
    np.testing.assert_array_equal(nt.where(t > 0, t, 0).numpy(), np.where(x > 0, x, 0))
    g = nt.grad(lambda a: nt.sum(nt.tanh(a) * a))(t).numpy()
    np.testing.assert_allclose(g, np.tanh(x) + x * (1 - np.tanh(x) ** 2), **tol)
for dtype in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
    i = rng.integers(0, 100, (3, 77)).astype(dtype)
    t = nt.asarray(i)
    np.testing.assert_array_equal((t + t).numpy(), i + i)
    np.testing.assert_array_equal((t * t).numpy(), i * i)
    np.testing.assert_array_equal((t // (t * 0 + 7)).numpy(), i // np.asarray(7, dtype))
    np.testing.assert_array_equal((t // (t * 0)).numpy(), i * 0)
    np.testing.assert_array_equal((t < 50).numpy(), i < 50)
"""

X86 = platform.machine().lower() in ("x86_64", "amd64")


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def best():
    """The instruction set that is chosen when nothing is said."""
    environment = {k: v for k, v in os.environ.items() if k != "NDTAPE_ISA"}
    code = "from ndtape import _core; print(_core.config()['isa'])"
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return out.stdout.strip()


@pytest.mark.parametrize("isa", ["v2", "v3", "v4"])
def test_instruction_set(isa):
    if not X86:
        pytest.skip("x86-64 levels exist on x86-64 alone")
    if isa > best():
        pytest.skip(f"this processor has no {isa}")
    out = run(_SMOKE, NDTAPE_ISA=isa)
    assert out.returncode == 0, out.stderr
    assert out.stdout.split() == [isa]


def test_the_one_in_use_is_known():
    assert _core.config()["isa"] in ("v2", "v3", "v4", "neon", "generic")
    wanted = os.environ.get("NDTAPE_ISA")
    if wanted:
        assert _core.config()["isa"] == wanted


@pytest.mark.parametrize("name", ["v9", "avx", "V2 ", "x"])
def test_an_unknown_name_is_refused(name):
    code = (
        "try:\n"
        "    import ndtape as nt\n"
        "    nt.show_config()\n"
        "    nt.zeros(3) + 1\n"
        "except ValueError as error:\n"
        "    print('ValueError', error)\n"
    )
    out = run(code, NDTAPE_ISA=name)
    assert out.returncode == 0, out.stderr
    assert out.stdout.startswith("ValueError"), out.stdout
    assert name in out.stdout
    assert "NDTAPE_ISA" in out.stdout
