"""Distributions of integers."""

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
)

__all__ = ["Bernoulli", "Binomial", "Categorical", "Poisson"]


def _one_of(name: str, probs: Any, logits: Any) -> None:
    if (probs is None) == (logits is None):
        raise ValueError(f"{name}: expected probs or logits, one of them")


def _probability(x: Tensor) -> Tensor:
    return checked("probs", x, "a probability, from 0 to 1", lambda t: (t >= 0) & (t <= 1))


def _whole(x: Tensor) -> Tensor:
    return x == _core.floor(x)


class Bernoulli(Distribution):
    """One of 0 and 1.

    Parameters
    ----------
    probs : array_like, optional
        Probability of 1.
    logits : array_like, optional
        Or its log-odds.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Bernoulli(0.25).variance.item()
    0.1875
    """

    _names = ("probs",)
    _discrete = True

    def __init__(self, probs: Any = None, *, logits: Any = None) -> None:
        _one_of("Bernoulli", probs, logits)
        self.logits: Tensor | None = None
        if logits is not None:
            (self.logits,) = self._broadcast(finite("logits", floats(logits)[0]))
            self.probs = _core.sigmoid(self.logits)
        else:
            (self.probs,) = self._broadcast(_probability(floats(probs)[0]))

    def _draw(self, size: Size) -> Tensor:
        u = random.random(self._shape(size), dtype=self.probs.dtype)
        return _core.astype(u < self.probs, self.probs.dtype)

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        if self.logits is not None:
            known = value * self.logits - _core.softplus(self.logits)
        else:
            known = special.xlogy(value, self.probs) + special.xlog1py(1 - value, -self.probs)
        return _core.where((value == 0) | (value == 1), known, -math.inf)

    def cdf(self, x: Any) -> Tensor:
        value = self._value(x)
        return _core.where(value < 0, 0.0, _core.where(value < 1, 1 - self.probs, 1.0))

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def entropy(self) -> Tensor:
        p = self.probs
        return -special.xlogy(p, p) - special.xlog1py(1 - p, -p)


class Categorical(Distribution):
    """One of the classes 0 to n - 1.

    Parameters
    ----------
    probs : array_like, optional
        Of shape ``(..., n)``: their probabilities, which sum to 1 when divided by their sum.
    logits : array_like, optional
        Or their logarithms, up to a constant.

    Examples
    --------
    >>> import ndtape as nt
    >>> p = nt.distributions.Categorical(probs=nt.tensor([1.0, 3.0]))
    >>> nt.exp(p.log_prob(nt.tensor([0, 1])))
    tensor([0.25, 0.75])
    """

    _names = ("probs",)
    _discrete = True

    def __init__(self, probs: Any = None, *, logits: Any = None) -> None:
        _one_of("Categorical", probs, logits)
        given = floats(probs if logits is None else logits)[0]
        if given.ndim == 0 or given.shape[-1] == 0:
            raise ValueError(f"Categorical: shape {given.shape}, expected (..., n) with n >= 1")
        if logits is None:
            checked("probs", given, "at least 0", lambda t: (t >= 0) & _core.isfinite(t))
            total = _core.sum(given, axis=-1, keepdims=True)
            checked("sum of probs", total, "more than 0", lambda t: t > 0)
            self.probs = given / total
            self.logits = _core.log(self.probs)
        else:
            checked("logits", given, "no NaN or infinity", lambda t: t < math.inf)
            self.logits = _core.log_softmax(given, axis=-1)
            self.probs = _core.exp(self.logits)
        self.batch_shape = given.shape[:-1]

    def _draw(self, size: Size) -> Tensor:
        shape = self._shape(size)
        p = np.asarray(self.probs.detach().numpy(), dtype=np.float64)
        ends = np.cumsum(p, axis=-1)
        u = random.random(shape, dtype=_core.float64).numpy() * ends[..., -1]
        # The first class whose end is above u: one of probability 0 is never that.
        return _core.asarray(np.sum(u[..., None] >= ends[..., :-1], axis=-1).astype(np.int64))

    def log_prob(self, x: Any) -> Tensor:
        value = _core.asarray(x)
        if value.dtype in (_core.float32, _core.float64):
            value = _core.astype(value, _core.int64)
        n = self.probs.shape[-1]
        if bool(_core.any((value < 0) | (value >= n))):
            raise IndexError(f"Categorical: a class out of range, expected 0 to {n - 1}")
        shape = np.broadcast_shapes(value.shape, self.batch_shape)
        rows = _core.broadcast_to(self.logits, (*shape, n))
        at = _core.broadcast_to(value, shape)
        return _core.take_along_axis(rows, at[..., None], axis=-1)[..., 0]

    def cdf(self, x: Any) -> Tensor:
        value = self._value(x)
        classes = _core.arange(self.probs.shape[-1], dtype=self.probs.dtype)
        return _core.sum(_core.where(classes <= value[..., None], self.probs, 0.0), axis=-1)

    @property
    def mean(self) -> Tensor:
        classes = _core.arange(self.probs.shape[-1], dtype=self.probs.dtype)
        return _core.sum(classes * self.probs, axis=-1)

    @property
    def variance(self) -> Tensor:
        classes = _core.arange(self.probs.shape[-1], dtype=self.probs.dtype)
        distance = classes - self.mean[..., None]
        return _core.sum(self.probs * _core.square(distance), axis=-1)

    def entropy(self) -> Tensor:
        p = self.probs
        return -_core.sum(special.xlogy(p, p), axis=-1)


