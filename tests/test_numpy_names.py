"""NumPy's vocabulary: each name means what it means there, and has its derivative."""

import inspect
import re
import warnings
from pathlib import Path
from typing import get_args

import gradcheck
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    ALL,
    COMPLEX,
    FLOATS,
    assert_close,
    assert_same,
    examples,
    from_tensor,
    laid_out,
    pairs,
    random_values,
    seeds,
)

import ndtape as nt
from ndtape import _numpy_arrays, _numpy_fits, _numpy_names, _numpy_statistics, _padding

MODULES = (_numpy_arrays, _numpy_fits, _numpy_names, _numpy_statistics)
NAMES = [name for module in MODULES for name in module.__all__]
OTHER_NAMES = {name: f.__name__ for name in NAMES if (f := getattr(nt, name)).__name__ != name}

A, B, V, C = (2, 3), (3, 2), (4,), (2, 3, 4)

# Name to calls: shapes of the float operands, and the call itself in either library.
CALLS = {
    "ndim": [([C], lambda xp, x: xp.ndim(x))],
    "shape": [([C], lambda xp, x: xp.shape(x))],
    "size": [([C], lambda xp, x: (xp.size(x), xp.size(x, -1)))],
    "ravel": [([C], lambda xp, x: xp.ravel(x))],
    "transpose": [([C], lambda xp, x: (xp.transpose(x), xp.transpose(x, (2, 0, 1))))],
    "atleast_1d": [([()], lambda xp, x: xp.atleast_1d(x)), ([A], lambda xp, x: xp.atleast_1d(x))],
    "atleast_2d": [([s], lambda xp, x: xp.atleast_2d(x)) for s in ((), V, A)],
    "vstack": [([A, A], lambda xp, x, y: xp.vstack([x, y])), ([V, V], lambda xp, *x: xp.vstack(x))],
    "hstack": [([A, A], lambda xp, *x: xp.hstack(x)), ([V, ()], lambda xp, *x: xp.hstack(x))],
    "dstack": [([s, s], lambda xp, *x: xp.dstack(x)) for s in (V, A, C)],
    "column_stack": [
        ([V, V], lambda xp, *x: xp.column_stack(x)),
        ([B, (3,)], lambda xp, *x: xp.column_stack(x)),
    ],
    "atleast_3d": [([s], lambda xp, x: xp.atleast_3d(x)) for s in ((), V, A, C)],
    "array_split": [
        ([C], lambda xp, x: [*xp.array_split(x, 3, -1), *xp.array_split(x, [1, 2], 1)]),
        ([V], lambda xp, x: xp.array_split(x, 6)),
    ],
    "hsplit": [([V], lambda xp, x: xp.hsplit(x, 2)), ([A], lambda xp, x: xp.hsplit(x, [1]))],
    "vsplit": [([A], lambda xp, x: xp.vsplit(x, 2))],
    "dsplit": [([C], lambda xp, x: xp.dsplit(x, [1, 3]))],
    "append": [([A, A], lambda xp, x, y: (xp.append(x, y), xp.append(x, y, 1), xp.append(x, 2)))],
    "union1d": [([A, V], lambda xp, x, y: xp.union1d(x, y))],
    "intersect1d": [([V], lambda xp, x: xp.intersect1d(x, x[1:]))],
    "setdiff1d": [([V], lambda xp, x: xp.setdiff1d(x, x[1:]))],
    "angle": [
        ([A, A], lambda xp, x, y: (xp.angle(x + 1j * y), xp.angle(x - 1j * y, deg=True))),
        ([A], lambda xp, x: xp.angle(x)),
    ],
    "digitize": [
        (
            [A],
            lambda xp, x: [
                xp.digitize(x, b, r) for b in ([-0.5, 0.1], [0.3, -0.2]) for r in (0, 1)
            ],
        )
    ],
    "cov": [
        ([A], lambda xp, x: (xp.cov(x), xp.cov(x, rowvar=False), xp.cov(x, bias=True))),
        ([A, (3,)], lambda xp, x, y: (xp.cov(x, y), xp.cov(x, ddof=0), xp.cov(y))),
        ([A, A], lambda xp, x, y: xp.real(xp.cov(x + 1j * y))),
    ],
    "corrcoef": [
        ([(3, 5)], lambda xp, x: (xp.corrcoef(x), xp.corrcoef(x, rowvar=False))),
        ([V, V], lambda xp, x, y: xp.corrcoef(x, y)),
    ],
    "polyval": [([(3,), A], lambda xp, p, x: (xp.polyval(p, x), xp.polyval([1, 2], x)))],
    "polyfit": [
        ([s], lambda xp, y: xp.polyfit(xp.asarray([0.0, 1.0, 2.0, 4.0, 5.0]), y, 2))
        for s in ((5,), (5, 2))
    ],
    "fliplr": [([A], lambda xp, x: xp.fliplr(x))],
    "flipud": [([A], lambda xp, x: xp.flipud(x))],
    "rot90": [
        ([A], lambda xp, x: [xp.rot90(x, k) for k in (-1, 0, 1, 2, 3, 4)]),
        ([C], lambda xp, x: [xp.rot90(x, k, (2, 1)) for k in range(4)]),
    ],
    "pad": [
        ([A], lambda xp, x: [xp.pad(x, w) for w in (1, (1, 2), ((0, 1), (2, 0)))]),
        ([A], lambda xp, x: xp.pad(x, 1, constant_values=((1, 2), (3, 4)))),
        (
            [A],
            lambda xp, x: [xp.pad(x, (3, 5), m) for m in ("edge", "reflect", "symmetric", "wrap")],
        ),
        (
            [A],
            lambda xp, x: [
                xp.pad(x, (4, 7), m, reflect_type="odd") for m in ("reflect", "symmetric")
            ],
        ),
        ([A], lambda xp, x: xp.pad(x, ((2, 1), (0, 3)), "linear_ramp", end_values=(3, -2))),
        (
            [A],
            lambda xp, x: [
                xp.pad(x, {-1: (1, 2)}, m, stat_length=n)
                for m in ("mean", "median", "maximum", "minimum")
                for n in (None, 2, ((1, 1), (1, 3)))
            ],
        ),
    ],
    "diag": [
        ([V], lambda xp, x: [xp.diag(x, k) for k in (-2, 0, 1)]),
        ([A], lambda xp, x: [xp.diag(x, k) for k in (-2, 0, 1, 5)]),
    ],
    "cumsum": [([A], lambda xp, x: (xp.cumsum(x), xp.cumsum(x, 0), xp.cumsum(x, -1)))],
    "cumprod": [([A], lambda xp, x: (xp.cumprod(x), xp.cumprod(x, 0)))],
    "dot": [
        (shapes, lambda xp, x, y: xp.dot(x, y))
        for shapes in ([V, V], [A, B], [A, (3,)], [(), A], [C, V], [C, (4, 5)], [C, (2, 4, 3)])
    ],
    "inner": [
        (shapes, lambda xp, x, y: xp.inner(x, y))
        for shapes in ([V, V], [A, A], [A, (3,)], [(), A], [C, (5, 4)])
    ],
    "vdot": [([A, B], lambda xp, x, y: xp.vdot(x, y))],
    "outer": [([A, V], lambda xp, x, y: xp.outer(x, y))],
    "cross": [([A, (3,)], lambda xp, x, y: xp.cross(x, y))],
    "kron": [
        (shapes, lambda xp, x, y: xp.kron(x, y)) for shapes in ([V, V], [A, B], [A, V], [C, A])
    ],
    "trace": [([C], lambda xp, x: (xp.trace(x), xp.trace(x, 1), xp.trace(x, -1, 2, 1)))],
    "trapezoid": [
        ([A], lambda xp, x: (xp.trapezoid(x), xp.trapezoid(x, dx=0.5, axis=0))),
        ([A, (3,)], lambda xp, x, y: xp.trapezoid(x, y)),
        ([A, A], lambda xp, x, y: xp.trapezoid(x, y, axis=0)),
    ],
    "divmod": [([A, (3,)], lambda xp, x, y: xp.divmod(x, y))],
    "deg2rad": [([A], lambda xp, x: xp.deg2rad(x))],
    "rad2deg": [([A], lambda xp, x: xp.rad2deg(x))],
    "isclose": [([A, A], lambda xp, x, y: (xp.isclose(x, y), xp.isclose(x, x + 1e-6, atol=1e-5)))],
    "allclose": [([A], lambda xp, x: (xp.allclose(x, x), xp.allclose(x, x + 1)))],
    "array_equal": [([A], lambda xp, x: (xp.array_equal(x, x), xp.array_equal(x, x[0])))],
    "fmax": [([A, (3,)], lambda xp, x, y: xp.fmax(x, y))],
    "fmin": [([A, (3,)], lambda xp, x, y: xp.fmin(x, y))],
    "argwhere": [([A], lambda xp, x: xp.argwhere(x > 0))],
    "flatnonzero": [([A], lambda xp, x: xp.flatnonzero(x > 0))],
    "unique": [
        ([A], lambda xp, x: xp.unique(x)),
        (
            [A],
            lambda xp, x: xp.unique(x, return_index=True, return_inverse=True, return_counts=True),
        ),
        ([A], lambda xp, x: (xp.unique(x, axis=1), *xp.unique(x, True, axis=0))),
    ],
    "median": [
        ([A], lambda xp, x: (xp.median(x), xp.median(x, 1), xp.median(x, axis=0, keepdims=True))),
        ([C], lambda xp, x: (xp.median(x, (0, 2)), xp.median(x, (2, 1), keepdims=True))),
    ],
    "quantile": [
        ([C], lambda xp, x: (xp.quantile(x, 0.3), xp.quantile(x, [0, 0.4, 1], 1))),
        ([C], lambda xp, x: xp.quantile(x, [[0.1], [0.9]], (0, 2), keepdims=True)),
        (
            [A],
            lambda xp, x: [
                xp.quantile(x, [0.2, 0.5, 0.7], 1, method=m)
                for m in get_args(_numpy_statistics.Method)
            ],
        ),
        *(
            (
                [C],
                lambda xp, x, w=w, axis=axis: xp.quantile(
                    x, [0, 0.3, 0.9], axis, method="inverted_cdf", weights=xp.asarray(w)
                ),
            )
            for w, axis in (
                (np.arange(24.0).reshape(C), None),
                (np.arange(24.0).reshape(C), 1),
                ([0.0, 2.0, 1.0], 1),
                ([[0.0, 2.0, 1.0, 1.0]] * 2, (0, 2)),
            )
        ),
    ],
    "percentile": [
        ([C], lambda xp, x: xp.percentile(x, [25, 60], axis=-1)),
        (
            [A],
            lambda xp, x: xp.percentile(
                x, 40, 1, method="inverted_cdf", weights=xp.asarray([1.0, 2.0, 4.0])
            ),
        ),
    ],
    "average": [
        ([A], lambda xp, x: (xp.average(x), xp.average(x, 0))),
        ([A, A], lambda xp, x, w: xp.average(x, 1, weights=w * w + 1)),
        ([A, (2,)], lambda xp, x, w: xp.average(x, 0, weights=w * w + 1)),
    ],
    "ptp": [([A], lambda xp, x: (xp.ptp(x), xp.ptp(x, 1)))],
    **{
        name: [([A], lambda xp, x, name=name: (getattr(xp, name)(x), getattr(xp, name)(x, 1)))]
        for name in ("nansum", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd")
    },
    "nan_to_num": [([A], lambda xp, x: (xp.nan_to_num(x), xp.nan_to_num(x, nan=2, posinf=3)))],
    "histogram": [
        ([C], lambda xp, x: [*xp.histogram(x), *xp.histogram(x, 4, (-1, 1), density=True)]),
        ([V, V], lambda xp, x, w: [*xp.histogram(x, weights=w)]),
        ([V, V], lambda xp, x, w: xp.histogram(x, [-1, 0, 0.5], density=True, weights=w * w)[0]),
        ([A, A], lambda xp, x, w: [*xp.histogram(x, 3, (-0.5, 0.5), weights=w * 1j)]),
    ],
    "bincount": [([V], lambda xp, w: xp.bincount(xp.asarray([3, 0, 3, 1]), w, 6))],
    "interp": [
        ([C, (5,), (5,)], lambda xp, x, p, f: xp.interp(x, xp.sort(p), f)),
        (
            [A, (3,)],
            lambda xp, x, f: xp.interp(x, xp.asarray([-1.0, 0.0, 1.0]), f, left=5, right=6),
        ),
        ([A, (1,), (1,)], lambda xp, x, p, f: xp.interp(x, p, f)),
        ([C, (5,), (5,)], lambda xp, x, p, f: xp.interp(x, p, f, period=0.7)),
        (
            [A, (3,)],
            lambda xp, x, f: [
                part(xp.interp(x, xp.asarray([-1.0, 0.0, 1.0]), f * (1 + 2j)))
                for part in (xp.real, xp.imag)
            ],
        ),
    ],
}
CONSTANT = {
    "ndim", "shape", "size", "isclose", "allclose", "array_equal", "argwhere", "flatnonzero",
    "histogram", "isscalar", "identity", "unravel_index", "digitize", "geomspace", "logspace",
    "tri", "tril_indices", "triu_indices",
}  # fmt: skip
KINKS = {"divmod"}  # piecewise: its derivative is tested with floor_divide and remainder


def _flat(result):
    return [y for x in result for y in _flat(x)] if isinstance(result, (tuple, list)) else [result]


def _tensors(result):
    return [y for y in _flat(result) if isinstance(y, nt.Tensor)]


@pytest.mark.parametrize("name", CALLS)
@examples(6)
@given(data=st.data())
def test_means_what_it_means_in_numpy(name, data):
    dtype = data.draw(st.sampled_from(FLOATS))
    for shapes, call in CALLS[name]:
        pairs = [
            data.draw(laid_out(dtype, shape, domain="unit", repeated=False)) for shape in shapes
        ]
        arrays, tensors = zip(*pairs, strict=True)
        wanted, found = _flat(call(np, *arrays)), _flat(call(nt, *tensors))
        assert len(found) == len(wanted)
        for got, want in zip(found, wanted, strict=True):
            if not isinstance(got, nt.Tensor):
                assert got == want
                continue
            want = np.asarray(want)
            assert got.shape == want.shape
            assert (got.dtype == dtype) == (want.dtype.kind == "f") or name in ("histogram",)
            tolerance = 2e-5 if dtype == "float32" else 1e-12
            np.testing.assert_allclose(from_tensor(got), want, rtol=tolerance, atol=tolerance)


GRADIENTS = {
    f"{name} {i}": case
    for name, cases in CALLS.items()
    if name not in CONSTANT | KINKS
    for i, case in enumerate(cases)
}


def values_for(shapes, seed=3):
    return [
        np.random.default_rng(i).permutation(a.reshape(-1)).reshape(a.shape)
        for i, a in enumerate(gradcheck.values(seed, shapes))
    ]


def smooth(call):
    """The squares of all float results of a call, one after the other."""

    def f(*tensors):
        found = [y for y in _tensors(call(nt, *tensors)) if y.dtype.kind in "fc"]
        return nt.concat([nt.reshape(nt.square(y), -1) for y in found], axis=0)

    return f


@pytest.mark.parametrize("name", GRADIENTS)
def test_derivatives(name):
    shapes, call = GRADIENTS[name]
    gradcheck.check(smooth(call), *values_for(shapes))


def test_every_name_is_covered_and_in_the_table():
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) == {*CALLS, *OTHER_NAMES, *CONSTANT, *KINKS}
    for name, other in OTHER_NAMES.items():
        assert getattr(nt, name) is getattr(nt, other, None) or name == "cross"
    table = (Path(__file__).parent.parent / "docs/numpy_names.md").read_text()
    listed = re.findall(r"^\| `(\w+)`", table, re.M)
    assert sorted(listed) == sorted(NAMES)


