"""Fit a differential equation by gradients through its solver.

Prey and predators follow Lotka and Volterra's equations,

    dx/dt = a x - b x y,    dy/dt = d x y - c y.

Noisy counts are given, and a, b, c, d are wanted. The solver is a loop of Runge-Kutta steps in
plain Python, every step recorded; its gradient leads Adam to the parameters.

    python examples/ode.py

prints the parameters that were found beside the true ones and draws ode.png.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

import ndtape as nt

TRUE = {"a": 1.1, "b": 0.4, "c": 0.4, "d": 0.1}
START = [10.0, 5.0]
STEP, STEPS, EVERY = 0.2, 100, 4
NOISE, ITERATIONS, LEARNING_RATE = 0.3, 250, 0.1


def slope(state: nt.Tensor, p: nt.Tensor) -> nt.Tensor:
    """Give Lotka and Volterra's right-hand side; p holds a, b, c and d."""
    x, y = state[0], state[1]
    return nt.stack([p[0] * x - p[1] * x * y, p[3] * x * y - p[2] * y])


def solve(p: nt.Tensor) -> nt.Tensor:
    """Find the state (STEPS + 1, 2) at every time, by the classical Runge-Kutta method."""
    states = [nt.asarray(START, dtype=nt.float64)]
    for _ in range(STEPS):
        s = states[-1]
        k1 = slope(s, p)
        k2 = slope(s + STEP / 2 * k1, p)
        k3 = slope(s + STEP / 2 * k2, p)
        k4 = slope(s + STEP * k3, p)
        states.append(s + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return nt.stack(states)


def fit(counts: nt.Tensor) -> tuple[nt.Tensor, list[float]]:
    """Find the parameters whose solution is nearest to the counts; give the losses, too."""
    # Logarithms, for parameters are positive; the first guess is far off.
    log_p = nt.tensor([0.0, -1.5, -0.4, -2.7], dtype=nt.float64, requires_grad=True)
    optimizer = nt.optim.Adam([log_p], learning_rate=LEARNING_RATE)
    losses = []
    for i in range(ITERATIONS):
        # First the beginning alone: the whole has many local minima in the frequency.
        known = counts[: max(6, len(counts) * (i + 1) // (ITERATIONS // 2))]
        optimizer.zero_grad()
        loss = nt.mean(nt.square(solve(nt.exp(log_p))[::EVERY][: len(known)] - known))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return nt.exp(log_p.detach()), losses


def draw(path: str, counts: nt.Tensor, found: nt.Tensor, losses: list[float]) -> None:
    """Draw counts and solution over time, and the loss over the iterations."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    times = np.arange(STEPS + 1) * STEP
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    solution = solve(found).numpy()
    for k, (name, color) in enumerate([("prey", "tab:blue"), ("predators", "tab:red")]):
        left.plot(times, solution[:, k], color=color, label=name)
        left.plot(times[::EVERY], counts.numpy()[:, k], "o", color=color, markersize=4)
    left.set(xlabel="time", ylabel="population", title="counts, and the fitted equation")
    left.legend()
    right.semilogy(losses, color="black")
    right.set(xlabel="iteration", ylabel="mean squared difference", title="fitting")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Make the data, fit, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", default="ode.png", help="where the picture goes")
    picture = parser.parse_args().picture

    true = nt.asarray(list(TRUE.values()), dtype=nt.float64)
    clean = solve(true)[::EVERY]
    counts = clean + nt.random.default_rng(1).normal(0, NOISE, size=clean.shape, dtype=nt.float64)
    found, losses = fit(counts)
    for name, value, estimate in zip(TRUE, TRUE.values(), found.tolist(), strict=True):
        print(f"{name}: true {value:.2f}, found {estimate:.3f}")
    print(f"root mean squared difference {math.sqrt(losses[-1]):.3f}, noise {NOISE}")
    draw(picture, counts, found, losses)


if __name__ == "__main__":
    main()
