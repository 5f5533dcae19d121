"""Derives the polynomials of cpp/src/cpu/math and prints them as coefficients.h.

Each polynomial is the minimax (Remez) approximation of a function that is smooth on a short
interval, in the weight that makes the error of the finished function relative. Its degree is
the least that meets a stated bound. Needs mpmath only; run

    python bench/accuracy/minimax.py > cpp/src/cpu/math/coefficients.h
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp

mp.mp.dps = 60

Function = Callable[[mp.mpf], mp.mpf]


def remez(
    target: Function, weight: Function, low: mp.mpf, high: mp.mpf, degree: int, points: int = 0
) -> tuple[list[mp.mpf], mp.mpf]:
    """Coefficients (lowest first) of the polynomial least in max |weight * (target - p)|."""
    points = points or 24 * (degree + 2)
    middle, half = (low + high) / 2, (high - low) / 2
    grid = [middle - half * mp.cos(mp.pi * (k + mp.mpf(1) / 2) / points) for k in range(points)]
    values = [target(x) for x in grid]
    weights = [weight(x) for x in grid]
    chosen = [round((points - 1) * k / mp.mpf(degree + 1)) for k in range(degree + 2)]
    for _ in range(30):
        rows = mp.matrix(degree + 2, degree + 2)
        right = mp.matrix(degree + 2, 1)
        for i, c in enumerate(chosen):
            u = (grid[c] - middle) / half
            for j in range(degree + 1):
                rows[i, j] = u**j
            rows[i, degree + 1] = (-1) ** i / weights[c]
            right[i] = values[c]
        solution = mp.lu_solve(rows, right)
        scaled = [solution[j] for j in range(degree + 1)]
        errors = [
            w * (v - mp.polyval(scaled[::-1], (x - middle) / half))
            for x, v, w in zip(grid, values, weights, strict=True)
        ]
        extremes: list[int] = []
        for i, e in enumerate(errors):
            if extremes and (errors[extremes[-1]] > 0) == (e > 0):
                if abs(e) > abs(errors[extremes[-1]]):
                    extremes[-1] = i
            else:
                extremes.append(i)
        while len(extremes) > degree + 2:
            first = abs(errors[extremes[0]]) < abs(errors[extremes[-1]])
            extremes.pop(0 if first else -1)
        worst = max(abs(e) for e in errors)
        if len(extremes) < degree + 2 or worst <= abs(solution[degree + 1]) * mp.mpf("1.01"):
            break
        chosen = extremes
    # From the variable u in [-1, 1] back to x.
    shifted = [mp.mpf(0)] * (degree + 1)
    for j, c in enumerate(scaled):
        for i in range(j + 1):
            shifted[i] += c * mp.binomial(j, i) * (-middle) ** (j - i) / half**j
    return shifted, worst


@dataclass
class Polynomial:
    name: str
    about: str
    target: Function
    weight: Function
    low: mp.mpf
    high: mp.mpf
    bits: tuple[float, ...]  # bounds of the error, as powers of two, one array each
    suffixes: tuple[str, ...] = ("Double", "Single")
    single: bool = False  # coefficients of type float
    pair: bool = False  # also what the first coefficient loses when it is rounded


def odd(f: Function) -> Function:
    """(f(x) / x - 1) / x**2 as a function of x**2."""
    return lambda z: (f(mp.sqrt(z)) / mp.sqrt(z) - 1) / z


def odd_weight(f: Function) -> Function:
    return lambda z: z * mp.sqrt(z) / f(mp.sqrt(z))


def two_atanh(z: mp.mpf) -> mp.mpf:
    return 2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z)


# gelu: the normal tail is exp(-t*t/2) * G(t); G(t) * (1 + GELU_A * t) is smooth in u.
GELU_A = mp.mpf("1.25")
GELU_B = mp.mpf("4")


def gelu_t(u: mp.mpf) -> mp.mpf:
    return GELU_B * (1 + u) / (1 - u)


def gelu_target(u: mp.mpf) -> mp.mpf:
    t = gelu_t(u)
    return mp.exp(t * t / 2) * mp.erfc(t / mp.sqrt(2)) / 2 * (1 + GELU_A * t)


F = mp.mpf
POLYNOMIALS = [
    Polynomial(
        "Exp",
        "exp(r) = 1 + r + r^2 p(r), |r| <= log(2) / 2; relative to expm1(r)",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        F("-0.3467"),
        F("0.3467"),
        (-57, -31),
    ),
    Polynomial(
        "Exp",
        "the same with coefficients of type float, relative to exp(r)",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.exp(r),
        F("-0.3470"),
        F("0.3470"),
        (-27,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Exp",
        "the same for |r| <= log(2) / 32",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.exp(r),
        F("-0.02170"),
        F("0.02170"),
        (-29,),
        ("Sixteenth",),
        single=True,
    ),
    *[
        Polynomial(
            name,
            f"the same in doubles, relative to {name.lower()}(r)",
            lambda r: (mp.expm1(r) - r) / r**2,
            lambda r, f=function: r**2 / abs(f(r)),
            F("-0.02170"),
            F("0.02170"),
            (bits,),
            ("SixteenthDouble",),
        )
        for name, function, bits in (("Exp", mp.exp, -56), ("Expm1", mp.expm1, -57))
    ],
    Polynomial(
        "Exp2",
        "2^f = 1 + f log(2) + f^2 p(f), |f| <= 1/2",
        lambda f: (2**f - 1 - f * mp.log(2)) / f**2,
        lambda f: f**2 / 2**f,
        F("-0.5003"),
        F("0.5003"),
        (-27,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Log",
        "2 atanh(s) = 2 s + s z p(z), z = s^2, |s| <= (sqrt(2) - 1)^2",
        lambda z: (two_atanh(z) - 2) / z,
        lambda z: z / two_atanh(z),
        F(0),
        F("0.02945"),
        (-57, -31),
    ),
    Polynomial(
        "LogSixteenth",
        "log(1 + f) = f + f^2 p(f), f from -1/32 to 1/16",
        lambda f: (mp.log1p(f) - f) / f**2,
        lambda f: f**2 / abs(mp.log1p(f)),
        F("-0.03126"),
        F("0.06251"),
        (-56,),
        ("Double",),
    ),
    Polynomial(
        "Log2Power",
        "log2(1 + f) = f p(f), f from -1/32 to 1/16",
        lambda f: mp.log1p(f) / f / mp.log(2) if f else 1 / mp.log(2),
        lambda f: f * mp.log(2) / mp.log1p(f) if f else mp.log(2),
        F("-0.03126"),
        F("0.06251"),
        (-33,),
        ("",),
    ),
    Polynomial(
        "Exp2Power",
        "2^f = 1 + f p(f), |f| <= 1/32",
        lambda f: (2**f - 1) / f if f else mp.log(2),
        lambda f: abs(f) / 2**f,
        F("-0.03126"),
        F("0.03126"),
        (-27,),
        ("",),
    ),
    Polynomial(
        "LogPower",
        "the same, for the logarithm that a power multiplies",
        lambda z: (two_atanh(z) - 2) / z,
        lambda z: z / two_atanh(z),
        F(0),
        F("0.02945"),
        (-42,),
        ("",),
    ),
    Polynomial(
        "LogOnePlus",
        "the same for log(1 + e) with 0 <= e <= 1, s = e / (2 + e)",
        lambda z: (two_atanh(z) - 2) / z,
        lambda z: z / two_atanh(z),
        F(0),
        F(1) / 9,
        (-57, -31),
    ),
    *[
        Polynomial(
            name,
            f"{name.lower()}(1 + f) = c f + f^2 p(f), |f| <= 1/3, c = {name.lower()}(e)",
            lambda f, b=base: (mp.log1p(f) - f) / f**2 / mp.log(b),
            lambda f, b=base: f**2 * mp.log(b) / mp.log1p(f),
            F("-0.3337"),
            F("0.3337"),
            (-27,),
            ("Float",),
            single=True,
        )
        for name, base in (("Log", mp.e), ("Log2", mp.mpf(2)), ("Log10", mp.mpf(10)))
    ],
    Polynomial(
        "Expm1",
        "exp(r) = 1 + r + r^2 p(r), relative to expm1(r)",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        F("-0.3470"),
        F("0.3470"),
        (-27,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "LogPair",
        "2 atanh(s) = 2 s + 2/3 s z + s z^2 p(z)",
        lambda z: (two_atanh(z) - 2 - 2 * z / 3) / z**2,
        lambda z: z**2 / two_atanh(z),
        F(0),
        F("0.02945"),
        (-68,),
        ("Double",),
    ),
    Polynomial(
        "Log2Pair",
        "the same over log(2), in floats, |s| <= 1/5",
        lambda z: (two_atanh(z) - 2 - 2 * z / 3) / z**2 / mp.log(2),
        lambda z: z**2 * mp.log(2) / two_atanh(z),
        F(0),
        F("0.0402"),
        (-34,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Sin",
        "sin(r) = r + r z p(z), z = r^2, |r| <= pi / 4",
        odd(mp.sin),
        odd_weight(mp.sin),
        F(0),
        F("0.6170"),
        (-57, -31),
    ),
    Polynomial(
        "Sin",
        "the same in floats",
        odd(mp.sin),
        odd_weight(mp.sin),
        F(0),
        F("0.6175"),
        (-29,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Cos",
        "cos(r) = 1 - z / 2 + z^2 p(z), z = r^2, |r| <= pi / 4, in floats",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
        lambda z: z**2 / mp.cos(mp.sqrt(z)),
        F(0),
        F("0.6175"),
        (-27,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Cos",
        "cos(r) = 1 - z / 2 + z^2 p(z), z = r^2, |r| <= pi / 4",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
        lambda z: z**2 / mp.cos(mp.sqrt(z)),
        F(0),
        F("0.6170"),
        (-57, -31),
    ),
    Polynomial(
        "Atan",
        "atan(t) = t + t z p(z), z = t^2, |t| <= tan(pi / 8)",
        odd(mp.atan),
        odd_weight(mp.atan),
        F(0),
        F("0.17160"),
        (-57, -31),
    ),
    Polynomial(
        "Asin",
        "asin(x) = x + x z p(z), z = x^2, |x| <= 1/2",
        odd(mp.asin),
        odd_weight(mp.asin),
        F(0),
        F("0.25"),
        (-57, -31),
    ),
    Polynomial(
        "Asinh",
        "asinh(x) = x + x z p(z), z = x^2, |x| <= 1/2",
        odd(mp.asinh),
        odd_weight(mp.asinh),
        F(0),
        F("0.25"),
        (-57,),
        ("Double",),
    ),
    Polynomial(
        "Sinh",
        "sinh(x) = x + x z p(z), z = x^2, |x| <= 1",
        odd(mp.sinh),
        odd_weight(mp.sinh),
        F(0),
        F(1),
        (-57,),
        ("Double",),
    ),
    Polynomial(
        "Atan",
        "the same in floats",
        odd(mp.atan),
        odd_weight(mp.atan),
        F(0),
        F("0.17165"),
        (-26.5,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Asin",
        "asin(x) = x + x z p(z), z = x^2, |x| <= 1/2, in floats",
        odd(mp.asin),
        odd_weight(mp.asin),
        F(0),
        F("0.25"),
        (-26.5,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Sinh",
        "sinh(x) = x + x z p(z), z = x^2, |x| <= 1, in floats",
        odd(mp.sinh),
        odd_weight(mp.sinh),
        F(0),
        F(1),
        (-26.5,),
        ("Float",),
        single=True,
    ),
    Polynomial(
        "Erf",
        "erf(x) = x (2 / sqrt(pi) + z p(z)), z = x^2, |x| <= 1/2",
        lambda z: (mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 2 / mp.sqrt(mp.pi)) / z,
        lambda z: z * mp.sqrt(z) / mp.erf(mp.sqrt(z)),
        F(0),
        F("0.25"),
        (-57, -31),
    ),
    Polynomial(
        "Tail",
        "erfc(t / sqrt(2)) / 2 = exp(-t^2 / 2) / (1 + 5/4 t) p((t - 4) / (t + 4)), 0 <= t <= 39",
        gelu_target,
        lambda u: 1 / gelu_target(u),
        F(-1),
        F(35) / 43,
        (-57, -31),
        pair=True,
    ),
]


def to_float(x: mp.mpf) -> mp.mpf:
    return mp.mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def rounded(p: Polynomial, low: mp.mpf, exact: list[mp.mpf]) -> list[mp.mpf]:
    """Rounds to floats one by one, lowest first; the rest make good what each rounding changed."""
    coefficients = list(exact)
    points = 8 * len(exact)
    grid = [
        (low + p.high - (p.high - low) * mp.cos(mp.pi * (i + mp.mpf(1) / 2) / points)) / 2
        for i in range(points)
    ]
    weights = [p.weight(x) for x in grid]
    for k in range(len(exact)):
        lost = coefficients[k] - to_float(coefficients[k])
        coefficients[k] -= lost
        free = len(exact) - k - 1
        if free == 0:
            break
        rows = mp.matrix(points, free)
        right = mp.matrix(points, 1)
        for i, (x, w) in enumerate(zip(grid, weights, strict=True)):
            for j in range(free):
                rows[i, j] = w * x ** (k + 1 + j)
            right[i] = w * lost * x**k
        change = mp.lu_solve(rows, right)  # least squares
        for j in range(free):
            coefficients[k + 1 + j] += change[j]
    return coefficients


def show(p: Polynomial) -> None:
    print(f"\n// {p.about}")
    for bits, suffix in zip(p.bits, p.suffixes, strict=True):
        bound = mp.mpf(2) ** bits
        degree = max(1, int(-bits // 16))
        low = p.low if p.low != 0 else p.high * mp.mpf(10) ** -12
        while True:
            coefficients, error = remez(p.target, p.weight, low, p.high, degree)
            if error <= bound:
                break
            degree += 1
        if p.single:
            coefficients = rounded(p, low, coefficients)
        print(f"// error 2^{mp.nstr(mp.log(error, 2), 4)}")
        kind = "float" if p.single else "double"
        print(f"inline constexpr {kind} k{p.name}{suffix}[] = {{")
        for c in coefficients:
            print(f"    {float(c).hex()}{'f' if p.single else ''},")
        print("};")
        if p.pair and suffix == "Double":
            rest = coefficients[0] - mp.mpf(float(coefficients[0]))
            print(f"inline constexpr {kind} k{p.name}{suffix}Low = {float(rest).hex()};")


def main() -> None:
    print("// Generated by bench/accuracy/minimax.py; lowest coefficient first.")
    print("// clang-format off\n#pragma once\n")
    print("namespace ndtape::cpu::NDTAPE_ISA {\nnamespace {")
    for p in POLYNOMIALS:
        show(p)
    print("\n}  // namespace\n}  // namespace ndtape::cpu::NDTAPE_ISA")


if __name__ == "__main__":
    main()
