"""Modes, hooks, kept gradients, checkpoints, and the search for NaN."""

import gc
import threading
import weakref

import gradcheck
import numpy as np
import pytest

import ndtape as nt


def leaf(*values):
    return nt.tensor(values if len(values) > 1 else values[0], dtype=nt.float64, requires_grad=True)


# ---- modes -----------------------------------------------------------------------------------


def test_inference_mode():
    x = leaf(2.0)
    with nt.inference_mode():
        assert not (x * 2).requires_grad
        with nt.no_grad():
            pass
        for record in (nt.enable_grad().__enter__, lambda: nt.grad(nt.sin)(1.0)):
            with pytest.raises(nt.TapeError, match="inference_mode"):
                record()
        with nt.inference_mode():
            pass
        with pytest.raises(nt.TapeError, match="inference_mode"):
            nt.enable_grad().__enter__()
        other = []
        thread = threading.Thread(target=lambda: other.append(nt.grad(nt.sin)(0.0).item()))
        thread.start()
        thread.join()
        assert other == [1]
    assert (x * 2).requires_grad
    with nt.enable_grad():
        pass

    @nt.inference_mode()
    def f(v):
        return v * 2

    assert not f(x).requires_grad


def test_stop_gradient():
    x = leaf(3.0)
    tree = nt.stop_gradient({"a": [x * x, 5], "b": (None, x)})
    assert not tree["a"][0].requires_grad
    assert tree["a"][1] == 5
    assert tree["b"][0] is None
    assert tree["b"][1].data_ptr() == x.data_ptr()
    assert nt.grad(lambda v: v * nt.stop_gradient(v * v))(3.0).item() == 9


# ---- hooks and kept gradients --------------------------------------------------------------------


def test_hooks_see_the_whole_gradient_once():
    x = leaf(1.0, 2.0)
    y = x * 3
    before = y * 10  # a use before the hook counts, too
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: seen.append(("x", g.tolist())))
    nt.sum(before + y + y).backward()
    assert seen == [[12, 12], ("x", [36, 36])]
    assert x.grad.tolist() == [36, 36]


def test_hooks_replace_gradients_in_order():
    x = leaf(1.0, 2.0)
    y = x * 3
    y.register_hook(lambda g: g + 1)
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: nt.clip(g, 0.0, 50.0))
    nt.sum(y).backward()
    assert x.grad.tolist() == [50, 50]
    z = leaf(1.0, 2.0)
    z.register_hook(lambda g: g * 2)
    (g,) = nt.autograd.grad(nt.sum(z * z), z)
    assert g.tolist() == [4, 8]


def test_hooks_can_be_removed():
    x = leaf(1.0)
    first = x.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: g * 3)
    x.backward()
    first.remove()
    first.remove()
    x.backward()
    assert x.grad.item() == 6 + 3
    with x.register_hook(lambda g: g * 100):
        x.backward()
    assert x.grad.item() == 309
    x.backward()
    assert x.grad.item() == 312


def test_hooks_take_part_in_higher_derivatives():
    x = leaf(2.0)
    y = x * x
    y.register_hook(lambda g: g * y.detach())
    (g,) = nt.autograd.grad(y * 3, x, create_graph=True)
    assert g.item() == 3 * 4 * 2 * 2
    (h,) = nt.autograd.grad(g, x)
    assert h.item() == 24


def test_a_hook_that_raises_leaves_everything_as_it_was():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x * w
    handle = y.register_hook(lambda g: 1 // 0)
    loss = nt.sum(y * 2) + nt.sum(w)
    with pytest.raises(ZeroDivisionError):
        loss.backward(retain_graph=True)
    assert x.grad is None
    assert w.grad is None
    handle.remove()
    loss.backward()
    assert x.grad.tolist() == [6, 8]
    assert w.grad.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("hook", "kind", "pattern"),
    [
        (lambda g: g[:1], ValueError, r"result of multiply .*\(1,\).*expected \(2,\)"),
        (lambda g: nt.astype(g, nt.float32), ValueError, "float32, expected .* float64"),
        (lambda g: 1.0, TypeError, "hook"),
        (lambda g: (g, g), TypeError, "hook must return a tensor or None"),
    ],
)
def test_what_a_hook_may_return(hook, kind, pattern):
    x = leaf(1.0, 2.0)
    y = x * 3
    y.register_hook(hook)
    with pytest.raises(kind, match=pattern):
        nt.sum(y).backward()
    assert x.grad is None


def test_misuse_of_hooks():
    with pytest.raises(nt.TapeError, match="register_hook"):
        nt.tensor(1.0).register_hook(print)
    with pytest.raises(TypeError, match="int"):
        leaf(1.0).register_hook(5)
    with pytest.raises(nt.TapeError, match="retain_grad"):
        nt.tensor(1.0).retain_grad()
    x = leaf(1.0)
    y = x * 2
    y.backward()
    with pytest.raises(nt.TapeError, match="freed"):
        y.register_hook(print)


