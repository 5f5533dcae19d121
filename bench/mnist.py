"""Trains the 784-512-10 network on MNIST in ndtape and in PyTorch, some seeds each, in turns.

    python bench/mnist.py --data mnist            # five epochs of RMSprop, batch 128, three seeds
    python bench/mnist.py --data mnist --convolutional

Prints test accuracies, seconds of training, and the ratio of the mean times. The folder has the
four original files. Every run is a process of its own with two threads.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

EPOCHS, BATCH = 5, 128


def train_ndtape(folder: str, seed: int, convolutional: bool) -> tuple[float, float]:
    import ndtape as nt
    from ndtape import nn

    (x, y), (x_test, y_test) = nt.data.datasets.mnist(folder, download=False)
    nt.random.seed(seed)
    if convolutional:
        model = nn.Sequential(
            lambda images: images[:, None],
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(128, 10),
        )  # fmt: skip
        optimizer = nt.optim.Adam(model.parameters(), 3e-3)
        steps = EPOCHS * -(-len(x) // BATCH)
        cycle = nt.optim.OneCycleSchedule(optimizer, steps)
        callbacks = [nn.callbacks.LearningRate(cycle, every="batch")]
    else:
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
        optimizer, callbacks = "rmsprop", []
    model.compile(optimizer=optimizer, loss="cross_entropy")
    start = time.perf_counter()
    model.fit(x, y, EPOCHS, BATCH, callbacks=callbacks, verbose=0)
    seconds = time.perf_counter() - start
    right = nt.argmax(model.predict(x_test), axis=1) == y_test
    return nt.mean(nt.astype(right, nt.float64)).item(), seconds


def train_torch(folder: str, seed: int, convolutional: bool) -> tuple[float, float]:
    import numpy as np
    import torch
    from torch import nn

    import ndtape as nt

    (x, y), (x_test, y_test) = (
        [torch.from_numpy(np.array(t)) for t in pair]
        for pair in nt.data.datasets.mnist(folder, download=False)
    )
    torch.set_num_threads(2)
    torch.manual_seed(seed)
    if convolutional:
        model = nn.Sequential(
            nn.Unflatten(1, (1, 28)),
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(128, 10),
        )  # fmt: skip
        optimizer = torch.optim.Adam(model.parameters(), 3e-3)
        steps = EPOCHS * -(-len(x) // BATCH)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    else:
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
        optimizer = torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9, eps=1e-7)
        cycle = None
    loss = nn.CrossEntropyLoss()
    start = time.perf_counter()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss(model(x[batch]), y[batch]).backward()
            optimizer.step()
            if cycle:
                cycle.step()
    seconds = time.perf_counter() - start
    model.eval()
    with torch.no_grad():
        right = (model(x_test).argmax(1) == y_test).double()
    return right.mean().item(), seconds


TRAIN = {"ndtape": train_ndtape, "torch": train_torch}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the four files")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each library (%(default)s)")
    parser.add_argument("--convolutional", action="store_true", help="two convolutions")
    parser.add_argument("--run", nargs=2, metavar=("LIBRARY", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        library, seed = options.run
        print(*TRAIN[library](str(options.data), int(seed), options.convolutional))
        return
    found = {library: [] for library in TRAIN}
    for seed in range(options.seeds):
        for library, runs in found.items():
            command = [sys.executable, *sys.argv, "--run", library, str(seed)]
            environment = {**os.environ, "OMP_NUM_THREADS": "2"}
            result = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            )
            accuracy, seconds = map(float, result.stdout.split())
            runs.append((accuracy, seconds))
            print(f"{library:7} seed {seed}: {accuracy:.2%}, {seconds:.1f} s", flush=True)
    means = {
        library: [statistics.mean(values) for values in zip(*runs)]
        for library, runs in found.items()
    }
    for library, (accuracy, seconds) in means.items():
        print(f"{library:7} mean: {accuracy:.2%}, {seconds:.1f} s")
    print(f"ratio of times {means['ndtape'][1] / means['torch'][1]:.2f}")


if __name__ == "__main__":
    main()
