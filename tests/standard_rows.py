"""For every function of the array API standard calls with arguments that suit it, as drawn.

A row is a function of `Draws` that puts its operands there and gives the call, as a function of the
library and of the operands. Dtypes, shapes and layouts are drawn, complex numbers, no elements and
no axes among them.
"""

import numpy as np
from hypothesis import strategies as st
from optable import BY_NAME
from standard import FUNCTIONS
from strategies import (
    ALL,
    BOOL,
    COMPLEX,
    FLOATS,
    INPUT_DTYPES,
    INTEGERS,
    NUMERIC,
    axes_of,
    broadcastable,
    laid_out,
    numpy_axes,
    promoted,
    shapes,
)

import ndtape as nt

EVERY = ALL + COMPLEX
INEXACT = FLOATS + COMPLEX


class Draws:
    """Operands, each as NumPy's array and as a Tensor in the same layout, and options."""

    def __init__(self, data):
        self.data, self.arrays, self.tensors = data, [], []

    def __call__(self, strategy):
        return self.data.draw(strategy)

    def one(self, *choices):
        return self(st.sampled_from(choices))

    def x(self, dtypes=EVERY, shape=None, *, least=0, most=3, domain="moderate"):
        """Another operand; its shape."""
        shape = self(shapes(least, most, 4)) if shape is None else tuple(shape)
        name = self(st.sampled_from(dtypes))
        if domain == "moderate":
            domain = "unit" if name in INEXACT else "small"
        array, tensor = self(laid_out(name, shape, domain))
        if name in INEXACT and domain == "unit":  # to halves, so that there are ties and zeros
            array, tensor = np.round(array * 8) / 2, nt.round(tensor * 8) / 2
        return self.put(array, tensor).shape

    def put(self, array, tensor=None):
        self.arrays.append(array)
        self.tensors.append(nt.asarray(array) if tensor is None else tensor)
        return array

    def integers(self, low, high, shape):
        seed = self(st.integers(0, 2**32 - 1))
        name = self.one("int64", "int32", "uint8") if low >= 0 else self.one("int64", "int16")
        return self.put(np.random.default_rng(seed).integers(low, high, shape).astype(name))

    def axis(self, shape):
        return self(st.integers(-len(shape), len(shape) - 1))

    def axes(self, shape):
        return numpy_axes(self(axes_of(len(shape))))


def dtype_of(xp, name):
    return getattr(xp, name)


def elementwise(name):
    row = BY_NAME[name]
    dtypes = INPUT_DTYPES[row.types] + (COMPLEX if row.complex else [])
    dtypes = FLOATS if name in ("nextafter", "copysign") else dtypes

    def draw(d):
        kind = d.one(*dtypes)
        domain = "small" if row.domain == "real" or kind in COMPLEX else row.domain
        if name == "pow" and kind in INTEGERS:
            domain = "positive"
        for shape in d(broadcastable(row.arity, max_dims=3, max_side=3)):
            d.x([kind], shape, domain=domain)
        if "shift" in name:
            d.arrays.pop(), d.tensors.pop()
            d.integers(0, 7, d.arrays[0].shape)
            d.put(d.arrays.pop().astype(kind))
            d.tensors[1:] = [nt.asarray(d.arrays[1])]
        if row.types == "Float":  # NumPy has results of float16 for small integers
            d.arrays = [a.astype("float64") if a.dtype.kind in "iub" else a for a in d.arrays]
        return lambda xp, *xs: getattr(xp, name)(*xs)

    return draw


def over(name, dtypes=EVERY, least=0, no_empty=False, **options):
    """A function of one operand along any axes, or along one."""

    def draw(d):
        shape = d.x(dtypes, least=least)
        kw = {key: d.one(*values) for key, values in options.items()}
        if no_empty and 0 in shape:
            kw["axis"] = 0
            d.arrays[0], d.tensors[0] = np.ones((2, 0)), nt.ones((2, 0), dtype=nt.float64)
        elif name in ("argmax", "argmin"):
            kw["axis"] = d(st.none() | st.integers(-len(shape), len(shape) - 1)) if shape else None
        else:
            kw["axis"] = d.axes(shape)
        return lambda xp, x: getattr(xp, name)(x, **kw)

    return draw


def shaped(name):
    def draw(d):
        shape, kind = d(shapes(0, 3, 4)), d.one(*EVERY)
        value = {"full": (2,)}.get(name, ())
        return lambda xp: getattr(xp, name)(shape, *value, dtype=dtype_of(xp, kind))

    return draw


