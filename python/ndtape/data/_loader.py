"""Batches: in order or shuffled, made ahead by a thread or by processes."""

from __future__ import annotations

import contextlib
import operator
import os
import queue
import signal
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ndtape import _core, random
from ndtape._core import Tensor
from ndtape._trees import map_leaves
from ndtape.data._dataset import ArrayDataset, Dataset

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

__all__ = ["DataLoader", "batches"]


class DataLoader:
    """Batches of a data set; iterate over it once an epoch.

    Parameters
    ----------
    dataset : Dataset or sequence of array_like
        What has a length and can be indexed; a tuple or list of arrays is an `ArrayDataset`.
    batch_size : int, optional
        Samples in a batch.
    shuffle : bool, optional
        Visit the samples in another order every epoch.
    seed : int, optional
        Of those orders, which are then the same every time; drawn from `nt.random` if left out.
    drop_last : bool, optional
        Leave out a last batch that is not full.
    prefetch : int, optional
        Batches that a thread makes ahead; 0 for none.
    workers : int, optional
        Processes that make batches; 0 for none. They start with the first epoch, each with a copy
        of the data set, and live as long as the loader. The data set must be picklable, as what
        `multiprocessing` starts by "spawn" is. A script that uses them needs
        ``if __name__ == "__main__":``.

    Raises
    ------
    TypeError
        When the data set has no length or cannot be indexed.
    ValueError
        When it is empty or a number is out of its range.

    Attributes
    ----------
    epoch : int
        Times that iteration was started: with the seed, it sets the order.

    Examples
    --------
    >>> import ndtape as nt
    >>> loader = nt.data.DataLoader((nt.arange(5),), batch_size=2)
    >>> [x.tolist() for (x,) in loader]
    [[0, 1], [2, 3], [4]]
    >>> len(loader)
    3
    """

    def __init__(
        self,
        dataset: Dataset | Sequence[Any],
        batch_size: int = 32,
        *,
        shuffle: bool = False,
        seed: int | None = None,
        drop_last: bool = False,
        prefetch: int = 0,
        workers: int = 0,
    ) -> None:
        if isinstance(dataset, (tuple, list)):
            dataset = ArrayDataset(*dataset)
        if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
            raise TypeError(f"dataset: a {type(dataset).__name__}, expected a Dataset")
        self.dataset = dataset
        self.batch_size = _checked("batch_size", batch_size, 1)
        self.prefetch = _checked("prefetch", prefetch, 0)
        self.workers = _checked("workers", workers, 0)
        if len(dataset) == 0:
            raise ValueError("dataset: empty, expected at least one sample")
        if drop_last and len(dataset) < batch_size:
            raise ValueError(f"drop_last: no full batch of {batch_size} in {len(dataset)} samples")
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        if seed is None and shuffle:
            seed = int(random.integers(0, 2**62).item())
        self.seed = 0 if seed is None else _checked("seed", seed, 0)
        self.epoch = 0
        self._pool: ProcessPoolExecutor | None = None

    def __len__(self) -> int:
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        order = self._order(self.epoch)
        self.epoch += 1
        starts = range(0, len(self) * self.batch_size, self.batch_size)
        parts = [order[i : i + self.batch_size] for i in starts]
        made = self._by_processes(parts) if self.workers else map(self._batch, parts)
        if self.prefetch:
            made = _ahead(made, self.prefetch)
        return made

    def _order(self, epoch: int) -> Sequence[int]:
        n = len(self.dataset)
        if not self.shuffle:
            return range(n)
        state = np.random.SeedSequence([self.seed, epoch]).generate_state(1, np.uint64)
        order: Any = random.default_rng(int(state[0])).permutation(n).numpy()
        return order  # type: ignore[no-any-return]

    def _batch(self, indices: Sequence[int]) -> Any:
        return _tensors(_make(self.dataset, indices))

    def _by_processes(self, parts: list[Sequence[int]]) -> Iterator[Any]:
        from concurrent.futures.process import BrokenProcessPool

        pool = self._workers_started()
        ahead = self.workers * 2
        waiting: deque[Any] = deque()
        try:
            for part in parts:
                with _interrupts_later():
                    waiting.append(pool.submit(_work, part))
                if len(waiting) > ahead:
                    yield _tensors(waiting.popleft().result())
            while waiting:
                yield _tensors(waiting.popleft().result())
        except BrokenProcessPool as error:
            self._pool = None
            pool.shutdown(wait=True)
            raise RuntimeError(
                "a worker process died; was the data set's code killed, or is "
                'if __name__ == "__main__": missing from the script?'
            ) from error
        finally:
            for future in waiting:
                future.cancel()

    def _workers_started(self) -> ProcessPoolExecutor:
        """Return the worker processes, which live as long as the loader."""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        if self._pool is None:
            # A pool of futures rather than queues of our own: a worker that dies is noticed, and
            # what waits for it is an error instead of a wait for good.
            self._pool = ProcessPoolExecutor(
                self.workers,
                multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(self.dataset,),
            )
            weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
        return self._pool

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_pool": None}


