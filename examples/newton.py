"""Find how a hanging chain rests, by Newton's method with the Hessian of its energy.

Beads on springs hang between two nails. Their energy is that of the springs and of gravity,

    E(q) = sum_i k/2 (|q_i+1 - q_i| - l)^2 + sum_i m g y_i.

The chain rests where the gradient is zero. Newton's method solves H d = -grad E for a step d, with
the Hessian that `nt.hessian` gives, and halves it until the energy falls; near the solution
the number of right digits doubles with every step.

    python examples/newton.py

prints energy and gradient of every step and draws newton.png.
"""

from __future__ import annotations

import argparse

import numpy as np

import ndtape as nt

BEADS, STIFFNESS, LENGTH, WEIGHT = 15, 60.0, 0.1, 0.5
NAILS = ((0.0, 0.0), (1.0, 0.2))


def chain(q: nt.Tensor) -> nt.Tensor:
    """Give all points (BEADS + 2, 2), nails first and last, for the coordinates (2 BEADS,)."""
    ends = [nt.asarray([nail], dtype=nt.float64) for nail in NAILS]
    return nt.concat([ends[0], nt.reshape(q, (BEADS, 2)), ends[1]])


def energy(q: nt.Tensor) -> nt.Tensor:
    """Add what the springs and gravity hold."""
    points = chain(q)
    stretch = nt.sqrt(nt.sum(nt.square(points[1:] - points[:-1]), axis=1)) - LENGTH
    return STIFFNESS / 2 * nt.sum(nt.square(stretch)) + WEIGHT * nt.sum(points[1:-1, 1])


def newton(q: nt.Tensor) -> tuple[list[nt.Tensor], list[float]]:
    """Give positions and the gradient's lengths, step by step, until it is zero."""
    path, slopes = [q], []
    value_and_gradient, hessian = nt.value_and_grad(energy), nt.hessian(energy)
    for step in range(60):
        value, gradient = value_and_gradient(q)
        slopes.append(nt.linalg.vector_norm(gradient).item())
        print(f"step {step:2d}: energy {value.item():+.10f}, gradient {slopes[-1]:.1e}")
        if slopes[-1] < 1e-10:
            break
        # A slack spring bends the energy downwards: the Hessian's curvatures count as positive.
        curvature, directions = nt.linalg.eigh(hessian(q))
        curvature = nt.maximum(nt.abs(curvature), 1e-3)
        d = -(directions @ ((directions.T @ gradient) / curvature))
        scale = 1.0
        while energy(q + scale * d).item() > value.item() + 1e-14 and scale > 1e-6:
            scale /= 2
        q = q + scale * d
        path.append(q)
    return path, slopes


def draw(picture: str, path: list[nt.Tensor], slopes: list[float]) -> None:
    """Draw the chain at every step, and how the gradient vanishes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    for i, q in enumerate(path):
        points = chain(q).numpy()
        last = i == len(path) - 1
        left.plot(
            *points.T,
            "o-",
            color="black" if last else plt.cm.viridis(i / len(path)),
            markersize=4 if last else 2,
            linewidth=1,
            alpha=1 if last else 0.6,
        )
    left.set(title="the chain, step by step", xlabel="x", ylabel="y")
    left.set_aspect("equal")
    right.semilogy(slopes, "o-", color="black")
    right.set(title="Newton's method", xlabel="step", ylabel="length of the gradient")
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


def main() -> None:
    """Start from a crooked line, go to rest, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", default="newton.png", help="where the picture goes")
    picture = parser.parse_args().picture

    line = np.linspace(*NAILS, BEADS + 2)[1:-1]
    line[:, 1] += np.random.default_rng(0).uniform(-0.1, 0.1, BEADS)
    path, slopes = newton(nt.asarray(line.reshape(-1)))
    print(f"at rest after {len(path) - 1} steps, lowest bead at {chain(path[-1])[:, 1].min():.4f}")
    draw(picture, path, slopes)


if __name__ == "__main__":
    main()
