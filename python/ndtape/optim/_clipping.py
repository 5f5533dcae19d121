"""Gradient clipping: between `backward` and `step`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ndtape import _core
from ndtape._core import Tensor
from ndtape._grad_mode import no_grad

__all__ = ["clip_grad_norm", "clip_grad_value"]


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients by one factor, so that their norm is at most `max_norm`.

    Parameters
    ----------
    parameters : iterable of Tensor
        Those without a gradient are left out.
    max_norm : float
        Bound of the Euclidean norm of all gradients together; more than 0.

    Returns
    -------
    float
        The norm as it was.

    Raises
    ------
    ValueError
        When the bound is not positive, or the norm is infinite or NaN; nothing is changed then.

    Examples
    --------
    >>> import ndtape as nt
    >>> w = nt.tensor([3.0, 4.0], requires_grad=True)
    >>> nt.sum(w * w / 2).backward()
    >>> nt.optim.clip_grad_norm([w], 1.0)
    5.0
    >>> w.grad
    tensor([0.6, 0.8])
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm: {max_norm!r}, expected more than 0")
    grads = [p.grad for p in parameters if p.grad is not None]
    with no_grad():
        squares = (_core.sum(_core.square(_core.astype(g, _core.float64))).item() for g in grads)
        norm = math.sqrt(math.fsum(float(s) for s in squares))
        if not math.isfinite(norm):
            raise ValueError(f"clip_grad_norm: the gradients have norm {norm}")
        if norm > max_norm:
            for g in grads:
                g *= max_norm / norm
    return norm


def clip_grad_value(parameters: Iterable[Tensor], max_value: float) -> None:
    """Cut every element of every gradient to the range from ``-max_value`` to ``max_value``.

    Parameters
    ----------
    parameters : iterable of Tensor
        Those without a gradient are left out.
    max_value : float
        More than 0.

    Raises
    ------
    ValueError
        When the bound is not positive.

    Examples
    --------
    >>> import ndtape as nt
    >>> w = nt.tensor([3.0, -0.5], requires_grad=True)
    >>> nt.sum(w * w / 2).backward()
    >>> nt.optim.clip_grad_value([w], 1.0)
    >>> w.grad
    tensor([ 1. , -0.5])
    """
    if not max_value > 0:
        raise ValueError(f"max_value: {max_value!r}, expected more than 0")
    with no_grad():
        for p in parameters:
            if p.grad is not None:
                p.grad[...] = _core.clip(p.grad, -max_value, max_value)
