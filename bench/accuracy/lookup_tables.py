"""Derives the piecewise polynomials of cpp/src/cpu/math/float32/lookup.h.

A function is cut into 16 intervals, four an octave of x + shift: short near 0, long far out.
Interval i has a centre c whose value f(c) is all but exactly a float (Gal's accurate tables: among
the floats around the middle one is chosen for that), and f(x) = f(c) + y q(y), y = x - c, so that
only the last addition rounds noticeably. Interval 0 begins at 0; there an odd f is x + x q(x).
Columns are in the order of the four bits of x + shift that number the interval. Run

    python bench/accuracy/lookup_tables.py > cpp/src/cpu/math/float32/lookup_tables.h
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 40

Function = Callable[[mp.mpf], mp.mpf]
INTERVALS = 16


def to_float(x: mp.mpf) -> mp.mpf:
    return mp.mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def from_bits(bits: int) -> mp.mpf:
    return mp.mpf(struct.unpack("f", struct.pack("I", bits))[0])


def bits_of(x: float) -> int:
    return int(struct.unpack("I", struct.pack("f", x))[0])


def centre(f: Function, low: mp.mpf, high: mp.mpf) -> mp.mpf:
    """Of floats about the middle, the one whose value is nearest to a float."""

    def distance(c: mp.mpf) -> mp.mpf:
        return abs(f(c) - to_float(f(c)))

    # Where f is flat, only a wide search meets a value that is a float.
    for part in (mp.mpf("0.02"), mp.mpf("0.35")):
        candidates = [
            to_float((low + high) / 2 + (high - low) * part * i / 200) for i in range(-200, 201)
        ]
        best = min(candidates, key=distance)
        if distance(best) < f(best) * mp.mpf(2) ** -30:
            break
    return best


def fit(target: Function, weight: Function, low: mp.mpf, high: mp.mpf, degree: int) -> list[mp.mpf]:
    """Weighted least squares at Chebyshev points, rounded to floats lowest coefficient first."""
    points = 4 * (degree + 1)
    grid = [
        (low + high - (high - low) * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / points)) / 2
        for i in range(points)
    ]
    rest = [target(x) for x in grid]
    weights = [weight(x) for x in grid]
    fixed: list[mp.mpf] = []
    for k in range(degree + 1):
        rows = mp.matrix(points, degree + 1 - k)
        right = mp.matrix(points, 1)
        for i, (x, w) in enumerate(zip(grid, weights, strict=True)):
            for j in range(degree + 1 - k):
                rows[i, j] = w * x ** (k + j)
            right[i] = w * rest[i]
        c = to_float(mp.lu_solve(rows, right)[0])
        fixed.append(c)
        rest = [r - c * x**k for r, x in zip(rest, grid, strict=True)]
    return fixed


def piecewise(name: str, f: Function, shift: float, degree: int, odd: bool = True) -> None:
    """Prints the tables of f for arguments in [0, 15 * shift); shift starts an interval."""
    base = bits_of(shift) >> 21
    columns: list[list[mp.mpf]] = [[] for _ in range(INTERVALS)]
    worst = mp.mpf(0)
    for i in range(INTERVALS):
        low, high = (from_bits((base + i + k) << 21) - shift for k in (0, 1))
        if i == 0 and odd:
            c, value = mp.mpf(0), mp.mpf(0)
            low = high / 2**20
            q = fit(lambda y: (f(y) - y) / y, lambda y: y / f(y), low, high, degree)
        else:
            c = centre(f, low, high)
            value = to_float(f(c))
            exact = f(c)

            def slope(y: mp.mpf, c: mp.mpf = c, exact: mp.mpf = exact) -> mp.mpf:
                return (f(c + y) - exact) / y

            def weight(y: mp.mpf, c: mp.mpf = c) -> mp.mpf:
                return y / f(c + y)

            q = fit(slope, weight, low - c, high - c, degree)
        for k in range(200):
            x = low + (high - low) * (k + mp.mpf(1) / 2) / 200
            y = x - c
            approximate = (x if i == 0 and odd else value) + y * mp.polyval(q[::-1], y)
            worst = max(worst, abs(approximate / f(x) - 1))
        columns[(base + i) % INTERVALS] = [c, value, *q]
    print(f"\n// error 2^{mp.nstr(mp.log(worst, 2), 4)}")
    print(f"inline constexpr float k{name}Shift = {shift}f;")
    if odd:
        print(f"inline constexpr float k{name}First = {float(from_bits((base + 1) << 21))}f;")
    print(f"alignas(64) inline constexpr float k{name}Table[][{INTERVALS}] = {{")
    labels = ["centre", "value", *(f"y^{j + 1}" for j in range(degree + 1))]
    for row, label in enumerate(labels):
        print(f"    {{  // {label}")
        entries = [c[row] for c in columns]
        words = [f"{float(v):.9g}f" if v != int(v) else f"{int(v)}" for v in entries]
        for j in range(0, INTERVALS, 6):
            print("        " + ", ".join(words[j : j + 6]) + ",")
        print("    },")
    print("};")


def powers_of_two() -> None:
    """Prints 2^(j/16) as a float and what it loses."""
    high = [to_float(mp.mpf(2) ** (mp.mpf(j) / 16)) for j in range(16)]
    low = [mp.mpf(2) ** (mp.mpf(j) / 16) - h for j, h in enumerate(high)]
    for name, values in (("", high), ("Low", low)):
        print(f"\nalignas(64) inline constexpr float kPowerOf2{name}[16] = {{")
        words = [f"{float(v):.9g}f" if v != int(v) else f"{int(v)}" for v in values]
        for j in range(0, 16, 6):
            print("    " + ", ".join(words[j : j + 6]) + ",")
        print("};")


def sigmoid_factors() -> None:
    """Prints 2^26 (1 + j/16) / 2^(j/16) as a float and what it loses."""
    exact = [2**26 * (1 + mp.mpf(j) / 16) / mp.mpf(2) ** (mp.mpf(j) / 16) for j in range(16)]
    high = [to_float(x) for x in exact]
    low = [x - h for x, h in zip(exact, high, strict=True)]
    for name, values in (("", high), ("Low", low)):
        print(f"\nalignas(64) inline constexpr float kSigmoidFactor{name}[16] = {{")
        words = [f"{float(v):.9g}f" if v != int(v) else f"{int(v)}" for v in values]
        for j in range(0, 16, 6):
            print("    " + ", ".join(words[j : j + 6]) + ",")
        print("};")


def reciprocals() -> None:
    """Prints about 1 / c, c the centres of sixteenths of [3/4, 3/2), and minus its log2.

    Also minus its log, as a multiple of 2^-42 and what is left. The order is that of the first four
    bits of the mantissa; around 1 all tables are exact.
    """
    inverse, log2, log, log_low = [], [], [], []
    for j in range(16):
        scale = mp.mpf(1) if j < 8 else mp.mpf("0.5")
        centre = (1 + (j + mp.mpf("0.5")) / 16) * scale
        inverse.append(float(1 / centre) if j not in (0, 15) else 1.0)
        exact = -mp.log(mp.mpf(inverse[-1]))
        log2.append(float(exact / mp.log(2)))
        log.append(float(mp.nint(exact * 2**42) / 2**42))
        log_low.append(float(exact - log[-1]))
    tables = {"": inverse, "Log2": log2, "Log": log, "LogLow": log_low}
    for name, values in tables.items():
        print(f"\nalignas(64) inline constexpr double kReciprocal{name}[16] = {{")
        for j in range(0, 16, 3):
            print("    " + ", ".join(v.hex() for v in values[j : j + 3]) + ",")
        print("};")


def powers_of_two_in_double() -> None:
    """Prints 2^(j/16) as doubles, what they lose relative to them, and their bits.

    The bits have j / 16 of an exponent taken off.
    """
    exact = [mp.mpf(2) ** (mp.mpf(j) / 16) for j in range(16)]
    high = [float(x) for x in exact]
    error = [float((x - h) / h) for x, h in zip(exact, high, strict=True)]
    for name, values in (("", high), ("Error", error)):
        print(f"\nalignas(64) inline constexpr double kDoublePowerOf2{name}[16] = {{")
        for j in range(0, 16, 3):
            print("    " + ", ".join(v.hex() for v in values[j : j + 3]) + ",")
        print("};")
    print("\nalignas(64) inline constexpr uint64_t kPowerOf2Bits[16] = {")
    for j in range(0, 16, 4):
        words = []
        for i in range(j, j + 4):
            bits = struct.unpack("Q", struct.pack("d", float(mp.mpf(2) ** (mp.mpf(i) / 16))))[0]
            words.append(hex(bits - (i << 48)))
        print("    " + ", ".join(words) + ",")
    print("};")


def normal_tail(t: mp.mpf) -> mp.mpf:
    """g of erfc(t / sqrt(2)) / 2 = exp(-t^2 / 2) g(t)."""
    return mp.exp(t * t / 2) * mp.erfc(t / mp.sqrt(2)) / 2


def main() -> None:
    print("// Generated by bench/accuracy/lookup_tables.py: tables of 16 entries.")
    print("// clang-format off\n#pragma once\n\nnamespace ndtape::cpu::NDTAPE_ISA {\nnamespace {")
    powers_of_two()
    powers_of_two_in_double()
    sigmoid_factors()
    reciprocals()
    piecewise("Tanh", mp.tanh, 0.625, 5)
    piecewise("Erf", mp.erf, 0.3125, 5)
    piecewise("Tail", normal_tail, 1.0, 6, odd=False)
    print("\n}  // namespace\n}  // namespace ndtape::cpu::NDTAPE_ISA")


if __name__ == "__main__":
    main()
