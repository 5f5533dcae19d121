"""Checkpoints: files that are there whole, or not at all.

An ``.npz`` file of arrays, with what is not an array as JSON in the entry "meta".
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ndtape import _core, optim, random
from ndtape._core import Tensor
from ndtape.data import DataLoader

if TYPE_CHECKING:
    from ndtape.nn.callbacks import Callback
    from ndtape.nn.module import Module

__all__ = ["read", "resume", "save", "write"]


def write(path: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write a file beside its place, and move it there when it is on the disk."""
    arrays = {f"tensor/{name}": t.detach().numpy() for name, t in tensors.items()}
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return what `write` wrote; ValueError names a file that is something else."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop("meta").tobytes())
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, AttributeError) as error:
        raise ValueError(f"{path}: not a checkpoint: {error}") from None
    return {k.removeprefix("tensor/"): _core.tensor(v) for k, v in arrays.items()}, meta


def save(
    path: Path,
    model: Module,
    optimizer: optim.Optimizer,
    loader: DataLoader,
    callbacks: list[Callback],
    epoch: int,
    stopped: bool,
) -> None:
    """All that `fit` needs to go on after `epoch` epochs, or not to if a callback ended it."""
    tensors = {f"model/{name}": t for name, t in model.state_dict().items()}
    state = optimizer.state_dict()
    for i, kept in enumerate(state["state"]):
        tensors |= {f"optimizer/{i}/{name}": t for name, t in kept.items()}
    described = []
    for i, callback in enumerate(callbacks):
        plain = {}
        for key, value in callback.state_dict().items():
            if isinstance(value, dict) and any(isinstance(t, Tensor) for t in value.values()):
                tensors |= {f"callback/{i}/{key}/{name}": t for name, t in value.items()}
            else:
                plain[key] = value
        described.append([type(callback).__name__, plain])
    meta = {
        "epoch": epoch,
        "stopped": stopped,
        "optimizer": type(optimizer).__name__,
        "count": state["count"],
        "groups": state["groups"],
        "parameters": len(state["state"]),
        "seed": loader.seed,
        "random": random.get_state(),
        "callbacks": described,
    }
    write(path, tensors, meta)


def resume(
    path: Path,
    model: Module,
    optimizer: optim.Optimizer,
    loader: DataLoader,
    callbacks: list[Callback],
) -> tuple[int, bool]:
    """Take over what `save` wrote: the number of epochs that are done, whether that is all."""
    tensors, meta = read(path)
    expected = {
        "epoch", "stopped", "optimizer", "count", "groups", "parameters", "seed", "random",
        "callbacks",
    }  # fmt: skip
    if not isinstance(meta, dict) or set(meta) != expected:
        raise ValueError(f"{path}: not a checkpoint of fit")
    if meta["optimizer"] != type(optimizer).__name__:
        raise ValueError(
            f"{path}: of the optimizer {meta['optimizer']}, expected {type(optimizer).__name__}"
        )
    names = [name for name, _ in meta["callbacks"]]
    own = [type(c).__name__ for c in callbacks]
    if names != own:
        raise ValueError(f"{path}: of the callbacks {names}, expected {own}")
    states: list[dict[str, Tensor]] = [{} for _ in range(meta["parameters"])]
    weights = {}
    for name, t in tensors.items():
        kind, rest = name.split("/", 1)
        if kind == "model":
            weights[rest] = t
        elif kind == "callback":
            number, key, which = rest.split("/", 2)
            meta["callbacks"][int(number)][1].setdefault(key, {})[which] = t
        else:
            number, which = rest.split("/", 1)
            states[int(number)][which] = t
    groups = [
        {k: tuple(v) if isinstance(v, list) else v for k, v in g.items()} for g in meta["groups"]
    ]
    before = model.state_dict()
    try:
        model.load_state_dict(weights)
        optimizer.load_state_dict({"count": meta["count"], "groups": groups, "state": states})
    except ValueError as error:
        model.load_state_dict(before)
        raise ValueError(f"{path}: {error}") from None
    loader.seed = int(meta["seed"])
    random.set_state(meta["random"])
    for callback, (_, state) in zip(callbacks, meta["callbacks"], strict=True):
        callback.load_state_dict(state)
    return int(meta["epoch"]), bool(meta["stopped"])
