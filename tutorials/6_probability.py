r"""
6. Probability
==============

What a network says is a guess, and a guess has a probability. This page draws random numbers,
turns a probability around with Bayes' rule, shows why classifiers minimise a cross-entropy, and
ends with a model that knows how little it knows.
"""

import matplotlib.pyplot as plt

import ndtape as nt
from ndtape.distributions import Bernoulli, Categorical, MultivariateNormal, Normal, kl_divergence

nt.random.seed(7)

# %%
# Sampling
# --------
#
# A *distribution* says how probable each outcome is. ``sample`` draws outcomes;
# :func:`ndtape.random.seed` makes the draws the same every time.

die = Categorical(nt.ones(6) / 6)
print("twenty throws:", (die.sample(20) + 1).tolist())

height = Normal(170.0, 10.0)
people = height.sample(10_000)
print("heights:", people[:4], "...")
print(f"mean {nt.mean(people).item():.2f} of {height.mean.item()}", end=", ")
print(f"standard deviation {nt.std(people).item():.2f} of {height.stddev.item()}")

# %%
# ``log_prob`` gives the logarithm of the probability, or of the density if outcomes are
# continuous; ``cdf`` the probability of at most so much.

print("a three: ", nt.exp(die.log_prob(2)).item())
print("below 2 m:", height.cdf(200.0).item(), nt.mean(nt.astype(people < 200, nt.float32)).item())

# %%
# The law of large numbers
# ------------------------
#
# The share of each face tends to its probability, the deviation falls like :math:`1/\sqrt{n}`.
# Five thousand throws; a running sum counts each face.

throws = die.sample(5000)
counts = nt.cumsum(nt.nn.functional.one_hot(throws, 6), axis=0)
n = nt.arange(1.0, 5001.0)
shares = counts / n[:, None]
print("after    10:", nt.round(shares[9] * 1000) / 1000)
print("after  5000:", nt.round(shares[-1] * 1000) / 1000)

band = 2 * nt.sqrt(1 / 6 * 5 / 6 / n)
figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
for face in range(6):
    axes.plot(n, shares[:, face], linewidth=1, label=f"{face + 1}")
axes.fill_between(n, 1 / 6 - band, 1 / 6 + band, color="gray", alpha=0.2, label="two deviations")
axes.axhline(1 / 6, color="black", linestyle="--", linewidth=0.8)
axes.set(xlabel="throws", title="share of each face", xscale="log", ylim=(0, 0.5))
axes.legend(ncols=2)
plt.show()

# %%
# Conditional probability
# -----------------------
#
# A disease has one in a hundred people. A test finds it in 95 of 100 who have it (its
# sensitivity), but also in 6 of 100 who do not. The probability of *A given B* is the share of A
# among those with B:
#
# .. math:: P(A \mid B) = \frac{P(A, B)}{P(B)}.
#
# Someone's test is positive. How probable is the disease? Let us ask a million people.

prevalence, sensitivity, false_alarm = 0.01, 0.95, 0.06

ill = Bernoulli(prevalence).sample(1_000_000) == 1
positive = Bernoulli(nt.where(ill, sensitivity, false_alarm)).sample() == 1
counted = (nt.count_nonzero(ill & positive) / nt.count_nonzero(positive)).item()
print(f"{nt.count_nonzero(positive).item()} positive tests, {counted:.1%} of them ill")

# %%
# Bayes' rule
# -----------
#
# It turns a conditional probability around, and gives the same without asking anyone:
#
# .. math::
#
#    P(\text{ill} \mid +) = \frac{P(+ \mid \text{ill})\, P(\text{ill})}{P(+)}, \qquad
#    P(+) = P(+ \mid \text{ill})\, P(\text{ill}) + P(+ \mid \text{well})\, P(\text{well}).


def bayes(prior, if_true, if_false):
    """Return the probability after the evidence."""
    return if_true * prior / (if_true * prior + if_false * (1 - prior))


after_one = bayes(prevalence, sensitivity, false_alarm)
after_two = bayes(after_one, sensitivity, false_alarm)
print(f"before the test {prevalence:.1%}, after it {after_one:.1%}, after a second {after_two:.1%}")

# %%
# Most positive tests are false alarms, since there are so many more healthy people. A second,
# independent test starts from what the first has taught: yesterday's posterior is today's prior.
#
# Maximum likelihood is cross-entropy
# -----------------------------------
#
# A loaded die has been thrown. Which probabilities explain the throws best? Those that make them
# most probable, which is to say, that make the mean of :math:`-\log p(\text{throw})` smallest.
# That mean is the *cross-entropy* of what was seen and what the model says; a classifier's loss
# is no other thing.

loaded = Categorical(nt.tensor([0.1, 0.1, 0.1, 0.1, 0.2, 0.4]))
seen = loaded.sample(2000)

scores = nt.zeros(6, requires_grad=True)
optimizer = nt.optim.Adam([scores], learning_rate=0.1)
cross_entropies = []
for _ in range(150):
    optimizer.zero_grad()
    loss = -nt.mean(Categorical(logits=scores).log_prob(seen))
    loss.backward()
    optimizer.step()
    cross_entropies.append(loss.item())