def batches(
    *arrays: Any,
    batch_size: int = 32,
    shuffle: bool = False,
    seed: int | None = None,
    drop_last: bool = False,
) -> Iterator[tuple[Tensor, ...]]:
    """Batches of arrays along their first axis, once through.

    Parameters
    ----------
    *arrays : array_like
        Of one length along their first axis.
    batch_size : int, optional
        Samples in a batch.
    shuffle : bool, optional
        Visit the samples in a random order.
    seed : int, optional
        Of that order; drawn from `nt.random` if left out.
    drop_last : bool, optional
        Leave out a last batch that is not full.

    Returns
    -------
    iterator of tuple of Tensor
        A tensor for each array.

    Raises
    ------
    ValueError
        When there are no arrays or no samples, lengths differ, or a number is out of its range.

    Examples
    --------
    >>> import ndtape as nt
    >>> for x, y in nt.data.batches(nt.arange(4), nt.arange(4) * 10, batch_size=2):
    ...     print(x.tolist(), y.tolist())
    [0, 1] [0, 10]
    [2, 3] [20, 30]
    """
    loader = DataLoader(
        ArrayDataset(*arrays), batch_size, shuffle=shuffle, seed=seed, drop_last=drop_last
    )
    return iter(loader)


def _checked(name: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: {value!r}, expected an integer") from None
    if number < least:
        raise ValueError(f"{name}: {number}, expected at least {least}")
    return number


def _make(dataset: Any, indices: Sequence[int]) -> Any:
    if hasattr(dataset, "batch"):
        return dataset.batch(indices)
    return Dataset.batch(dataset, indices)


def _tensors(batch: Any) -> Any:
    return map_leaves(lambda leaf, _: _core.asarray(leaf), batch)


_dataset: Any = None  # of a worker process


def _start_worker(dataset: Any) -> None:
    global _dataset
    _dataset = dataset
    threading.Thread(target=_end_with_parent, name="ndtape-parent", daemon=True).start()


def _end_with_parent() -> None:
    """Leave no process behind when the one that started it was killed."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back while a worker is started, and from that worker for good.

    A terminal sends it to all processes at once: this one ends the others, without their traces.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(indices: Sequence[int]) -> Any:
    """Return a batch as arrays, which are cheaper to send than tensors."""
    batch = _make(_dataset, indices)
    return map_leaves(lambda leaf, _: leaf.numpy() if isinstance(leaf, Tensor) else leaf, batch)


def _ahead(items: Iterator[Any], count: int) -> Iterator[Any]:
    """Return the same items, up to `count` of them made ahead by a thread."""
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(count)
    stop = threading.Event()

    def put(kind: str, value: Any) -> bool:
        while not stop.is_set():
            try:
                ready.put((kind, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    break
            else:
                put("end", None)
        except BaseException as error:  # handed to the thread that iterates, whatever it is
            put("error", error)
        finally:
            if hasattr(items, "close"):
                items.close()

    thread = threading.Thread(target=work, name="ndtape-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stop.set()
        thread.join()
