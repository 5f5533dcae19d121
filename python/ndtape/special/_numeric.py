"""Special functions on NumPy's float64 arrays. Invalid operands give NaN or infinity, silently."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Bernoulli numbers B2, B4, ..., B20.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330,
)  # fmt: skip
_FAR = 12.0  # from where on Stirling's series is exact to rounding
_EPSILON = 2.0**-53


def quiet(function: Any) -> Any:
    """Return `function` without NumPy's warnings about operands that give NaN or infinity."""
    return np.errstate(all="ignore")(function)


def _stirling_rest(x: Array) -> Array:
    """Return gammaln(x) - ((x - 1/2) log(x) - x + log(2 pi) / 2) for large x."""
    square = 1 / (x * x)
    total = np.zeros_like(x)
    for k in range(len(_BERNOULLI), 0, -1):
        total = total * square + _BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return total / x


def _shifted(x: Array) -> Array:
    """Return the number of steps of 1 that take each x in (0, _FAR) to _FAR or beyond."""
    return np.where((x > 0) & (x < _FAR), np.ceil(_FAR - x), 0.0)


# gammaln(1 + z) = -euler z + sum of zeta(k) (-z)^k / k, which is exact near its zeros at 1 and 2.
_EULER = 0.5772156649015328606
_ZETA = tuple(
    math.fsum(n ** -float(k) for n in range(1, 40))
    + 39.5 ** (1.0 - k) / (k - 1)
    - k * 39.5 ** (-1.0 - k) / 24
    + 7 * k * (k + 1) * (k + 2) * 39.5 ** (-3.0 - k) / 5760
    for k in range(2, 60)
)


def _gammaln_near_one(z: Array) -> Array:
    """Return gammaln(1 + z) for abs(z) <= 1/4."""
    total = np.zeros_like(z)
    for k in range(len(_ZETA) + 1, 1, -1):
        total = total * -z + _ZETA[k - 2] / k
    return z * (total * z - _EULER)


@quiet
def gammaln(x: Array) -> Array:
    """Logarithm of the absolute value of the gamma function."""
    negative = x < 0.5
    y = np.where(negative, 1 - x, x)
    steps = _shifted(y)
    product = np.ones_like(y)
    for k in range(int(steps.max(initial=0))):
        product = np.where(k < steps, product * (y + k), product)
    far = y + steps
    result = (far - 0.5) * np.log(far) - far + 0.5 * math.log(2 * math.pi) + _stirling_rest(far)
    result = np.where(np.isinf(y), np.inf, result - np.log(product))
    for center in (1.0, 2.0):
        near = np.abs(y - center) <= 0.25
        z = np.where(near, y - center, 0.0)
        extra = np.log1p(z) if center == 2 else 0.0
        result = np.where(near, _gammaln_near_one(z) + extra, result)
    # Reflection: gamma(x) gamma(1 - x) = pi / sin(pi x), with the sine of x modulo 2.
    sine = np.abs(np.sin(np.pi * np.fmod(x, 1.0)))
    reflected = math.log(math.pi) - np.log(sine) - result
    result = np.where(negative, reflected, result)
    small = np.abs(x) < 1e-8  # gamma(x) = 1 / x - euler
    result = np.where(small, -np.log(np.abs(x)) - _EULER * x, result)
    result = np.where((x <= 0) & (x == np.floor(x)), np.inf, result)
    return np.where(np.isnan(x), np.nan, result)


@quiet
def digamma(x: Array) -> Array:
    """Logarithmic derivative of the gamma function."""
    negative = x < 0.5
    y = np.where(negative, 1 - x, x)
    steps = _shifted(y)
    taken = np.zeros_like(y)
    for k in range(int(steps.max(initial=0)) - 1, -1, -1):
        taken = np.where(k < steps, taken + 1 / (y + k), taken)
    far = y + steps
    square = 1 / (far * far)
    series = np.zeros_like(far)
    for k in range(len(_BERNOULLI), 0, -1):
        series = (series + _BERNOULLI[k - 1] / (2 * k)) * square
    result = np.log(far) - 0.5 / far - series - taken
    angle = np.pi * np.fmod(x, 1.0)
    result = np.where(negative, result - np.pi / np.tan(angle), result)
    result = np.where((x <= 0) & (x == np.floor(x)), np.where(x == 0, -1 / x, np.nan), result)
    return np.where(x == -np.inf, np.nan, result)