best = Categorical(logits=scores.detach())
frequencies = nt.bincount(seen, minlength=6) / len(seen)
print("found      ", best.probs)
print("frequencies", frequencies)

# %%
# The best probabilities are the frequencies, and the loss is what ``cross_entropy`` computes from
# the scores:

rows = nt.broadcast_to(scores.detach(), (len(seen), 6))
by_layer = nt.nn.functional.cross_entropy(rows, seen)
print(f"minus log-likelihood {cross_entropies[-1]:.4f}, cross_entropy {by_layer.item():.4f}")

# %%
# It cannot fall below the *entropy* of what was seen. How far the found die is from the true one,
# which only more throws would tell, is their *divergence*.

print(f"entropy of the frequencies {Categorical(frequencies).entropy().item():.4f}")
print(f"divergence from the true die {kl_divergence(loaded, best).item():.5f}")

# %%
# A small Bayesian regression
# ---------------------------
#
# Seven measurements, and a line through them. The best line is one answer; *all* lines that
# explain the data, each with its probability, are a better one. Bayes' rule says
#
# .. math:: p(\mathbf{w} \mid y) \propto p(y \mid \mathbf{w})\, p(\mathbf{w}).

x = nt.tensor([0.4, 0.7, 1.1, 1.3, 1.8, 2.0, 2.3])
noise, prior = 0.4, MultivariateNormal(nt.zeros(2), 4 * nt.eye(2))
design = nt.stack([nt.ones_like(x), x], axis=1)
y = design @ nt.tensor([-0.5, 1.2]) + noise * nt.random.normal(size=7)


def log_likelihood(w):
    """Of weights with shape (..., 2)."""
    return nt.sum(Normal(w @ design.T, noise).log_prob(y), axis=-1)


# %%
# Here the answer has a formula. Mostly it has none; so we look for it by gradients. Take a normal
# distribution q of the weights, and move its mean and spread so that it comes closest to the
# posterior, which is to make
#
# .. math::
#
#    \mathrm{E}_{\mathbf{w} \sim q} \left[\log p(y \mid \mathbf{w})\right]
#    - \mathrm{KL}(q \,\|\, \text{prior})
#
# largest: explain the data, and stay close to what was believed before. ``rsample`` draws weights
# as a function of mean and spread, so that the gradient goes through the draw.

mean = nt.zeros(2, requires_grad=True)
raw = nt.tensor([[0.0, 0.0], [0.0, 0.0]], requires_grad=True)


def approximation():
    """Return q; the diagonal of its factor is positive."""
    lower = nt.tril(raw, k=-1) + nt.diag(nt.exp(nt.diagonal(raw)))
    return MultivariateNormal(mean, scale_tril=lower)


optimizer = nt.optim.Adam([mean, raw], learning_rate=0.05)
schedule = nt.optim.CosineSchedule(optimizer, 600)
for _ in range(600):
    optimizer.zero_grad()
    q = approximation()
    bound = nt.mean(log_likelihood(q.rsample(64))) - kl_divergence(q, prior)
    (-bound).backward()
    optimizer.step()
    schedule.step()

# %%
# Beside the formula, the normal distribution with precision :math:`X^\top X / \sigma^2 +
# \Sigma_0^{-1}`:

covariance = nt.linalg.inv(design.T @ design / noise**2 + nt.eye(2) / 4)
exact = MultivariateNormal(covariance @ (design.T @ y) / noise**2, covariance)
with nt.no_grad():
    q = approximation()
print("mean     ", q.mean, "exact", exact.mean)
print("deviation", q.stddev, "exact", exact.stddev)
print(f"divergence from the exact posterior {kl_divergence(q, exact).item():.4f}")

# %%
# The picture
# -----------
#
# Lines drawn from q, and the band of two deviations: narrow where there are data, wide where
# there are none. Right, the posterior of offset and slope, exact as contours and by draws from q.
# The two go together: a steeper line has to start lower.

at = nt.linspace(-1, 4, 100)
wide = nt.stack([nt.ones_like(at), at], axis=1)
draws = q.sample(2000)
lines = draws @ wide.T
middle, deviation = nt.mean(lines, axis=0), nt.std(lines, axis=0)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.fill_between(at, middle - 2 * deviation, middle + 2 * deviation, alpha=0.2)
left.plot(at, lines[:20].T, color="tab:blue", linewidth=0.5)
left.plot(x, y, "ko", label="measurements")
left.set(xlabel="x", title="lines that explain the data")
left.legend()

a, b = nt.linspace(-2, 1.5, 80), nt.linspace(0, 2.2, 80)
grid = nt.stack(nt.meshgrid(a, b), axis=-1)
right.plot(draws[:, 0], draws[:, 1], ".", markersize=2, alpha=0.4, label="by gradients")
density = nt.exp(exact.log_prob(grid) - exact.log_prob(exact.mean))
right.contour(a, b, density, levels=[0.1, 0.3, 0.6, 0.9], colors="black", linewidths=0.8)
right.plot(-0.5, 1.2, "r+", markersize=12, label="truth")
right.set(xlabel="offset", ylabel="slope", title="posterior", xlim=(-2, 1.5), ylim=(0, 2.2))
right.legend()
plt.show()