# ---- what the table above does not say -----------------------------------------------------------


def test_numbers_and_shapes():
    for thing in (1, 2.5, True, 1j, "x", np.float64(1)):
        assert nt.isscalar(thing) == np.isscalar(thing)
    for thing in (np.array(1), nt.tensor(1), [1], None):
        assert not nt.isscalar(thing)
    assert_same(nt.identity(3, dtype=nt.int8), np.identity(3, np.int8))
    got = nt.unravel_index(nt.tensor([[0, 5], [3, 2]]), (2, 3))
    for g, w in zip(got, np.unravel_index([[0, 5], [3, 2]], (2, 3)), strict=True):
        assert_same(g, w)
    with pytest.raises(ValueError, match="out of bounds"):
        nt.unravel_index(6, (2, 3))


def test_views_are_views():
    x = nt.zeros((2, 3))
    for view in (nt.ravel(x), nt.transpose(x), nt.fliplr(x), nt.rot90(x), nt.atleast_2d(x)):
        view += 1
    assert x.tolist() == [[5] * 3] * 2


@pytest.mark.parametrize(
    "name",
    [
        "median",
        "ptp",
        "fmax",
        "fmin",
        "nansum",
        "nanmax",
        "nanmin",
        "nanmean",
        "nan_to_num",
        "nanvar",
        "nanstd",
    ],
)
def test_nan(name):
    array = np.array([[1, np.nan, 3], [np.nan, np.nan, np.nan], [np.inf, 2, -np.inf]])
    for arguments in (
        ((array, array[::-1]),) if name in ("fmax", "fmin") else ((array,), (array, 1))
    ):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if name == "nan_to_num":
                arguments = arguments[:1]
            want = getattr(np, name)(*arguments)
        np.testing.assert_array_equal(from_tensor(getattr(nt, name)(*arguments)), want)


