"""What docs/determinism.md promises beside what test_threads, test_random and test_data show."""

import re
from pathlib import Path

import numpy as np
import pytest

import ndtape as nt
from ndtape import nn

PAGE = Path(__file__).parent.parent / "docs/determinism.md"


def network():
    """Convolution, normalisation, dropout, attention and a dense layer."""
    nt.random.seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        lambda x: nt.reshape(x, (x.shape[0], 16, -1)),
        nn.MultiHeadAttention(64, 4),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(1024, 10),
    )


def bits(tensors):
    return b"".join(t.detach().numpy().tobytes() for t in tensors)


def data(n):
    rng = nt.random.default_rng(5)
    return rng.normal(size=(n, 3, 16, 16)), rng.integers(10, size=n)


def test_gradients_are_bitwise_equal_for_any_thread_count():
    x, y = data(64)
    results = set()
    for threads in (1, 2, 3):
        nt.set_num_threads(threads)
        model = network()
        nn.functional.cross_entropy(model(x), y).backward()
        results.add(bits(p.grad for p in model.parameters()))
    assert len(results) == 1


def test_training_is_bitwise_equal():
    x, y = data(96)
    results = set()
    for threads in (1, 2, 1):
        nt.set_num_threads(threads)
        model = network()
        model.compile("adam", "cross_entropy")
        history = model.fit(x, y, epochs=2, batch_size=32, seed=1, verbose=0)
        results.add((tuple(history.history["loss"]), bits(model.state_dict().values())))
    assert len(results) == 1


def test_repeated_indices_add_their_gradients_in_order():
    index = nt.random.default_rng(0).integers(50, size=100_000)
    weight = nt.random.default_rng(1).normal(size=(100_000, 8))
    results = set()
    for threads in (1, 2, 4):
        nt.set_num_threads(threads)
        g = nt.grad(lambda x: nt.sum(nt.take(x, index, axis=0) * weight))(nt.zeros((50, 8)))
        results.add(bits([g]))
    assert len(results) == 1


@pytest.mark.parametrize("name", ["Gamma", "Beta", "StudentT", "Poisson", "Normal", "Laplace"])
def test_distributions_follow_the_seed(name):
    arguments = {"Beta": (2.0, 3.0)}.get(name, (2.0,))
    draws = set()
    for _ in range(2):
        nt.random.seed(11)
        draws.add(bits([getattr(nt.distributions, name)(*arguments).sample(1000)]))
    assert len(draws) == 1


def test_a_draw_starts_at_a_position_of_its_own():
    one, two = nt.random.default_rng(1), nt.random.default_rng(1)
    parts = np.concatenate([one.normal(size=5).numpy(), one.normal(size=5).numpy()])
    whole = two.normal(size=10).numpy()
    np.testing.assert_array_equal(parts[:5], whole[:5])
    assert not np.array_equal(parts, whole)


def test_the_page(capsys):
    """Its program prints 1, and the tests it names exist."""
    text = PAGE.read_text()
    exec(re.search(r"```python\n(.*?)```", text, re.S).group(1), {})
    assert capsys.readouterr().out == "1\n"
    named = set(re.findall(r"`tests/(test_\w+\.py)`", text))
    assert named
    for file in named:
        assert (Path(__file__).parent / file).exists(), file
