"""Kinds of cases for tests/test_fuzz.py that reach the operators: calls that are nearly right.

Arguments of the right form with a length, a dtype, a layout or an option gone wrong; keys of
several index arrays; objects that lie about themselves or change things while they are read;
damaged files.
"""

import importlib.util
import io
import os
import tempfile
import zipfile

import numpy as np
from forged import ForgedBuffer, reach

import ndtape as nt
from ndtape import _core

F, L, S = nt.nn.functional, nt.linalg, nt.special
_LINEAR = _core.operation("f", lambda g: g)
_DTYPES = "float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool".split()
_DTYPES += ["complex64", "complex128"]


def pick(rng, choices):
    return choices[int(rng.integers(len(choices)))]


def use(result):
    """Read every element of a result, and walk back from it."""
    if isinstance(result, (tuple, list)):
        for part in result:
            use(part)
    if isinstance(result, nt.Tensor) and result.size < 5000:
        result.detach().numpy().tobytes()
        if result.requires_grad and result.size and result.dtype.kind == "f":
            result.sum().backward()


def odd(rng):
    """A number that is none, too large, or not what was asked for."""
    numbers = [0, -1, -2, 2**31, 2**62, 2**63, -(2**63), 10**30, 0.5, float("nan"), float("inf")]
    return pick(rng, [*numbers, None, True, "1", (), (1,), [2, 3], (1, 2, 3), object(), 1j])