@examples(30)
@given(seeds, st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 1.0]))
def test_quantiles_with_ties_and_nan(seed, q):
    array = np.random.default_rng(seed).integers(0, 4, (3, 5)).astype(float)
    array[2, 1] = np.nan
    assert_same(nt.quantile(array, q, 1), np.quantile(array, q, 1))
    assert_same(nt.median(array[:2], 0), np.median(array[:2], 0))


@examples(60)
@given(st.data())
def test_padding_of_any_dtype(data):
    dtype = data.draw(st.sampled_from(["float32", "float64", "int8", "uint8", "int64", "bool"]))
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    array, tensor = data.draw(laid_out(dtype, shape, domain="unit", repeated=False))
    width = st.integers(0, 9)
    pairs = data.draw(st.lists(st.tuples(width, width), min_size=len(shape), max_size=len(shape)))
    mode = data.draw(st.sampled_from([m for m in _padding._OPTIONS if m != "empty"]))
    options = {}
    if mode == "constant":
        options["constant_values"] = data.draw(st.sampled_from([0, 1, (1, 0)]))
    elif mode == "linear_ramp":
        options["end_values"] = data.draw(st.sampled_from([0, 1, (1, 0)]))
    elif mode in ("reflect", "symmetric") and dtype != "bool":
        options["reflect_type"] = data.draw(st.sampled_from(["even", "odd"]))
    elif mode in ("maximum", "minimum", "mean", "median"):
        options["stat_length"] = data.draw(st.sampled_from([None, 1, 2, (1, 7)]))
    if dtype == "bool" and mode in ("linear_ramp", "mean", "median"):
        return  # NumPy subtracts bools, or refuses
    with np.errstate(all="ignore"):
        want = np.pad(array, pairs, mode, **options)
    got = nt.pad(tensor, pairs, mode, **options)
    assert got.shape == want.shape
    assert got.dtype == dtype
    np.testing.assert_allclose(from_tensor(got), want, rtol=1e-5, atol=1e-5)


