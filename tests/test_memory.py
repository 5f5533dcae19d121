"""The caching allocator as Python sees it: figures, cap, reuse, and memory that stays flat."""

import gc
import subprocess
import sys

import numpy as np
import pytest
from strategies import FULL

import ndtape as nt


@pytest.fixture(autouse=True)
def _limit():
    limit = nt.memory.stats()["limit"]
    yield
    nt.memory.set_limit(limit)


def resident():
    """Resident memory of this process in bytes."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        pytest.skip("this system does not tell resident memory in /proc")


def test_figures():
    gc.collect()
    nt.memory.empty_cache()
    before = nt.memory.stats()
    assert before["cached"] == 0
    x = nt.zeros(1_000_000)
    during = nt.memory.stats()
    grown = during["in_use"] - before["in_use"]
    assert 4_000_000 <= grown < 8_000_000
    assert during["peak"] >= during["in_use"]
    del x
    after = nt.memory.stats()
    assert after["in_use"] == before["in_use"]
    assert after["cached"] >= 4_000_000
    nt.memory.empty_cache()
    assert nt.memory.stats()["cached"] == 0


def test_reuse():
    x = nt.zeros(500_000)
    del x
    before = nt.memory.stats()
    for _ in range(10):
        x = nt.zeros(500_000)
        del x
    after = nt.memory.stats()
    assert after["hits"] - before["hits"] >= 10
    assert after["misses"] == before["misses"]


def test_the_cap_holds():
    nt.memory.set_limit(1_000_000)
    for n in (1000, 100_000, 1_000_000, 3_000_000):
        several = [nt.zeros(n) for _ in range(5)]
        del several
        assert nt.memory.stats()["cached"] <= 1_000_000
    nt.memory.set_limit(0)
    assert nt.memory.stats()["cached"] == 0
    assert nt.memory.stats()["limit"] == 0
    x = nt.ones(10_000)
    assert (x + x)[0].item() == 2
    with pytest.raises(ValueError, match="-1"):
        nt.memory.set_limit(-1)


def test_peak():
    nt.memory.reset_peak()
    base = nt.memory.stats()["peak"]
    x = nt.zeros(3_000_000)
    del x
    assert nt.memory.stats()["peak"] >= base + 12_000_000
    nt.memory.reset_peak()
    assert nt.memory.stats()["peak"] < base + 12_000_000


def test_a_loop_of_temporaries_stays_flat():
    x = nt.ones((1000, 1000))

    def work():
        y = nt.tanh(x * 2 + 1) - x / 3
        return nt.sum(y @ y.T).item()

    for _ in range(3):
        work()
    before, in_use = resident(), nt.memory.stats()["in_use"]
    for _ in range(30):
        work()
    assert resident() - before < 24_000_000
    assert nt.memory.stats()["in_use"] == in_use


def test_sizes_of_every_kind_do_not_pile_up():
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 2_000_000, 300)
    for n in sizes[:50]:
        nt.zeros(int(n))
    before = resident()
    limit = nt.memory.stats()["limit"]
    for n in sizes:
        nt.zeros(int(n))
    assert nt.memory.stats()["cached"] <= limit
    assert resident() - before < 200_000_000


def test_training_steps_leave_nothing_behind():
    """Graphs are freed by backward alone, without the cycle collector."""
    rng = nt.random.default_rng(0)
    x, target = rng.normal(size=(32, 20)), rng.normal(size=(32, 3))
    w1 = nt.tensor(rng.normal(size=(20, 16)) * 0.1, requires_grad=True)
    w2 = nt.tensor(rng.normal(size=(16, 3)) * 0.1, requires_grad=True)

    def step():
        loss = nt.mean(nt.square(nt.relu(x @ w1) @ w2 - target))
        loss.backward()
        with nt.no_grad():
            for w in (w1, w2):
                w -= 0.01 * w.grad
                w.grad = None
        return loss.item()

    gc.disable()
    try:
        first = step()
        for _ in range(200):
            step()
        in_use, before = nt.memory.stats()["in_use"], resident()
        for _ in range(100_000 if FULL else 3000):
            last = step()
        assert nt.memory.stats()["in_use"] == in_use
        assert resident() - before < 4_000_000
    finally:
        gc.enable()
    assert last < first


_ENDS_WITH_GRAPHS = """
import threading
import numpy as np
import ndtape as nt