def test_a_hook_goes_with_the_graph():
    class Note:
        pass

    x = leaf(1.0)
    gc.disable()
    try:
        note = Note()
        y = x * 2
        y.register_hook(lambda g, note=note, y=y: None)  # a circle through the tape
        reference = weakref.ref(note)
        (y * 2).backward()
        del note, y
        assert reference() is None
    finally:
        gc.enable()


def test_retain_grad():
    x = leaf(1.0, 2.0)
    y = x * x
    z = y * 3
    y.retain_grad()
    y.retain_grad()
    x.retain_grad()
    assert y.grad is None
    nt.sum(z).backward(retain_graph=True)
    assert y.grad.tolist() == [3, 3]
    assert z.grad is None
    nt.sum(z).backward()
    assert y.grad.tolist() == [6, 6]
    assert x.grad.tolist() == [12, 24]
    y.grad = None
    assert y.grad is None
    y = x * 2
    y.retain_grad()
    y += 1
    nt.sum(y).backward()
    assert y.grad is None, "it belonged to the value before the change"


def test_retain_grad_of_a_gradient():
    x = leaf(3.0)
    y = x * x
    y.retain_grad()
    (y * y).backward(create_graph=True)
    assert y.grad.item() == 18
    (g,) = nt.autograd.grad(y.grad, x)
    assert g.item() == 12
    y.grad = None  # it is on the graph that it belongs to


# ---- checkpoint ---------------------------------------------------------------------------------


def _block(x, w, scale=1.0):
    return nt.tanh(nt.exp(x * w) * scale) * x


def test_checkpoint_gives_the_same_gradients():
    rng = np.random.default_rng(0)
    x, w = rng.uniform(-1, 1, (2, 3)), rng.uniform(-1, 1, 3)
    gradcheck.check(lambda x, w: nt.checkpoint(_block, x, w, scale=0.5), x, w)
    gradcheck.check(lambda x, w: nt.checkpoint(lambda v: _block(v, w), x * 2) * w, x, w)
    gradcheck.check(lambda x, w: nt.checkpoint(lambda: _block(x, nt.exp(w))), x, w)
    gradcheck.check(
        lambda x, w: nt.checkpoint(
            lambda a: nt.checkpoint(_block, a, w) * a, nt.checkpoint(nt.sin, x)
        ),
        x,
        w,
    )
    tangents = (nt.asarray(x * 0 + 1), nt.asarray(w))
    plain = nt.jvp(_block, (nt.asarray(x), nt.asarray(w)), tangents)[1]
    again = nt.jvp(
        lambda x, w: nt.checkpoint(_block, x, w), (nt.asarray(x), nt.asarray(w)), tangents
    )[1]
    np.testing.assert_allclose(again.numpy(), plain.numpy(), rtol=1e-12)


def test_checkpoint_of_containers():
    def f(p, n, *, flag):
        assert flag == "yes"
        return {"y": [p["a"] * p["b"][0] * n, nt.sum(p["a"])], "n": n, "c": nt.arange(3)}

    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    out = nt.checkpoint(f, {"a": a, "b": (b, None)}, 2, flag="yes")
    assert out["n"] == 2
    assert out["c"].tolist() == [0, 1, 2]
    (nt.sum(out["y"][0]) + out["y"][1]).backward()
    assert a.grad.tolist() == [7, 9]
    assert b.grad.tolist() == [2, 4]
    nt.sum(nt.checkpoint(f, {"a": a, "b": (b, None)}, 2, flag="yes")["y"][1]).backward()
    assert a.grad.tolist() == [8, 10]


def test_checkpoint_where_nothing_records():
    x = leaf(1.0)
    with nt.no_grad():
        assert nt.checkpoint(nt.exp, x).requires_grad is False
    assert nt.checkpoint(nt.exp, x.detach()).requires_grad is False
    assert nt.checkpoint(lambda: 5) == 5
    with pytest.raises(TypeError, match="int"):
        nt.checkpoint(5)


def test_checkpoint_draws_the_same_random_numbers():
    x = nt.ones(100, dtype=nt.float64, requires_grad=True)
    nt.random.seed(1)

    def dropout(v):
        return v * nt.random.bernoulli(0.5, v.shape, dtype=nt.float64)

    y = nt.checkpoint(dropout, x)
    state = nt.random.get_state()
    nt.random.uniform(size=5)
    moved = nt.random.get_state()
    nt.sum(y).backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())
    assert nt.random.get_state() == moved != state


