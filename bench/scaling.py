"""Cost against size, and what a second thread gains: are there steps or cliffs.

    python bench/scaling.py           # about two minutes, into docs/scaling.png
    python bench/scaling.py --show    # prints the figures, writes nothing

Sizes are powers of ten and of two, their neighbours, and odd ones, dense around the size from
which work is shared among threads. A figure is the least of repeated runs.
"""

from __future__ import annotations

import argparse
import json
import math
import timeit
from pathlib import Path

import ndtape as nt

HERE = Path(__file__).parent
RESULTS, PICTURE = HERE / "results" / "scaling.json", HERE.parent / "docs" / "scaling.png"


def sizes(largest: int) -> list[int]:
    """Counts of elements from 1 on, four a factor of ten, and those around powers of two."""
    found = {round(10 ** (k / 4)) for k in range(4 * round(math.log10(largest)) + 1)}
    for k in range(1, round(math.log2(largest)) + 1):
        found |= {2**k, 2**k - 1, 2**k + 1} if k % 3 == 0 else {2**k}
    found |= {round(2**16 * (1 + share / 8)) for share in range(-6, 9)}  # where sharing begins
    return sorted(n for n in found if n <= largest)


def least(work, seconds: float = 0.03, repeats: int = 5) -> float:
    """Seconds a call, the least of a few batches."""
    timer = timeit.Timer("work()", globals={"work": work})
    once = min(timer.timeit(1) for _ in range(2))
    calls = max(1, min(10**5, int(seconds / max(once, 1e-8))))
    return min(timer.repeat(repeats if once < 0.5 else 2, calls)) / calls


def elementwise(largest: int) -> dict[str, dict[int, float]]:
    rng = nt.random.default_rng(0)
    whole = rng.uniform(size=largest)
    found: dict[str, dict[int, float]] = {"add": {}, "exp": {}, "sum": {}}
    for n in sizes(largest):
        x = whole[:n]
        found["add"][n] = least(lambda x=x: x + x)
        found["exp"][n] = least(lambda x=x: nt.exp(x))
        found["sum"][n] = least(lambda x=x: nt.sum(x))
    return found


def matmul(largest: int) -> dict[int, float]:
    rng = nt.random.default_rng(0)
    found = {}
    sides = {round(2 ** (k / 2)) for k in range(2 * round(math.log2(largest)) + 1)}
    sides |= {s + d for s in (8, 16, 32, 64, 128, 256, 512, 1024) for d in (-1, 1)}
    for n in sorted(s for s in sides if 1 <= s <= largest):
        a = rng.uniform(size=(n, n))
        found[n] = least(lambda a=a: a @ a)
    return found


def second_thread() -> dict[str, float]:
    """Time on one thread over that on two."""
    rng = nt.random.default_rng(0)
    a, x = rng.uniform(size=(1024, 1024)), rng.uniform(size=10**7)
    work = {
        "matmul 1024": lambda: a @ a,
        "exp 10^6": lambda: nt.exp(x[: 10**6]),
        "exp 10^7": lambda: nt.exp(x),  # one thread alone nearly fills the memory's lanes
        "sin 10^7": lambda: nt.sin(x),
    }
    threads = nt.get_num_threads()
    gains = {}
    for name, call in work.items():
        times = {}
        for count in (1, 2):
            nt.set_num_threads(count)
            times[count] = least(call, seconds=0.1, repeats=12)
        gains[name] = times[1] / times[2]
    nt.set_num_threads(threads)
    return gains


def picture(result: dict) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
    for name, times in result["elementwise"].items():
        n = [int(k) for k in times]
        left.loglog(n, [t / k * 1e9 for t, k in zip(times.values(), n, strict=True)], label=name)
    left.set(xlabel="elements", ylabel="nanoseconds an element", title="float32, 2 threads")
    left.legend()
    n = [int(k) for k in result["matmul"]]
    rates = [2 * k**3 / t / 1e9 for k, t in zip(n, result["matmul"].values(), strict=True)]
    right.loglog(n, rates, marker=".")
    right.set(xlabel="n", ylabel="GFLOP/s", title="(n, n) @ (n, n), float32, 2 threads")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    gains = ", ".join(f"{name} {gain:.2f}" for name, gain in result["second_thread"].items())
    figure.suptitle(f"A second thread: {gains} times as fast")
    figure.savefig(PICTURE, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=10**8, help="elements (%(default)s)")
    parser.add_argument("--show", action="store_true", help="print, write nothing")
    options = parser.parse_args()
    nt.set_num_threads(2)
    result = {
        "second_thread": second_thread(),
        "elementwise": elementwise(options.largest),
        "matmul": matmul(2048),
    }
    print(result["second_thread"])
    if options.show:
        print(json.dumps(result, indent=1))
        return
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    picture(result)
    print(f"written to {RESULTS} and {PICTURE}")


if __name__ == "__main__":
    main()