def test_padding_by_a_function():
    def fill(vector, width, axis, options):
        vector[: width[0]] = options["value"] + axis
        vector[vector.size - width[1] :] = -1

    array = np.arange(6).reshape(2, 3)
    assert_same(nt.pad(nt.asarray(array), 2, fill, value=5), np.pad(array, 2, fill, value=5))
    assert nt.pad(nt.ones((2, 0)), 1, "empty").shape == (4, 2)
    with pytest.raises(TypeError, match="no derivative"):
        nt.pad(nt.ones(2, requires_grad=True), 1, fill)


@examples(60)
@given(seeds, st.sampled_from(get_args(_numpy_statistics.Method)), st.booleans())
def test_quantiles_by_any_method(seed, method, ties):
    rng = np.random.default_rng(seed)
    shape = (3, int(rng.integers(1, 9)))
    array = rng.integers(0, 4, shape).astype(float) if ties else rng.standard_normal(shape)
    q = rng.choice([0, 0.1, 0.25, 1 / 3, 0.5, 0.6, 0.75, 1], 4)
    got, want = nt.quantile(array, q, 1, method=method), np.quantile(array, q, 1, method=method)
    np.testing.assert_allclose(from_tensor(got), want, rtol=1e-12, atol=1e-12)
    if method == "inverted_cdf":
        weights = rng.integers(0, 3, shape) + np.eye(*shape)
        options = {"axis": 1, "weights": weights, "method": method}
        assert_same(nt.quantile(array, q, **options), np.quantile(array, q, **options))


