"""Decompositions: eigenvalues, singular values, QR.

Derivatives follow M. Giles, "An extended collection of matrix derivative results for forward and
reverse mode automatic differentiation" (2008), S. F. Walter and L. Lehmann, "Algorithmic
differentiation of linear algebra functions" (arXiv:1001.1654), and for complex matrices M. Seeger
et al., "Auto-differentiating linear algebra" (arXiv:1710.08717). Factors are unique up to a choice
only (a sign, a phase, a basis of a complement): derivatives are right for functions that do not
depend on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

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
    inverse_differences,
    inverse_where_positive,
    is_complex,
    matrices,
    numpy_call,
    real,
    skew,
    tensor,
    values,
    without_diagonal,
)
from ndtape.linalg._solving import solve

if TYPE_CHECKING:
    from ndtape._core import _ArrayLike as ArrayLike

__all__ = [
    "EigResult",
    "EighResult",
    "QRResult",
    "SVDResult",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "qr",
    "svd",
    "svdvals",
]


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Tensor
    R: Tensor


# ---- symmetric matrices ------------------------------------------------------------------------


def _eigh_vjp(g_w: Tensor | None, g_v: Tensor | None, w: Tensor, v: Tensor) -> Tensor | None:
    middle: Tensor | None = None
    if g_v is not None:
        middle = (adjoint(v) @ g_v) * inverse_differences(w)
    if g_w is not None:
        diagonal = diagonal_matrix(g_w)
        middle = diagonal if middle is None else middle + diagonal
    return None if middle is None else hermitian_part(v @ middle @ adjoint(v))


def _few_eigh_vjp(g_w: Tensor | None, g_v: Tensor | None, x: Tensor) -> Tensor | None:
    return _eigh_vjp(g_w, g_v, *eigh(x))


_EIGH = _core.operation("eigh", _eigh_vjp)
_FEW_EIGH = _core.operation("eigh", _few_eigh_vjp)


@compiled_first(_FEW_EIGH, EighResult)
def eigh(x: ArrayLike, /) -> EighResult:
    """Decompose symmetric matrices into eigenvalues and eigenvectors.

    Parameters
    ----------
    x : array_like
        Symmetric (complex: Hermitian) matrices, of shape (..., n, n). Only the lower triangle is
        read.

    Returns
    -------
    eigenvalues : Tensor
        In ascending order, of a real dtype and of shape (..., n).
    eigenvectors : Tensor
        The columns of matrices of shape (..., n, n), orthonormal.

    Raises
    ------
    LinAlgError
        When the computation does not converge.
    ValueError
        When the matrices are not square.

    Notes
    -----
    The derivative is that of a function of symmetric matrices, and symmetric itself. It is right
    for functions that do not depend on the signs (phases) of eigenvectors. Eigenvectors of equal
    eigenvalues have no derivative: a pair of equal eigenvalues contributes 0, never infinity. That
    is right for projections onto whole eigenspaces and for symmetric functions of the eigenvalues.
    It is not the derivative of ``v @ f(w) @ v.mT`` there, nor right for second derivatives.

    Examples
    --------
    >>> import ndtape as nt
    >>> values, vectors = nt.linalg.eigh(nt.tensor([[2.0, 0.0], [0.0, 1.0]]))
    >>> values
    tensor([1., 2.])
    """
    x = matrices(x, "eigh", square=True)
    w, v = numpy_call("eigh", np.linalg.eigh, values(x))
    outputs = (tensor(w), tensor(v))
    return EighResult(*_core.record_operation(_EIGH, x, outputs, outputs))


def _eigvalsh_vjp(g: Tensor, x: Tensor) -> Tensor:
    v = eigh(x).eigenvectors
    return hermitian_part((v * g[..., None, :]) @ adjoint(v))


_EIGVALSH = _core.operation("eigvalsh", _eigvalsh_vjp)


@compiled_first(_EIGVALSH)
def eigvalsh(x: ArrayLike, /) -> Tensor:
    """Compute the eigenvalues of symmetric matrices.

    Parameters
    ----------
    x : array_like
        As for `eigh`.

    Returns
    -------
    Tensor
        In ascending order, of a real dtype and of shape (..., n).

    Raises
    ------
    LinAlgError, ValueError
        As for `eigh`.

    Notes
    -----
    Where eigenvalues are equal, the derivative is one of several: that for the eigenvectors which
    LAPACK chooses. Their sum has a derivative. Eigenvectors are computed when it is.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.eigvalsh(nt.tensor([[0.0, 1.0], [1.0, 0.0]]))
    tensor([-1.,  1.])
    """
    x = matrices(x, "eigvalsh", square=True)
    w = tensor(numpy_call("eigvalsh", np.linalg.eigvalsh, values(x)))
    return _core.record_operation(_EIGVALSH, x, w, x)


# ---- any square matrices -----------------------------------------------------------------------


def eig(x: ArrayLike, /) -> EigResult:
    """Decompose square matrices into eigenvalues and eigenvectors.

    Parameters
    ----------
    x : array_like
        Of shape (..., n, n).

    Returns
    -------
    eigenvalues : Tensor
        In no particular order, of a complex dtype and of shape (..., n).
    eigenvectors : Tensor
        The columns of matrices of shape (..., n, n), of length 1.

    Raises
    ------
    LinAlgError
        When the computation does not converge, or for elements that are not finite.
    ValueError
        When the matrices are not square.

    Notes
    -----
    The derivative is right for functions that do not depend on the phases of eigenvectors; a pair
    of equal eigenvalues contributes 0, as for `eigh`. Matrices without a basis of eigenvectors have
    none: computing it raises LinAlgError, or gives numbers without meaning where rounding hides it.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.eig(nt.tensor([[0.0, -4.0], [1.0, 0.0]])).eigenvalues
    tensor([0.+2.j, 0.-2.j], dtype=complex64)
    """
    x = matrices(x, "eig", square=True)
    w, v = numpy_call("eig", np.linalg.eig, values(x))
    outputs = (_complex(w), _complex(v))
    return EigResult(*_core.record_operation(_EIG, x, outputs, outputs))


def _complex(a: Array) -> Tensor:
    return tensor(a.astype(np.result_type(a.dtype, np.complex64), copy=False))


def _eig_vjp(g_w: Tensor | None, g_v: Tensor | None, w: Tensor, v: Tensor) -> Tensor | None:
    h = adjoint(v)
    middle: Tensor | None = None
    if g_v is not None:
        product = h @ g_v
        # Of length 1: what would lengthen a vector is taken out.
        product = product - (h @ v) * real(diagonal_of(product))[..., None, :]
        middle = product * conjugate(inverse_differences(w))
    if g_w is not None:
        diagonal = diagonal_matrix(g_w)
        middle = diagonal if middle is None else without_diagonal(middle) + diagonal
    return None if middle is None else solve(h, middle @ h)


_EIG = _core.operation("eig", _eig_vjp)


def eigvals(x: ArrayLike, /) -> Tensor:
    """Compute the eigenvalues of square matrices.

    Parameters
    ----------
    x : array_like
        Of shape (..., n, n).

    Returns
    -------
    Tensor
        In no particular order, of a complex dtype and of shape (..., n).

    Raises
    ------
    LinAlgError, ValueError
        As for `eig`.

    Notes
    -----
    Eigenvectors are computed when the derivative is.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.eigvals(nt.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor([2.+0.j, 3.+0.j], dtype=complex64)
    """
    x = matrices(x, "eigvals", square=True)
    return _core.record_operation(_EIGVALS, x, _eigvals(x), x)


def _eigvals(x: Tensor) -> Tensor:
    return _complex(numpy_call("eigvals", np.linalg.eigvals, values(x)))


def _eigvals_vjp(g: Tensor, x: Tensor) -> Tensor | None:
    # Beside vectors LAPACK may find the values in another order.
    w, v = eig(x)
    order = tensor(_places(values(w), values(_eigvals(x))))
    return _eig_vjp(_core.take_along_axis(g, order, axis=-1), None, w, v)


_EIGVALS = _core.operation("eigvals", _eigvals_vjp)


def _places(wanted: Array, found: Array) -> Array:
    """Return where values lie among the same ones in another order, but for rounding."""
    distances = np.abs(wanted[..., :, None] - found[..., None, :])
    places = np.empty(wanted.shape, np.int64)
    for i in range(wanted.shape[-1]):
        places[..., i] = np.argmin(distances[..., i, :], axis=-1)
        np.put_along_axis(distances, places[..., None, i : i + 1], np.inf, axis=-1)
    return places


# ---- singular values ---------------------------------------------------------------------------


def _svd_vjp(
    g_u: Tensor | None,
    g_s: Tensor | None,
    g_vh: Tensor | None,
    u: Tensor,
    s: Tensor,
    vh: Tensor,
) -> Tensor | None:
    k = s.shape[-1]
    thin_u, thin_v = u[..., :k], adjoint(vh[..., :k, :])
    middle = None if g_s is None else diagonal_matrix(g_s)
    outside: Tensor | None = None
    inverse_s = inverse_where_positive(s)
    # 1 / (s[j]**2 - s[i]**2): a sum of two values is 0 only where they are equal
    total = s[..., None, :] + s[..., :, None]
    between = inverse_differences(s) / _core.where(total == 0, 1.0, total)
    if g_u is not None:
        product = adjoint(thin_u) @ g_u[..., :k]
        part = skew(product) * between * s[..., None, :]
        if is_complex(u):
            part = part + diagonal_matrix(diagonal_of(skew(product)) * (0.5 * inverse_s))
        middle = _plus(middle, part)
        rest = _outside(u, g_u, k)
        if rest is not None:
            outside = (rest * inverse_s[..., None, :]) @ adjoint(thin_v)
    if g_vh is not None:
        g_v = adjoint(g_vh)
        product = adjoint(thin_v) @ g_v[..., :k]
        middle = _plus(middle, s[..., :, None] * (skew(product) * between))
        rest = _outside(adjoint(vh), g_v, k)
        if rest is not None:
            outside = _plus(outside, thin_u @ adjoint(rest * inverse_s[..., None, :]))
    result = None if middle is None else thin_u @ middle @ adjoint(thin_v)
    return _plus(result, outside)


def _few_svd_vjp(
    g_u: Tensor | None, g_s: Tensor | None, g_vh: Tensor | None, x: Tensor
) -> Tensor | None:
    return _svd_vjp(g_u, g_s, g_vh, *svd(x, full_matrices=False))


_SVD = _core.operation("svd", _svd_vjp)
_FEW_SVD = _core.operation("svd", _few_svd_vjp)


@compiled_first(_FEW_SVD, SVDResult)
def svd(x: ArrayLike, /, full_matrices: bool = True) -> SVDResult:
    """Decompose matrices into singular values and vectors: ``x = U @ diag(S) @ Vh``.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n); k is the smaller of m and n.
    full_matrices : bool
        Whether U and Vh are square, completed by any orthonormal basis.

    Returns
    -------
    U : Tensor
        Of shape (..., m, m), or (..., m, k); its columns are orthonormal.
    S : Tensor
        In descending order, of a real dtype and of shape (..., k).
    Vh : Tensor
        Of shape (..., n, n), or (..., k, n); its rows are orthonormal.

    Raises
    ------
    LinAlgError
        When the computation does not converge.
    ValueError
        When `x` has fewer than two axes.

    Notes
    -----
    The derivative is right for functions that do not depend on the signs (phases) of singular
    vectors, nor on the basis which completes them. A pair of equal singular values contributes 0,
    never infinity, and so do vectors of singular values that are 0. That is right for functions of
    the singular values and of the whole spaces which belong to equal ones.

    Examples
    --------
    >>> import ndtape as nt
    >>> u, s, vh = nt.linalg.svd(nt.tensor([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]))
    >>> u.shape, s.tolist(), vh.shape
    ((3, 3), [4.0, 3.0], (2, 2))
    """
    x = matrices(x, "svd")
    arrays = numpy_call("svd", np.linalg.svd, values(x), full_matrices=full_matrices)
    usv = tuple(tensor(a) for a in arrays)
    return SVDResult(*_core.record_operation(_SVD, x, usv, usv))


def _plus(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    if a is None or b is None:
        return b if a is None else a
    return a + b


def _outside(q: Tensor, g: Tensor, k: int) -> Tensor | None:
    """Return what turns the first k columns of q out of the space that they span.

    The other columns, when there are any, turn with them.
    """
    rows, columns = q.shape[-2:]
    if rows == k:
        return None
    thin = q[..., :k]
    if columns == k:
        return g - thin @ (adjoint(thin) @ g)
    others = q[..., k:]
    return others @ (adjoint(others) @ g[..., :k] - adjoint(g[..., k:]) @ thin)


def _svdvals_vjp(g: Tensor, x: Tensor) -> Tensor:
    u, s, vh = svd(x, full_matrices=False)
    if s.shape[-1]:
        limit = max(x.shape[-2:]) * float(np.finfo(s.dtype.dtype).eps) * s[..., :1]
        g = _core.where(s <= limit, 0, g)
    return (u * g[..., None, :]) @ vh


_SVDVALS = _core.operation("svdvals", _svdvals_vjp)


@compiled_first(_SVDVALS)
def svdvals(x: ArrayLike, /) -> Tensor:
    """Compute the singular values of matrices.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n).

    Returns
    -------
    Tensor
        In descending order, of a real dtype and of shape (..., min(m, n)).

    Raises
    ------
    LinAlgError, ValueError
        As for `svd`.

    Notes
    -----
    Singular values that are 0, within rounding, have the derivative 0, as sizes of 0 have. Singular
    vectors are computed when the derivative is.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.linalg.svdvals(nt.tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])
    """
    x = matrices(x, "svdvals")
    s = tensor(numpy_call("svdvals", np.linalg.svd, values(x), compute_uv=False))
    return _core.record_operation(_SVDVALS, x, s, x)


# ---- QR ------------------------------------------------------------------------------------------


def _qr_vjp(g_q: Tensor | None, g_r: Tensor | None, q: Tensor, r: Tensor) -> Tensor | None:
    rows, n = q.shape[-2], r.shape[-1]
    if rows < n:
        return _wide_qr_vjp(g_q, g_r, q, r)
    thin_q, square_r = q[..., :n], r[..., :n, :]
    product: Tensor | None = None
    turned: Tensor | None = None
    if g_q is not None:
        turned = g_q[..., :n]
        if q.shape[-1] > n:  # the columns that complete q turn with the others
            others = q[..., n:]
            turned = turned - others @ (adjoint(g_q[..., n:]) @ thin_q)
        product = -(adjoint(g_q[..., :n]) @ thin_q)
    if g_r is not None:
        product = _plus(product, square_r @ adjoint(g_r[..., :n, :]))
    if product is None:
        return None
    lower = _core.tril(product, k=-1)
    hermitian = lower + adjoint(lower) + diagonal_matrix(real(diagonal_of(product)))
    left = thin_q @ hermitian
    if turned is not None:
        left = left + turned
    # left @ inv(R^H)
    return adjoint(solve(square_r, adjoint(left)))


def _wide_qr_vjp(g_q: Tensor | None, g_r: Tensor | None, q: Tensor, r: Tensor) -> Tensor | None:
    # The first columns decide Q; of the others R says what they are in its basis.
    rows = q.shape[-2]
    first_r, other_r = r[..., :rows], r[..., rows:]
    if g_r is None:
        first = _qr_vjp(g_q, None, q, first_r)
        return None if first is None else _core.concat([first, _core.zeros_like(q @ other_r)], -1)
    g_other = g_r[..., rows:]
    turned = _plus(g_q, q @ other_r @ adjoint(g_other))
    first = _qr_vjp(turned, g_r[..., :rows], q, first_r)
    return None if first is None else _core.concat([first, q @ g_other], -1)


def _few_qr_vjp(g_q: Tensor | None, g_r: Tensor | None, x: Tensor) -> Tensor | None:
    # Of a complete R alone, the rows that Q's other columns are for do not count.
    is_complete = g_q is not None and g_q.shape[-1] > min(x.shape[-2:])
    return _qr_vjp(g_q, g_r, *qr(x, "complete" if is_complete else "reduced"))


_QR = _core.operation("qr", _qr_vjp)
_FEW_QR = _core.operation("qr", _few_qr_vjp)


@compiled_first(_FEW_QR, QRResult)
def qr(x: ArrayLike, /, mode: Literal["reduced", "complete"] = "reduced") -> QRResult:
    """Decompose matrices into orthonormal columns and an upper triangular matrix.

    Parameters
    ----------
    x : array_like
        Of shape (..., m, n); k is the smaller of m and n.
    mode : {'reduced', 'complete'}
        Whether Q has k columns or m, completed by any orthonormal basis.

    Returns
    -------
    Q : Tensor
        Of shape (..., m, k) or (..., m, m).
    R : Tensor
        Of shape (..., k, n) or (..., m, n).

    Raises
    ------
    LinAlgError
        When the computation fails.
    ValueError
        When `x` has fewer than two axes, or for another mode.

    Notes
    -----
    The derivative needs the first k columns of `x` to be independent; else computing it raises
    LinAlgError. It is right for functions that do not depend on the basis which completes Q.

    Examples
    --------
    >>> import ndtape as nt
    >>> q, r = nt.linalg.qr(nt.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> q.shape, r.shape
    ((2, 2), (2, 2))
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode {mode!r}, expected 'reduced' or 'complete'")
    x = matrices(x, "qr")
    qr_pair = tuple(tensor(a) for a in numpy_call("qr", np.linalg.qr, values(x), mode=mode))
    return QRResult(*_core.record_operation(_QR, x, qr_pair, qr_pair))
