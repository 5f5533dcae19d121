"""The whole array API standard: signatures, and values beside NumPy's, a row a function.

A function of the standard without a row is a failure.
"""

import importlib
import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standard import (
    ATTRIBUTES,
    CONSTANTS,
    DTYPES,
    FUNCTIONS,
    METHODS,
    OPERATORS,
    Function,
)
from standard_rows import ELSEWHERE, ROWS, Draws
from strategies import examples

import ndtape as nt

Kind = inspect.Parameter
# Where there are more defaults than the standard's.
DEFAULTS = {"expand_dims": {"axis": 0}, "squeeze": {"axis": None}, "linspace": {"num": 50}}
DEFAULTS["where"] = {"x1": None, "x2": None}

# ---- signatures ----------------------------------------------------------------------------------


def positions(function):
    """Names of the parameters that may be given by position, in order."""
    by_position = (Kind.POSITIONAL_ONLY, Kind.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in by_position]


def numpy_positions(f):
    """NumPy's, or None where it does not tell."""
    try:
        return positions(f.of(np))
    except (AttributeError, ValueError):
        return None


@pytest.mark.parametrize("f", FUNCTIONS, ids=repr)
def test_signature(f):
    ours = inspect.signature(f.of(nt)).parameters
    places = positions(f.of(nt))
    numpys = numpy_positions(Function("", f.name, f.signature) if f.name == "tensordot" else f)
    for i, p in enumerate(f.parameters):
        if p.kind == Kind.POSITIONAL_ONLY:
            assert ours[places[i]].kind == Kind.POSITIONAL_ONLY, p
            own = ours[places[i]]
        else:
            assert p.name in ours, p
            own = ours[p.name]
        if p.kind == Kind.KEYWORD_ONLY and own.kind != p.kind:
            # By position too exactly where NumPy takes it there.
            assert own.kind == Kind.POSITIONAL_OR_KEYWORD
            at = places.index(p.name)
            assert numpys is None or numpys[at : at + 1] == [p.name], (p, numpys)
        elif p.kind == Kind.KEYWORD_ONLY and numpys and p.name in numpys:
            assert numpys.index(p.name) != len(places), f"{p}: NumPy takes it by position"
        elif p.kind != Kind.POSITIONAL_ONLY:
            assert own.kind == p.kind, p
        want = DEFAULTS.get(f.name, {}).get(p.name, p.default)
        assert own.default is want or own.default == want, p
    known = {p.name for p in f.parameters} | set(places)
    more = [p for p in ours.values() if p.name not in known]
    assert all(p.default is not Kind.empty for p in more), more


@pytest.mark.parametrize(("owner", "f"), METHODS, ids=lambda x: getattr(x, "name", ""))
def test_method_signature(owner, f):
    ours = list(inspect.signature(getattr(owner, f.name)).parameters.values())[1:]
    found = [(p.kind, p.default) for p in ours]
    assert found == [(p.kind, p.default) for p in f.parameters[1:]]
    assert [p.name for p in ours] == [p.name for p in f.parameters[1:]]


def test_everything_else_of_the_standard_is_there():
    for name in OPERATORS.split():
        assert callable(getattr(nt.Tensor, f"__{name}__"))
    for name in ATTRIBUTES.split():
        assert inspect.isdatadescriptor(getattr(nt.Tensor, name))
    for name in CONSTANTS.split():
        assert repr(getattr(nt, name)) == repr(getattr(np, name))
    for name in DTYPES.split():
        assert getattr(nt, name) == getattr(np, name)
    assert sorted(nt.__array_namespace_info__().dtypes()) == sorted(DTYPES.split())
    missing = {f.name for f in FUNCTIONS if not f.where} - set(nt.__all__)
    assert missing == {"__array_namespace_info__"}  # a star import leaves it, as it should
    for where in ("linalg", "fft"):
        own = {f.name for f in FUNCTIONS if f.where == where}
        assert own <= set(getattr(nt, where).__all__)


# ---- values --------------------------------------------------------------------------------------


def agree(got, want, loose, arrays):
    """Equal shapes, dtypes and values; of integers, floats have the default dtype."""
    if isinstance(want, (tuple, list)) or type(got) is tuple:
        assert isinstance(got, tuple)
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            agree(g, w, loose, arrays)
        return
    got = got.numpy() if isinstance(got, nt.Tensor) else np.asarray(got)
    want = np.asarray(want)
    assert got.shape == want.shape
    assert got.dtype.kind == want.dtype.kind
    if not (loose and got.dtype.kind in "fc"):
        assert got.dtype == want.dtype
    if got.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, want)
        return
    units = 200 * np.finfo(got.dtype).eps
    sizes = [
        np.abs(a[np.isfinite(a)]).max(initial=0) for a in (want, *arrays) if a.dtype.kind in "fc"
    ]
    np.testing.assert_allclose(got, want, rtol=units, atol=units * (1 + max(sizes, default=0)))


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if f.name not in ELSEWHERE], ids=repr)
@examples(10)
@given(data=st.data())
def test_values(f, data):
    d = Draws(data)
    call = ROWS[f.where][f.name](d)
    with np.errstate(all="ignore"):
        try:
            want = call(np, *d.arrays)
        except ValueError:  # of no elements, mostly
            with pytest.raises((ValueError, IndexError)):
                call(nt, *d.tensors)
            return
    loose = any(x.dtype.kind in "iub" for x in d.tensors)
    agree(call(nt, *d.tensors), want, loose, d.arrays)


def test_tests_that_are_elsewhere():
    for name, where in ELSEWHERE.items():
        module, test = where.split(".")
        assert callable(getattr(importlib.import_module(module), test)), name
