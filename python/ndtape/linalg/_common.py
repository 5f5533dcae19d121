"""What the functions of linear algebra share: arguments, NumPy's calls, and matrix idioms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numpy.linalg import LinAlgError

from ndtape import _core
from ndtape._core import Tensor

Array = npt.NDArray[Any]

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike


def inexact(x: ArrayLike) -> Tensor:
    """Return a tensor of a float or complex dtype; integers and bools become the default float."""
    tensor = _core.asarray(x)
    if tensor.dtype.kind not in "fc":
        return _core.astype(tensor, _core.get_default_dtype())
    return tensor


def matrices(x: ArrayLike, name: str, square: bool = False) -> Tensor:
    """Return a matrix or a stack of them, checked."""
    tensor = inexact(x)
    if tensor.ndim < 2:
        raise ValueError(f"{name}: expected a matrix or a stack of them, not shape {tensor.shape}")
    if square and tensor.shape[-1] != tensor.shape[-2]:
        raise ValueError(f"{name}: expected square matrices, not shape {tensor.shape}")
    return tensor


def values(x: Tensor) -> Array:
    """Return the NumPy array over a tensor's memory, whether or not it records."""
    return x.detach().numpy()


def tensor(a: Any) -> Tensor:
    """Return the tensor over what NumPy has made."""
    return _core.asarray(np.asarray(a))


def numpy_call(name: str, function: Callable[..., Any], *arrays: Array, **options: Any) -> Any:
    """Call a function of NumPy, whose LinAlgError then says which of ours it was."""
    try:
        with np.errstate(all="ignore"):
            return function(*arrays, **options)
    except LinAlgError as error:
        shapes = " and ".join(str(a.shape) for a in arrays)
        raise LinAlgError(f"{name} of shape {shapes}: {error}") from None


def adjoint(x: Tensor) -> Tensor:
    """Return the conjugate transpose of matrices."""
    return conjugate(x).mT


def conjugate(x: Tensor) -> Tensor:
    """Return the complex conjugate; what is real as it is."""
    return _core.conj(x) if is_complex(x) else x


def real(x: Tensor) -> Tensor:
    """Return the real part; what is real as it is."""
    return _core.real(x) if is_complex(x) else x


def is_complex(x: Tensor) -> bool:
    """Tell whether the dtype is complex."""
    return x.dtype.kind == "c"


def diagonal_matrix(x: Tensor) -> Tensor:
    """Return matrices with these vectors on their diagonals, zero elsewhere."""
    return _core.where(_on_diagonal(x.shape[-1]), x[..., None, :], 0)


def diagonal_of(x: Tensor) -> Tensor:
    """Return the diagonals of matrices."""
    return _core.diagonal(x, 0, -2, -1)


def without_diagonal(x: Tensor) -> Tensor:
    """Return matrices with zeros on their diagonals."""
    return _core.where(_on_diagonal(x.shape[-1]), 0, x)


def _on_diagonal(n: int) -> Tensor:
    return _core.eye(n, dtype=_core.bool)


def skew(x: Tensor) -> Tensor:
    """Return x minus its conjugate transpose."""
    return x - adjoint(x)


def hermitian_part(x: Tensor) -> Tensor:
    """Return the mean of matrices and their conjugate transposes."""
    return (x + adjoint(x)) * 0.5


def inverse_differences(x: Tensor) -> Tensor:
    """Return ``1 / (x[j] - x[i])`` at ``[i, j]``, and 0 where the two are equal.

    Equal means: to rounding, beside the largest. What is sought is then 0 / 0; 0 is right for
    functions of the whole space that belongs to equal values.
    """
    difference = x[..., None, :] - x[..., :, None]
    with_size = np.abs(values(x))
    # A stack may hold no matrix, and a matrix no value.
    largest = with_size.max(axis=-1, initial=0)[..., None, None]
    tolerance = np.finfo(with_size.dtype).eps * max(x.shape[-1], 1) * largest
    equal = tensor(np.abs(values(difference)) <= tolerance)
    return _core.where(equal, 0.0, 1.0 / _core.where(equal, 1.0, difference))


def inverse_where_positive(x: Tensor) -> Tensor:
    """Return ``1 / x`` for singular values, and 0 for those that are 0 beside the largest."""
    sizes = values(x)
    largest = sizes.max(axis=-1, initial=0)[..., None]
    tolerance = np.finfo(sizes.dtype).eps * max(x.shape[-1], 1) * largest
    vanishing = tensor(sizes <= tolerance)
    return _core.where(vanishing, 0.0, 1.0 / _core.where(vanishing, 1.0, x))
