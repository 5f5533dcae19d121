"""nt.einsum beside NumPy's: every form of subscripts, dtypes, layouts, orders of contraction."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import assert_same, examples, from_tensor, laid_out

import ndtape as nt
from ndtape import _einsum


@st.composite
def sums(draw, interleaved=False):
    """Subscripts and operands that fit each other."""
    letters = "abcdZ"
    lengths = {a: draw(st.integers(0, 3)) for a in letters}
    around = draw(st.lists(st.integers(1, 2), max_size=2))  # lengths of ellipses
    terms, operands = [], []
    dtype = draw(
        st.sampled_from(["float64", "float64", "float32", "complex64", "int32", "int8", "bool"])
    )
    for _ in range(draw(st.integers(1, 4))):
        labels = draw(st.lists(st.sampled_from(letters), max_size=3))
        dots = draw(st.booleans())
        count = draw(st.integers(0, len(around))) if dots else 0
        at = draw(st.integers(0, len(labels)))
        extra = [draw(st.sampled_from([1, n])) for n in around[len(around) - count :]]
        single = {a: draw(st.integers(0, 5)) == 0 for a in labels}
        shape = [1 if single[a] else lengths[a] for a in labels]
        shape[at:at] = extra
        terms.append((*labels[:at], *(["..."] if dots else []), *labels[at:]))
        operands.append(draw(laid_out(dtype, tuple(shape), domain="unit")))
    every = [a for term in terms for a in term if a != "..."]
    output = None
    if draw(st.booleans()):
        output = draw(st.lists(st.sampled_from(sorted(set(every)) or ["a"]), unique=True))
        output = [a for a in output if a in every]
        output.insert(draw(st.integers(0, len(output))), "...")
    return terms, output, operands


def spelled(terms, output):
    text = ",".join("".join(term) for term in terms)
    return text if output is None else text + "->" + "".join(output)


def check(got, want, dtype):
    want = np.asarray(want)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_allclose(from_tensor(got), want, rtol=1e-5, atol=1e-5)


@examples(200)
@given(sums())
def test_subscripts(case):
    terms, output, operands = case
    text = spelled(terms, output)
    arrays, tensors = zip(*operands, strict=True)
    try:
        want = np.einsum(text, *arrays)
    except ValueError:
        # NumPy refuses a length of 1 beside a longer one on a diagonal, as we do.
        with pytest.raises(ValueError, match="einsum"):
            nt.einsum(text, *tensors)
        return
    check(nt.einsum(text, *tensors), want, arrays[0].dtype)


@examples(60)
@given(sums(), st.sampled_from([True, False, "greedy", "optimal"]))
def test_numbers_for_letters(case, optimize):
    terms, output, operands = case
    number = lambda term: [Ellipsis if a == "..." else "Zabcd".index(a) for a in term]  # noqa: E731
    arrays, tensors = zip(*operands, strict=True)
    try:
        want = np.einsum(spelled(terms, output), *arrays)
    except ValueError:
        return
    given = [part for t, x in zip(terms, tensors, strict=True) for part in (x, number(t))]
    if output is not None:
        given.append(number(output))
    check(nt.einsum(*given, optimize=optimize), want, arrays[0].dtype)


ORDERS = [
    True,
    False,
    "greedy",
    [(1, 2), (0, 1), (0, 1)],
    [(0, 1, 2, 3)],
    ["einsum_path", (2, 3), (1, 2), (0, 1)],
]


@pytest.mark.parametrize("optimize", ORDERS)
@pytest.mark.parametrize("planner", [True, False])
def test_orders(monkeypatch, optimize, planner):
    _einsum._planned.cache_clear()
    if not planner:
        monkeypatch.setitem(sys.modules, "opt_einsum", None)
    rng = np.random.default_rng(0)
    arrays = [rng.random(s) for s in ((3, 4), (4, 5), (5, 6), (6,))]
    got = nt.einsum("ab,bc,cd,d->a", *arrays, optimize=optimize)
    np.testing.assert_allclose(got, np.linalg.multi_dot(arrays), rtol=1e-12)
    _einsum._planned.cache_clear()


def test_views():
    x = nt.zeros((3, 3))
    y = nt.einsum("ij->ji", x)
    y[0, 1] = 5
    assert x[1, 0].item() == 5
    diagonal = nt.einsum("ii->i", x)
    diagonal += 1
    assert nt.einsum("ii", x).item() == 3
    same = nt.einsum("...", x)
    assert same is not x
    same[0, 0] = 7
    assert x[0, 0].item() == 7


def test_many_operands_and_labels():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((2, 2)) for _ in range(60)]
    given = [part for i, a in enumerate(arrays) for part in (a, [i, i + 1])]
    want = arrays[0]
    for a in arrays[1:]:
        want = want @ a
    np.testing.assert_allclose(nt.einsum(*given, [0, 60]), want, rtol=1e-9)


@pytest.mark.parametrize(
    ("subscripts", "a", "b"),
    [
        ("ij,jk", (2, 3), (3, 4)),
        ("ij , jk -> ik", (2, 3), (3, 4)),
        ("ij,jk->ik", (2, 1), (3, 4)),
        ("ij,jk->ik", (2, 3), (1, 4)),
        ("ij,jk->ki", (2, 3), (3, 4)),
        ("ij,ji->ii", (2, 2), (2, 2)),
        ("ij,ji", (2, 3), (3, 2)),
        ("ii,ij", (2, 2), (2, 3)),
        ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
        ("bij,bjk->bik", (1, 2, 3), (5, 3, 4)),
        ("bij,bjk->bik", (5, 2, 1), (1, 3, 4)),
        ("bij,bjk", (5, 2, 3), (5, 3, 4)),
        ("jij,jjk->jik", (3, 2, 3), (3, 3, 4)),
        ("ij,jk", (3,), (3, 4)),
        ("ij,jk", (2, 3), (4, 4)),
        ("ij,jk", (5, 2, 3), (3, 4)),
        ("j,jk", (3,), (3, 4)),
    ],
)
def test_what_matmul_may_do(subscripts, a, b):
    rng = np.random.default_rng(0)
    for dtype in ("float64", "int32", "bool"):
        arrays = [rng.integers(0, 3, shape).astype(dtype) for shape in (a, b)]
        try:
            want = np.einsum(subscripts, *arrays)
        except ValueError:
            with pytest.raises(ValueError, match="einsum"):
                nt.einsum(subscripts, *map(nt.asarray, arrays))
            continue
        check(nt.einsum(subscripts, *map(nt.asarray, arrays)), want, dtype)


def test_a_sum_of_products_of_bools():
    a = np.array([[True, False], [True, True]])
    got = nt.einsum("ij,jk->ik", a, a)
    assert_same(got, a @ a)


@pytest.mark.parametrize(
    ("error", "arguments", "match"),
    [
        (ValueError, (), "expected subscripts"),
        (ValueError, ("ij,jk", nt.ones((2, 2))), "2 operands, not for 1"),
        (ValueError, ("i", nt.ones((2, 2))), "operand 0 has 2 axes"),
        (ValueError, ("ijk", nt.ones((2, 2))), "operand 0 has 2 axes"),
        (ValueError, ("i->j", nt.ones(2)), "'j'"),
        (ValueError, ("i->ii", nt.ones(2)), "'i' twice"),
        (ValueError, ("i->j->k", nt.ones(2)), "'-'"),
        (ValueError, ("i1", nt.ones((2, 2))), "'1'"),
        (ValueError, ("é", nt.ones(2)), "'é'"),
        (ValueError, ("i..j", nt.ones((2, 2))), r"'\.'"),
        (ValueError, ("...i...", nt.ones(2)), r"'\.'"),
        (ValueError, ("...i->i", nt.ones((2, 2))), "ellipsis"),
        (ValueError, ("ij,jk", nt.ones((2, 3)), nt.ones((2, 3))), "'j' has lengths 3 and 2"),
        (ValueError, ("...,...", nt.ones(3), nt.ones(2)), "ellipsis has lengths 3 and 2"),
        (ValueError, ("ii", nt.ones((2, 3))), "'i' has lengths 2 and 3"),
        (ValueError, (nt.ones(2), [0], [1]), "axis 1, which"),
        (ValueError, (nt.ones(2), [-1]), "-1 is negative"),
        (ValueError, (nt.ones(2), [..., 0, ...]), "more than one ellipsis"),
        (TypeError, (nt.ones(2), ["i"]), "'i' is neither"),
        (TypeError, (nt.ones(2), "i"), "list of integers"),
        (TypeError, (5,), "list of integers"),
        (TypeError, ("i", None), "None"),
        (TypeError, ("i,i", nt.ones(2), nt.ones(2, dtype=nt.int32)), "int32"),
    ],
)
def test_misuse(error, arguments, match):
    with pytest.raises(error, match=match):
        nt.einsum(*arguments)


@pytest.mark.parametrize("path", [[(0, 1)], [(0, 3), (0, 1)], [(0, 0), (0, 1)], []])
def test_orders_that_do_not_fit(path):
    with pytest.raises(ValueError, match="optimize"):
        nt.einsum("i,i,i", *[nt.ones(2)] * 3, optimize=path)
