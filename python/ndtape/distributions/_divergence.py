"""Kullback-Leibler divergences between two distributions of one family."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ndtape import _core, linalg, special
from ndtape._core import Tensor
from ndtape.distributions._base import Distribution
from ndtape.distributions._continuous import Beta, Exponential, Gamma, Laplace, Normal, Uniform
from ndtape.distributions._discrete import Bernoulli, Binomial, Categorical, Poisson
from ndtape.distributions._multivariate import Dirichlet, MultivariateNormal

__all__ = ["kl_divergence"]

_log, _digamma = _core.log, special.digamma


def _ratio(p: Tensor, q: Tensor) -> Tensor:
    """Return p log(p / q), 0 where p is 0."""
    return special.xlogy(p, p) - special.xlogy(p, q)


def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = _core.square(p.scale / q.scale)
    distance = _core.square((p.loc - q.loc) / q.scale)
    return 0.5 * (ratio + distance - 1 - _log(ratio))


def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    return _ratio(p.probs, q.probs) + _ratio(1 - p.probs, 1 - q.probs)


def _categorical(p: Categorical, q: Categorical) -> Tensor:
    if p.probs.shape[-1] != q.probs.shape[-1]:
        raise ValueError(
            f"kl_divergence: {p.probs.shape[-1]} and {q.probs.shape[-1]} classes, expected as many"
        )
    return _core.sum(_ratio(p.probs, q.probs), axis=-1)


def _binomial(p: Binomial, q: Binomial) -> Tensor:
    if not bool(_core.all(p.total == q.total)):
        raise ValueError("kl_divergence: binomials of different totals")
    return p.total * (_ratio(p.probs, q.probs) + _ratio(1 - p.probs, 1 - q.probs))


def _poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (_log(p.rate) - _log(q.rate)) - p.rate + q.rate


def _uniform(p: Uniform, q: Uniform) -> Tensor:
    inside = (p.low >= q.low) & (p.high <= q.high)
    return _core.where(inside, _log((q.high - q.low) / (p.high - p.low)), math.inf)


def _exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - _log(ratio)


def _laplace(p: Laplace, q: Laplace) -> Tensor:
    distance = _core.abs(p.loc - q.loc)
    ratio = p.scale / q.scale
    return ratio * _core.exp(-distance / p.scale) + distance / q.scale - 1 - _log(ratio)


def _gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    known = (a - b) * _digamma(a) - special.gammaln(a) + special.gammaln(b)
    return known + b * (_log(p.rate) - _log(q.rate)) + a * (q.rate / p.rate - 1)


def _beta(p: Beta, q: Beta) -> Tensor:
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    known = special.betaln(c, d) - special.betaln(a, b)
    known = known + (a - c) * _digamma(a) + (b - d) * _digamma(b)
    return known + (c - a + d - b) * _digamma(a + b)


def _dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    total = _core.sum(a, axis=-1, keepdims=True)
    moved = _core.sum((a - b) * (_digamma(a) - _digamma(total)), axis=-1)
    return q._norm() - p._norm() + moved


def _multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    n = p.event_shape[0]
    shape = (p.loc - q.loc).shape
    factor = _core.broadcast_to(q.scale_tril, (*shape, n))
    mixed = linalg.solve(factor, _core.broadcast_to(p.scale_tril, (*shape, n)))
    distance = linalg.solve(factor, (q.loc - p.loc)[..., None])[..., 0]
    squares = _core.sum(_core.square(mixed), axis=(-2, -1)) + _core.sum(distance**2, axis=-1)
    return 0.5 * (squares - n) + q._half_log_det() - p._half_log_det()


_PAIRS: dict[type[Distribution], Callable[[Any, Any], Tensor]] = {
    Bernoulli: _bernoulli,
    Beta: _beta,
    Binomial: _binomial,
    Categorical: _categorical,
    Dirichlet: _dirichlet,
    Exponential: _exponential,
    Gamma: _gamma,
    Laplace: _laplace,
    MultivariateNormal: _multivariate,
    Normal: _normal,
    Poisson: _poisson,
    Uniform: _uniform,
}


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """Kullback-Leibler divergence of q from p: the expected ``log(p(x) / q(x))`` for x from p.

    Parameters
    ----------
    p, q : Distribution
        Of one family.

    Returns
    -------
    Tensor
        Of the shape that their batch shapes broadcast to; 0 or more.

    Raises
    ------
    TypeError
        When there is no formula for the pair.

    Examples
    --------
    >>> import ndtape as nt
    >>> d = nt.distributions
    >>> d.kl_divergence(d.Normal(0.0, 1.0), d.Normal(2.0, 1.0)).item()
    2.0
    """
    rule = _PAIRS.get(type(p))
    if rule is None or type(p) is not type(q):
        known = ", ".join(t.__name__ for t in _PAIRS)
        raise TypeError(
            f"kl_divergence: of a {type(p).__name__} and a {type(q).__name__}, expected two of "
            f"one family among {known}"
        )
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"kl_divergence: events of shapes {p.event_shape} and {q.event_shape}, expected one"
        )
    return rule(p, q)