@examples(40)
@given(st.data())
def test_unique_with_ties_and_nan(data):
    dtype = data.draw(st.sampled_from(["float32", "complex128", "int16", "bool"]))
    rng = np.random.default_rng(data.draw(seeds))
    array = rng.integers(0, 4, int(rng.integers(0, 30))).astype(dtype)
    if dtype in ("float32", "complex128"):
        array[array == 3] = np.nan
    asked = data.draw(st.tuples(*[st.booleans()] * 3))
    equal_nan = data.draw(st.booleans())
    if not equal_nan:
        asked = (True, *asked[1:])  # or NumPy's order of NaN would be that of a quick sort
    got = nt.unique(nt.asarray(array), *asked, equal_nan=equal_nan)
    want = np.unique(array, *asked, equal_nan=equal_nan)
    if not any(asked):
        got, want = (got,), (want,)
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert_same(g, w)


def test_counts():
    x = nt.tensor([0, 3, 3, 1], dtype=nt.int32)
    assert_same(nt.bincount(x), np.bincount([0, 3, 3, 1]))
    assert_same(nt.bincount(x, minlength=6), np.bincount([0, 3, 3, 1], minlength=6))
    assert nt.bincount(nt.zeros(0, dtype=nt.int64)).shape == (0,)
    found = nt.histogram(nt.tensor([1.0, 2.0, 5.0]), nt.tensor([0.0, 2.0, 5.0]))
    assert found.hist.tolist() == [1, 2]
    assert nt.histogram([1.0, 2.0], "auto").bin_edges.ndim == 1


