"""Learn to read handwritten digits.

A network with one hidden layer learns from two thirds of the 1797 small images that come with
scikit-learn, and is tested on every third one, which it has never seen:

    python examples/digits.py

prints the test accuracy and draws digits.png.
"""

from __future__ import annotations

import argparse

from _picture import Losses, draw

import ndtape as nt
from ndtape import nn

HIDDEN, EPOCHS, BATCH = 256, 30, 32
LEARNING_RATE, MOMENTUM, DROPOUT = 0.1, 0.9, 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", default="digits.png", help="where to draw (%(default)s)")
    options = parser.parse_args()

    nt.random.seed(0)
    train, test = nt.data.datasets.digits()
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, HIDDEN),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN, 10),
    )
    optimizer = nt.optim.SGD(model.parameters(), LEARNING_RATE, momentum=MOMENTUM)
    model.compile(optimizer, "cross_entropy", ["accuracy"])

    rate = nn.callbacks.LearningRate(nt.optim.CosineSchedule(optimizer, EPOCHS))
    losses = Losses()
    model.fit(*train, EPOCHS, BATCH, callbacks=[rate, losses])

    images, labels = test
    predicted = nt.argmax(model.predict(images), axis=1)
    accuracy = nt.mean(nt.astype(predicted == labels, nt.float64)).item()
    print(f"test accuracy {accuracy:.2%} on {len(labels)} images")

    title = f"Handwritten digits, 64-{HIDDEN}-10 network: {accuracy:.2%} of the test images right"
    draw(options.picture, title, losses, images.numpy(), labels.numpy(), predicted.numpy())
    print(f"picture in {options.picture}")


if __name__ == "__main__":
    main()
