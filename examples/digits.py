"""Learn to read handwritten digits.

A network with one hidden layer learns from two thirds of the 1797 small images that come with
scikit-learn, and is tested on every third one, which it has never seen:

    python examples/digits.py

prints the test accuracy and draws digits.png.
"""

from __future__ import annotations

import argparse

import numpy as np
from _picture import draw
from sklearn.datasets import load_digits
from tqdm import trange

import ndtape as nt

HIDDEN, EPOCHS, BATCH = 256, 30, 32
LEARNING_RATE, MOMENTUM, DROPOUT = 0.1, 0.9, 0.5

Params = dict[str, nt.Tensor]


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (n, 64) with values from 0 to 1 and their digits, for training and for the test."""
    digits = load_digits()
    images, labels = (digits.data / 16).astype(np.float32), digits.target
    test = np.arange(len(images)) % 3 == 0
    return images[~test], labels[~test], images[test], labels[test]


def initial(rng: nt.random.Generator) -> Params:
    """He's initialisation: the variance stays the same through a layer and its ReLU."""
    return {
        "w1": rng.normal(0, (2 / 64) ** 0.5, size=(64, HIDDEN)),
        "b1": nt.zeros(HIDDEN),
        "w2": rng.normal(0, (2 / HIDDEN) ** 0.5, size=(HIDDEN, 10)),
        "b2": nt.zeros(10),
    }


def network(params: Params, x: nt.Tensor, keep: nt.Tensor | None = None) -> nt.Tensor:
    """Scores (n, 10) of the ten digits for images (n, 64)."""
    hidden = nt.relu(x @ params["w1"] + params["b1"])
    if keep is not None:  # dropout: hidden units are left out by chance while learning
        hidden = hidden * keep
    return hidden @ params["w2"] + params["b2"]


def loss(params: Params, x: nt.Tensor, y: nt.Tensor, keep: nt.Tensor) -> nt.Tensor:
    """Cross-entropy: minus the mean log-probability that the network gives the right digit."""
    log_probability = nt.log_softmax(network(params, x, keep), axis=1)
    return -nt.mean(nt.take_along_axis(log_probability, y[:, None], axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", default="digits.png", help="where to draw (%(default)s)")
    options = parser.parse_args()

    train_images, train_labels, test_images, test_labels = load()
    x, y = nt.asarray(train_images), nt.asarray(train_labels)
    steps = len(train_images) // BATCH

    rng = nt.random.default_rng(0)
    params = initial(rng)
    velocity = {name: nt.zeros_like(p) for name, p in params.items()}
    loss_and_gradient = nt.value_and_grad(loss)
    losses: list[float] = []

    epochs = trange(EPOCHS, desc="training", unit="epoch")
    for epoch in epochs:
        rate = LEARNING_RATE * (1 - epoch / EPOCHS)  # ever smaller steps
        order = rng.permutation(len(train_images))
        for i in range(steps):
            rows = order[i * BATCH : (i + 1) * BATCH]
            keep = rng.bernoulli(1 - DROPOUT, size=(BATCH, HIDDEN)) / (1 - DROPOUT)
            value, gradient = loss_and_gradient(
                params, nt.take(x, rows, axis=0), nt.take(y, rows, axis=0), keep
            )
            for name in params:  # gradient descent with momentum
                velocity[name] *= MOMENTUM
                velocity[name] -= rate * gradient[name]
                params[name] += velocity[name]
            losses.append(value.item())
        epochs.set_postfix(loss=f"{np.mean(losses[-steps:]):.3f}")

    predicted = nt.argmax(network(params, nt.asarray(test_images)), axis=1).numpy()
    accuracy = np.mean(predicted == test_labels)
    print(f"test accuracy {accuracy:.2%} on {len(test_labels)} images")

    title = f"Handwritten digits, 64-{HIDDEN}-10 network: {accuracy:.2%} of the test images right"
    images = test_images.reshape(-1, 8, 8)
    draw(options.picture, title, losses, steps, images, test_labels, predicted)
    print(f"picture in {options.picture}")


if __name__ == "__main__":
    main()
