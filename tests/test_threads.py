"""The same bits for any number of threads; fork; the interpreter lock."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from operators import OPERATORS
from strategies import from_tensor

import ndtape as nt


@pytest.mark.parametrize("name", OPERATORS)
def test_bitwise_equal_for_any_thread_count(name):
    """1, 2 and 4 threads, run twice; large enough to be split, with an odd size beside it."""
    for n in (300_001, 5000):
        results = []
        for threads in (1, 2, 4, 2):
            nt.set_num_threads(threads)
            results.append(from_tensor(OPERATORS[name](n)).tobytes())
        assert results[0] == results[1] == results[2] == results[3]


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["sum", "mean", "var", "logsumexp", "prod"])
@pytest.mark.parametrize("shape", [(1_000_003,), (3, 400_000), (400_000, 3), (1000, 1001)])
def test_large_reductions_are_bitwise_equal(name, axis, shape):
    if axis is not None and axis >= len(shape):
        axis = 0
    x = nt.random.default_rng(1).normal(1.0, 1e-3, size=shape)
    results = []
    for threads in (1, 2, 4, 3):
        nt.set_num_threads(threads)
        results.append(getattr(nt, name)(x, axis=axis).numpy().tobytes())
    assert len(set(results)) == 1


def test_setting_threads():
    nt.set_num_threads(3)
    assert nt.get_num_threads() == 3
    for wrong in (0, -1, 100_000):
        with pytest.raises(ValueError, match=str(wrong)):
            nt.set_num_threads(wrong)
    with pytest.raises(TypeError):
        nt.set_num_threads(1.5)
    assert nt.get_num_threads() == 3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_omp_num_threads_is_honoured(count):
    code = "import ndtape as nt; print(nt.get_num_threads())"
    environment = {**os.environ, "OMP_NUM_THREADS": str(count)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(out.stdout) == count


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork does not exist on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_does_not_hang():
    """OpenMP's threads do not survive fork: the child computes on its own."""
    nt.set_num_threads(2)
    x = nt.random.default_rng(0).normal(size=(600, 600))
    want = (nt.sum(x @ x).item(), nt.sum(nt.exp(x)).item())
    with warnings.catch_warnings():  # other libraries' warnings, of their own threads
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            same = (nt.sum(x @ x).item(), nt.sum(nt.exp(x)).item()) == want
            gradient = nt.grad(lambda a: nt.sum(a @ a))(x)
            os._exit(0 if same and gradient.shape == x.shape else 1)
        except BaseException:
            os._exit(2)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            break
        time.sleep(0.01)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the forked child hung")
    assert (nt.sum(x @ x).item(), nt.sum(nt.exp(x)).item()) == want


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork does not exist on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_forked_while_others_walk_does_not_hang():
    """Whatever lock of the tape a thread of the parent has at that moment, the child has none."""
    leaf = nt.zeros(100_000).requires_grad_()
    stop = threading.Event()

    def walk():
        while not stop.is_set():
            nt.sum(leaf * leaf).backward()

    others = [threading.Thread(target=walk) for _ in range(2)]
    for other in others:
        other.start()
    children = []
    try:
        for _ in range(20):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                child = os.fork()
            if child == 0:
                try:
                    x = nt.ones(3).requires_grad_()
                    y = x * x
                    y += nt.copy(x)
                    nt.sum(y).backward()
                    nt.sum(leaf * 1.0).backward()
                    os._exit(0 if x.grad.tolist() == [3, 3, 3] else 1)
                except BaseException:
                    os._exit(2)
            children.append(child)
    finally:
        stop.set()
        for other in others:
            other.join()
    deadline = time.monotonic() + 60
    while children:
        done, status = os.waitpid(children[0], os.WNOHANG)
        if done:
            children.pop(0)
            assert os.waitstatus_to_exitcode(status) == 0
        elif time.monotonic() > deadline:
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            pytest.fail("a forked child hung")
        else:
            time.sleep(0.01)


def _progress_while(work):
    """How often a second Python thread got to run while `work` did."""
    ticks, stop = 0, threading.Event()

    def count():
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0)

    other = threading.Thread(target=count)
    other.start()
    try:
        before = ticks
        for _ in range(100):  # on a busy machine the other thread may come late
            work()
            if ticks > before:
                break
        return ticks - before
    finally:
        stop.set()
        other.join()


@pytest.mark.parametrize(
    "work", [lambda x: x @ x, lambda x: nt.sum(nt.exp(x)), lambda x: nt.copy(x.T)]
)
def test_kernels_run_without_the_interpreter_lock(work):
    """One call into a large kernel lets another Python thread make progress meanwhile."""
    nt.set_num_threads(1)
    x = nt.random.default_rng(0).normal(size=(2500, 2500))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # a thread that holds the lock keeps it
    try:
        assert _progress_while(lambda: work(x)) > 0
    finally:
        sys.setswitchinterval(interval)


def test_two_python_threads_compute_at_once():
    """Operators of every size from two threads, each with its own results."""
    failures = []

    def work(seed):
        try:
            rng = np.random.default_rng(seed)
            for _ in range(40):
                a = rng.standard_normal((50, 60))
                t = nt.asarray(a)
                np.testing.assert_allclose((t @ t.T).numpy(), a @ a.T, rtol=1e-10, atol=1e-10)
                np.testing.assert_array_equal((t + t).numpy(), a + a)
                big = rng.standard_normal(200_000)
                np.testing.assert_allclose(nt.sum(nt.asarray(big)).item(), big.sum(), atol=1e-8)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures


def test_two_python_threads_record_at_once():
    """Recording belongs to a thread: separate tapes, and no_grad in one leaves the other be."""
    failures = []

    def record(seed):
        try:
            for i in range(60):
                x = nt.tensor([1.0 + seed, 2.0, float(i)], dtype=nt.float64, requires_grad=True)
                y = x
                for _ in range(20):
                    y = y * 1.5
                nt.sum(y).backward()
                np.testing.assert_allclose(x.grad.numpy(), np.full(3, 1.5**20))
        except BaseException as error:
            failures.append(error)

    def not_record():
        try:
            with nt.no_grad():
                for _ in range(200):
                    x = nt.tensor(1.0, requires_grad=True)
                    assert not (x * 2).requires_grad
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=record, args=(seed,)) for seed in range(2)]
    threads.append(threading.Thread(target=not_record))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures


def test_two_threads_walk_graphs_that_share_leaves():
    w = nt.tensor(np.ones(100), requires_grad=True)
    barrier = threading.Barrier(2)
    failures = []

    def work():
        try:
            barrier.wait()
            for _ in range(50):
                g = nt.grad(lambda v: nt.sum(v * v))(w)
                assert g.tolist() == [2.0] * 100
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures


def test_one_of_several_threads_may_walk_a_graph():
    """The others find it freed; none reads what is being freed."""
    for _ in range(30):
        x = nt.tensor([[0.5, 0.25], [0.125, 1.0]], requires_grad=True)
        y = x
        for _ in range(100):
            y = nt.tanh(y @ x) * x + y / (x + 2.0)
        loss = nt.sum(y)
        (want,) = nt.autograd.grad(loss, [x], retain_graph=True)
        barrier = threading.Barrier(3)
        outcomes = []

        def work(loss=loss, barrier=barrier, outcomes=outcomes):
            barrier.wait()
            try:
                loss.backward()
                outcomes.append("walked")
            except nt.TapeError:
                outcomes.append("refused")

        threads = [threading.Thread(target=work) for _ in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(outcomes) == ["refused", "refused", "walked"]
        assert x.grad.tolist() == want.tolist()
