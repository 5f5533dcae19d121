"""Data sets to learn with: small images of digits."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import io
import math
import os
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ndtape import _core
from ndtape._core import Tensor

__all__ = ["DataError", "digits", "mnist"]

Pair = tuple[Tensor, Tensor]

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# Shape, and SHA-256 of the unpacked file: a file packed by another gzip is the same data.
_FILES = {
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


class DataError(ValueError):
    """A data file is missing, cannot be fetched, or is not what it should be."""


def digits() -> tuple[Pair, Pair]:
    """1797 handwritten digits of 8 by 8 pixels, which come with scikit-learn.

    Returns
    -------
    train, test : tuple of two Tensors
        Images of shape ``(n, 8, 8)`` and dtype float32 with values from 0 to 1, and labels of
        shape ``(n,)``. Every third image is for the test.

    Raises
    ------
    ImportError
        When scikit-learn is not installed: it comes with ``pip install ndtape[examples]``.

    Examples
    --------
    >>> import ndtape as nt
    >>> (x, y), (x_test, y_test) = nt.data.datasets.digits()  # doctest: +SKIP
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "datasets.digits needs scikit-learn: pip install ndtape[examples]"
        ) from error
    data = load_digits()
    images = (data.images / 16).astype(np.float32)
    labels = data.target.astype(np.int64)
    test = np.arange(len(images)) % 3 == 0
    return _pair(images[~test], labels[~test]), _pair(images[test], labels[test])


def mnist(
    folder: str | os.PathLike[str] | None = None, *, download: bool = True
) -> tuple[Pair, Pair]:
    """MNIST: 70,000 handwritten digits of 28 by 28 pixels [1]_.

    The four original files are read from a folder, and fetched when they are not there. A
    download that was cut off goes on where it stopped. Every file is checked against its SHA-256
    sum, each time.

    Parameters
    ----------
    folder : path, optional
        Where the files are. If left out, the folder that the environment variable
        ``NDTAPE_MNIST`` names, or else ``ndtape/mnist`` in the user's cache folder.
    download : bool, optional
        Whether missing files may be fetched.

    Returns
    -------
    train, test : tuple of two Tensors
        Images of shape ``(n, 28, 28)`` and dtype float32 with values from 0 to 1, and labels of
        shape ``(n,)``: 60,000 to learn from and 10,000 for the test.

    Raises
    ------
    DataError
        When a file is missing, cannot be fetched or is corrupt; the message names it.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
       recognition", Proc. IEEE 86, 1998.

    Examples
    --------
    >>> import ndtape as nt
    >>> (x, y), (x_test, y_test) = nt.data.datasets.mnist()  # doctest: +SKIP
    """
    if folder is None:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = os.environ.get("NDTAPE_MNIST") or Path(cache) / "ndtape" / "mnist"
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"folder: a {type(folder).__name__}, expected a path")
    folder = Path(folder)
    arrays = []
    for name, known in _FILES.items():
        path = folder / name
        if download and not path.exists() and (folder.is_dir() or not folder.exists()):
            _fetch(name, folder)
        try:
            packed = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}") from None
        arrays.append(_parse(packed, str(path), *known))
    images = [a.astype(np.float32) / 255 for a in arrays[::2]]
    labels = [a.astype(np.int64) for a in arrays[1::2]]
    return _pair(images[0], labels[0]), _pair(images[1], labels[1])


def _pair(images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Pair:
    return _core.asarray(images), _core.asarray(labels)


def _parse(packed: bytes, name: str, shape: tuple[int, ...], sha256: str) -> npt.NDArray[np.uint8]:
    """Unpack a gzip IDX file of bytes: a magic number, big-endian lengths, then the values."""
    header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    expected = len(header) + math.prod(shape)
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


def _fetch(name: str, folder: Path) -> None:
    """Download one file: beside its place first, into it when it has arrived and is right."""
    reason: Exception | None = None
    existed = folder.exists()
    part = folder / f"{name}.part"
    for mirror in _MIRRORS:
        try:
            _download(mirror + name, part)
            _parse(part.read_bytes(), mirror + name, *_FILES[name])
        except DataError as error:
            part.unlink(missing_ok=True)  # all of it is there, and it is wrong
            reason = error
        except (OSError, http.client.HTTPException) as error:
            reason = error
        else:
            part.replace(folder / name)
            return
    what = f"{folder / name}: no such file" if existed else f"{folder}: no such folder"
    raise DataError(f"{what}, and the download failed: {reason}")


def _download(url: str, part: Path) -> None:
    """Append to `part` what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        with contextlib.closing(error):
            if have and error.code == 416:  # nothing is missing
                return
            raise
    with answer:
        part.parent.mkdir(parents=True, exist_ok=True)
        resumed = answer.status == 206
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read(1 << 16):
                file.write(block)
        if answer.length:  # http.client takes an early end for the end
            raise ConnectionError(f"{url}: cut off with {answer.length} bytes to come")