def test_infinities_are_close_to_themselves():
    x = nt.tensor([np.inf, -np.inf, np.nan, 1.0])
    assert nt.isclose(x, x).tolist() == [True, True, False, True]
    assert nt.isclose(x, x, equal_nan=True).tolist() == [True] * 4
    assert not nt.allclose(x, -x, equal_nan=True)
    assert nt.array_equal(x, x, equal_nan=True) is True
    assert nt.isclose(nt.tensor([1, 2]), nt.tensor([1.0, 2.5])).tolist() == [True, False]


def test_complex_numbers():
    z = nt.tensor([1 + 1j, 2 - 1j], dtype=nt.complex128)
    assert nt.vdot(z, z).item() == 7
    assert nt.dot(z, z).item() == np.dot(z, z)
    assert nt.conjugate(z).tolist() == [1 - 1j, 2 + 1j]
    assert nt.nanmean(nt.tensor([1j, complex(np.nan, 1)])).item() == 1j
    assert nt.isclose(z, z * (1 + 1e-9)).tolist() == [True, True]


def _weighted(x, weights):
    return nt.quantile(x, 0.5, weights=weights, method="inverted_cdf")


@pytest.mark.parametrize(
    ("error", "call", "match"),
    [
        (ValueError, lambda: nt.pad(nt.ones(2), 1, "meen"), "mode 'meen'"),
        (ValueError, lambda: nt.pad(nt.ones(2), 1, "edge", stat_length=1), "takes no stat_length"),
        (ValueError, lambda: nt.pad(nt.ones(2), 1, "mean", stat_length=0), "stat_length 0"),
        (ValueError, lambda: nt.pad(nt.ones(2), 1, "wrap", reflect_type="odd"), "reflect_type"),
        (ValueError, lambda: nt.pad(nt.ones(2), 1, "reflect", reflect_type="x"), "'x'"),
        (IndexError, lambda: nt.pad(nt.ones(2), {1: 1}), "axis 1"),
        (ValueError, lambda: nt.pad(nt.ones(2), -1), "negative"),
        (TypeError, lambda: nt.pad(nt.ones(2), 1.5), "integers"),
        (ValueError, lambda: nt.pad(nt.ones(2), (1, 2, 3)), "broadcast"),
        (ValueError, lambda: nt.pad(nt.ones(0), 1, "edge"), "empty"),
        (ValueError, lambda: nt.diag(nt.ones((2, 2, 2))), "one or two axes"),
        (ValueError, lambda: nt.rot90(nt.ones((2, 2)), axes=(0, 0)), "twice"),
        (ValueError, lambda: nt.rot90(nt.ones((2, 2)), axes=(0,)), "two axes"),
        (ValueError, lambda: nt.quantile(nt.ones(2), 1.5), "between 0 and 1"),
        (ValueError, lambda: nt.quantile(nt.ones(2), nt.nan), "between 0 and 1"),
        (ValueError, lambda: nt.quantile(nt.ones(0), 0.5), "nothing"),
        (ValueError, lambda: nt.quantile(nt.ones(2), 0.5, method="hasen"), "hasen"),
        (ValueError, lambda: nt.quantile(nt.ones(2), 0.5, weights=nt.ones(2)), "inverted_cdf"),
        (ValueError, lambda: _weighted(nt.ones((2, 3)), nt.ones(3)), "weights of shape"),
        (ValueError, lambda: _weighted(nt.ones(2), nt.tensor([1.0, -1.0])), "negative"),
        (ValueError, lambda: _weighted(nt.ones(2), nt.zeros(2)), "zero"),
        (ValueError, lambda: nt.interp(1.0, [0.0, 1.0], [0.0, 1.0], period=0), "period"),
        (ValueError, lambda: nt.percentile(nt.ones(2), 101), "between 0 and 1"),
        (IndexError, lambda: nt.median(nt.ones(2), 1), "median: axis 1"),
        (TypeError, lambda: nt.median(nt.ones(2) * 1j), "order"),
        (ValueError, lambda: nt.average(nt.ones((2, 3)), 0, weights=nt.ones(3)), ""),
        (ValueError, lambda: nt.average(nt.ones((2, 3)), weights=nt.ones(3)), "weights"),
        (TypeError, lambda: nt.bincount(nt.ones(2)), "vector of integers"),
        (ValueError, lambda: nt.bincount(nt.tensor([-1])), ""),
        (TypeError, lambda: nt.bincount(nt.zeros(1, dtype=nt.uint64)), "uint64"),
        (ValueError, lambda: nt.interp(1.0, [0.0, 1.0], [0.0]), "equal length"),
        (ValueError, lambda: nt.dot(nt.ones((2, 3)), nt.ones((2, 3))), "align"),
    ],
)  # fmt: skip
def test_misuse(error, call, match):
    with pytest.raises(error, match=match or None):
        call()


