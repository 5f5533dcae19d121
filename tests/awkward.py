"""Points without a derivative, or where formulas would divide by 0, and what counts there.

The convention of each is given by points nearby where the derivative is an ordinary one: the
gradient is the mean of those there. `max` shares the gradient among ties, for example: it is the
mean over all orders in which the ties may be broken.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import ndtape as nt

F, L, S = nt.nn.functional, nt.linalg, nt.special
NEAR = 1e-7
STEP = NEAR / 10
STEEP = 500  # a slope that is steeper so near stands for an infinite one


# ---- what to put where: (arrays, rng) to masks of the elements that were set ---------------------


def _some(a, rng):
    """A mask of a few elements, at least one where there is any."""
    mask = rng.random(a.shape) < 0.4
    if a.size and not mask.any():
        mask[tuple(rng.integers(0, n) for n in a.shape)] = True
    return mask


def at(*values, arguments=(0,)):
    """Some elements of these arguments, or all of them, are one of the values."""

    def put(arrays, rng):
        masks = [np.zeros(a.shape, bool) for a in arrays]
        everywhere = rng.random() < 0.2
        for i in arguments:
            a = arrays[i]
            masks[i] = np.ones(a.shape, bool) if everywhere else _some(a, rng)
            a[masks[i]] = rng.choice(values, int(masks[i].sum()))
        return masks

    return put


def but_first(value):
    """Some elements that do not come first on their line are this."""

    def put(arrays, rng):
        (x,) = arrays
        mask = _some(x, rng)
        mask[..., 0] = False
        x[mask] = value
        return [mask]

    return put


def zeros_but_first(arrays, rng):
    """All of the matrix but perhaps its first row is 0."""
    (x,) = arrays
    mask = np.ones(x.shape, bool)
    mask[..., 0, :] = rng.random() < 0.5
    x[mask] = 0
    return [mask]


def one(value):
    """One element is this."""

    def put(arrays, rng):
        (x,) = arrays
        mask = np.zeros(x.shape, bool)
        mask[tuple(rng.integers(0, n) for n in x.shape)] = True
        x[mask] = value
        return [mask]

    return put


def ties(arrays, rng):
    """Groups of two to four elements, of any arguments, are equal: at the top, below, between."""
    flat = np.concatenate([a.reshape(-1) for a in arrays])
    mask, free = np.zeros(flat.size, bool), rng.permutation(flat.size)
    for value in (flat.max(initial=0) + 0.1, flat.min(initial=0) - 0.1, 0.005):
        group, free = np.split(free, [min(int(rng.integers(2, 5)), free.size)])
        flat[group], mask[group] = value, True
    for a, part in zip(arrays, _parts(flat, arrays), strict=True):
        a[...] = part
    return _parts(mask, arrays)


def _parts(flat, arrays):
    ends = np.cumsum([a.size for a in arrays])[:-1]
    return [p.reshape(a.shape) for p, a in zip(np.split(flat, ends), arrays, strict=True)]


def origin(arrays, rng):
    """Both arguments are 0 at the same places."""
    mask = _some(arrays[0], rng)
    for a in arrays:
        a[mask] = 0
    return [mask] * len(arrays)


def at_zero_difference(arrays, rng):
    """Both arguments are equal at the same places."""
    mask = _some(arrays[0], rng)
    arrays[1][mask] = arrays[0][mask]
    return [mask, mask]


def multiples(arrays, rng):
    """The first argument is a whole number of times the second, which is a power of 2."""
    x, y = arrays
    y[...] = rng.choice([-2.0, -0.5, 0.5, 1.0], y.shape)  # exact multiples
    mask = _some(x, rng)
    x[mask] = (rng.integers(-3, 4, x.shape) * y)[mask]
    return [mask, np.zeros(y.shape, bool)]


def bounds(arrays, rng):
    """The first argument lies on one of the two others, which are its bounds."""
    x, low, high = arrays
    low[...], high[...] = low - 3, high + 3
    mask = _some(x, rng)
    x[mask] = np.where(rng.random(x.shape) < 0.5, low, high)[mask]
    return [mask, np.zeros(low.shape, bool), np.zeros(high.shape, bool)]


def equal_lines(arrays, rng):
    """All elements along the last axis are equal, in some lines."""
    (x,) = arrays
    mask = np.zeros(x.shape, bool)
    mask[_some(x[..., 0], rng)] = True
    # Multiples of a power of 2, the mean of which is exact.
    x[...] = np.where(mask, np.round(x[..., :1] * 8) / 8, x)
    return [mask]


def singular(arrays, rng):
    """A row of a matrix is another one, or 0; perhaps two are."""
    (x,) = arrays
    x[..., 0, :] = x[..., -1, :] * rng.integers(0, 2)
    if rng.random() < 0.5:
        x[..., x.shape[-1] // 2, :] = x[..., -1, :]
    return [np.ones(x.shape, bool)]


def repeated_eigenvalues(arrays, rng):
    """A symmetric matrix with two equal eigenvalues and one other."""
    (x,) = arrays
    vectors = np.linalg.qr(x)[0]
    values = np.where(np.arange(x.shape[-1]) < 2, 0.7, 1.9)
    x[...] = (vectors * values) @ np.swapaxes(vectors, -1, -2).conj()
    return [np.ones(x.shape, bool)]


# ---- the points nearby: (arrays, masks, rng) to lists of arguments -------------------------------


def itself(arrays, masks, rng):
    """There is a derivative."""
    return [arrays]


def above(arrays, masks, rng):
    return [[a + NEAR * m for a, m in zip(arrays, masks, strict=True)]]


def below(arrays, masks, rng):
    return [[a - NEAR * m for a, m in zip(arrays, masks, strict=True)]]


def past(arrays, masks, rng):
    """The first argument a little further on, in the direction of the second."""
    x, y = arrays
    return [[x + NEAR * masks[0] * np.sign(y), y]]


def inside(arrays, masks, rng):
    """A little nearer to 0."""
    return [[a - NEAR * m * np.sign(a) for a, m in zip(arrays, masks, strict=True)]]


def into_unit(arrays, masks, rng):
    """A little nearer to 1/2; what is beyond 1 is put there."""
    (x,) = arrays
    x[...] = np.where(masks[0], x, 0.3 + 0.2 * x)
    return [[x + NEAR * masks[0] * np.sign(0.5 - x)]]


def both_sides(arrays, masks, rng):
    """In some direction and in the opposite one."""
    steps = [m * _direction(a, rng) for a, m in zip(arrays, masks, strict=True)]
    return [
        [a + sign * NEAR * s for a, s in zip(arrays, steps, strict=True)] for sign in (1.0, -1.0)
    ]


def _direction(a, rng):
    step = rng.uniform(0.5, 1.5, a.shape) * rng.choice([-1, 1], a.shape)
    if a.dtype.kind == "c":
        step = step * np.exp(1j * rng.uniform(0.5, 1, a.shape))  # clear of branch cuts
    return step


def any_order(arrays, masks, rng):
    """The ties broken in every order."""
    flat = np.concatenate([a.reshape(-1) for a in arrays])
    groups = [np.flatnonzero(flat == value) for value in np.unique(flat)]
    points = []
    for order in itertools.permutations(range(4)):
        moved = flat.copy()
        for group in groups:
            if group.size > 1:
                moved[group] += NEAR * np.array(order[: group.size])
        points.append(_parts(moved, arrays))
    return points


def first_wins(arrays, masks, rng):
    """Of equal elements, the first is the largest."""
    (x,) = arrays
    return [[x - NEAR * masks[0] * np.arange(x.size).reshape(x.shape)]]


def far(arrays, masks, rng):
    """Large numbers in the place of infinities."""
    return [[np.where(np.isinf(a), np.sign(a) * 40, a) for a in arrays]]


# ---- the table -----------------------------------------------------------------------------------


class Point(NamedTuple):
    """Where a function is awkward, what the page says of it, and how that is checked."""

    stated: str
    function: Callable[..., Any]
    shapes: list[tuple[int, ...]]
    put: Callable[..., Any]
    near: Callable[..., Any]
    order: int = 1  # 2: the convention says something about the second derivative, too
    domain: str = "real"
    of_real: bool = False  # of complex arguments it says nothing
    steep: bool = False  # the derivative there is infinite


INF = math.inf
PAIR = [(2, 3), (3,)]
EQUAL_PAIR = [(2, 3), (2, 3)]
ONE = [(2, 3)]
TIES = "ties share the gradient equally"
ENDS = "infinite at the ends of its domain"
LIMIT = "the limit at infinities"
NOTHING = "0 for NaN"


def _extreme(f):
    return Point(TIES, f, ONE, ties, any_order, 2)


def _limit(f, put=at(-INF, INF), stated=LIMIT):
    return Point(stated, f, ONE, put, itself)


def _steep(f, *values, domain="positive", near=above, stated=ENDS):
    return Point(stated, f, ONE, at(*values), near, 1, domain, True, True)


def _norm(order, put=None):
    def f(x):
        return L.vector_norm(x, axis=-1, ord=order)

    return Point("0 at 0, and for elements that are 0", f, ONE, put or at(0.0), both_sides)


def _matrix_norm(order, put=None, near=both_sides):
    def f(x):
        return L.matrix_norm(x, ord=order)

    return Point("0 at 0, and for elements that are 0", f, [(3, 2)], put or at(0.0), near)


def _power(exponent):
    stated = "`x**0` is flat, also at 0; `0**y` is flat in y where y >= 0"
    return Point(stated, lambda x: x**exponent, ONE, at(0.0), itself, 2)


def _smooth(f, shapes, put, domain="real"):
    """There is a derivative, and it has none of the formula's infinities."""
    return Point("", f, shapes, put, itself, 2, domain)


