"""Equations, inverses and determinants."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple, SupportsIndex

import numpy as np

from ndtape import _core
from ndtape._compiled import compiled_first
from ndtape._core import Tensor
from ndtape.linalg._common import (
    Array,
    adjoint,
    conjugate,
    diagonal_matrix,
    diagonal_of,
    hermitian_part,
    inexact,
    matrices,
    numpy_call,
    real,
    tensor,
    values,
)

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike

__all__ = [
    "SlogdetResult",
    "cholesky",
    "det",
    "inv",
    "matrix_power",
    "matrix_rank",
    "pinv",
    "slogdet",
    "solve",
]


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Tensor
    logabsdet: Tensor


def _inv_vjp(g: Tensor, y: Tensor) -> Tensor:
    h = adjoint(y)
    return -(h @ g @ h)


def _few_inv_vjp(g: Tensor, x: Tensor) -> Tensor:
    return _inv_vjp(g, inv(x))


_INV = _core.operation("inv", _inv_vjp)
_FEW_INV = _core.operation("inv", _few_inv_vjp)


@compiled_first(_FEW_INV)
def inv(x: ArrayLike, /) -> Tensor:
    """Invert square matrices.

    Parameters
    ----------
    x : array_like
        Of shape (..., n, n).

    Returns
    -------
    Tensor
        Of the shape and dtype of `x`.

    Raises
    ------
    LinAlgError
        When a matrix is singular.
    ValueError
        When they are not square.

    See Also
    --------
    solve : faster and more accurate than multiplying by an inverse.
    pinv : for singular and for rectangular matrices.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.inv(nt.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    x = matrices(x, "inv", square=True)
    y = tensor(numpy_call("inv", np.linalg.inv, values(x)))
    return _core.record_operation(_INV, x, y, y)


def _solve_vjp(g: Tensor, a: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    right = solve(adjoint(a), g)
    return -(right @ adjoint(y)), right


def _few_solve_vjp(g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    column = b.ndim == 1
    y = solve(a, b)
    if column:
        g, y = g[..., None], y[..., None]
    to_a, to_b = _solve_vjp(g, a, y)
    return to_a, to_b[..., 0] if column else to_b


_SOLVE = _core.operation("solve", _solve_vjp)
_FEW_SOLVE = _core.operation("solve", _few_solve_vjp)


@compiled_first(_FEW_SOLVE)
def solve(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Solve ``x1 @ y = x2`` for y.

    Parameters
    ----------
    x1 : array_like
        Square matrices, of shape (..., n, n).
    x2 : array_like
        Right-hand sides: a vector of shape (n,), or matrices of shape (..., n, k) whose stack
        broadcasts with that of `x1`.

    Returns
    -------
    Tensor
        Of shape (..., n) for a vector, else (..., n, k).

    Raises
    ------
    LinAlgError
        When a matrix is singular.
    ValueError
        When the shapes do not fit.

    Examples
    --------
    >>> import ndtape as nt
    >>> a = nt.tensor([[3.0, 1.0], [1.0, 2.0]])
    >>> nt.linalg.solve(a, nt.tensor([9.0, 8.0]))
    tensor([2., 3.])
    """
    a, b = matrices(x1, "solve", square=True), inexact(x2)
    if b.ndim == 0:
        raise ValueError("solve: x2 must be a vector or matrices, not a scalar")
    column = b.ndim == 1
    if column:
        b = b[:, None]
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"solve: shapes {a.shape} and {_core.asarray(x2).shape} do not align")
    y = _solve(a, b)
    return y[..., 0] if column else y


def _solve(a: Tensor, b: Tensor) -> Tensor:
    y = tensor(numpy_call("solve", np.linalg.solve, values(a), values(b)))
    return _core.record_operation(_SOLVE, (a, b), y, (a, y))


def _det_vjp(g: Tensor, x: Tensor) -> Tensor:
    return g[..., None, None] * conjugate(_cofactors(x))


def _det_jvp(t: Tensor, x: Tensor) -> Tensor:
    return _core.sum(_cofactors(x) * t, axis=(-2, -1))


_DET = _core.operation("det", _det_vjp, _det_jvp)


@compiled_first(_DET)
def det(x: ArrayLike, /) -> Tensor:
    """Compute determinants.

    Parameters
    ----------
    x : array_like
        Square matrices, of shape (..., n, n).

    Returns
    -------
    Tensor
        Of shape (...).

    Raises
    ------
    ValueError
        When they are not square.

    See Also
    --------
    slogdet : the logarithm, which neither overflows nor underflows.

    Notes
    -----
    The derivative, the matrix of cofactors, and second derivatives exist for singular matrices
    too; third ones are for invertible matrices and raise LinAlgError otherwise.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.det(nt.tensor([[1.0, 2.0], [3.0, 5.0]])).item()
    -1.0
    """
    x = matrices(x, "det", square=True)
    y = tensor(numpy_call("det", np.linalg.det, values(x)))
    return _core.record_operation(_DET, x, y, x)


def _cofactors(x: Tensor) -> Tensor:
    """Return ``det(x) * inv(x).mT``, of singular matrices too."""
    y = tensor(numpy_call("det", _cofactors_by_svd, values(x)))
    return _core.record_operation(_COFACTORS, x, y, x)


def _cofactors_vjp(g: Tensor, x: Tensor) -> Tensor:
    return conjugate(_cofactors_along(x, conjugate(g)))


def _cofactors_jvp(t: Tensor, x: Tensor) -> Tensor:
    return _cofactors_along(x, t)


_COFACTORS = _core.operation("det", _cofactors_vjp, _cofactors_jvp)


def _cofactors_along(x: Tensor, h: Tensor) -> Tensor:
    """Return how cofactors change along h, of singular matrices too; further is for the others."""
    y = tensor(numpy_call("det", _cofactors_along_by_svd, values(x), values(h)))
    return _core.record_operation(_COFACTORS_ALONG, (x, h), y, (x, h))


def _cofactors_along_vjp(g: Tensor, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    g = conjugate(g)
    # The sum of g * y is d (p q - r) with d = det(x), c = inv(x).mT, p = sum(c * h),
    # q = sum(c * g) and r = sum(g * (c h.T c)), where dc = -c dx.T c.
    c = inv(x).mT
    ch, cg = c @ h.mT @ c, c @ g.mT @ c
    p, q, r = (_core.sum(a * b, axis=(-2, -1), keepdims=True) for a, b in ((c, h), (c, g), (g, ch)))
    turned = (p * q - r) * c - q * ch - p * cg + ch @ g.mT @ c + cg @ h.mT @ c
    along_x = det(x)[..., None, None] * turned
    return conjugate(along_x), conjugate(_cofactors_along(x, g))


_COFACTORS_ALONG = _core.operation("det", _cofactors_along_vjp)


def _cofactors_by_svd(a: Array) -> Array:
    # For x = u s v, cofactors are det(u) det(v) times conj(u c v) with c of diagonal matrices.
    u, s, v = np.linalg.svd(a)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return np.asarray(sign[..., None, None] * np.conj((u * _others(s)[..., None, :]) @ v))


def _cofactors_along_by_svd(a: Array, h: Array) -> Array:
    # The same where s has changed by b: to first order in b, each cofactor of s + b is a sum of
    # elements of b times the product of all but two of s.
    u, s, v = np.linalg.svd(a)
    b = np.conj(np.swapaxes(u, -1, -2)) @ h @ np.conj(np.swapaxes(v, -1, -2))
    but_two = _but_two(s)
    diagonal = but_two @ np.diagonal(b, axis1=-2, axis2=-1)[..., None]
    c = diagonal * np.eye(s.shape[-1]) - but_two * np.swapaxes(b, -1, -2)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return np.asarray(sign[..., None, None] * (np.conj(u) @ c @ np.conj(v)))


def _others(s: Array) -> Array:
    """Multiply all numbers but one, for each."""
    n = s.shape[-1]
    return np.asarray(np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(axis=-1))


def _but_two(s: Array) -> Array:
    """Multiply all but two of numbers that descend, for each pair; 0 on the diagonal."""
    n = s.shape[-1]
    larger = s[..., :, None]
    # Without the smaller of the two, over the larger; where both are 0, others must be multiplied.
    found = np.divide(
        _others(s)[..., None, :], larger, out=np.zeros((*s.shape, n), s.dtype), where=larger > 0
    )
    if n > 1:
        found[..., -2, -1] = s[..., :-2].prod(axis=-1)
    found = np.triu(found, 1)
    return found + np.swapaxes(found, -1, -2)


def _slogdet_vjp(g: Tensor, x: Tensor) -> Tensor:
    return g[..., None, None] * adjoint(inv(x))


_SLOGDET = _core.operation("slogdet", _slogdet_vjp)


def _complex_slogdet_vjp(
    g_sign: Tensor | None, g_log: Tensor | None, x: Tensor, sign: Tensor
) -> Tensor | None:
    # With t = tr(inv(x) dx): the logarithm changes by Re t, the sign by i Im(t) times itself.
    along: Tensor | None = None
    if g_sign is not None:
        along = _core.imag(conjugate(sign) * g_sign) * 1j
    if g_log is not None:
        along = g_log if along is None else g_log + along
    return None if along is None else along[..., None, None] * adjoint(inv(x))


_COMPLEX_SLOGDET = _core.operation("slogdet", _complex_slogdet_vjp)


@compiled_first(_SLOGDET, _COMPLEX_SLOGDET, SlogdetResult)
def slogdet(x: ArrayLike, /) -> SlogdetResult:
    """Compute sign and logarithm of the absolute value of determinants.

    Parameters
    ----------
    x : array_like
        Square matrices, of shape (..., n, n).

    Returns
    -------
    sign : Tensor
        -1, 0 or 1; for complex matrices a number on the unit circle, or 0.
    logabsdet : Tensor
        Of a real dtype; -inf for a singular matrix.

    Raises
    ------
    ValueError
        When they are not square.

    Notes
    -----
    At a singular matrix there is no derivative: computing it raises LinAlgError.

    Examples
    --------
    >>> import ndtape as nt
    >>> sign, logabsdet = nt.linalg.slogdet(1e-20 * nt.eye(5))
    >>> sign.item(), round(logabsdet.item(), 2)
    (1.0, -230.26)
    """
    x = matrices(x, "slogdet", square=True)
    sign, logabsdet = (tensor(a) for a in numpy_call("slogdet", np.linalg.slogdet, values(x)))
    if x.dtype.kind == "f":  # the sign is constant
        return SlogdetResult(sign, _core.record_operation(_SLOGDET, x, logabsdet, x))
    outputs = (sign, logabsdet)
    return SlogdetResult(*_core.record_operation(_COMPLEX_SLOGDET, x, outputs, (x, sign)))


def _cholesky_vjp(g: Tensor, y: Tensor) -> Tensor:
    # Iain Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527.
    product = _core.tril(adjoint(y) @ g)
    middle = product - diagonal_matrix(diagonal_of(product) - 0.5 * real(diagonal_of(product)))
    h = adjoint(inv(y))
    return hermitian_part(h @ middle @ adjoint(h))


def _few_cholesky_vjp(g: Tensor, x: Tensor) -> Tensor:
    return _cholesky_vjp(g, cholesky(x))


_CHOLESKY = _core.operation("cholesky", _cholesky_vjp)
_FEW_CHOLESKY = _core.operation("cholesky", _few_cholesky_vjp)


@compiled_first(_FEW_CHOLESKY)
def cholesky(x: ArrayLike, /, *, upper: bool = False) -> Tensor:
    """Factor positive definite matrices into a triangular matrix times its conjugate transpose.

    Parameters
    ----------
    x : array_like
        Symmetric (complex: Hermitian) positive definite matrices, of shape (..., n, n). Only the
        triangle that is asked for is read.
    upper : bool
        Whether the factor is upper triangular: ``x = u.mT @ u`` rather than ``x = l @ l.mT``.

    Returns
    -------
    Tensor
        Of the shape and dtype of `x`.

    Raises
    ------
    LinAlgError
        When a matrix is not positive definite.
    ValueError
        When they are not square.

    Notes
    -----
    The derivative is that of a function of symmetric matrices, and symmetric itself.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.cholesky(nt.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    if upper:
        return adjoint(cholesky(adjoint(matrices(x, "cholesky", square=True))))
    x = matrices(x, "cholesky", square=True)
    y = tensor(numpy_call("cholesky", np.linalg.cholesky, values(x)))
    return _core.record_operation(_CHOLESKY, x, y, y)


def pinv(x: ArrayLike, /, *, rtol: float | ArrayLike | None = None) -> Tensor:
    """Compute Moore-Penrose pseudo-inverses.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n).
    rtol : float or array_like, optional
        Singular values below ``rtol`` times the largest count as 0. By default max(m, n) times the
        dtype's epsilon. Broadcasts with the stack.

    Returns
    -------
    Tensor
        Of shape (..., n, m).

    Raises
    ------
    LinAlgError
        When the computation does not converge.
    ValueError
        When `x` has fewer than two axes.

    Notes
    -----
    The derivative is that for changes which keep the rank [1]_.

    References
    ----------
    .. [1] G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
       squares problems whose variables separate", SIAM J. Numer. Anal. 10 (1973).

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.pinv(nt.tensor([[2.0], [0.0]]))
    tensor([[0.5, 0. ]])
    """
    x = matrices(x, "pinv")
    y = tensor(numpy_call("pinv", np.linalg.pinv, values(x), rtol=_tolerance(rtol)))
    return _core.record_operation(_PINV, x, y, (x, y))


def _pinv_vjp(g: Tensor, x: Tensor, y: Tensor) -> Tensor:
    h, g_adjoint = adjoint(y), adjoint(g)
    left = g_adjoint - x @ (y @ g_adjoint)
    right = g_adjoint - (g_adjoint @ y) @ x
    return left @ (y @ h) + h @ (y @ right) - h @ g @ h


_PINV = _core.operation("pinv", _pinv_vjp)


def _tolerance(rtol: float | ArrayLike | None) -> float | Array | None:
    if rtol is None or isinstance(rtol, (int, float)):
        return rtol
    return values(inexact(rtol))


def matrix_rank(x: ArrayLike, /, *, rtol: float | ArrayLike | None = None) -> Tensor:
    """Count the singular values that are not 0.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n).
    rtol : float or array_like, optional
        As for `pinv`.

    Returns
    -------
    Tensor
        Of int64, of shape (...).

    Raises
    ------
    LinAlgError
        When the computation does not converge.
    ValueError
        When `x` has fewer than two axes.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.matrix_rank(nt.ones((3, 3))).item()
    1
    """
    x = matrices(x, "matrix_rank")
    s = numpy_call("matrix_rank", np.linalg.svd, values(x), compute_uv=False)
    tolerance = _tolerance(rtol)
    if tolerance is None:
        tolerance = max(x.shape[-2:]) * float(np.finfo(s.dtype).eps)
    limit = s.max(axis=-1, initial=0) * tolerance
    return tensor(np.count_nonzero(s > limit[..., None], axis=-1).astype(np.int64))


def matrix_power(x: ArrayLike, n: SupportsIndex, /) -> Tensor:
    """Raise square matrices to an integer power.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, m).
    n : int
        The power. Negative ones are powers of the inverse.

    Returns
    -------
    Tensor
        Of the shape of `x`, by about log2(n) products.

    Raises
    ------
    LinAlgError
        For a negative power of a singular matrix.
    TypeError
        When `n` is not an integer.
    ValueError
        When the matrices are not square.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.matrix_power(nt.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    square = _core.asarray(x)
    if square.dtype.kind not in "iu" or operator.index(n) < 0:
        square = inexact(square)
    if square.ndim < 2 or square.shape[-1] != square.shape[-2]:
        raise ValueError(f"matrix_power: expected square matrices, not shape {square.shape}")
    power = operator.index(n)
    if power < 0:
        square, power = inv(square), -power
    if power == 0:
        identity = _core.eye(square.shape[-1], dtype=square.dtype)
        return _core.copy(_core.broadcast_to(identity, square.shape))
    result: Tensor | None = None
    while True:
        if power & 1:
            result = square if result is None else result @ square
        power >>= 1
        if power == 0:
            break
        square = square @ square
    assert result is not None
    return _core.copy(result) if n in (1, -1) else result
