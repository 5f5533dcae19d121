"""Choose the hyper-parameters of a Gaussian process by gradients through a Cholesky factor.

Noisy values of an unknown function are given. The covariance of the process,

    k(x, x') = s^2 exp(-(x - x')^2 / (2 l^2)),

has a scale s and a length l, and the values a noise n. The three that make the values likeliest are
found by gradient descent on minus the logarithm of the marginal likelihood (Rasmussen and Williams,
"Gaussian Processes for Machine Learning", equation 5.8), which takes the Cholesky factor of the
covariance matrix.

    python examples/gaussian_process.py

prints them and draws gaussian_process.png.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

import ndtape as nt

POINTS, NOISE, ITERATIONS, LEARNING_RATE = 40, 0.15, 200, 0.05


def unknown(x: np.ndarray) -> np.ndarray:
    """Compute the function that is to be guessed."""
    return np.sin(2 * x) + 0.5 * np.sin(3.7 * x + 1)


def covariance(x: nt.Tensor, z: nt.Tensor, log_p: nt.Tensor) -> nt.Tensor:
    """Compute the matrix k(x_i, z_j)."""
    distance = (x[:, None] - z[None, :]) / nt.exp(log_p[1])
    return nt.exp(2 * log_p[0] - nt.square(distance) / 2)


def factor(x: nt.Tensor, log_p: nt.Tensor) -> nt.Tensor:
    """Factor the values' covariance, noise included, by Cholesky."""
    noise = nt.exp(2 * log_p[2]) + 1e-8
    return nt.linalg.cholesky(covariance(x, x, log_p) + noise * nt.eye(len(x), dtype=nt.float64))


def minus_log_likelihood(log_p: nt.Tensor, x: nt.Tensor, y: nt.Tensor) -> nt.Tensor:
    """Rate the logarithms of scale, length and noise by the values y at x."""
    lower = factor(x, log_p)
    white = nt.linalg.solve(lower, y)
    half_log_det = nt.sum(nt.log(nt.diagonal(lower)))
    return nt.sum(nt.square(white)) / 2 + half_log_det + len(x) / 2 * math.log(2 * math.pi)


def predict(
    log_p: nt.Tensor, x: nt.Tensor, y: nt.Tensor, at: nt.Tensor
) -> tuple[nt.Tensor, nt.Tensor]:
    """Give mean and standard deviation of the process at other points, given y at x."""
    lower = factor(x, log_p)
    cross = nt.linalg.solve(lower, covariance(x, at, log_p))
    mean = cross.T @ nt.linalg.solve(lower, y)
    variance = nt.exp(2 * log_p[0]) - nt.sum(nt.square(cross), axis=0)
    return mean, nt.sqrt(nt.clip(variance, min=0.0))


def draw(path: str, x: nt.Tensor, y: nt.Tensor, guesses: list[tuple[str, nt.Tensor]]) -> None:
    """Draw the process given the values, before and after."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    at = np.linspace(-4, 4, 300)
    figure, axes = plt.subplots(1, len(guesses), figsize=(10, 4.2), sharey=True)
    for axis, (title, log_p) in zip(axes, guesses, strict=True):
        mean, deviation = (t.numpy() for t in predict(log_p, x, y, nt.asarray(at)))
        axis.fill_between(at, mean - 2 * deviation, mean + 2 * deviation, alpha=0.25)
        axis.plot(at, mean, label="mean, and two deviations")
        axis.plot(at, unknown(at), "k--", linewidth=1, label="unknown function")
        axis.plot(x.numpy(), y.numpy(), "k.", label="values")
        scale, length, noise = nt.exp(log_p).tolist()
        axis.set(title=f"{title}: scale {scale:.2f}, length {length:.2f}, noise {noise:.2f}")
        axis.set(xlabel="x")
    axes[0].legend(loc="lower left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Make the data, find the hyper-parameters, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", default="gaussian_process.png", help="where it goes")
    picture = parser.parse_args().picture

    rng = np.random.default_rng(0)
    points = np.sort(rng.uniform(-3.5, 3.5, POINTS))
    x, y = nt.asarray(points), nt.asarray(unknown(points) + rng.normal(0, NOISE, POINTS))
    first = nt.tensor([0.0, 1.0, -0.5], dtype=nt.float64)
    log_p = nt.tensor(first, requires_grad=True)
    optimizer = nt.optim.Adam([log_p], learning_rate=LEARNING_RATE)
    before = minus_log_likelihood(first, x, y).item()
    for _ in range(ITERATIONS):
        optimizer.zero_grad()
        loss = minus_log_likelihood(log_p, x, y)
        loss.backward()
        optimizer.step()
    log_p = log_p.detach()
    scale, length, noise = nt.exp(log_p).tolist()
    print(f"scale {scale:.3f}, length {length:.3f}, noise {noise:.3f} (true noise {NOISE})")
    slope = nt.max(nt.abs(nt.grad(minus_log_likelihood)(log_p, x, y))).item()
    print(f"minus log likelihood {before:.2f} -> {loss.item():.2f}, slope {slope:.1e}")
    draw(picture, x, y, [("first guess", first), ("likeliest", log_p)])


if __name__ == "__main__":
    main()