def like(name):
    def draw(d):
        d.x()
        kind = d.one(*EVERY, None)
        value = {"full_like": (1,)}.get(name, ())
        return lambda xp, x: getattr(xp, name)(
            x, *value, dtype=None if kind is None else dtype_of(xp, kind)
        )

    return draw


def empty_of(draw_filled):
    """What `empty` holds is nobody's business: its shape and dtype are."""

    def draw(d):
        call = draw_filled(d)
        return lambda xp, *x: xp.zeros_like(call(xp, *x))

    return draw


def arange(d):
    start, stop = d(st.integers(-9, 9)), d(st.none() | st.integers(-9, 9))
    step, kind = d.one(1, 2, -1, -3, 0.5), d.one("int8", "int64", "float32", "float64")
    if step == 0.5 and "int" in kind:
        step = 1
    return lambda xp: xp.arange(start, stop, step, dtype=dtype_of(xp, kind))


def linspace(d):
    kind, end, n = d.one(*INEXACT), d.one(True, False), d(st.integers(0, 9))
    start, stop = d(st.integers(-9, 9)), d(st.integers(-9, 9))
    return lambda xp: xp.linspace(start, stop, n, dtype=dtype_of(xp, kind), endpoint=end)


def eye(d):
    n, m, k = d(st.integers(0, 4)), d(st.none() | st.integers(0, 4)), d(st.integers(-5, 5))
    kind = d.one(*EVERY)
    return lambda xp: xp.eye(n, m, k=k, dtype=dtype_of(xp, kind))


def triangle(name):
    def draw(d):
        d.x(least=2)
        k = d(st.integers(-4, 4))
        return lambda xp, x: getattr(xp, name)(x, k=k)

    return draw


def meshgrid(d):
    kind = d.one(*EVERY)
    for _ in range(d(st.integers(1, 3))):
        d.x([kind], least=1, most=1)
    indexing = d.one("xy", "ij")
    return lambda xp, *xs: xp.meshgrid(*xs, indexing=indexing)


def asarray(d):
    d.x()
    copy = d.one(None, True)
    return lambda xp, x: xp.asarray(x, copy=copy)


def from_dlpack(d):
    d.x()
    array = np.array(d.arrays.pop())[..., ::-1] if d.arrays[0].ndim else np.array(d.arrays.pop())
    d.tensors.pop()
    return lambda xp: xp.from_dlpack(array)


def astype(d):
    d.x(ALL, domain="positive")
    kind, copy = d.one(*EVERY), d.one(True, False)
    return lambda xp, x: xp.astype(x, dtype_of(xp, kind), copy=copy)


def take(d):
    shape = d.x(least=1)
    axis = d.axis(shape)
    n = shape[axis]
    d.integers(-n, max(n, 1), d(st.integers(0, 5)) if n else 0)
    return lambda xp, x, i: xp.take(x, i, axis=axis)


def take_along_axis(d):
    shape = list(d.x(least=1))
    axis = d.axis(shape)
    n, shape[axis] = shape[axis], d(st.integers(0, 4)) if shape[axis] else 0
    d.integers(-n, max(n, 1), shape)
    return lambda xp, x, i: xp.take_along_axis(x, i, axis=axis)


def common_kind(d):
    """Two dtypes that promote."""
    a = d.one(*NUMERIC, *COMPLEX)
    return a, d.one(*[b for b in [*NUMERIC, *COMPLEX] if promoted(a, b)])


def matmul(where=""):
    def draw(d):
        n, k, m = (d(st.integers(0, 4)) for _ in range(3))
        batches = d(broadcastable(2, max_dims=2, max_side=2))
        left, right = d.one(((n, k), (k, m)), ((k,), (k, m)), ((n, k), (k,)), ((k,), (k,)))
        for kind, batch, own in zip(common_kind(d), batches, (left, right), strict=True):
            d.x([kind], (*batch, *own) if len(own) == 2 else own)
        return lambda xp, x, y: (getattr(xp, where) if where else xp).matmul(x, y)

    return draw


def tensordot(where=""):
    def draw(d):
        inner = d(shapes(0, 2, 3))
        left, right = d(shapes(0, 2, 3)), d(shapes(0, 2, 3))
        a, b = common_kind(d)
        d.x([a], left + inner)
        d.x([b], inner + right)
        n = len(inner)
        pairs = (tuple(range(-n, 0)), tuple(range(n)))
        axes = d.one(n, pairs)
        return lambda xp, x, y: (getattr(xp, where) if where else xp).tensordot(x, y, axes=axes)

    return draw


