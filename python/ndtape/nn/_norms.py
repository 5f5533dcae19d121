"""Normalisation as functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ndtape import _core
from ndtape._core import Tensor
from ndtape._grad_mode import no_grad
from ndtape.nn._checks import number, tensor

__all__ = ["batch_norm", "group_norm", "layer_norm", "rms_norm"]


def _check(name: str, what: str, t: Tensor | None, shape: tuple[int, ...]) -> None:
    if t is not None and t.shape != shape:
        raise ValueError(f"{name}: {what} of shape {t.shape}, expected {shape}")


def layer_norm(
    x: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    axes: int | Sequence[int] | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """Normalise the last axes together.

    ``(x - mean) / sqrt(var + epsilon) * weight + bias``.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.
    weight, bias : Tensor, optional
        Of the shape of the axes that are normalised.
    axes : int or sequence of ints, optional
        The lengths of those axes; the last one alone if left out.
    epsilon : float, optional
        Added to the variance.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        When shapes do not fit.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.layer_norm(nt.tensor([[1.0, 3.0]]), epsilon=0.0)
    tensor([[-1.,  1.]])
    """
    x = tensor("layer_norm", "x", x)
    if axes is None:
        return _core.layer_norm(x, weight, bias, epsilon=epsilon)
    shape = (axes,) if isinstance(axes, int) else tuple(axes)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(f"layer_norm: x of shape {x.shape}, expected it to end in {shape}")
    if len(shape) == 1:
        return _core.layer_norm(x, weight, bias, epsilon=epsilon)
    _check("layer_norm", "weight", weight, shape)
    _check("layer_norm", "bias", bias, shape)
    flat = _core.reshape(x, (*x.shape[: -len(shape)], math.prod(shape)))
    flat_weight = None if weight is None else _core.reshape(weight, (-1,))
    flat_bias = None if bias is None else _core.reshape(bias, (-1,))
    y = _core.layer_norm(flat, flat_weight, flat_bias, epsilon=epsilon)
    return _core.reshape(y, x.shape)


def rms_norm(x: Tensor, weight: Tensor | None = None, *, epsilon: float = 1e-6) -> Tensor:
    """Divide by the root of the mean square along the last axis [1]_.

    Parameters
    ----------
    x : Tensor
        Of a float dtype.
    weight : Tensor, optional
        Of shape ``(x.shape[-1],)``.
    epsilon : float, optional
        Added to the mean square.

    Returns
    -------
    Tensor
        Of x's shape.

    References
    ----------
    .. [1] B. Zhang, R. Sennrich, "Root mean square layer normalization", NeurIPS 2019.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.rms_norm(nt.tensor([[3.0, -3.0]]), epsilon=0.0)
    tensor([[ 1., -1.]])
    """
    x = tensor("rms_norm", "x", x)
    number("epsilon", epsilon, 0)
    return _core._rms_norm(x, weight, epsilon)


def group_norm(
    x: Tensor,
    groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    epsilon: float = 1e-5,
) -> Tensor:
    """Normalise groups of channels of each image.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, *lengths)``.
    groups : int
        A divisor of the channels.
    weight, bias : Tensor, optional
        Of shape ``(channels,)``.
    epsilon : float, optional
        Added to the variance.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        When shapes do not fit or groups does not divide the channels.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.group_norm(nt.tensor([[1.0, 3.0, 2.0, 6.0]]), 2, epsilon=0.0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    return _core._group_norm(x, groups, weight, bias, epsilon)


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    training: bool = True,
    momentum: float = 0.1,
    epsilon: float = 1e-5,
) -> Tensor:
    """Normalise every channel over the batch [1]_.

    Parameters
    ----------
    x : Tensor
        Of shape ``(n, channels, *lengths)`` and a float dtype.
    running_mean, running_var : Tensor or None
        Of shape ``(channels,)``. In training they move towards the batch's mean and its unbiased
        variance; else they stand for them.
    weight, bias : Tensor, optional
        Of shape ``(channels,)``.
    training : bool, optional
        Normalise by the batch rather than by what is running. So is done without running values.
    momentum : float, optional
        The share of the batch in the new running values, from 0 to 1.
    epsilon : float, optional
        Added to the variance.

    Returns
    -------
    Tensor
        Of x's shape.

    Raises
    ------
    ValueError
        When shapes do not fit, or in training with a single value a channel.

    References
    ----------
    .. [1] S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([[1.0], [3.0]])
    >>> nt.nn.functional.batch_norm(x, None, None, epsilon=0.0)
    tensor([[-1.],
            [ 1.]])
    """
    x = tensor("batch_norm", "x", x)
    if x.ndim < 2:
        raise ValueError(f"batch_norm: x of shape {x.shape}, expected (n, channels, ...)")
    number("momentum", momentum, 0, 1)
    number("epsilon", epsilon, 0)
    given = {
        "weight": weight,
        "bias": bias,
        "running_mean": running_mean,
        "running_var": running_var,
    }
    for what, t in given.items():
        _check("batch_norm", what, t, x.shape[1:2])
    if not training and running_mean is not None and running_var is not None:
        return _core._batch_norm(x, running_mean, running_var, weight, bias, epsilon)[0]
    y, mean, var = _core._batch_norm(x, None, None, weight, bias, epsilon)
    if running_mean is not None and running_var is not None:
        count = math.prod(x.shape) // max(x.shape[1], 1)
        with no_grad():
            mean = _core.astype(mean, running_mean.dtype)
            unbiased = _core.astype(var, running_var.dtype) * (count / (count - 1))
            running_mean += momentum * (mean - running_mean)
            running_var += momentum * (unbiased - running_var)
    return y