def _missing(f):
    return Point(NOTHING, f, ONE, but_first(math.nan), itself, 2)


def _chosen(f, put, near):
    return Point("what is not chosen gets 0, also where it is infinite", f, ONE, put, near, 2)


# By function; what follows a name tells its points apart.
POINTS = {
    "abs": Point("0 at 0", nt.abs, ONE, at(0.0), both_sides),
    "abs infinite": Point("0 at 0", nt.abs, ONE, at(-INF, INF), far, of_real=True),
    "sign": Point("zero everywhere", nt.sign, ONE, at(0.0), both_sides, 2, of_real=True),
    "relu": Point("0 at 0", nt.relu, ONE, at(0.0), below, 2),
    "relu infinite": Point("0 at 0", nt.relu, ONE, at(-INF, INF), far, 2),
    "reciprocal": _steep(nt.reciprocal, 0.0, stated="minus infinity at 0"),
    "sqrt": _steep(nt.sqrt, 0.0, stated="infinity at 0"),
    "log": _steep(nt.log, 0.0),
    "log2": _steep(nt.log2, 0.0),
    "log10": _steep(nt.log10, 0.0),
    "log1p": _steep(nt.log1p, -1.0, domain="gt_minus_one"),
    "asin": _steep(nt.asin, -1.0, 1.0, domain="unit", near=inside),
    "acos": _steep(nt.acos, -1.0, 1.0, domain="unit", near=inside),
    "atanh": _steep(nt.atanh, -1.0, 1.0, domain="unit", near=inside),
    "acosh": _steep(nt.acosh, 1.0, domain="ge_one"),
    "exp": _limit(nt.exp, at(-INF)),
    "exp2": _limit(nt.exp2, at(-INF)),
    "expm1": _limit(nt.expm1, at(-INF)),
    "atan": _limit(nt.atan),
    "tanh": _limit(nt.tanh),
    "sigmoid": _limit(nt.sigmoid),
    "erf": _limit(nt.erf),
    "softplus": Point(LIMIT, nt.softplus, ONE, at(-INF, INF), far, 2),
    "remainder": Point(
        "1, and minus the quotient, also where it steps",
        nt.remainder,
        [(2, 3), ()],
        multiples,
        past,
    ),
    "pow": Point(
        "`x**0` is flat, also at 0; `0**y` is flat in y where y >= 0",
        lambda x, y: nt.pow(x, nt.round(nt.abs(y)) + 1),
        PAIR,
        at(0.0),
        above,
        domain="positive",
    ),
    **{f"pow {n}": _power(n) for n in (0, 1, 2, 3, 2.0, 3.0)},
    "pow 0.5": _steep(lambda x: x**0.5, 0.0),
    "maximum": Point(TIES, nt.maximum, PAIR, ties, any_order, 2),
    "minimum": Point(TIES, nt.minimum, PAIR, ties, any_order, 2),
    "fmax": Point(TIES, nt.fmax, PAIR, ties, any_order, 2),
    "fmin": Point(TIES, nt.fmin, PAIR, ties, any_order, 2),
    "fmax missing": Point(TIES, nt.fmax, PAIR, at(math.nan), itself, 2),
    "fmin missing": Point(TIES, nt.fmin, PAIR, at(math.nan), itself, 2),
    "maximum infinite": Point(TIES, nt.maximum, PAIR, at(-INF, INF, arguments=(0, 1)), far),
    "hypot": Point("0 at (0, 0)", nt.hypot, EQUAL_PAIR, origin, both_sides),
    "atan2": Point("0 at (0, 0)", nt.atan2, EQUAL_PAIR, origin, both_sides),
    "logaddexp": Point("0 for `-inf`", nt.logaddexp, PAIR, at(-INF, arguments=(0, 1)), itself),
    "logaddexp infinite": Point("0 for `-inf`", nt.logaddexp, PAIR, at(INF), far),
    "logsumexp": Point(
        "the softmax; 0 for `-inf`", lambda x: nt.logsumexp(x, axis=0), ONE, at(-INF), itself
    ),
    "copysign": Point(
        "plus or minus 1 by the signs; 0 for the second argument",
        nt.copysign,
        PAIR,
        at(0.0),
        above,
        2,
    ),
    "where": _chosen(lambda x: nt.where(x > 0, x, INF), at(0.0), below),
    "where before": _chosen(lambda x: nt.log(nt.where(x > 0, x, 1.0)), at(0.0), below),
    "where infinite": _chosen(lambda x: nt.where(x > 30, x, x * 2), at(-INF, INF), far),
    "where squared": _chosen(
        lambda x: nt.square(nt.where(nt.isinf(x), 0.0, x)), at(-INF, INF), itself
    ),
    "clip": Point(
        "1 at the bounds themselves", lambda x: nt.clip(x, -1.0, 1.0), ONE, at(-1.0, 1.0), inside, 2
    ),
    "clip tensors": Point(
        "1 at the bounds themselves", nt.clip, [(2, 3), (3,), ()], bounds, inside, 2
    ),
    "prod": Point("right at zeros, in every order", nt.prod, ONE, at(0.0), itself, 2),
    "prod axis": Point(
        "right at zeros, in every order", lambda x: nt.prod(x, axis=0), ONE, at(0.0), itself, 2
    ),
    "cumulative_prod": Point(
        "right at zeros, in every order",
        lambda x: nt.cumulative_prod(x, axis=-1),
        ONE,
        at(0.0),
        itself,
        2,
    ),
    "max": _extreme(nt.max),
    "min": _extreme(nt.min),
    "max axis": _extreme(lambda x: nt.max(x, axis=-1)),
    "min axes": _extreme(lambda x: nt.min(x, axis=(0, 1), keepdims=True)),
    "max infinite": Point(TIES, lambda x: nt.max(x, axis=-1), ONE, but_first(-INF), far),
    "nanmax": _extreme(lambda x: nt.nanmax(x, axis=-1)),
    "nanmin": _extreme(nt.nanmin),
    "nanmax missing": _missing(nt.nanmax),
    "nansum": _missing(nt.nansum),
    "nanmean": _missing(nt.nanmean),
    "nanvar": _missing(nt.nanvar),
    "nanstd": _missing(nt.nanstd),
    "nan_to_num": _missing(nt.nan_to_num),
    "nan_to_num infinite": Point(NOTHING, nt.nan_to_num, ONE, at(-INF, INF), itself),
    "ptp": _extreme(lambda x: nt.ptp(x, axis=-1)),
    "sort": _extreme(lambda x: nt.sort(x, axis=-1)),
    "sort down": _extreme(lambda x: nt.sort(x, axis=0, descending=True)),
    "median": _extreme(lambda x: nt.median(x, axis=-1)),
    "quantile": _extreme(lambda x: nt.quantile(x, [0.0, 0.3, 0.5, 1.0])),
    "quantile nearest": _extreme(lambda x: nt.quantile(x, 0.3, method="nearest")),
    "percentile": _extreme(lambda x: nt.percentile(x, 40, axis=0)),
    "var": Point("", lambda x: nt.var(x, axis=-1), ONE, equal_lines, itself, 2),
    "std": Point(
        "0 where all elements are equal", lambda x: nt.std(x, axis=-1), ONE, equal_lines, both_sides
    ),
    "nanstd equal": Point(
        "0 where all elements are equal",
        lambda x: nt.nanstd(x, axis=-1),
        ONE,
        equal_lines,
        both_sides,
    ),
    "softmax": Point("0 for `-inf`", nt.softmax, ONE, but_first(-INF), itself),
    "log_softmax": Point("0 for `-inf`", nt.log_softmax, ONE, but_first(-INF), far),
    "logsumexp infinite": Point(
        "the softmax; 0 for `-inf`", lambda x: nt.logsumexp(x, axis=0), ONE, one(INF), far
    ),
    **{f"vector_norm {n}": _norm(n) for n in (2, 1, 3, INF, -INF, 1.5, -1, 0)},
    "vector_norm ties": Point(
        "0 at 0, and for elements that are 0",
        lambda x: L.vector_norm(x, ord=INF),
        ONE,
        ties,
        any_order,
    ),
    "norm": Point("0 at 0, and for elements that are 0", L.norm, ONE, at(0.0), both_sides),
    **{f"matrix_norm {n}": _matrix_norm(n) for n in ("fro", 1, INF, -1)},
    "svdvals": Point("0 at 0", L.svdvals, [(3, 2)], zeros_but_first, both_sides),
    "det": Point("right at singular matrices, twice", L.det, [(3, 3)], singular, itself, 2),
    "eigvalsh": Point(
        "right for symmetric functions of equal ones",
        lambda x: nt.sum(L.eigvalsh((x + nt.conj(x.mT)) / 2) ** 3, axis=-1),
        [(3, 3)],
        repeated_eigenvalues,
        itself,
    ),
    "angle": Point("0 at 0", nt.angle, ONE, at(0.0), both_sides),
    "interp": Point(
        "that of the piece to the right, at a knot",
        lambda x: nt.interp(x, nt.asarray([-1.0, 0.0, 0.5, 1.0]), nt.asarray([1.0, 0.0, 3.0, 2.0])),
        ONE,
        at(-1.0, 0.0, 0.5, 1.0),
        above,
    ),
    "special.xlogy": Point("right where x is 0", S.xlogy, PAIR, at(0.0), itself, 1, "positive"),
    "special.xlog1py": Point("right where x is 0", S.xlog1py, PAIR, at(0.0), itself, 1, "positive"),
    "special.erfinv": _steep(S.erfinv, -1.0, 1.0, domain="unit", near=inside),
    "nn.functional.leaky_relu": Point("the slope at 0", F.leaky_relu, ONE, at(0.0), below, 2),
    "nn.functional.elu": Point("`alpha` at 0", F.elu, ONE, at(0.0), below, 2),
    "nn.functional.elu alpha": Point(
        "`alpha` at 0", lambda x: F.elu(x, 2.5), ONE, at(0.0), below, 2
    ),
    "nn.functional.selu": Point("as `elu`", F.selu, ONE, at(0.0), below, 2),
    "nn.functional.hardsigmoid": Point(
        "1/6 at -3 and 3", F.hardsigmoid, ONE, at(-3.0, 3.0), inside, 2
    ),
    "nn.functional.hardswish": Point(
        "that of the middle piece at -3 and 3", F.hardswish, ONE, at(-3.0, 3.0), inside, 2
    ),
    "nn.functional.hinge": Point(
        "half at the margin",
        lambda x: F.hinge(x, nt.ones_like(x), reduction="none"),
        ONE,
        at(1.0),
        both_sides,
        2,
    ),
    "nn.functional.huber": Point(
        "the quadratic piece's second derivative at delta",
        lambda x: F.huber(x, nt.zeros_like(x), reduction="none"),
        ONE,
        at(-1.0, 1.0),
        inside,
        2,
    ),
    "nn.functional.l1": Point(
        "0 at 0", lambda x: F.l1(x, nt.zeros_like(x), reduction="none"), ONE, at(0.0), both_sides, 2
    ),
    "nn.functional.max_pool1d": Point(
        "the first of equal elements has all",
        lambda x: F.max_pool1d(x, 2, 1, 1),
        [(1, 2, 5)],
        ties,
        first_wins,
        2,
    ),
    "nn.functional.max_pool2d": Point(
        "the first of equal elements has all",
        lambda x: F.max_pool2d(x, 2, 2, 1),
        [(1, 1, 3, 3)],
        ties,
        first_wins,
        2,
    ),
    "nn.functional.huber zero": _smooth(F.huber, EQUAL_PAIR, at_zero_difference),
    "nn.functional.mse": _smooth(F.mse, EQUAL_PAIR, at_zero_difference),
    "nn.functional.kl_div": _smooth(
        lambda x: F.kl_div(x, nt.astype(x > 0, x.dtype)), ONE, at(-1.0, 1.0)
    ),
    "nn.functional.binary_cross_entropy_with_logits": _smooth(
        lambda x: F.binary_cross_entropy_with_logits(x, nt.zeros_like(x)), ONE, at(0.0)
    ),
    "nn.functional.silu": _smooth(F.silu, ONE, at(0.0)),
    "nn.functional.mish": _smooth(F.mish, ONE, at(0.0)),
    "nn.functional.gelu": _smooth(F.gelu, ONE, at(0.0)),
    "nn.functional.scaled_dot_product_attention": _smooth(
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, causal=True),
        [(2, 2, 3)] * 3,
        at(0.0, arguments=(0, 1)),
    ),
    "logaddexp ties": _smooth(nt.logaddexp, PAIR, ties),
    "logsumexp ties": _smooth(nt.logsumexp, ONE, ties),
    "softmax ties": _smooth(nt.softmax, ONE, ties),
    "hypot side": _smooth(nt.hypot, PAIR, at(0.0)),
    "atan2 side": _smooth(nt.atan2, PAIR, at(0.0, arguments=(1,))),
    "asinh": _smooth(nt.asinh, ONE, at(0.0)),
    "expm1 zero": _smooth(nt.expm1, ONE, at(0.0)),
    "nanvar equal": _smooth(lambda x: nt.nanvar(x, axis=-1), ONE, equal_lines),
    **{
        f"vector_norm some {n}": _smooth(
            lambda x, n=n: L.vector_norm(x, axis=-1, ord=n), ONE, but_first(0.0)
        )
        for n in (2, 3, 4)
    },
    "matrix_norm some": _smooth(L.matrix_norm, [(3, 2)], but_first(0.0)),
    "matrix_norm nuc": _matrix_norm("nuc"),
    "matrix_norm 2": _matrix_norm(2),
    "matrix_norm -2": _matrix_norm(-2),
    "special.gammainc": Point("", lambda x: S.gammainc(4.5, x), ONE, at(0.0), above, 2, "positive"),
    "special.betainc": Point(
        "", lambda x: S.betainc(4.5, 3.5, x), ONE, at(0.0, 1.0), into_unit, 2, "positive"
    ),
    "matmul": _smooth(nt.matmul, [(2, 3), (3, 2)], at(0.0, arguments=(0, 1))),
    "nn.functional.layer_norm": Point(
        "", lambda x: F.layer_norm(x, epsilon=0.1), ONE, equal_lines, itself, 2
    ),
    "nn.functional.rms_norm": Point(
        "", lambda x: F.rms_norm(x, epsilon=0.1), ONE, at(0.0), itself, 2
    ),
}