@quiet
def polygamma(n: int, x: Array) -> Array:
    """Return derivative n of digamma, for n >= 1."""
    negative = x < 0.5
    y = np.where(negative, 1 - x, x)
    steps = np.where((y > 0) & (y < _FAR + n), np.ceil(_FAR + n - y), 0.0)
    taken = np.zeros_like(y)
    for k in range(int(steps.max(initial=0)) - 1, -1, -1):
        taken = np.where(k < steps, taken + (y + k) ** -(n + 1.0), taken)
    far = y + steps
    factorial = float(math.factorial(n))
    series = np.zeros_like(far)
    for k in range(len(_BERNOULLI), 0, -1):
        factor = _BERNOULLI[k - 1] * math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        series = series + factor * far ** -(2.0 * k + n)
    series = series + math.factorial(n - 1) * far**-n + 0.5 * factorial * far ** -(n + 1.0)
    sign = -1.0 if n % 2 == 0 else 1.0
    result = sign * (series + factorial * taken)
    if np.any(negative):
        # (-1)^n polygamma(1 - x) - polygamma(x) = pi d^n cot(pi x)
        poly = np.polynomial.Polynomial([0.0, 1.0])
        for _ in range(n):
            poly = -np.pi * poly.deriv() * np.polynomial.Polynomial([1.0, 0.0, 1.0])
        cotangent = 1 / np.tan(np.pi * np.fmod(x, 1.0))
        reflected = (-1.0) ** n * result - np.pi * poly(cotangent)
        result = np.where(negative, reflected, result)
    pole = (x <= 0) & (x == np.floor(x))
    return np.where(pole, np.inf if n % 2 else np.nan, result)


@quiet
def betaln(a: Array, b: Array) -> Array:
    """Logarithm of the beta function of positive a and b."""
    a, b = np.broadcast_arrays(a, b)
    a, b = np.minimum(a, b), np.maximum(a, b)
    direct = gammaln(a) + (gammaln(b) - gammaln(a + b))
    # gammaln(b) - gammaln(a + b) by Stirling's series, without the large terms that cancel.
    difference = _stirling_rest(b) - _stirling_rest(a + b)
    difference = difference - (a + b - 0.5) * np.log1p(a / b) - a * np.log(b) + a
    result = np.where(b >= _FAR, gammaln(a) + difference, direct)
    result = np.where((a < 0) | (b < 0), np.nan, result)
    return np.where(np.isposinf(b) & (a > 0), -np.inf, result)


def _erfcx_far(x: Array, terms: int) -> Array:
    """Return exp(x^2) erfc(x) by its continued fraction."""
    tail = np.zeros_like(x)
    for k in range(terms, 0, -1):
        tail = 0.5 * k / (x + tail)
    return 1 / (math.sqrt(math.pi) * (x + tail))


def _square_exp(x: Array, sign: float) -> Array:
    """Return exp(sign x^2) without the rounding of the square."""
    high = x.astype(np.float32).astype(np.float64)
    return np.exp(sign * high * high) * np.exp(sign * (x - high) * (x + high))


@quiet
def erfc_parts(x: Array, erf: Array) -> tuple[Array, Array]:
    """Return erfc(x) and erfcx(x), given erf(x)."""
    far = np.abs(x)
    cx = np.where(far >= 2, _erfcx_far(np.maximum(far, 2.0), 60), 0.0)
    middle = (far >= 0.75) & (far < 2)
    if np.any(middle):
        cx = np.where(middle, _erfcx_far(np.clip(far, 0.75, 2.0), 300), cx)
    near = far < 0.75
    c = np.where(near, 1 - erf, _square_exp(np.minimum(far, 40.0), -1.0) * cx)
    cx = np.where(near, c * _square_exp(np.minimum(far, 1.0), 1.0), cx)
    left = ~near & (x < 0)
    grown = 2 * _square_exp(np.minimum(far, 30.0), 1.0)
    cx = np.where(left, np.where(far > 28, np.inf, grown - cx), cx)
    c = np.where(left, 2 - c, c)
    nan = np.isnan(x)
    return np.where(nan, np.nan, c), np.where(nan, np.nan, cx)


