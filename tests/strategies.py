"""Shapes, dtypes, data and memory layouts for the tests."""

import os
from dataclasses import dataclass

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import ndtape as nt

BOOL = ["bool"]
SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
INTEGERS = SIGNED + UNSIGNED
FLOATS = ["float32", "float64"]
NUMERIC = INTEGERS + FLOATS
COMPLEX = ["complex64", "complex128"]
ALL = BOOL + NUMERIC

# For each kind of operator (the op table's `types`), the real dtypes that it takes. Whether it
# takes complex ones too is a column of its own.
INPUT_DTYPES = {
    "Numeric": NUMERIC,
    "Any": ALL,
    "Float": ALL,
    "Part": NUMERIC,
    "Compare": ALL,
    "Logical": ALL,
    "Bitwise": BOOL + INTEGERS,
    "Integer": INTEGERS,
    "Round": NUMERIC,
    "Test": NUMERIC,
}

seeds = st.integers(0, 2**32 - 1)


# The sizes that the suite has no time for, where NDTAPE_FULL is set.
FULL = bool(os.environ.get("NDTAPE_FULL"))


def examples(count):
    """Settings for a test that runs `count` examples where others run the default's 40."""
    return settings(max_examples=max(1, count * settings().max_examples // 40))


def shapes(min_dims=0, max_dims=6, max_side=5):
    """Shapes with 0-d, 0-size and length-1 axes among them."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=0, max_side=max_side)


def promoted(a, b):
    """The array API's promotion of two dtype names, or None where it defines none."""
    if a == b:
        return a
    kinds = {np.dtype(a).kind, np.dtype(b).kind}
    if kinds == {"f", "c"}:
        return "complex64" if {a, b} == {"float32", "complex64"} else "complex128"
    if kinds in ({"f"}, {"i"}, {"u"}, {"c"}):
        return max(a, b, key=lambda d: np.dtype(d).itemsize)
    if kinds == {"i", "u"}:
        signed, unsigned = sorted((a, b), key=lambda d: np.dtype(d).kind)
        if np.dtype(signed).itemsize > np.dtype(unsigned).itemsize:
            return signed
        wider = 2 * np.dtype(unsigned).itemsize
        return f"int{8 * wider}" if wider <= 8 else None
    return None


def random_values(seed, shape, dtype, domain="real"):
    """Values of `dtype` that suit an operator's domain (a column of the op table)."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if dtype.kind == "b":
        return np.asarray(rng.integers(0, 2, shape), dtype)
    if dtype.kind in "iu":
        return _integers(rng, shape, dtype, domain)
    if dtype.kind == "c":
        parts = [random_values([seed, k], shape, "float64", domain) for k in range(2)]
        return np.asarray(parts[0] + 1j * parts[1], dtype)
    scale = 10.0 ** rng.integers(-3, 3, shape)
    x = rng.standard_normal(shape) * scale
    if domain == "positive":
        x = np.abs(x) + 1e-6
    elif domain == "nonzero":
        x = np.where(np.abs(x) < 1e-6, 1.0, x)
    elif domain == "unit":
        x = rng.uniform(-0.999, 0.999, shape)
    elif domain == "ge_one":
        x = 1 + np.abs(x)
    elif domain == "gt_minus_one":
        x = np.expm1(rng.uniform(-5, 5, shape))
    elif domain == "small":
        x = rng.uniform(-20, 20, shape)
    return np.asarray(x, dtype)


def _integers(rng, shape, dtype, domain):
    info = np.iinfo(dtype)
    low, high = info.min, info.max
    small = {
        "positive": (0, 4),
        "unit": (0, 1),
        "ge_one": (1, 100),
        "gt_minus_one": (0, 100),
        "small": (max(low, -20), 20),
    }
    if domain in small:
        low, high = small[domain]
    elif rng.integers(0, 2):
        low, high = max(low, -9), 9
    x = rng.integers(low, high, shape, dtype=dtype, endpoint=True)
    if domain == "nonzero":
        x = np.where(x == 0, dtype.type(3), x)
    return np.asarray(x, dtype)


@dataclass(frozen=True)
class Recipe:
    """How an array lies in memory: axis order, steps, gaps, stride-0 axes, and who owns it."""

    order: tuple
    steps: tuple
    gaps: tuple
    repeated: tuple
    adopted: bool  # a Tensor over NumPy's strided view, rather than a view taken by ndtape

    def pair(self, values):
        """`values` as a NumPy array and as a Tensor, both laid out like this.

        Along a repeated axis the first slice stands for all.
        """
        values = np.asarray(values)
        if values.ndim != len(self.order):
            raise ValueError(f"a recipe for {len(self.order)} axes was given {values.ndim}")
        shape = values.shape
        for axis, again in enumerate(self.repeated):
            if again and values.shape[axis] > 1:
                values = values.take([0], axis)
        stored = values.transpose(self.order)
        index, lengths = [], []
        for position, axis in enumerate(self.order):
            n, step, gap = stored.shape[position], self.steps[axis], self.gaps[axis]
            span = max(n - 1, 0) * abs(step) + (n > 0)
            lengths.append(gap + span)
            if step > 0:
                index.append(slice(gap, gap + span, step))
            else:
                stop = gap - 1
                index.append(slice(gap + span - 1, stop if stop >= 0 else None, step))
                if n == 0:
                    index[-1] = slice(0, 0, step)
        memory = np.zeros(lengths, values.dtype)
        index = tuple(index)
        memory[index] = stored
        back = tuple(int(i) for i in np.argsort(self.order))
        array = np.broadcast_to(memory[index].transpose(back), shape)
        if self.adopted:
            return array, nt.asarray(array)
        view = nt.permute_dims(nt.asarray(memory)[index], back)
        return array, nt.broadcast_to(view, shape)


@st.composite
def recipes(draw, ndim, repeated=True):
    """Layouts of an array with `ndim` axes; plain row-major is one of them."""
    if draw(st.integers(0, 3)) == 0:
        return Recipe(tuple(range(ndim)), (1,) * ndim, (0,) * ndim, (False,) * ndim, False)
    pick = lambda s: tuple(draw(st.lists(s, min_size=ndim, max_size=ndim)))  # noqa: E731
    return Recipe(
        order=tuple(draw(st.permutations(range(ndim)))),
        steps=pick(st.sampled_from([1, 1, 2, -1, -3])),
        gaps=pick(st.sampled_from([0, 0, 1, 3])),
        repeated=pick(st.sampled_from([False, False, False, repeated])),
        adopted=draw(st.booleans()),
    )


@st.composite
def laid_out(draw, dtype, shape, domain="real", repeated=True):
    """A NumPy array and a Tensor of equal values in some layout."""
    values = random_values(draw(seeds), shape, dtype, domain)
    return draw(recipes(len(shape), repeated)).pair(values)


@st.composite
def pairs(draw, dtypes=None, min_dims=0, max_dims=5, max_side=5, domain="real"):
    """As `laid_out`, over dtypes and shapes."""
    dtype = draw(st.sampled_from(dtypes or ALL))
    shape = draw(shapes(min_dims, max_dims, max_side))
    return draw(laid_out(dtype, shape, domain))


@st.composite
def broadcastable(draw, count, max_dims=6, max_side=4):
    """`count` shapes that broadcast together."""
    found = draw(
        hnp.mutually_broadcastable_shapes(
            num_shapes=count, max_dims=max_dims, min_side=0, max_side=max_side
        )
    )
    return found.input_shapes


def axes_of(ndim):
    """Arguments for `axis=`: None, an int, a tuple or a list; negative ones and () among them."""
    if ndim == 0:
        return st.sampled_from([None, ()])
    one = st.integers(-ndim, ndim - 1)
    many = st.lists(one, max_size=ndim, unique_by=lambda a: a % ndim)
    return st.one_of(st.none(), one, many.map(tuple), many)


def numpy_axes(axes):
    """The same axes in the form that NumPy takes."""
    return tuple(axes) if isinstance(axes, list) else axes


def from_tensor(t):
    """The values of a Tensor as a NumPy array."""
    return t.detach().numpy()


def ulps(got, want):
    """Distance in units in the last place; NaN equals NaN, signs of zero are not compared.

    `want` may have more precision than `got`: it is first rounded to got's dtype.
    """
    got = np.asarray(got)
    with np.errstate(all="ignore"):
        want = np.asarray(want).astype(got.dtype)
    signed = {4: np.int32, 8: np.int64}[got.dtype.itemsize]
    lowest = np.iinfo(signed).min

    def ordered(x):  # as integers that count up with the floats
        i = np.ascontiguousarray(x).view(signed).reshape(x.shape)
        return np.where(i < 0, lowest - i, i).astype(np.int64)

    g, w = ordered(got), ordered(want)
    up, down = (d.view(np.uint64) for d in (np.atleast_1d(g), np.atleast_1d(w)))
    distance = np.where(g > w, up - down, down - up).reshape(g.shape).astype(np.float64)
    both_nan = np.isnan(got) & np.isnan(want)
    one_nan = np.isnan(got) ^ np.isnan(want)
    return np.where(both_nan, 0.0, np.where(one_nan, np.inf, distance))


def assert_same(got, want, *, signs=False):
    """Equal dtype, shape and values; NaN equals NaN. With `signs`, zeros have equal signs."""
    got = from_tensor(got) if isinstance(got, nt.Tensor) else np.asarray(got)
    want = np.asarray(want)
    assert got.dtype == want.dtype, f"dtype {got.dtype}, want {want.dtype}"
    assert got.shape == want.shape, f"shape {got.shape}, want {want.shape}"
    np.testing.assert_array_equal(got, want)
    if signs and want.dtype.kind == "f":
        number = ~np.isnan(want)
        np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(want)[number])


def assert_close(got, want, *, ulp=0, rtol=0.0, atol=0.0):
    """Equal dtype and shape; floats within `ulp`, or within rtol and atol; others equal."""
    got = from_tensor(got) if isinstance(got, nt.Tensor) else np.asarray(got)
    want = np.asarray(want)
    assert got.shape == want.shape, f"shape {got.shape}, want {want.shape}"
    if got.dtype.kind != "f":
        return assert_same(got, want)
    if ulp:
        worst = ulps(got, want)
        if worst.size and worst.max() > ulp:
            i = np.unravel_index(np.argmax(worst), worst.shape)
            raise AssertionError(f"{worst.max()} ULP at {i}: got {got[i]!r}, want {want[i]!r}")
        return None
    np.testing.assert_allclose(got, want.astype(got.dtype), rtol=rtol, atol=atol)
    return None
