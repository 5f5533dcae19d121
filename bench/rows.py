"""What is timed: each row a function that gets a library and gives what to time.

A row returns a callable, or a statement with its names where a Python call would weigh beside
the work, or None where the library has no such operator.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import step
from libs import Lib


@dataclass(frozen=True)
class Row:
    group: str
    name: str
    build: Callable
    flops: float = 0.0  # of the dtype `flop_type`
    bytes: float = 0.0  # that any implementation must move to and from memory
    flop_type: str = "float32"
    peers: tuple[str, ...] = ("numpy", "torch", "jax")
    beside: Callable | None = None  # timed in turn with this row, which costs more by `adds`
    operations: int = 1  # that share in what this row adds


ROWS: list[Row] = []


def row(group, name, **facts):
    def register(build):
        ROWS.append(Row(group, name, build, **facts))
        return build

    return register


def normal(*shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# ---- matrix products ---------------------------------------------------------------------------


def _matmul(group, name, a_shape, b_shape, dtype="float32", view=lambda a, b: (a, b)):
    def build(lib: Lib):
        a, b = view(*lib.arrays(normal(*a_shape, dtype=dtype), normal(*b_shape, dtype=dtype)))
        if max(a_shape + b_shape) <= 64 and lib.name != "jax":
            return "a @ b", {"a": a, "b": b}
        return lib.call(lambda a, b: a @ b, a, b)

    a, b = view(np.empty(a_shape), np.empty(b_shape))
    batch = np.prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2])) if a.ndim > 1 < b.ndim else 1
    m, k = (1, *a.shape)[-2:]
    n = b.shape[-1] if b.ndim > 1 else 1
    moved = np.dtype(dtype).itemsize * (a.size + b.size + batch * m * n)
    ROWS.append(Row(group, name, build, 2.0 * batch * m * k * n, moved, dtype))


for _n in (64, 128, 256, 512, 1024, 2048):
    _matmul("matmul", f"matmul float32 {_n}", (_n, _n), (_n, _n))
for _n in (64, 128, 256, 512, 1024, 2048):
    _matmul("matmul", f"matmul float64 {_n}", (_n, _n), (_n, _n), "float64")
for _n in (1, 2, 4, 8, 16, 32):
    _matmul("small matmul", f"matmul float32 {_n}", (_n, _n), (_n, _n))

_K = 1024
_matmul("products", "A @ B.T, 1024", (_K, _K), (_K, _K), view=lambda a, b: (a, b.T))
_matmul("products", "A.T @ B, 1024", (_K, _K), (_K, _K), view=lambda a, b: (a.T, b))
_matmul(
    "products", "slices of 2048, 1024", (2048, 2048), (2048, 2048),
    view=lambda a, b: (a[::2, :_K], b[_K:, ::2]),
)  # fmt: skip
_matmul("products", "batched 256x(32x32)", (256, 32, 32), (256, 32, 32))
_matmul("products", "batched 64x(128x128)", (64, 128, 128), (64, 128, 128))
_matmul("products", "(60000x64) @ (64x64)", (60000, 64), (64, 64))
_matmul("products", "matrix @ vector 2048", (2048, 2048), (2048,))
_matmul("products", "vector @ matrix 2048", (2048,), (2048, 2048))
_matmul("products", "dot 10^6", (10**6,), (10**6,))


# ---- elementwise -------------------------------------------------------------------------------


def _elementwise(group, name, function, *shapes, dtype="float32", moved=None):
    """`function(xp, *arrays)` in every library."""

    def build(lib: Lib):
        arrays = lib.arrays(*(normal(*s, dtype=dtype, seed=i) for i, s in enumerate(shapes)))
        return lib.call(lambda *a: function(lib.xp, *a), *arrays)

    out = np.broadcast_shapes(*shapes)
    size = np.dtype(dtype).itemsize
    needed = size * (sum(float(np.prod(s)) for s in shapes) + float(np.prod(out)))
    ROWS.append(Row(group, name, build, bytes=needed if moved is None else moved))


for _p in (4, 5, 6, 7):
    _elementwise("arithmetic", f"a + b, 10^{_p}", lambda xp, a, b: a + b, (10**_p,), (10**_p,))
_N = (10**7,)
_elementwise("arithmetic", "a * b, 10^7", lambda xp, a, b: a * b, _N, _N)
_elementwise("arithmetic", "-a, 10^7", lambda xp, a: -a, _N)
_elementwise("arithmetic", "a < b, 10^7", lambda xp, a, b: a < b, _N, _N, moved=9e7)


@row("arithmetic", "float32 to float64, 10^7", bytes=12e7)
def _cast(lib: Lib):
    (a,) = lib.arrays(normal(10**7))
    if lib.name == "torch":
        return lambda: a.to(lib.xp.float64)
    return lib.call(lambda a: a.astype(lib.xp.float64), a)


_M = (4096, 4096)
_elementwise("layouts", "M + v, 4096^2", lambda xp, m, v: m + v, _M, (4096,))
_elementwise("layouts", "M + v[:, None], 4096^2", lambda xp, m, v: m + v[:, None], _M, (4096,))
_elementwise("layouts", "(10^6, 3) + (3,)", lambda xp, a, b: a + b, (10**6, 3), (3,))
_elementwise("layouts", "x[::2] + x[1::2], 10^7", lambda xp, x: x[::2] + x[1::2], _N, moved=6e7)
_elementwise("layouts", "M + M.T, 4096^2", lambda xp, m: m + m.T, _M)


def _copies(name, shape, order):
    def build(lib: Lib):
        (a,) = lib.arrays(normal(*shape))
        if lib.name == "numpy":
            return lambda: a.transpose(order).copy()
        if lib.name == "torch":
            return lambda: a.permute(order).contiguous()
        if lib.name == "ndtape":
            return lambda: lib.xp.copy(lib.xp.permute_dims(a, order))
        return lib.call(lambda a: lib.xp.transpose(a, order).copy(), a)

    ROWS.append(Row("layouts", name, build, bytes=8.0 * float(np.prod(shape))))


_copies("copy of M.T, 4096^2", _M, (1, 0))
_copies("copy of (32,64,56,56) as (0,2,3,1)", (32, 64, 56, 56), (0, 2, 3, 1))
_copies("copy of (64,64,64,64) as (3,2,1,0)", (64, 64, 64, 64), (3, 2, 1, 0))

_elementwise(
    "functions", "tanh-gelu of M, 4096^2",
    lambda xp, m: 0.5 * m * (1 + xp.tanh(0.79788 * (m + 0.044715 * m**3))), _M,
)  # fmt: skip


def _function(name, n, dtype="float32", domain=lambda x: x):
    def build(lib: Lib):
        function = lib.function(name)
        if function is None:
            return None
        (x,) = lib.arrays(domain(normal(n, dtype=dtype)))
        return lib.call(function, x)

    size = "4*10^6" if n == 4 * 10**6 else f"10^{len(str(n)) - 1}"
    ROWS.append(
        Row("functions", f"{name} {dtype}, {size}", build, bytes=2.0 * n * np.dtype(dtype).itemsize)
    )


for _name in ("exp", "log", "tanh", "sin", "cos", "erf", "sigmoid", "sqrt"):
    _function(_name, 10**6, domain=np.abs if _name in ("log", "sqrt") else (lambda x: x))
for _name in ("exp", "log", "sin", "tanh"):
    _function(_name, 4 * 10**6, "float64", domain=np.abs if _name == "log" else (lambda x: x))


@row("functions", "pow float32, 10^6", bytes=12e6)
def _pow(lib: Lib):
    a, b = lib.arrays(np.abs(normal(10**6)), normal(10**6, seed=1))
    return lib.call(lambda a, b: a**b, a, b)


_elementwise(
    "selection", "where(M > .5, M, 0), 2048^2",
    lambda xp, m: xp.where(m > 0.5, m, 0), (2048, 2048),
)  # fmt: skip


@row("selection", "where(mask, M, 0), 2048^2", bytes=9.0 * 2048 * 2048)
def _where(lib: Lib):
    m = normal(2048, 2048)
    m, mask = lib.arrays(m, m > 0.5)
    return lib.call(lambda mask, m: lib.xp.where(mask, m, 0), mask, m)


@row("selection", "mask select M[M > .5], 2048^2", bytes=4.0 * 1.31 * 2048 * 2048)
def _mask(lib: Lib):
    if lib.name == "jax":
        return None  # a shape that depends on values does not compile
    (m,) = lib.arrays(normal(2048, 2048))
    return lambda: m[m > 0.5]


def _gather(name, axis):
    def build(lib: Lib):
        order = np.random.default_rng(0).permutation(2048)
        m, i = lib.arrays(normal(2048, 2048), order)
        if lib.name != "jax":
            return (lambda: m[i]) if axis == 0 else (lambda: m[:, i])
        return lib.call(lambda m, i: lib.xp.take(m, i, axis=axis), m, i)

    ROWS.append(Row("selection", name, build, bytes=8.0 * 2048 * 2048))


_gather("row gather M[i], 2048^2", 0)
_gather("column gather M[:, i], 2048^2", 1)


def _scatter_add(name, shape, count):
    def build(lib: Lib):
        places = np.random.default_rng(0).integers(0, shape[0], count)
        m, i, v = lib.arrays(normal(*shape), places, normal(count, *shape[1:]))
        if lib.name == "numpy":

            def add_at():
                r = m.copy()
                np.add.at(r, i, v)
                return r

            return add_at
        if lib.name == "torch":
            return lambda: m.index_add(0, i, v)
        if lib.name == "jax":
            return lib.call(lambda m, i, v: m.at[i].add(v), m, i, v)
        return lambda: lib.xp.index_add(m, i, v)

    ROWS.append(Row("selection", name, build))


_scatter_add("scatter-add 10^6 into 10^5", (10**5,), 10**6)
_scatter_add("scatter-add 4096 rows into (2048, 1024)", (2048, 1024), 4096)


@row("selection", "fancy M[i, j], 10^6 of 2048^2", bytes=24e6)
def _fancy(lib: Lib):
    rng = np.random.default_rng(0)
    m, i, j = lib.arrays(normal(2048, 2048), *rng.integers(0, 2048, (2, 10**6)))
    return lib.call(lambda m, i, j: m[i, j], m, i, j)


@row("selection", "fancy M[i, j] = v, 10^5 of 2048^2", bytes=24e5)
def _fancy_set(lib: Lib):
    if lib.name == "jax":
        return None  # its arrays do not change
    rng = np.random.default_rng(0)
    i, j = rng.permutation(2048 * 2048)[: 10**5] // 2048, rng.integers(0, 2048, 10**5)
    m, i, j, v = lib.arrays(normal(2048, 2048), i, j, normal(10**5))
    return lambda: m.__setitem__((i, j), v)


def _ordered(label, n, call, dtype="float32"):
    def build(lib: Lib):
        x = normal(n) if dtype == "float32" else np.random.default_rng(0).integers(0, 1000, n)
        (x,) = lib.arrays(x)
        function = call(lib)
        return None if function is None else lib.call(function, x)

    ROWS.append(Row("selection", label, build))


_ordered("sort float32, 10^6", 10**6, lambda lib: {
    "torch": lambda x: lib.xp.sort(x)[0],
}.get(lib.name, lambda x: lib.xp.sort(x)))  # fmt: skip
_ordered("argsort float32, 10^6", 10**6, lambda lib: lambda x: lib.xp.argsort(x))
_ordered(
    "unique float32, 10^6", 10**6,
    lambda lib: None if lib.name == "jax" else lambda x: lib.xp.unique(x),
)  # fmt: skip
_ordered(
    "unique of 1000 integers, 10^6", 10**6,
    lambda lib: None if lib.name == "jax" else lambda x: lib.xp.unique(x), "int64",
)  # fmt: skip


# ---- einsum, complex numbers, FFT --------------------------------------------------------------


def _einsum(subscripts, *shapes, flops):
    def build(lib: Lib):
        arrays = lib.arrays(*(normal(*s, seed=i) for i, s in enumerate(shapes)))
        options = {} if lib.name == "torch" else {"optimize": True}
        return lib.call(lambda *a: lib.xp.einsum(subscripts, *a, **options), *arrays)

    sizes = ", ".join("x".join(map(str, s)) for s in shapes)
    ROWS.append(Row("complex, einsum, FFT", f"einsum {subscripts}, {sizes}", build, flops=flops))


_einsum("ij,jk->ik", (512, 512), (512, 512), flops=2.0 * 512**3)
_einsum("bij,bkj->bik", (64, 128, 128), (64, 128, 128), flops=64 * 2.0 * 128**3)
_einsum("ijk,jil->kl", (40, 50, 60), (50, 40, 70), flops=2.0 * 40 * 50 * 60 * 70)
_einsum("ab,bc,cd->ad", (1000, 10), (10, 1000), (1000, 10), flops=4.0 * 1000 * 1000 * 10)


def _complex(*shape, seed=0):
    parts = normal(2, *shape, seed=seed)
    return (parts[0] + 1j * parts[1]).astype("complex64")


for _n in (64, 512):

    def _complex_matmul(lib: Lib, n=_n):
        a, b = lib.arrays(_complex(n, n), _complex(n, n, seed=1))
        return lib.call(lambda a, b: a @ b, a, b)

    ROWS.append(Row("complex, einsum, FFT", f"matmul complex64 {_n}", _complex_matmul, 8.0 * _n**3))


@row("complex, einsum, FFT", "a * b complex64, 10^6", bytes=24e6)
def _complex_product(lib: Lib):
    a, b = lib.arrays(_complex(10**6), _complex(10**6, seed=1))
    return lib.call(lambda a, b: a * b, a, b)


def _fft(name, label, x):
    def build(lib: Lib):
        (a,) = lib.arrays(x())
        return lib.call(getattr(lib.xp.fft, name), a)

    ROWS.append(Row("complex, einsum, FFT", label, build))


_fft("fft", "fft complex64, 2^20", lambda: _complex(2**20))
_fft("rfft", "rfft float32, 2^20", lambda: normal(2**20))
_fft("fft", "fft complex64, 1000x1024", lambda: _complex(1000, 1024))
_fft("fftn", "fftn complex64, 1024^2", lambda: _complex(1024, 1024))


# ---- reductions --------------------------------------------------------------------------------


def _reduction(name, shape, axis, label):
    def build(lib: Lib):
        (x,) = lib.arrays(normal(*shape))
        if name == "any":
            x = x > 1e9
        function = getattr(lib.xp, name)
        if lib.name == "torch":
            if name == "max":
                function = lib.xp.amax
            if name == "var":
                return lambda: lib.xp.var(x, axis, correction=0)
            dim = tuple(range(x.ndim)) if axis is None and name == "max" else axis
            return (lambda: function(x)) if dim is None else (lambda: function(x, dim))
        return lib.call(lambda x: function(x, axis=axis), x)

    read = 1.0 if name == "any" else 4.0
    ROWS.append(Row("reductions", f"{name} {label}", build, bytes=read * float(np.prod(shape))))


for _name in ("sum", "max", "mean", "var", "argmax", "any"):
    for _axis, _label in ((0, "axis 0, 4096^2"), (1, "axis 1, 4096^2"), (None, "all, 4096^2")):
        _reduction(_name, _M, _axis, _label)
_reduction("sum", (256, 256, 256), 1, "axis 1, 256^3")
_reduction("max", (256, 256, 256), 1, "axis 1, 256^3")
_reduction("sum", (10**6, 3), 0, "axis 0, (10^6, 3)")
_reduction("sum", (10**6, 3), 1, "axis 1, (10^6, 3)")


def _cumulative(axis):
    def build(lib: Lib):
        (x,) = lib.arrays(normal(2048, 2048))
        if lib.name in ("numpy", "torch"):
            return lambda: lib.xp.cumsum(x, axis)
        return lib.call(lambda x: lib.xp.cumulative_sum(x, axis=axis), x)

    name = f"cumulative_sum axis {axis}, 2048^2"
    ROWS.append(Row("reductions", name, build, bytes=8.0 * 2048 * 2048))


_cumulative(0)
_cumulative(1)


@row("programs", "softmax axis 1, 4096x1000", bytes=8.0 * 4096 * 1000)
def _softmax(lib: Lib):
    (x,) = lib.arrays(normal(4096, 1000))
    xp = lib.xp
    if lib.name == "torch":
        return lambda: xp.softmax(x, 1)
    if lib.name == "jax":
        return lib.call(lib.jax.nn.softmax, x)

    if lib.name == "ndtape":
        return lambda: xp.softmax(x)

    def softmax(x):
        e = xp.exp(x - xp.max(x, axis=1, keepdims=True))
        return e / xp.sum(e, axis=1, keepdims=True)

    return lambda: softmax(x)


@row("programs", "log_softmax axis 1, 4096x1000", bytes=8.0 * 4096 * 1000)
def _log_softmax(lib: Lib):
    (x,) = lib.arrays(normal(4096, 1000))
    if lib.name == "numpy":
        return None
    if lib.name == "torch":
        return lambda: lib.xp.log_softmax(x, 1)
    if lib.name == "jax":
        return lib.call(lib.jax.nn.log_softmax, x)
    return lambda: lib.xp.log_softmax(x)


@row("programs", "layer normalisation, 4096x1000", bytes=8.0 * 4096 * 1000)
def _layer_norm(lib: Lib):
    x, w, b = lib.arrays(normal(4096, 1000), normal(1000), normal(1000, seed=1))
    if lib.name == "torch":
        return lambda: lib.xp.nn.functional.layer_norm(x, (1000,), w, b)
    if lib.name == "ndtape":
        return lambda: lib.xp.layer_norm(x, w, b)

    def layer_norm(x, w, b):
        mean = lib.xp.mean(x, axis=1, keepdims=True)
        var = lib.xp.var(x, axis=1, keepdims=True)
        return (x - mean) / lib.xp.sqrt(var + 1e-5) * w + b

    return lib.call(layer_norm, x, w, b)


@row("programs", "cross-entropy, 4096x1000", bytes=4.0 * 4096 * 1000)
def _cross_entropy(lib: Lib):
    labels = np.random.default_rng(0).integers(0, 1000, 4096)
    x, labels = lib.arrays(normal(4096, 1000), labels)
    xp = lib.xp
    if lib.name == "numpy":
        return None
    if lib.name == "torch":
        return lambda: xp.nn.functional.cross_entropy(x, labels)
    if lib.name == "ndtape":
        return lambda: xp.mean(xp.cross_entropy(x, labels))

    def cross_entropy(x, labels):
        picked = xp.take_along_axis(x, labels[:, None], axis=1)
        return xp.mean(lib.jax.nn.logsumexp(x, axis=1, keepdims=True) - picked)

    return lib.call(cross_entropy, x, labels)


@row("programs", "logsumexp axis 1, 4096x1000", bytes=4.0 * 4096 * 1000)
def _logsumexp(lib: Lib):
    (x,) = lib.arrays(normal(4096, 1000))
    if lib.name == "numpy":
        return None
    if lib.name == "jax":
        return lib.call(lambda x: lib.jax.nn.logsumexp(x, axis=1), x)
    return lambda: lib.xp.logsumexp(x, 1)


@row("random", "standard normal 10^6", bytes=4e6)
def _normal(lib: Lib):
    if lib.name == "numpy":
        rng = np.random.default_rng(0)
        return lambda: rng.standard_normal(10**6, dtype=np.float32)
    if lib.name == "torch":
        return lambda: lib.xp.randn(10**6)
    if lib.name == "jax":
        key = lib.jax.random.key(0)
        return lib.call(lambda key: lib.jax.random.normal(key, (10**6,), "float32"), key)
    rng = lib.xp.random.default_rng(0)
    return lambda: rng.standard_normal(10**6)


@row("random", "uniform 10^6", bytes=4e6)
def _uniform(lib: Lib):
    if lib.name == "numpy":
        rng = np.random.default_rng(0)
        return lambda: rng.random(10**6, dtype=np.float32)
    if lib.name == "torch":
        return lambda: lib.xp.rand(10**6)
    if lib.name == "jax":
        key = lib.jax.random.key(0)
        return lib.call(lambda key: lib.jax.random.uniform(key, (10**6,), "float32"), key)
    rng = lib.xp.random.default_rng(0)
    return lambda: rng.random(10**6)


# ---- overhead ----------------------------------------------------------------------------------


def _small(name, statement, jitted, **special):
    """A statement about one-element `a`, `b` and a 6x3 `m`; for JAX a compiled function."""

    def build(lib: Lib):
        a, b, m = lib.arrays(normal(1), normal(1, seed=1), normal(6, 3))
        if lib.name == "jax":
            if jitted is None:
                return None
            f = lib.jax.jit(jitted)
            return "f(a, b, m)", {"f": lambda *x: f(*x).block_until_ready(), "a": a, "b": b, "m": m}
        return special.get(lib.name, statement), {"a": a, "b": b, "m": m, "xp": lib.xp}

    ROWS.append(Row("one element", name, build))


_small("a + b", "a + b", lambda a, b, m: a + b)
_small("a * 2.0", "a * 2.0", lambda a, b, m: a * 2.0)
_small("a < b", "a < b", lambda a, b, m: a < b)
_small("exp(a)", "xp.exp(a)", None)
_small("a.sum()", "a.sum()", None)
_small("a.reshape(1)", "a.reshape(1)", None)
_small("m[2:5, 1]", "m[2:5, 1]", None)
_small("m[0]", "m[0]", None)


@row("one element", "array from NumPy")
def _from_numpy(lib: Lib):
    if lib.name in ("numpy", "jax"):
        return None
    make = lib.xp.from_numpy if lib.name == "torch" else lib.xp.asarray
    return "make(x)", {"make": make, "x": normal(10)}


@row("one element", "array to NumPy")
def _to_numpy(lib: Lib):
    if lib.name in ("numpy", "jax"):
        return None
    (x,) = lib.arrays(normal(10))
    return "x.numpy()", {"x": x}


# ---- gradients ---------------------------------------------------------------------------------


def _recorded(name: str, statement: str, torch: str | None = None, operations: int = 1) -> None:
    """Small operations, and the same recorded beside them: the difference is what that costs.

    It is to be at most 60 ns for each operation, as nodes of the recorded graph count them.
    """
    if operations > 1:
        name = f"{name}, {operations} operations"

    def build(lib: Lib, records: bool):
        if lib.name not in ("torch", "ndtape"):
            return None
        a, b = (lib.xp.tensor([x], requires_grad=records) for x in (1.5, 2.5))
        m = lib.xp.tensor([[1.5, 2.5], [0.5, 1.0]], requires_grad=records)
        w = lib.xp.tensor([1.0, 2.0], requires_grad=records)
        p = lib.xp.tensor([[2.5, 0.5], [0.5, 1.0]], requires_grad=records)
        c, i = (lib.xp.asarray(x) for x in ([True], [0, 1]))
        z = lib.xp.tensor(normal(1, 1, 4, 4), requires_grad=records)
        k = lib.xp.tensor(normal(1, 1, 2, 2), requires_grad=records)
        names = {
            "a": a,
            "b": b,
            "c": c,
            "i": i,
            "m": m,
            "p": p,
            "w": w,
            "z": z,
            "k": k,
            "xp": lib.xp,
        }
        names["F"] = lib.xp.nn.functional
        return torch if torch and lib.name == "torch" else statement, names

    plain, recorded = (functools.partial(build, records=records) for records in (False, True))
    ROWS.append(Row("recording", name, plain))
    ROWS.append(
        Row("recording", f"{name}, recorded", recorded, beside=plain, operations=operations)
    )


for _text in ("a + b", "a - b", "a * b", "a / b", "a**b", "-a", "a * 2.0", "a**2"):
    _recorded(_text, _text)
for _text in ("exp", "log", "sin", "tanh", "sqrt", "abs", "square", "sigmoid"):
    _recorded(f"{_text}(a)", f"xp.{_text}(a)")
for _text in ("maximum", "hypot", "atan2", "logaddexp", "copysign"):
    _recorded(f"{_text}(a, b)", f"xp.{_text}(a, b)")
_recorded("where(c, a, b)", "xp.where(c, a, b)")
_recorded("clip(a, 0, 2)", "xp.clip(a, 0.0, 2.0)")
for _text in ("sum", "mean", "max", "prod"):
    _recorded(f"{_text}(m)", f"xp.{_text}(m)")
_recorded("sum(m, axis=1)", "xp.sum(m, axis=1)")
_recorded("max(m, axis=1)", "xp.max(m, axis=1)", torch="xp.amax(m, 1)")
_recorded("cumulative_sum(a)", "xp.cumulative_sum(a)", torch="xp.cumsum(a, 0)")
_recorded("softmax(m, 1)", "xp.softmax(m, 1)")
_recorded("log_softmax(m, 1)", "xp.log_softmax(m, 1)")
_recorded("logsumexp(m, 1)", "xp.logsumexp(m, 1)")
_recorded("var(m)", "xp.var(m)")
_recorded("layer_norm(m, w, w)", "xp.layer_norm(m, w, w)", torch="F.layer_norm(m, (2,), w, w)")
_recorded(
    "cross_entropy(m, i)",
    "xp.cross_entropy(m, i)",
    torch="F.cross_entropy(m, i, reduction='none')",
)
for _text in ("conv2d(z, k)", "max_pool2d(z, 2)", "group_norm(z, 1)"):
    _recorded(_text, f"F.{_text}")
_recorded("attention(m, m, m)", "F.scaled_dot_product_attention(m, m, m)")
_recorded("sort(w)", "xp.sort(w)")
_recorded("tril(m)", "xp.tril(m)")
_recorded("m + w", "m + w")
_recorded("2x2 @ 2x2", "m @ m")
_recorded("m[0]", "m[0]")
_recorded("m.T", "m.T")
_recorded("a.reshape(1)", "a.reshape(1)")
_recorded("m[i]", "m[i]")
_recorded("concat([a, b])", "xp.concat([a, b])")
_recorded("stack([a, b])", "xp.stack([a, b])", operations=3)
_recorded("einsum('ij,jk', m, m)", "xp.einsum('ij,jk', m, m)")
for _text in (
    "det(m)",
    "slogdet(m)",
    "inv(m)",
    "solve(m, w)",
    "cholesky(p)",
    "qr(m)",
    "svd(m)",
    "eigh(p)",
):
    _recorded(f"linalg.{_text}", f"xp.linalg.{_text}")
_recorded("fft.fft(w)", "xp.fft.fft(w)")
for _text, _operations in (
    ("x += b", 2),
    ("x *= b", 2),
    ("x *= 2.0", 2),
    ("x /= b", 2),
    ("x[0] = b[0]", 3),
    ("x[0] += 2.0", 4),
    ("x[...] = b", 2),
    ("x[c] *= 2.0", 4),
):
    _recorded(
        f"x = copy(a); {_text}",
        f"x = xp.copy(a); {_text}",
        torch=f"x = xp.clone(a); {_text}",
        operations=_operations,
    )


@row("gradients", "100 scalar multiplies and backward")
def _chain(lib: Lib):
    if lib.name not in ("torch", "ndtape"):
        return None
    x = lib.xp.tensor(1.0, requires_grad=True)

    def chain():
        y = x
        for _ in range(100):
            y = y * 1.01
        y.backward()
        x.grad = None

    return chain


_FLOPS = 2.0 * 128 * (784 * 512 + 512 * 10)


def _network(lib: Lib):
    """The loss of a network as a function of nothing, recorded."""
    if lib.name not in ("torch", "ndtape"):
        return None
    xp = lib.xp
    shapes = ((784, 512), (512,), (512, 10), (10,))
    w1, b1, w2, b2 = (xp.tensor(normal(*shape), requires_grad=True) for shape in shapes)
    (x,) = lib.arrays(normal(128, 784))
    labels = np.arange(128) % 10
    if lib.name == "torch":
        labels = xp.tensor(labels)
        return lambda: xp.nn.functional.cross_entropy(xp.relu(x @ w1 + b1) @ w2 + b2, labels)
    labels = xp.asarray(labels)
    return lambda: xp.mean(xp.cross_entropy(xp.relu(x @ w1 + b1) @ w2 + b2, labels))


# Their difference over the first is what backward costs beside forward.
@row("gradients", "forward of 784-512-10, batch 128, recorded", flops=_FLOPS)
def _forward(lib: Lib):
    return _network(lib)


@row("gradients", "the same and backward", flops=3 * _FLOPS - 2.0 * 128 * 784 * 512)
def _backward(lib: Lib):
    loss = _network(lib)
    return loss and (lambda: loss().backward())


@row("gradients", "step 784-512-10, batch 128, RMSprop", flops=3 * _FLOPS - 2.0 * 128 * 784 * 512)
def _rmsprop(lib: Lib):
    return step.build(lib, (784, 512, 10), 128, "rmsprop")


@row("gradients", "step 64-64-10, batch 32, Adam")
def _adam(lib: Lib):
    return step.build(lib, (64, 64, 10), 32, "adam")
