"""Distributions of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ndtape import _core, linalg, random, special
from ndtape._core import Tensor
from ndtape.distributions._base import (
    HALF_LOG_TWO_PI,
    Distribution,
    Size,
    finite,
    floats,
    positive,
)
from ndtape.distributions._continuous import standard_gamma

__all__ = ["Dirichlet", "MultivariateNormal"]


class Dirichlet(Distribution):
    """The Dirichlet distribution of probabilities that sum to 1.

    Parameters
    ----------
    concentration : array_like
        Of shape ``(..., n)``, positive.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.distributions.Dirichlet(nt.tensor([1.0, 3.0])).mean
    tensor([0.25, 0.75])
    """

    _names = ("concentration",)

    def __init__(self, concentration: Any) -> None:
        a = positive("concentration", floats(concentration)[0])
        if a.ndim == 0 or a.shape[-1] == 0:
            raise ValueError(f"concentration: shape {a.shape}, expected (..., n) with n >= 1")
        self.concentration = a
        self.batch_shape, self.event_shape = a.shape[:-1], a.shape[-1:]

    def _draw(self, size: Size) -> Tensor:
        x = standard_gamma(self.concentration, self._shape(size))
        return x / _core.sum(x, axis=-1, keepdims=True)

    def log_prob(self, x: Any) -> Tensor:
        value = self._value(x)
        tolerance = 1e-5 if value.dtype == _core.float32 else 1e-10
        good = _core.all(value >= 0, axis=-1) & (
            _core.abs(_core.sum(value, axis=-1) - 1) <= tolerance
        )
        inside = _core.where(good[..., None], value, 1.0)
        known = _core.sum(special.xlogy(self.concentration - 1, inside), axis=-1) - self._norm()
        return _core.where(good, known, -math.inf)

    def _norm(self) -> Tensor:
        a = self.concentration
        return _core.sum(special.gammaln(a), axis=-1) - special.gammaln(_core.sum(a, axis=-1))

    @property
    def mean(self) -> Tensor:
        return self.concentration / _core.sum(self.concentration, axis=-1, keepdims=True)

    @property
    def variance(self) -> Tensor:
        m = self.mean
        return m * (1 - m) / (1 + _core.sum(self.concentration, axis=-1, keepdims=True))

    def entropy(self) -> Tensor:
        a = self.concentration
        total = _core.sum(a, axis=-1)
        known = self._norm() + (total - a.shape[-1]) * special.digamma(total)
        return known - _core.sum((a - 1) * special.digamma(a), axis=-1)


class MultivariateNormal(Distribution):
    """The normal distribution of vectors.

    Parameters
    ----------
    loc : array_like
        Mean, of shape ``(..., n)``.
    covariance : array_like, optional
        Of shape ``(..., n, n)``, symmetric and positive definite.
    scale_tril : array_like, optional
        Or its lower Cholesky factor, with a positive diagonal.

    Examples
    --------
    >>> import ndtape as nt
    >>> p = nt.distributions.MultivariateNormal(nt.zeros(2), nt.eye(2))
    >>> round(p.log_prob(nt.zeros(2)).item(), 4)
    -1.8379
    """

    _names = ("loc", "scale_tril")

    def __init__(self, loc: Any, covariance: Any = None, *, scale_tril: Any = None) -> None:
        if (covariance is None) == (scale_tril is None):
            raise ValueError("MultivariateNormal: expected covariance or scale_tril, one of them")
        given = covariance if scale_tril is None else scale_tril
        name = "covariance" if scale_tril is None else "scale_tril"
        loc, matrix = floats(loc, given)
        finite("loc", loc), finite(name, matrix)
        n = loc.shape[-1] if loc.ndim else 0
        if n == 0 or matrix.ndim < 2 or matrix.shape[-2:] != (n, n):
            raise ValueError(
                f"{name}: shape {matrix.shape} for a loc of shape {loc.shape}, expected "
                "(..., n, n) and (..., n)"
            )
        if scale_tril is None:
            plain = matrix.detach()
            skew = _core.max(_core.abs(plain - plain.mT)).item()
            if skew > 1e-4 * _core.max(_core.abs(plain)).item():
                raise ValueError("covariance: not symmetric")
            try:
                matrix = linalg.cholesky(matrix)
            except np.linalg.LinAlgError:
                raise ValueError("covariance: not positive definite") from None
        else:
            positive("scale_tril's diagonal", linalg.diagonal(matrix))
            matrix = _core.tril(matrix)
        self.batch_shape = np.broadcast_shapes(loc.shape[:-1], matrix.shape[:-2])
        self.event_shape = (n,)
        self.loc = _core.broadcast_to(loc, (*self.batch_shape, n))
        self.scale_tril = _core.broadcast_to(matrix, (*self.batch_shape, n, n))

    @property
    def covariance(self) -> Tensor:
        """The covariance matrix, of shape ``(..., n, n)``."""
        return self.scale_tril @ self.scale_tril.mT

    def _draw(self, size: Size) -> Tensor:
        noise = random.standard_normal(self._shape(size), dtype=self.loc.dtype)
        return self.loc + (self.scale_tril @ noise[..., None])[..., 0]

    def _half_log_det(self) -> Tensor:
        return _core.sum(_core.log(linalg.diagonal(self.scale_tril)), axis=-1)

    def log_prob(self, x: Any) -> Tensor:
        distance = self._value(x) - self.loc
        factor = _core.broadcast_to(self.scale_tril, (*distance.shape, distance.shape[-1]))
        z = linalg.solve(factor, distance[..., None])[..., 0]
        known = -0.5 * _core.sum(z * z, axis=-1) - self._half_log_det()
        return known - self.event_shape[0] * HALF_LOG_TWO_PI

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return _core.sum(_core.square(self.scale_tril), axis=-1)

    def entropy(self) -> Tensor:
        return self._half_log_det() + self.event_shape[0] * (0.5 + HALF_LOG_TWO_PI)
