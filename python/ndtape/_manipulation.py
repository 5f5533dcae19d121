"""Shapes and places: functions over views, joins and gathers, which carry the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, SupportsIndex

import numpy as np

from ndtape import _core
from ndtape._arguments import as_axes, as_axis, as_int, as_tensor
from ndtape._core import Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike

__all__ = [
    "broadcast_arrays",
    "meshgrid",
    "moveaxis",
    "repeat",
    "tile",
    "unstack",
]


def broadcast_arrays(*arrays: _ArrayLike) -> tuple[Tensor, ...]:
    """Broadcast to a common shape: views.

    Parameters
    ----------
    *arrays : array_like
        Any number of them, of any dtypes.

    Returns
    -------
    tuple of Tensor
        As many views, each of the dtype of its array.

    Raises
    ------
    ValueError
        When the shapes do not broadcast.

    See Also
    --------
    broadcast_to, broadcast_shapes

    Examples
    --------
    >>> import ndtape as nt
    >>> a, b = nt.broadcast_arrays(nt.tensor([1, 2]), nt.tensor([[3.0], [4.0]]))
    >>> a
    tensor([[1, 2],
            [1, 2]])
    """
    tensors = [as_tensor(x) for x in arrays]
    shape = _core.broadcast_shapes(*(x.shape for x in tensors))
    return tuple(_core.broadcast_to(x, shape) for x in tensors)


def meshgrid(*arrays: _ArrayLike, indexing: Literal["xy", "ij"] = "xy") -> tuple[Tensor, ...]:
    """Coordinates of the points of a grid.

    Parameters
    ----------
    *arrays : array_like
        The coordinates along each axis, with one axis each.
    indexing : {'xy', 'ij'}, optional
        With 'ij' the first array runs along the first axis of the grid; with 'xy' along the
        second, and the second along the first.

    Returns
    -------
    tuple of Tensor
        For each array its coordinate at every point; of the shape of the grid.

    Raises
    ------
    ValueError
        When `indexing` is neither word, or an array has more than one axis.

    Examples
    --------
    >>> import ndtape as nt
    >>> x, y = nt.meshgrid(nt.tensor([1, 2, 3]), nt.tensor([10, 20]))
    >>> x + y
    tensor([[11, 12, 13],
            [21, 22, 23]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing {indexing!r}, expected 'xy' or 'ij'")
    tensors = [as_tensor(x) for x in arrays]
    for x in tensors:
        if x.ndim > 1:
            raise ValueError(f"meshgrid: an array of shape {x.shape}, expected one axis")
    places = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        places[:2] = 1, 0
    shape = [1] * len(tensors)
    for x, place in zip(tensors, places, strict=True):
        shape[place] = x.size
    grids = []
    for x, place in zip(tensors, places, strict=True):
        alone = [1] * len(tensors)
        alone[place] = x.size
        grids.append(_core.copy(_core.broadcast_to(_core.reshape(x, alone), shape)))
    return tuple(grids)


def moveaxis(
    x: _ArrayLike,
    source: SupportsIndex | Sequence[SupportsIndex],
    destination: SupportsIndex | Sequence[SupportsIndex],
    /,
) -> Tensor:
    """Move axes to other places; the others stay in order.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    source : int or sequence of int
        The axes to move.
    destination : int or sequence of int
        Where each of them goes.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    IndexError
        When an axis is out of range.
    ValueError
        When an axis occurs twice, or there are not as many destinations as axes to move.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.moveaxis(nt.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_tensor(x)
    taken = as_axes(source, x.ndim, "moveaxis")
    places = as_axes(destination, x.ndim, "moveaxis")
    if len(taken) != len(places):
        raise ValueError(f"moveaxis: {len(taken)} axes to move, {len(places)} destinations")
    order = [axis for axis in range(x.ndim) if axis not in taken]
    for place, axis in sorted(zip(places, taken, strict=True)):
        order.insert(place, axis)
    return _core.permute_dims(x, order)


def repeat(x: _ArrayLike, repeats: _ArrayLike, /, axis: SupportsIndex | None = None) -> Tensor:
    """Repeat each element.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    repeats : int or array_like
        How often; one number for all, or one for each element along the axis.
    axis : int, optional
        The axis along which elements are repeated; None flattens `x` first.

    Returns
    -------
    Tensor
        Of the dtype of `x`.

    Raises
    ------
    TypeError
        When `repeats` are no integers.
    ValueError
        When they are negative, or not as many as the elements.
    IndexError
        When the axis is out of range.

    See Also
    --------
    tile : repeats the whole.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.repeat(nt.tensor([3, 4]), 2), nt.repeat(nt.tensor([3, 4]), nt.tensor([1, 3]))
    (tensor([3, 3, 4, 4]), tensor([3, 4, 4, 4]))
    """
    x = as_tensor(x)
    if axis is None:
        x, along = _core.reshape(x, -1), 0
    else:
        along = as_axis(axis, x.ndim, "repeat")
    counts = as_tensor(repeats)
    length = x.shape[along]
    if counts.dtype.kind not in "iu":
        raise TypeError(f"repeat: repeats of dtype {counts.dtype}, expected integers")
    if counts.ndim > 1 or (counts.ndim == 1 and counts.size not in (1, length)):
        raise ValueError(f"repeat: repeats of shape {counts.shape} for {length} elements")
    if counts.size and int(_core.min(counts)) < 0:
        raise ValueError(f"repeat: repeats must not be negative, as {int(_core.min(counts))} is")
    before, after = x.shape[:along], x.shape[along + 1 :]
    if counts.size == 1:
        times = counts.item()
        wide = _core.broadcast_to(
            _core.reshape(x, (*before, length, 1, *after)), (*before, length, times, *after)
        )
        return _core.reshape(wide, (*before, length * times, *after), copy=True)
    rows = np.repeat(np.arange(length), _core.astype(counts, _core.int64, copy=False).numpy())
    return _core.take(x, _core.asarray(rows), axis=along)


def tile(x: _ArrayLike, repetitions: SupportsIndex | Sequence[SupportsIndex], /) -> Tensor:
    """Repeat the whole along each axis.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    repetitions : sequence of int
        How often, along each axis. The shorter of this and the shape is extended by ones in
        front.

    Returns
    -------
    Tensor
        Of the dtype of `x`.

    Raises
    ------
    ValueError
        When a number is negative.

    See Also
    --------
    repeat : repeats each element.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.tile(nt.tensor([1, 2]), (2, 2))
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    x = as_tensor(x)
    times = _as_shape(repetitions)
    if any(n < 0 for n in times):
        raise ValueError(f"tile: repetitions {times} must not be negative")
    ndim = max(x.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    lengths = (1,) * (ndim - x.ndim) + x.shape
    result = tuple(n * length for n, length in zip(times, lengths, strict=True))
    x = _core.reshape(x, lengths)
    if 0 in result:
        nothing = tuple(slice(0, 0) if n == 0 else slice(None) for n in times)
        return _core.reshape(x[nothing], result, copy=True)
    # Each repeated axis becomes two, of which the first is broadcast. Those of length 1 are left
    # out, so that there are no more axes than doublings of the size.
    narrow: list[int] = []
    wide: list[int] = []
    for n, length in zip(times, lengths, strict=True):
        narrow += [1] * (n > 1) + [length] * (length > 1)
        wide += [n] * (n > 1) + [length] * (length > 1)
    whole = _core.broadcast_to(_core.reshape(x, narrow), wide)
    return _core.reshape(whole, result, copy=True)


def unstack(x: _ArrayLike, /, *, axis: SupportsIndex = 0) -> tuple[Tensor, ...]:
    """Take a tensor apart along an axis.

    Parameters
    ----------
    x : array_like
        With at least one axis.
    axis : int, optional
        The axis that goes away.

    Returns
    -------
    tuple of Tensor
        Views; ``stack`` joins them again.

    Raises
    ------
    IndexError
        When the axis is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.unstack(nt.tensor([[1, 2], [3, 4]]), axis=1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    x = as_tensor(x)
    along = as_axis(axis, x.ndim, "unstack")
    before = (slice(None),) * along
    return tuple(x[(*before, i)] for i in range(x.shape[along]))


def _as_shape(shape: SupportsIndex | Sequence[SupportsIndex]) -> tuple[int, ...]:
    several = shape if isinstance(shape, Sequence) else (shape,)
    return tuple(as_int(n, "shape", "a length") for n in several)
