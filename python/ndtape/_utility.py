"""Differences between neighbours: ``diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex

from ndtape import _core
from ndtape._arguments import as_axis, as_int, as_tensor
from ndtape._core import Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike

__all__ = ["diff"]


def diff(
    x: _ArrayLike,
    /,
    n: int = 1,
    axis: SupportsIndex = -1,
    prepend: _ArrayLike | None = None,
    append: _ArrayLike | None = None,
) -> Tensor:
    """Differences of neighbours along an axis.

    Parameters
    ----------
    x : array_like
        With at least one axis. Of bool, elements are compared: True where they change.
    n : int, optional
        How many times differences are taken.
    axis : int, optional
        The axis.
    prepend, append : array_like, optional
        Joined to `x` along the axis first, at its front and at its end; broadcast along the
        axis when 0-d.

    Returns
    -------
    Tensor
        Of the dtype of `x`, shorter by `n` along the axis.

    Raises
    ------
    IndexError
        When the axis is out of range.
    ValueError
        When `n` is negative, or the shapes do not fit.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.diff(nt.tensor([1, 4, 9, 16])), nt.diff(nt.tensor([1, 4, 9, 16]), n=2)
    (tensor([3, 5, 7]), tensor([2, 2]))
    """
    x = as_tensor(x)
    along = as_axis(axis, x.ndim, "diff")
    times = as_int(n, "diff", "n")
    if times < 0:
        raise ValueError(f"diff: n must not be negative, as {times} is")
    if prepend is not None or append is not None:
        edges = [_edge(x, edge, along) for edge in (prepend, append)]
        x = _core.concat([e for e in (edges[0], x, edges[1]) if e is not None], axis=along)
    before = (slice(None),) * along
    for _ in range(min(times, x.shape[along])):
        upper, lower = x[(*before, slice(1, None))], x[(*before, slice(None, -1))]
        x = _core.not_equal(upper, lower) if x.dtype == _core.bool else upper - lower
    return x


def _edge(x: Tensor, edge: _ArrayLike | None, axis: int) -> Tensor | None:
    if edge is None:
        return None
    # A Python number takes the dtype of x.
    edge = _core.asarray(edge, dtype=_core.result_type(x, edge))
    if edge.ndim == 0:
        edge = _core.broadcast_to(edge, (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
    return edge