class Square(nt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def vjp(ctx, g):
        return 2 * g * ctx.saved_tensors[0]

x = nt.tensor(np.ones(1000), requires_grad=True)
x.register_hook(lambda g: g * 2)
y = x
for i in range(100_000):
    y = y * nt.asarray(np.ones(1000)[:1])
y = Square.apply(nt.checkpoint(nt.exp, nt.asarray(np.ones(1000)) * y))
y.register_hook(lambda g, y=y: None)  # a circle
y += 1
value, pullback = nt.vjp(nt.sin, x)

def record():
    z = x
    while True:
        z = nt.exp(-z)
        nt.sum(z).backward(retain_graph=True)

threading.Thread(target=record, daemon=True).start()
"""


def test_an_interpreter_may_end_with_graphs_alive():
    done = subprocess.run(
        [sys.executable, "-c", _ENDS_WITH_GRAPHS], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_graphs_that_are_dropped_leave_nothing_behind():
    """A loss that is never walked back frees its tape when it goes."""
    w = nt.tensor(np.ones(1000), requires_grad=True)
    gc.disable()
    try:
        nt.sum(nt.exp(w) * w)
        in_use = nt.memory.stats()["in_use"]
        for _ in range(500):
            nt.sum(nt.exp(w) * w)
        assert nt.memory.stats()["in_use"] == in_use
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "function",
    [
        lambda y: y * 1.01,
        lambda y: 1.01 * y,
        lambda y: y / 2,
        lambda y: y + 1,
        lambda y: y * nt.ones(100_000, dtype=nt.float64),
        lambda y: y[::-1],
    ],
)
def test_constants_cost_no_memory(function):
    """Beside an operand that does not record, the one that does need not be saved."""
    constant = 8 * 100_000 * 50 if function(nt.ones(100_000)).dtype == nt.float64 else 0
    y = nt.tensor(np.ones(100_000), requires_grad=True)
    before = nt.memory.stats()["in_use"]
    for _ in range(50):
        y = function(y)
    assert nt.memory.stats()["in_use"] - before < constant * 1.2 + 3_000_000


def test_no_room_is_memory_error_and_leaves_things_working():
    with pytest.raises(MemoryError):
        nt.zeros(2**50)
    x = nt.ones((10,))
    with pytest.raises(MemoryError):
        nt.copy(nt.broadcast_to(x, (2**45, 10)))
    assert nt.sum(x).item() == 10


def test_every_part_of_the_tape_lets_go():
    """Without the garbage collector: hooks, kept gradients, checkpoints, rules and transforms."""
    w = nt.tensor(np.ones((8, 8)), requires_grad=True)
    x = nt.ones((4, 8), dtype=nt.float64)

    class Tanh(nt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = nt.tanh(x)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def vjp(ctx, g):
            (y,) = ctx.saved_tensors
            return g * (1 - y * y)

    def step():
        h = Tanh.apply(x @ w)
        h.register_hook(lambda g: g * 1.0)
        h.retain_grad()
        z = nt.checkpoint(nt.sigmoid, h)
        z *= 2
        nt.sum(z).backward()
        w.grad = None
        nt.jvp(lambda v: nt.sum(nt.exp(v @ w)), (x,), (x,))
        nt.grad(lambda v: nt.sum(v @ w))(x)

    gc.collect()
    gc.disable()
    try:
        step()
        before = nt.memory.stats()["in_use"]
        for _ in range(100):
            step()
        assert nt.memory.stats()["in_use"] == before
    finally:
        gc.enable()
