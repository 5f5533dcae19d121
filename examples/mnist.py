"""Learn to read the MNIST digits: 60,000 images to learn from, 10,000 for the test.

A network with 512 hidden units, RMSprop, five passes over the data; or with --network
convolutional, a small network of two convolutions:

    python examples/mnist.py --data mnist

reads the four original files from the folder, or downloads them when there is no such folder;
prints the test accuracy and draws mnist.png.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from _picture import Losses, draw

import ndtape as nt
from ndtape import nn

HIDDEN, EPOCHS, BATCH = 512, 5, 128


def dense() -> tuple[nn.Module, nt.optim.Optimizer]:
    """784-512-10, as in the first chapter of many books."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))
    return model, nt.optim.RMSprop(model.parameters(), 1e-3, decay=0.9, epsilon=1e-7)


def convolutional() -> tuple[nn.Module, nt.optim.Optimizer]:
    """Two convolutions with pooling between, then a dense layer."""
    model = nn.Sequential(
        lambda x: x[:, None],  # images (n, 28, 28) have one channel
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, 10),
    )
    return model, nt.optim.Adam(model.parameters(), 3e-3)


NETWORKS = {"dense": dense, "convolutional": convolutional}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the four files")
    parser.add_argument("--network", choices=NETWORKS, default="dense", help="(%(default)s)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="passes (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (%(default)s)")
    parser.add_argument("--picture", default="mnist.png", help="where to draw (%(default)s)")
    options = parser.parse_args()
    try:
        train, test = nt.data.datasets.mnist(options.data, download=not options.data.exists())
    except nt.data.datasets.DataError as error:
        sys.exit(f"mnist.py: {error}")

    nt.random.seed(options.seed)
    model, optimizer = NETWORKS[options.network]()
    model.compile(optimizer, "cross_entropy")
    losses = Losses()
    callbacks: list[nn.callbacks.Callback] = [losses]
    if options.network == "convolutional":
        steps = options.epochs * -(-len(train[0]) // BATCH)
        cycle = nt.optim.OneCycleSchedule(optimizer, steps)
        callbacks.append(nn.callbacks.LearningRate(cycle, every="batch"))
    start = time.perf_counter()
    model.fit(*train, options.epochs, BATCH, callbacks=callbacks)
    seconds = time.perf_counter() - start

    images, labels = test
    predicted = nt.argmax(model.predict(images), axis=1)
    accuracy = nt.mean(nt.astype(predicted == labels, nt.float64)).item()
    print(f"test accuracy {accuracy:.2%} on {len(labels)} images, trained in {seconds:.1f} s")

    title = f"MNIST, {options.network} network: {accuracy:.2%} of the test images right"
    draw(options.picture, title, losses, images.numpy(), labels.numpy(), predicted.numpy())
    print(f"picture in {options.picture}")


if __name__ == "__main__":
    main()
