"""NumPy's vocabulary: its names for what ndtape has under another, with NumPy's meaning.

One table of them is in the documentation. Each is an alias or a few lines over other functions, and
has derivatives where it means something. Dtypes are ndtape's: integers become the default float
where NumPy makes them float64.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._arguments import as_axes, as_axis, as_pair, as_tensor
from ndtape._core import Tensor
from ndtape._manipulation import moveaxis
from ndtape._padding import pad as pad
from ndtape._products import cross as cross
from ndtape._products import tensordot

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike
    from ndtape._core import _DTypeLike as DTypeLike

__all__ = [
    "absolute",
    "allclose",
    "amax",
    "amin",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "array",
    "array_equal",
    "atleast_1d",
    "atleast_2d",
    "bitwise_not",
    "column_stack",
    "concatenate",
    "conjugate",
    "cross",
    "cumprod",
    "cumsum",
    "deg2rad",
    "diag",
    "divmod",
    "dot",
    "dstack",
    "fliplr",
    "flipud",
    "fmax",
    "fmin",
    "hstack",
    "identity",
    "inner",
    "invert",
    "isclose",
    "isscalar",
    "kron",
    "left_shift",
    "mod",
    "ndim",
    "outer",
    "pad",
    "power",
    "rad2deg",
    "ravel",
    "right_shift",
    "rint",
    "rot90",
    "shape",
    "size",
    "trace",
    "transpose",
    "trapezoid",
    "true_divide",
    "unravel_index",
    "vdot",
    "vstack",
]

Axes: TypeAlias = SupportsIndex | Sequence[SupportsIndex] | None

# ---- the same functions ------------------------------------------------------------------------

absolute = _core.abs
amax = _core.max
amin = _core.min
arccos = _core.acos
arccosh = _core.acosh
arcsin = _core.asin
arcsinh = _core.asinh
arctan = _core.atan
arctan2 = _core.atan2
arctanh = _core.atanh
array = _core.tensor
bitwise_not = _core.bitwise_invert
concatenate = _core.concat
conjugate = _core.conj
invert = _core.bitwise_invert
left_shift = _core.bitwise_left_shift
mod = _core.remainder
power = _core.pow
right_shift = _core.bitwise_right_shift
rint = _core.round
true_divide = _core.divide


def values(x: Any) -> npt.NDArray[Any]:
    """Return the NumPy array over what is array-like, whether or not it records."""
    return as_tensor(x).detach().numpy()


def inexact(x: ArrayLike) -> Tensor:
    """Return a tensor of a float or complex dtype."""
    tensor = as_tensor(x)
    if tensor.dtype.kind in "fc":
        return tensor
    return _core.astype(tensor, _core.get_default_dtype())


# ---- shapes and axes -----------------------------------------------------------------------------


def ndim(x: ArrayLike, /) -> int:
    """Count the axes.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    int

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.ndim([[1, 2]])
    2
    """
    return as_tensor(x).ndim


def shape(x: ArrayLike, /) -> tuple[int, ...]:
    """Return the length of each axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.shape([[1, 2]])
    (1, 2)
    """
    return as_tensor(x).shape


def size(x: ArrayLike, /, axis: SupportsIndex | None = None) -> int:
    """Count the elements, or those along an axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    axis : int, optional
        The axis; None for all.

    Returns
    -------
    int

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.size([[1, 2]])
    2
    """
    tensor = as_tensor(x)
    return tensor.size if axis is None else tensor.shape[as_axis(axis, tensor.ndim, "size")]


def isscalar(x: object, /) -> bool:
    """Tell whether this is a number (a string, ...) rather than an array.

    As NumPy's function of this name.

    Parameters
    ----------
    x : object
        Anything.

    Returns
    -------
    bool

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.isscalar(2.5), nt.isscalar(nt.tensor(2.5))
    (True, False)
    """
    return builtins.bool(np.isscalar(x))


def ravel(x: ArrayLike, /) -> Tensor:
    """Flatten, as a view where strides allow.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    Tensor
        With one axis.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.ravel([[1, 2], [3, 4]])
    tensor([1, 2, 3, 4])
    """
    return _core.reshape(as_tensor(x), -1)


def transpose(x: ArrayLike, /, axes: Sequence[SupportsIndex] | None = None) -> Tensor:
    """Reverse the order of the axes, or give another; a view.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    axes : sequence of int, optional
        Every axis, in the new order.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.transpose(nt.ones((2, 3, 4))).shape
    (4, 3, 2)
    """
    tensor = as_tensor(x)
    return tensor.T if axes is None else _core.permute_dims(tensor, axes)


def atleast_1d(x: ArrayLike, /) -> Tensor:
    """Return a view with at least one axis.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    Tensor
        `x`, or a view of it with one axis.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.atleast_1d(3)
    tensor([3])
    """
    tensor = as_tensor(x)
    return tensor[None] if tensor.ndim == 0 else tensor


def atleast_2d(x: ArrayLike, /) -> Tensor:
    """Return a view with at least two axes; new ones come first.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.

    Returns
    -------
    Tensor
        `x`, or a view of it with two axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.atleast_2d([1, 2])
    tensor([[1, 2]])
    """
    tensor = atleast_1d(x)
    return tensor[None] if tensor.ndim == 1 else tensor


def vstack(arrays: Sequence[ArrayLike], /) -> Tensor:
    """Join along the first axis; vectors are rows.

    As NumPy's function of this name.

    Parameters
    ----------
    arrays : sequence of array_like
        Of one shape but for the first axis.

    Returns
    -------
    Tensor
        With at least two axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.vstack([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    return _core.concat([atleast_2d(x) for x in arrays], axis=0)


def hstack(arrays: Sequence[ArrayLike], /) -> Tensor:
    """Join along the second axis, vectors along their only one.

    As NumPy's function of this name.

    Parameters
    ----------
    arrays : sequence of array_like
        Of one shape but for the axis that is joined.

    Returns
    -------
    Tensor
        With at least one axis.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.hstack([[1, 2], [3, 4]])
    tensor([1, 2, 3, 4])
    """
    parts = [atleast_1d(x) for x in arrays]
    return _core.concat(parts, axis=0 if parts and parts[0].ndim == 1 else 1)


def dstack(arrays: Sequence[ArrayLike], /) -> Tensor:
    """Join along the third axis; matrices become (m, n, 1), vectors (1, n, 1).

    As NumPy's function of this name.

    Parameters
    ----------
    arrays : sequence of array_like
        Of one shape but for the third axis.

    Returns
    -------
    Tensor
        With at least three axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.dstack([[1, 2], [3, 4]]).shape
    (1, 2, 2)
    """
    parts = [atleast_2d(x) for x in arrays]
    return _core.concat([x[..., None] if x.ndim == 2 else x for x in parts], axis=2)


def column_stack(arrays: Sequence[ArrayLike], /) -> Tensor:
    """Join vectors as columns, and matrices along their columns.

    As NumPy's function of this name.

    Parameters
    ----------
    arrays : sequence of array_like
        Vectors and matrices with as many rows.

    Returns
    -------
    Tensor
        A matrix.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.column_stack([[1, 2], [3, 4]])
    tensor([[1, 3],
            [2, 4]])
    """
    parts = [atleast_1d(x) for x in arrays]
    return _core.concat([x[:, None] if x.ndim == 1 else x for x in parts], axis=1)


def fliplr(x: ArrayLike, /) -> Tensor:
    """Reverse the second axis; a view.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        With at least two axes.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fliplr([[1, 2]])
    tensor([[2, 1]])
    """
    return _core.flip(x, axis=1)


def flipud(x: ArrayLike, /) -> Tensor:
    """Reverse the first axis; a view.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        With at least one axis.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.flipud([1, 2])
    tensor([2, 1])
    """
    return _core.flip(x, axis=0)


def rot90(x: ArrayLike, /, k: SupportsIndex = 1, axes: Sequence[SupportsIndex] = (0, 1)) -> Tensor:
    """Turn by 90 degrees k times, from the first axis towards the second; a view.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        With at least two axes.
    k : int, optional
        How often.
    axes : pair of int, optional
        The plane.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.rot90([[1, 2], [3, 4]])
    tensor([[2, 4],
            [1, 3]])
    """
    tensor = as_tensor(x)
    places = as_axes(axes, tensor.ndim, "rot90")
    if len(places) != 2:
        raise ValueError(f"rot90: expected two axes, not {len(places)}")
    turns = operator.index(k) % 4
    if turns == 2:
        return _core.flip(tensor, axis=places)
    if turns % 2 == 0:
        return tensor[...]
    if turns == 1:
        return _core.swapaxes(_core.flip(tensor, axis=places[1]), *places)
    return _core.flip(_core.swapaxes(tensor, *places), axis=places[1])


def diag(x: ArrayLike, /, k: SupportsIndex = 0) -> Tensor:
    """Return a diagonal of a matrix, or the matrix with a vector on its diagonal.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        A vector or a matrix.
    k : int, optional
        Which diagonal: above the main one if positive.

    Returns
    -------
    Tensor
        A matrix or a vector.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.diag([1, 2])
    tensor([[1, 0],
            [0, 2]])
    """
    tensor = as_tensor(x)
    offset = operator.index(k)
    if tensor.ndim == 2:
        return _core.diagonal(tensor, offset)
    if tensor.ndim != 1:
        raise ValueError(f"diag: expected one or two axes, not shape {tensor.shape}")
    n = tensor.size + builtins.abs(offset)
    rows = pad(tensor, (builtins.max(-offset, 0), builtins.max(offset, 0)))
    return _core.where(_core.eye(n, k=offset, dtype=_core.bool), rows[:, None], 0)


def identity(n: SupportsIndex, /, dtype: DTypeLike | None = None) -> Tensor:
    """Return the identity matrix.

    As NumPy's function of this name.

    Parameters
    ----------
    n : int
        Rows and columns.
    dtype : DType, optional
        The default float dtype if left out.

    Returns
    -------
    Tensor
        Of shape ``(n, n)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.identity(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _core.eye(operator.index(n), dtype=dtype)


def unravel_index(indices: ArrayLike, shape: Any, /) -> tuple[Tensor, ...]:
    """Turn positions in the flattened array into an index for each axis.

    As NumPy's function of this name.

    Parameters
    ----------
    indices : array_like
        Of an integer dtype.
    shape : sequence of int
        Of the array.

    Returns
    -------
    tuple of Tensor
        An int64 tensor for each axis.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.unravel_index(5, (2, 3))
    (tensor(1), tensor(2))
    """
    found = np.unravel_index(values(indices), shape)
    return tuple(_core.asarray(np.asarray(i)) for i in found)


# ---- sums and products ---------------------------------------------------------------------------


def cumsum(
    x: ArrayLike, /, axis: SupportsIndex | None = None, dtype: DTypeLike | None = None
) -> Tensor:
    """Compute running sums along an axis, of the flattened array by default.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    axis : int, optional
        The axis; None flattens `x` first.
    dtype : DType, optional
        Of the result.

    Returns
    -------
    Tensor
        Of the shape of `x`, or a vector.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.cumsum([1, 2, 3])
    tensor([1, 3, 6])
    """
    if axis is None:
        x, axis = ravel(x), 0
    return _core.cumulative_sum(x, axis=axis, dtype=dtype)


def cumprod(
    x: ArrayLike, /, axis: SupportsIndex | None = None, dtype: DTypeLike | None = None
) -> Tensor:
    """Compute running products along an axis, of the flattened array by default.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of any dtype.
    axis : int, optional
        The axis; None flattens `x` first.
    dtype : DType, optional
        Of the result.

    Returns
    -------
    Tensor
        Of the shape of `x`, or a vector.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.cumprod([1, 2, 3])
    tensor([1, 2, 6])
    """
    if axis is None:
        x, axis = ravel(x), 0
    return _core.cumulative_prod(x, axis=axis, dtype=dtype)


def dot(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Sum products over the last axis of one and the last but one of the other.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Vectors, matrices, or with more axes.

    Returns
    -------
    Tensor
        Without the two axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.dot([1, 2], [3, 4])
    tensor(11)
    """
    a, b = as_pair(x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return a @ b
    return tensordot(a, b, axes=((a.ndim - 1,), (builtins.max(b.ndim - 2, 0),)))


def inner(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Sum products over the last axes of both.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        With a last axis of one length.

    Returns
    -------
    Tensor
        Of shape ``(*x1.shape[:-1], *x2.shape[:-1])``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.inner([[1, 2], [3, 4]], [1, 1])
    tensor([3, 7])
    """
    a, b = as_pair(x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def vdot(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Sum the products of all elements, of the first conjugated.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Of as many elements.

    Returns
    -------
    Tensor
        With no axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.vdot([[1, 2]], [[3], [4]])
    tensor(11)
    """
    a, b = ravel(x1), ravel(x2)
    return (_core.conj(a) if a.dtype.kind == "c" else a) @ b


def outer(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Multiply every element of one flattened array by every one of another.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Flattened.

    Returns
    -------
    Tensor
        Of shape ``(x1.size, x2.size)``.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.outer([1, 2], [3, 4])
    tensor([[3, 4],
            [6, 8]])
    """
    a, b = as_pair(x1, x2)
    return ravel(a)[:, None] * ravel(b)


def kron(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute the Kronecker product: every element of one times the whole other.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        With any numbers of axes.

    Returns
    -------
    Tensor
        Along each axis as long as the product of the two lengths.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.kron([1, 10], [1, 2])
    tensor([ 1,  2, 10, 20])
    """
    a, b = as_pair(x1, x2)
    n = builtins.max(a.ndim, b.ndim)
    a = _core.reshape(a, ((1,) * (n - a.ndim) + a.shape))
    b = _core.reshape(b, ((1,) * (n - b.ndim) + b.shape))
    left = _core.reshape(a, tuple(m for length in a.shape for m in (length, 1)))
    right = _core.reshape(b, tuple(m for length in b.shape for m in (1, length)))
    lengths = tuple(i * j for i, j in zip(a.shape, b.shape, strict=True))
    return _core.reshape(left * right, lengths)


def trace(
    x: ArrayLike, /, offset: SupportsIndex = 0, axis1: SupportsIndex = 0, axis2: SupportsIndex = 1
) -> Tensor:
    """Sum a diagonal of two axes.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        With at least two axes.
    offset : int, optional
        Which diagonal: above the main one if positive.
    axis1, axis2 : int, optional
        The two axes.

    Returns
    -------
    Tensor
        Without the two axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.trace([[1, 2], [3, 4]])
    tensor(5)
    """
    tensor = as_tensor(x)
    last = moveaxis(tensor, (operator.index(axis1), operator.index(axis2)), (-2, -1))
    return _core.sum(_core.diagonal(last, operator.index(offset), -2, -1), axis=-1)


def trapezoid(
    y: ArrayLike, /, x: ArrayLike | None = None, dx: float = 1.0, axis: SupportsIndex = -1
) -> Tensor:
    """Integrate along an axis by the trapezoidal rule.

    As NumPy's function of this name.

    Parameters
    ----------
    y : array_like
        Values of the function.
    x : array_like, optional
        Where they were taken; if left out, `dx` apart.
    dx : float, optional
        The distance.
    axis : int, optional
        The axis.

    Returns
    -------
    Tensor
        Without that axis.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.trapezoid([1.0, 2.0, 3.0])
    tensor(4.)
    """
    heights = moveaxis(inexact(y), axis, -1)
    means = (heights[..., 1:] + heights[..., :-1]) * 0.5
    if x is None:
        return _core.sum(means * dx, axis=-1)
    points = inexact(x)
    points = points if points.ndim == 1 else moveaxis(points, axis, -1)
    return _core.sum(means * (points[..., 1:] - points[..., :-1]), axis=-1)


def divmod(x1: ArrayLike, x2: ArrayLike, /) -> tuple[Tensor, Tensor]:
    """Compute quotient, rounded down, and remainder.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Broadcast against each other.

    Returns
    -------
    tuple of two Tensors
        As `floor_divide` and `remainder`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.divmod(7, 3)
    (tensor(2), tensor(1))
    """
    return _core.floor_divide(x1, x2), _core.remainder(x1, x2)


def deg2rad(x: ArrayLike, /) -> Tensor:
    """Turn degrees into radians.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.deg2rad(180.0)
    tensor(3.1415927)
    """
    return inexact(x) * (np.pi / 180)


def rad2deg(x: ArrayLike, /) -> Tensor:
    """Turn radians into degrees.

    As NumPy's function of this name.

    Parameters
    ----------
    x : array_like
        Of a float dtype; integers become the default float dtype.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.rad2deg(nt.pi)
    tensor(180.)
    """
    return inexact(x) * (180 / np.pi)


# ---- comparison ----------------------------------------------------------------------------------


def isclose(
    x1: ArrayLike,
    x2: ArrayLike,
    /,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> Tensor:
    """Tell where ``abs(x1 - x2) <= atol + rtol * abs(x2)``, or both are the same infinity.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Broadcast against each other.
    rtol : float, optional
        How far they may be apart, as a share of `x2`.
    atol : float, optional
        And besides.
    equal_nan : bool, optional
        Whether NaN equals NaN.

    Returns
    -------
    Tensor
        Of dtype bool.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.isclose([1.0, 2.0], [1.0, 2.1])
    tensor([ True, False])
    """
    return _core.asarray(np.asarray(np.isclose(values(x1), values(x2), rtol, atol, equal_nan)))


def allclose(
    x1: ArrayLike,
    x2: ArrayLike,
    /,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> bool:
    """Tell whether `isclose` holds everywhere.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Broadcast against each other.
    rtol : float, optional
        How far they may be apart, as a share of `x2`.
    atol : float, optional
        And besides.
    equal_nan : bool, optional
        Whether NaN equals NaN.

    Returns
    -------
    bool

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.allclose([1.0], [1.0 + 1e-9])
    True
    """
    return builtins.bool(np.allclose(values(x1), values(x2), rtol, atol, equal_nan))


def array_equal(x1: ArrayLike, x2: ArrayLike, /, equal_nan: bool = False) -> bool:
    """Tell whether shapes and all elements are equal.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Of any shapes.
    equal_nan : bool, optional
        Whether NaN equals NaN.

    Returns
    -------
    bool

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.array_equal([1, 2], [1, 2])
    True
    """
    return builtins.bool(np.array_equal(values(x1), values(x2), equal_nan))


def fmax(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Choose the larger element, and the other one beside NaN.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Broadcast against each other.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fmax([nt.nan, 2.0], [1.0, 3.0])
    tensor([1., 3.])
    """
    return _where_number(x1, x2, _core.maximum)


def fmin(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Choose the smaller element, and the other one beside NaN.

    As NumPy's function of this name.

    Parameters
    ----------
    x1, x2 : array_like
        Broadcast against each other.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.fmin([nt.nan, 2.0], [1.0, 3.0])
    tensor([1., 2.])
    """
    return _where_number(x1, x2, _core.minimum)


def _where_number(x1: ArrayLike, x2: ArrayLike, choose: Any) -> Tensor:
    a, b = as_pair(x1, x2)
    a, b = _core.where(_core.isnan(a), b, a), _core.where(_core.isnan(b), a, b)
    chosen: Tensor = choose(a, b)
    return chosen
