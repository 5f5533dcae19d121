"""Order: ``sort`` and ``argsort``.

Short lines, whose equal elements cannot be told apart, NumPy sorts by comparing vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import as_axis, as_tensor, is_recorded
from ndtape._compiled import compiled_first
from ndtape._core import Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike

__all__ = ["argsort", "sort"]

_LONG = 8192  # from here on the digits of keys are the faster way


@compiled_first()
def sort(
    x: _ArrayLike,
    /,
    axis: SupportsIndex = -1,
    *,
    descending: bool = False,
    stable: bool = True,
) -> Tensor:
    """Sort elements along an axis.

    Parameters
    ----------
    x : array_like
        Of any dtype but a complex one.
    axis : int, optional
        The axis to sort along.
    descending : bool, optional
        Whether the largest come first.
    stable : bool, optional
        Asks that elements which are equal, such as 0.0 and -0.0, keep their order. They always do.

    Returns
    -------
    Tensor
        Of the shape and dtype of `x`. NaN is larger than any other number. The gradient of an
        element goes to where it was; equal elements share theirs equally, as those of `max` do.

    Raises
    ------
    TypeError
        For complex numbers, which have no order.
    IndexError
        When the axis is out of range.

    See Also
    --------
    argsort : the positions of the elements in order.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.sort(nt.tensor([[3, 1, 2], [4, 6, 5]]), descending=True)
    tensor([[3, 2, 1],
            [6, 5, 4]])
    """
    x = as_tensor(x)
    if x.dtype.kind != "c" and not is_recorded(x):
        along = as_axis(axis, x.ndim, "sort")
        if x.shape[along] < _LONG and not _equals_may_differ(array := x.detach().numpy()):
            result = np.sort(array, axis=along)
            return _core.asarray(np.flip(result, along) if descending else result)
    return _core._sort(x, axis, bool(descending))


@compiled_first()
def argsort(
    x: _ArrayLike,
    /,
    axis: SupportsIndex = -1,
    *,
    descending: bool = False,
    stable: bool = True,
) -> Tensor:
    """Positions of the elements in sorted order.

    Parameters
    ----------
    x : array_like
        Of any dtype but a complex one.
    axis : int, optional
        The axis to sort along.
    descending : bool, optional
        Whether the largest come first.
    stable : bool, optional
        Asks that equal elements keep their order. They always do.

    Returns
    -------
    Tensor
        Of the shape of `x` and dtype int64: ``take_along_axis(x, argsort(x))`` is ``sort(x)``.
        NaN is larger than any other number.

    Raises
    ------
    TypeError
        For complex numbers, which have no order.
    IndexError
        When the axis is out of range.

    See Also
    --------
    sort : the elements in order.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.argsort(nt.tensor([0.5, -1.0, 2.0]))
    tensor([1, 0, 2])
    """
    return _core._argsort(as_tensor(x), axis, bool(descending))


def _equals_may_differ(array: npt.NDArray[Any]) -> bool:
    # Zeros have signs.
    return array.dtype.kind == "f" and bool(np.any(np.signbit(array) & (array == 0)))