def vecdot(where=""):
    def draw(d):
        n = d(st.integers(0, 4))
        a, b = common_kind(d)
        for kind, batch in zip((a, b), d(broadcastable(2, max_dims=2, max_side=3)), strict=True):
            d.x([kind], (*batch, n))
        return lambda xp, x, y: (getattr(xp, where) if where else xp).vecdot(x, y, axis=-1)

    return draw


def broadcast_arrays(d):
    for shape in d(broadcastable(3, max_dims=3)):
        d.x(shape=shape)
    return lambda xp, *xs: xp.broadcast_arrays(*xs)


def broadcast_shapes(d):
    given_shapes = d(broadcastable(3, max_dims=4))
    return lambda xp: xp.broadcast_shapes(*given_shapes)


def broadcast_to(d):
    small, large = d(broadcastable(2, max_dims=3))
    target = np.broadcast_shapes(small, large)
    d.x(shape=small)
    return lambda xp, x: xp.broadcast_to(x, target)


def concat(d):
    kind, shape = d.one(*EVERY), d(shapes(1, 3, 3))
    axis = d.axis(shape)
    for _ in range(d(st.integers(1, 3))):
        own = list(shape)
        own[axis] = d(st.integers(0, 3))
        d.x([kind], own)
    if d.one(True, False, False):
        return lambda xp, *xs: xp.concat(xs, axis=None)
    return lambda xp, *xs: xp.concat(xs, axis=axis)


def stack(d):
    kind, shape = d.one(*EVERY), d(shapes(0, 3, 3))
    for _ in range(d(st.integers(1, 3))):
        d.x([kind], shape)
    axis = d(st.integers(-len(shape) - 1, len(shape)))
    return lambda xp, *xs: xp.stack(xs, axis=axis)


def expand_dims(d):
    shape = d.x()
    axis = d(st.integers(-len(shape) - 1, len(shape)))
    return lambda xp, x: xp.expand_dims(x, axis=axis)


def squeeze(d):
    shape = d.x(shape=d(st.lists(st.sampled_from([0, 1, 1, 3]), max_size=4)))
    ones = [i for i, n in enumerate(shape) if n == 1]
    axis = tuple(d(st.lists(st.sampled_from(ones), unique=True))) if ones else ()
    return lambda xp, x: xp.squeeze(x, axis=axis)


def permuted(name):
    def draw(d):
        shape = d.x()
        order = tuple(d(st.permutations(range(len(shape)))))
        if name == "moveaxis":
            return lambda xp, x: xp.moveaxis(x, order, tuple(range(len(order))))
        return lambda xp, x: xp.permute_dims(x, order)

    return draw


def repeat(d):
    shape = d.x(least=1)
    axis = d(st.none() | st.integers(-len(shape), len(shape) - 1))
    n = int(np.prod(shape)) if axis is None else shape[axis]
    times = d.one(0, 2, None)
    if times is not None:
        return lambda xp, x: xp.repeat(x, times, axis=axis)
    d.integers(0, 4, n)
    return lambda xp, x, n: xp.repeat(x, n, axis=axis)


def reshape(d):
    shape = d.x()
    n = int(np.prod(shape))
    new = d.one((n,), (-1,) if n else (0,), (1, n, 1), shape[::-1])
    copy = d.one(None, True)
    return lambda xp, x: xp.reshape(x, new, copy=copy)


def roll(d):
    shape = d.x(least=1)
    axis = tuple(range(len(shape)))
    shift = tuple(d(st.integers(-9, 9)) for _ in axis)
    if d.one(True, False):
        return lambda xp, x: xp.roll(x, 5)
    return lambda xp, x: xp.roll(x, shift, axis=axis)


def tile(d):
    d.x(most=2)
    times = tuple(d(st.lists(st.integers(0, 3), max_size=3)))
    return lambda xp, x: xp.tile(x, times)


def unstack(d):
    axis = d.axis(d.x(least=1))
    return lambda xp, x: xp.unstack(x, axis=axis)


def searchsorted(d):
    kind = d.one(*NUMERIC)
    d.x([kind], least=1, most=1)
    order = np.argsort(d.arrays[0], kind="stable")
    d.x([kind])
    side = d.one("left", "right")
    if d.one(True, False):
        return lambda xp, x, y: xp.searchsorted(x, y, side=side, sorter=xp.asarray(order))
    return lambda xp, x, y: xp.searchsorted(xp.sort(x), y, side=side)


