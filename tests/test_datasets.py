"""Fetching MNIST, from a server on this machine that has small files of its form."""

import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest

import ndtape as nt
from ndtape.data import datasets

SHAPES = {"x.gz": (6, 2, 2), "y.gz": (6,), "x-test.gz": (3, 2, 2), "y-test.gz": (3,)}


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`; the first answer for a name in `cut` ends after so many bytes."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.asked = files, {}, []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name, wanted = self.path.lstrip("/"), self.headers.get("Range")
        self.server.asked.append((name, wanted))
        body = self.server.files.get(name)
        if body is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start:][: self.server.cut.pop(name, None)])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    rng = np.random.default_rng(0)
    files, known = {}, {}
    for name, shape in SHAPES.items():
        header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
        data = header + rng.integers(0, 10, shape, dtype=np.uint8).tobytes()
        files[name] = gzip.compress(data)
        known[name] = (shape, hashlib.sha256(data).hexdigest())
    with Server(files) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setattr(datasets, "_FILES", known)
        monkeypatch.setattr(datasets, "_MIRRORS", [f"http://127.0.0.1:{server.server_port}/"])
        yield server
        server.shutdown()
        thread.join()


def test_fetched_once(server, tmp_path):
    (x, y), (x_test, y_test) = datasets.mnist(tmp_path / "mnist")
    assert [t.shape for t in (x, y, x_test, y_test)] == list(SHAPES.values())
    assert x.dtype == nt.float32
    assert len(server.asked) == 4
    again, _ = datasets.mnist(tmp_path / "mnist", download=False)
    assert np.array_equal(again[0], x)
    assert sorted(p.name for p in (tmp_path / "mnist").iterdir()) == sorted(SHAPES)


def test_a_download_that_was_cut_off_goes_on(server, tmp_path):
    server.cut["x.gz"] = 20
    with pytest.raises(datasets.DataError, match="cut off"):
        datasets.mnist(tmp_path)
    assert (tmp_path / "x.gz.part").stat().st_size == 20
    datasets.mnist(tmp_path)
    assert ("x.gz", "bytes=20-") in server.asked
    assert not (tmp_path / "x.gz.part").exists()


def test_a_download_that_was_all_there(server, tmp_path):
    (tmp_path / "x.gz.part").write_bytes(server.files["x.gz"])
    datasets.mnist(tmp_path)


def test_a_corrupt_download_is_named_and_dropped(server, tmp_path):
    whole = server.files["y.gz"]
    server.files["y.gz"] = gzip.compress(gzip.decompress(whole)[:-1] + b"\xff")
    with pytest.raises(datasets.DataError, match=r"y\.gz.*SHA-256"):
        datasets.mnist(tmp_path)
    assert not list(tmp_path.glob("y.gz*"))
    server.files["y.gz"] = whole
    datasets.mnist(tmp_path)


def test_a_corrupt_file_is_named_and_kept(server, tmp_path):
    datasets.mnist(tmp_path)
    path = tmp_path / "x-test.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(datasets.DataError, match=r"x-test\.gz: .*truncated"):
        datasets.mnist(tmp_path)
    assert path.exists()


def test_no_such_file_on_the_server(server, tmp_path):
    del server.files["x.gz"]
    with pytest.raises(datasets.DataError, match="none.*404"):
        datasets.mnist(tmp_path / "none")
