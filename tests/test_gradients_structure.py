"""The derivatives of reductions, products, views, joins, gathers and in-place changes."""

import gradcheck
import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optable import BY_NAME
from strategies import axes_of, broadcastable, examples, recipes, seeds

import ndtape as nt
from ndtape import _numpy_arrays, _numpy_fits, _numpy_names, _numpy_statistics

_TAKE = np.array([[2, 0], [-1, 2]])
_ALONG = np.array([[0, 2, 1, 1], [2, 2, 0, 3]])
_MASK = np.array([[True, False, True, True], [False, False, True, False]])


def _in_place(change):
    """`change(copy)` as a function that returns the changed copy."""

    def f(x, *rest):
        y = x * 1.0
        change(y, *rest)
        return y

    return f


def _set(index):
    return _in_place(lambda y, v: y.__setitem__(index, v))


# Name to (function, shapes of its arguments, domain).
CASES = {
    "sum": (nt.sum, [(2, 3)]),
    "sum axis": (lambda x: nt.sum(x, axis=1), [(2, 3)]),
    "sum axes": (lambda x: nt.sum(x, axis=(0, -1), keepdims=True), [(2, 3, 2)]),
    "sum no axes": (lambda x: nt.sum(x, axis=()), [(2, 3)]),
    "sum dtype": (lambda x: nt.sum(nt.sin(x), axis=0, dtype=nt.float64), [(2, 3)]),
    "prod": (nt.prod, [(2, 3)]),
    "prod axis": (lambda x: nt.prod(x, axis=0), [(3, 2)]),
    "prod axes": (lambda x: nt.prod(x, axis=(0, 2), keepdims=True), [(2, 2, 2)]),
    "mean": (nt.mean, [(2, 3)]),
    "mean axis": (lambda x: nt.mean(x, axis=-1, keepdims=True) * x, [(2, 3)]),
    "var": (nt.var, [(2, 3)]),
    "var axis": (lambda x: nt.var(x, axis=0, correction=1), [(3, 2)]),
    "std": (nt.std, [(2, 3)]),
    "std axis": (lambda x: nt.std(x, axis=1, correction=1, keepdims=True), [(2, 3)]),
    "max": (nt.max, [(2, 3)]),
    "max axis": (lambda x: nt.max(nt.square(x), axis=1), [(2, 3)]),
    "min axes": (lambda x: nt.min(x * x, axis=(0, 2)), [(2, 3, 2)]),
    "cumulative_sum": (lambda x: nt.square(nt.cumulative_sum(x, axis=1)), [(2, 3)]),
    "cumulative_prod": (lambda x: nt.cumulative_prod(x, axis=0), [(3, 2)]),
    "logsumexp": (nt.logsumexp, [(2, 3)]),
    "logsumexp axis": (lambda x: nt.logsumexp(x, axis=0, keepdims=True), [(2, 3)]),
    "matmul": (nt.matmul, [(2, 3), (3, 4)]),
    "matmul transposed": (lambda a, b: a.T @ b.mT, [(3, 2), (4, 3)]),
    "matmul row": (nt.matmul, [(3,), (3, 2)]),
    "matmul column": (nt.matmul, [(2, 3), (3,)]),
    "matmul dot": (nt.matmul, [(3,), (3,)]),
    "matmul batch": (nt.matmul, [(2, 2, 3), (2, 3, 2)]),
    "matmul broadcast": (nt.matmul, [(2, 1, 2, 3), (3, 3, 1)]),
    "matmul batch row": (nt.matmul, [(3,), (2, 3, 2)]),
    "matmul batch column": (nt.matmul, [(2, 2, 3), (3,)]),
    "matmul self": (lambda a: a @ a, [(3, 3)]),
    "softmax": (nt.softmax, [(2, 3)]),
    "log_softmax": (lambda x: nt.log_softmax(x, axis=0), [(2, 3)]),
    "layer_norm": (nt.layer_norm, [(2, 4), (4,), (4,)]),
    "cross_entropy": (lambda x: nt.cross_entropy(x, nt.asarray([2, 0])), [(2, 3)]),
    "einsum": (lambda a, b: nt.einsum("ij,jk->ki", a, b), [(2, 3), (3, 4)]),
    "einsum diagonal": (lambda a: nt.einsum("iij->j", a * a), [(2, 2, 3)]),
    "einsum several": (
        lambda a, b, c: nt.einsum("...i,ij,...j->...", a, b, c),
        [(2, 3), (3, 2), (1, 2)],
    ),
    "einsum twice": (lambda a: nt.einsum("ij,ik,il->jkl", a, a, a), [(2, 3)]),
    "reshape": (lambda x: nt.reshape(nt.exp(x), (3, 2)), [(2, 3)]),
    "reshape copies": (lambda x: nt.reshape(nt.sin(x).T, (6,)), [(2, 3)]),
    "permute_dims": (lambda x: nt.permute_dims(x * x, (2, 0, 1)), [(2, 3, 2)]),
    "T": (lambda x: x.T * nt.exp(x.T), [(2, 3)]),
    "mT": (lambda x: nt.square(x.mT), [(2, 2, 3)]),
    "swapaxes": (lambda x: nt.square(nt.swapaxes(x, 0, -1)), [(2, 1, 3)]),
    "diagonal": (lambda x: nt.square(nt.diagonal(x, 1)), [(3, 3)]),
    "matrix_transpose": (lambda x: nt.square(nt.matrix_transpose(x)), [(2, 3)]),
    "expand_dims": (lambda x: nt.expand_dims(x, axis=1) * nt.expand_dims(x, axis=0), [(3,)]),
    "expand_dims twice": (lambda x: nt.square(nt.expand_dims(x, axis=(0, 2))), [(3,)]),
    "squeeze": (lambda x: nt.square(nt.squeeze(x, axis=1)), [(2, 1, 3)]),
    "moveaxis": (lambda x: nt.square(nt.moveaxis(x, 0, -1)), [(2, 1, 3)]),
    "unstack": (lambda x: (lambda a, b: a * nt.exp(b))(*nt.unstack(x, axis=1)), [(3, 2)]),
    "broadcast_arrays": (lambda a, b: nt.multiply(*nt.broadcast_arrays(a, b)), [(3, 1), (2,)]),
    "meshgrid": (lambda a, b: nt.multiply(*nt.meshgrid(a, b)), [(3,), (2,)]),
    "repeat": (lambda x: nt.square(nt.repeat(x, 2, axis=0)), [(3, 2)]),
    "repeat each": (lambda x: nt.square(nt.repeat(x, nt.asarray([0, 1, 3]), axis=1)), [(2, 3)]),
    "tile": (lambda x: nt.square(nt.tile(x, (2, 1, 3))), [(2, 3)]),
    "diff": (lambda x: nt.square(nt.diff(x, n=2)), [(2, 4)]),
    "diff between": (
        lambda x, a, b: nt.square(nt.diff(x, axis=0, prepend=a, append=b)),
        [(2, 3), (1, 3), ()],
    ),
    "vecdot": (nt.vecdot, [(2, 3), (3,)]),
    "vecdot long": (nt.vecdot, [(2, 33), (33,)]),
    "tensordot": (lambda a, b: nt.tensordot(a, b, axes=1), [(2, 2, 3), (3, 2)]),
    "sort": (lambda x: nt.square(nt.sort(x, axis=0)), [(4, 2)]),
    "unique_values": (lambda x: nt.square(nt.unique_values(x)), [(2, 3)]),
    "unique_all": (lambda x: nt.square(nt.unique_all(x).values), [(2, 3)]),
    "unique_counts": (lambda x: nt.square(nt.unique_counts(x).values), [(2, 3)]),
    "unique_inverse": (lambda x: nt.square(nt.unique_inverse(x).values), [(2, 3)]),
    "broadcast_to": (lambda x: nt.square(nt.broadcast_to(x, (2, 3, 4))), [(3, 1)]),
    "flip": (lambda x: nt.flip(x, axis=1) * x, [(2, 3)]),
    "tril": (lambda x: nt.square(nt.tril(x)), [(3, 3)]),
    "triu": (lambda x: nt.square(nt.triu(x, k=1)), [(3, 3)]),
    "index int": (lambda x: nt.square(x[1]), [(3, 2)]),
    "index slice": (lambda x: nt.square(x[::-2, 1:]), [(3, 3)]),
    "index mixed": (lambda x: nt.exp(x[..., None, 0]), [(2, 3)]),
    "index twice": (lambda x: x[0] * x[1] + x[0], [(2, 3)]),
    "index of index": (lambda x: nt.square(x[1:][0][::-1]), [(3, 3)]),
    "iteration": (lambda x: sum(row * (i + 1.0) * row for i, row in enumerate(x)), [(3, 2)]),
    "concat": (lambda a, b: nt.square(nt.concat([a, b], axis=1)), [(2, 3), (2, 1)]),
    "concat flat": (lambda a, b: nt.square(nt.concat([a, b, a], axis=None)), [(2, 2), (3,)]),
    "stack": (lambda a, b: nt.square(nt.stack([a, b], axis=-1)), [(2, 2), (2, 2)]),
    "split": (lambda x: (lambda p: p[0] * nt.exp(p[2]) * p[1])(nt.split(x, 3, axis=1)), [(2, 3)]),
    "roll": (lambda x: nt.roll(x, (1, -2), axis=(0, 1)) * x, [(2, 3)]),
    "roll flat": (lambda x: nt.roll(x, 2) * x, [(2, 3)]),
    "take": (lambda x: nt.square(nt.take(x, nt.asarray(_TAKE), axis=1)), [(2, 3)]),
    "take rows": (lambda x: nt.square(nt.take(x, nt.asarray(_TAKE), axis=0)), [(3, 2)]),
    "index_add": (
        lambda x, v: nt.square(nt.index_add(x, nt.asarray([0, 2, 0]), v, axis=1)),
        [(2, 3), (2, 3)],
    ),
    "take_along_axis": (
        lambda x: nt.square(nt.take_along_axis(x, nt.asarray(_ALONG), axis=1)),
        [(2, 4)],
    ),
    "take_along_axis 0": (
        lambda x: nt.square(nt.take_along_axis(x, nt.asarray(_ALONG % 2), axis=0)),
        [(2, 4)],
    ),
    "where": (
        lambda a, b: nt.where(nt.asarray(_MASK), nt.square(a), nt.exp(b)),
        [(2, 4), (4,)],
    ),
    "where computed": (lambda a: nt.where(a > 0, nt.square(a), -a), [(2, 4)]),
    "clip": (lambda x: nt.clip(nt.square(x), 0.5, 2.0), [(2, 4)]),
    "clip tensors": (nt.clip, [(2, 3), (3,), ()]),
    "clip one side": (lambda x: nt.clip(nt.square(x), min=1.0), [(2, 4)]),
    "astype": (lambda x: nt.square(nt.astype(x, nt.float64)), [(3,)]),
    "copy": (lambda x: nt.square(nt.copy(x.T)), [(2, 3)]),
    "scalar chain": (lambda x: 2.0 / (1 + x * x) - x / 3 + x**3 - (1 - x) ** 2, [(3,)]),
    "+=": (_in_place(lambda y, v: y.__iadd__(v)), [(2, 3), (3,)]),
    "-=": (_in_place(lambda y, v: y.__isub__(v * v)), [(2, 3), (2, 1)]),
    "*=": (_in_place(lambda y, v: y.__imul__(v)), [(2, 3), (3,)]),
    "/=": (_in_place(lambda y, v: y.__itruediv__(v)), [(2, 3), (3,)], "nonzero"),
    "**=": (_in_place(lambda y, v: y.__ipow__(v)), [(2, 3), (3,)], "positive"),
    "%=": (_in_place(lambda y, v: y.__imod__(v)), [(2, 3), (3,)], "nonzero"),
    "*= self": (_in_place(lambda y: y.__imul__(y)), [(3,)]),
    "**= scalar": (_in_place(lambda y: y.__ipow__(3)), [(3,)]),
    "set int": (_set(1), [(3, 2), (2,)]),
    "set slice": (_set((slice(None, None, 2), slice(1, None))), [(3, 3), (2, 1)]),
    "set all": (_set(...), [(2, 3), ()]),
    "set constant": (_in_place(lambda y: y.__setitem__(0, 5.0)), [(2, 3)]),
    "set from itself": (_in_place(lambda y: y.__setitem__(0, y[1] + y[1])), [(2, 3)]),
    "set twice": (
        _in_place(lambda y, v: (y.__setitem__(0, v), y.__setitem__((slice(None), 0), v[0]))),
        [(2, 3), (3,)],
    ),
    "in place on a view": (_in_place(lambda y, v: y[0].__imul__(v)), [(2, 3), (3,)]),
    "in place on a transposed view": (_in_place(lambda y, v: y.T.__imul__(v)), [(2, 3), (2,)]),
    "in place on a view of a view": (
        _in_place(lambda y, v: y[1:].reshape(-1)[::2].__iadd__(v)),
        [(3, 2), ()],
    ),
}


