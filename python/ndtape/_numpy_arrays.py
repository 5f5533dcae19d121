"""NumPy's vocabulary: ranges, triangles, splits and sets.

As `_numpy_names` has it: a few lines each over other functions, with NumPy's meaning and with
derivatives where they mean something.
"""

from __future__ import annotations

import builtins
import operator
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from ndtape import _core
from ndtape._arguments import as_axis, as_pair, as_tensor
from ndtape._core import Tensor
from ndtape._numpy_names import atleast_1d, ravel
from ndtape._sets import isin, unique_values

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike
    from ndtape._core import _DTypeLike as DTypeLike

__all__ = [
    "append",
    "around",
    "array_split",
    "atleast_3d",
    "dsplit",
    "geomspace",
    "hsplit",
    "intersect1d",
    "logspace",
    "setdiff1d",
    "tri",
    "tril_indices",
    "triu_indices",
    "union1d",
    "vsplit",
]

around = _core.round


def atleast_3d(x: ArrayLike, /) -> Tensor:
    """Return a view with at least three axes; vectors lie along the second.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    Tensor
        `x`, or a view of it with three axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.atleast_3d([1, 2]).shape
    (1, 2, 1)
    """
    tensor = atleast_1d(x)
    if tensor.ndim == 1:
        return tensor[None, :, None]
    return tensor[..., None] if tensor.ndim == 2 else tensor


def array_split(x: ArrayLike, /, indices_or_sections: Any, axis: SupportsIndex = 0) -> list[Tensor]:
    """Take apart along an axis, into parts that need not be equal.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    indices_or_sections : int or sequence of int
        How many parts, or where to cut.
    axis : int, optional
        The axis.

    Returns
    -------
    list of Tensor
        Views; of a number of parts the first are longer by one where it does not divide.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.array_split([1, 2, 3], 2)
    [tensor([1, 2]), tensor([3])]
    """
    tensor = as_tensor(x)
    along = as_axis(axis, tensor.ndim, "array_split")
    try:
        parts = operator.index(indices_or_sections)
    except TypeError:
        return _core.split(tensor, indices_or_sections, axis=along)
    if parts < 1:
        raise ValueError(f"array_split: {parts} parts, expected one or more")
    short, longer = builtins.divmod(tensor.shape[along], parts)
    cuts = [i * short + builtins.min(i, longer) for i in range(1, parts)]
    return _core.split(tensor, cuts, axis=along)


def hsplit(x: ArrayLike, /, indices_or_sections: Any) -> list[Tensor]:
    """Take apart along the second axis, vectors along their only one.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        With at least one axis.
    indices_or_sections : int or sequence of int
        How many parts, or where to cut.

    Returns
    -------
    list of Tensor
        Views.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.hsplit([1, 2, 3, 4], 2)
    [tensor([1, 2]), tensor([3, 4])]
    """
    tensor = as_tensor(x)
    if tensor.ndim < 1:
        raise ValueError(f"hsplit: shape {tensor.shape}, expected at least 1 axis")
    return _core.split(tensor, indices_or_sections, axis=0 if tensor.ndim == 1 else 1)


def vsplit(x: ArrayLike, /, indices_or_sections: Any) -> list[Tensor]:
    """Take apart along the first axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        With at least two axes.
    indices_or_sections : int or sequence of int
        How many parts, or where to cut.

    Returns
    -------
    list of Tensor
        Views.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.vsplit([[1, 2], [3, 4]], 2)
    [tensor([[1, 2]]), tensor([[3, 4]])]
    """
    tensor = as_tensor(x)
    if tensor.ndim < 2:
        raise ValueError(f"vsplit: shape {tensor.shape}, expected at least 2 axes")
    return _core.split(tensor, indices_or_sections, axis=0)


def dsplit(x: ArrayLike, /, indices_or_sections: Any) -> list[Tensor]:
    """Take apart along the third axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        With at least three axes.
    indices_or_sections : int or sequence of int
        How many parts, or where to cut.

    Returns
    -------
    list of Tensor
        Views.

    Examples
    --------
    >>> import ndtape as nt
    >>> [part.shape for part in nt.dsplit(nt.ones((2, 2, 3)), [1])]
    [(2, 2, 1), (2, 2, 2)]
    """
    tensor = as_tensor(x)
    if tensor.ndim < 3:
        raise ValueError(f"dsplit: shape {tensor.shape}, expected at least 3 axes")
    return _core.split(tensor, indices_or_sections, axis=2)


def append(x: ArrayLike, values: ArrayLike, /, axis: SupportsIndex | None = None) -> Tensor:
    """Join values behind others, both flattened without an axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    values : array_like
        Of the shape of `x` but for the axis.
    axis : int, optional
        The axis.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.append([1, 2], 3)
    tensor([1, 2, 3])
    """
    a, b = as_pair(x, values)
    if axis is None:
        return _core.concat([ravel(a), ravel(b)])
    return _core.concat([a, b], axis=axis)


