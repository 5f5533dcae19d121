"""Normalisation as functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ndtape import _core
from ndtape._core import Tensor
from ndtape._grad_mode import no_grad
from ndtape.nn._checks import integer, number

__all__ = ["batch_norm", "group_norm", "layer_norm", "rms_norm"]


def _affine(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    if weight is not None:
        x = x * weight
    return x if bias is None else x + bias


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
    number("epsilon", epsilon, 0)
    _check("rms_norm", "weight", weight, x.shape[-1:])
    mean_square = _core.mean(_core.square(x), axis=-1, keepdims=True)
    return _affine(x / _core.sqrt(mean_square + epsilon), weight, None)


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
    integer("groups", groups)
    if x.ndim < 2 or x.shape[1] % groups:
        raise ValueError(
            f"group_norm: x of shape {x.shape}, expected (n, channels, ...) with channels a "
            f"multiple of {groups} groups"
        )
    _check("group_norm", "weight", weight, x.shape[1:2])
    _check("group_norm", "bias", bias, x.shape[1:2])
    rows = _core.reshape(x, (x.shape[0], groups, math.prod(x.shape[1:]) // groups))
    y = _core.reshape(_core.layer_norm(rows, epsilon=epsilon), x.shape)
    return _affine(y, _column(weight, x.ndim), _column(bias, x.ndim))


def _column(t: Tensor | None, ndim: int) -> Tensor | None:
    """Return a value a channel, laid out to meet (n, channels, *lengths)."""
    return None if t is None else _core.reshape(t, (-1, *(1,) * (ndim - 2)))


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
    axes = (0, *range(2, x.ndim))
    if training or running_mean is None or running_var is None:
        count = math.prod(x.shape) // max(x.shape[1], 1)
        if count < 2:
            raise ValueError(
                f"batch_norm: x of shape {x.shape} has {count} values a channel, expected at "
                "least 2 in training"
            )
        mean = _core.mean(x, axis=axes, keepdims=True)
        centered = x - mean
        var = _core.mean(_core.square(centered), axis=axes, keepdims=True)
        if training and running_mean is not None and running_var is not None:
            with no_grad():
                flat = _core.reshape(mean.detach(), (-1,))
                unbiased = _core.reshape(var.detach(), (-1,)) * (count / (count - 1))
                running_mean += momentum * (flat - running_mean)
                running_var += momentum * (unbiased - running_var)
    else:
        centered = x - _column_of(running_mean, x.ndim)
        var = _column_of(running_var, x.ndim)
    scale = _core.reciprocal(_core.sqrt(var + epsilon))
    if weight is not None:
        scale = scale * _column_of(weight, x.ndim)
    return _affine(centered * scale, None, _column(bias, x.ndim))


def _column_of(t: Tensor, ndim: int) -> Tensor:
    return _core.reshape(t, (-1, *(1,) * (ndim - 2)))
