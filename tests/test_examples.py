"""The examples: what they say and draw, and the MNIST reader's answer to bad files."""

import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHAPES = {
    "train-images-idx3-ubyte.gz": (60000, 28, 28),
    "train-labels-idx1-ubyte.gz": (60000,),
    "t10k-images-idx3-ubyte.gz": (10000, 28, 28),
    "t10k-labels-idx1-ubyte.gz": (10000,),
}
FIRST = "train-images-idx3-ubyte.gz"

for module in ("matplotlib", "sklearn", "tqdm"):
    pytest.importorskip(module, reason="needs the extra `examples`", exc_type=ImportError)


def run(name, *options):
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def check_picture(path):
    from PIL import Image

    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 400


def accuracy(output):
    return float(re.search(r"test accuracy ([\d.]+)%", output).group(1))


def test_digits(tmp_path):
    picture = tmp_path / "digits.png"
    done = run("digits.py", "--picture", picture)
    assert done.returncode == 0, done.stderr
    assert accuracy(done.stdout) >= 97
    check_picture(picture)


def said(name, picture):
    """What an example prints; it also draws."""
    done = run(name, "--picture", picture)
    assert done.returncode == 0, done.stderr
    check_picture(picture)
    return done.stdout


def test_ode(tmp_path):
    text = said("ode.py", tmp_path / "ode.png")
    found = re.findall(r"true ([\d.]+), found ([\d.]+)", text)
    assert len(found) == 4
    for true, value in found:
        assert float(value) == pytest.approx(float(true), rel=0.1)


def test_gaussian_process(tmp_path):
    text = said("gaussian_process.py", tmp_path / "process.png")
    assert float(re.search(r"noise ([\d.]+) ", text).group(1)) == pytest.approx(0.15, abs=0.03)
    assert float(re.search(r"slope ([\d.e-]+)", text).group(1)) < 0.05


def test_newton(tmp_path):
    text = said("newton.py", tmp_path / "newton.png")
    slopes = [float(s) for s in re.findall(r"gradient ([\d.e+-]+)", text)]
    assert slopes[-1] < 1e-10
    assert slopes[-2] < 10 * slopes[-3] ** 1.5, "the digits double"


def test_mnist(tmp_path):
    folder = os.environ.get("NDTAPE_MNIST")
    if not folder:
        pytest.skip("NDTAPE_MNIST does not name a folder with the four files")
    picture = tmp_path / "mnist.png"
    done = run("mnist.py", "--data", folder, "--picture", picture)
    assert done.returncode == 0, done.stderr
    assert accuracy(done.stdout) >= 97.5
    check_picture(picture)


def idx(shape, magic=None, data=None):
    """A gzip IDX file of zeros."""
    magic = bytes([0, 0, 8, len(shape)]) if magic is None else magic
    size = 1
    for n in shape:
        size *= n
    data = bytes(size) if data is None else data
    return gzip.compress(magic + struct.pack(f">{len(shape)}I", *shape) + data, compresslevel=1)


@pytest.fixture(scope="module")
def zeros(tmp_path_factory):
    """Files of the right form with the wrong values."""
    folder = tmp_path_factory.mktemp("zeros")
    for name, shape in SHAPES.items():
        (folder / name).write_bytes(idx(shape))
    return folder


@pytest.fixture
def folder(zeros, tmp_path):
    shutil.copytree(zeros, tmp_path / "mnist")
    return tmp_path / "mnist"


def refusal(folder):
    """The one line that a refused folder ends in."""
    done = run("mnist.py", "--data", folder)
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("mnist.py: ")
    return lines[0]


def test_missing_file(folder):
    (folder / FIRST).unlink()
    message = refusal(folder)
    assert str(folder / FIRST) in message
    assert "No such file" in message


def test_truncated_file(folder):
    packed = (folder / FIRST).read_bytes()
    (folder / FIRST).write_bytes(packed[: len(packed) // 2])
    message = refusal(folder)
    assert str(folder / FIRST) in message
    assert "truncated" in message


def test_empty_file(folder):
    (folder / FIRST).write_bytes(b"")
    assert str(folder / FIRST) in refusal(folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG and then something else", "gzip"),
        (gzip.compress(b"not an IDX file"), "IDX"),
        (idx(SHAPES[FIRST], magic=b"\0\0\x0d\3"), "IDX"),  # of floats
        (idx((10000, 28, 28)), "IDX"),  # of another length
        (idx(SHAPES[FIRST], data=bytes(100)), "bytes"),
        (idx(SHAPES[FIRST], data=bytes(47040001)), "bytes"),
        (idx(SHAPES[FIRST])[:-8] + bytes(8), "gzip"),  # a wrong CRC
        (idx(SHAPES[FIRST]), "SHA-256"),
    ],
    ids=["png", "text", "floats", "shape", "short", "long", "crc", "zeros"],
)
def test_foreign_file(folder, content, reason):
    (folder / FIRST).write_bytes(content)
    message = refusal(folder)
    assert str(folder / FIRST) in message
    assert reason in message


def test_folder_is_a_file(folder):
    assert str(folder / FIRST) in refusal(folder / FIRST)


def test_no_folder_and_no_network(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "mnist.py"), "--data", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "https_proxy": "http://127.0.0.1:9", "no_proxy": ""},
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"mnist.py: {tmp_path / 'none'}: no such folder")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()
