"""Indexing with arrays and masks, for the keys that are no views.

A key is a view and arrays of integers on some of its axes, which the core gathers by or writes to;
masks are the positions where they are True. For the few keys that are neither (Booleans without
axes), and under the tape in assignments, NumPy's rules decide which elements a key names: the key
is applied to the numbers of the elements, and what comes out is gathered or replaced by ordinary
recorded operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import as_array, is_recorded
from ndtape._core import Tensor

__all__ = ["get", "set"]

Numbers = npt.NDArray[np.int64]


def get(x: Tensor, key: Any) -> Tensor:
    """Pick elements: ``x[key]`` for a key with arrays or masks.

    Parameters
    ----------
    x : Tensor
        The tensor.
    key : object
        Any key of NumPy's.

    Returns
    -------
    Tensor
        A copy of the elements, in NumPy's order.

    Raises
    ------
    IndexError
        When a number is out of range, or a mask does not fit.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([[1, 2], [3, 4]])
    >>> x[[0, 1], [1, 0]]
    tensor([2, 3])
    >>> x[x > 1]
    tensor([2, 3, 4])
    """
    arrays = _as_arrays(key)
    column = _single_column(arrays, x.ndim)
    if column is not None:
        axis, numbers = column
        return _core.take(x, _core.asarray(numbers), axis=axis)
    points = _points(x, arrays)
    if points is not None:
        return _core._take_points(*points)
    found = _numbers(x.shape, arrays)
    flat = _core.reshape(x, -1)
    return _core.take(flat, _core.asarray(np.array(found, order="C")), axis=0)


def set(x: Tensor, key: Any, value: Tensor) -> None:
    """Replace elements: ``x[key] = value`` for a key with arrays or masks.

    Where a key names an element twice, the last value stays.

    Parameters
    ----------
    x : Tensor
        Changed in place.
    key : object
        Any key of NumPy's.
    value : Tensor
        Broadcast to the shape that ``x[key]`` has, and converted to its dtype.

    Raises
    ------
    IndexError
        When a number is out of range, or a mask does not fit.
    ValueError
        When the value does not broadcast, or the memory is read-only.
    TapeError
        For a leaf that records.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.zeros((2, 2))
    >>> x[[0, 1], [1, 0]] = nt.tensor([5.0, 6.0])
    >>> x
    tensor([[0., 5.],
            [6., 0.]])
    """
    arrays = _as_arrays(key)
    if value.dtype != x.dtype:
        # By the rules of any assignment.
        converted = _core.empty(value.shape, dtype=x.dtype)
        converted[...] = value
        value = converted
    if not is_recorded(x, value):
        plain, value = x.detach(), value.detach()
        points = None if _mask(x.shape, arrays) is not None else _points(plain, arrays)
        if points is not None:
            view, indices, first = points
            ndim = view.ndim - len(indices) + max(index.ndim for index in indices)
            _core._put_points(view, indices, first, _without_leading(value, ndim))
            return
        # NumPy writes into our memory.
        _core._begin_change(x)
        plain.numpy()[arrays] = value.numpy()
        return
    found = _numbers(x.shape, arrays)
    given = _core.broadcast_to(_without_leading(value, found.ndim), found.shape)
    # For each element of x, which of the given values it gets, if any.
    source = np.full(x.size, -1, dtype=np.int64)
    source[found.reshape(-1)] = np.arange(found.size)
    source = source.reshape(x.shape)
    if found.size == 0:
        given = _core.zeros(1, dtype=x.dtype)
    chosen = _core.take(_core.reshape(given, -1), _core.asarray(np.maximum(source, 0)), axis=0)
    x[...] = _core.where(_core.asarray(source >= 0), chosen, x)


def _as_arrays(key: Any) -> tuple[Any, ...]:
    entries = key if isinstance(key, tuple) else (key,)
    return tuple(_as_array(entry) for entry in entries)


def _as_array(entry: Any) -> Any:
    if entry is None or entry is Ellipsis or isinstance(entry, (int, slice, np.generic)):
        return entry
    if isinstance(entry, Tensor):
        array = entry.detach().numpy()
    else:
        try:
            array = as_array(entry)
        except ValueError as error:
            raise IndexError(f"index: {error}") from None
        if array.size == 0 and not isinstance(entry, np.ndarray):
            array = array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise IndexError(f"an index array must be of integers or booleans, not {array.dtype}")
    return array


def _single_column(key: tuple[Any, ...], ndim: int) -> tuple[int, npt.NDArray[Any]] | None:
    # One array of integers among full slices: a gather along its axis.
    axis = None
    for at, entry in enumerate(key):
        if isinstance(entry, np.ndarray) and entry.dtype.kind in "iu" and axis is None:
            axis = at
        elif not (isinstance(entry, slice) and entry == slice(None)):
            return None
    if axis is None or len(key) > ndim:
        return None
    return axis, key[axis]


def _points(x: Tensor, key: tuple[Any, ...]) -> tuple[Tensor, list[Tensor], int] | None:
    """Of what a key names: a view, arrays of integers, and the first of the view's axes they name.

    None for a Boolean without axes, and for a key that does not fit: NumPy says why.
    """
    used = sum(_axes_of(e) for e in key)
    dots = sum(e is Ellipsis for e in key)
    if used > x.ndim or dots > 1 or any(_is_boolean_without_axes(e) for e in key):
        return None
    basic: list[Any] = []
    arrays: list[Numbers] = []
    axes: list[int] = []  # of the view, that the arrays name
    places: list[int] = []  # in the key, of what NumPy counts as an array
    first = axis = kept = 0
    for at, entry in enumerate(key):
        if entry is None or isinstance(entry, slice):
            basic.append(entry)
            axis += entry is not None
            kept += 1
            continue
        if entry is Ellipsis:
            basic += [slice(None)] * (x.ndim - used)
            axis += x.ndim - used
            kept += x.ndim - used
            continue
        first = first if places else kept
        places.append(at)
        if not (isinstance(entry, np.ndarray) and entry.ndim):
            basic.append(int(entry))
            axis += 1
            continue
        if entry.dtype != np.bool_:
            found = [entry]
        elif entry.shape == x.shape[axis : axis + entry.ndim]:
            found = list(entry.nonzero())
        else:
            return None
        arrays += found
        axes += range(kept, kept + len(found))
        basic += [slice(None)] * len(found)
        axis += len(found)
        kept += len(found)
    if not arrays:
        return None
    view = x[tuple(basic)]
    if places[-1] - places[0] >= len(places):
        # Arrays that something separates: their axes come first.
        first = 0
        view = _core.permute_dims(view, (*axes, *(i for i in range(view.ndim) if i not in axes)))
    return view, [_core.asarray(array) for array in arrays], first


def _axes_of(entry: Any) -> int:
    if entry is None or entry is Ellipsis:
        return 0
    return entry.ndim if isinstance(entry, np.ndarray) and entry.dtype == np.bool_ else 1


def _is_boolean_without_axes(entry: Any) -> bool:
    if isinstance(entry, np.ndarray):
        return entry.ndim == 0 and entry.dtype == np.bool_
    return isinstance(entry, (bool, np.bool_))


def _mask(shape: tuple[int, ...], key: tuple[Any, ...]) -> npt.NDArray[np.bool_] | None:
    # One mask for all axes.
    if len(key) == 1 and isinstance(key[0], np.ndarray) and key[0].dtype == np.bool_:
        mask = key[0]
        if mask.shape == shape and mask.ndim > 0:
            return mask
    return None


def _numbers(shape: tuple[int, ...], key: tuple[Any, ...]) -> Numbers:
    """Row-major numbers of the elements that a key names."""
    mask = _mask(shape, key)
    if mask is not None:
        return np.flatnonzero(mask)
    size = int(np.prod(shape, dtype=np.int64))
    found: Numbers = np.asarray(np.arange(size).reshape(shape)[key])
    return found


def _without_leading(value: Tensor, ndim: int) -> Tensor:
    # An assigned value may have leading axes of length 1 too many.
    while value.ndim > ndim and value.shape[0] == 1:
        value = value[0]
    return value
