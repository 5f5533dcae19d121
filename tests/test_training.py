"""compile, fit, evaluate, predict; callbacks, checkpoints and going on from them."""

import csv
import itertools
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import ndtape as nt
from ndtape import nn
from ndtape.nn import callbacks as cb


def data(n=64, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, 4)).astype(np.float32)
    return x, (x[:, 0] + x[:, 1] > 0).astype(np.int64)


def model(optimizer="adam", seed=1, dropout=0.0):
    nt.random.seed(seed)
    made = nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 2)
    )
    made.compile(optimizer, "cross_entropy", ["accuracy"])
    return made


def fit(m, **options):
    x, y = data()
    return m.fit(x, y, **{"epochs": 4, "batch_size": 16, "verbose": 0, "seed": 2, **options})


def parameters(m):
    return [t.numpy() for t in m.state_dict().values()]


def same(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adam", "adamw"])
def test_fit_learns_and_is_the_same_every_time(optimizer):
    one, two = model(optimizer), model(optimizer)
    losses = fit(one).history["loss"]
    assert losses[-1] < losses[0]
    assert fit(two).history["loss"] == losses
    assert same(parameters(one), parameters(two))


def test_rmsprop_by_name_is_keras():
    by_name, explicit = model("rmsprop"), model()
    optimizer = nt.optim.RMSprop(explicit.parameters(), 1e-3, decay=0.9, epsilon=1e-7)
    explicit.compile(optimizer, "cross_entropy", ["accuracy"])
    assert by_name.optimizer.learning_rate == 1e-3
    fit(by_name)
    fit(explicit)
    assert same(parameters(by_name), parameters(explicit))


def test_validation_evaluate_and_predict():
    x, y = data()
    m = model()
    history = fit(m, validation_split=0.25)
    assert set(history.history) == {
        "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate",
    }  # fmt: skip
    measured = m.evaluate(x[48:], y[48:])
    assert measured["loss"] == pytest.approx(history.history["val_loss"][-1], rel=1e-6)
    assert measured["accuracy"] == history.history["val_accuracy"][-1]
    scores = m.predict(x, batch_size=10)
    assert scores.shape == (64, 2)
    assert not scores.requires_grad
    right = np.mean(scores.numpy().argmax(1)[48:] == y[48:])
    assert right == pytest.approx(measured["accuracy"])
    assert m.training  # left as it was
    other = fit(model(), validation_data=data(32, 5))
    assert len(other.history["val_loss"]) == 4


def test_fit_from_a_loader():
    x, y = data()
    loader = nt.data.DataLoader((x, y), 16, shuffle=True, seed=2)
    one, two = model(), model()
    assert (
        one.fit(loader, epochs=3, verbose=0).history["loss"] == (fit(two, epochs=3).history["loss"])
    )


def test_metrics_and_losses_by_function():
    x, y = data()
    m = nn.Linear(4, 1)
    m.compile("sgd", lambda p, t: nt.mean((p[:, 0] - t) ** 2), [lambda p, t: 3.0, "mae"])
    target = y.astype(np.float32)
    with pytest.raises(ValueError, match="l1: target of shape"):
        m.fit(x, target, verbose=0)
    m.compile("sgd", "mse", ["mae", "mse"])
    history = m.fit(x, target[:, None], verbose=0).history
    assert {"loss", "mae", "mse"} < set(history)


def test_binary_accuracy():
    x, y = data()
    m = nn.Linear(4, 1)
    adam = nt.optim.Adam(m.parameters(), 0.05)
    m.compile(adam, "binary_cross_entropy_with_logits", "accuracy")
    m.fit(x, y[:, None].astype(np.float32), epochs=60, verbose=0)
    assert m.evaluate(x, y[:, None].astype(np.float32))["accuracy"] > 0.9


# ---- bad input ---------------------------------------------------------------------------------

X, Y = data()
NAN = X.copy()
NAN[3, 1] = np.nan
REFUSED = [
    (lambda: nn.Linear(2, 2).fit(X, Y), RuntimeError, "call compile first"),
    (lambda: model().compile("adm"), ValueError, "optimizer: 'adm', expected one of 'adagrad'"),
    (lambda: model().compile(loss="mean"), ValueError, "loss: 'mean', expected one of"),
    (lambda: model().compile(metrics=["f1"]), ValueError, "metrics: 'f1', expected one of"),
    (lambda: model().compile(3), TypeError, "optimizer: a int"),
    (lambda: model().fit(X, Y[:5]), ValueError, "y: 5 targets, expected 64"),
    (lambda: model().fit(X[:0], Y[:0]), ValueError, "x: shape"),
    (lambda: model().fit(X), ValueError, "y: None"),
    (lambda: model().fit(NAN, Y), ValueError, "x: 1 of 256 values are NaN"),
    (lambda: model().predict(NAN), ValueError, "x: 1 of 256"),
    (lambda: model().predict(X[:0]), ValueError, "x: shape"),
    (lambda: model().fit(X, Y + 2, verbose=0), IndexError, "label"),
    (lambda: model().fit(X, Y - 1, verbose=0), IndexError, "label -1 is out of range for 2"),
    (lambda: model().freeze().compile("sgd"), ValueError, "all of them frozen"),
    (lambda: nn.ReLU().compile("sgd"), ValueError, "a ReLU without parameters"),
    (lambda: model().compile(loss=3), TypeError, "loss: a int"),
    (lambda: model().compile(metrics=[3]), TypeError, "metrics: a int"),
    (
        lambda: model().compile(nt.optim.SGD(nn.Linear(2, 2).parameters(), 0.1)),
        ValueError,
        "none of its parameters",
    ),
    (lambda: model().fit(X, Y, verbose="auto"), ValueError, "verbose: 'auto'"),
    (lambda: model().fit(X, Y, validation_split="a"), TypeError, "validation_split: 'a'"),
    (lambda: model().fit(X, Y, clip_norm="a"), TypeError, "clip_norm: 'a'"),
    (lambda: model().fit(X, Y, clip_norm=-1), ValueError, "clip_norm: -1"),
    (lambda: model().fit(X, Y, callbacks=cb.History()), TypeError, "callbacks: a History"),
    (lambda: model().fit(X, Y, checkpoint="/none/a"), FileNotFoundError, "checkpoint: /none/a"),
    (lambda: model().fit(X, Y, checkpoint="/"), IsADirectoryError, "checkpoint: / is a folder"),
    (
        lambda: model().fit(X, Y, verbose=0, callbacks=[cb.CSVLog("/none/a.csv")]),
        FileNotFoundError,
        "path: /none/a.csv",
    ),
    (lambda: model().fit("abc", Y), TypeError, "x is of type str"),
    (lambda: model().fit(X, ["a"] * 64), TypeError, "y is of type list"),
    (lambda: model().predict("abc"), TypeError, "x is of type str"),
    (lambda: model().summary(5), TypeError, "input_shape: 5"),
    (lambda: cb.EarlyStopping(3), TypeError, "monitor: 3"),
    (lambda: model().fit(X, Y, epochs=0), ValueError, "epochs: 0"),
    (lambda: model().fit(X, Y, batch_size=0), ValueError, "batch_size: 0"),
    (lambda: model().fit(X, Y, verbose=3), ValueError, "verbose: 3, expected"),
    (lambda: model().fit(X, Y, validation_split=1.0), ValueError, "validation_split: 1.0"),
    (lambda: model().fit(X, Y, callbacks=[print]), TypeError, r"callbacks\[0\]"),
    (lambda: model().fit(X, Y, validation_data=X), ValueError, "validation_data"),
    (
        lambda: model().fit(X, Y, verbose=0, callbacks=[cb.EarlyStopping("val_f1")]),
        ValueError,
        "monitor: 'val_f1', expected one of",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_loss_that_is_not_finite():
    m = nn.Linear(4, 1)
    m.compile(nt.optim.SGD(m.parameters(), 1e30), "mse")
    with pytest.raises(ValueError, match="the loss is (inf|nan) at step"):
        m.fit(X, Y[:, None].astype(np.float32), epochs=5, verbose=0)


# ---- callbacks ---------------------------------------------------------------------------------


class Losses(cb.Callback):
    """Pretends that the losses were others."""

    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, epoch, logs):
        logs["val_loss"] = self.values[epoch]


def test_early_stopping():
    m = model()
    kept = []

    class Keep(cb.Callback):
        def on_epoch_end(self, epoch, logs):
            kept.append(parameters(self.model))

    stop = cb.EarlyStopping(patience=2, restore_best=True)
    watched = [Losses([3, 2, 1, 5, 4, 3]), Keep(), stop]
    assert len(fit(m, epochs=6, callbacks=watched).history["loss"]) == 5
    assert same(parameters(m), kept[2])


def test_best_checkpoint_and_log(tmp_path):
    m = model()
    kept = []

    class Keep(cb.Callback):
        def on_epoch_end(self, epoch, logs):
            kept.append(parameters(self.model))

    best = cb.BestCheckpoint(tmp_path / "best.npz")
    log = cb.CSVLog(tmp_path / "log.csv")
    fit(m, callbacks=[Losses([3, 1, 2, 1]), Keep(), best, log])
    other = model(seed=8)
    other.load_weights(tmp_path / "best.npz")
    assert same(parameters(other), kept[1])
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [r["epoch"] for r in rows] == ["1", "2", "3", "4"]
    assert [float(r["val_loss"]) for r in rows] == [3, 1, 2, 1]


def test_learning_rate_schedules():
    m = model()
    plateau = nt.optim.PlateauSchedule(m.optimizer, gamma=0.5, patience=0)
    rates = fit(m, callbacks=[Losses([1, 2, 3, 0]), cb.LearningRate(plateau)]).history
    assert rates["learning_rate"] == [0.001, 0.001, 0.0005, 0.00025]
    m = model()
    cycle = nt.optim.OneCycleSchedule(m.optimizer, 16)
    fit(m, callbacks=[cb.LearningRate(cycle, every="batch")])
    assert cycle.count == 16
    assert m.optimizer.learning_rate == pytest.approx(4e-9)


def test_progress(capsys):
    pytest.importorskip("tqdm", reason="needs the extra `nn`")
    fit(model(), epochs=2, verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 2/2" in err
    assert "accuracy=" in err
    fit(model(), epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2/2: loss ")


def test_summary(capsys):
    nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3)).summary((5, 1, 4, 4))
    out = capsys.readouterr().out
    assert re.search(r"0 +Conv2d +\(5, 2, 2, 2\) +20", out)
    assert out.endswith("47 parameters\n")


def test_history_draws(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra `plot`")
    history = fit(model(), validation_split=0.25)
    figure = history.plot(tmp_path / "curves.png")
    assert len(figure.axes) == 2
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert figure._repr_png_()[:4] == b"\x89PNG"  # for notebooks
    assert "matplotlib.pyplot" in sys.modules or not hasattr(figure.canvas.manager, "show")
    with pytest.raises(ValueError, match="nothing to draw"):
        cb.History().plot()


def test_ctrl_c_ends_with_the_history_so_far():
    class Interrupt(cb.Callback):
        def on_batch_end(self, step, logs):
            self.count = getattr(self, "count", 0) + 1
            if self.count == 10:
                signal.raise_signal(signal.SIGINT)  # to this thread, so at once

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    try:
        history = fit(model(), callbacks=[Interrupt()])
    finally:
        signal.signal(signal.SIGINT, before)
    assert history.interrupted
    assert len(history.history["loss"]) == 2


# ---- checkpoints -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_going_on_is_bit_for_bit(tmp_path, optimizer):
    def everyone(m):
        return [
            cb.LearningRate(nt.optim.CosineSchedule(m.optimizer, 6)),
            cb.EarlyStopping("loss", patience=9),
        ]

    whole = model(optimizer, dropout=0.3)
    losses = fit(whole, epochs=6, callbacks=everyone(whole), shuffle=True, seed=None).history

    path = tmp_path / "run.npz"
    first = model(optimizer, dropout=0.3)
    fit(first, epochs=2, callbacks=everyone(first), seed=None, checkpoint=path)
    nt.random.seed(12345)  # a new process: nothing of the old one is left
    second = model(optimizer, seed=77, dropout=0.3)
    history = fit(second, epochs=6, callbacks=everyone(second), seed=None, checkpoint=path)
    assert history.history == losses
    assert same(parameters(second), parameters(whole))
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    # All is done: nothing more is learnt.
    third = model(optimizer, dropout=0.3)
    assert fit(third, epochs=6, callbacks=everyone(third), checkpoint=path).history == losses


def test_going_on_after_the_best_epoch(tmp_path):
    """What early stopping keeps, and that it stopped, are in the checkpoint."""

    class Losses(cb.Callback):
        def on_epoch_end(self, epoch, logs):
            logs["watched"] = [3.0, 1.0, 2.0, 2.5, 2.6, 0.1][epoch]

    def everyone(path):
        stop = cb.EarlyStopping("watched", patience=3, restore_best=True)
        return [Losses(), stop, cb.CSVLog(path)]

    whole = model()
    fit(whole, epochs=6, callbacks=everyone(tmp_path / "whole.csv"))
    path, log = tmp_path / "run.npz", tmp_path / "run.csv"
    for epochs in (3, 6, 6):
        resumed = model() if epochs == 3 else model(seed=epochs)
        fit(resumed, epochs=epochs, callbacks=everyone(log), checkpoint=path)
        lines = log.read_bytes()
        log.write_bytes(lines + b"4,of an epoch whose checkpoint was never written\r\n")
    assert same(parameters(resumed), parameters(whole))
    assert lines == (tmp_path / "whole.csv").read_bytes()
    assert lines.count(b"\n") == 1 + 5


def test_interrupted_epochs_are_done_again(tmp_path):
    class Interrupt(cb.Callback):
        def on_batch_end(self, step, logs):
            self.count = getattr(self, "count", 0) + 1
            if self.count == 10:
                raise KeyboardInterrupt

    class Nothing(cb.Callback):
        pass

    Interrupt.__name__ = Nothing.__name__  # for the checkpoint, the same callback
    path = tmp_path / "run.npz"
    assert fit(model(), callbacks=[Interrupt()], checkpoint=path).interrupted
    resumed, whole = model(seed=3), model()
    fit(resumed, callbacks=[Nothing()], checkpoint=path)
    fit(whole)
    assert same(parameters(resumed), parameters(whole))


SCRIPT = """
import sys
import numpy as np
import ndtape as nt
from ndtape import nn
nt.random.seed(0)
m = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
m.compile("adam", "cross_entropy")
x = np.random.default_rng(0).standard_normal((32, 4)).astype(np.float32)
print("ready", flush=True)
m.fit(x, (x[:, 0] > 0).astype(np.int64), 10**6, verbose=0, seed=1, checkpoint=sys.argv[1])
"""


def test_a_kill_leaves_a_whole_checkpoint(tmp_path):
    path = tmp_path / "run.npz"
    epochs = []
    for wait in (0.05, 0.11):
        child = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 30
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(wait)
        child.kill()
        child.wait()
        child.stdout.close()
        from ndtape.nn import _checkpoints

        epochs.append(_checkpoints.read(path)[1]["epoch"])
    assert 0 < epochs[0] < epochs[1]


def test_refused_checkpoints(tmp_path):
    path = tmp_path / "run.npz"
    fit(model(), checkpoint=path)
    with pytest.raises(ValueError, match="optimizer Adam, expected SGD"):
        fit(model("sgd"), checkpoint=path)
    with pytest.raises(ValueError, match="of the callbacks"):
        fit(model(), callbacks=[cb.EarlyStopping("loss")], checkpoint=path)
    other = nn.Linear(4, 2)
    other.compile("adam")
    with pytest.raises(ValueError, match=r"run\.npz: state of Linear: weight is missing"):
        fit(other, checkpoint=path)
    packed = path.read_bytes()
    for bad in (packed[:100], packed[: len(packed) // 2], b"", b"not a file of arrays"):
        path.write_bytes(bad)
        with pytest.raises(ValueError, match=r"run\.npz: not a checkpoint"):
            fit(model(), checkpoint=path)
    np.savez(path, a=np.ones(3))
    with pytest.raises(ValueError, match="not a checkpoint"):
        fit(model(), checkpoint=path)


def test_extras_are_named(monkeypatch):
    for module in ("tqdm", "tqdm.auto", "matplotlib.figure", "matplotlib"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"ndtape\[nn\]"):
        fit(model(), verbose=1)
    with pytest.raises(ImportError, match=r"ndtape\[plot\]"):
        fit(model()).plot()


def test_lbfgs():
    x = nt.tensor(np.linspace(-2, 2, 10), requires_grad=True)

    def rosenbrock():
        return nt.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    optimizer = nt.optim.LBFGS([x], iterations=10)
    values = [optimizer.step(rosenbrock) for _ in range(12)]
    assert all(b <= a for a, b in itertools.pairwise(values))
    assert values[-1] < 1e-10
    with pytest.raises(TypeError, match="closure"):
        optimizer.step()
    with pytest.raises(ValueError, match="the loss is nan"):
        optimizer.step(lambda: nt.sum(x) * nt.nan)


def test_lbfgs_goes_on_from_its_state():
    def run(split):
        x = nt.tensor([-1.2, 1.0], dtype=nt.float64, requires_grad=True)

        def loss():
            return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

        optimizer = nt.optim.LBFGS([x], iterations=3)
        optimizer.step(loss)
        if split:
            state = optimizer.state_dict()
            optimizer = nt.optim.LBFGS([x], iterations=3)
            optimizer.load_state_dict(state)
        optimizer.step(loss)
        return x.detach().numpy()

    np.testing.assert_array_equal(run(False), run(True))
