"""Callbacks of `fit`: what happens beside the training."""

from __future__ import annotations

import csv
import functools
import io
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndtape import optim
from ndtape._core import Tensor
from ndtape.nn._checks import choice, integer, number, refuse_missing_folder

if TYPE_CHECKING:
    from ndtape.nn.module import Module

__all__ = ["BestCheckpoint", "CSVLog", "Callback", "EarlyStopping", "History", "LearningRate"]


class Callback:
    """Called by `fit`; a subclass writes the methods it needs.

    Attributes
    ----------
    model : Module
        That is trained. Set its ``stop_training`` to end after the epoch.

    Examples
    --------
    >>> import ndtape as nt
    >>> class Shout(nt.nn.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         print(epoch, sorted(logs))
    >>> model = nt.nn.Linear(2, 1)
    >>> model.compile("sgd", "mse")
    >>> _ = model.fit(nt.ones((4, 2)), nt.ones((4, 1)), callbacks=[Shout()], verbose=0)
    0 ['learning_rate', 'loss']
    """

    model: Module

    def on_train_begin(self) -> None:
        """Before the first epoch."""

    def on_train_end(self) -> None:
        """After the last epoch, or Ctrl-C."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Before each epoch, counted from 0."""

    def on_batch_end(self, step: int, logs: Mapping[str, float]) -> None:
        """After each step of an epoch, with its loss and metrics."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """After each epoch, with means over it and what was measured on held-out data."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of the callback.

        Returns
        -------
        dict
            For `load_state_dict`: values that JSON can write, and dicts of tensors by name.
        """
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.
        """


class History(Callback):
    """The losses and metrics of every epoch; `fit` returns one.

    Attributes
    ----------
    history : dict of str to list of float
        A value an epoch for each name.
    interrupted : bool
        Whether Ctrl-C ended the training.

    Examples
    --------
    >>> import ndtape as nt
    >>> model = nt.nn.Linear(2, 1)
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(nt.ones((4, 2)), nt.ones((4, 1)), epochs=3, verbose=0)
    >>> len(history.history["loss"])
    3
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.interrupted = False

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Take down what was measured."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))

    def state_dict(self) -> dict[str, Any]:
        """Return the history so far.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {"history": self.history}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.
        """
        self.history = {name: list(values) for name, values in state["history"].items()}

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the curves: a panel for the loss and one for each metric.

        Parameters
        ----------
        path : path, optional
            Of a picture to write.

        Returns
        -------
        matplotlib.figure.Figure
            The drawing.

        Raises
        ------
        ImportError
            When matplotlib is not installed: it comes with ``pip install ndtape[plot]``.
        ValueError
            When no epoch was finished.
        """
        try:
            import matplotlib.figure
        except ImportError as error:
            raise ImportError("History.plot needs matplotlib: pip install ndtape[plot]") from error
        if not self.history:
            raise ValueError("History.plot: no epoch was finished, so there is nothing to draw")
        names = [n for n in self.history if not n.startswith("val_") and n != "learning_rate"]
        size = (4.5 * len(names), 3.5)
        figure: Any
        # `pyplot.show` of a program shows it; without pyplot nothing but the file is touched.
        if "matplotlib.pyplot" in sys.modules and "IPython" not in sys.modules:
            figure = sys.modules["matplotlib.pyplot"].figure(figsize=size, layout="constrained")
        else:
            figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
            figure._repr_png_ = functools.partial(_png, figure)  # what notebooks ask for
        panels = figure.subplots(1, len(names), squeeze=False)[0]
        for panel, name in zip(panels, names, strict=True):
            for which, label in ((name, "training"), (f"val_{name}", "held out")):
                if which in self.history:
                    values = self.history[which]
                    panel.plot(range(1, len(values) + 1), values, marker="o", label=label)
            panel.set_xlabel("epoch")
            panel.set_title(name)
            panel.legend()
        if path is not None:
            figure.savefig(path)
        return figure

    def __repr__(self) -> str:
        """Return the number of epochs and what came last."""
        count = max((len(v) for v in self.history.values()), default=0)
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.history.items())
        return f"History({count} epochs{': ' + last if last else ''})"


