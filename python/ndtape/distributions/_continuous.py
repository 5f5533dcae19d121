"""Distributions of real numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ndtape import _core, random, special
from ndtape._core import Tensor
from ndtape.distributions._base import (
    HALF_LOG_TWO_PI,
    Distribution,
    Size,
    checked,
    finite,
    floats,
    from_numpy,
    numpy_generator,
    positive,
)
from ndtape.special import _numeric

__all__ = ["Beta", "Exponential", "Gamma", "Laplace", "Normal", "StudentT", "Uniform"]

_ROOT_TWO = math.sqrt(2)


class Normal(Distribution):
    """The normal distribution.

    Parameters
    ----------
    loc : array_like, optional
        Mean.
    scale : array_like, optional
        Standard deviation, positive.

    Examples
    --------
    >>> import ndtape as nt
    >>> round(nt.distributions.Normal(0.0, 1.0).log_prob(0.0).item(), 4)
    -0.9189
    """

    _names = ("loc", "scale")

    def __init__(self, loc: Any = 0.0, scale: Any = 1.0) -> None:
        loc, scale = floats(loc, scale)
        self.loc, self.scale = self._broadcast(finite("loc", loc), positive("scale", scale))

    def _draw(self, size: Size) -> Tensor:
        noise = random.standard_normal(self._shape(size), dtype=self.loc.dtype)
        return self.loc + self.scale * noise

    def log_prob(self, x: Any) -> Tensor:
        z = (self._value(x) - self.loc) / self.scale
        return -0.5 * z * z - _core.log(self.scale) - HALF_LOG_TWO_PI

    def cdf(self, x: Any) -> Tensor:
        z = (self._value(x) - self.loc) / (self.scale * _ROOT_TWO)
        return 0.5 * special.erfc(-z)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return _core.square(self.scale)

    def entropy(self) -> Tensor:
        return _core.log(self.scale) + (0.5 + HALF_LOG_TWO_PI)


class Uniform(Distribution):
    """The uniform distribution on an interval.

    Parameters
    ----------
    low, high : array_like, optional
        Its ends, low first.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Uniform(0.0, 2.0).cdf(nt.tensor([-1.0, 0.5, 3.0]))
    tensor([0.  , 0.25, 1.  ])
    """

    _names = ("low", "high")

    def __init__(self, low: Any = 0.0, high: Any = 1.0) -> None:
        low, high = floats(low, high)
        self.low, self.high = self._broadcast(finite("low", low), finite("high", high))
        checked("high - low", self.high - self.low, "a positive number", lambda t: t > 0)

    def _draw(self, size: Size) -> Tensor:
        share = random.random(self._shape(size), dtype=self.low.dtype)
        return self.low + (self.high - self.low) * share

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        inside = (value >= self.low) & (value <= self.high)
        density = -_core.log(self.high - self.low)
        return _core.where(inside, density, _core.where(_core.isnan(value), math.nan, -math.inf))

    def cdf(self, x: Any) -> Tensor:
        return _core.clip((self._value(x) - self.low) / (self.high - self.low), 0.0, 1.0)

    @property
    def mean(self) -> Tensor:
        return 0.5 * (self.low + self.high)

    @property
    def variance(self) -> Tensor:
        return _core.square(self.high - self.low) / 12

    def entropy(self) -> Tensor:
        return _core.log(self.high - self.low)


class Exponential(Distribution):
    """The exponential distribution.

    Parameters
    ----------
    rate : array_like, optional
        Inverse of the mean, positive.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Exponential(2.0).mean.item()
    0.5
    """

    _names = ("rate",)

    def __init__(self, rate: Any = 1.0) -> None:
        (self.rate,) = self._broadcast(positive("rate", floats(rate)[0]))

    def _draw(self, size: Size) -> Tensor:
        return -_core.log1p(-random.random(self._shape(size), dtype=self.rate.dtype)) / self.rate

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        return _core.where(value < 0, -math.inf, _core.log(self.rate) - self.rate * value)

    def cdf(self, x: Any) -> Tensor:
        return -_core.expm1(-self.rate * _core.maximum(self._value(x), 0.0))

    @property
    def mean(self) -> Tensor:
        return 1 / self.rate

    @property
    def variance(self) -> Tensor:
        return 1 / _core.square(self.rate)

    def entropy(self) -> Tensor:
        return 1 - _core.log(self.rate)


class Laplace(Distribution):
    """The Laplace distribution: exponential on both sides.

    Parameters
    ----------
    loc : array_like, optional
        Mean.
    scale : array_like, optional
        Mean distance from it, positive.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Laplace(0.0, 1.0).cdf(0.0).item()
    0.5
    """

    _names = ("loc", "scale")

    def __init__(self, loc: Any = 0.0, scale: Any = 1.0) -> None:
        loc, scale = floats(loc, scale)
        self.loc, self.scale = self._broadcast(finite("loc", loc), positive("scale", scale))

    def _draw(self, size: Size) -> Tensor:
        # From -1/2 (which is drawn, and would be infinitely far) up to 1/2, turned around.
        u = 0.5 - random.random(self._shape(size), dtype=self.loc.dtype)
        tiny = 1e-38 if u.dtype == _core.float32 else 1e-300
        far = -_core.log(_core.maximum(1 - 2 * _core.abs(u), tiny))
        return self.loc + self.scale * _core.sign(u) * far

    def log_prob(self, x: Any) -> Tensor:
        z = _core.abs(self._value(x) - self.loc) / self.scale
        return -z - _core.log(2 * self.scale)

    def cdf(self, x: Any) -> Tensor:
        z = (self._value(x) - self.loc) / self.scale
        tail = 0.5 * _core.exp(-_core.abs(z))
        return _core.where(z < 0, tail, 1 - tail)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return 2 * _core.square(self.scale)

    def entropy(self) -> Tensor:
        return 1 + _core.log(2 * self.scale)


def _gamma_slope(a: Any, x: Any) -> Any:
    """Return how a draw x of Gamma(a, 1) moves with a: the cdf's slope by a, over -density.

    By the cdf's series, sum over n of x^(a + n) exp(-x) / gamma(a + n + 1), term by term; for
    large a by Wilson and Hilferty's cube of a normal number.
    """
    a, x = np.broadcast_arrays(a, x)
    with np.errstate(all="ignore"):
        large = a > 1e4
        aa, xx = np.where(large, 1.0, a), np.where(large, 1.0, x)
        # In units of the density's own term x^(a - 1) exp(-x) / gamma(a).
        term = xx / aa
        log, psi = np.log(xx), _numeric.digamma(aa + 1)
        total = term * (log - psi)
        n = aa.copy()
        most = int(np.max(xx + 12 * np.sqrt(xx), initial=0.0)) + 60
        for _ in range(most):
            n = n + 1
            term = term * xx / n
            psi = psi + 1 / n
            total = total + term * (log - psi)
        root = np.cbrt(x / a)
        z = (root - 1 + 1 / (9 * a)) * 3 * np.sqrt(a)
        inner = 1 / (9 * a * a) - z / (6 * a * np.sqrt(a))
        cube = root**3 + 3 * a * root**2 * inner
        return np.where(large, cube, -total)


def standard_gamma(concentration: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return draws of Gamma(concentration, 1) whose derivative is that of the cdf's inverse."""
    a = _core.broadcast_to(concentration, shape)
    given = np.asarray(a.detach().numpy(), dtype=np.float64)
    tiny = 1e-38 if a.dtype == _core.float32 else 1e-300
    drawn = np.maximum(numpy_generator().standard_gamma(given), tiny)
    x = from_numpy(drawn, a)
    if not (a.requires_grad and _core.grad_enabled()):
        return x
    slope = from_numpy(_gamma_slope(given, drawn), a)
    return _core.record_operation(_STANDARD_GAMMA, a, x, slope)


