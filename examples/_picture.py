"""The picture that the examples draw: a curve, and images with what the network said of them."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import numpy as np

matplotlib.use("Agg")  # draws to a file, needs no screen

from matplotlib import pyplot as plt

from ndtape import nn

RIGHT, WRONG = "#1a7f37", "#cf222e"


class Losses(nn.callbacks.Callback):
    """The loss of every step."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.epochs = 0

    def on_batch_end(self, step: int, logs: Mapping[str, float]) -> None:
        """Take it down."""
        self.values.append(logs["loss"])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Count."""
        self.epochs += 1


def draw(
    path: str,
    title: str,
    losses: Losses,
    images: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
) -> None:
    """Save the loss of every step, and a grid of images: right ones green, wrong ones red."""
    rows, columns = 5, 8
    figure = plt.figure(figsize=(15, 6.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.35])
    figure.suptitle(title)

    axes = left.subplots()
    values, per_epoch = losses.values, len(losses.values) // losses.epochs
    epochs = (np.arange(len(values)) + 1) / per_epoch
    axes.plot(epochs, values, color="#9ecbff", linewidth=0.8, label="each batch")
    mean = np.reshape(values, (-1, per_epoch)).mean(axis=1)
    axes.plot(np.arange(len(mean)) + 0.5, mean, color="#0550ae", marker="o", label="each epoch")
    axes.set(xlabel="epoch", ylabel="cross-entropy", yscale="log", title="training loss")
    axes.grid(alpha=0.3)
    axes.legend()

    # The mistakes are the interesting ones: show as many as fill half the grid, then right ones.
    wrong, correct = np.flatnonzero(predicted != labels), np.flatnonzero(predicted == labels)
    wrong = wrong[: rows * columns // 2]
    shown = np.concatenate([wrong, correct[: rows * columns - len(wrong)]])
    for place, i in zip(right.subplots(rows, columns).flat, shown, strict=False):
        color = RIGHT if predicted[i] == labels[i] else WRONG
        place.imshow(images[i], cmap="gray_r")
        place.set(xticks=[], yticks=[])
        text = f"{predicted[i]}" if color == RIGHT else f"{predicted[i]}, not {labels[i]}"
        place.set_title(text, color=color, fontsize=10)
        for spine in place.spines.values():
            spine.set(color=color, linewidth=2.5)
    right.suptitle(
        f"test images: {len(shown) - len(wrong)} right, {len(wrong)} wrong of those shown"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)
