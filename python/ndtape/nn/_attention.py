"""Attention as a function."""

from __future__ import annotations

import math

from ndtape import _core
from ndtape._core import Tensor
from ndtape.nn._checks import number, tensor
from ndtape.nn._elementary import dropout as drop

__all__ = ["scaled_dot_product_attention"]


scaled_dot_product_attention = _core.scaled_dot_product_attention


def by_operators(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    causal: bool,
    dropout: float,
    scale: float | None,
) -> Tensor:
    """Return the same where weights are dropped, and for masks that learn."""
    mask = None if mask is None else tensor("attention", "mask", mask)
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