@given(st.sampled_from([*FLOATS, *COMPLEX, "int16", "int64", "uint8"]), seeds, st.integers(-4, 12))
def test_decimals(name, seed, decimals):
    x = random_values(seed, (5,), name, "small")
    t = nt.asarray(x)
    got, want = nt.round(t, decimals), np.round(x, decimals)
    assert got.dtype == name
    tolerance = 4 * np.finfo(name).eps if x.dtype.kind in "fc" else 0
    np.testing.assert_allclose(got.numpy(), want, rtol=tolerance, atol=0)
    assert_same(t.round(decimals), got.numpy())
    assert_same(round(t, decimals), got.numpy())


@pytest.mark.parametrize("name", FLOATS)
def test_decimals_beyond_the_dtype(name):
    x = nt.asarray([1.25, -np.inf, np.nan, np.finfo(name).max, -0.0], dtype=name)
    for decimals in (30, 400, 2**70):
        assert_same(nt.round(x, decimals), x.numpy(), signs=True)
    for decimals in (-400, -(2**70)):
        assert nt.round(x, decimals)[0] == 0
    with pytest.raises(TypeError, match="decimals"):
        nt.round(x, 0.5)


def test_round_has_no_slope_at_any_decimal():
    x = nt.tensor([1.234, -5.678], requires_grad=True)
    nt.round(x, 1).sum().backward()
    assert x.grad.tolist() == [0, 0]


def test_the_divisor_has_two_names():
    x = nt.asarray([[1.0, 2.0, 4.0], [0.0, 1.0, 1.0]], dtype=nt.float64)
    for name in ("var", "std"):
        want = getattr(np, name)(x.numpy(), 1, ddof=1)
        assert_close(getattr(nt, name)(x, 1, ddof=1), want, ulp=2)
        assert_close(getattr(x, name)(1, ddof=1), want, ulp=2)
        with pytest.raises(TypeError, match="correction and ddof"):
            getattr(nt, name)(x, correction=1, ddof=1)


@given(st.data())
def test_where_of_a_condition_alone(data):
    array, tensor = data.draw(pairs(ALL, min_dims=1, max_dims=3))
    for got, want in zip(nt.where(tensor), np.where(array), strict=True):
        assert_same(got, want)
    with pytest.raises(TypeError, match="x1 and x2"):
        nt.where(tensor, 1)


# Before NumPy 2 they were a_min and a_max; data is not NumPy's object.
OTHER_POSITIONS = {"clip", "array", "rint"}


@pytest.mark.parametrize("name", sorted(set(nt.__all__) & set(np.__all__) - OTHER_POSITIONS))
def test_positions_are_numpys(name):
    """What is taken by position and by name stands where NumPy has it."""

    def positions(function):
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        found = inspect.signature(function).parameters.values()
        return [p for p in found if p.kind in kinds]

    if not callable(getattr(nt, name)) or isinstance(getattr(np, name), type):
        return
    try:
        numpys = [p.name for p in positions(getattr(np, name))]
    except ValueError:  # NumPy does not tell
        return
    for i, p in enumerate(positions(getattr(nt, name))):
        if p.kind == inspect.Parameter.POSITIONAL_OR_KEYWORD:
            assert numpys[i] == p.name


