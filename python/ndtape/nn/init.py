"""Initial values of parameters, filled in place.

Fans are counted as for ``weight`` of shape ``(outputs, inputs, *kernel)``.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ndtape import _core, random
from ndtape._core import Tensor
from ndtape._grad_mode import no_grad
from ndtape.nn._checks import choice, number

__all__ = [
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def _fill(x: Tensor, value: Tensor | float) -> Tensor:
    _check_tensor(x)
    with no_grad():
        x[...] = value
    return x


def _check_tensor(x: object) -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"x: a {type(x).__name__}, expected a tensor to fill")


def _fans(x: Tensor) -> tuple[int, int]:
    _check_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"x: shape {x.shape}, expected at least two axes: (outputs, inputs, ...)")
    kernel = math.prod(x.shape[2:])
    return x.shape[1] * kernel, x.shape[0] * kernel


def zeros_(x: Tensor) -> Tensor:
    """Fill with 0.

    Parameters
    ----------
    x : Tensor
        Filled in place; of a float dtype.

    Returns
    -------
    Tensor
        x.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.init.zeros_(nt.empty(2))
    tensor([0., 0.])
    """
    return _fill(x, 0.0)


def ones_(x: Tensor) -> Tensor:
    """Fill with 1.

    Parameters
    ----------
    x : Tensor
        Filled in place; of a float dtype.

    Returns
    -------
    Tensor
        x.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.init.ones_(nt.empty(2))
    tensor([1., 1.])
    """
    return _fill(x, 1.0)


def constant_(x: Tensor, value: float) -> Tensor:
    """Fill with one value.

    Parameters
    ----------
    x : Tensor
        Filled in place; of a float dtype.
    value : float
        For every element.

    Returns
    -------
    Tensor
        x.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.init.constant_(nt.empty(2), 3.0)
    tensor([3., 3.])
    """
    return _fill(x, value)


def uniform_(x: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Fill with uniform numbers from low to high.

    Parameters
    ----------
    x : Tensor
        Filled in place; of a float dtype.
    low, high : float, optional
        The bounds.

    Returns
    -------
    Tensor
        x.

    Examples
    --------
    >>> import ndtape as nt
    >>> bool(nt.all(nt.nn.init.uniform_(nt.empty(100), -1.0, 1.0) >= -1))
    True
    """
    _check_tensor(x)
    return _fill(x, random.uniform(low, high, size=x.shape, dtype=x.dtype))


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Fill with normal numbers.

    Parameters
    ----------
    x : Tensor
        Filled in place; of a float dtype.
    mean, std : float, optional
        Expected value and standard deviation.

    Returns
    -------
    Tensor
        x.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.init.normal_(nt.empty(3), mean=2.0, std=0.0)
    tensor([2., 2., 2.])
    """
    number("std", std, 0)
    _check_tensor(x)
    return _fill(x, random.normal(mean, std, size=x.shape, dtype=x.dtype))


def trunc_normal_(
    x: Tensor, mean: float = 0.0, std: float = 1.0, low: float = -2.0, high: float = 2.0
) -> Tensor:
    """Fill with normal numbers between low and high; others are drawn again.

    Parameters
    ----------
    x : Tensor
        Filled in place; of a float dtype.
    mean, std : float, optional
        Of the whole distribution, before it is cut.
    low, high : float, optional
        The bounds.

    Returns
    -------
    Tensor
        x.

    Raises
    ------
    ValueError
        When less than one in a thousand numbers would lie between low and high.

    Examples
    --------
    >>> import ndtape as nt
    >>> bool(nt.all(nt.abs(nt.nn.init.trunc_normal_(nt.empty(100))) <= 2))
    True
    """
    number("std", std, 0)
    a, b = ((v - mean) / std if std else math.copysign(math.inf, v - mean) for v in (low, high))
    inside = 0.5 * (math.erf(b / math.sqrt(2)) - math.erf(a / math.sqrt(2)))
    if not inside > 1e-3:
        raise ValueError(f"low, high: {low!r}, {high!r}, expected a range that is not rare")
    _check_tensor(x)
    values = random.normal(mean, std, size=x.shape, dtype=x.dtype)
    while bool(_core.any(outside := (values < low) | (values > high))):
        again = random.normal(mean, std, size=x.shape, dtype=x.dtype)
        values = _core.where(outside, again, values)
    return _fill(x, values)


def xavier_uniform_(x: Tensor, gain: float = 1.0) -> Tensor:
    """Fill with uniform numbers of variance ``2 * gain**2 / (inputs + outputs)`` [1]_.

    Parameters
    ----------
    x : Tensor
        Filled in place; of shape ``(outputs, inputs, *kernel)``.
    gain : float, optional
        What the standard deviation is multiplied by.

    Returns
    -------
    Tensor
        x.

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
       networks", AISTATS 2010.

    Examples
    --------
    >>> import ndtape as nt
    >>> bool(nt.all(nt.abs(nt.nn.init.xavier_uniform_(nt.empty((3, 3)))) <= 1))
    True
    """
    bound = gain * math.sqrt(6 / sum(_fans(x)))
    return uniform_(x, -bound, bound)


def xavier_normal_(x: Tensor, gain: float = 1.0) -> Tensor:
    """Fill with normal numbers of variance ``2 * gain**2 / (inputs + outputs)``.

    Parameters
    ----------
    x : Tensor
        Filled in place; of shape ``(outputs, inputs, *kernel)``.
    gain : float, optional
        What the standard deviation is multiplied by.

    Returns
    -------
    Tensor
        x.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.init.xavier_normal_(nt.empty((3, 4)), gain=0.0).shape
    (3, 4)
    """
    return normal_(x, 0.0, gain * math.sqrt(2 / sum(_fans(x))))


def _kaiming_std(x: Tensor, mode: str, nonlinearity: str) -> float:
    choice("mode", mode, ("fan_in", "fan_out"))
    gain = _GAINS[choice("nonlinearity", nonlinearity, _GAINS)]
    return gain / math.sqrt(max(_fans(x)[mode == "fan_out"], 1))


def kaiming_uniform_(
    x: Tensor,
    *,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    nonlinearity: str = "relu",
) -> Tensor:
    """Fill with uniform numbers of variance ``gain**2 / fan`` [1]_.

    Parameters
    ----------
    x : Tensor
        Of shape ``(outputs, inputs, *kernel)``.
    mode : {"fan_in", "fan_out"}, optional
        Keep the variance of values or that of gradients.
    nonlinearity : {"linear", "relu", "selu", "sigmoid", "tanh"}, optional
        What follows the layer: it sets the gain.

    Returns
    -------
    Tensor
        x.

    References
    ----------
    .. [1] K. He et al., "Delving deep into rectifiers", ICCV 2015.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.init.kaiming_uniform_(nt.empty((3, 4))).shape
    (3, 4)
    """
    bound = math.sqrt(3) * _kaiming_std(x, mode, nonlinearity)
    return uniform_(x, -bound, bound)


def kaiming_normal_(
    x: Tensor,
    *,
    mode: Literal["fan_in", "fan_out"] = "fan_in",
    nonlinearity: str = "relu",
) -> Tensor:
    """Fill with normal numbers of variance ``gain**2 / fan``; see `kaiming_uniform_`.

    Parameters
    ----------
    x : Tensor
        Filled in place; of shape ``(outputs, inputs, *kernel)``.
    mode : {"fan_in", "fan_out"}, optional
        Keep the variance of values or that of gradients.
    nonlinearity : {"linear", "relu", "selu", "sigmoid", "tanh"}, optional
        What follows the layer: it sets the gain.

    Returns
    -------
    Tensor
        x.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.init.kaiming_normal_(nt.empty((3, 4)), mode="fan_out").shape
    (3, 4)
    """
    return normal_(x, 0.0, _kaiming_std(x, mode, nonlinearity))


def orthogonal_(x: Tensor, gain: float = 1.0) -> Tensor:
    """Fill with a random matrix whose rows, or columns if those are fewer, are orthonormal [1]_.

    Parameters
    ----------
    x : Tensor
        Of shape ``(outputs, ...)``; axes after the first count as one.
    gain : float, optional
        What the matrix is multiplied by.

    Returns
    -------
    Tensor
        x.

    References
    ----------
    .. [1] A. M. Saxe, J. L. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of
       learning in deep linear neural networks", ICLR 2014.

    Examples
    --------
    >>> import ndtape as nt
    >>> q = nt.nn.init.orthogonal_(nt.empty((2, 3)))
    >>> bool(nt.all(nt.abs(q @ q.T - nt.eye(2)) < 1e-5))
    True
    """
    _fans(x)
    rows, columns = x.shape[0], math.prod(x.shape[1:])
    tall = (max(rows, columns), min(rows, columns))
    draw = random.standard_normal(size=tall, dtype=_core.float64).numpy()
    q, r = np.linalg.qr(draw)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the distribution uniform
    matrix = _core.asarray(gain * (q if rows >= columns else q.T))
    return _fill(x, _core.reshape(_core.astype(matrix, x.dtype), x.shape))
