"""Norms of vectors and of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias

from ndtape import _core
from ndtape._core import Tensor
from ndtape.linalg._common import inexact, is_complex, matrices, real
from ndtape.linalg._decompositions import svdvals

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike

__all__ = ["matrix_norm", "norm", "vector_norm"]

Axes: TypeAlias = SupportsIndex | Sequence[SupportsIndex] | None
MatrixOrder: TypeAlias = float | Literal["fro", "nuc"]


def vector_norm(
    x: ArrayLike, /, *, axis: Axes = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """Compute norms of vectors.

    Parameters
    ----------
    x : array_like
        Of a float or complex dtype.
    axis : int or tuple of int, optional
        The axes that a vector lies along; all of them by default.
    keepdims : bool
        Whether these axes stay, with length 1.
    ord : number
        2: the root of the sum of squares; 1: the sum of sizes; inf and -inf: the largest and the
        smallest size; 0: the count of elements that are not 0; else ``sum(abs(x)**ord)**(1/ord)``.

    Returns
    -------
    Tensor
        Of a real dtype.

    Raises
    ------
    IndexError
        When an axis is out of range.
    TypeError
        When `ord` is not a number.
    ValueError
        When the largest or smallest element of nothing is asked for.

    Notes
    -----
    Where a norm has no derivative it is 0: at the zero vector, and for elements that are 0.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([[3.0, 4.0], [0.0, -2.0]])
    >>> nt.linalg.vector_norm(x, axis=1)
    tensor([5., 2.])
    >>> nt.linalg.vector_norm(x, ord=1).item()
    9.0
    """
    x = inexact(x)
    if isinstance(ord, str) or not hasattr(ord, "__float__"):
        raise TypeError(f"vector_norm: ord must be a number, not {ord!r}")
    p = float(ord)
    if p == 2:
        return _root(_core.sum(_squares(x), axis=axis, keepdims=keepdims))
    size = _core.abs(x)
    if p == math.inf:
        return _core.max(size, axis=axis, keepdims=keepdims)
    if p == -math.inf:
        return _core.min(size, axis=axis, keepdims=keepdims)
    if p == 1:
        return _core.sum(size, axis=axis, keepdims=keepdims)
    vanishing = size == 0
    if p == 0:
        counted = _core.astype(_core.logical_not(vanishing), size.dtype)
        return _core.sum(counted, axis=axis, keepdims=keepdims)
    powers = _core.where(vanishing, 0.0 if p > 0 else math.inf, _nonzero(size, vanishing) ** p)
    total = _core.sum(powers, axis=axis, keepdims=keepdims)
    nothing = total == (0 if p > 0 else math.inf)
    return _core.where(nothing, 0.0, _nonzero(total, nothing) ** (1 / p))


def _squares(x: Tensor) -> Tensor:
    if is_complex(x):
        return _core.square(real(x)) + _core.square(_core.imag(x))
    return x * x


def _root(total: Tensor) -> Tensor:
    # The derivative of the root at 0 is taken as 0.
    nothing = total == 0
    return _core.where(nothing, 0.0, _core.sqrt(_nonzero(total, nothing)))


def _nonzero(x: Tensor, vanishing: Tensor) -> Tensor:
    return _core.where(vanishing, 1.0, x)


def matrix_norm(
    x: ArrayLike, /, *, keepdims: bool = False, ord: MatrixOrder | None = "fro"
) -> Tensor:
    """Compute norms of matrices.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n).
    keepdims : bool
        Whether the last two axes stay, with length 1.
    ord : {'fro', 'nuc', 1, -1, 2, -2, inf, -inf}
        'fro' (or None): the root of the sum of squares; 'nuc': the sum of the singular values; 1
        and inf: the largest sum of sizes of a column, of a row; 2: the largest singular value;
        negative: the smallest.

    Returns
    -------
    Tensor
        Of a real dtype and of shape (...).

    Raises
    ------
    LinAlgError
        When singular values do not converge.
    ValueError
        For another `ord`, when `x` has fewer than two axes, or when the largest or smallest of
        nothing is asked for.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> nt.linalg.matrix_norm(x).item()
    5.0
    >>> nt.linalg.matrix_norm(x, ord="nuc").item()
    7.0
    """
    x = matrices(x, "matrix_norm")
    if ord is None or ord == "fro":
        return _root(_core.sum(_squares(x), axis=(-2, -1), keepdims=keepdims))
    if ord not in ("nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise ValueError(
            f"matrix_norm: ord {ord!r}, expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    if ord in ("nuc", 2, -2):
        s = svdvals(x)
        choose: Any = {"nuc": _core.sum, 2: _core.max, -2: _core.min}[ord]
        result: Tensor = choose(s, axis=-1)
        return result[..., None, None] if keepdims else result
    sums = _core.sum(_core.abs(x), axis=-2 if ord in (1, -1) else -1, keepdims=True)
    if ord in (1, math.inf):
        return _core.max(sums, axis=(-2, -1), keepdims=keepdims)
    return _core.min(sums, axis=(-2, -1), keepdims=keepdims)


def norm(
    x: ArrayLike, ord: MatrixOrder | None = None, axis: Axes = None, keepdims: bool = False
) -> Tensor:
    """Compute norms of vectors or matrices, by NumPy's rules.

    Parameters
    ----------
    x : array_like
        The tensor.
    ord : number or {'fro', 'nuc'}, optional
        As for `vector_norm` or `matrix_norm`. By default the root of the sum of squares.
    axis : int or tuple of int, optional
        One axis for vectors, two for matrices. By default all axes, of which there are then one or
        two unless `ord` is None.
    keepdims : bool
        Whether these axes stay, with length 1.

    Returns
    -------
    Tensor
        Of a real dtype.

    Raises
    ------
    IndexError
        When an axis is out of range.
    ValueError
        For another number of axes, or an `ord` that there is not.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.norm(nt.tensor([3.0, 4.0])).item()
    5.0
    >>> nt.linalg.norm(nt.tensor([[3.0, 4.0], [6.0, 8.0]]), axis=1)
    tensor([ 5., 10.])
    """
    x = inexact(x)
    if axis is None and ord is None:
        return vector_norm(x, keepdims=keepdims)
    axes: tuple[SupportsIndex, ...]
    if axis is None:
        axes = tuple(range(x.ndim))
    elif isinstance(axis, Sequence):
        axes = tuple(axis)
    else:
        axes = (axis,)
    if len(axes) == 1:
        return vector_norm(x, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)  # type: ignore[arg-type]
    if len(axes) != 2:
        raise ValueError(f"norm: expected one or two axes, not {len(axes)}")
    places = [_place(a, x.ndim) for a in axes]
    if places[0] == places[1]:
        raise ValueError(f"norm: axes {axes} are the same")
    others = [i for i in range(x.ndim) if i not in places]
    result = matrix_norm(_core.permute_dims(x, (*others, *places)), ord=ord)
    if keepdims:
        for place in sorted(places):
            result = _core.expand_dims(result, axis=place)
    return result


def _place(axis: SupportsIndex, ndim: int) -> int:
    place = axis.__index__()
    if not -ndim <= place < ndim:
        raise IndexError(f"norm: axis {place} is out of range for {ndim} axes")
    return place % ndim
