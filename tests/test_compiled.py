"""Functions that begin compiled and go on in Python: one to callers, whichever half computes."""

import ast
import importlib
import inspect
import pickle

import numpy as np
import pytest

import ndtape as nt
import ndtape.fft
import ndtape.linalg
from ndtape import _core
from ndtape._compiled import compiled_first, made_of

FUNCTIONS = {
    name: getattr(importlib.import_module(half.__module__), name)
    for name, (half, _) in made_of.items()
}


def definitions():
    """Find the Python functions that are decorated."""
    modules = {half.__module__ for half, _ in made_of.values()}
    for module in sorted(modules):
        source = inspect.getsource(importlib.import_module(module))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(d, ast.Call) and getattr(d.func, "id", "") == "compiled_first"
                for d in node.decorator_list
            ):
                yield node


def test_all_are_known():
    assert {node.name for node in definitions()} == set(made_of)


@pytest.mark.parametrize("node", list(definitions()), ids=lambda node: node.name)
def test_both_halves_have_the_same_parameters(node):
    found = inspect.signature(FUNCTIONS[node.name])
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    want = ast.unparse(node.args).replace("=", " = ").replace(" ", "")
    assert str(found)[1:-1].replace(" ", "") == want


@pytest.mark.parametrize("name", made_of)
def test_they_look_like_functions(name):
    f, (half, _) = FUNCTIONS[name], made_of[name]
    assert inspect.isroutine(f)
    assert (f.__name__, f.__module__) == (name, half.__module__)
    assert inspect.getdoc(f) == inspect.getdoc(half)
    assert pickle.loads(pickle.dumps(f)) is f


@pytest.mark.parametrize("name", made_of)
def test_too_many_and_unknown_arguments(name):
    f = FUNCTIONS[name]
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        f(nt.eye(2), foo=1)
    if name != "einsum":
        with pytest.raises(TypeError, match="takes at most"):
            f(*[nt.eye(2)] * 9)
        with pytest.raises(TypeError, match="missing required argument"):
            f()


def test_python_gets_what_was_given(left_to_python):
    calls = {}
    svd, solve = left_to_python("svd", calls), left_to_python("solve", calls)
    sort, einsum = left_to_python("sort", calls), left_to_python("einsum", calls)
    array = np.eye(2)
    svd(array)
    assert calls["svd"] == ((array,), {})
    for given in (((array, False), {}), ((array,), {"full_matrices": False})):
        svd(*given[0], **given[1])
        assert calls["svd"] == ((array,), {"full_matrices": False})
    solve(array, 3)
    assert calls["solve"] == ((array, 3), {})
    sort(array, descending=1, axis=0)
    assert calls["sort"] == ((array,), {"axis": 0, "descending": 1})
    einsum("i,i", 2, 3, optimize="greedy")
    assert calls["einsum"] == (("i,i", 2, 3), {"optimize": "greedy"})
    einsum()
    assert calls["einsum"] == ((), {})


def test_what_sort_leaves(left_to_python):
    for name in ("sort", "argsort"):
        f = left_to_python(name)
        for x in (nt.arange(65), [2, 1], np.ones(2)):
            assert f(x) is None
        assert f(nt.ones(2), axis=np.int64(0)) is None
        assert f(nt.arange(64), axis=-1, stable=False) is not None
        many = nt.zeros(65, requires_grad=True)
        assert f(many) is not None
        with nt.no_grad():
            assert f(many) is None


def test_what_fft_leaves(left_to_python):
    f = left_to_python("fft")
    for x in (nt.arange(4), nt.ones(()), nt.ones((2, 0)), [1.0]):
        assert f(x) is None
    x = nt.ones(4)
    assert f(x) is not None
    for given in ({"n": 3}, {"axis": 0}, {"norm": "ortho"}):
        assert f(x, **given) is None


def test_what_einsum_leaves(left_to_python):
    a = nt.ones((2, 2))
    nt.einsum("xy,yz", a, a)  # by which Python learns that matmul does it
    f = left_to_python("einsum")
    assert f("xy,yz", a, a) is not None
    assert f("xy,yz", a, a, optimize=True) is not None
    assert f("xy,yz", a, a, optimize=False) is None
    assert f("xy,yz", a, nt.ones((2, 2, 2))) is None
    assert f("xy,yz", a, nt.ones((3, 2))) is None
    assert f("xy,yz", a, np.ones((2, 2))) is None
    assert f("xy,yz", a) is None
    assert f("yx,xz,zz", a, a) is None
    with pytest.raises(TypeError, match="matmul"):
        f("xy,yz", nt.ones((2, 2), dtype=nt.int64), nt.ones((2, 2), dtype=nt.uint64))


def test_nothing_else_can_be_made():
    with pytest.raises(TypeError, match="expected a function, not int"):
        _core.compiled_first(3)
    with pytest.raises(ValueError, match="there is no compiled function for <lambda>"):
        _core.compiled_first(lambda x: x)
    with pytest.raises(ValueError, match="there is no compiled function for exp"):

        @compiled_first()
        def exp(x):
            return x


@pytest.mark.parametrize(
    ("name", "objects", "what"),
    [
        ("det", (), "an operation"),
        ("det", (3,), "an operation"),
        ("eigh", (), "an operation"),
        ("eigh", (_core.operation("f", lambda g, x: g),), "a class of tuples"),
        ("eigh", (_core.operation("f", lambda g, x: g), int), "a class of tuples"),
    ],
)
def test_what_was_not_given(name, objects, what, left_to_python):
    f = left_to_python(name, objects=objects)
    with pytest.raises(TypeError, match=f"{name}: compiled_first was not given {what}"):
        f(nt.eye(2, requires_grad=True))