class Maker:
    """Tensors of wanted shapes, which are now and then not quite as wanted."""

    def __init__(self, rng, wrong=0.1):
        self.rng, self.wrong = rng, wrong

    def __call__(self, *shape, dtype=None):
        rng = self.rng
        shape = [int(n) for n in shape]
        if rng.random() < self.wrong:
            change = rng.integers(4)
            if change == 0:
                shape.insert(int(rng.integers(len(shape) + 1)), int(rng.integers(0, 3)))
            elif shape and change == 1:
                shape.pop(int(rng.integers(len(shape))))
            elif shape:
                shape[int(rng.integers(len(shape)))] = int(rng.integers(0, 6))
        if dtype is None:
            dtype = "float32" if rng.random() < 0.6 else pick(rng, _DTYPES)
        if rng.random() < self.wrong:
            dtype = pick(rng, _DTYPES)
        return self.laid_out(shape, dtype)

    def laid_out(self, shape, dtype):
        rng = self.rng
        kind = rng.integers(6)
        wide = [2 * n for n in shape] if kind == 1 else shape
        count = int(np.prod(wide, dtype=np.int64))
        if np.dtype(dtype).kind in "fc" and rng.random() < 0.8:
            array = rng.standard_normal(wide).astype(dtype)
        elif np.dtype(dtype).kind == "b":
            array = rng.integers(0, 2, wide).astype(bool)
        else:  # any bits: NaN, infinities, subnormals among them
            array = np.frombuffer(rng.bytes(count * np.dtype(dtype).itemsize), dtype).reshape(wide)
        x = nt.asarray(np.array(array)) if rng.random() < 0.8 else nt.asarray(array)
        if kind == 1:
            x = x[(slice(None, None, 2),) * x.ndim]
        elif kind == 2 and x.ndim:
            x = nt.flip(x, axis=int(rng.integers(x.ndim)))
        elif kind == 3 and x.ndim > 1:
            x = nt.copy(x.T).T
        elif kind == 4 and x.ndim and x.shape[0]:
            x = nt.broadcast_to(x[:1], x.shape)
        if x.dtype.kind in "fc" and rng.random() < 0.3:
            x = nt.tensor(x, requires_grad=True) if rng.random() < 0.5 else x
            x = x * 1 if x.requires_grad and rng.random() < 0.5 else x
        return x

    def number(self, low, high):
        return odd(self.rng) if self.rng.random() < self.wrong / 2 else self.size(low, high)

    def size(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def pair(self, low, high, count):
        if self.rng.random() < 0.5:
            return self.number(low, high)
        return tuple(self.number(low, high) for _ in range(count))

    def flag(self):
        return bool(self.rng.integers(2))

    def maybe(self, value):
        return value if self.rng.random() < 0.6 else None


# ---- networks ------------------------------------------------------------------------------------


def _convolution(t):
    d = t.size(1, 3)
    n, c, o = t.size(0, 2), t.size(1, 4), t.size(1, 4)
    groups = t.number(1, 2)
    per = c // groups if isinstance(groups, int) and groups > 0 else c
    image = [t.size(0, 9) for _ in range(d)]
    kernel = [t.size(1, 3) for _ in range(d)]
    x, w, b = t(n, c, *image), t(o, per, *kernel), t.maybe(t(o))
    options = {
        "stride": t.pair(1, 3, d), "padding": t.pair(0, 2, d), "dilation": t.pair(1, 2, d),
        "groups": groups,
    }  # fmt: skip
    if t.flag():
        return getattr(F, f"conv{d}d"), (x, w, b), options
    w = t(c, o, *kernel)
    name = f"conv_transpose{min(d, 2)}d"
    return getattr(F, name), (x, w, b), {k: v for k, v in options.items() if t.flag()}


def _pooling(t):
    d = t.size(1, 2)
    x = t(t.size(0, 2), t.size(0, 3), *(t.size(0, 9) for _ in range(d)))
    kind = pick(t.rng, ["max_pool", "avg_pool", "adaptive_avg_pool"])
    if kind == "adaptive_avg_pool":
        return getattr(F, f"{kind}{d}d"), (x, t.pair(0, 4, d)), {}
    arguments = (x, t.pair(0, 3, d), t.pair(0, 3, d), t.pair(0, 2, d))
    return getattr(F, f"{kind}{d}d"), arguments[: t.size(2, 4)], {}


def _attention(t):
    batch = [t.size(0, 2) for _ in range(t.size(0, 2))]
    n, m, d, e = t.size(0, 40), t.size(0, 40), t.size(0, 9), t.size(0, 9)
    mask = t(*batch, n, m, dtype="bool") if t.flag() else t(n, m)
    options = {"mask": t.maybe(mask), "causal": t.flag()}
    if t.flag():
        options["scale"] = t.number(0, 2)
    return (
        F.scaled_dot_product_attention,
        (t(*batch, n, d), t(*batch, m, d), t(*batch, m, e)),
        options,
    )


def _normalization(t):
    n, c, rest = t.size(0, 5), t.size(0, 6), [t.size(0, 4) for _ in range(t.size(0, 2))]
    x = t(n, c, *rest)
    calls = [
        (F.batch_norm, (x, t(c), t(c), t.maybe(t(c)), t.maybe(t(c))), {"training": t.flag()}),
        (F.group_norm, (x, t.number(1, 3), t.maybe(t(c)), t.maybe(t(c))), {}),
        (F.layer_norm, (t(n, c), t.maybe(t(c)), t.maybe(t(c))), {}),
        (F.rms_norm, (t(n, c), t.maybe(t(c))), {}),
        (_core._rms_norm, (t(n, c), t.maybe(t(c)), t.number(0, 1)), {}),
        (_core._batch_norm, (x, t.maybe(t(c)), t.maybe(t(c)), t(c), t(c), t.number(0, 1)), {}),
        (_core._group_norm, (x, t.number(1, 3), t.maybe(t(c)), t.maybe(t(c)), 1e-5), {}),
    ]
    return pick(t.rng, calls)


def _recurrent(t):
    n, steps, inputs, hidden = t.size(0, 3), t.size(0, 5), t.size(0, 4), t.size(0, 5)
    gates = pick(t.rng, [1, 3, 4])
    function = {1: _core._rnn, 3: _core._gru, 4: _core._lstm}[gates]
    weights = t(gates * hidden, inputs), t(gates * hidden, hidden)
    biases = t.maybe(t(gates * hidden)), t.maybe(t(gates * hidden))
    state = (t(n, hidden),) * (2 if gates == 4 else 1)
    return function, (t(n, steps, inputs), *weights, *biases, *state, t.flag()), {}


def _losses(t):
    n, c = t.size(0, 4), t.size(0, 5)
    classes = t(n, dtype="int64") if t.flag() else nt.asarray(t.rng.integers(-2, 6, n))
    calls = [
        (F.cross_entropy, (t(n, c), classes), {"weight": t.maybe(t(c))}),
        (F.nll, (t(n, c), classes), {}),
        (F.one_hot, (classes, t.number(0, 5)), {}),
        (F.embedding, (classes, t(c, t.size(0, 3))), {}),
        (F.kl_div, (t(n, c), t(n, c)), {}),
        (F.huber, (t(n, c), t(n, c)), {}),
        (F.hinge, (t(n, c), t(n, c)), {}),
        (F.binary_cross_entropy_with_logits, (t(n, c), t(n, c)), {}),
        (F.linear, (t(n, c), t(3, c), t.maybe(t(3))), {}),
        (F.softmax, (t(n, c),), {"axis": t.number(-3, 3)}),
        (F.dropout, (t(n, c), t.number(0, 1)), {}),
    ]
    return pick(t.rng, calls)


def _optimizer(t):
    shape = [t.size(0, 5) for _ in range(t.size(0, 2))]
    p = [t(*shape).detach() for _ in range(4)]
    p[0] = p[0].copy() if t.flag() else p[0]
    if t.flag():  # the same memory for several
        p[t.size(1, 3)] = p[t.size(0, 3)]
    r = [t.number(0, 1) for _ in range(5)]
    calls = [
        (_core._sgd_step, (p[0], p[1], t.maybe(p[2]), *r[:3], t.flag())),
        (_core._adagrad_step, (*p[:3], *r[:3])),
        (_core._rmsprop_step, (*p[:3], t.maybe(p[3]), *r)),
        (_core._adam_step, (*p, r[0], r[1], (r[2], r[3]), r[4], 0.1, t.flag())),
    ]
    return (*pick(t.rng, calls), {})


# ---- arrays --------------------------------------------------------------------------------------


def _linear_algebra(t):
    batch = [t.size(0, 2) for _ in range(t.size(0, 2))]
    n, m = t.size(0, 4), t.size(0, 4)
    square, wide = t(*batch, n, n), t(*batch, n, m)
    names = "cholesky det eig eigh eigvals eigvalsh inv slogdet svd svdvals qr pinv matrix_rank"
    calls = [(getattr(L, name), (pick(t.rng, [square, wide]),), {}) for name in names.split()]
    calls += [
        (L.solve, (square, t(*batch, n, m)), {}),
        (L.solve, (square, t(n)), {}),
        (L.matrix_power, (square, t.number(-3, 5)), {}),
        (L.matrix_norm, (wide,), {"ord": pick(t.rng, [1, -1, 2, -2, "nuc", "fro", 3, None])}),
        (L.vector_norm, (wide,), {"ord": t.number(-2, 3), "axis": t.pair(-3, 3, 2)}),
        (L.norm, (wide,), {"axis": t.pair(-3, 3, 2)}),
        (L.cross, (t(*batch, 3), t(3)), {"axis": t.number(-2, 2)}),
        (L.outer, (t(n), t(m)), {}),
        (L.trace, (wide,), {"offset": t.number(-3, 3)}),
        (L.diagonal, (wide,), {"offset": t.number(-3, 3)}),
        (L.multi_dot, ([t(n, m), t(m, 3), t(3, n)],), {}),
        (nt.matmul, (t(*batch, n, m), t(*batch, m, t.size(0, 40))), {}),
        (nt.vecdot, (wide, t(*batch, n, m)), {"axis": t.number(-2, 2)}),
        (nt.tensordot, (wide, t(*batch, n, m)), {"axes": t.pair(0, 3, 2)}),
        (nt.einsum, (pick(t.rng, ["ij,jk", "ij->ji", "ii", "i...->...", "ij,j", "a,", "ij,ij"]),
                     t(n, m), *[t(m, n)] * t.size(0, 1)), {}),
        (nt.kron, (wide, t(n, m)), {}),
    ]  # fmt: skip
    return pick(t.rng, calls)


def _fourier(t):
    names = [n for n in nt.fft.__all__ if "freq" not in n and "shift" not in n]
    name = pick(t.rng, names)
    length = pick(t.rng, [0, 1, 2, 3, 7, 16, 31, 256, 1024])
    x = t(*[t.size(0, 2)] * t.size(0, 2), length)
    options = {"norm": pick(t.rng, ["backward", "ortho", "forward", None, "x"])}
    several = name.endswith("n")
    if t.flag():
        options["axes" if several else "axis"] = t.pair(-3, 2, 2) if several else t.number(-3, 2)
    if t.flag():
        options["s" if several else "n"] = t.pair(0, 40, 2) if several else t.number(0, 40)
    if t.rng.random() < 0.2:
        axis, factor = t.number(-1, 1), t.number(0, 2)
        kernels = [
            (_core._fft, (x, axis, t.flag(), factor), {}),
            (_core._rfft, (x, axis, factor), {}),
            (_core._irfft, (x, axis, t.number(-1, 2 * length), factor), {}),
            (_core._fft_along, (x, axis, t.flag(), "ortho", _LINEAR), {}),
        ]
        return pick(t.rng, kernels)
    return getattr(nt.fft, name), (x,), options


def _sorting(t):
    n = pick(t.rng, [0, 1, 2, 5, 17, 100, 700, 3000])
    x = t(n, dtype=pick(t.rng, _DTYPES)) if t.flag() else t(t.size(0, 3), min(n, 100))
    options = {"axis": t.number(-2, 1), "descending": t.flag(), "stable": t.flag()}
    calls = [
        (nt.sort, (x,), options),
        (nt.argsort, (x,), options),
        (nt.unique_all, (x,), {}),
        (nt.unique_counts, (x,), {}),
        (nt.unique_inverse, (x,), {}),
        (nt.unique_values, (x,), {}),
        (nt.isin, (x, t(t.size(0, 9), dtype=x.dtype)), {"invert": t.flag()}),
        (nt.searchsorted, (x, t(3, dtype=x.dtype)), {"side": pick(t.rng, ["left", "right", "up"])}),
        (nt.searchsorted, (x, t(3)), {"sorter": t.maybe(t(n, dtype="int64"))}),
        (nt.nonzero, (x,), {}),
        (nt.median, (x,), {"axis": t.number(-2, 1)}),
        (nt.quantile, (x, t(2)), {"axis": t.number(-2, 1)}),
        (nt.histogram, (x, t.number(1, 9)), {}),
        (nt.bincount, (t(n, dtype="uint8"), t.maybe(t(n))), {"minlength": t.number(0, 9)}),
        (nt.interp, (x, t(5), t(5)), {}),
        (nt.diff, (x,), {"n": t.number(0, 3), "axis": t.number(-2, 1)}),
        (nt.cumulative_sum, (x,), {"axis": t.number(-2, 1), "include_initial": t.flag()}),
        (nt.cumulative_prod, (x,), {"axis": t.number(-2, 1), "dtype": t.maybe(nt.float64)}),
    ]
    return pick(t.rng, calls)


def _special(t):
    shape = [t.size(0, 4) for _ in range(t.size(0, 2))]
    name = pick(t.rng, S.__all__)
    count = {"betainc": 3, "betaln": 2, "gammainc": 2, "polygamma": 2, "xlogy": 2, "xlog1py": 2}
    return getattr(S, name), tuple(t(*shape) for _ in range(count.get(name, 1))), {}


_NEARLY = [
    _convolution, _pooling, _attention, _normalization, _recurrent, _losses, _optimizer,
    _linear_algebra, _fourier, _sorting, _special,
]  # fmt: skip


def _brief(value):
    if isinstance(value, nt.Tensor):
        return f"<{value.dtype} {value.shape} {value.strides}>"
    return [_brief(v) for v in value] if isinstance(value, (list, tuple)) else repr(value)


def _too_large(values):
    flat = [v for a in values for v in (a if isinstance(a, (list, tuple)) else [a])]
    return any(isinstance(v, (int, float)) and 2**20 < abs(v) < 2**61 for v in flat)


def nearly_right(rng, values, log):
    function, arguments, options = pick(rng, _NEARLY)(Maker(rng, pick(rng, [0.0, 0.05, 0.3])))
    if _too_large([*arguments, *options.values()]):
        return
    log(function.__name__, _brief(arguments), {k: _brief(v) for k, v in options.items()})
    use(function(*arguments, **options))


# ---- keys ----------------------------------------------------------------------------------------


def _key(rng, t, shape):
    parts = []
    axes = list(shape)
    lead = [t.size(0, 3) for _ in range(t.size(0, 2))]  # of the index arrays
    while axes and rng.random() < 0.85:
        n = axes.pop(0)
        kind = rng.integers(8)
        reach = max(n, 1) + (rng.random() < 0.1) * int(pick(rng, [1, 2**31, 2**62]))
        if kind < 3:
            some = [1 if rng.random() < 0.3 else k for k in lead[t.size(0, len(lead)) :]]
            index = rng.integers(-reach, reach, some).astype(pick(rng, ["int64", "int64", "int32"]))
            parts.append(nt.asarray(index) if t.flag() else pick(rng, [index, index.tolist()]))
        elif kind == 3:
            parts.append(int(rng.integers(-reach, reach)))
        elif kind == 4:
            many = [n] + [axes.pop(0) for _ in range(t.size(0, len(axes)))]
            parts.append(t(*many, dtype="bool"))
        elif kind == 5:
            parts.append(None)
            axes.insert(0, n)
        elif kind == 6:
            step = int(pick(rng, [1, 2, -1, -2, 0, 2**62, -(2**63)]))
            bound = [None, *range(-n - 1, n + 2), 2**63 - 1, -(2**63)]
            parts.append(slice(pick(rng, bound), pick(rng, bound), step))
        else:
            parts.append(pick(rng, [..., slice(None), odd(rng)]))
    return tuple(parts) if len(parts) != 1 or t.flag() else parts[0]


def keys(rng, values, log):
    """Reading and writing by keys of every kind at once, some of them out of range."""
    t = Maker(rng, pick(rng, [0.0, 0.2]))
    x = t(*(t.size(0, 5) for _ in range(t.size(0, 4))))
    key = _key(rng, t, x.shape)
    kind = rng.integers(6)
    log("keys", kind, _brief(x), key)
    if kind == 0:
        use(x[key])
    elif kind == 1:
        target = x * 1 if x.requires_grad else x
        value = x[key].detach()
        shape = [n if rng.random() < 0.8 else 1 for n in value.shape][t.size(0, value.ndim) :]
        target[key] = t(*shape, dtype=pick(rng, [value.dtype, None]))
        use(target)
    elif kind == 2:
        target = x.detach()
        target[key] = pick(rng, [0, 2.5, True, 1j, [1, 2], None, 2**70, target, target.T])
        use(target)
    else:
        index = nt.asarray(rng.integers(-6, 6, t.size(0, 5)))
        axis = t.number(-2, 2)
        several = t.size(1, 3)
        points = [t(*[2] * t.size(0, 2), dtype="int64") for _ in range(several)]
        if t.flag():
            points = [nt.asarray(rng.integers(-2, 3, p.shape)) for p in points]
        first = t.number(0, 2)
        calls = [
            lambda: nt.take(x, index, axis=axis),
            lambda: nt.take_along_axis(x, t(*x.shape, dtype="int64"), axis=axis),
            lambda: nt.take_along_axis(x, nt.asarray(rng.integers(-3, 3, x.shape)), axis=axis),
            lambda: nt.index_add(x, index, t(index.size, *x.shape[1:], dtype=x.dtype)),
            lambda: _core._take_points(x, points, first),
            lambda: _core._put_points(x.detach(), points, first, t(2, dtype=x.dtype)),
            lambda: nt.repeat(x, t(max(x.shape[:1], default=1), dtype="int8"), axis=0),
            lambda: nt.unravel_index(index, tuple(x.shape)),
            lambda: nt.where(t(*x.shape, dtype="bool"), x, t(*x.shape, dtype=x.dtype)),
            lambda: nt.pad(x, t.pair(0, 3, 2), pick(rng, ["edge", "wrap", "reflect", "mean"])),
        ]
        use(pick(rng, calls)())


# ---- objects that lie ----------------------------------------------------------------------------


class Clearing:
    """An integer; asked for it, it empties the list it lies in and changes a tensor."""

    def __init__(self, rng, held, tensor):
        self.rng, self.held, self.tensor = rng, held, tensor

    def _act(self):
        self.held.clear()
        self.held.extend([1] * int(self.rng.integers(0, 3)))
        kind = self.rng.integers(4)
        if kind == 0:
            self.tensor.fill(1)
        elif kind == 1:
            self.tensor.requires_grad_()
        elif kind == 2:
            raise pick(self.rng, [ValueError, TypeError, IndexError])("clearing")

    def __index__(self):
        self._act()
        return int(self.rng.integers(-2, 3))

    def __float__(self):
        self._act()
        return 0.5

    def __bool__(self):
        self._act()
        return True

    def __len__(self):
        self._act()
        return int(self.rng.integers(0, 4))

    def __getitem__(self, i):
        if i > 3 or self.rng.random() < 0.3:
            raise IndexError(i)
        return int(self.rng.integers(-1, 3))


def _interface(rng):
    """An object over memory that says anything of it, the memory, and whether reading is safe."""
    memory = np.arange(16, dtype=np.float64)
    number = lambda most: int(pick(rng, most))  # noqa: E731
    ndim = int(rng.integers(0, 4))
    shape = tuple(number([0, 1, 2, 3, 16, -1, 2**62]) for _ in range(ndim))
    strides = tuple(number([0, 8, 16, 24, 1, 4, -8, 2**62, -(2**63)]) for _ in range(ndim))
    offset, plain = number([0, 0, 8, 64, 1]), False
    if rng.random() < 0.5:
        formats = [b"d", b"d", b"q", b"f", b"B", b"?", b"Zd", b">d", b"", b"(2)d", b"T{d:a:}", b"&"]
        form, size = pick(rng, formats), number([8, 8, 8, 4, 1, 2, 16])
        given = strides if rng.random() < 0.7 else None
        length = number([128, 64, 0, 8])
        made = ForgedBuffer(memory, shape, given, form, size, length, number([0, 1]))
        plain, offset = size == 8 and form in (b"d", b"q"), 0
    else:
        made = type("Interface", (), {})()
        typestr = pick(rng, ["<f8", "<f8", "<i8", ">f8", "|b1", "|u1", "<c16", "|O", "|S3", "x"])
        given = pick(rng, [None, strides])
        where = memory.ctypes.data + offset, bool(rng.integers(2))
        made.__array_interface__ = {
            "version": 3, "shape": shape, "strides": given, "typestr": typestr, "data": where,
        }  # fmt: skip
        plain = typestr in ("<f8", "<i8") and offset % 8 == 0
    # What cannot be shared is copied, and a copy reads what it is told to.
    plain = plain and all(s % 8 == 0 for s in strides)
    steps = [(n - 1) * s for n, s in zip(shape, given or [16 * n for n in shape], strict=True)]
    low, high = sum(s for s in steps if s < 0), sum(s for s in steps if s > 0)
    inside = offset + low >= 0 and offset + high + 16 <= memory.nbytes
    return made, memory, plain or (inside and given is not None)


class Arrayish:
    """Has the methods of an array, which give something else."""

    def __init__(self, given):
        self.given = given

    def __array__(self, dtype=None, copy=None):
        return self.given

    def __dlpack__(self, **arguments):
        return self.given

    def __dlpack_device__(self):
        return self.given


def liars(rng, values, log):
    """Objects whose methods change what is being read, or say what is not so."""
    kind = rng.integers(4)
    if kind == 0:
        made, memory, safe = _interface(rng)
        if not safe:
            return
        log("interface", getattr(made, "__array_interface__", None) or vars(made))
        x = nt.asarray(made, copy=pick(rng, [None, False]))
        if reach(x, memory) or x.data_ptr() == 0:
            use(x)
            use(x + x if x.dtype.kind != "b" else x)
        return
    if kind == 1:
        given = pick(rng, [None, 1, "a", [], np.zeros(2), np.array("a"), (1, 0), nt.ones(2)])
        log("arrayish", given)
        made = Arrayish(given)
        use(pick(rng, [nt.asarray, nt.tensor, nt.from_dlpack, nt.sum, nt.exp])(made))
        return
    x = nt.asarray(np.arange(24.0).reshape(2, 3, 4))
    held = [1, 2, 3]
    liar = Clearing(rng, held, x)
    held[int(rng.integers(3))] = liar
    odd_one = pick(rng, [held, tuple(held), liar, [held], [liar, held]])
    log("clearing", _brief(odd_one))
    calls = [
        lambda: nt.zeros(odd_one),
        lambda: nt.tensor(odd_one),
        lambda: nt.asarray(odd_one, dtype=nt.int8),
        lambda: nt.reshape(x, odd_one),
        lambda: nt.broadcast_to(x, odd_one),
        lambda: nt.permute_dims(x, odd_one),
        lambda: nt.sum(x, axis=odd_one),
        lambda: nt.roll(x, odd_one, axis=odd_one),
        lambda: nt.tile(x, odd_one),
        lambda: nt.flip(x, axis=odd_one),
        lambda: nt.expand_dims(x, axis=odd_one),
        lambda: nt.split(x, odd_one, axis=2),
        lambda: nt.concat([x, odd_one]),
        lambda: nt.stack(odd_one),
        lambda: nt.broadcast_shapes(odd_one, odd_one),
        lambda: nt.pad(x, odd_one),
        lambda: nt.full(2, odd_one),
        lambda: nt.eye(2, k=odd_one),
        lambda: nt.arange(odd_one, odd_one),
        lambda: nt.linspace(0, 1, odd_one),
        lambda: x[odd_one],
        lambda: x[tuple(held)],
        lambda: x[liar, held],
        lambda: x[slice(liar, liar, liar)],
        lambda: x.__setitem__(odd_one, odd_one),
        lambda: x.__setitem__((slice(None), liar), odd_one),
        lambda: x.__setitem__(slice(liar, None), 1),
        lambda: x + odd_one,
        lambda: x.__iadd__(odd_one),
        lambda: nt.clip(x, liar, liar),
        lambda: nt.where(odd_one, x, liar),
        lambda: F.avg_pool2d(x[None], odd_one),
        lambda: F.conv2d(x[None], x[None, :1], stride=odd_one, padding=odd_one),
        lambda: nt.random.default_rng(0).uniform(0, liar, odd_one),
        lambda: nt.fft.fftn(x, s=odd_one, axes=odd_one),
        lambda: nt.einsum("ij,jk", odd_one, x),
        lambda: nt.var(x, correction=liar),
    ]
    use(pick(rng, calls)())


# ---- files ---------------------------------------------------------------------------------------


def _contents(rng, suffix):
    array = rng.standard_normal([int(n) for n in rng.integers(0, 4, rng.integers(0, 3))])
    array = np.asfortranarray(array.astype(pick(rng, _DTYPES[:11])))
    out = io.BytesIO()
    if suffix == ".npy":
        np.lib.format.write_array(out, array, version=pick(rng, [(1, 0), (2, 0), (3, 0)]))
    elif suffix == ".npz":
        np.savez(out, a=array, b=np.arange(3))
    else:
        from safetensors.numpy import save

        return save({"a": np.ascontiguousarray(array), "b": np.arange(3)})
    return out.getvalue()


def _damaged(rng, raw):
    raw = bytearray(raw)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(raw) + 1))
        kind = rng.integers(4)
        if kind == 0:
            del raw[at:]
        elif kind == 1:
            raw[at : at + int(rng.integers(3))] = rng.bytes(int(rng.integers(4)))
        elif kind == 2:
            digits = [i for i, b in enumerate(raw[:200]) if 48 <= b < 58] or [0]
            raw[pick(rng, digits) : pick(rng, digits) + 1] = str(pick(rng, [0, -1, 2**62])).encode()
        elif raw:
            raw[at % len(raw)] ^= 1 << int(rng.integers(8))
    return bytes(raw)


def files(rng, values, log):
    """Files with bytes changed, lost and put in; each loads or is refused by name."""
    suffix = pick(rng, [".npy", ".npy", ".npz", *_SAFETENSORS])
    raw = _damaged(rng, _contents(rng, suffix))
    mmap = suffix != ".npz" and bool(rng.integers(2))
    log("file", suffix, mmap, raw)
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as folder:
        path = os.path.join(folder, "x" + suffix)
        with open(path, "wb") as out:
            out.write(raw)
        try:
            found = nt.load(path, mmap=mmap)
        except (ValueError, TypeError) as error:
            if path not in str(error):
                raise AssertionError(f"{suffix}: an error that does not name the file") from error
            return
        except (OSError, zipfile.BadZipFile, EOFError, KeyError, RuntimeError) as error:
            raise AssertionError(f"{suffix}: {error!r}") from error
        for x in found.values() if isinstance(found, dict) else [found]:
            use(x)


_SAFETENSORS = [".safetensors"] if importlib.util.find_spec("safetensors") else []


def _fast_folder():
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


KINDS = [nearly_right, nearly_right, nearly_right, keys, keys, liars, files]
