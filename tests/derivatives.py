"""The table in docs/derivatives.md, measured: `python tests/derivatives.py` writes it."""

import warnings
from pathlib import Path
from typing import NamedTuple

import gradcheck
import namespace_cases
import test_fft
import test_gradients_elementwise as elementwise
import test_gradients_structure as structure
import test_linalg_gradients as linalg
import test_numpy_names as numpy_names
from awkward import POINTS, TIES
from optable import BY_NAME

import ndtape as nt

# Every function of these is in the table, or stands on a list of those without a derivative.
NAMESPACES = {
    "": nt,
    "linalg.": nt.linalg,
    "fft.": nt.fft,
    "special.": nt.special,
    "nn.functional.": nt.nn.functional,
}
NO_DERIVATIVE = {
    **elementwise.NO_DERIVATIVE,
    **elementwise.ZERO_DERIVATIVE,
    **structure.NO_DERIVATIVE,
    **namespace_cases.NO_DERIVATIVE,
    **dict.fromkeys(sorted(numpy_names.CONSTANT), structure.CONSTANT),
    **dict.fromkeys(sorted(numpy_names.KINKS), "pieces of `floor_divide` and `remainder`"),
}

PAGE = Path(__file__).parent.parent / "docs" / "derivatives.md"

CONVENTIONS = {
    **{
        name.split()[0].split(".")[-1]: p.stated for name, p in reversed(POINTS.items()) if p.stated
    },
    **dict.fromkeys(["unique_values", "unique_all", "unique_counts", "unique_inverse"], TIES),
    "unique": TIES,
    "nextafter": "1 and 0",
    "svd": "see [Conventions](conventions.md)",
    "eigh": "see [Conventions](conventions.md)",
}


class Line(NamedTuple):
    name: str
    first: str
    second: str
    forward: str
    complex: str

    def text(self):
        what = (f"`{self.name}`", *self[1:], CONVENTIONS.get(self.name.split(".")[-1], ""))
        return "| " + " | ".join(what) + " |"


def passes(check, *args, **kwargs):
    try:
        check(*args, **kwargs)
    except AssertionError:
        return False
    return True


def measure(name, f, arrays, wide=True):
    """What holds of a function at these arguments, and at complex ones."""
    tolerance = {"rtol": 1e-4, "atol": 1e-5}
    first = passes(nt.testing.gradcheck, f, tuple(arrays), forward=False, **tolerance)
    forward = passes(nt.testing.gradcheck, f, tuple(arrays), **tolerance)
    second = passes(nt.testing.gradgradcheck, f, tuple(arrays), **tolerance)
    real = tuple("yes" if good else "wrong" for good in (first, second, forward))
    if not wide:
        return real
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of values cast to their real parts
        arrays = gradcheck.with_imaginary_parts(arrays, len(name))
        try:
            f(*(nt.asarray(a) for a in arrays))
        except (TypeError, ValueError):
            return (*real, "real only")
        checks = (nt.testing.gradcheck, nt.testing.gradgradcheck)
        right = all(passes(check, f, tuple(arrays), **tolerance) for check in checks)
        return (*real, "yes" if right else "wrong")


def together(name, found):
    """One line of several cases of a function: what holds of all."""
    columns = list(zip(*found, strict=True))
    worst = ["wrong" if "wrong" in c else c[0] for c in columns[:3]]
    field = "wrong" if "wrong" in columns[3] else "yes" if "yes" in columns[3] else "real only"
    return Line(name, *worst, field)


def elementwise_lines():
    for row in elementwise.DIFFERENTIABLE:
        f, arrays = elementwise.arguments(row, 3, [(2, 2), (2,), ()][: row.arity])
        yield together(row.name, [measure(row.name, f, arrays)])


def grouped(cases):
    groups = {}
    for name, case in cases.items():
        groups.setdefault(name.split()[0], []).append(case)
    return groups.items()


def structure_lines():
    for name, cases in grouped(structure.CASES):
        if name in BY_NAME:
            continue
        found = []
        for f, shapes, *domain in cases:
            found.append(measure(name, f, gradcheck.values(5, shapes, *domain)))
        shown = {"set": "x[key] = v", "index": "x[key]", "in": "x[key] += v", "scalar": "x * 2.0"}
        yield together(shown.get(name, name), found)