@quiet
def erfinv(y: Array, erf: Any) -> Array:
    """Inverse of erf; `erf` computes it on arrays."""
    side = np.abs(y)
    rest = 1 - side  # exact where it is small
    inside = np.clip(side, 0.0, 1 - _EPSILON)
    log = np.log1p(-inside * inside)
    first = 2 / (np.pi * 0.147) + log / 2
    x = np.sqrt(np.sqrt(first * first - log / 0.147) - first)
    for _ in range(4):  # Halley's method
        c, _ = erfc_parts(x, erf(x))
        error = np.where(side < 0.5, erf(x) - side, rest - c)
        step = error * (math.sqrt(math.pi) / 2) * _square_exp(np.minimum(x, 26.0), 1.0)
        x = x - step / (1 + x * step)
    x = np.where(side == 1, np.inf, x)
    return np.where(side <= 1, np.copysign(x, y), np.nan)


@quiet
def gammainc(a: Array, x: Array) -> Array:
    """Regularised lower incomplete gamma function, for a > 0 and x >= 0."""
    a, x = (np.array(v) for v in np.broadcast_arrays(a, x))
    scale = np.exp(a * np.log(x) - x - gammaln(a))
    series = x < a + 1
    # The series of x^n / (a (a + 1) ... (a + n)).
    xs = np.where(series, x, 0.0)
    term = total = 1 / a
    n = a.copy()
    for _ in range(10_000):
        n = n + 1
        term = term * xs / n
        total = total + term
        if not np.any(term > total * _EPSILON / 2):
            break
    lower = total * scale
    # The continued fraction of the upper function, by Lentz's method.
    xf = np.where(series, a + 2, x)
    b = xf + 1 - a
    c = np.full_like(b, 1e300)
    d = 1 / b
    h = d
    for i in range(1, 10_000):
        factor = -i * (i - a)
        b = b + 2
        d = factor * d + b
        d = 1 / np.where(np.abs(d) < 1e-300, 1e-300, d)
        c = b + factor / c
        c = np.where(np.abs(c) < 1e-300, 1e-300, c)
        change = c * d
        h = h * change
        if not np.any(np.abs(change - 1) > 2 * _EPSILON):
            break
    result = np.where(series, lower, 1 - scale * h)
    result = np.where(x == 0, 0.0, np.where(np.isposinf(x), 1.0, result))
    return np.where((a > 0) & (x >= 0), np.clip(result, 0, 1), np.nan)


@quiet
def betainc(a: Array, b: Array, x: Array) -> Array:
    """Regularised incomplete beta function, for positive a and b, and x from 0 to 1."""
    a, b, x = (np.array(v) for v in np.broadcast_arrays(a, b, x))
    swap = x > (a + 1) / (a + b + 2)
    p, q, t = np.where(swap, b, a), np.where(swap, a, b), np.where(swap, 1 - x, x)
    scale = np.exp(p * np.log(t) + q * np.log1p(-t) - betaln(p, q)) / p
    c = np.ones_like(t)
    d = 1 - (p + q) * t / (p + 1)
    d = 1 / np.where(np.abs(d) < 1e-300, 1e-300, d)
    h = d
    for m in range(1, 10_000):
        before = h
        for factor in (
            m * (q - m) * t / ((p + 2 * m - 1) * (p + 2 * m)),
            -(p + m) * (p + q + m) * t / ((p + 2 * m) * (p + 2 * m + 1)),
        ):
            d = 1 + factor * d
            d = 1 / np.where(np.abs(d) < 1e-300, 1e-300, d)
            c = 1 + factor / c
            c = np.where(np.abs(c) < 1e-300, 1e-300, c)
            h = h * c * d
        if not np.any(np.abs(h - before) > 2 * _EPSILON * np.abs(h)):
            break
    result = np.where(swap, 1 - scale * h, scale * h)
    result = np.where(x <= 0, 0.0, np.where(x >= 1, 1.0, result))
    valid = (a > 0) & (b > 0) & (x >= 0) & (x <= 1)
    return np.where(valid, np.clip(result, 0, 1), np.nan)
