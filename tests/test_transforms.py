"""nt.grad and nt.value_and_grad."""

import collections

import numpy as np
import pytest

import ndtape as nt


def vector(*values):
    return nt.tensor(values, dtype=nt.float64)


def test_grad():
    x = vector(1.0, 2.0)
    g = nt.grad(lambda v: nt.sum(v**3))(x)
    assert g.tolist() == [3, 12]
    assert not g.requires_grad
    assert not x.requires_grad
    assert x.grad is None


def test_value_and_grad():
    value, gradient = nt.value_and_grad(lambda v: nt.sum(v * v))(vector(1.0, 2.0))
    assert value.item() == 5
    assert gradient.tolist() == [2, 4]
    assert not value.requires_grad


def test_argnums():
    def f(a, b, c):
        return nt.sum(a * b) * c

    a, b, c = vector(1.0, 2.0), vector(3.0, 4.0), nt.tensor(2.0, dtype=nt.float64)
    assert nt.grad(f)(a, b, c).tolist() == [6, 8]
    assert nt.grad(f, argnums=1)(a, b, c).tolist() == [2, 4]
    assert nt.grad(f, argnums=-1)(a, b, c).item() == 11
    both = nt.grad(f, argnums=(0, 2))(a, b, c)
    assert isinstance(both, tuple)
    assert both[0].tolist() == [6, 8]
    assert both[1].item() == 11
    (only,) = nt.grad(f, argnums=[1])(a, b, c)
    assert only.tolist() == [2, 4]


def test_keyword_arguments_and_constants():
    def f(a, *, scale, power=1):
        return nt.sum(a**power) * scale

    assert nt.grad(f)(vector(1.0, 2.0), scale=3.0, power=2).tolist() == [6, 12]


def test_has_aux():
    def f(a):
        return nt.sum(a * a), {"twice": a * 2, "name": "x"}

    gradient, aux = nt.grad(f, has_aux=True)(vector(1.0, 2.0))
    assert gradient.tolist() == [2, 4]
    assert aux["twice"].tolist() == [2, 4]
    assert aux["name"] == "x"
    assert not aux["twice"].requires_grad
    (value, aux), gradient = nt.value_and_grad(f, has_aux=True)(vector(1.0, 2.0))
    assert value.item() == 5
    assert gradient.tolist() == [2, 4]


def test_containers():
    Pair = collections.namedtuple("Pair", "w b")
    params = {
        "layers": [Pair(vector(1.0, 2.0), vector(3.0)), Pair(vector(4.0), vector(5.0))],
        "scale": (nt.tensor(2.0, dtype=nt.float64), None),
    }

    def f(p):
        total = sum(nt.sum(layer.w) * 2 + nt.sum(layer.b) for layer in p["layers"])
        return total * p["scale"][0]

    value, g = nt.value_and_grad(f)(params)
    assert value.item() == 44
    assert isinstance(g["layers"][0], Pair)
    assert g["layers"][0].w.tolist() == [4, 4]
    assert g["layers"][1].b.tolist() == [2]
    assert g["scale"][0].item() == 22
    assert g["scale"][1] is None


def test_an_argument_that_does_not_matter():
    g = nt.grad(lambda a, b: nt.sum(a), argnums=1)(vector(1.0), vector(2.0, 3.0))
    assert g.tolist() == [0, 0]
    assert nt.grad(lambda a: nt.tensor(1.0))(vector(1.0, 2.0)).tolist() == [0, 0]


def test_nesting():
    x = nt.tensor(0.7, dtype=nt.float64)
    f, want = nt.sin, [np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin]
    for derivative in want:
        f = nt.grad(f)
        assert f(x).item() == pytest.approx(derivative(0.7), rel=1e-12)


def test_nesting_over_different_arguments():
    def f(x, y):
        return x**3 * y**2

    x, y = nt.tensor(2.0, dtype=nt.float64), nt.tensor(3.0, dtype=nt.float64)
    assert nt.grad(nt.grad(f, argnums=0), argnums=1)(x, y).item() == 3 * 4 * 2 * 3
    inner = nt.grad(lambda v: v * nt.grad(lambda u: u * v)(v))(x)
    assert inner.item() == 4


