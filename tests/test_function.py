"""Operations with rules of their own: nt.autograd.Function and what it stands on."""

import gc
import subprocess
import sys
import threading
import weakref

import gradcheck
import numpy as np
import pytest

import ndtape as nt
from ndtape import _core

Function = nt.autograd.Function


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = nt.exp(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def vjp(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class SinCos(Function):
    """Two outputs, a number among the arguments, and the name that PyTorch gives the rule."""

    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, None)
        ctx.scale = scale
        return nt.sin(x * scale), nt.cos(x * scale)

    @staticmethod
    def backward(ctx, gs, gc):
        x, nothing = ctx.saved_tensors
        assert nothing is None
        k = ctx.scale
        return k * (gs * nt.cos(x * k) - gc * nt.sin(x * k)), None


class Multiply(Function):
    needed = None

    @staticmethod
    def forward(ctx, a, b):
        Multiply.needed = ctx.needs_input_grad
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def vjp(ctx, g):
        a, b = ctx.saved_tensors
        return g * b, g * a


def leaf(*values):
    return nt.tensor(values, dtype=nt.float64, requires_grad=True)


def test_first_and_second_derivatives():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-1, 1, (2, 3)), rng.uniform(-1, 1, (2, 3))
    gradcheck.check(Exp.apply, x)
    gradcheck.check(lambda x: SinCos.apply(x, 1.5)[0] * x, x)
    gradcheck.check(lambda x: SinCos.apply(x, 1.5)[1] ** 2, x)
    gradcheck.check(lambda x: SinCos.apply(x, 1.5)[0] * SinCos.apply(x, 2)[1], x)
    gradcheck.check(Multiply.apply, x, y)
    gradcheck.check(lambda x: Multiply.apply(x, x), x)
    third = nt.grad(nt.grad(nt.grad(Exp.apply)))(nt.tensor(0.5, dtype=nt.float64))
    assert third.item() == pytest.approx(np.exp(0.5))


def test_what_needs_a_gradient():
    a, b = leaf(1.0), nt.tensor([2.0], dtype=nt.float64)
    Multiply.apply(a, b)
    assert Multiply.needed == (True, False)
    with nt.no_grad():
        assert not Multiply.apply(a, a).requires_grad
    assert Multiply.needed == (False, False)
    assert not Multiply.apply(b, b).requires_grad
    y = Multiply.apply(a, b)
    assert y.grad_fn == "Multiply"
    assert not y.is_leaf


def test_outputs_without_a_gradient():
    seen = []

    class Sorted(Function):
        @staticmethod
        def forward(ctx, x):
            order = nt.asarray(np.argsort(x.detach().numpy()))
            y = nt.take(x, order)
            twice = y * 2
            ctx.save_for_backward(order)
            ctx.mark_non_differentiable(twice)
            return y, order, twice

        @staticmethod
        def vjp(ctx, g, g_order, g_twice):
            (order,) = ctx.saved_tensors
            seen.append((g_order, g_twice))
            y = nt.zeros(g.shape, dtype=g.dtype)
            y[order] = g
            return y

    x = leaf(3.0, 1.0, 2.0)
    y, order, twice = Sorted.apply(x)
    assert y.requires_grad
    assert not order.requires_grad
    assert not twice.requires_grad
    nt.sum(y * nt.tensor([1.0, 10.0, 100.0], dtype=nt.float64) * twice.detach()).backward()
    assert x.grad.tolist() == [600, 2, 40]
    assert seen == [(None, None)]


def test_gradients_that_do_not_come():
    seen = []

    class Split(Function):
        materialize = True

        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(Split.materialize)
            return x * 2, x * 3

        @staticmethod
        def vjp(ctx, g, h):
            seen.append((g, h))
            return None if g is None or h is None else 2 * g + 3 * h

    x = leaf(1.0, 2.0)
    nt.sum(Split.apply(x)[1]).backward()
    assert seen[0][0].tolist() == [0, 0]
    assert x.grad.tolist() == [3, 3]
    Split.materialize = False
    (nt.sum(Split.apply(x)[1]) + nt.sum(x)).backward()
    assert seen[1][0] is None
    assert x.grad.tolist() == [4, 4]