def where(d):
    condition, *others = d(broadcastable(3, max_dims=3, max_side=3))
    d.x(BOOL, condition)
    for kind, shape in zip(common_kind(d), others, strict=True):
        d.x([kind], shape)
    return lambda xp, *xs: xp.where(*xs)


def clip(d):
    kind = d.one(*NUMERIC)
    shape = d.x([kind])
    low, high = d(st.none() | st.integers(0, 3)), d(st.none() | st.integers(2, 5))
    if d.one(True, False):
        d.x([kind], shape)
        return lambda xp, x, y: xp.clip(x, None, y)
    if low is None and high is None:
        low = 1
    return lambda xp, x: xp.clip(x, low, high)


def isin(d):
    kind = d.one(*NUMERIC)
    d.x([kind])
    d.x([kind], least=1)
    invert = d.one(True, False)
    return lambda xp, x, y: xp.isin(x, y, invert=invert)


def sort(name):
    def draw(d):
        axis = d.axis(d.x(ALL, least=1))
        down = d.one(True, False)

        def call(xp, x):
            if xp is nt:
                return getattr(nt, name)(x, axis=axis, descending=down)
            if not down:
                return getattr(np, name)(x, axis=axis, stable=True)
            back = np.flip(getattr(np, name)(np.flip(x, axis), axis=axis, stable=True), axis)
            return x.shape[axis] - 1 - back if name == "argsort" else back

        return call

    return draw


def unique(name):
    def draw(d):
        shape = d.x()

        def call(xp, x):
            if xp is nt:
                return getattr(nt, name)(x)
            v, first, back, n = np.unique(x, True, True, True)
            found = {
                "unique_all": (v, first, back.reshape(shape), n),
                "unique_counts": (v, n),
                "unique_inverse": (v, back.reshape(shape)),
                "unique_values": v,
            }
            return found[name]

        return call

    return draw


def nonzero(d):
    d.x(least=1)
    return lambda xp, x: xp.nonzero(x)


def running(name):
    def draw(d):
        shape = d.x(NUMERIC + COMPLEX, least=1)
        axis, first = d.axis(shape), d.one(True, False)
        return lambda xp, x: getattr(xp, name)(x, axis=axis, include_initial=first)

    return draw


def diff(d):
    kind = d.one(*NUMERIC, *COMPLEX)
    shape = list(d.x([kind], least=1))
    axis, n = d.axis(shape), d(st.integers(0, 3))
    shape[axis] = 1
    if d.one(True, False):
        return lambda xp, x: xp.diff(x, axis=axis, n=n)
    d.x([kind], shape)
    if n == 0:  # NumPy forgets what is joined
        n = 1
    return lambda xp, x, y: xp.diff(x, axis=axis, n=n, prepend=y, append=y)


def matrix_transpose(d):
    d.x(least=2, most=4)
    return lambda xp, x: xp.matrix_transpose(x)


MAIN = {
    "arange": arange, "asarray": asarray, "eye": eye, "from_dlpack": from_dlpack,
    "linspace": linspace, "meshgrid": meshgrid, "tril": triangle("tril"), "triu": triangle("triu"),
    **{n: shaped(n) for n in ("zeros", "ones", "full")}, "empty": empty_of(shaped("empty")),
    **{n: like(n) for n in ("zeros_like", "ones_like", "full_like")},
    "empty_like": empty_of(like("empty_like")), "astype": astype,
    **{f.name: elementwise(f.name) for f in FUNCTIONS if not f.where and f.name in BY_NAME},
    "positive": lambda d: (d.x(NUMERIC + COMPLEX), lambda xp, x: xp.positive(x))[1],
    "take": take, "take_along_axis": take_along_axis, "matmul": matmul(), "vecdot": vecdot(),
    "matrix_transpose": matrix_transpose, "tensordot": tensordot(),
    "broadcast_arrays": broadcast_arrays, "broadcast_shapes": broadcast_shapes,
    "broadcast_to": broadcast_to, "concat": concat, "stack": stack, "expand_dims": expand_dims,
    "squeeze": squeeze, "flip": over("flip"), "moveaxis": permuted("moveaxis"),
    "permute_dims": permuted("permute_dims"), "repeat": repeat, "reshape": reshape, "roll": roll,
    "tile": tile, "unstack": unstack, "where": where, "clip": clip, "isin": isin,
    "argmax": over("argmax", ALL, no_empty=True, keepdims=(True, False)),
    "argmin": over("argmin", ALL, no_empty=True, keepdims=(True, False)),
    "max": over("max", ALL, no_empty=True, keepdims=(True, False)),
    "min": over("min", ALL, no_empty=True, keepdims=(True, False)),
    **{n: over(n, keepdims=(True, False)) for n in ("all", "any", "count_nonzero", "sum", "prod")},
    "mean": over("mean", INEXACT, no_empty=True, keepdims=(True, False)),
    "std": over("std", INEXACT, no_empty=True, keepdims=(True, False), correction=(0, 0.5)),
    "var": over("var", INEXACT, no_empty=True, keepdims=(True, False), correction=(0, 0.5)),
    "nonzero": nonzero, "searchsorted": searchsorted, "sort": sort("sort"),
    "argsort": sort("argsort"), "diff": diff,
    **{n: unique(n) for n in ("unique_all", "unique_counts", "unique_inverse", "unique_values")},
    "cumulative_sum": running("cumulative_sum"), "cumulative_prod": running("cumulative_prod"),
}  # fmt: skip