NUMPY_NAMES = {
    name
    for module in (_numpy_arrays, _numpy_fits, _numpy_names, _numpy_statistics)
    for name in module.__all__
}
_NO_TENSOR = "it makes tensors from what is not one, or is no operator"
CONSTANT = "its result does not change when its argument does a little"
# Public names that are neither rows of the op table nor among the cases above, with the reason.
NO_DERIVATIVE = {
    **dict.fromkeys(
        [
            "tensor",
            "asarray",
            "from_dlpack",
            "zeros",
            "ones",
            "empty",
            "full",
            "arange",
            "linspace",
            "eye",
        ],
        _NO_TENSOR,
    ),
    **dict.fromkeys(["zeros_like", "ones_like", "empty_like", "full_like"], CONSTANT),
    **dict.fromkeys(["any", "all", "argmax", "argmin"], CONSTANT),
    **dict.fromkeys(["argsort", "searchsorted", "nonzero", "count_nonzero", "isin"], CONSTANT),
    **dict.fromkeys(["finfo", "iinfo", "isdtype", "can_cast", "result_type"], _NO_TENSOR),
    "broadcast_shapes": _NO_TENSOR,
    **dict.fromkeys(
        ["get_num_threads", "set_num_threads", "get_default_dtype", "set_default_dtype"],
        _NO_TENSOR,
    ),
    **dict.fromkeys(["load", "save"], "it is about files"),
    **dict.fromkeys(["show_config", "get_include", "get_cmake_dir"], _NO_TENSOR),
    **dict.fromkeys(
        ["grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp"],
        "it is about gradients",
    ),
    **dict.fromkeys(
        ["no_grad", "enable_grad", "inference_mode", "stop_gradient", "checkpoint"],
        "it is about gradients",
    ),
    "detect_anomaly": "it is about gradients",
    **dict.fromkeys(["Tensor", "DType", "Device", "TapeError"], "a class"),
    "positive": 'unary plus: a copy, under "copy"',
}


