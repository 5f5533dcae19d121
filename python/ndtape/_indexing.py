"""Indexing with arrays and masks, for the keys that are no views.

NumPy's rules decide which elements a key names: the key is applied to the numbers of the elements,
and what comes out is gathered or replaced. So every form that NumPy knows works here, and the
gathers and replacements are ordinary recorded operations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import is_recorded
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
    if not is_recorded(x) and _mask(x.shape, arrays) is None:
        return _core.asarray(np.asarray(x.detach().numpy()[arrays]))
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
        # Nothing to record: NumPy writes into our memory.
        _core._begin_change(x)
        x.detach().numpy()[arrays] = value.detach().numpy()
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
            array = np.asarray(entry)
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