@given(data=st.data())
def test_diagonals_of_any_two_axes(data):
    array, tensor = data.draw(pairs(ALL, min_dims=2, max_dims=4))
    first, second = data.draw(st.permutations(range(array.ndim)))[:2]
    offset = data.draw(st.integers(-4, 4))
    assert_same(nt.diagonal(tensor, offset), np.diagonal(array, offset))
    got = tensor.diagonal(offset, axis1=first, axis2=second - array.ndim)
    assert_same(got, np.diagonal(array, offset, first, second))
    assert got.size == 0 or np.shares_memory(got.numpy(), tensor.numpy())


def test_diagonals_refuse():
    with pytest.raises(ValueError, match="same axis"):
        nt.diagonal(nt.ones((2, 3, 4)), axis1=1, axis2=-2)
    with pytest.raises(IndexError, match="3"):
        nt.diagonal(nt.ones((2, 3, 4)), axis1=3)


@pytest.mark.parametrize("name", ["fmax", "fmin", "dot", "inner", "outer", "kron"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "complex64"])
def test_numbers_beside_tensors_are_weak(name, dtype):
    if dtype == "complex64" and name in ("fmax", "fmin"):
        return
    x = np.asarray([3, -1, 2], dtype)
    for numpys, ours in (((x, 2), (nt.asarray(x), 2)), ((2, x), (2, nt.asarray(x)))):
        assert_same(getattr(nt, name)(*ours), getattr(np, name)(*numpys).astype(dtype))


def test_a_tuple_is_a_condition():
    assert [i.tolist() for i in nt.where((2, 0, 3))] == [[0, 2]]


def test_ranges_that_grow_by_a_factor():
    for call in (
        lambda xp: xp.logspace(0, 2, 5),
        lambda xp: xp.logspace(-1, 1, 4, endpoint=False, base=2.0),
        lambda xp: xp.geomspace(1, 256, 9),
        lambda xp: xp.geomspace(-1, -8, 3, endpoint=False),
    ):
        got = call(nt)
        assert got.dtype == nt.float32
        np.testing.assert_allclose(got.numpy(), call(np), rtol=1e-6)
    assert nt.geomspace(1, 8, 4, dtype=nt.float64).dtype == nt.float64


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("m", [None, 2, 5])
@pytest.mark.parametrize("k", [-2, 0, 1, 7])
def test_triangles(n, m, k):
    assert_same(nt.tri(n, m, k, nt.int8), np.tri(n, m, k, np.int8))
    for name in ("tril_indices", "triu_indices"):
        for got, want in zip(getattr(nt, name)(n, k, m), getattr(np, name)(n, k, m), strict=True):
            assert_same(got, want)


@given(st.lists(st.integers(-4, 4)), st.lists(st.integers(-4, 4)))
def test_sets_of_integers(a, b):
    x, y = np.array(a, np.int64), np.array(b, np.int64)
    for name in ("union1d", "intersect1d", "setdiff1d"):
        assert_same(getattr(nt, name)(x, y), getattr(np, name)(x, y))


def test_splits_and_fits_refuse():
    for call, match in (
        (lambda: nt.array_split(nt.ones(3), 0), "0 parts"),
        (lambda: nt.vsplit(nt.ones(3), 1), "at least 2 axes"),
        (lambda: nt.hsplit(nt.tensor(1.0), 1), "at least 1 axis"),
        (lambda: nt.cov(nt.ones((2, 2, 2))), "two axes"),
        (lambda: nt.polyval(nt.ones((2, 2)), 1.0), "one axis"),
        (lambda: nt.polyfit(nt.ones(3), nt.ones(2), 1), "3 places and 2 values"),
        (lambda: nt.polyfit(nt.ones(3), nt.ones(3), -1), "negative"),
    ):
        with pytest.raises(ValueError, match=match):
            call()


def test_spread_of_too_few_is_nan():
    assert nt.isnan(nt.nanvar(nt.tensor([1.0, nt.nan]), ddof=1))
    assert nt.isnan(nt.cov(nt.tensor([1.0])))
