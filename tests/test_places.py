"""Errors of the tape name the line of the program that recorded what they are about."""

import functools
import inspect
import subprocess
import sys
import textwrap
import threading

import pytest

import ndtape as nt


def leaf(*values, dtype=nt.float64):
    return nt.tensor(values, dtype=dtype, requires_grad=True)


def complaint(y):
    """What is said of a recorded tensor that is misused."""
    with pytest.raises(nt.TapeError) as caught:
        y.numpy()
    return str(caught.value)


def here():
    """The caller's line, as errors give it."""
    frame = inspect.currentframe().f_back
    return f"{__file__}:{frame.f_lineno} in {frame.f_code.co_name}"


def both(x):
    return nt.exp(x), here()


def test_the_line_of_a_function():
    y, line = both(leaf(1.0))
    assert f"the result of exp, recorded at {line}, of shape (1,)" in complaint(y)
    y, line = [both(leaf(k)) for k in (1.0, 2.0)][1]
    assert line in complaint(y)


def test_operators_methods_and_python_parts_of_the_package():
    x = leaf(1.0, 2.0)
    y, line = x * x, here()
    assert line in complaint(y)
    y, line = x.sum(), here()
    assert line in complaint(y)
    layer = nt.nn.Linear(2, 3)
    y, line = layer(nt.astype(x, nt.float32)), here()
    assert line in complaint(y)
    y, line = nt.linalg.trace(nt.stack([x, x])), here()
    assert line in complaint(y)
    y, line = nt.grad(lambda t: nt.sum(t * x))(x), here()
    assert f"{__file__}:" in complaint(y)
    assert line.split(" in ")[1] in complaint(y)


def test_generators_lambdas_partials_and_threads():
    x = leaf(1.0)
    for y, line in ((nt.sin(x), here()) for _ in range(2)):
        assert line in complaint(y)
    y, line = (lambda: (nt.sin(x), here()))()
    assert line in complaint(y)
    y, line = functools.partial(nt.sin, x)(), here()
    assert line in complaint(y)
    found = []
    thread = threading.Thread(target=lambda: found.append((nt.cos(x), here())))
    thread.start()
    thread.join()
    y, line = found[0]
    assert line in complaint(y)


def test_large_operations_that_let_other_threads_run():
    x = nt.ones((600, 600), requires_grad=True)
    y, line = nt.tanh(x) @ x, here()
    assert line in complaint(y)


def test_a_derivative_is_recorded_where_it_is_asked_for():
    x = leaf(2.0)
    y = nt.sum(x**3)
    (g,), line = nt.autograd.grad(y, [x], create_graph=True), here()
    assert line in complaint(g)

    class Cube(nt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.detach() ** 3

        @staticmethod
        def vjp(ctx, g):
            (x,) = ctx.saved_tensors
            d = 3 * x * x * g
            assert f"{__file__}:" in complaint(d)
            assert "in vjp" in complaint(d)
            return d

    (g,), line = nt.autograd.grad(nt.sum(Cube.apply(x)), [x], create_graph=True), here()
    assert g.item() == 12


@pytest.mark.parametrize(
    "misuse",
    [
        lambda x, y: y.requires_grad_(False),
        lambda x, y: setattr(y, "grad", y.detach()),
        lambda x, y: nt.asarray([y]),
        lambda x, y: __import__("copy").deepcopy(y),
        lambda x, y: (nt.sum(y).backward(), nt.sum(y).backward()),
        lambda x, y: (nt.sum(y).backward(), y.register_hook(print)),
    ],
)
def test_misuse_names_operator_shape_and_line(misuse):
    x = leaf(1.0, 2.0)
    y, line = nt.exp(x), here()
    with pytest.raises(nt.TapeError) as caught:
        misuse(x, y)
    text = str(caught.value)
    assert "exp" in text
    assert f"recorded at {line}" in text
    assert "(2,)" in text


def test_misuse_of_a_leaf_names_the_line_that_made_it_one():
    x, line = leaf(1.0, 2.0), here()
    line = f"{__file__}:{inspect.getsourcelines(leaf)[1] + 1} in leaf"
    for target in (x, x[:1]):
        with pytest.raises(nt.TapeError) as caught:
            target += 1.0
        assert line in str(caught.value)
        assert "(2,)" in str(caught.value)


def test_functions_made_for_ever():
    """Each has lines of its own; the last are known."""
    x = leaf(1.0)
    text = "def f(x):\n    return nt.exp(x)\n"
    first = None
    for k in range(40_000):
        scope = {"nt": nt}
        exec(compile(text, f"made_{k}.py", "exec"), scope)
        y = scope["f"](x)
        if k == 0:
            first = y
    assert "made_39999.py:2 in f" in complaint(y)
    assert "the result of exp of shape (1,)" in complaint(first), "forgotten, not wrong"
    assert "made_39999.py:2 in f" in complaint(scope["f"](x))


def test_recording_while_the_interpreter_ends():
    program = """
        import ndtape as nt
        x = nt.tensor([1.0], requires_grad=True)

        class Late:
            def __del__(self):
                y = self.exp(x)
                self.sum(y).backward()
                self.write(1, f"late {y.requires_grad}".encode())

        late = Late()
        late.exp, late.sum = nt.exp, nt.sum
        import os
        late.write = os.write
        circle = [late]
        circle.append(circle)
        del late, circle
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "late True", "")