def test_every_public_function_is_covered():
    """An operator cannot be added without a case, or a reason for having none."""
    used = {name.split()[0] for name in CASES}
    missing = [
        name
        for name in nt.__all__
        if callable(getattr(nt, name))
        and name not in BY_NAME
        and name not in used
        and name not in NO_DERIVATIVE
        and name not in NUMPY_NAMES  # tested in test_numpy_names.py
    ]
    assert not missing, f"operators without a gradient check: {missing}"
    assert not [name for name in NO_DERIVATIVE if not hasattr(nt, name)]


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    f, shapes, *domain = CASES[name]
    gradcheck.check(f, *gradcheck.values(5, shapes, *domain))


# Functions that name positions or lengths: their arguments have the shapes that are given.
_OF_THESE_SHAPES = (
    "take",
    "where",
    "cross_entropy",
    "index",
    "set",
    "in place",
    "reshape",
    "split",
)
_OF_THESE_SHAPES += ("unstack", "repeat each", "broadcast_to", "squeeze", "iteration", "diff")


def resized(data, name, shapes, lengths):
    """The shapes with other lengths, equal ones alike; an axis of length 1 stays so."""
    if name.startswith(_OF_THESE_SHAPES):
        return shapes
    new = {1: 1}
    for shape in shapes:
        for n in shape:
            new.setdefault(n, data.draw(lengths))
    return [tuple(new[n] for n in shape) for shape in shapes]


