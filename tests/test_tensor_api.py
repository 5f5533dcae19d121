"""The Tensor class: attributes, methods, conversions, printing, copies."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given
from strategies import ALL, FLOATS, INTEGERS, assert_same, pairs

import ndtape as nt


@given(pairs(max_dims=5))
def test_attributes(case):
    array, tensor = case
    assert tensor.shape == array.shape
    assert isinstance(tensor.shape, tuple)
    assert tensor.ndim == array.ndim
    assert tensor.size == array.size
    assert tensor.itemsize == array.itemsize
    assert tensor.nbytes == array.nbytes
    assert str(tensor.dtype).endswith(str(array.dtype))
    assert tensor.requires_grad is False
    assert tensor.grad is None
    assert tensor.is_leaf


@given(pairs(max_dims=4))
def test_tolist(case):
    array, tensor = case
    assert repr(tensor.tolist()) == repr(array.tolist())


@pytest.mark.parametrize("name", ALL)
def test_item(name):
    t = nt.ones((1, 1), dtype=getattr(nt, name))
    assert t.item() == 1
    assert type(t.item()) is type(np.ones(1, name).item())
    with pytest.raises(ValueError, match=r"2|one element"):
        nt.ones(2, dtype=getattr(nt, name)).item()
    with pytest.raises(ValueError):
        nt.ones(0, dtype=getattr(nt, name)).item()


def test_conversions_to_python_scalars():
    assert float(nt.tensor(2.5)) == 2.5
    assert int(nt.tensor(2.9)) == 2
    assert bool(nt.tensor(0.0)) is False
    assert bool(nt.tensor([[3]])) is True
    assert operator.index(nt.tensor(3)) == 3
    assert [10, 20, 30][nt.tensor(1)] == 20
    with pytest.raises(TypeError):
        operator.index(nt.tensor(1.0))
    with pytest.raises((TypeError, ValueError)):
        float(nt.tensor([1.0, 2.0]))
    with pytest.raises((ValueError, OverflowError)):
        int(nt.tensor(math.nan))
    with pytest.raises((ValueError, OverflowError)):
        int(nt.tensor(math.inf))


def test_the_truth_of_several_elements_is_ambiguous():
    for t in (nt.tensor([True, False]), nt.zeros((2, 2)), nt.zeros(0)):
        with pytest.raises(ValueError, match="truth|ambiguous"):
            bool(t)
    if nt.tensor(1) == nt.tensor(1):
        pass
    else:
        pytest.fail("a single True is true")


def test_length_and_iteration():
    t = nt.tensor([[1, 2], [3, 4], [5, 6]])
    assert len(t) == 3
    assert [row.tolist() for row in t] == [[1, 2], [3, 4], [5, 6]]
    a, b, c = t
    b[0] = 9
    assert t[1, 0].item() == 9
    assert [x.item() for x in nt.tensor([1.5, 2.5])] == [1.5, 2.5]
    assert list(nt.zeros((0, 3))) == []
    for use in (len, iter, list):
        with pytest.raises(TypeError):
            use(nt.tensor(1.0))


def test_membership():
    t = nt.tensor([1, 2, 3])
    assert 2 in t
    assert 7 not in t


def test_equality_is_elementwise():
    t = nt.tensor([1, 2])
    assert (t == t).tolist() == [True, True]
    assert (t != 1).tolist() == [False, True]
    assert (1 == t).tolist() == [True, False]
    assert (t == None) is False or not isinstance(t == None, nt.Tensor)  # noqa: E711
    assert isinstance(hash(t), int)
    assert len({t, t}) == 1


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (lambda: nt.tensor(1.5), "tensor(1.5)"),
        (lambda: nt.tensor([1, 2, 3]), "tensor([1, 2, 3])"),
        (lambda: nt.tensor([True, False]), "tensor([ True, False])"),
        (lambda: nt.tensor([[1.0, 2.0], [3.0, 4.5]]), "tensor([[1. , 2. ],\n        [3. , 4.5]]"),
        (lambda: nt.zeros((0, 3)), "shape=(0, 3)"),
        (lambda: nt.tensor([1], dtype=nt.int8), "dtype=int8"),
        (lambda: nt.tensor([1.0], requires_grad=True), "requires_grad=True"),
        (lambda: nt.zeros(10_000), "..."),
    ],
)
def test_repr(value, want):
    text = repr(value())
    assert text.startswith("tensor(")
    assert text.endswith(")")
    bare = want.removesuffix(")") if want.startswith("tensor(") else want
    assert bare.replace(" ", "") in text.replace(" ", "")
    assert str(value())


def test_repr_of_a_result_names_its_operator():
    y = nt.tensor([1.0], requires_grad=True) * 2
    assert "multiply" in repr(y) or "requires_grad" in repr(y)


def test_repr_follows_numpy_print_options():
    with np.printoptions(precision=2):
        assert "0.33" in repr(nt.tensor([1 / 3]))
        assert "0.333" not in repr(nt.tensor([1 / 3]))


def test_format():
    assert f"{nt.tensor(2.5):.3f}" == "2.500"
    assert f"{nt.tensor([1])}" == str(nt.tensor([1]))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ALL)
def test_pickle(name, protocol):
    for array in (
        np.arange(6).reshape(2, 3).astype(name),
        np.array(1, name),
        np.zeros((0, 2), name),
    ):
        t = nt.asarray(array)
        assert_same(pickle.loads(pickle.dumps(t, protocol)), array)
        assert_same(pickle.loads(pickle.dumps(t.T if t.ndim == 2 else t, protocol)), array.T)


def test_pickle_keeps_requires_grad():
    t = nt.tensor([1.0], requires_grad=True)
    again = pickle.loads(pickle.dumps(t))
    assert again.requires_grad
    assert again.is_leaf


def test_copy_and_deepcopy():
    t = nt.tensor([1.0, 2.0], requires_grad=True)
    for duplicate in (copy.copy(t), copy.deepcopy(t)):
        assert duplicate.tolist() == [1, 2]
        assert duplicate.requires_grad
        with nt.no_grad():
            duplicate[0] = 7
        assert t.tolist() == [1, 2]
    shared = nt.tensor([1.0])
    a, b = copy.deepcopy([shared, shared])
    assert a is b
    plain = nt.tensor([1, 2])
    assert nt.copy(plain).tolist() == plain.copy().tolist() == [1, 2]


METHODS = [
    ("sum", (), {}),
    ("prod", (), {}),
    ("mean", (), {"axis": 0}),
    ("var", (), {}),
    ("std", (), {"axis": 1}),
    ("max", (), {}),
    ("min", (), {"axis": -1}),
    ("any", (), {}),
    ("all", (), {}),
    ("argmax", (), {}),
    ("argmin", (), {"axis": 0}),
    ("reshape", (3, 2), {}),
    ("squeeze", (), {}),
    ("copy", (), {}),
    ("clip", (0.5, 2.0), {}),
    ("round", (), {}),
    ("transpose", (), {}),
    ("transpose", (1, 0), {}),
    ("swapaxes", (0, 1), {}),
    ("flatten", (), {}),
    ("ravel", (), {}),
    ("take", ([1, 0],), {"axis": 1}),
    ("argsort", (), {}),
    ("argsort", (0,), {}),
    ("nonzero", (), {}),
    ("repeat", (2,), {}),
    ("repeat", ([1, 0, 3],), {"axis": 1}),
    ("cumsum", (), {}),
    ("cumsum", (1,), {"dtype": "float64"}),
    ("cumprod", (), {"axis": 0}),
    ("dot", ([1.0, 2.0, 3.0],), {}),
    ("trace", (1,), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), METHODS)
def test_numpys_familiar_methods(name, args, kwargs):
    array = np.array([[0.25, 1.5, -2.0], [3.0, 0.0, 4.0]])
    got = getattr(nt.asarray(array), name)(*args, **kwargs)
    want = getattr(array, name)(*args, **kwargs)
    if isinstance(want, tuple):
        got, want = nt.stack(got), np.stack(want)
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-14)


def test_searchsorted_is_a_method():
    t = nt.asarray([1.0, 2.0, 2.0])
    assert t.searchsorted([2.0, 9.0], side="right").tolist() == [3, 3]
    with pytest.raises(TypeError, match="searchsorted"):
        t.searchsorted()


def test_fill():
    t = nt.zeros((2, 2))
    t.fill(3)
    assert t.tolist() == [[3, 3], [3, 3]]


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**"])
@pytest.mark.parametrize("name", FLOATS)
def test_reflected_and_in_place(symbol, name):
    array = np.array([1.5, 2.0, 3.25], name)
    scope = {"a": array.copy(), "t": nt.tensor(array)}
    for text in (f"2 {symbol} %s", f"%s {symbol} 2", f"2.5 {symbol} %s", f"%s {symbol} %s[::-1]"):
        got = eval(text.replace("%s", "t"), scope)
        want = eval(text.replace("%s", "a"), scope)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    for value in ("2", "1.5", "%s[::-1]", "%s[0]"):
        scope = {"a": array.copy(), "t": nt.tensor(array)}
        before = scope["t"]
        exec(f"t {symbol}= {value.replace('%s', 't')}", scope)
        # the operand must not change while it is read
        operand = eval(value.replace("%s", "a"), {"a": array.copy()})
        exec(f"a {symbol}= operand", {**scope, "operand": operand})
        want = array.copy()
        want = eval(f"want {symbol} operand", {"want": want, "operand": operand})
        assert scope["t"] is before
        np.testing.assert_allclose(scope["t"].numpy(), want.astype(name), rtol=1e-6)


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("symbol", ["+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>"])
def test_integer_in_place(symbol, name):
    array = np.array([1, 2, 3, 100], name)
    t, want = nt.tensor(array), eval(f"a {symbol} 2", {"a": array})
    scope = {"t": t}
    exec(f"t {symbol}= 2", scope)
    assert scope["t"] is t
    assert_same(t, want)


def test_in_place_matmul():
    t = nt.tensor([[1.0, 2.0], [3.0, 4.0]])
    t @= nt.eye(2) * 2
    assert t.tolist() == [[2, 4], [6, 8]]


def test_operators_with_foreign_types_are_left_to_them():
    class Foreign:
        def __radd__(self, other):
            return "radd"

        def __eq__(self, other):
            return "eq"

        __hash__ = None

    assert nt.tensor(1.0) + Foreign() == "radd"
    assert (nt.tensor(1.0) == Foreign()) == "eq"
    with pytest.raises(TypeError, match="unsupported|Foreign|object"):
        nt.tensor(1.0) - Foreign()


def test_device():
    x = nt.zeros(2)
    assert x.device == "cpu"
    assert x.to_device("cpu") is x
    with pytest.raises(ValueError, match="tpu"):
        x.to_device("tpu")
    assert x.__array_namespace__() is nt


def test_divmod_and_round():
    x = nt.tensor([7.5, -7.5])
    q, r = divmod(x, 2)
    assert q.tolist() == [3, -4]
    assert r.tolist() == [1.5, 0.5]
    q, r = divmod(7, nt.tensor([2, 3]))
    assert q.tolist() == [3, 2]
    assert r.tolist() == [1, 1]
    assert round(nt.tensor([0.5, 1.5, 2.7])).tolist() == [0, 2, 3]


def test_about_memory():
    x = nt.zeros((3, 4))
    assert x.is_contiguous()
    assert not x.T.is_contiguous()
    assert x[1:].data_ptr() == x.data_ptr() + 16
    assert x.data_ptr() % 64 == 0
    assert x.strides == (16, 4)
    assert x.permute(1, 0).strides == (4, 16)


def test_grad_fn_names_the_operator():
    x = nt.tensor([1.0, 2.0])
    assert x.requires_grad_() is x
    assert x.requires_grad
    assert x.grad_fn is None
    assert nt.exp(x).grad_fn == "exp"
    assert not x.requires_grad_(False).requires_grad


def test_requires_grad_can_be_set():
    t = nt.zeros(2)
    t.requires_grad = True
    assert t.requires_grad
    t.requires_grad = False
    assert not t.requires_grad
    with pytest.raises(TypeError):
        nt.zeros(2, dtype=nt.int32).requires_grad = True


def test_attributes_that_are_not_to_be_set():
    t = nt.zeros(2)
    for name in ("shape", "dtype", "ndim", "size", "T"):
        with pytest.raises(AttributeError):
            setattr(t, name, 1)
    with pytest.raises(AttributeError):
        t.no_such_attribute


def test_the_namespace_is_complete():
    assert len(nt.__all__) == len(set(nt.__all__))
    for name in nt.__all__:
        assert hasattr(nt, name), name
    for name in ("pi", "e", "inf", "nan", "newaxis"):
        assert hasattr(nt, name)
    assert nt.__version__.count(".") == 2


def test_show_config(capsys):
    nt.show_config()
    text = capsys.readouterr().out
    for word in (nt.__version__, "instruction set", "threads", "compiler"):
        assert word in text