_STANDARD_GAMMA = _core.operation("standard_gamma", lambda g, slope: g * slope)


class Gamma(Distribution):
    """The gamma distribution.

    Parameters
    ----------
    concentration : array_like
        Shape parameter, positive.
    rate : array_like, optional
        Inverse of the scale, positive.

    Notes
    -----
    `cdf` has a derivative by x and rate, not by the concentration. `rsample` has one by both [1]_.

    References
    ----------
    .. [1] M. Figurnov, S. Mohamed, A. Mnih, "Implicit reparameterization gradients", NeurIPS 2018.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Gamma(3.0, 2.0).mean.item()
    1.5
    """

    _names = ("concentration", "rate")

    def __init__(self, concentration: Any, rate: Any = 1.0) -> None:
        concentration, rate = floats(concentration, rate)
        self.concentration, self.rate = self._broadcast(
            positive("concentration", concentration), positive("rate", rate)
        )

    def _draw(self, size: Size) -> Tensor:
        return standard_gamma(self.concentration, self._shape(size)) / self.rate

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        inside = _core.where(value < 0, 1.0, value)
        a, b = self.concentration, self.rate
        density = a * _core.log(b) + special.xlogy(a - 1, inside) - b * inside
        return _core.where(value < 0, -math.inf, density - special.gammaln(a))

    def cdf(self, x: Any) -> Tensor:
        return special.gammainc(self.concentration, self.rate * _core.maximum(self._value(x), 0.0))

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def variance(self) -> Tensor:
        return self.concentration / _core.square(self.rate)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - _core.log(self.rate) + special.gammaln(a) + (1 - a) * special.digamma(a)