@pytest.mark.parametrize("name", CASES)
@examples(3)
@given(data=st.data())
def test_case_on_other_shapes_and_layouts(name, data):
    f, shapes, *domain = CASES[name]
    shapes = resized(data, name, shapes, st.integers(2, 4))
    arrays = gradcheck.values(data.draw(seeds), shapes, *domain)
    laid_out = [data.draw(recipes(a.ndim, repeated=False)) for a in arrays]
    gradcheck.check(f, *arrays, order=data.draw(st.sampled_from([1, 1, 2])), recipes=laid_out)


# What needs an order, or real numbers for another reason.
REAL_ONLY = {"max", "min", "logsumexp", "softmax", "log_softmax", "layer_norm", "cross_entropy"}
REAL_ONLY |= {"sort", "clip", "astype", "where", "%=", "in"}


@pytest.mark.parametrize("name", [n for n in CASES if n.split()[0] not in REAL_ONLY])
@examples(2)
@given(data=st.data())
def test_case_of_complex_numbers(name, data):
    f, shapes, *domain = CASES[name]
    shapes = resized(data, name, shapes, st.integers(2, 3))
    seed = data.draw(seeds)
    arrays = gradcheck.with_imaginary_parts(gradcheck.values(seed, shapes, *domain))
    laid_out = [data.draw(recipes(a.ndim, repeated=False)) for a in arrays]
    gradcheck.check(f, *arrays, order=data.draw(st.sampled_from([1, 2])), recipes=laid_out)


