"""Optimizers against their formulas written out, and against PyTorch where it is installed."""

import numpy as np
import pytest

import ndtape as nt

START = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.75]])


def run(make, steps=5):
    """The parameter after some steps on a fixed function with gradients of all sizes."""
    x = nt.tensor(START, requires_grad=True)
    optimizer = make([x])
    for _ in range(steps):
        optimizer.zero_grad()
        nt.sum(nt.square(nt.square(x)) - x).backward()
        optimizer.step()
    return x.detach().numpy()


def gradient(x):
    return 4 * x**3 - 1


def test_sgd_with_momentum():
    x, v = START.copy(), np.zeros_like(START)
    for _ in range(5):
        v = 0.9 * v + gradient(x) + 0.01 * x
        x = x - 0.001 * v
    got = run(lambda p: nt.optim.SGD(p, 0.001, momentum=0.9, weight_decay=0.01))
    np.testing.assert_allclose(got, x, rtol=1e-12)


def test_rmsprop():
    x, s = START.copy(), np.zeros_like(START)
    for _ in range(5):
        g = gradient(x)
        s = 0.9 * s + 0.1 * g * g
        x = x - 0.01 * g / (np.sqrt(s) + 1e-7)
    got = run(lambda p: nt.optim.RMSprop(p, 0.01, decay=0.9, epsilon=1e-7))
    np.testing.assert_allclose(got, x, rtol=1e-12)


def test_adam():
    x, m, s = START.copy(), np.zeros_like(START), np.zeros_like(START)
    for t in range(1, 6):
        g = gradient(x)
        m = 0.9 * m + 0.1 * g
        s = 0.999 * s + 0.001 * g * g
        x = x - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(run(lambda p: nt.optim.Adam(p, 0.01)), x, rtol=1e-10)


CASES = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}],
    "Adagrad": [{}, {"weight_decay": 0.1}],
    "RMSprop": [{}, {"momentum": 0.5}, {"weight_decay": 0.1}],
    "Adam": [{}, {"weight_decay": 0.1}],
    "AdamW": [{}, {"weight_decay": 0.1}],
}


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, all_ in CASES.items() for o in all_])
def test_against_torch(name, options):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.tensor(START, requires_grad=True)
    optimizer = getattr(torch.optim, name)([x], lr=0.01, **options)
    for _ in range(5):
        optimizer.zero_grad()
        (x**4 - x).sum().backward()
        optimizer.step()
    got = run(lambda p: getattr(nt.optim, name)(p, 0.01, **options))
    np.testing.assert_allclose(got, x.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_state_resumes(name):
    make = getattr(nt.optim, name)
    whole = run(lambda p: make(p, 0.01), steps=4)
    x = nt.tensor(START, requires_grad=True)
    first = make([x], 0.01)
    for step in range(4):
        if step == 2:
            state = first.state_dict()
            first = make([x], 0.5)
            first.load_state_dict(state)
        first.zero_grad()
        nt.sum(nt.square(nt.square(x)) - x).backward()
        first.step()
    np.testing.assert_array_equal(x.detach().numpy(), whole)


def test_parameters_without_gradient_stay():
    x, y = (nt.tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = nt.optim.SGD([x, y], 0.1)
    nt.sum(x).backward()
    optimizer.step()
    assert x.item() == pytest.approx(0.9)
    assert y.item() == 1.0


def test_a_step_does_not_reach_what_the_tape_keeps():
    x = nt.tensor([1.0, 2.0], requires_grad=True)
    y = nt.sum(x * x)
    x.grad = nt.ones(2)
    nt.optim.SGD([x], 0.1).step()
    x.grad = None
    y.backward()
    assert x.grad.tolist() == [2, 4]


RULES = {
    "sgd": lambda p: nt.optim.SGD(p, 0.01, weight_decay=0.1),
    "momentum": lambda p: nt.optim.SGD(p, 0.01, momentum=0.9),
    "nesterov": lambda p: nt.optim.SGD(p, 0.01, momentum=0.9, nesterov=True),
    "adagrad": lambda p: nt.optim.Adagrad(p, 0.01),
    "rmsprop": lambda p: nt.optim.RMSprop(p, 0.01, weight_decay=0.1),
    "rmsprop with momentum": lambda p: nt.optim.RMSprop(p, 0.01, momentum=0.5),
    "adam": lambda p: nt.optim.Adam(p, 0.01, weight_decay=0.1),
    "adamw": lambda p: nt.optim.AdamW(p, 0.01, weight_decay=0.1),
}
LAYOUTS = {
    "transposed": lambda x: nt.asarray(np.ascontiguousarray(x.T)).T,
    "stepped": lambda x: nt.asarray(np.repeat(x, 2, axis=1))[:, ::2],
    "reversed": lambda x: nt.asarray(np.ascontiguousarray(x[::-1, ::-1]))[::-1, ::-1],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", RULES)
def test_any_layout_makes_the_same_step(name, layout, dtype):
    rng = np.random.default_rng(0)
    start = rng.standard_normal((37, 45)).astype(dtype)
    grads = rng.standard_normal((3, 37, 45)).astype(dtype)

    def steps(x):
        x = x.requires_grad_()
        optimizer = RULES[name]([x])
        for g in grads:
            x.grad = nt.asarray(g.copy())
            optimizer.step()
        return x.detach().numpy()

    plain = steps(nt.asarray(start.copy()))
    assert not np.array_equal(plain, start)
    np.testing.assert_array_equal(steps(LAYOUTS[layout](start)), plain)


def test_a_gradient_that_is_the_parameters_memory():
    memory = nt.asarray(np.arange(6.0))
    x = memory[1:].requires_grad_()
    x.grad = memory[:5]
    nt.optim.SGD([x], 1.0).step()
    np.testing.assert_array_equal(memory.numpy(), [0, 1, 1, 1, 1, 1])


def test_bad_input():
    x = nt.tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="none were given"):
        nt.optim.SGD([])
    with pytest.raises(ValueError, match=r"parameters\[1\].*twice"):
        nt.optim.SGD([x, x])
    with pytest.raises(ValueError, match=r"parameters\[0\].*leaf"):
        nt.optim.SGD([x * 2])
    with pytest.raises(TypeError, match="float"):
        nt.optim.SGD([1.0])
    with pytest.raises(ValueError, match=r"learning_rate: -1"):
        nt.optim.Adam([x], -1)
    with pytest.raises(ValueError, match=r"betas: 1\.5"):
        nt.optim.Adam([x], betas=(0.9, 1.5))
    with pytest.raises(ValueError, match="nesterov"):
        nt.optim.SGD([x], nesterov=True)
    with pytest.raises(ValueError, match="entries"):
        nt.optim.Adam([x]).load_state_dict({"count": 1})