class Beta(Distribution):
    """The beta distribution on the interval from 0 to 1.

    Parameters
    ----------
    concentration1, concentration0 : array_like
        Its shape parameters, positive: of x and of 1 - x.

    Notes
    -----
    `cdf` has a derivative by x, not by the parameters.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Beta(3.0, 1.0).mean.item()
    0.75
    """

    _names = ("concentration1", "concentration0")

    def __init__(self, concentration1: Any, concentration0: Any) -> None:
        a, b = floats(concentration1, concentration0)
        self.concentration1, self.concentration0 = self._broadcast(
            positive("concentration1", a), positive("concentration0", b)
        )

    def _draw(self, size: Size) -> Tensor:
        shape = self._shape(size)
        x = standard_gamma(self.concentration1, shape)
        return x / (x + standard_gamma(self.concentration0, shape))

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        outside = (value < 0) | (value > 1)
        inside = _core.where(outside, 0.5, value)
        a, b = self.concentration1, self.concentration0
        density = special.xlogy(a - 1, inside) + special.xlog1py(b - 1, -inside)
        return _core.where(outside, -math.inf, density - special.betaln(a, b))

    def cdf(self, x: Any) -> Tensor:
        value = _core.clip(self._value(x), 0.0, 1.0)
        return special.betainc(self.concentration1, self.concentration0, value)

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        return a * b / (_core.square(a + b) * (a + b + 1))

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        known = special.betaln(a, b) + (a + b - 2) * special.digamma(a + b)
        return known - (a - 1) * special.digamma(a) - (b - 1) * special.digamma(b)


class StudentT(Distribution):
    """Student's t distribution.

    Parameters
    ----------
    df : array_like
        Degrees of freedom, positive.
    loc : array_like, optional
        Centre.
    scale : array_like, optional
        Positive.

    Notes
    -----
    `cdf` has a derivative by x, loc and scale, not by df.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.StudentT(4.0).variance.item()
    2.0
    """

    _names = ("df", "loc", "scale")

    def __init__(self, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> None:
        df, loc, scale = floats(df, loc, scale)
        self.df, self.loc, self.scale = self._broadcast(
            positive("df", df), finite("loc", loc), positive("scale", scale)
        )

    def _draw(self, size: Size) -> Tensor:
        shape = self._shape(size)
        noise = random.standard_normal(shape, dtype=self.df.dtype)
        half = 0.5 * self.df
        return self.loc + self.scale * noise * _core.sqrt(half / standard_gamma(half, shape))

    def log_prob(self, x: Any) -> Tensor:
        z = (self._value(x) - self.loc) / self.scale
        half = 0.5 * self.df
        norm = special.betaln(half, 0.5) + 0.5 * _core.log(self.df) + _core.log(self.scale)
        return -norm - (half + 0.5) * _core.log1p(z * z / self.df)

    def cdf(self, x: Any) -> Tensor:
        z = (self._value(x) - self.loc) / self.scale
        square = z * z
        middle = square < self.df  # of the two forms, the one that keeps its digits
        near = special.betainc(
            0.5,
            0.5 * self.df,
            _core.where(middle, square, 0.0) / (self.df + _core.where(middle, square, 0.0)),
        )
        far = special.betainc(
            0.5 * self.df, 0.5, self.df / (self.df + _core.where(middle, self.df, square))
        )
        tail = _core.where(middle, 0.5 - 0.5 * near, 0.5 * far)
        return _core.where(z < 0, tail, 1 - tail)

    @property
    def mean(self) -> Tensor:
        return _core.where(self.df > 1, self.loc, math.nan)

    @property
    def variance(self) -> Tensor:
        rest = _core.where(self.df > 2, self.df - 2, 1.0)
        value = _core.square(self.scale) * self.df / rest
        return _core.where(self.df > 2, value, _core.where(self.df > 1, math.inf, math.nan))

    def entropy(self) -> Tensor:
        half = 0.5 * self.df
        spread = (half + 0.5) * (special.digamma(half + 0.5) - special.digamma(half))
        norm = special.betaln(half, 0.5) + 0.5 * _core.log(self.df) + _core.log(self.scale)
        return spread + norm