def test_checkpoint_frees_what_was_saved():
    def deep(x):
        for _ in range(50):
            x = nt.tanh(x)
        return x

    x = nt.ones(10_000, dtype=nt.float64, requires_grad=True)
    before = nt.memory.stats()["in_use"]
    y = nt.checkpoint(deep, x)
    held = nt.memory.stats()["in_use"] - before
    assert held < 3 * x.nbytes
    y.backward(nt.ones_like(y))
    z = leaf(1.0)
    want = nt.grad(lambda v: nt.sum(deep(v)))(z).item()
    assert x.grad[0].item() == pytest.approx(want)
    del y
    x.grad = None
    assert nt.memory.stats()["in_use"] - before < x.nbytes


def test_checkpoint_notices_what_changed():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    factor = nt.tensor([5.0, 6.0], dtype=nt.float64)

    def f(v):
        return v * w * factor

    y = nt.checkpoint(f, x * 1)
    factor += 1
    with pytest.raises(nt.TapeError, match=r"another result of shape \(2,\)"):
        nt.sum(y).backward()
    h = x * 1
    y = nt.checkpoint(f, h)
    h += 1  # the argument is kept as it was
    nt.sum(y).backward()
    assert x.grad.tolist() == [18, 28]
    x.grad = None
    with pytest.raises(nt.TapeError, match=r"argument of shape \(2,\) in place"):
        nt.checkpoint(lambda v: v.__imul__(2), x * 1)
    sizes = iter([2, 1])
    y = nt.checkpoint(lambda v: v[: next(sizes)], x * 1)
    with pytest.raises(nt.TapeError, match=r"\[\(2,\)\], but \[\(1,\)\]"):
        nt.sum(y).backward()
    y = nt.checkpoint(f, x * 1)
    y += 1  # the result itself is free to change
    nt.sum(y).backward()
    assert x.grad.tolist() == [18, 28]


def test_checkpoint_that_raises():
    calls = []

    def f(v):
        calls.append(1)
        if len(calls) > 1:
            raise KeyError("second")
        return v * v

    x = leaf(3.0)
    state = nt.random.get_state()
    y = nt.checkpoint(f, x)
    with pytest.raises(KeyError, match="second"):
        y.backward()
    assert nt.random.get_state() == state
    assert x.grad is None
    assert (x * 2).requires_grad


# ---- anomalies -------------------------------------------------------------------------------


def message(function):
    with pytest.raises(nt.TapeError) as caught:
        function()
    return str(caught.value)


def test_forward_anomalies_name_the_operator_and_the_line():
    x = leaf(1.0, 0.0)
    y = x * 1
    with nt.detect_anomaly():
        text = message(lambda: nt.log(y))
    assert text.startswith("log, recorded at ")
    assert "test_control.py:" in text
    assert "(2,)" in text
    assert "infinity" in text
    with nt.detect_anomaly():
        text = message(lambda: nt.log(y - 1.0))
    assert "NaN" in text
    nt.log(y)  # as before
    with nt.detect_anomaly(inf=False):
        nt.log(y)
        assert "NaN" in message(lambda: nt.log(y - 1))
    with nt.detect_anomaly(nan=False):
        nt.sqrt(y - 1)


def test_backward_anomalies_name_the_line_that_recorded():
    x = leaf(1.0, 0.0)
    with nt.detect_anomaly():
        y = nt.sqrt(x)  # this line
        z = nt.sum(y * 2)
        text = message(z.backward)
    line = test_backward_anomalies_name_the_line_that_recorded.__code__.co_firstlineno + 3
    assert text.startswith("sqrt, recorded at ")
    assert f"test_control.py:{line} in test_backward" in text
    assert "the gradient of input 0, of shape (2,)" in text
    assert x.grad is None


def test_anomaly_mode_nests_and_ends():
    x = leaf(0.0)

    @nt.detect_anomaly()
    def f():
        return nt.log(x)

    message(f)
    nt.log(x)
    with nt.detect_anomaly():
        with nt.detect_anomaly(inf=False):
            nt.log(x)
        message(lambda: nt.log(x))
        found = []
        thread = threading.Thread(target=lambda: found.append(nt.log(x)))
        thread.start()
        thread.join()
        assert len(found) == 1, "only this thread is watched"
    nt.log(x)
    with pytest.raises(TypeError, match="int"):
        nt.detect_anomaly()(5)


def test_anomaly_mode_and_forward_mode():
    with nt.detect_anomaly():
        assert nt.jvp(lambda x: nt.sum(nt.exp(x)), (1.0,), (1.0,))[1].item() > 2
        assert "infinity" in message(lambda: nt.jvp(lambda x: nt.sum(1 / x), (0.0,), (1.0,)))