def linalg_lines():
    # Complex matrices have cases of their own: eigenvectors have phases, which differences see.
    wide = dict(grouped(linalg.COMPLEX_CASES))
    real = dict(grouped(linalg.CASES))
    for name in real | wide:
        found = []
        for f, shapes in real.get(name, []):
            both = name not in wide
            right = measure(name, f, linalg.matrices(shapes), wide=both)
            found.append(right if both else (*right, "real only"))
        for f, shapes in wide.get(name, []):
            arrays = gradcheck.with_imaginary_parts(linalg.matrices(shapes), len(name))
            found.append((*measure(name, f, arrays, wide=False), "yes"))
        yield together(f"linalg.{name}" if hasattr(nt.linalg, name) else name, found)


def fft_lines():
    for name in test_fft.CASES:
        transform = getattr(nt.fft, name.split()[0])
        options = test_fft.CASES[name]

        def f(x, transform=transform, options=options):
            return transform(x, **options)

        (x,) = gradcheck.values(5, [(3, 4)])
        yield together(f"fft.{name.split()[0]}", [measure(name, f, [x])])


def case_lines(prefix, cases):
    for name, group in grouped(cases):
        found = [
            measure(name, f, gradcheck.values(5, shapes, *domain)) for f, shapes, *domain in group
        ]
        yield together(prefix + name, found)


def numpy_lines():
    for name, group in grouped(numpy_names.GRADIENTS):
        found = [
            measure(name, numpy_names.smooth(call), numpy_names.values_for(shapes))
            for shapes, call in group
        ]
        yield together(name, found)


def public():
    """Every function of the namespaces by its name there."""
    for prefix, namespace in NAMESPACES.items():
        for name in namespace.__all__:
            if callable(getattr(namespace, name)):
                yield prefix + name, getattr(namespace, name)


def other_names(listed):
    """Names that stand for a function that is listed under another one."""
    by_function = {f: name for name, f in public() if name in listed}
    for name, f in public():
        if name not in listed and f in by_function:
            yield name, by_function[f]


def unlisted(page):
    """Public functions that the page says nothing of."""
    return [name for name, _ in public() if f"`{name}`" not in page]


def merged(lines):
    """Several cases of one name are one line."""
    by_name = {}
    for line in lines:
        by_name.setdefault(line.name, []).append(line[1:])
    return [together(name, found) for name, found in by_name.items()]


def page():
    head = "| function | derivative | second | forward | complex | at points without one |\n"
    head += "|---|---|---|---|---|---|\n"
    parts = [
        "# Derivatives\n",
        "Written by `tests/derivatives.py`, which tries every function against central",
        "differences: its gradient, the gradient of that, its forward mode (`nt.jvp`), and the",
        "same at complex arguments. The last column is what `tests/awkward.py` states and another",
        "test tries at drawn points: ties, zeros, ends, infinities, NaN. Tests keep this page",
        "current, and complete. Gradients of complex numbers are as [Conventions](conventions.md)",
        "says.\n",
    ]
    listed = set()
    for title, lines in (
        ("Elementwise functions", elementwise_lines()),
        ("Reductions, products, shapes, indices", structure_lines()),
        ("Linear algebra", linalg_lines()),
        ("Fourier transforms", fft_lines()),
        ("NumPy's names", numpy_lines()),
        ("Special functions", case_lines("special.", namespace_cases.SPECIAL)),
        ("Neural networks", case_lines("nn.functional.", namespace_cases.NETWORKS)),
    ):
        lines = merged(lines)
        listed |= {line.name for line in lines}
        parts += [f"## {title}\n", head + "\n".join(line.text() for line in lines) + "\n"]
    parts.append(
        "A gradient of 0 that meets an infinite slope gives NaN, as 0 times infinity does:\n"
        "`where(x > 0, log(x), 0)` has the derivative NaN at 0. Choose before, too:\n"
        "`where(x > 0, log(where(x > 0, x, 1)), 0)`.\n"
    )
    by_other = {}
    for name, other in other_names(listed | set(NO_DERIVATIVE)):
        by_other.setdefault(other, []).append(f"`{name}`")
    parts.append("## Other names\n")
    parts.append("| function | also |\n|---|---|")
    parts += [f"| `{other}` | {' '.join(names)} |" for other, names in by_other.items()]
    parts.append("")
    by_reason = {}
    for name, reason in NO_DERIVATIVE.items():
        by_reason.setdefault(reason, []).append(f"`{name}`")
    parts.append("## Without a derivative\n")
    parts.append("| functions | why |\n|---|---|")
    parts += [f"| {' '.join(names)} | {reason} |" for reason, names in by_reason.items()]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
