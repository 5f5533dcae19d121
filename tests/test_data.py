"""Data sets and batches: orders, threads, processes, and files that are wrong."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import ndtape as nt
from ndtape.data import ArrayDataset, DataLoader, Dataset, batches


class Numbers(Dataset):
    def __init__(self, n, fail_at=None, die_at=None):
        self.n, self.fail_at, self.die_at = n, fail_at, die_at

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i == self.fail_at:
            raise KeyError("no such sample")
        if i == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"x": np.full(2, i), "y": (float(i), i)}


def seen(loader):
    return [b["y"][1].tolist() for b in loader]


def test_order_and_last_batch():
    assert seen(DataLoader(Numbers(5), 2)) == [[0, 1], [2, 3], [4]]
    loader = DataLoader(Numbers(5), 2, drop_last=True)
    assert seen(loader) == [[0, 1], [2, 3]]
    assert len(loader) == 2
    batch = next(iter(loader))
    assert batch["x"].shape == (2, 2)
    assert batch["y"][0].dtype == nt.float32


def test_shuffling_is_set_by_seed_and_epoch():
    one, two = (DataLoader(Numbers(50), 8, shuffle=True, seed=3) for _ in range(2))
    first, second = seen(one), seen(one)
    assert first != second
    assert sorted(i for part in first for i in part) == list(range(50))
    assert [seen(two), seen(two)] == [first, second]
    two.epoch = 1
    assert seen(two) == second
    assert seen(DataLoader(Numbers(50), 8, shuffle=True, seed=4)) != first
    nt.random.seed(5)
    a = seen(DataLoader(Numbers(50), 8, shuffle=True))
    nt.random.seed(5)
    assert seen(DataLoader(Numbers(50), 8, shuffle=True)) == a


def test_prefetch():
    shuffled = {"shuffle": True, "seed": 1}
    here = seen(DataLoader(Numbers(7), 2, **shuffled))
    assert seen(DataLoader(Numbers(7), 2, prefetch=3, **shuffled)) == here
    with pytest.raises(KeyError, match="no such sample"):
        list(DataLoader(Numbers(7, fail_at=3), 2, prefetch=2))
    before = threading.active_count()
    for _ in range(5):  # an iteration that is given up leaves no thread behind
        iterator = iter(DataLoader(Numbers(100), 1, prefetch=2))
        next(iterator)
        iterator.close()
    assert threading.active_count() == before


def test_workers():
    shuffled = {"shuffle": True, "seed": 1}
    here = seen(DataLoader(Numbers(9), 2, **shuffled))
    assert seen(DataLoader(Numbers(9), 2, workers=2, **shuffled)) == here
    loader = DataLoader(Numbers(9, fail_at=5), 2, workers=1, prefetch=1)
    with pytest.raises(KeyError, match="no such sample"):
        list(loader)


class Processes(Dataset):
    """Samples that name the process which made them."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return np.asarray([os.getpid()])


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it ended before, or while it was read
        return False


def ended(pids, seconds=20):
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks the system about processes")
def test_workers_live_as_long_as_their_loader():
    loader = DataLoader(Processes(), 1, workers=1)
    pids = {int(batch[0, 0]) for _ in range(2) for batch in loader}
    assert len(pids) == 1
    assert pids != {os.getpid()}
    assert len(pickle.loads(pickle.dumps(loader))) == len(loader)
    given_up = iter(loader)
    next(given_up)
    given_up.close()
    assert {int(batch[0, 0]) for batch in loader} == pids
    del loader, given_up
    gc.collect()
    assert ended(pids)


KILLED = """
import sys
sys.path.insert(0, sys.argv[1])
if __name__ == "__main__":
    from test_data import Processes
    from ndtape.data import DataLoader
    loader = DataLoader(Processes(), 1, workers=1)
    print(int(next(iter(loader))[0, 0]), flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks the system about processes")
def test_workers_end_with_a_process_that_is_killed(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    child = subprocess.Popen(
        [sys.executable, str(script), str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    worker = int(child.stdout.readline())
    assert alive(worker)
    child.kill()
    child.wait()
    child.stdout.close(), child.stdin.close()
    assert ended([worker])


def test_a_worker_that_dies_is_an_error():
    start = time.perf_counter()
    with pytest.raises(RuntimeError, match="worker process died"):
        list(DataLoader(Numbers(9, die_at=5), 2, workers=1))
    assert time.perf_counter() - start < 60


def test_arrays():
    x, y = np.arange(10.0).reshape(5, 2), nt.arange(5)
    parts = list(batches(x, y, batch_size=2))
    np.testing.assert_array_equal(np.concatenate([p[0].numpy() for p in parts]), x)
    shuffled = list(batches(x, y, batch_size=2, shuffle=True, seed=1, drop_last=True))
    assert [len(p[1]) for p in shuffled] == [2, 2]
    for a, b in shuffled:
        np.testing.assert_array_equal(a.numpy()[:, 0], 2 * b.numpy())
    assert len(DataLoader((x, y), 2)) == 3


REFUSED = [
    (lambda: ArrayDataset(), ValueError, "arrays: none"),
    (lambda: ArrayDataset(nt.ones(3), nt.ones(4)), ValueError, r"arrays\[1\]: shape \(4,\)"),
    (lambda: ArrayDataset(nt.ones(())), ValueError, r"arrays\[0\]"),
    (lambda: DataLoader(Numbers(0)), ValueError, "dataset: empty"),
    (lambda: DataLoader(Numbers(3), 0), ValueError, "batch_size: 0"),
    (lambda: DataLoader(Numbers(3), 2.0), TypeError, "batch_size: 2.0"),
    (lambda: DataLoader(Numbers(3), workers=-1), ValueError, "workers: -1"),
    (lambda: DataLoader(Numbers(3), 4, drop_last=True), ValueError, "no full batch of 4"),
    (lambda: DataLoader(5), TypeError, "dataset: a int"),
    (lambda: batches(nt.ones(0)), ValueError, "dataset: empty"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_samples_of_different_shapes():
    class Ragged(Numbers):
        def __getitem__(self, i):
            return np.ones(i + 1)

    with pytest.raises(ValueError, match="one shape for a batch"):
        list(DataLoader(Ragged(3), 2))


def test_digits():
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    (x, y), (x_test, y_test) = nt.data.datasets.digits()
    assert x.shape == (1198, 8, 8)
    assert x_test.shape == (599, 8, 8)
    assert x.dtype == nt.float32
    assert (nt.min(x).item(), nt.max(x).item()) == (0, 1)
    assert set(y.tolist()) == set(y_test.tolist()) == set(range(10))


def test_mnist_folder_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("NDTAPE_MNIST", str(tmp_path / "here"))
    with pytest.raises(nt.data.datasets.DataError, match="here"):
        nt.data.datasets.mnist(download=False)
    with pytest.raises(nt.data.datasets.DataError, match="there"):
        nt.data.datasets.mnist(tmp_path / "there", download=False)