# ---- linear algebra and Fourier transforms -------------------------------------------------------


def matrices(d, kind=None, form="square"):
    """A stack of matrices that are far from singular."""
    batch, n = d(shapes(0, 2, 2)), d(st.integers(0, 4))
    m = n if form != "wide" else d(st.integers(0, 4))
    kind = kind or d.one(*INEXACT)
    rng = np.random.default_rng(d(st.integers(0, 2**32 - 1)))
    a = rng.standard_normal((*batch, n, m))
    if kind in COMPLEX:
        a = a + 1j * rng.standard_normal(a.shape)
    if form == "symmetric":
        a = a + np.conj(np.swapaxes(a, -1, -2))
    if form in ("square", "positive"):
        if form == "positive":
            a = a @ np.conj(np.swapaxes(a, -1, -2))
        a = a + 4 * np.eye(n)
    d.put(a.astype(kind))
    if d.one(True, False):
        d.arrays[-1], d.tensors[-1] = d.arrays[-1].swapaxes(-1, -2), d.tensors[-1].mT
    return d.arrays[-1].shape


def of_matrices(name, form="square", then=lambda xp, y, x: y, **options):
    def draw(d):
        matrices(d, form=form)
        kw = {key: d.one(*values) for key, values in options.items()}
        return lambda xp, x: then(xp, getattr(xp.linalg, name)(x, **kw), x)

    return draw


def rebuilt(xp, parts, x):
    """From eigenvalues and eigenvectors, or from Q and R: what is unique of them."""
    if len(parts[0].shape) == len(parts[1].shape):
        return xp.matmul(*parts)
    values, vectors = parts
    return (values, xp.matmul(vectors * values[..., None, :], xp.conj(vectors.mT)))


def svd_rebuilt(xp, parts, x):
    u, s, v = parts
    k = s.shape[-1]
    return (u.shape, s, v.shape, xp.matmul(u[..., :k] * s[..., None, :], v[..., :k, :]))


def eig_values(xp, y, x):
    """Of symmetric matrices, so that their order can be told."""
    values = y if not isinstance(y, tuple) else y[0]
    whole = (
        () if not isinstance(y, tuple) else (xp.matmul(x + 0j, y[1]) - values[..., None, :] * y[1],)
    )
    return (xp.sort(xp.real(values), axis=-1), *whole)


def cross(d):
    kind = d.one(*NUMERIC, *COMPLEX)
    for batch in d(broadcastable(2, max_dims=2, max_side=3)):
        d.x([kind], (*batch, 3))
    return lambda xp, x, y: xp.linalg.cross(x, y)


def outer(d):
    for kind in common_kind(d):
        d.x([kind], least=1, most=1)
    return lambda xp, x, y: xp.linalg.outer(x, y)


def solve(d):
    kind = d.one(*INEXACT)
    shape = matrices(d, kind)
    d.x([kind], (*shape[:-1], 2))
    return lambda xp, a, b: xp.linalg.solve(a, b)


def matrix_power(d):
    matrices(d)
    n = d(st.integers(-3, 4))
    return lambda xp, x: xp.linalg.matrix_power(x, n)


def diagonals(name):
    def draw(d):
        d.x(NUMERIC + COMPLEX, least=2, most=4)
        k = d(st.integers(-4, 4))
        return lambda xp, x: getattr(xp.linalg, name)(x, offset=k)

    return draw


