"""Attention as a function."""

from __future__ import annotations

import math

from ndtape import _core
from ndtape._core import Tensor
from ndtape.nn._checks import number, tensor
from ndtape.nn._elementary import dropout as drop

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    mask: Tensor | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """Means of values, weighted by how well their keys fit a query [1]_.

    ``softmax(query @ key.T * scale + mask) @ value``.

    Parameters
    ----------
    query : Tensor
        Of shape ``(..., targets, features)``.
    key : Tensor
        Of shape ``(..., sources, features)``.
    value : Tensor
        Of shape ``(..., sources, outputs)``.
    mask : Tensor, optional
        Broadcast to ``(..., targets, sources)``: of dtype bool, true where a target may see a
        source; or of a float dtype, added to the scores.
    causal : bool, optional
        Let target i see sources 0 to i only.
    dropout : float, optional
        The chance of a weight to be zeroed. With it, and with a mask that requires a gradient, all
        weights are held in memory; else those of a block of targets, and at most 32 MB for the
        gradient.
    scale : float, optional
        ``features ** -0.5`` if left out.

    Returns
    -------
    Tensor
        Of shape ``(..., targets, outputs)``. A target that may see nothing gives NaN.

    Raises
    ------
    ValueError
        When the shapes do not fit.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", NIPS 2017.

    Examples
    --------
    >>> import ndtape as nt
    >>> q, v = nt.zeros((1, 2)), nt.tensor([[1.0], [3.0]])
    >>> nt.nn.functional.scaled_dot_product_attention(q, nt.zeros((2, 2)), v)
    tensor([[2.]])
    """
    mask = None if mask is None else tensor("attention", "mask", mask)
    if dropout == 0 and (mask is None or not mask.requires_grad):
        return _core._attention(query, key, value, mask, causal, scale)
    # Weights that are dropped, and masks that learn, by operators.
    number("dropout", dropout, 0, 1)
    query = tensor("attention", "query", query)
    key = tensor("attention", "key", key)
    value = tensor("attention", "value", value)
    if query.ndim < 2 or key.ndim < 2 or value.ndim < 2:
        raise ValueError(
            f"attention: shapes {query.shape}, {key.shape} and {value.shape} of query, key and "
            "value, expected at least two axes each"
        )
    if scale is None:
        scale = query.shape[-1] ** -0.5 if query.shape[-1] else 1.0
    elif not math.isfinite(scale):
        raise ValueError(f"scale: {scale!r}, expected a finite number")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ValueError(
            f"attention: shapes {query.shape}, {key.shape} and {value.shape} of query, key and "
            "value, expected (..., targets, features), (..., sources, features) and "
            "(..., sources, outputs)"
        )
    scores = (query * scale) @ key.mT
    if causal:
        targets, sources = scores.shape[-2:]
        seen = _core.tril(_core.ones((targets, sources), dtype=_core.bool))
        mask = seen if mask is None else _with_causal(mask, seen)
    if mask is not None:
        if mask.dtype == _core.bool:
            scores = _core.where(mask, scores, -float("inf"))
        else:
            scores = scores + mask
    return drop(_core.softmax(scores, axis=-1), dropout) @ value


def _with_causal(mask: Tensor, seen: Tensor) -> Tensor:
    if mask.dtype == _core.bool:
        return mask & seen
    return _core.where(seen, mask, -float("inf"))