class Binomial(Distribution):
    """The number of successes in independent trials.

    Parameters
    ----------
    total : array_like
        Number of trials, whole and at least 0.
    probs : array_like, optional
        Probability of a success.
    logits : array_like, optional
        Or its log-odds.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Binomial(10, 0.5).mean.item()
    5.0
    """

    _names = ("total", "probs")
    _discrete = True

    def __init__(self, total: Any, probs: Any = None, *, logits: Any = None) -> None:
        _one_of("Binomial", probs, logits)
        total, given = floats(total, probs if logits is None else logits)
        checked("total", total, "a whole number, at least 0", lambda t: (t >= 0) & _whole(t))
        if logits is not None:
            given = _core.sigmoid(finite("logits", given))
        self.total, self.probs = self._broadcast(total.detach(), _probability(given))

    def _draw(self, size: Size) -> Tensor:
        n = self.total.numpy().astype(np.int64)
        p = np.asarray(self.probs.detach().numpy(), dtype=np.float64)
        return from_numpy(numpy_generator().binomial(n, p, self._shape(size)), self.probs)

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        n = self.total
        good = (value >= 0) & (value <= n) & _whole(value)
        k = _core.where(good, value, 0.0)
        # log of n! / (k! (n - k)!), as a beta function so that large terms do not cancel
        ways = -_core.log1p(n) - special.betaln(k + 1, n - k + 1)
        known = special.xlogy(k, self.probs) + special.xlog1py(n - k, -self.probs)
        return _core.where(good, ways + known, -math.inf)

    def cdf(self, x: Any) -> Tensor:
        value = _core.floor(self._value(x)).detach()
        n = self.total
        inside = (value >= 0) & (value < n)
        k = _core.where(inside, value, 0.0)
        rest = _core.where(inside, n - k, 1.0)
        known = special.betainc(rest, k + 1, 1 - self.probs)
        return _core.where(inside, known, _core.where(value < 0, 0.0, 1.0))

    @property
    def mean(self) -> Tensor:
        return self.total * self.probs

    @property
    def variance(self) -> Tensor:
        return self.total * self.probs * (1 - self.probs)

    def entropy(self) -> Tensor:
        most = int(_core.max(self.total).item()) if self.total.size else 0
        ks = _core.arange(most + 1, dtype=self.probs.dtype)
        one = Binomial(self.total[..., None], self.probs[..., None])
        log_p = one.log_prob(ks)
        known = log_p > -math.inf
        log_p = _core.where(known, log_p, 0.0)
        return -_core.sum(_core.where(known, _core.exp(log_p) * log_p, 0.0), axis=-1)


class Poisson(Distribution):
    """The number of independent rare events.

    Parameters
    ----------
    rate : array_like
        Mean, positive.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Poisson(2.5).variance.item()
    2.5
    """

    _names = ("rate",)
    _discrete = True

    def __init__(self, rate: Any) -> None:
        given = floats(rate)[0]
        checked("rate", given, "positive, at most 1e15", lambda t: (t > 0) & (t <= 1e15))
        (self.rate,) = self._broadcast(given)

    def _draw(self, size: Size) -> Tensor:
        rate = np.asarray(self.rate.detach().numpy(), dtype=np.float64)
        return from_numpy(numpy_generator().poisson(rate, self._shape(size)), self.rate)

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        good = (value >= 0) & _whole(value)
        k = _core.where(good, value, 0.0)
        known = special.xlogy(k, self.rate) - self.rate - special.gammaln(k + 1)
        return _core.where(good, known, -math.inf)

    def cdf(self, x: Any) -> Tensor:
        value = _core.floor(self._value(x)).detach()
        k = _core.maximum(value, 0.0)
        return _core.where(value < 0, 0.0, 1 - special.gammainc(k + 1, self.rate))

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def variance(self) -> Tensor:
        return self.rate

    def entropy(self) -> Tensor:
        """Return the entropy: a sum over what may be drawn, or its series for large rates.

        Returns
        -------
        Tensor
            Of the batch shape.
        """
        rate = _core.where(self.rate > 100, 100.0, self.rate)
        ks = _core.arange(300, dtype=_core.float64)
        log_p = Poisson(_core.astype(rate, _core.float64)[..., None]).log_prob(ks)
        summed = -_core.sum(_core.exp(log_p) * log_p, axis=-1)
        r = _core.where(self.rate > 100, self.rate, 100.0)
        series = 1 / (12 * r) + 1 / (24 * r * r) + 19 / (360 * r * r * r)
        large = 0.5 + HALF_LOG_TWO_PI + 0.5 * _core.log(r) - series
        return _core.where(self.rate > 100, large, _core.astype(summed, self.rate.dtype))