def test_grad_inside_a_recorded_function():
    """A gradient penalty: the result of a transform is part of an outer backward."""
    w = nt.tensor(3.0, dtype=nt.float64, requires_grad=True)
    penalty = nt.grad(lambda v: v**2 * w)(nt.tensor(2.0, dtype=nt.float64))
    if penalty.requires_grad:
        penalty.backward()
        assert w.grad.item() == 4

    def f(v):
        g = nt.grad(lambda u: nt.sum(u**3))(v)
        return nt.sum(g * g)

    x = vector(1.0, 2.0)
    np.testing.assert_allclose(nt.grad(f)(x).numpy(), 36 * np.array([1.0, 8.0]))


def test_inputs_that_already_record():
    x = nt.tensor([1.0, 2.0], dtype=nt.float64, requires_grad=True)
    g = nt.grad(lambda v: nt.sum(v * v))(x)
    assert g.tolist() == [2, 4]
    assert x.grad is None


def test_inside_no_grad():
    with nt.no_grad():
        g = nt.grad(lambda v: nt.sum(v * v))(vector(1.0, 2.0))
        assert g.tolist() == [2, 4]
        assert not (g * 1).requires_grad


def test_detach_and_no_grad_inside():
    g = nt.grad(lambda v: nt.sum(v * v.detach()))(vector(1.0, 2.0))
    assert g.tolist() == [1, 2]


def test_in_place_inside():
    def f(v):
        out = nt.zeros(3, dtype=nt.float64)
        for i in range(3):
            out[i] = v[i] ** (i + 1)
        return nt.sum(out)

    assert nt.grad(f)(vector(2.0, 2.0, 2.0)).tolist() == [1, 4, 12]


def test_arrays_and_floats_as_arguments():
    assert nt.grad(lambda v: nt.sum(v * v))(np.array([1.0, 2.0])).tolist() == [2, 4]
    assert nt.grad(lambda v: v * v)(3.0).item() == 6


def test_an_exception_passes_through_and_leaves_no_trace():
    def f(v):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        nt.grad(f)(vector(1.0))
    assert nt.grad(lambda v: nt.sum(v * v))(vector(1.0)).tolist() == [2]
    with nt.no_grad(), pytest.raises(KeyError):
        nt.grad(f)(vector(1.0))
    x = nt.tensor(1.0, requires_grad=True)
    assert (x * 2).requires_grad


def test_the_function_keeps_its_name():
    def loss(v):
        """Say what it is."""
        return v

    assert nt.grad(loss).__name__ == "loss"
    assert nt.value_and_grad(loss).__doc__ == "Say what it is."


@pytest.mark.parametrize(
    ("use", "kind", "pattern"),
    [
        (lambda: nt.grad(lambda v: v)(vector(1.0, 2.0)), ValueError, r"\(2,\)"),
        (lambda: nt.grad(lambda v: 1.0)(vector(1.0)), TypeError, "float"),
        (lambda: nt.grad(lambda v: None)(vector(1.0)), TypeError, "NoneType"),
        (lambda: nt.grad(nt.sum)(nt.tensor([1, 2])), TypeError, "int64"),
        (lambda: nt.grad(nt.sum)("text"), TypeError, "str"),
        (lambda: nt.grad(nt.sum, argnums=1)(vector(1.0)), ValueError, "1"),
        (lambda: nt.grad(nt.sum, argnums=(0, 0))(vector(1.0)), ValueError, "twice|0, 0"),
        (lambda: nt.grad(nt.sum, argnums=(0, -1))(vector(1.0)), ValueError, "twice|-1"),
        (lambda: nt.grad(nt.sum, argnums=())(vector(1.0)), ValueError, "argnums"),
        (lambda: nt.grad(nt.sum, argnums="x")(vector(1.0)), TypeError, "x"),
        (lambda: nt.grad(3)(vector(1.0)), TypeError, "int"),
        (lambda: nt.grad(lambda v: v > 0)(vector(1.0)), TypeError, "bool"),
        (lambda: nt.grad(nt.sum, has_aux=True)(vector(1.0)), TypeError, "aux"),
    ],
)
def test_refusals(use, kind, pattern):
    with pytest.raises(kind, match=pattern):
        use()
