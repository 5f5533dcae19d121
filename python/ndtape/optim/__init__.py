"""Optimizers: rules that move parameters against their gradients.

Each step is one compiled pass over a parameter, its gradient and the optimizer's state. Nothing is
recorded, and leaves that require grad are changed in place.

Examples
--------
>>> import ndtape as nt
>>> w = nt.tensor([1.0, -2.0], requires_grad=True)
>>> optimizer = nt.optim.SGD([w], learning_rate=0.1)
>>> for _ in range(50):
...     optimizer.zero_grad()
...     nt.sum(w * w).backward()
...     optimizer.step()
>>> bool(nt.all(nt.abs(w.detach()) < 1e-4))
True
"""

from ndtape.optim._clipping import clip_grad_norm as clip_grad_norm
from ndtape.optim._clipping import clip_grad_value as clip_grad_value
from ndtape.optim._lbfgs import LBFGS as LBFGS
from ndtape.optim._optimizer import Optimizer as Optimizer
from ndtape.optim._rules import SGD as SGD
from ndtape.optim._rules import Adagrad as Adagrad
from ndtape.optim._rules import Adam as Adam
from ndtape.optim._rules import AdamW as AdamW
from ndtape.optim._rules import RMSprop as RMSprop
from ndtape.optim._schedules import CosineSchedule as CosineSchedule
from ndtape.optim._schedules import OneCycleSchedule as OneCycleSchedule
from ndtape.optim._schedules import PlateauSchedule as PlateauSchedule
from ndtape.optim._schedules import Schedule as Schedule
from ndtape.optim._schedules import StepSchedule as StepSchedule
from ndtape.optim._schedules import WarmupSchedule as WarmupSchedule

__all__ = [
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineSchedule",
    "OneCycleSchedule",
    "Optimizer",
    "PlateauSchedule",
    "RMSprop",
    "Schedule",
    "StepSchedule",
    "WarmupSchedule",
    "clip_grad_norm",
    "clip_grad_value",
]
