"""Bad input of each kind is refused before anything changes, with the offending values named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optable import BINARY, ROWS, UNARY
from strategies import INPUT_DTYPES

import ndtape as nt


def ones(*shape, dtype="float32"):
    return nt.ones(shape, dtype=getattr(nt, dtype))


def suitable(row):
    return "int32" if row.types in ("Bitwise", "Integer") else "float32"


@pytest.mark.parametrize("row", BINARY, ids=repr)
def test_shapes_that_do_not_fit(row):
    a, b = ones(2, 3, dtype=suitable(row)), ones(4, 3, dtype=suitable(row))
    with pytest.raises(ValueError, match=rf"{row.name}.*\(2, 3\).*\(4, 3\)"):
        row.function(a, b)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_wrong_number_of_arguments(row):
    x = ones(2, dtype=suitable(row))
    with pytest.raises(TypeError, match=row.name):
        row.function()
    with pytest.raises(TypeError, match=row.name):
        row.function(*[x] * (row.arity + 1))
    with pytest.raises(TypeError, match="nonsense"):
        row.function(*[x] * row.arity, nonsense=1)


@pytest.mark.parametrize("row", UNARY, ids=repr)
@pytest.mark.parametrize("wrong", [None, "text", [1.0, "x"], {}, object()], ids=repr)
def test_arguments_that_are_no_arrays(row, wrong):
    with pytest.raises(TypeError):
        row.function(wrong)


@pytest.mark.parametrize(
    "row", [r for r in ROWS if "float32" not in INPUT_DTYPES[r.types]], ids=repr
)
def test_dtypes_that_do_not_fit(row):
    with pytest.raises(TypeError, match=rf"{row.name}.*float32"):
        row.function(*[ones(2)] * row.arity)


@given(st.integers(-(2**70), 2**70))
def test_axes_of_any_size(axis):
    x = ones(2, 3)
    if -2 <= axis < 2:
        assert nt.sum(x, axis=axis).shape == ((3,), (2,))[axis % 2]
        return
    for use in (
        lambda: nt.sum(x, axis=axis),
        lambda: nt.flip(x, axis=axis),
        lambda: nt.concat([x, x], axis=axis),
        lambda: nt.take(x, nt.tensor([0]), axis=axis),
        lambda: nt.argmax(x, axis=axis),
        lambda: nt.squeeze(x, axis=axis),
        lambda: nt.permute_dims(x, (0, axis)),
        lambda: nt.split(x, 1, axis=axis),
        lambda: nt.roll(x, 1, axis=axis),
    ):
        with pytest.raises((IndexError, OverflowError, ValueError)):
            use()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5))
def test_shapes_of_any_size(shape):
    """Any list of integers as a shape ends in a tensor or an exception."""
    x = ones(2, 3)
    for use in (nt.empty, lambda s: nt.reshape(x, s), lambda s: nt.broadcast_to(x, s)):
        try:
            assert use(tuple(shape)).size >= 0
        except (ValueError, MemoryError, OverflowError):
            pass


def test_the_message_names_the_values():
    cases = [
        (lambda: ones(3, 2) @ ones(3, 2), ValueError, r"matmul: shapes \(3, 2\) and \(3, 2\)"),
        (lambda: ones(3, 2) + ones(3), ValueError, r"add.*\(3, 2\).*\(3,\)"),
        (lambda: nt.reshape(ones(6), (4,)), ValueError, r"\(6,\).*\(4,\)|6.*4"),
        (lambda: nt.broadcast_to(ones(3), (2,)), ValueError, r"\(3,\).*\(2,\)"),
        (lambda: nt.permute_dims(ones(2, 3), (0, 0)), ValueError, r"\(0, 0\)|0"),
        (lambda: nt.permute_dims(ones(2, 3), (0,)), ValueError, r"\(0,\)|1|2"),
        (lambda: nt.squeeze(ones(2, 3), axis=1), ValueError, "3|1"),
        (lambda: nt.sum(ones(2), axis=3), IndexError, "3"),
        (lambda: ones(2)[5], IndexError, "5"),
        (lambda: nt.split(ones(5), 2), ValueError, "5.*2|2.*5"),
        (lambda: nt.where(ones(2), ones(3), 0), (TypeError, ValueError), "where"),
        (lambda: nt.clip(ones(2), "a", 1), TypeError, "clip|str"),
        (lambda: nt.full((2,), "a"), TypeError, "str|'a'|number"),
        (lambda: nt.max(nt.zeros((0,))), ValueError, "max"),
        (lambda: nt.linspace(0, 1, -3), ValueError, "-3"),
        (lambda: nt.tensor([1], requires_grad=True), TypeError, "int64"),
        (lambda: nt.empty((2**62, 2**62)), ValueError, str(2**62)),
    ]
    for use, kind, pattern in cases:
        with pytest.raises(kind, match=pattern):
            use()


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.__iadd__(ones(3)),
        lambda x: x.__iadd__(ones(2, 2, 2)),
        lambda x: x.__imul__(ones(2, 2, dtype="int32")),
        lambda x: x.__setitem__(0, ones(3)),
        lambda x: x.__setitem__((slice(None), 7), 1),
        lambda x: x.__setitem__(0, "a"),
        lambda x: x.__setitem__(0, [1.0, "a"]),
        lambda x: x.__setitem__(0, None),
        lambda x: x.__iadd__("a"),
    ],
)
def test_nothing_is_changed_by_what_is_refused(change):
    x = nt.tensor([[1.0, 2.0], [3.0, 4.0]])
    version = x._version
    try:
        result = change(x)
    except (ValueError, TypeError, IndexError):
        result = NotImplemented
    assert result is NotImplemented
    assert x.tolist() == [[1, 2], [3, 4]]
    assert x._version == version


def test_deleting_elements():
    x = ones(3)
    with pytest.raises(TypeError):
        del x[0]


def test_tape_error_is_a_runtime_error():
    assert issubclass(nt.TapeError, RuntimeError)
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(nt.TapeError):
        nt.ones(2).backward()
    y = nt.sum(x * x)
    y.backward()
    with pytest.raises(nt.TapeError):
        y.backward()


def test_a_refused_call_leaves_the_tape_alone():
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    with pytest.raises(ValueError):
        y + ones(3)
    with pytest.raises(ValueError):
        y[...] = ones(3)
    nt.sum(y).backward()
    assert x.grad.tolist() == [2, 2]


def test_the_largest_numbers_of_axes():
    x = nt.ones((1,) * 64)
    assert (x + x).shape == (1,) * 64
    with pytest.raises(ValueError, match="64|65"):
        nt.expand_dims(x, axis=0)
    with pytest.raises((ValueError, IndexError), match="64|65"):
        x[None]
    with pytest.raises(ValueError, match="64|65"):
        nt.stack([x, x])
    assert nt.sum(x).item() == 1


def test_huge_zero_size_shapes():
    x = nt.zeros((0, 2**60))
    assert nt.sum(x).item() == 0
    assert x.T.shape == (2**60, 0)
    assert nt.sum(x, axis=1).shape == (0,)
    assert (x + 1).shape == (0, 2**60)
    with pytest.raises((ValueError, MemoryError)):
        nt.sum(x, axis=0)
    with pytest.raises(ValueError):
        nt.zeros((0, 2**62, 2**62))


def test_values_of_numpy_beyond_range():
    x = np.zeros(3)
    with pytest.raises(ValueError):
        nt.broadcast_to(nt.asarray(x), (2**62, 3))