def _png(figure: Any) -> bytes:
    """Return a drawing as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


class _Watching(Callback):
    """What compares a measurement with the best so far."""

    def __init__(self, monitor: str, mode: str, threshold: float) -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"monitor: {monitor!r}, expected a name such as 'val_loss'")
        self.monitor = monitor
        choice("mode", mode, ("auto", "min", "max"))
        if mode == "auto":
            mode = "max" if "accuracy" in monitor else "min"
        self.mode = mode
        self.threshold = number("threshold", threshold, 0)
        self.best = math.inf if mode == "min" else -math.inf

    def _improved(self, logs: Mapping[str, float]) -> bool:
        if self.monitor not in logs:
            raise ValueError(f"monitor: {self.monitor!r}, expected one of {sorted(logs)}")
        value = logs[self.monitor]
        sign = 1 if self.mode == "min" else -1
        if sign * (self.best - value) > self.threshold:
            self.best = value
            return True
        return False

    def state_dict(self) -> dict[str, Any]:
        """Return the best measurement so far.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {"best": self.best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.
        """
        self.best = float(state["best"])


class EarlyStopping(_Watching):
    """Ends training when a measurement gets no better.

    Parameters
    ----------
    monitor : str, optional
        What is watched, as the history names it.
    patience : int, optional
        Epochs without improvement that are waited for.
    mode : {"auto", "min", "max"}, optional
        Whether less or more is better; "auto": more for accuracies.
    threshold : float, optional
        By how much a measurement must be better to count.
    restore_best : bool, optional
        Go back to the parameters of the best epoch at the end.

    Examples
    --------
    >>> import ndtape as nt
    >>> model = nt.nn.Linear(2, 1)
    >>> model.compile(nt.optim.SGD(model.parameters(), 0.0), "mse")
    >>> stop = nt.nn.callbacks.EarlyStopping("loss", patience=2)
    >>> x, y = nt.ones((4, 2)), nt.ones((4, 1))
    >>> len(model.fit(x, y, epochs=100, callbacks=[stop], verbose=0).history["loss"])
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        mode: str = "auto",
        threshold: float = 0.0,
        restore_best: bool = False,
    ) -> None:
        super().__init__(monitor, mode, threshold)
        self.patience = integer("patience", patience, 0)
        self.restore_best = bool(restore_best)
        self.waited = 0
        self._kept: dict[str, Tensor] | None = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Compare with the best so far."""
        if self._improved(logs):
            self.waited = 0
            if self.restore_best:
                self._kept = self.model.state_dict()
            return
        self.waited += 1
        if self.waited >= max(self.patience, 1):
            self.model.stop_training = True

    def on_train_end(self) -> None:
        """Go back to the best parameters, if asked to."""
        if self._kept is not None:
            self.model.load_state_dict(self._kept)

    def state_dict(self) -> dict[str, Any]:
        """Return the best measurement, how long ago it was, and what `restore_best` keeps.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return {**super().state_dict(), "waited": self.waited, "kept": self._kept or {}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.
        """
        super().load_state_dict(state)
        self.waited = int(state["waited"])
        self._kept = dict(state["kept"]) or None


class BestCheckpoint(_Watching):
    """Writes the parameters whenever a measurement is the best so far.

    Parameters
    ----------
    path : path
        Of the file; `Module.load_weights` reads it.
    monitor : str, optional
        What is watched, as the history names it.
    mode : {"auto", "min", "max"}, optional
        Whether less or more is better; "auto": more for accuracies.

    Examples
    --------
    >>> import ndtape as nt
    >>> best = nt.nn.callbacks.BestCheckpoint("best.npz", "val_accuracy")
    >>> best.mode
    'max'
    """

    def __init__(self, path: str | Path, monitor: str = "val_loss", *, mode: str = "auto") -> None:
        super().__init__(monitor, mode, 0.0)
        self.path = Path(path)

    def on_train_begin(self) -> None:
        """Refuse a folder that is not there."""
        refuse_missing_folder("path", self.path)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Compare with the best so far, and write."""
        if self._improved(logs):
            self.model.save_weights(self.path)


class CSVLog(Callback):
    """Appends a line for every epoch to a CSV file.

    Parameters
    ----------
    path : path
        Of the file. It is written anew unless training goes on from a checkpoint.

    Examples
    --------
    >>> import ndtape as nt
    >>> log = nt.nn.callbacks.CSVLog("training.csv")
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._names: list[str] = []
        self._size: int | None = None  # of the file as the checkpoint knew it

    def on_train_begin(self) -> None:
        """Drop what was written of epochs after the checkpoint, which will be done again."""
        refuse_missing_folder("path", self.path)
        if self._size is not None and self.path.exists():
            with self.path.open("r+") as file:
                file.truncate(min(self._size, self.path.stat().st_size))
        self._size = None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Write a line, after the head if it is the first."""
        first = not self._names
        if first:
            self._names = list(logs)
        with self.path.open("w" if first else "a", newline="") as file:
            writer = csv.writer(file)
            if first:
                writer.writerow(["epoch", *self._names])
            writer.writerow([epoch + 1, *(logs.get(name, "") for name in self._names)])

    def state_dict(self) -> dict[str, Any]:
        """Return the names of the columns, and how long the file is.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        return {"names": self._names, "size": size}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.
        """
        self._names = list(state["names"])
        self._size = int(state["size"])


class LearningRate(Callback):
    """Lets a schedule go on a step after every epoch, or after every batch.

    Parameters
    ----------
    schedule : Schedule
        Of the optimizer that the model was compiled with.
    monitor : str, optional
        What a `PlateauSchedule` is to look at, as the history names it.
    every : {"epoch", "batch"}, optional
        When it goes on.

    Examples
    --------
    >>> import ndtape as nt
    >>> model = nt.nn.Linear(2, 1)
    >>> model.compile("sgd", "mse")
    >>> schedule = nt.optim.StepSchedule(model.optimizer, 1, gamma=0.5)
    >>> rate = nt.nn.callbacks.LearningRate(schedule)
    >>> x, y = nt.ones((4, 2)), nt.ones((4, 1))
    >>> model.fit(x, y, epochs=2, callbacks=[rate], verbose=0).history["learning_rate"]
    [0.01, 0.005]
    """

    def __init__(
        self, schedule: optim.Schedule, monitor: str = "val_loss", *, every: str = "epoch"
    ) -> None:
        if not isinstance(schedule, optim.Schedule):
            raise TypeError(f"schedule: a {type(schedule).__name__}, expected a Schedule")
        self.schedule, self.monitor = schedule, monitor
        self.every = choice("every", every, ("epoch", "batch"))
        if self.every == "batch" and isinstance(schedule, optim.PlateauSchedule):
            raise ValueError("every: 'batch', expected 'epoch' for a PlateauSchedule")

    def on_batch_end(self, step: int, logs: Mapping[str, float]) -> None:
        """Go on, if counted in batches."""
        if self.every == "batch":
            self.schedule.step()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Go on, if counted in epochs."""
        if self.every == "batch":
            return
        if isinstance(self.schedule, optim.PlateauSchedule):
            if self.monitor not in logs:
                raise ValueError(f"monitor: {self.monitor!r}, expected one of {sorted(logs)}")
            self.schedule.step(logs[self.monitor])
        else:
            self.schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands.

        Returns
        -------
        dict
            For `load_state_dict`.
        """
        return self.schedule.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave.
        """
        self.schedule.load_state_dict(state)
