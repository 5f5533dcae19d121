"""Learn to read the MNIST digits: 60,000 images to learn from, 10,000 for the test.

A network with 512 hidden units, RMSprop, five passes over the data:

    python examples/mnist.py --data mnist

reads the four original files from the folder, or downloads them when there is no such folder;
prints the test accuracy and draws mnist.png.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import http.client
import io
import sys
import time
import urllib.request
import zlib
from pathlib import Path

import numpy as np
from _picture import draw
from tqdm import tqdm

import ndtape as nt

HIDDEN, EPOCHS, BATCH = 512, 5, 128
LEARNING_RATE, DECAY, EPSILON = 1e-3, 0.9, 1e-7

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# Shape, and SHA-256 of the unpacked file: a file packed by another gzip is the same data.
FILES = {
    "train-images-idx3-ubyte.gz": (
        (60000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte.gz": (
        (60000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte.gz": (
        (10000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        (10000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


class DataError(Exception):
    """A data file is missing or is not what it should be."""


def parse_idx(packed: bytes, name: str, shape: tuple[int, ...], sha256: str) -> np.ndarray:
    """Unpack a gzip IDX file of bytes: a magic number, big-endian lengths, then the values."""
    header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    expected = len(header) + int(np.prod(shape))
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            data = file.read(expected + 1)  # no more, whatever it unpacks to
    except EOFError:
        raise DataError(f"{name}: the file is truncated") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name}: not a sound gzip file: {error}") from None
    if data[: len(header)] != header:
        raise DataError(f"{name}: not an IDX file of bytes with shape {shape}")
    if len(data) != expected:
        raise DataError(f"{name}: {len(data)} bytes or more instead of {expected}")
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DataError(f"{name}: not MNIST's file: its SHA-256 checksum differs")
    return np.frombuffer(data, np.uint8, offset=len(header)).reshape(shape)


def download(folder: Path) -> None:
    """Fetch the files; the folder is made when all of them have arrived and are right."""
    arrived = {}
    for name, (shape, sha256) in tqdm(FILES.items(), desc="downloading", unit="file"):
        for mirror in MIRRORS:
            try:
                with urllib.request.urlopen(mirror + name, timeout=30) as answer:
                    arrived[name] = answer.read()
                parse_idx(arrived[name], mirror + name, shape, sha256)
                break
            except (OSError, http.client.HTTPException, DataError) as error:
                reason = error
        else:
            raise DataError(f"{folder}: no such folder, and the download failed: {reason}")
    folder.mkdir(parents=True)
    for name, packed in arrived.items():
        (folder / name).write_bytes(packed)


def load(folder: Path) -> list[np.ndarray]:
    """Training images (60000, 784) from 0 to 1 and labels, then the same for the test."""
    if not folder.exists():
        download(folder)
    arrays = []
    for name, known in FILES.items():
        path = folder / name
        try:
            packed = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}") from None
        arrays.append(parse_idx(packed, str(path), *known))
    flat = [a.reshape(len(a), -1).astype(np.float32) / 255 for a in arrays[::2]]
    labels = [a.astype(np.int64) for a in arrays[1::2]]
    return [flat[0], labels[0], flat[1], labels[1]]


def network(params: list[nt.Tensor], x: nt.Tensor) -> nt.Tensor:
    """Scores (n, 10) of the ten digits for images (n, 784)."""
    w1, b1, w2, b2 = params
    return nt.relu(x @ w1 + b1) @ w2 + b2


def train(
    x: nt.Tensor, y: nt.Tensor, epochs: int, seed: int
) -> tuple[list[nt.Tensor], list[float]]:
    """Parameters after `epochs` passes over the data, and the loss of every step."""
    rng = nt.random.default_rng(seed)
    params = [  # He's initialisation: the variance stays the same through a layer and its ReLU
        rng.normal(0, (2 / 784) ** 0.5, size=(784, HIDDEN)),
        nt.zeros(HIDDEN),
        rng.normal(0, (2 / HIDDEN) ** 0.5, size=(HIDDEN, 10)),
        nt.zeros(10),
    ]
    for p in params:
        p.requires_grad = True
    optimizer = nt.optim.RMSprop(params, LEARNING_RATE, decay=DECAY, epsilon=EPSILON)
    losses = []
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        steps = tqdm(range(0, len(x) - BATCH + 1, BATCH), desc=f"epoch {epoch + 1}", unit="step")
        for i in steps:
            rows = order[i : i + BATCH]
            scores = network(params, nt.take(x, rows, axis=0))
            loss = nt.mean(nt.cross_entropy(scores, nt.take(y, rows, axis=0)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            steps.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
    return params, losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the four files")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="passes (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (%(default)s)")
    parser.add_argument("--picture", default="mnist.png", help="where to draw (%(default)s)")
    options = parser.parse_args()
    try:
        train_images, train_labels, test_images, test_labels = load(options.data)
    except DataError as error:
        sys.exit(f"mnist.py: {error}")

    x, y = nt.asarray(train_images), nt.asarray(train_labels)
    start = time.perf_counter()
    params, losses = train(x, y, options.epochs, options.seed)
    seconds = time.perf_counter() - start

    with nt.no_grad():
        predicted = nt.argmax(network(params, nt.asarray(test_images)), axis=1).numpy()
    accuracy = np.mean(predicted == test_labels)
    print(f"test accuracy {accuracy:.2%} on {len(test_labels)} images, trained in {seconds:.1f} s")

    title = f"MNIST, 784-{HIDDEN}-10 network: {accuracy:.2%} of the test images right"
    images = test_images.reshape(-1, 28, 28)
    draw(options.picture, title, losses, len(x) // BATCH, images, test_labels, predicted)
    print(f"picture in {options.picture}")


if __name__ == "__main__":
    main()
