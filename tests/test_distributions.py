"""Distributions against SciPy's: densities, moments, entropies, draws and their derivatives."""

import gradcheck
import numpy as np
import pytest

import ndtape as nt
from ndtape import distributions as d

stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed: nothing to compare with")


def array(*values):
    return nt.asarray(np.array(values))


A, B, C = np.array([0.4, 1.7, 30.0]), np.array([2.2, 0.6, 11.0]), np.array([-1.0, 0.3, 2.0])
P, N = np.array([0.1, 0.5, 0.93]), np.array([1, 7, 40])
ta, tb, tc, tp, tn = (nt.asarray(v) for v in (A, B, C, P, N))

# Name to ours, SciPy's, and where to compare.
CONTINUOUS = {
    "Normal": (d.Normal(tc, ta), stats.norm(C, A)),
    "Uniform": (d.Uniform(tc, tc + ta), stats.uniform(C, A)),
    "Exponential": (d.Exponential(ta), stats.expon(scale=1 / A)),
    "Laplace": (d.Laplace(tc, ta), stats.laplace(C, A)),
    "Gamma": (d.Gamma(ta, tb), stats.gamma(A, scale=1 / B)),
    "Beta": (d.Beta(ta, tb), stats.beta(A, B)),
    "StudentT": (d.StudentT(tb + 1, tc, ta), stats.t(B + 1, C, A)),
}
DISCRETE = {
    "Bernoulli": (d.Bernoulli(tp), stats.bernoulli(P)),
    "Bernoulli logits": (d.Bernoulli(logits=nt.log(tp / (1 - tp))), stats.bernoulli(P)),
    "Binomial": (d.Binomial(tn, tp), stats.binom(N, P)),
    "Poisson": (d.Poisson(ta), stats.poisson(A)),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous(name):
    ours, theirs = CONTINUOUS[name]
    x = np.concatenate([theirs.ppf(np.linspace(0.01, 0.99, 25)[:, None]), [C - 2, C + 50]])
    np.testing.assert_allclose(ours.log_prob(nt.asarray(x)).numpy(), theirs.logpdf(x), rtol=1e-10)
    np.testing.assert_allclose(
        ours.cdf(nt.asarray(x)).numpy(), theirs.cdf(x), rtol=1e-9, atol=1e-13
    )
    moments(ours, theirs)


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete(name):
    ours, theirs = DISCRETE[name]
    x = np.array([-1.0, 0, 1, 2, 3, 7, 40, 41])[:, None] * np.ones(3)
    np.testing.assert_allclose(
        ours.log_prob(nt.asarray(x)).numpy(), theirs.logpmf(x), rtol=1e-9, atol=1e-13
    )
    for values in (x, x + 0.5):
        np.testing.assert_allclose(
            ours.cdf(nt.asarray(values)).numpy(), theirs.cdf(values), rtol=1e-9, atol=1e-13
        )
    assert np.isneginf(ours.log_prob(nt.asarray(x + 0.5)).numpy()).all()
    moments(ours, theirs)


def moments(ours, theirs):
    np.testing.assert_allclose(ours.mean.numpy(), theirs.mean(), rtol=1e-10)
    np.testing.assert_allclose(ours.variance.numpy(), theirs.var(), rtol=1e-10)
    np.testing.assert_allclose(ours.stddev.numpy(), theirs.std(), rtol=1e-10)
    np.testing.assert_allclose(ours.entropy().numpy(), theirs.entropy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_draws(name):
    """Kolmogorov-Smirnov for continuous ones, frequencies for discrete ones."""
    ours, theirs = {**CONTINUOUS, **DISCRETE}[name]
    nt.random.seed(3)
    x = ours.sample(4000).numpy()
    assert x.shape == (4000, 3)
    nt.random.seed(3)
    np.testing.assert_array_equal(ours.sample(4000).numpy(), x)
    assert ours.sample((2, 5)).shape == (2, 5, 3)
    for i in range(3):
        if name in CONTINUOUS:
            found = stats.kstest(x[:, i], lambda v, i=i: cdf_of(theirs, v, i))
            assert found.pvalue > 1e-4, i
        else:
            for k in range(4):
                p = theirs.pmf(k)[i]
                assert abs((x[:, i] == k).mean() - p) < 5 * np.sqrt(p * (1 - p) / 4000) + 1e-9


def cdf_of(theirs, values, i):
    return theirs.cdf(np.repeat(values[:, None], 3, axis=1))[:, i]


def test_categorical():
    p = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    ours = d.Categorical(probs=nt.asarray(4 * p))
    np.testing.assert_allclose(nt.exp(ours.log_prob(array([0], [1], [2]))).numpy(), p.T)
    np.testing.assert_allclose(ours.entropy().numpy(), [stats.entropy(q) for q in p], atol=1e-15)
    np.testing.assert_allclose(ours.mean.numpy(), [1.3, 0])
    np.testing.assert_allclose(ours.variance.numpy(), [0.61, 0], atol=1e-15)
    np.testing.assert_allclose(ours.cdf(1.0).numpy(), [0.5, 1])
    nt.random.seed(0)
    x = ours.sample(5000).numpy()
    np.testing.assert_allclose([(x[:, 0] == k).mean() for k in range(3)], p[0], atol=0.03)
    assert (x[:, 1] == 0).all()
    logits = d.Categorical(logits=nt.log(nt.asarray(p[0])) + 7)
    np.testing.assert_allclose(logits.probs.numpy(), p[0])
    with pytest.raises(IndexError, match="expected 0 to 2"):
        ours.log_prob(nt.tensor([3, 0]))


def test_dirichlet():
    a = np.array([0.5, 2.0, 3.5])
    ours, theirs = d.Dirichlet(nt.asarray(a)), stats.dirichlet(a)
    x = theirs.rvs(20, random_state=0)
    np.testing.assert_allclose(ours.log_prob(nt.asarray(x)).numpy(), theirs.logpdf(x.T), rtol=1e-9)
    assert ours.log_prob(array(0.5, 0.6, 0.1)).item() == -np.inf
    np.testing.assert_allclose(ours.mean.numpy(), theirs.mean())
    np.testing.assert_allclose(ours.variance.numpy(), theirs.var())
    np.testing.assert_allclose(ours.entropy().item(), theirs.entropy())
    nt.random.seed(1)
    draws = ours.sample(20000).numpy()
    np.testing.assert_allclose(draws.sum(-1), 1)
    np.testing.assert_allclose(draws.mean(0), theirs.mean(), atol=0.01)
    np.testing.assert_allclose(draws.var(0), theirs.var(), atol=0.005)


def test_multivariate_normal():
    loc, root = np.array([1.0, -2.0]), np.array([[2.0, 0.0], [0.7, 0.5]])
    cov = root @ root.T
    ours, theirs = (
        d.MultivariateNormal(nt.asarray(loc), nt.asarray(cov)),
        stats.multivariate_normal(loc, cov),
    )
    x = theirs.rvs(20, random_state=0)
    np.testing.assert_allclose(ours.log_prob(nt.asarray(x)).numpy(), theirs.logpdf(x), rtol=1e-10)
    np.testing.assert_allclose(ours.entropy().item(), theirs.entropy())
    np.testing.assert_allclose(ours.variance.numpy(), np.diag(cov))
    same = d.MultivariateNormal(nt.asarray(loc), scale_tril=nt.asarray(root))
    np.testing.assert_allclose(same.covariance.numpy(), cov)
    nt.random.seed(1)
    draws = ours.sample(20000).numpy()
    np.testing.assert_allclose(np.cov(draws.T), cov, atol=0.1)
    np.testing.assert_allclose(draws.mean(0), loc, atol=0.06)
    with pytest.raises(TypeError, match="no order"):
        ours.cdf(nt.asarray(loc))


# ---- derivatives -------------------------------------------------------------------------------

LOG_PROBS = {
    "Normal": (lambda a, b: d.Normal(a, b), 0.7),
    "Laplace": (lambda a, b: d.Laplace(a, b), 0.05),
    "Gamma": (lambda a, b: d.Gamma(a, b), 0.7),
    "Beta": (lambda a, b: d.Beta(a, b), 0.7),
    "StudentT": (lambda a, b: d.StudentT(a, b, a), 0.7),
    "Exponential": (lambda a, b: d.Exponential(a * b), 0.7),
    "Bernoulli": (lambda a, b: d.Bernoulli(logits=a - b), 1.0),
    "Binomial": (lambda a, b: d.Binomial(5, logits=a - b), 2.0),
    "Poisson": (lambda a, b: d.Poisson(a * b), 3.0),
}


@pytest.mark.parametrize("name", LOG_PROBS)
def test_derivatives_of_densities_and_entropies(name):
    make, x = LOG_PROBS[name]
    a, b = gradcheck.values(0, [(3,), (3,)], "positive")
    gradcheck.check(lambda a, b: make(a, b).log_prob(x), a, b, order=1)
    gradcheck.check(lambda a, b: make(a, b).entropy(), a, b, order=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: d.Normal(a, b),
        lambda a, b: d.Uniform(a, a + b),
        lambda a, b: d.Exponential(a * b),
        lambda a, b: d.Laplace(a, b),
        lambda a, b: d.Gamma(a, b),
        lambda a, b: d.Beta(a, b),
        lambda a, b: d.StudentT(a + 4.0, b),
    ],
)
def test_reparameterised_draws(make):
    """The mean of the draws moves with the parameters as the mean does."""
    nt.random.seed(5)
    a, b = nt.tensor(1.4, dtype=nt.float64), nt.tensor(0.8, dtype=nt.float64)
    got = nt.grad(lambda a, b: nt.mean(make(a, b).rsample(200_000)), argnums=(0, 1))(a, b)
    want = nt.grad(lambda a, b: make(a, b).mean, argnums=(0, 1))(a, b)
    for g, w in zip(got, want, strict=True):
        assert g.item() == pytest.approx(w.item(), abs=0.03)


@pytest.mark.parametrize("concentration", [0.1, 0.9, 3.0, 50.0, 5e4])
def test_a_draw_of_gamma_moves_along_its_quantile(concentration):
    nt.random.seed(1)
    a = nt.tensor(np.full(50, concentration), requires_grad=True)
    x = d.Gamma(a).rsample()
    nt.sum(x).backward()
    values = x.detach().numpy()
    h = 1e-4 * concentration
    p = stats.gamma.cdf(values, concentration)
    inner = (p > 1e-6) & (p < 1 - 1e-6)
    want = (stats.gamma.ppf(p, concentration + h) - stats.gamma.ppf(p, concentration - h)) / (2 * h)
    np.testing.assert_allclose(a.grad.numpy()[inner], want[inner], rtol=2e-4)


# ---- divergences -------------------------------------------------------------------------------

PAIRS = [
    (d.Normal(tc, ta), d.Normal(tc + 0.3, tb)),
    (d.Laplace(tc, ta), d.Laplace(tc + 0.3, tb)),
    (d.Exponential(ta), d.Exponential(tb)),
    (d.Gamma(ta, tb), d.Gamma(tb, ta)),
    (d.Beta(ta, tb), d.Beta(tb, ta)),
    (d.Uniform(tc, tc + ta), d.Uniform(tc - 1, tc + ta + tb)),
    (d.Dirichlet(ta), d.Dirichlet(tb)),
    (d.MultivariateNormal(tc, nt.eye(3, dtype=nt.float64) * ta),
     d.MultivariateNormal(tc * 2, nt.eye(3, dtype=nt.float64) * tb + 0.1)),
]  # fmt: skip


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_divergences_are_mean_log_ratios(p, q):
    nt.random.seed(2)
    exact = d.kl_divergence(p, q).numpy()
    x = p.sample(100_000)
    ratio = (p.log_prob(x) - q.log_prob(x)).numpy()
    error = ratio.std(0) / np.sqrt(len(ratio))
    assert (np.abs(ratio.mean(0) - exact) <= 5 * error + 1e-9).all()
    np.testing.assert_allclose(d.kl_divergence(p, p).numpy(), 0 * exact, atol=1e-12)


def test_divergences_of_discrete_distributions():
    p, q = np.array([0.2, 0.8, 0.0]), np.array([0.5, 0.3, 0.2])
    pairs = d.Categorical(nt.asarray(p)), d.Categorical(nt.asarray(q))
    assert d.kl_divergence(*pairs).item() == pytest.approx(stats.entropy(p, q))
    one, two = d.Bernoulli(0.2), d.Bernoulli(0.7)
    want = stats.entropy([0.2, 0.8], [0.7, 0.3])
    assert d.kl_divergence(one, two).item() == pytest.approx(want, rel=1e-5)
    five = d.kl_divergence(d.Binomial(5, 0.2), d.Binomial(5, 0.7)).item()
    assert five == pytest.approx(5 * want, rel=1e-5)
    ks = np.arange(60)
    a, b = stats.poisson(2.0), stats.poisson(3.5)
    want = stats.entropy(a.pmf(ks), b.pmf(ks))
    assert d.kl_divergence(d.Poisson(2.0), d.Poisson(3.5)).item() == pytest.approx(want, rel=1e-5)


# ---- bad input ---------------------------------------------------------------------------------

REFUSED = [
    (lambda: d.Normal(0.0, -1.0), ValueError, "scale: -1.0, expected a positive number"),
    (lambda: d.Normal(nt.nan, 1.0), ValueError, "loc: nan, expected a finite number"),
    (lambda: d.Normal(nt.ones(2), nt.ones(3)), ValueError, "do not broadcast"),
    (lambda: d.Uniform(1.0, 1.0), ValueError, "high - low"),
    (lambda: d.Bernoulli(1.5), ValueError, "probs: 1.5, expected a probability"),
    (lambda: d.Bernoulli(), ValueError, "probs or logits"),
    (lambda: d.Bernoulli(0.5).rsample(), TypeError, "no derivative"),
    (lambda: d.Categorical(nt.asarray([0.0, 0.0])), ValueError, "sum of probs"),
    (lambda: d.Categorical(nt.asarray([-1.0, 2.0])), ValueError, "probs: -1.0"),
    (lambda: d.Categorical(0.5), ValueError, "expected"),
    (lambda: d.Binomial(2.5, 0.5), ValueError, "total: 2.5"),
    (lambda: d.Poisson(0.0), ValueError, "rate: 0.0"),
    (lambda: d.Gamma(0.0), ValueError, "concentration: 0.0"),
    (lambda: d.Dirichlet(1.0), ValueError, "concentration: shape"),
    (lambda: d.MultivariateNormal(nt.zeros(2), nt.eye(3)), ValueError, "covariance: shape"),
    (lambda: d.MultivariateNormal(nt.zeros(2), -nt.eye(2)), ValueError, "positive definite"),
    (lambda: d.MultivariateNormal(nt.zeros(2), nt.asarray([[1.0, 0.5], [0.0, 1.0]])),
     ValueError, "not symmetric"),
    (lambda: d.Normal().sample(-1), ValueError, "size: -1"),
    (lambda: d.kl_divergence(d.Normal(), d.Gamma(1.0)), TypeError, "a Normal and a Gamma"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_repr():
    assert repr(d.Normal(0.0, 2.0)) == "Normal(loc=0, scale=2)"
    assert repr(d.Poisson(nt.ones(3))) == "Poisson(rate: (3,))"
