"""Times ndtape beside NumPy, PyTorch and JAX, whichever are installed.

    python bench/peers.py                          # all rows, into docs/performance.md
    python bench/peers.py --filter matmul --quick  # a look, nothing is written
    python bench/peers.py --filter matmul --write  # these rows of the page anew
    python bench/peers.py --json FILE --threads 1

Every library lives in a process of its own, held to the same cores, and is asked row by row: in
one process the thread pools of four libraries would wait actively for work that goes to another.
The processes take turns on each row, so that a change of the machine's mood meets all of them. A
figure is the median of repeated runs, after warming up. Rows that other processes or machines
disturbed are measured again at the end, while the patience lasts.
"""

from __future__ import annotations

import argparse
import bisect
import datetime
import importlib.util
import itertools
import json
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import time
import timeit
from pathlib import Path

import floors
import networks  # noqa: F401  (its rows join ROWS)
import report
from libs import NAMES, Lib
from rows import ROWS, Row

RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parent.parent / "docs"


# ---- in a library's process --------------------------------------------------------------------


class Job:
    """One row of one library, warm and ready to be timed."""

    def __init__(self, row: Row, lib: Lib, seconds: float) -> None:
        work = row.build(lib)
        self.exists = work is not None
        if not self.exists:
            return
        self.timer = self.timer_of(work)
        self.beside = self.timer_of(row.beside(lib)) if row.beside else None
        once = min(self.timer.timeit(1) for _ in range(3))
        # Of two in turn, batches are short: what disturbs the machine for longer meets both.
        batches = 40 if self.beside else 8
        self.calls = max(1, min(10**6, int(seconds / batches / max(once, 1e-9))))
        self.timer.timeit(self.calls)

    @staticmethod
    def timer_of(work) -> timeit.Timer:
        statement, names = work if isinstance(work, tuple) else ("work()", {"work": work})
        return timeit.Timer(statement, globals=names)

    def times(self, seconds: float) -> tuple[list[float], list[float], float, float]:
        """Seconds a call, from as many batches of calls as fit, at least two.

        Also how much longer than the batch of the row beside it each took, the share of the
        machine that other processes took meanwhile, and how slow the core was before or after.
        """
        before = pace()
        # Once for nothing: threads of the library that was asked before may still be awake, waiting
        # actively, and the caches are theirs.
        self.timer.timeit(self.calls)
        busy, own, start = floors.busy_seconds(), time.process_time(), time.perf_counter()
        found: list[float] = []
        adds: list[float] = []
        while len(found) < 2 or (time.perf_counter() < start + seconds and len(found) < 100):
            found.append(self.timer.timeit(self.calls) / self.calls)
            if self.beside:
                adds.append(found[-1] - self.beside.timeit(self.calls) / self.calls)
        others = floors.busy_seconds() - busy - (time.process_time() - own)
        return found, adds, others / (time.perf_counter() - start), max(before, pace())


def pace() -> float:
    """Seconds that a fixed piece of Python takes: more, where other machines share the core."""
    return min(timeit.repeat("for i in r: pass", "r = range(20000)", number=1, repeat=3))


def serve(name: str, threads: int, pipe) -> None:
    """Answer the main process until it hangs up."""
    try:
        lib = Lib(name, threads)
    except ImportError:
        pipe.send(None)
        return
    pipe.send(lib.version)
    job = None
    while True:
        try:
            order, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            if order == "prepare":
                job = None  # let go of the last row's memory first
                index, seconds = arguments
                job = Job(ROWS[index], lib, seconds)
                pipe.send(job.exists)
            elif order == "time":
                pipe.send(job.times(*arguments))
            elif order == "stream":
                pipe.send(floors.stream(lib))
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")


# ---- in the main process -----------------------------------------------------------------------