def logspace(
    start: float,
    stop: float,
    /,
    num: SupportsIndex = 50,
    endpoint: bool = True,
    base: float = 10.0,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Make numbers that grow by a factor: ``base ** linspace(start, stop)``.

    As NumPy's function of this name.

    Parameters
    ----------
    start, stop : float
        The first and the last, as powers.
    num : int, optional
        How many.
    endpoint : bool, optional
        Whether `stop` is the last; else it would be the next.
    base : float, optional
        What is raised.
    dtype : DType, optional
        The default float dtype if left out.

    Returns
    -------
    Tensor
        A vector.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    made = np.logspace(start, stop, operator.index(num), endpoint, base)
    return _core.astype(_core.asarray(made), dtype or _core.get_default_dtype())


def geomspace(
    start: float,
    stop: float,
    /,
    num: SupportsIndex = 50,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Make numbers that grow by a factor: each a multiple of the one before.

    As NumPy's function of this name.

    Parameters
    ----------
    start, stop : float
        The first and the last.
    num : int, optional
        How many.
    endpoint : bool, optional
        Whether `stop` is the last; else it would be the next.
    dtype : DType, optional
        The default float dtype if left out.

    Returns
    -------
    Tensor
        A vector.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.geomspace(1, 8, 4)
    tensor([1., 2., 4., 8.])
    """
    made = np.geomspace(start, stop, operator.index(num), endpoint)
    return _core.astype(_core.asarray(made), dtype or _core.get_default_dtype())


def tri(
    n: SupportsIndex,
    m: SupportsIndex | None = None,
    /,
    k: SupportsIndex = 0,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Make a matrix of ones on and below a diagonal.

    As NumPy's function of this name.

    Parameters
    ----------
    n, m : int
        Rows, and columns where they are not as many.
    k : int, optional
        Which diagonal: above the main one if positive.
    dtype : DType, optional
        The default float dtype if left out.

    Returns
    -------
    Tensor
        Of shape ``(n, m)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.tri(2)
    tensor([[1., 0.],
            [1., 1.]])
    """
    columns = n if m is None else m
    ones = _core.ones((operator.index(n), operator.index(columns)), dtype=dtype)
    return _core.tril(ones, k=operator.index(k))


def tril_indices(
    n: SupportsIndex, /, k: SupportsIndex = 0, m: SupportsIndex | None = None
) -> tuple[Tensor, Tensor]:
    """Return the indices of the elements on and below a diagonal.

    As NumPy's function of this name.

    Parameters
    ----------
    n : int
        Rows.
    k : int, optional
        Which diagonal: above the main one if positive.
    m : int, optional
        Columns; as many as rows if left out.

    Returns
    -------
    tuple of Tensor
        Those of rows and those of columns: a key.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.tril_indices(2)
    (tensor([0, 1, 1]), tensor([0, 0, 1]))
    """
    rows, columns = np.tril_indices(
        operator.index(n), operator.index(k), None if m is None else operator.index(m)
    )
    return _core.asarray(rows), _core.asarray(columns)


def triu_indices(
    n: SupportsIndex, /, k: SupportsIndex = 0, m: SupportsIndex | None = None
) -> tuple[Tensor, Tensor]:
    """Return the indices of the elements on and above a diagonal.

    As NumPy's function of this name.

    Parameters
    ----------
    n : int
        Rows.
    k : int, optional
        Which diagonal: above the main one if positive.
    m : int, optional
        Columns; as many as rows if left out.

    Returns
    -------
    tuple of Tensor
        Those of rows and those of columns: a key.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.triu_indices(2)
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    rows, columns = np.triu_indices(
        operator.index(n), operator.index(k), None if m is None else operator.index(m)
    )
    return _core.asarray(rows), _core.asarray(columns)


def union1d(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Return the values that are in one or the other, in order.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Of any dtypes that promote.

    Returns
    -------
    Tensor
        A vector; each value once.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.union1d([3, 1], [2, 1])
    tensor([1, 2, 3])
    """
    return unique_values(append(x1, x2))


def intersect1d(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Return the values that are in both, in order.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Of any dtypes that promote.

    Returns
    -------
    Tensor
        A vector; each value once.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.intersect1d([3, 1], [2, 1])
    tensor([1])
    """
    a, b = as_pair(x1, x2)
    found = unique_values(a)
    return found[isin(found, b)]


def setdiff1d(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Return the values that are in the first alone, in order.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Of any dtypes that promote.

    Returns
    -------
    Tensor
        A vector; each value once.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.setdiff1d([3, 1], [2, 1])
    tensor([3])
    """
    a, b = as_pair(x1, x2)
    found = unique_values(a)
    return found[isin(found, b, invert=True)]