_NEED_AN_ELEMENT = {"max", "min"}


@pytest.mark.parametrize("name", [n for n in CASES if not n.startswith(_OF_THESE_SHAPES)])
@examples(2)
@given(data=st.data())
def test_case_of_empty_tensors(name, data):
    """The gradient of nothing is nothing; what needs an element says so."""
    f, shapes, *domain = CASES[name]
    empty = resized(data, name, shapes, st.sampled_from([0, 2]))
    arrays = [np.ones(shape) for shape in empty]
    tensors = [nt.asarray(a) for a in arrays]
    try:
        f(*tensors)
    except ValueError:
        hypothesis.assume(name.split()[0] not in _NEED_AN_ELEMENT)
        raise
    found = nt.grad(lambda *x: nt.sum(f(*x)), tuple(range(len(arrays))))(*tensors)
    for g, x in zip(found, tensors, strict=True):
        assert g.shape == x.shape


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "max", "min", "logsumexp"])
@examples(12)
@given(data=st.data())
def test_reductions_over_any_axes(name, data):
    shape = data.draw(st.sampled_from([(), (3,), (1,), (2, 3), (2, 1, 3)]))
    axes, keepdims = data.draw(axes_of(len(shape))), data.draw(st.booleans())
    (x,) = gradcheck.values(data.draw(seeds), [shape])
    gradcheck.check(lambda t: getattr(nt, name)(t * t, axis=axes, keepdims=keepdims), x)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "logsumexp"])
def test_reductions_of_empty_axes(name):
    x = nt.zeros((0, 3), dtype=nt.float64)
    g = nt.grad(lambda t: nt.sum(getattr(nt, name)(t, axis=1)))(x)
    assert g.shape == (0, 3)


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_prod_with_zeros(zeros):
    (x,) = gradcheck.values(6, [(2, 3)])
    x.flat[:zeros] = 0
    gradcheck.check(nt.prod, x, order=1)
    gradcheck.check(lambda t: nt.prod(t, axis=0), x, order=1)


