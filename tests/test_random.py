"""Random numbers: ranges, moments, streams, state, refusals."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOATS, INTEGERS, assert_same

import ndtape as nt

DRAWS = {
    "random": lambda rng, n: rng.random(n),
    "uniform": lambda rng, n: rng.uniform(-2, 3, n),
    "uniform float64": lambda rng, n: rng.uniform(-2, 3, n, nt.float64),
    "normal": lambda rng, n: rng.normal(1, 2, n),
    "normal float64": lambda rng, n: rng.normal(1, 2, n, nt.float64),
    "standard_normal": lambda rng, n: rng.standard_normal(n),
    "integers": lambda rng, n: rng.integers(-5, 100, n),
    "integers int8": lambda rng, n: rng.integers(-5, 100, n, dtype=nt.int8),
    "bernoulli": lambda rng, n: rng.bernoulli(0.3, n),
    "permutation": lambda rng, n: rng.permutation(n),
    "choice": lambda rng, n: rng.choice(n + 1, n),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


@every_draw
def test_same_seed_same_numbers(draw):
    for n in (1, 3, 1000):
        a, b = draw(nt.random.default_rng(42), n), draw(nt.random.default_rng(42), n)
        assert_same(a, b.numpy())
    c = draw(nt.random.default_rng(43), 1000)
    assert (c != draw(nt.random.default_rng(42), 1000)).any().item()


@every_draw
def test_same_numbers_for_any_thread_count(draw):
    results = []
    for threads in (1, 2, 4):
        nt.set_num_threads(threads)
        rng = nt.random.default_rng(7)
        results.append([draw(rng, n).numpy().copy() for n in (5, 100_003, 1)])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@every_draw
def test_draws_advance(draw):
    rng = nt.random.default_rng(1)
    a, b = draw(rng, 100), draw(rng, 100)
    assert (a != b).any().item()


@every_draw
def test_state_comes_back(draw):
    rng = nt.random.default_rng(5)
    draw(rng, 17)
    state = rng.state
    a = draw(rng, 50)
    rng.state = state
    assert_same(draw(rng, 50), a.numpy())
    rng.state = state
    again = pickle.loads(pickle.dumps(rng))
    assert_same(draw(again, 50), a.numpy())


def test_the_module_has_a_generator():
    nt.random.seed(3)
    a = nt.random.normal(size=4)
    state = nt.random.get_state()
    b = nt.random.uniform(size=4)
    nt.random.seed(3)
    assert_same(nt.random.normal(size=4), a.numpy())
    nt.random.set_state(state)
    assert_same(nt.random.uniform(size=4), b.numpy())
    assert_same(nt.random.default_rng(3).normal(size=4), a.numpy())


def test_unseeded_generators_differ():
    a, b = nt.random.default_rng().random(8), nt.random.default_rng().random(8)
    assert (a != b).any().item()


@pytest.mark.parametrize("name", FLOATS)
def test_uniform_moments_and_range(name):
    x = nt.random.uniform(-2.0, 3.0, size=400_000, dtype=getattr(nt, name)).numpy()
    assert x.dtype == name
    assert x.min() >= -2
    assert x.max() < 3
    assert x.mean() == pytest.approx(0.5, abs=0.01)
    assert x.var() == pytest.approx(25 / 12, rel=0.01)
    counts, _ = np.histogram(x, bins=20, range=(-2, 3))
    expected = x.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 60  # chi-squared, 19 degrees: p < 1e-5


@pytest.mark.parametrize("name", FLOATS)
def test_uniform_never_reaches_the_upper_end(name):
    one = np.asarray(1, name)
    high = float(np.nextafter(one, np.asarray(2, name)))
    x = nt.random.uniform(1.0, high, size=100_000, dtype=getattr(nt, name))
    assert x.numpy().max() < high
    assert nt.random.random(1_000_000, dtype=getattr(nt, name)).max().item() < 1


@pytest.mark.parametrize("name", FLOATS)
def test_normal_moments(name):
    x = nt.random.normal(1.0, 2.0, size=400_000, dtype=getattr(nt, name)).numpy()
    x = x.astype(np.float64)
    assert np.isfinite(x).all()
    z = (x - 1) / 2
    assert z.mean() == pytest.approx(0, abs=0.01)
    assert z.var() == pytest.approx(1, abs=0.01)
    assert (z**3).mean() == pytest.approx(0, abs=0.03)
    assert (z**4).mean() == pytest.approx(3, abs=0.08)
    assert np.mean(np.abs(z) < 1) == pytest.approx(0.6827, abs=0.005)
    assert np.mean(np.abs(z) > 3) == pytest.approx(0.0027, abs=0.0006)
    assert np.corrcoef(z[:-1], z[1:])[0, 1] == pytest.approx(0, abs=0.01)
    assert nt.random.normal(5.0, 0.0, size=3).tolist() == [5, 5, 5]


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_cover_their_range(name):
    info = np.iinfo(name)
    x = nt.random.integers(0, 10, size=20_000, dtype=getattr(nt, name)).numpy()
    assert x.dtype == name
    counts = np.bincount(x.astype(np.int64), minlength=10)
    assert counts.size == 10
    assert counts.min() > 1700
    assert counts.max() < 2300
    low = max(int(info.min), -(2**62))
    high = min(int(info.max), 2**62)
    wide = nt.random.integers(low, high, size=1000, dtype=getattr(nt, name), endpoint=True).numpy()
    assert wide.min() < low / 2 + high / 4
    assert wide.max() > high / 2


def test_integers_forms():
    assert set(nt.random.integers(3, size=200).tolist()) == {0, 1, 2}
    assert set(nt.random.integers(1, 4, size=200).tolist()) == {1, 2, 3}
    assert set(nt.random.integers(1, 3, size=200, endpoint=True).tolist()) == {1, 2, 3}
    assert nt.random.integers(5, 6, size=(2, 2)).tolist() == [[5, 5], [5, 5]]


@given(st.floats(0, 1))
def test_bernoulli(p):
    x = nt.random.bernoulli(p, size=20_000).numpy()
    assert set(np.unique(x)) <= {0, 1}
    assert x.mean() == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / x.size) + 1e-9)


def test_permutation():
    for n in (0, 1, 2, 1000, 100_000):
        assert_same(np.sort(nt.random.permutation(n).numpy()), np.arange(n))
    firsts = [nt.random.permutation(4)[0].item() for _ in range(2000)]
    assert np.bincount(firsts).min() > 400
    x = nt.tensor([[1, 2], [3, 4], [5, 6]])
    rows = nt.random.permutation(x)
    assert sorted(rows.tolist()) == x.tolist()
    columns = nt.random.permutation(x, axis=1).tolist()
    assert all(sorted(row) == list(want) for row, want in zip(columns, x.tolist(), strict=True))


def test_choice_without_replacement():
    x = nt.random.choice(50, size=30, replace=False).tolist()
    assert len(set(x)) == 30


def test_shapes():
    for size, shape in [(None, ()), (3, (3,)), ((2, 3), (2, 3)), ([0, 2], (0, 2)), ((), ())]:
        assert nt.random.uniform(size=size).shape == shape
        assert nt.random.normal(size=size).shape == shape


@pytest.mark.parametrize(
    "call",
    [
        lambda r: r.uniform(1, 0, size=2),
        lambda r: r.uniform(0, math.inf, size=2),
        lambda r: r.uniform(math.nan, 1, size=2),
        lambda r: r.normal(0, -1, size=2),
        lambda r: r.integers(5, 5),
        lambda r: r.integers(0, 300, size=2, dtype=nt.uint8),
        lambda r: r.integers(-1, 5, size=2, dtype=nt.uint8),
        lambda r: r.bernoulli(1.5),
        lambda r: r.bernoulli(math.nan),
        lambda r: r.uniform(size=-1),
        lambda r: r.permutation(-1),
        lambda r: r.choice(3, size=4, replace=False),
        lambda r: r.choice(0, size=1),
        lambda r: nt.random.seed(-1),
        lambda r: nt.random.default_rng(2**64),
        lambda r: nt.random.set_state({}),
    ],
)
def test_bad_values(call):
    with pytest.raises(ValueError):
        call(nt.random.default_rng(0))


@pytest.mark.parametrize(
    "call",
    [
        lambda r: r.uniform("0", 1),
        lambda r: r.uniform(size=2, dtype=nt.int32),
        lambda r: r.normal(size=2.5),
        lambda r: r.integers(0.5, 3),
        lambda r: r.integers(3, dtype=nt.float32),
        lambda r: r.permutation(2.5),
        lambda r: nt.random.default_rng("seed"),
        lambda r: nt.random.seed(1.5),
    ],
)
def test_bad_types(call):
    with pytest.raises(TypeError):
        call(nt.random.default_rng(0))


def test_refusals_do_not_advance():
    rng = nt.random.default_rng(0)
    before = rng.state
    with pytest.raises(ValueError):
        rng.integers(5, 5)
    assert rng.state == before