class Worker:
    def __init__(self, name: str, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(name, threads, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.version = self.pipe.recv()

    def ask(self, *order):
        self.pipe.send(order)
        return self.pipe.recv()

    def stop(self) -> None:
        self.pipe.close()
        self.process.join(5)


class Mood:
    """Tells runs that others disturb: processes of this machine, and machines on its cores."""

    limit = 0.2  # of one core
    slower = 1.15  # than the pace that a tenth of all runs kept

    def __init__(self) -> None:
        self.paces: list[float] = []

    def note(self, pace: float) -> None:
        bisect.insort(self.paces, pace)

    def disturbed(self, runs: list[tuple[float, float]]) -> int:
        """How many runs, of which the share of others and the pace are given, were disturbed."""
        slow = self.slower * self.paces[len(self.paces) // 10]
        return sum(others >= self.limit or pace >= slow for others, pace in runs)


def measure(index: int, row: Row, workers: dict[str, Worker], quick: bool, mood: Mood) -> dict:
    """The medians of a row, and what each library without one said."""
    seconds, rounds = (0.02, 2) if quick else (0.1, 4)
    runs: list[tuple[float, float]] = []
    samples: dict[str, list[float]] = {}
    adds: dict[str, list[float]] = {}
    failures = {}
    for name, worker in workers.items():
        answer = worker.ask("prepare", index, seconds)
        if answer is True:
            samples[name] = []
        elif answer is not False:
            failures[name] = answer
    for _ in range(rounds):
        for name in list(samples):
            answer = workers[name].ask("time", seconds)
            if isinstance(answer, str):
                failures[name] = answer
                del samples[name]
                continue
            found, more, others, pace = answer
            mood.note(pace)
            runs.append((others, pace))
            samples[name] += found
            if row.beside:
                adds.setdefault(name, []).extend(more)
    return {
        "group": row.group,
        "name": row.name,
        "seconds": {name: statistics.median(found) for name, found in samples.items()},
        "adds": {name: statistics.median(found) for name, found in adds.items()},
        "operations": row.operations,
        "failures": failures,
        "runs": runs,
    }


def measure_all(chosen, workers, options, facts: dict) -> list[dict]:
    """Measure all rows; those that were disturbed again, while the patience lasts."""
    mood, found = Mood(), []
    for group, rows in itertools.groupby(chosen, key=lambda pair: pair[1].group):
        report.title(group, list(workers))
        for index, row in rows:
            found.append(measure(index, row, workers, options.quick, mood))
            floors.raise_peak(facts, row, found[-1]["seconds"])
            judge(found[-1], row, facts)
            report.line(found[-1], list(workers))

    def disturbed(at: int) -> int:
        return mood.disturbed(found[at]["runs"])

    end = time.perf_counter() + options.patience
    # A disturbance may last for minutes: it is left behind by going on to the next row.
    if any(map(disturbed, range(len(found)))):
        report.title("again", list(workers))
    while time.perf_counter() < end:
        again = [at for at in range(len(found)) if disturbed(at)]
        if not again:
            break
        for at in again:
            if time.perf_counter() >= end:
                break
            (index, row), before = chosen[at], found[at]
            found[at] = measure(index, row, workers, options.quick, mood)
            if disturbed(at) >= mood.disturbed(before["runs"]):
                found[at] = before
                continue
            floors.raise_peak(facts, row, found[at]["seconds"])
            judge(found[at], row, facts)
            report.line(found[at], list(workers))
    for at, result in enumerate(found):
        result["disturbed_runs"] = disturbed(at)
        del result["runs"]
    return found


def judge(found: dict, row: Row, machine: dict) -> None:
    """Add the ratio to the best peer, and the floor that the machine sets."""
    times = found["seconds"]
    peers = {name: t for name, t in times.items() if name in row.peers}
    found["best_peer"] = min(peers, key=peers.get) if peers else None
    found["ratio"] = None
    if peers and "ndtape" in times:
        found["ratio"] = times["ndtape"] / peers[found["best_peer"]]
    floor = max(
        row.flops / (machine["peak"][row.flop_type] or float("inf")),
        # what fits in the caches does not have to come from memory
        row.bytes / machine["stream"] if row.bytes > 3.2e7 else 0.0,
    )
    found["floor"] = floor or None
    found["floor_share"] = floor / times["ndtape"] if floor and "ndtape" in times else None
    found["gflops"] = (
        {name: row.flops / t / 1e9 for name, t in times.items()} if row.flops else None
    )


def import_times(names: list[str], repeats: int) -> dict[str, float]:
    """Milliseconds that `import` takes once compiled, Python's own start taken off."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run(code):
        found = []
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        for _ in range(repeats):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], env=environment, check=True)
            found.append(time.perf_counter() - start)
        return statistics.median(found) * 1e3

    bare = run("pass")
    return {name: run(f"import {name}") - bare for name in names}


def step_memory(names: list[str], batch: int, threads: int) -> dict[str, float]:
    """Megabytes of the first training steps at their peak, each library in a new process."""
    found = {}
    for name in names:
        command = [sys.executable, str(Path(__file__).parent / "step.py"), "--memory"]
        command += ["--batch", str(batch), "--threads", str(threads), "--library", name]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if answer:  # NumPy has no gradients
            found[name] = float(answer.split()[1])
    return found


def machine_facts(threads: int) -> dict:
    model = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = re.search(r"model name\s*: (.*)", text).group(1)
    except (OSError, AttributeError):
        pass
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "threads": threads,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def limit(threads: int) -> None:
    """Hold this process and those it starts to so many cores and threads."""
    for variable in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
        os.environ[f"{variable}_NUM_THREADS"] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])


def with_rows(page: dict, found: list[dict]) -> dict:
    """Return the page with these rows in the places of those that it had."""
    rows = {(row["group"], row["name"]): row for row in [*page["rows"], *found]}
    known = [rows[key] for row in ROWS if (key := (row.group, row.name)) in rows]
    disturbed = sum(row.get("disturbed_runs", 0) for row in known)
    return {**page, "machine": {**page["machine"], "disturbed_runs": disturbed}, "rows": known}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filter", default="", help="rows whose group or name contains this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--threads", type=int, default=2, help="of every library (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="fewer runs, rougher figures")
    parser.add_argument("--write", action="store_true", help="these rows of the page anew")
    parser.add_argument(
        "--patience",
        type=float,
        default=60,
        metavar="SECONDS",
        help="spent in all on measuring disturbed rows again (%(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    options = parser.parse_args()

    chosen = [
        (i, row)
        for i, row in enumerate(ROWS)
        if options.filter.lower() in f"{row.group}: {row.name}".lower()
    ]
    if options.list or not chosen:
        print("\n".join(f"{row.group}: {row.name}" for _, row in chosen) or "no such row")
        return
    limit(options.threads)
    began = time.perf_counter()
    facts = machine_facts(options.threads)
    installed = [name for name in NAMES if importlib.util.find_spec(name)]
    workers = {name: Worker(name, options.threads) for name in installed}
    workers = {name: w for name, w in workers.items() if w.version}
    facts["versions"] = {name: w.version for name, w in workers.items()}
    facts.update(floors.measure(workers, options.threads))

    report.head(facts)
    try:
        found = measure_all(chosen, workers, options, facts)
    finally:
        for worker in workers.values():
            worker.stop()
    for result, (_, row) in zip(found, chosen, strict=True):
        judge(result, row, facts)  # again: a later row may have raised the peak
    result = {"machine": facts, "rows": found}
    if not options.filter:
        result["import_ms"] = import_times(list(workers), 3 if options.quick else 7)
        if sys.platform == "linux":
            result["step_mb"] = {
                str(batch): step_memory(list(workers), batch, options.threads)
                for batch in (128, 8192)
            }
        result["installed_mb"] = {n: floors.installed_size(n) / 1e6 for n in workers}
    facts["disturbed_runs"] = sum(r["disturbed_runs"] for r in found)
    facts["minutes"] = round((time.perf_counter() - began) / 60, 1)
    report.summary(result)

    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.write and options.filter and (RESULTS / "peers.json").exists():
        result = with_rows(json.loads((RESULTS / "peers.json").read_text()), found)
    if options.write or not (options.filter or options.quick):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "peers.json").write_text(json.dumps(result, indent=1) + "\n")
        (DOCS / "performance.md").write_text(report.markdown(result))
        report.picture(result, DOCS / "performance.png")
        print(f"written to {RESULTS}/peers.json, {DOCS}/performance.md and .png")


if __name__ == "__main__":
    main()
