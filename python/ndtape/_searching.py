"""Where things are: ``nonzero``, ``count_nonzero``, ``searchsorted``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import as_ordered, as_tensor
from ndtape._core import Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike, _Axes

__all__ = ["count_nonzero", "nonzero", "searchsorted"]


def nonzero(x: _ArrayLike, /) -> tuple[Tensor, ...]:
    """Positions of the elements that are not zero.

    Parameters
    ----------
    x : array_like
        Of any dtype, with at least one axis.

    Returns
    -------
    tuple of Tensor
        For each axis the indices along it, of dtype int64, in row-major order. Their length
        depends on the values.

    Raises
    ------
    ValueError
        When `x` has no axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nonzero(nt.tensor([[0, 7], [8, 0]]))
    (tensor([0, 1]), tensor([1, 0]))
    """
    x = as_tensor(x)
    if x.ndim == 0:
        raise ValueError("nonzero: a 0-d tensor has no positions; use reshape(x, 1) first")
    # NumPy is fastest with one axis, and hands out strided columns where there are more.
    array = x.detach().numpy()
    numbers = np.flatnonzero(array)
    if array.ndim == 1:
        return (_core.asarray(numbers),)
    return tuple(_core.asarray(index) for index in _unravel(numbers, array.shape))


def _unravel(numbers: npt.NDArray[np.intp], shape: tuple[int, ...]) -> list[npt.NDArray[np.intp]]:
    # Indices of row-major numbers, from the last axis to the first.
    indices = []
    for length in reversed(shape[1:]):
        rest = numbers // max(length, 1)
        indices.append(numbers - rest * length)
        numbers = rest
    return [numbers, *reversed(indices)]


def count_nonzero(x: _ArrayLike, /, axis: _Axes = None, *, keepdims: bool = False) -> Tensor:
    """Count the elements that are not zero.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    axis : int or sequence of int, optional
        Axes to count along; None for all.
    keepdims : bool, optional
        Keep reduced axes with length 1.

    Returns
    -------
    Tensor
        Of dtype int64.

    Raises
    ------
    IndexError
        When an axis is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.count_nonzero(nt.tensor([[0, 7], [8, 9]]), axis=1)
    tensor([1, 2])
    """
    x = as_tensor(x).detach()
    true = x if x.dtype == _core.bool else _core.not_equal(x, 0)
    return _core.sum(true, axis=axis, dtype=_core.int64, keepdims=keepdims)


def searchsorted(
    x1: _ArrayLike,
    x2: _ArrayLike,
    /,
    side: Literal["left", "right"] = "left",
    sorter: _ArrayLike | None = None,
) -> Tensor:
    """Find where values belong in a sorted tensor.

    Parameters
    ----------
    x1 : array_like
        With one axis, sorted in ascending order; or in any order, with `sorter`.
    x2 : array_like
        The values, of any shape and of a dtype that promotes with that of `x1`.
    side : {'left', 'right'}, optional
        Whether the first or the last suitable index is given for a value that occurs in `x1`.
    sorter : array_like, optional
        Integers that sort `x1`, as `argsort` gives them.

    Returns
    -------
    Tensor
        Of the shape of `x2` and dtype int64: inserted before these indices, the values keep `x1`
        sorted. NaN belongs after all else.

    Raises
    ------
    TypeError
        When no dtype holds both, one is complex, or `sorter` is not of an integer dtype.
    ValueError
        When `x1` does not have one axis, `side` is neither word, or `sorter` does not have the
        shape of `x1`.
    IndexError
        When a number in `sorter` is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.searchsorted(nt.tensor([1.0, 2.0, 3.0]), nt.tensor([2.0, 2.5, 9.0]))
    tensor([1, 2, 3])
    """
    x1 = as_ordered(x1, "searchsorted").detach()
    if x1.ndim != 1:
        raise ValueError(f"searchsorted: x1 of shape {x1.shape}, expected one axis")
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side {side!r}, expected 'left' or 'right'")
    common = _core.result_type(x1, x2)
    if common.kind == "c":
        raise TypeError(f"searchsorted: values of dtype {common}, which has no order")
    values = _core.asarray(x2, dtype=common).detach()
    if sorter is not None:
        order = as_tensor(sorter)
        if order.shape != x1.shape:
            raise ValueError(
                f"searchsorted: sorter of shape {order.shape} for x1 of shape {x1.shape}"
            )
        x1 = _core.take(x1, order, axis=0)
    found = np.searchsorted(_core.astype(x1, common, copy=False).numpy(), values.numpy(), side)
    return _core.asarray(np.asarray(found))