class _Returns(Function):
    """Whatever one likes as output and gradient."""

    @staticmethod
    def forward(ctx, x, output, gradient):
        ctx.gradient = gradient
        return output(x) if callable(output) else output

    @staticmethod
    def vjp(ctx, *g):
        return ctx.gradient(*g)


@pytest.mark.parametrize(
    ("gradient", "kind", "pattern"),
    [
        (lambda g: g, ValueError, "_Returns.vjp returned 1 gradients, expected 3"),
        (lambda g: (g, None), ValueError, "2 gradients, expected 3"),
        (lambda g: (g, g, None), TypeError, "argument 1 is not a tensor"),
        (
            lambda g: (g[:1], None, None),
            ValueError,
            r"argument 0 has shape \(1,\), expected \(2,\)",
        ),
        (lambda g: (nt.sum(g), None, None), ValueError, r"shape \(\), expected \(2,\)"),
        (lambda g: (1.0, None, None), TypeError, "must be a tensor or None, not float"),
        (lambda g: 5, TypeError, "not int"),
        (lambda g: (nt.tensor([1, 2]), None, None), TypeError, "int64, expected float64"),
        (lambda g: 1 // 0, ZeroDivisionError, "by zero"),
    ],
)
def test_wrong_gradients(gradient, kind, pattern):
    x = leaf(1.0, 2.0)
    loss = nt.sum(_Returns.apply(x, lambda x: x * 2, gradient) * 3)
    with pytest.raises(kind, match=pattern):
        loss.backward()
    assert x.grad is None
    nt.sum(x * 2).backward()  # the tape is as good as new
    assert x.grad.tolist() == [2, 2]


@pytest.mark.parametrize("output", [5, None, (1.0,), "text"])
def test_wrong_outputs(output):
    with pytest.raises(TypeError, match="_Returns: forward must return"):
        _Returns.apply(leaf(1.0), output, None)


def test_a_function_without_rules():
    with pytest.raises(NotImplementedError, match="forward"):
        Function.apply(leaf(1.0))

    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x / 2

    y = Half.apply(leaf(1.0))
    with pytest.raises(NotImplementedError, match="vjp"):
        y.backward()


def test_arguments_that_forward_changes():
    def change(x):
        x.detach()[...] = 0
        return x * 2

    with pytest.raises(nt.TapeError, match=r"argument 0, of shape \(2,\), in place"):
        _Returns.apply(leaf(1.0, 2.0), change, None)


def test_outputs_are_memory_of_their_own():
    """A later change of one must not change an argument, or another output, behind the tape."""
    x = leaf(1.0, 2.0) * 1
    y = _Returns.apply(x, lambda x: x, lambda g: (g, None, None))
    y *= 5
    assert x.tolist() == [1, 2]
    y = _Returns.apply(x, lambda x: x[::-1], lambda g: (g[::-1], None, None))
    y += 1
    assert x.tolist() == [1, 2]
    whole = nt.zeros(4, dtype=nt.float64)
    a, b = _Returns.apply(x, lambda x: (whole[:2], whole[1:3]), lambda g, h: (g, None, None))
    a += 1
    assert b.tolist() == [0, 0]


def test_saved_tensors_are_kept_as_they_were():
    x = leaf(1.0, 2.0)
    y = Exp.apply(x)
    y += 1
    nt.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), nt.exp(x.detach()).numpy())
    x.grad = None
    h = x * 1
    y = Multiply.apply(h, h)
    h += 1
    nt.sum(y).backward()
    assert x.grad.tolist() == [2, 4]
    with pytest.raises(TypeError, match="save_for_backward: expected tensors, not list"):
        nt.autograd.Context().save_for_backward([1])


