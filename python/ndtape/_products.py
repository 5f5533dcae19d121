"""Products along axes: ``vecdot`` and ``tensordot``, by way of ``matmul``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex

from ndtape import _core
from ndtape._arguments import as_axes, as_axis, as_int, as_tensor
from ndtape._core import Tensor
from ndtape._manipulation import moveaxis

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike

__all__ = ["tensordot", "vecdot"]

_SHORT = 32  # vectors that a product each would not pay for


def vecdot(x1: _ArrayLike, x2: _ArrayLike, /, *, axis: SupportsIndex = -1) -> Tensor:
    """Dot products of vectors.

    Parameters
    ----------
    x1, x2 : array_like
        Of a numeric dtype; broadcast together, but for the axis.
    axis : int, optional
        The axis along which the vectors lie, in both.

    Returns
    -------
    Tensor
        The sums of products, of the promoted dtype; complex elements of `x1` are conjugated.

    Raises
    ------
    IndexError
        When the axis is out of range for one of them.
    ValueError
        When the vectors are not of one length, or the shapes do not broadcast.

    See Also
    --------
    matmul, tensordot

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.vecdot(nt.tensor([[1, 2], [3, 4]]), nt.tensor([10, 1]))
    tensor([12, 34])
    """
    x1, x2 = as_tensor(x1), as_tensor(x2)
    _check_numeric("vecdot", x1, x2)
    rows, columns = _axis_last(x1, axis), _axis_last(x2, axis)
    length = rows.shape[-1]
    if length != columns.shape[-1]:
        raise ValueError(
            f"vecdot: vectors of {length} and {columns.shape[-1]} elements, along axis "
            f"{axis} of shapes {x1.shape} and {x2.shape}"
        )
    if rows.dtype.kind == "c":
        rows = _core.conj(rows)
    if rows.ndim == 1 and columns.ndim == 1:
        return _core.matmul(rows, columns)
    if length < _SHORT:
        return _core.sum(rows * columns, axis=-1, dtype=_core.result_type(rows, columns))
    product = _core.matmul(rows[..., None, :], columns[..., None])
    return product[..., 0, 0]


def tensordot(
    x1: _ArrayLike,
    x2: _ArrayLike,
    /,
    axes: int | tuple[Sequence[SupportsIndex], Sequence[SupportsIndex]] = 2,
) -> Tensor:
    """Multiply two tensors and sum over some axes.

    Parameters
    ----------
    x1, x2 : array_like
        Of a numeric dtype.
    axes : int or pair of sequences of int, optional
        The axes of `x1`, and those of `x2` that go with them; a number for the last of `x1` and
        the first of `x2`.

    Returns
    -------
    Tensor
        With the axes of `x1` that remain, then those of `x2`; of the promoted dtype.

    Raises
    ------
    IndexError
        When an axis is out of range.
    ValueError
        When axes that go together differ in length, or in number, or one occurs twice.

    See Also
    --------
    matmul, vecdot

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.reshape(nt.arange(6), (2, 3))
    >>> nt.tensordot(x, x, axes=((1,), (1,)))
    tensor([[ 5, 14],
            [14, 50]])
    """
    x1, x2 = as_tensor(x1), as_tensor(x2)
    _check_numeric("tensordot", x1, x2)
    if isinstance(axes, Sequence):
        if len(axes) != 2:
            raise ValueError(f"tensordot: axes {axes!r}, expected an integer or a pair")
        first = as_axes(axes[0], x1.ndim, "tensordot")
        second = as_axes(axes[1], x2.ndim, "tensordot")
    else:
        count = as_int(axes, "tensordot", "axes")
        if not 0 <= count <= min(x1.ndim, x2.ndim):
            raise ValueError(
                f"tensordot: {count} axes of tensors that have {x1.ndim} and {x2.ndim}"
            )
        first, second = tuple(range(x1.ndim - count, x1.ndim)), tuple(range(count))
    lengths = [x1.shape[axis] for axis in first]
    if lengths != [x2.shape[axis] for axis in second]:
        raise ValueError(
            f"tensordot: axes {first} of shape {x1.shape} do not go with {second} of {x2.shape}"
        )
    left = [axis for axis in range(x1.ndim) if axis not in first]
    right = [axis for axis in range(x2.ndim) if axis not in second]
    rows = [x1.shape[axis] for axis in left]
    columns = [x2.shape[axis] for axis in right]
    inner = _product(lengths)
    product = _core.matmul(
        _core.reshape(_core.permute_dims(x1, [*left, *first]), (_product(rows), inner)),
        _core.reshape(_core.permute_dims(x2, [*second, *right]), (inner, _product(columns))),
    )
    return _core.reshape(product, rows + columns)


def cross(x1: _ArrayLike, x2: _ArrayLike, /, *, axis: SupportsIndex = -1) -> Tensor:
    """Compute cross products of vectors of three elements.

    Parameters
    ----------
    x1, x2 : array_like
        Broadcast against each other; of length 3 along `axis`.
    axis : int
        The axis that vectors lie along, counted from the back when the numbers of axes differ.

    Returns
    -------
    Tensor
        Of the shape that both broadcast to.

    Raises
    ------
    IndexError
        When the axis is out of range.
    ValueError
        When its length is not 3, or the shapes do not broadcast.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.cross(nt.tensor([1, 0, 0]), nt.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    a, b = _core.asarray(x1), _core.asarray(x2)
    place = axis.__index__()
    ndim = min(a.ndim, b.ndim)
    if not -ndim <= place < max(a.ndim, b.ndim):
        raise IndexError(f"cross: axis {place} is out of range for shapes {a.shape} and {b.shape}")
    if place >= 0:
        if a.ndim != b.ndim:
            raise IndexError(
                f"cross: axis {place} is ambiguous for shapes {a.shape} and {b.shape}; "
                f"count it from the back"
            )
        place -= a.ndim
    if a.shape[place] != 3 or b.shape[place] != 3:
        raise ValueError(
            f"cross: lengths {a.shape[place]} and {b.shape[place]} along axis {place}, expected 3"
        )
    a1, a2, a3 = _along(a, place)
    b1, b2, b3 = _along(b, place)
    parts = [a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1]
    return _core.stack(parts, axis=place)


def _along(x: Tensor, axis: int) -> list[Tensor]:
    # `axis` is negative: an Ellipsis stands for the axes before it.
    after = (slice(None),) * (-axis - 1)
    return [x[(..., i, *after)] for i in range(3)]


def _product(lengths: Sequence[int]) -> int:
    total = 1
    for n in lengths:
        total *= n
    return total


def _axis_last(x: Tensor, axis: SupportsIndex) -> Tensor:
    last = x.ndim - 1
    return x if as_axis(axis, last + 1, "vecdot") == last else moveaxis(x, axis, -1)


def _check_numeric(function: str, *tensors: Tensor) -> None:
    for x in tensors:
        if x.dtype == _core.bool:
            raise TypeError(f"{function}: a tensor of bool, expected a numeric dtype")
