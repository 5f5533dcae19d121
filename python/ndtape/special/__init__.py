"""Special functions: those around gamma and the error function, with derivatives.

Computed in float64 and rounded to the operand's dtype; integers become the default float dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._core import Tensor, erf
from ndtape.special import _numeric

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

__all__ = [
    "betainc",
    "betaln",
    "digamma",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "gammainc",
    "gammaln",
    "polygamma",
    "xlog1py",
    "xlogy",
]

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


def _floats(name: str, *operands: Any) -> list[Tensor]:
    """Return operands as tensors of one real float dtype."""
    tensors: list[Any] = list(operands)
    dtypes = []
    for i, operand in enumerate(operands):
        if isinstance(operand, (bool, int, float)):
            continue  # weak
        tensors[i] = t = _core.asarray(operand)
        if t.dtype in (_core.float32, _core.float64):
            dtypes.append(t.dtype)
        elif "complex" in str(t.dtype):
            raise TypeError(f"{name}: dtype {t.dtype}, expected a real one")
    default = _core.get_default_dtype()
    dtype = _core.float64 if _core.float64 in dtypes else (dtypes[0] if dtypes else default)
    result = []
    for t in tensors:
        if not isinstance(t, Tensor):
            t = _core.asarray(t, dtype=dtype)
        result.append(t if t.dtype == dtype else _core.astype(t, dtype))
    return result


def _compute(operation: CapsuleType, function: Callable[..., Any], inputs: list[Tensor]) -> Tensor:
    arrays = [np.asarray(t.detach().numpy(), dtype=np.float64) for t in inputs]
    kind: npt.DTypeLike = np.float32 if inputs[0].dtype == _core.float32 else np.float64
    with np.errstate(all="ignore"):
        y = _core.asarray(np.asarray(function(*arrays)).astype(kind))
    return _core.record_operation(operation, inputs, y, inputs)


def gammaln(x: Any, /) -> Tensor:
    """Logarithm of the absolute value of the gamma function.

    Parameters
    ----------
    x : array_like
        Real; 0 and the negative integers give infinity.

    Returns
    -------
    Tensor
        Of x's shape and a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.exp(nt.special.gammaln(nt.tensor([1.0, 2.0])))
    tensor([1., 1.])
    """
    return _compute(_GAMMALN, _numeric.gammaln, _floats("gammaln", x))


_GAMMALN = _core.operation("gammaln", lambda g, x: g * digamma(x))


def digamma(x: Any, /) -> Tensor:
    """Logarithmic derivative of the gamma function.

    Parameters
    ----------
    x : array_like
        Real; the negative integers give NaN.

    Returns
    -------
    Tensor
        Of x's shape and a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.round(nt.special.digamma(nt.tensor(1.0)) * 10000).item()
    -5772.0
    """
    return _compute(_DIGAMMA, _numeric.digamma, _floats("digamma", x))


_DIGAMMA = _core.operation("digamma", lambda g, x: g * polygamma(1, x))


def polygamma(n: int, x: Any, /) -> Tensor:
    """Compute derivative n of the digamma function.

    Parameters
    ----------
    n : int
        From 0 to 60.
    x : array_like
        Real.

    Returns
    -------
    Tensor
        Of x's shape and a float dtype.

    Raises
    ------
    ValueError
        When n is out of its range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.round(nt.special.polygamma(1, nt.tensor(1.0)) * 10000).item()
    16449.0
    """
    if not isinstance(n, int) or not 0 <= n <= 60:
        raise ValueError(f"polygamma: n is {n!r}, expected an integer from 0 to 60")
    if n == 0:
        return digamma(x)
    operation = _core.operation("polygamma", _polygamma_vjp, None, (n,))
    return _compute(operation, lambda x: _numeric.polygamma(n, x), _floats("polygamma", x))


def _polygamma_vjp(g: Tensor, x: Tensor, n: int) -> Tensor:
    return g * polygamma(n + 1, x)


def betaln(a: Any, b: Any, /) -> Tensor:
    """Logarithm of the beta function, ``gammaln(a) + gammaln(b) - gammaln(a + b)``.

    Parameters
    ----------
    a, b : array_like
        Positive, broadcast together.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.round(nt.exp(-nt.special.betaln(2.0, 3.0))).item()
    12.0
    """
    return _compute(_BETALN, _numeric.betaln, _floats("betaln", a, b))


def _betaln_vjp(g: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    both = digamma(a + b)
    return g * (digamma(a) - both), g * (digamma(b) - both)


_BETALN = _core.operation("betaln", _betaln_vjp)


def _erf_array(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = erf(_core.asarray(np.ascontiguousarray(x))).numpy()
    return result


def erfc(x: Any, /) -> Tensor:
    """Complementary error function, ``1 - erf(x)``, accurate where it is small.

    Parameters
    ----------
    x : array_like
        Real.

    Returns
    -------
    Tensor
        Of x's shape and a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.special.erfc(nt.tensor([0.0, nt.inf]))
    tensor([1., 0.])
    """
    return _compute(_ERFC, lambda x: _numeric.erfc_parts(x, _erf_array(x))[0], _floats("erfc", x))


_ERFC = _core.operation("erfc", lambda g, x: g * (-_TWO_OVER_ROOT_PI * _core.exp(-_core.square(x))))


def erfcx(x: Any, /) -> Tensor:
    """Scaled complementary error function, ``exp(x**2) * erfc(x)``.

    Parameters
    ----------
    x : array_like
        Real.

    Returns
    -------
    Tensor
        Of x's shape and a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.special.erfcx(nt.tensor([0.0]))
    tensor([1.])
    """
    return _compute(_ERFCX, lambda x: _numeric.erfc_parts(x, _erf_array(x))[1], _floats("erfcx", x))


_ERFCX = _core.operation("erfcx", lambda g, x: g * (2 * x * erfcx(x) - _TWO_OVER_ROOT_PI))


def erfinv(y: Any, /) -> Tensor:
    """Inverse of the error function.

    Parameters
    ----------
    y : array_like
        From -1 to 1; NaN elsewhere.

    Returns
    -------
    Tensor
        Of y's shape and a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.special.erfinv(nt.tensor([0.0, 1.0]))
    tensor([ 0., inf])
    """
    return _compute(_ERFINV, lambda y: _numeric.erfinv(y, _erf_array), _floats("erfinv", y))


_ERFINV = _core.operation(
    "erfinv", lambda g, y: g * (_core.exp(_core.square(erfinv(y))) / _TWO_OVER_ROOT_PI)
)


def xlogy(x: Any, y: Any, /) -> Tensor:
    """``x * log(y)``, and 0 where x is 0 and y is not NaN.

    Parameters
    ----------
    x, y : array_like
        Real, broadcast together.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.special.xlogy(nt.tensor([0.0, 1.0]), nt.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    x, y = _floats("xlogy", x, y)
    # A logarithm without a finite value must not reach the derivative either.
    nothing = (x == 0) & ((y <= 0) | (y == _core.inf))
    result: Tensor = x * _core.log(_core.where(nothing, 1.0, y))
    return result


def xlog1py(x: Any, y: Any, /) -> Tensor:
    """``x * log(1 + y)``, and 0 where x is 0 and y is not NaN.

    Parameters
    ----------
    x, y : array_like
        Real, broadcast together.

    Returns
    -------
    Tensor
        Of a float dtype.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.special.xlog1py(nt.tensor([0.0, 1.0]), nt.tensor([-1.0, 0.0]))
    tensor([0., 0.])
    """
    x, y = _floats("xlog1py", x, y)
    nothing = (x == 0) & ((y <= -1) | (y == _core.inf))
    result: Tensor = x * _core.log1p(_core.where(nothing, 0.0, y))
    return result


def gammainc(a: Any, x: Any, /) -> Tensor:
    """Regularised lower incomplete gamma function: the distribution function of Gamma(a, 1).

    Parameters
    ----------
    a : array_like
        Positive; no derivative is known by it.
    x : array_like
        At least 0.

    Returns
    -------
    Tensor
        Of a float dtype; NaN where an operand is out of its range.

    Raises
    ------
    TypeError
        When a requires grad.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.special.gammainc(1.0, nt.tensor([0.0, nt.inf]))
    tensor([0., 1.])
    """
    a, x = _floats("gammainc", a, x)
    _no_gradient("gammainc", a=a)
    return _compute(_GAMMAINC, _numeric.gammainc, [a, x])


def _gammainc_vjp(g: Tensor, a: Tensor, x: Tensor) -> tuple[None, Tensor]:
    # At 0 by a power, as the derivative of the logarithm there is infinite.
    end = x == 0
    at, inside = _core.where(end, x, 1.0), _core.where(end, 1.0, x)
    there = at ** (a - 1) * _core.exp(-at - gammaln(a))
    density = _core.exp((a - 1) * _core.log(inside) - inside - gammaln(a))
    return None, g * _core.where(end, there, density)


_GAMMAINC = _core.operation("gammainc", _gammainc_vjp)


def betainc(a: Any, b: Any, x: Any, /) -> Tensor:
    """Regularised incomplete beta function: the distribution function of Beta(a, b).

    Parameters
    ----------
    a, b : array_like
        Positive; no derivative is known by them.
    x : array_like
        From 0 to 1.

    Returns
    -------
    Tensor
        Of a float dtype; NaN where an operand is out of its range.

    Raises
    ------
    TypeError
        When a or b requires grad.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.special.betainc(1.0, 1.0, nt.tensor([0.25, 1.0]))
    tensor([0.25, 1.  ])
    """
    a, b, x = _floats("betainc", a, b, x)
    _no_gradient("betainc", a=a, b=b)
    return _compute(_BETAINC, _numeric.betainc, [a, b, x])


def _betainc_vjp(g: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[None, None, Tensor]:
    end = (x == 0) | (x == 1)  # by powers, as for gammainc
    at, inside = _core.where(end, x, 0.5), _core.where(end, 0.5, x)
    there = at ** (a - 1) * (1 - at) ** (b - 1) * _core.exp(-betaln(a, b))
    logarithm = (a - 1) * _core.log(inside) + (b - 1) * _core.log1p(-inside)
    density = _core.exp(logarithm - betaln(a, b))
    return None, None, g * _core.where(end, there, density)


_BETAINC = _core.operation("betainc", _betainc_vjp)


def _no_gradient(name: str, **operands: Tensor) -> None:
    for which, t in operands.items():
        if t.requires_grad and _core.grad_enabled():
            raise TypeError(f"{name}: {which} requires grad, but its derivative is not known")