def test_walking_twice():
    x = leaf(0.5)
    y = Exp.apply(x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == pytest.approx(2 * np.exp(0.5))
    with pytest.raises(nt.TapeError, match="Exp, recorded at .*retain_graph"):
        y.backward()


def test_nothing_is_held_in_a_circle():
    """Without the garbage collector: contexts, closures and memory go when the results go."""

    class Keeper(Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            ctx.save_for_backward(x, y)
            ctx.anything = y
            contexts.append(weakref.ref(ctx))
            return y

        @staticmethod
        def vjp(ctx, g):
            x, y = ctx.saved_tensors
            return g * 2 + 0 * x * y

    contexts = []
    gc.collect()
    gc.disable()
    try:
        before = nt.memory.stats()["in_use"]
        for walk in (False, True):
            x = nt.ones(1000, dtype=nt.float64, requires_grad=True)
            y = nt.sum(Keeper.apply(x) * 3)
            if walk:
                y.backward(create_graph=True)
                x.grad = None
            del x, y
        assert all(reference() is None for reference in contexts)
        assert nt.memory.stats()["in_use"] == before
    finally:
        gc.enable()


def test_an_error_frees_what_was_held():
    before = nt.memory.stats()["in_use"]
    for _ in range(20):
        x = nt.ones(1000, dtype=nt.float64, requires_grad=True)
        y = nt.sum(_Returns.apply(nt.exp(x), lambda x: x * 2, lambda g: 1 // 0))
        with pytest.raises(ZeroDivisionError):
            y.backward()
        del x, y
    assert nt.memory.stats()["in_use"] == before


def test_a_rule_that_walks_a_graph_itself():
    class Solve(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return nt.exp(x)

        @staticmethod
        def vjp(ctx, g):
            (x,) = ctx.saved_tensors
            return nt.grad(lambda v: nt.sum(nt.exp(v) * g))(x)

    x = leaf(0.5, 1.0)
    nt.sum(Solve.apply(x)).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([0.5, 1.0]))


def test_long_chains():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = _core.record_custom("step", y, y.detach() + 1, lambda g: g)
    y.backward()
    assert x.grad.item() == 1
    y = x
    for _ in range(20_000):
        y = _core.record_custom("step", y, y.detach() + 1, lambda g: g)
    del y


def test_two_threads():
    def work():
        for _ in range(100):
            x = leaf(0.5, 1.0)
            nt.sum(SinCos.apply(Exp.apply(x), 2)[0]).backward()
            gradients.append(x.grad.numpy())

    gradients = []
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gradients) == 200
    assert (np.stack(gradients) == gradients[0]).all()


def test_the_primitive():
    x, y = leaf(1.0, 2.0), nt.tensor([[1.0], [3.0]], dtype=nt.float64, requires_grad=True)
    product = x.detach() * y.detach()
    z = _core.record_custom("times", [x, y], product, lambda g, x, y: (g * y, g * x), [x, y])
    assert z.grad_fn == "times"
    nt.sum(z).backward()
    assert x.grad.tolist() == [4, 4], "broadcasting is undone"
    assert y.grad.tolist() == [[3], [3]]
    (only,) = _core.record_custom("one", [x], [x.detach() * 2], lambda g: (2 * g,))
    assert only.requires_grad
    one, two = x.detach() * 2, x.detach() * 3
    assert _core.record_custom("none", [one], [two], lambda g: g)[0] is not None


def scaled_vjp(g, *saved_and_parameters):
    *_, x, power, factor = saved_and_parameters
    return factor * power * g * x ** (power - 1)


def scaled_jvp(t, *saved_and_parameters):
    return scaled_vjp(t, *saved_and_parameters)


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("jvp", [None, scaled_jvp])
def test_operations_with_parameters_and_any_number_of_kept_tensors(before, jvp):
    operation = _core.operation("scaled", scaled_vjp, jvp, (3, 2.0))

    def scaled(x):
        y = 2.0 * x.detach() ** 3
        assert _core.record_operation(operation, x, y, (*[None, y, x][:before] * 2, x)) is y
        return y

    x = leaf(1.0, 2.0)
    y = scaled(x)
    assert y.grad_fn == "scaled"
    nt.sum(y).backward()
    assert x.grad.tolist() == [6, 24]
    assert nt.grad(nt.grad(scaled))(nt.tensor(2.0)).item() == 24
    assert nt.jvp(scaled, (leaf(1.0),), (leaf(1.0),))[1].tolist() == [6]
    assert not scaled(nt.tensor([1.0])).requires_grad


def test_an_operation_outlives_its_object_and_names_what_was_freed():
    x = leaf(2.0)
    y = _core.record_operation(_core.operation("once", lambda g: 3 * g), x, x.detach() * 3)
    gc.collect()
    z = nt.sum(y)
    z.backward()
    assert x.grad.tolist() == [3]
    with pytest.raises(nt.TapeError, match="once|sum"):
        z.backward()
    assert y.grad_fn == "once"


def test_an_output_that_was_made_as_a_view_is_one_no_more():
    x = leaf(1.0, 2.0)
    y = (nt.stack([x.detach(), x.detach()]) * 2)[0]
    _core.record_operation(_core.operation("twice", lambda g: 2 * g), x, y)
    y *= y
    nt.sum(y).backward()
    assert x.grad.tolist() == [8, 16]


def test_outputs_without_derivative_get_no_history():
    x = leaf(3.0)
    y, places = x.detach() * 2, nt.asarray([0])
    _core.record_operation(_core.operation("both", lambda g, _: 2 * g), x, (y, places))
    assert y.requires_grad
    assert not places.requires_grad
    nt.sum(y).backward()
    assert x.grad.tolist() == [2]


OPERATION = _core.operation("f", abs)


@pytest.mark.parametrize(
    ("call", "error", "pattern"),
    [
        (lambda x: _core.operation(1, abs), TypeError, "name must be a string"),
        (lambda x: _core.operation("\ud800", abs), UnicodeEncodeError, "surrogates"),
        (lambda x: _core.operation("f", 5), TypeError, "vjp must be a function"),
        (lambda x: _core.operation("f", abs, 5), TypeError, "jvp must be a function or None"),
        (lambda x: _core.operation("f", abs, None, [1]), TypeError, "parameters must be a tuple"),
        (lambda x: _core.record_operation(abs, x, x), TypeError, "not builtin_function_or_method"),
        (lambda x: _core.record_operation(np.array(1).__dlpack__(), x, x), TypeError, "PyCapsule"),
        (lambda x: _core.record_operation(OPERATION, [1.0], x), TypeError, "inputs: expected"),
        (lambda x: _core.record_operation(OPERATION, x, None), TypeError, "outputs: expected"),
        (lambda x: _core.record_operation(OPERATION, x, x), ValueError, "new tensors"),
        (lambda x: _core.record_operation(OPERATION, x, x.detach(), 1), TypeError, "saved: expec"),
    ],
)
def test_misuse_of_operations(call, error, pattern):
    with pytest.raises(error, match=pattern):
        call(leaf(1.0))


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        (lambda x: _core.record_custom(1, x, x, abs), "name"),
        (lambda x: _core.record_custom("f", 1.0, x, abs), "inputs|iterable"),
        (lambda x: _core.record_custom("f", [1.0], x, abs), "inputs: expected tensors, not float"),
        (lambda x: _core.record_custom("f", x, [None], abs), "outputs: expected tensors"),
        (lambda x: _core.record_custom("f", x, x, 5), "vjp must be a function"),
        (lambda x: _core.record_custom("f", x, x, abs, saved=[1]), "saved: expected tensors"),
        (lambda x: _core.record_custom("f", x, x, abs, (), 5), "jvp must be a function"),
    ],
)
def test_misuse_of_the_primitive(call, pattern):
    with pytest.raises(TypeError, match=pattern):
        call(leaf(1.0))


def test_the_interpreter_may_end_with_live_graphs():
    code = """
import ndtape as nt
class Double(nt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2
    @staticmethod
    def vjp(ctx, g):
        return g * 2
x = nt.tensor([1.0, 2.0], requires_grad=True)
y = Double.apply(nt.exp(x))
nt.kept = Double.apply(y)
def held(a=y):
    return a
print(nt.sum(y).item() > 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