@pytest.mark.parametrize("name", ["max", "min"])
def test_ties_share_the_gradient(name):
    x = nt.tensor([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], requires_grad=True)
    nt.sum(getattr(nt, name)(x, axis=1)).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full((2, 3), 1 / 3), rtol=1e-6)


def test_repeated_indices_add_up():
    x = nt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    nt.sum(nt.take(x, nt.tensor([0, 0, 0, 2]), axis=0)).backward()
    assert x.grad.tolist() == [3, 0, 1]
    many = nt.tensor(np.ones(7), requires_grad=True)
    nt.sum(nt.take(many, nt.asarray(np.arange(100_000) % 7), axis=0)).backward()
    assert many.grad.tolist() == np.bincount(np.arange(100_000) % 7).tolist()


@examples(40)
@given(broadcastable(2, max_dims=4, max_side=3))
def test_broadcasting_sums_back(shapes):
    """The gradient of broadcasting is the sum over what NumPy broadcasts."""
    a, b = shapes
    x = nt.tensor(np.ones(a), requires_grad=True)
    seed = np.arange(float(np.prod(np.broadcast_shapes(a, b)))).reshape(np.broadcast_shapes(a, b))
    y = x + nt.zeros(b, dtype=nt.float64)
    y.backward(nt.asarray(seed))
    lead = seed.ndim - len(a)
    want = seed.sum(axis=tuple(range(lead)))
    ones = tuple(i for i, n in enumerate(a) if n == 1)
    np.testing.assert_allclose(x.grad.numpy(), want.sum(axis=ones, keepdims=True))


@examples(30)
@given(seeds, st.floats(-3, 3), st.floats(-3, 3))
def test_backward_is_linear_in_its_seed(seed, s, t):
    x, u, v = gradcheck.values(seed, [(2, 3), (2,), (2,)])

    def vjp(cotangent):
        leaf = nt.tensor(x, requires_grad=True)
        nt.sum(nt.tanh(leaf) * leaf, axis=1).backward(nt.asarray(cotangent))
        return leaf.grad.numpy()

    np.testing.assert_allclose(vjp(s * u + t * v), s * vjp(u) + t * vjp(v), rtol=1e-9, atol=1e-9)


@examples(30)
@given(seeds, st.floats(-3, 3))
def test_gradients_are_linear_in_the_function(seed, s):
    (x,) = gradcheck.values(seed, [(3,)])
    t = nt.asarray(x)
    f, g = (lambda v: nt.sum(nt.sin(v) * v)), (lambda v: nt.logsumexp(v * 2))
    both = nt.grad(lambda v: f(v) + s * g(v))(t).numpy()
    want = nt.grad(f)(t).numpy() + s * nt.grad(g)(t).numpy()
    np.testing.assert_allclose(both, want, rtol=1e-9, atol=1e-9)


def test_astype_between_floats():
    x = nt.tensor([1.5, 2.5], requires_grad=True)
    y = nt.astype(x, nt.float64)
    nt.sum(y * y).backward()
    assert x.grad.dtype == nt.float32
    assert x.grad.tolist() == [3, 5]


def test_mixed_float_dtypes():
    x = nt.tensor([1.5, 2.5], requires_grad=True)
    w = nt.tensor([2.0, 4.0], dtype=nt.float64, requires_grad=True)
    nt.sum(x * w).backward()
    assert x.grad.dtype == nt.float32
    assert w.grad.dtype == nt.float64
    assert x.grad.tolist() == [2, 4]


def test_large_arrays():
    """The gradient of a product of large arrays, where kernels are blocked and threaded."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((300, 200)), rng.standard_normal((200, 250))
    ta, tb = nt.tensor(a, requires_grad=True), nt.tensor(b, requires_grad=True)
    nt.sum(nt.square(ta @ tb)).backward()
    np.testing.assert_allclose(ta.grad.numpy(), 2 * (a @ b) @ b.T, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(tb.grad.numpy(), 2 * a.T @ (a @ b), rtol=1e-9, atol=1e-8)
