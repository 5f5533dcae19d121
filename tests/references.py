"""What every elementwise operator should give, in NumPy.

Functions get arrays of the operator's computing dtype. Float functions are computed in extended
precision and rounded once by the comparison, so that our error is measured and not NumPy's.
"""

import math

import numpy as np

Wide = np.longdouble
_SQRT2 = np.sqrt(Wide(2))
_SQRT_PI = np.sqrt(Wide(math.pi) + Wide(1.2246467991473532e-16))


def _wide(function):
    """`function` of arguments widened to extended precision."""

    def reference(*args):
        if args[0].dtype.kind != "f":
            return function(*args)
        return function(*(a.astype(Wide) for a in args))

    return reference


def _scalar(function):
    return np.vectorize(function, otypes=[np.float64])


_erf64 = _scalar(math.erf)
_erfc64 = _scalar(math.erfc)


def _with_residual(function, slope, x):
    """`function`, known in float64, at an extended x: first-order correction by the residual."""
    near = x.astype(np.float64)
    residual = np.where(np.isfinite(x), x - near, 0)
    return function(near).astype(Wide) + residual * slope(near)


def _erf(x):
    return _erf64(x)


def _gelu(x):
    wide = x.astype(Wide)
    decay = lambda t: -2 / _SQRT_PI * np.exp(-(t.astype(Wide) ** 2))  # noqa: E731
    tail = np.maximum(_with_residual(_erfc64, decay, -wide / _SQRT2), 0)
    return np.where(wide == -np.inf, Wide(-0.0), wide * tail / 2)


def _shift(left):
    def reference(x, count):
        dtype = x.dtype
        width = 8 * dtype.itemsize
        inside = (count >= 0) & (count < width)
        shifts = np.where(inside, count, 0).astype(dtype)
        if left:
            return np.where(inside, np.left_shift(x, shifts), 0).astype(dtype)
        past = np.where(x < 0, -1, 0) if dtype.kind == "i" else 0
        return np.where(inside, np.right_shift(x, shifts), past).astype(dtype)

    return reference


def _divides(function):
    """Integer division: by zero it gives 0, the lowest divided by -1 wraps."""

    def reference(x, y):
        if x.dtype.kind == "f":
            return function(x, y)
        with np.errstate(all="ignore"):
            safe = np.where(y == 0, x.dtype.type(1), y)
            return np.where(y == 0, x.dtype.type(0), function(x, safe)).astype(x.dtype)

    return reference


def _floor_divide(x, y):
    """NumPy's, and the array API's where they differ: what is infinite is divided, not floored."""
    if x.dtype.kind != "f":
        return _divides(np.floor_divide)(x, y)
    quotient = np.floor_divide(x.astype(Wide), y.astype(Wide))
    return np.where(np.isinf(x) | np.isinf(y), x / y, quotient)


def _round(function):
    return lambda x: function(x) if x.dtype.kind in "fc" else x


REFERENCES = {
    "abs": np.abs,
    "negative": np.negative,
    "sign": np.sign,
    "square": np.square,
    "conj": np.conj,
    "real": np.real,
    "imag": np.imag,
    "relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "ceil": _round(np.ceil),
    "floor": _round(np.floor),
    "trunc": _round(np.trunc),
    "round": _round(np.rint),
    "reciprocal": lambda x: x.dtype.type(1) / x,
    "sqrt": np.sqrt,
    "exp": _wide(np.exp),
    "exp2": _wide(np.exp2),
    "expm1": _wide(np.expm1),
    "log": _wide(np.log),
    "log1p": _wide(np.log1p),
    "log2": _wide(np.log2),
    "log10": _wide(np.log10),
    "sin": _wide(np.sin),
    "cos": _wide(np.cos),
    "tan": _wide(np.tan),
    "asin": _wide(np.arcsin),
    "acos": _wide(np.arccos),
    "atan": _wide(np.arctan),
    "sinh": _wide(np.sinh),
    "cosh": _wide(np.cosh),
    "tanh": _wide(np.tanh),
    "asinh": _wide(np.arcsinh),
    "acosh": _wide(np.arccosh),
    "atanh": _wide(np.arctanh),
    "sigmoid": _wide(lambda x: 1 / (1 + np.exp(-x))),
    "softplus": _wide(lambda x: np.logaddexp(x, Wide(0))),
    "gelu": _gelu,
    "erf": _erf,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    "signbit": lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0,
    "logical_not": np.logical_not,
    "bitwise_invert": np.invert,
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "floor_divide": _floor_divide,
    "remainder": _divides(np.remainder),
    "pow": _wide(np.power),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "atan2": _wide(np.arctan2),
    "hypot": _wide(np.hypot),
    "logaddexp": _wide(np.logaddexp),
    "copysign": np.copysign,
    "nextafter": np.nextafter,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "bitwise_left_shift": _shift(left=True),
    "bitwise_right_shift": _shift(left=False),
    "where": np.where,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
}

# Largest error against the reference rounded to the result's dtype, in ULP. Rows that are not
# here are exact. One more than the function's own bound for float64, whose references are
# themselves rounded.
_FAITHFUL = {"float32": 1, "float64": 2}
ULP = dict.fromkeys(
    "exp exp2 expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh "
    "atanh sigmoid softplus gelu erf pow atan2 hypot logaddexp".split(),
    _FAITHFUL,
)
ULP["floor_divide"] = {"float32": 1, "float64": 1}  # exact where the quotient's digits all fit
ULP["erf"] = ULP["gelu"] = {"float32": 1, "float64": 3}  # the C library's erf, itself 1 ULP
