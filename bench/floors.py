"""What the machine can do at most: multiply-adds and bytes a second."""

from __future__ import annotations

import concurrent.futures
import ctypes
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("fma_peak.c")


def fma_peak(threads: int) -> dict[str, float] | None:
    """FLOP/s of a compiled loop of independent multiply-adds; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "fma_peak.so"
        command = [compiler, "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
        made = subprocess.run(
            [*command, SOURCE, "-o", library], capture_output=True, check=False
        ).returncode
        if made != 0:
            return None
        loops = ctypes.CDLL(str(library))
        return {
            "float32": _flops(loops.fma_float32, threads),
            "float64": _flops(loops.fma_float64, threads),
        }


def _flops(loop, threads: int) -> float:
    loop.restype = ctypes.c_double
    loop.argtypes = [ctypes.c_long]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        best = 0.0
        for _ in range(7):  # ctypes lets go of the interpreter lock: the loops run at once
            start = time.perf_counter()
            done = sum(pool.map(loop, [4_000_000] * threads))
            best = max(best, done / (time.perf_counter() - start))
    return best


def stream(lib) -> float | None:
    """Bytes a second of c = a + b into existing memory, 12 bytes an element; None if it cannot."""
    arrays = [np.ones(10**7, np.float32) for _ in range(3)]
    a, b, c = lib.arrays(*arrays)
    if lib.name == "jax":
        return None
    if lib.name == "ndtape":

        def work():
            nonlocal c
            c += a
    else:

        def work():
            lib.xp.add(a, b, out=c)

    best = float("inf")
    for _ in range(15):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return 12e7 / best


def busy_seconds() -> float:
    """Processor time that all processes of this machine have used, and lost to its neighbours."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return 0.0  # not told here: nothing counts as disturbed
    user, nice, system, _idle, _wait, irq, soft_irq, stolen = map(int, fields)
    return (user + nice + system + irq + soft_irq + stolen) / os.sysconf("SC_CLK_TCK")


def measure(workers: dict, threads: int) -> dict:
    """Peak and stream bandwidth, and where the peak comes from."""
    streams = [s for s in (w.ask("stream") for w in workers.values()) if isinstance(s, float)]
    peak = fma_peak(threads)
    return {
        "stream": max(streams),
        "peak": peak or {"float32": 0.0, "float64": 0.0},
        "peak_source": "compiled loop of multiply-adds" if peak else "fastest matmul of this run",
    }


def raise_peak(facts: dict, row, seconds: dict[str, float]) -> None:
    """Without a compiler the fastest product stands for the peak."""
    if facts["peak_source"].startswith("compiled") or not row.flops or not seconds:
        return
    seen = row.flops / min(seconds.values())
    facts["peak"][row.flop_type] = max(facts["peak"][row.flop_type], seen)


def installed_size(name: str) -> int:
    """Bytes of the files of an installed package, without what it depends on."""
    try:
        files = [Path(f.locate()) for f in importlib.metadata.files(name) or []]
    except importlib.metadata.PackageNotFoundError:  # run from a build folder
        folder = Path(importlib.util.find_spec(name).origin).parent
        files = list(folder.rglob("*"))
    total = sum(f.stat().st_size for f in files if f.is_file())
    if name == "jax":
        total += installed_size("jaxlib")
    return total
