"""The figures as a table on the screen, as Markdown, and as a picture."""

from __future__ import annotations

import math
from pathlib import Path

PEERS = ("numpy", "torch", "jax")
TITLES = {"ndtape": "ndtape", "numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}


def duration(seconds: float | None) -> str:
    """Three significant digits in a unit that suits."""
    if seconds is None:
        return "-"
    units = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    unit, scale = next(((u, s) for u, s in units.items() if seconds >= s), ("ns", 1e-9))
    value = seconds / scale
    digits = max(0, 2 - math.floor(math.log10(max(value, 1e-9))))
    return f"{value:.{digits}f} {unit}"


def share(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.0%}"


def last_cell(found: dict) -> str:
    """The share of the floor, or for a row that has another beside it what it costs more."""
    more = found["adds"].get("ndtape")
    if more is None:
        return share(found["floor_share"])
    operations = found.get("operations", 1)
    times = f"{operations} x " if operations > 1 else ""
    return f"+ {times}{more / operations * 1e9:.0f} ns"


def facts_lines(machine: dict) -> list[str]:
    versions = ", ".join(f"{TITLES[n]} {v}" for n, v in machine["versions"].items())
    peak = machine["peak"]
    return [
        f"{machine['processor']}, {machine['threads']} of {machine['cores']} cores, "
        f"{machine['system']}, Python {machine['python']}, {machine['date']}",
        versions,
        f"peak {peak['float32'] / 1e9:.0f} GFLOP/s float32, {peak['float64'] / 1e9:.0f} float64 "
        f"({machine['peak_source']}); stream {machine['stream'] / 1e9:.1f} GB/s; "
        f"load at the start {machine['load']}",
        *_disturbed(machine),
    ]


def _disturbed(machine: dict) -> list[str]:
    count = machine.get("disturbed_runs", 0)
    return [f"{count} runs were disturbed by other processes"] if count else []


def head(machine: dict) -> None:
    print("\n".join(facts_lines(machine)))


def title(group: str, names: list[str]) -> None:
    cells = "".join(f"{TITLES[n]:>10}" for n in names)
    print(f"\n{group:<40}{cells}   ours/best  of floor", flush=True)


def line(found: dict, names: list[str]) -> None:
    cells = "".join(f"{duration(found['seconds'].get(n)):>10}" for n in names)
    ratio = "" if found["ratio"] is None else f"{found['ratio']:.2f}"
    print(f"{found['name']:<40}{cells}{ratio:>12}{last_cell(found):>10}", flush=True)
    for name, message in found["failures"].items():
        print(f"    {name}: {message}")


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def _summary_lines(result: dict) -> list[str]:
    lines = []
    ratios = [r["ratio"] for r in result["rows"] if r["ratio"]]
    if ratios:
        ahead = sum(r <= 1 for r in ratios)
        lines.append(
            f"ahead of or level with the best peer in {ahead} of {len(ratios)} rows; "
            f"geometric mean of the ratios {geometric_mean(ratios):.2f}"
        )
    if "import_ms" in result:
        times = ", ".join(f"{TITLES[n]} {t:.0f}" for n, t in result["import_ms"].items())
        sizes = ", ".join(f"{TITLES[n]} {s:.0f}" for n, s in result["installed_mb"].items())
        lines += [f"import, ms: {times}", f"installed, MB: {sizes}"]
    for batch, peaks in result.get("step_mb", {}).items():
        figures = ", ".join(f"{TITLES[n]} {m:.1f}" for n, m in peaks.items())
        lines.append(f"peak memory of training steps 784-512-10, batch {batch}, MB: {figures}")
    return lines


def summary(result: dict) -> None:
    print("\n" + "\n".join(_summary_lines(result)))
    print(f"took {result['machine']['minutes']} minutes")


def markdown(result: dict) -> str:
    machine = result["machine"]
    names = list(machine["versions"])
    lines = [
        "# Performance",
        "",
        "ndtape beside NumPy, PyTorch and JAX (compiled), everything on one machine, "
        "the libraries of a row in turn:",
        "",
        *[f"- {text}" for text in facts_lines(machine)],
        "",
        "![Time over that of the fastest peer, row by row](performance.png)",
        "",
        "Cost against size, and the gain of a second thread (`python bench/scaling.py`):",
        "",
        "![Cost against size](scaling.png)",
        "",
        "What is left of steps: a product just above a multiple of 16 columns pays for one more "
        "vector; add meets the end of the L2 cache where sharing begins; from 3 million elements "
        "on the last cache is full. One thread alone computes exp about as fast as memory "
        "delivers, so a second one gains little at 10^7, where sin, which computes more, gains "
        "all.",
        "",
        "Medians of repeated runs, warm, each library in a process of its own on the same cores. "
        "The ratio is ours over the best peer: below 1 is faster. The floor is the larger of what "
        "the multiply-adds and what the bytes of a row need at the rates above; rows that fit in "
        "the caches have no floor in bytes. What recording adds to an operation is the median "
        "difference of batches of both in turn; of several operations, + 2 x 30 ns is 60 in all. "
        "`python bench/peers.py` makes this page.",
        "",
    ]
    lines += [f"- {text}" for text in _summary_lines(result)]
    group = None
    for r in result["rows"]:
        if r["group"] != group:
            group = r["group"]
            cells = " | ".join(TITLES[n] for n in names)
            lines += ["", f"## {group}", "", f"| work | {cells} | ours / best | of the floor |"]
            lines.append("|---" * (len(names) + 3) + "|")
        cells = " | ".join(duration(r["seconds"].get(n)) for n in names)
        ratio = "" if r["ratio"] is None else f"{r['ratio']:.2f}"
        name = r["name"].replace("|", "\\|").replace("*", "\\*")
        lines.append(f"| {name} | {cells} | {ratio} | {last_cell(r)} |")
    return "\n".join(lines) + "\n"


def picture(result: dict, path: Path) -> None:
    """Bars of ours / best peer on a log scale, a column of groups beside another."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows = [r for r in result["rows"] if r["ratio"]]
    if not rows:
        return
    columns = 3 if len(rows) > 60 else 1
    # whole groups stay together
    groups = [list(g) for g in _grouped(rows)]
    height = math.ceil((len(rows) + 1.5 * len(groups)) / columns)
    parts: list[list] = [[]]
    for group in groups:
        used = sum(len(g) + 1.5 for g in parts[-1])
        if parts[-1] and used + len(group) / 2 > height and len(parts) < columns:
            parts.append([])
        parts[-1].append(group)
    tallest = max(sum(len(g) + 1.5 for g in part) for part in parts)
    figure, axes = plt.subplots(
        1, len(parts), figsize=(5.6 * len(parts), 1.6 + 0.2 * tallest), squeeze=False
    )
    low = min(0.25, *(r["ratio"] for r in rows)) / 1.7
    high = max(4.0, *(r["ratio"] for r in rows)) * 1.5
    for ax, part in zip(axes[0], parts, strict=True):
        _bars(ax, part, tallest, low, high)
    machine = result["machine"]
    versions = ", ".join(f"{TITLES[n]} {v}" for n, v in machine["versions"].items())
    figure.suptitle(
        "ndtape's time over the best peer's: left of 1 is faster\n"
        f"{machine['processor']}, {machine['threads']} threads, {machine['date']}; {versions}",
        fontsize=11,
    )
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.5 / figure.get_figheight()))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _grouped(rows):
    group: list = []
    for r in rows:
        if group and r["group"] != group[0]["group"]:
            yield group
            group = []
        group.append(r)
    yield group


def _bars(ax, groups, tallest, low, high):
    y, ticks, labels = 0.0, [], []
    for group in groups:
        ax.text(low * 1.05, y, group[0]["group"], fontweight="bold", fontsize=9, va="center")
        y += 1
        for r in group:
            ratio = r["ratio"]
            color = "#2a9d5c" if ratio <= 1 else "#e0a030" if ratio <= 1.25 else "#d1495b"
            ax.barh(y, ratio - 1, left=1, color=color, height=0.75)
            inside = ratio <= 1
            ax.text(
                ratio / 1.04 if inside else ratio * 1.04,
                y,
                f"{ratio:.2f}",
                fontsize=6.5,
                va="center",
                ha="right" if inside else "left",
            )
            ticks.append(y)
            labels.append(f"{r['name']}  [{TITLES[r['best_peer']]}]")
            y += 1
        y += 0.5
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.set_ylim(tallest, -0.8)
    ax.set_yticks(ticks, labels, fontsize=7)
    marks = [m for m in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low < m < high]
    ax.set_xticks(marks, [f"{m:g}" for m in marks], fontsize=8)
    ax.minorticks_off()
    ax.axvline(1, color="black", linewidth=1)
    ax.grid(axis="x", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
