"""Products of vectors and matrices, and sums of diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex

from ndtape import _core
from ndtape._core import Tensor

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike
    from ndtape._core import _DTypeLike as DTypeLike

__all__ = ["diagonal", "multi_dot", "outer", "trace"]


def outer(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Multiply every element of one vector by every element of another.

    Parameters
    ----------
    x1, x2 : array_like
        Of shapes (m,) and (n,).

    Returns
    -------
    Tensor
        Of shape (m, n).

    Raises
    ------
    ValueError
        When they are not vectors.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.outer(nt.tensor([1, 2]), nt.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    a, b = _core.asarray(x1), _core.asarray(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"outer: expected vectors, not shapes {a.shape} and {b.shape}")
    return a[:, None] * b


def diagonal(x: ArrayLike, /, *, offset: SupportsIndex = 0) -> Tensor:
    """Return the diagonals of matrices.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n).
    offset : int
        Which diagonal: above the main one when positive, below when negative.

    Returns
    -------
    Tensor
        A view of shape (..., k).

    Raises
    ------
    ValueError
        When `x` has fewer than two axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.diagonal(nt.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _core.diagonal(x, offset.__index__(), -2, -1)


def trace(x: ArrayLike, /, *, offset: SupportsIndex = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Sum the diagonals of matrices.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n).
    offset : int
        Which diagonal, as for `diagonal`.
    dtype : DType, optional
        Of the result; by default as for `sum`.

    Returns
    -------
    Tensor
        Of shape (...).

    Raises
    ------
    ValueError
        When `x` has fewer than two axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.trace(nt.tensor([[1, 2], [3, 4]])).item()
    5
    """
    return _core.sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def multi_dot(arrays: Sequence[ArrayLike], /) -> Tensor:
    """Multiply several matrices in the order that takes the fewest operations.

    Parameters
    ----------
    arrays : sequence of array_like
        At least two matrices. The first may be a row vector and the last a column vector, of one
        axis; the result then lacks the axis too.

    Returns
    -------
    Tensor
        Their product.

    Raises
    ------
    ValueError
        When there are fewer than two, or their shapes do not align.

    Examples
    --------
    >>> import ndtape as nt
    >>> a, b, c = nt.ones((2, 50)), nt.ones((50, 3)), nt.ones(3)
    >>> nt.linalg.multi_dot([a, b, c])
    tensor([150., 150.])
    """
    factors = [_core.asarray(a) for a in arrays]
    if len(factors) < 2:
        raise ValueError(f"multi_dot: expected at least two matrices, not {len(factors)}")
    row, column = factors[0].ndim == 1, factors[-1].ndim == 1
    if row:
        factors[0] = factors[0][None, :]
    if column:
        factors[-1] = factors[-1][:, None]
    for i, factor in enumerate(factors):
        if factor.ndim != 2:
            raise ValueError(f"multi_dot: matrix {i} has shape {factor.shape}, expected two axes")
    for i in range(1, len(factors)):
        if factors[i - 1].shape[1] != factors[i].shape[0]:
            raise ValueError(
                f"multi_dot: shapes {factors[i - 1].shape} and {factors[i].shape} of matrices "
                f"{i - 1} and {i} do not align"
            )
    result = _product(factors, _best_splits(factors), 0, len(factors) - 1)
    if row:
        result = result[0]
    return result[..., 0] if column else result


def _best_splits(factors: list[Tensor]) -> dict[tuple[int, int], int]:
    """Where to cut each run of factors, by dynamic programming over their lengths."""
    sides = [f.shape[0] for f in factors] + [factors[-1].shape[1]]
    cost = {(i, i): 0 for i in range(len(factors))}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, len(factors)):
        for i in range(len(factors) - length):
            j = i + length
            options = [
                (cost[i, k] + cost[k + 1, j] + sides[i] * sides[k + 1] * sides[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], cut[i, j] = min(options)
    return cut


def _product(factors: list[Tensor], cut: dict[tuple[int, int], int], i: int, j: int) -> Tensor:
    if i == j:
        return factors[i]
    k = cut[i, j]
    return _product(factors, cut, i, k) @ _product(factors, cut, k + 1, j)