def vector_norm(d):
    shape = d.x(INEXACT, least=1)
    order = d.one(0, 1, 2, 3, 0.5, -1, -2, float("inf"), -float("inf"))
    if 0 in shape:
        order = 2
    axes, keep = d.axes(shape), d.one(True, False)
    return lambda xp, x: xp.linalg.vector_norm(x, axis=axes, ord=order, keepdims=keep)


LINALG = {
    "cholesky": of_matrices("cholesky", "positive", upper=(True, False)), "cross": cross,
    "det": of_matrices("det"), "slogdet": of_matrices("slogdet"), "inv": of_matrices("inv"),
    "diagonal": diagonals("diagonal"), "trace": diagonals("trace"),
    "eigh": of_matrices("eigh", "symmetric", rebuilt),
    "eigvalsh": of_matrices("eigvalsh", "symmetric"),
    "eig": of_matrices("eig", "symmetric", eig_values),
    "eigvals": of_matrices("eigvals", "symmetric", eig_values),
    "matmul": matmul("linalg"), "tensordot": tensordot("linalg"), "vecdot": vecdot("linalg"),
    "outer": outer, "solve": solve, "matrix_power": matrix_power,
    "matrix_norm": of_matrices(
        "matrix_norm", ord=("fro", "nuc", 1, -1, 2, -2), keepdims=(True, False)
    ),
    "matrix_rank": of_matrices("matrix_rank", "wide"),
    "matrix_transpose": lambda d: (matrices(d), lambda xp, x: xp.linalg.matrix_transpose(x))[1],
    "pinv": of_matrices("pinv"), "vector_norm": vector_norm,
    "qr": of_matrices("qr", "wide", rebuilt, mode=("reduced", "complete")),
    "svd": of_matrices("svd", "wide", svd_rebuilt, full_matrices=(True, False)),
    "svdvals": of_matrices("svdvals", "wide"),
}  # fmt: skip


def along(name):
    def draw(d):
        real = name in ("rfft", "ihfft")
        shape = [n + 1 for n in d(shapes(1, 2, 4))]
        d.x(FLOATS if real else INEXACT, shape)
        axis, norm = d.axis(shape), d.one("backward", "ortho", "forward")
        n = d(st.none() | st.integers(1, 9))
        if n is None and name in ("irfft", "hfft") and shape[axis] == 1:
            n = 3
        return lambda xp, x: getattr(xp.fft, name)(x, n=n, axis=axis, norm=norm)

    return draw


def several(name):
    def draw(d):
        shape = [n + 2 for n in d(shapes(1, 3, 3))]
        d.x(FLOATS if name == "rfftn" else INEXACT, shape)
        axes = tuple(d(st.permutations(range(len(shape)))))[: d(st.integers(1, 3))]
        s = d.one(None, tuple(range(2, 2 + len(axes))))
        norm = d.one("backward", "ortho", "forward")
        return lambda xp, x: getattr(xp.fft, name)(x, s=s, axes=axes, norm=norm)

    return draw


def frequencies(name):
    def draw(d):
        n, width, kind = d(st.integers(1, 9)), d.one(1.0, 0.25, -3.0), d.one(*FLOATS)
        return lambda xp: (
            nt.fft.__dict__[name](n, d=width, dtype=dtype_of(nt, kind))
            if xp is nt
            else getattr(np.fft, name)(n, d=width).astype(kind)
        )

    return draw


def shifted(name):
    def draw(d):
        axes = d.axes(d.x(least=1))
        return lambda xp, x: getattr(xp.fft, name)(x, axes=axes)

    return draw


FFT = {
    **{n: along(n) for n in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")},
    **{n: several(n) for n in ("fftn", "ifftn", "rfftn", "irfftn")},
    **{n: frequencies(n) for n in ("fftfreq", "rfftfreq")},
    **{n: shifted(n) for n in ("fftshift", "ifftshift")},
}

# Functions whose arguments are no arrays, or whose rules are not NumPy's: where their tests are.
ELSEWHERE = {
    "can_cast": "test_datatypes.test_can_cast",
    "finfo": "test_datatypes.test_finfo",
    "iinfo": "test_datatypes.test_iinfo",
    "isdtype": "test_datatypes.test_isdtype",
    "result_type": "test_datatypes.test_result_type",
    "__array_namespace_info__": "test_datatypes.test_inspection",
}
ROWS = {"": MAIN, "linalg": LINALG, "fft": FFT}
