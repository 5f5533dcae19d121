"""Losses: how far predictions are from targets.

Each is a mean over all elements (or rows) unless told otherwise, and finite wherever its value is.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Literal

from ndtape import _core
from ndtape._core import Tensor
from ndtape.nn._checks import choice, floating, number, tensor

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "huber",
    "kl_div",
    "l1",
    "mse",
    "nll",
]

Reduction = Literal["mean", "sum", "none"]
_REDUCTIONS = ("mean", "sum", "none")


def _pair(name: str, prediction: object, target: object) -> tuple[Tensor, Tensor]:
    """Both as tensors of a float dtype and one shape."""
    p, t = floating(name, "prediction", prediction), floating(name, "target", target)
    _same_shape(name, p, t)
    return p, t


def _same_shape(name: str, prediction: Tensor, target: Tensor) -> None:
    if prediction.shape != target.shape:
        raise ValueError(
            f"{name}: target of shape {target.shape}, expected the prediction's {prediction.shape}"
        )


def _reduced(name: str, losses: Tensor, reduction: str) -> Tensor:
    choice("reduction", reduction, _REDUCTIONS)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return _core.sum(losses)
    if math.prod(losses.shape) == 0:
        raise ValueError(f"{name}: the mean of an empty batch, of shape {losses.shape}")
    return _core.mean(losses)


def mse(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Squared error, ``(prediction - target) ** 2``.

    Parameters
    ----------
    prediction, target : Tensor
        Of one shape.
    reduction : {"mean", "sum", "none"}, optional
        What to make of the elements' losses.

    Returns
    -------
    Tensor
        0-d, or of the prediction's shape with reduction "none".

    Raises
    ------
    ValueError
        When the shapes differ, the mean is of nothing, or the reduction is unknown.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.mse(nt.tensor([1.0, 2.0]), nt.tensor([1.0, 4.0])).item()
    2.0
    """
    prediction, target = _pair("mse", prediction, target)
    return _reduced("mse", _core.square(prediction - target), reduction)


def l1(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Absolute error, ``abs(prediction - target)``.

    Parameters
    ----------
    prediction, target : Tensor
        Of one shape.
    reduction : {"mean", "sum", "none"}, optional
        What to make of the elements' losses.

    Returns
    -------
    Tensor
        0-d, or of the prediction's shape with reduction "none".

    Raises
    ------
    ValueError
        When the shapes differ, the mean is of nothing, or the reduction is unknown.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.l1(nt.tensor([1.0, 2.0]), nt.tensor([1.0, 4.0])).item()
    1.0
    """
    prediction, target = _pair("l1", prediction, target)
    return _reduced("l1", _core.abs(prediction - target), reduction)


def huber(
    prediction: Tensor, target: Tensor, *, delta: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """Squared error near the target, absolute error far from it [1]_.

    ``0.5 * d**2`` where ``d = abs(prediction - target)`` is at most delta, else
    ``delta * (d - 0.5 * delta)``.

    Parameters
    ----------
    prediction, target : Tensor
        Of one shape.
    delta : float, optional
        Where the two meet; more than 0.
    reduction : {"mean", "sum", "none"}, optional
        What to make of the elements' losses.

    Returns
    -------
    Tensor
        0-d, or of the prediction's shape with reduction "none".

    Raises
    ------
    ValueError
        When the shapes differ, the mean is of nothing, or the reduction is unknown.

    References
    ----------
    .. [1] P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35, 1964.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.huber(nt.tensor([1.0, 5.0]), nt.tensor([0.0, 0.0]), reduction="none")
    tensor([0.5, 4.5])
    """
    prediction, target = _pair("huber", prediction, target)
    if not number("delta", delta, 0) > 0:
        raise ValueError(f"delta: {delta!r}, expected more than 0")
    error = prediction - target
    d = _core.abs(error)
    far = d > delta
    near = _core.where(far, 0, error)  # so that squares of far errors do not overflow
    # The square of d would have no second derivative at 0.
    square = _core.square(near) if d.dtype == near.dtype else _core.real(near * _core.conj(near))
    losses = _core.where(far, delta * (d - 0.5 * delta), 0.5 * square)
    return _reduced("huber", losses, reduction)


def hinge(prediction: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Hinge loss of support vector machines, ``max(0, 1 - target * prediction)``.

    Parameters
    ----------
    prediction : Tensor
        Scores.
    target : Tensor
        Of the same shape: -1 or 1.
    reduction : {"mean", "sum", "none"}, optional
        What to make of the elements' losses.

    Returns
    -------
    Tensor
        0-d, or of the prediction's shape with reduction "none".

    Raises
    ------
    ValueError
        When the shapes differ, a target is not -1 or 1, the mean is of nothing, or the reduction
        is unknown.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.hinge(nt.tensor([0.5, 3.0]), nt.tensor([1.0, 1.0])).item()
    0.25
    """
    prediction = tensor("hinge", "prediction", prediction)
    target = tensor("hinge", "target", target)
    _same_shape("hinge", prediction, target)
    if not bool(_core.all((target == 1) | (target == -1))):
        raise ValueError("hinge: a target that is neither -1 nor 1")
    sign = _core.astype(target, prediction.dtype)
    return _reduced("hinge", _core.maximum(1 - sign * prediction, 0), reduction)


def binary_cross_entropy_with_logits(
    prediction: Tensor,
    target: Tensor,
    *,
    positive_weight: Tensor | float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross-entropy of two classes whose log-odds are predicted.

    ``-(w * t * log(sigmoid(x)) + (1 - t) * log(1 - sigmoid(x)))``, exact for any x.

    Parameters
    ----------
    prediction : Tensor
        Log-odds of the positive class.
    target : Tensor
        Of the same shape: probabilities, from 0 to 1.
    positive_weight : Tensor or float, optional
        What a positive counts for, broadcast against the prediction.
    reduction : {"mean", "sum", "none"}, optional
        What to make of the elements' losses.

    Returns
    -------
    Tensor
        0-d, or of the prediction's shape with reduction "none".

    Raises
    ------
    ValueError
        When the shapes differ, a target is not a probability, the mean is of nothing, or the
        reduction is unknown.

    Examples
    --------
    >>> import ndtape as nt
    >>> f = nt.nn.functional.binary_cross_entropy_with_logits
    >>> f(nt.tensor([1000.0, -1000.0]), nt.tensor([1.0, 1.0]), reduction="none")
    tensor([   0., 1000.])
    """
    name = "binary_cross_entropy_with_logits"
    prediction, target = tensor(name, "prediction", prediction), tensor(name, "target", target)
    _same_shape(name, prediction, target)
    t = _core.astype(target, prediction.dtype) if target.dtype != prediction.dtype else target
    if not bool(_core.all((t >= 0) & (t <= 1))):
        raise ValueError(f"{name}: a target outside the range from 0 to 1")
    counts = tensor(name, "positive_weight", positive_weight)
    if not bool(_core.all(counts >= 0)):
        raise ValueError(f"{name}: a positive_weight below 0")
    over = len(prediction.shape) - counts.ndim
    if over < 0 or any(
        n not in (1, m) for n, m in zip(counts.shape, prediction.shape[over:], strict=True)
    ):
        raise ValueError(
            f"{name}: positive_weight of shape {counts.shape}, expected one that broadcasts to "
            f"the prediction's {prediction.shape}"
        )
    hit, miss = _core.softplus(-prediction), _core.softplus(prediction)
    return _reduced(name, positive_weight * t * hit + (1 - t) * miss, reduction)


def nll(
    log_probabilities: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Minus the log-probability of each row's class.

    Parameters
    ----------
    log_probabilities : Tensor
        Of shape ``(n, classes)`` or ``(n, classes, *lengths)``.
    target : Tensor
        Of shape ``(n,)`` or ``(n, *lengths)``: integers from 0 to ``classes - 1``.
    weight : Tensor, optional
        Of shape ``(classes,)``: what each class counts for.
    ignore_index : int, optional
        A target of this value counts for nothing.
    reduction : {"mean", "sum", "none"}, optional
        What to make of the rows' losses. The mean is weighted too.

    Returns
    -------
    Tensor
        0-d, or of the target's shape with reduction "none".

    Raises
    ------
    ValueError
        When the shapes do not fit, the mean is of nothing, or the reduction is unknown.
    IndexError
        When a target is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.nll(nt.tensor([[-0.5, -1.0]]), nt.tensor([1])).item()
    1.0
    """
    log_probabilities = tensor("nll", "log_probabilities", log_probabilities)
    target = tensor("nll", "target", target)
    weight = None if weight is None else tensor("nll", "weight", weight)
    rows, labels = _rows("nll", log_probabilities, target)
    labels, counts = _counts("nll", rows, labels, weight, ignore_index)
    losses = -_core.take_along_axis(rows, labels[:, None], axis=1)[:, 0]
    return _weighted("nll", losses, counts, target.shape, reduction)


def cross_entropy(
    scores: Tensor,
    target: Tensor,
    *,
    weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross-entropy between classes and the softmax of scores.

    Parameters
    ----------
    scores : Tensor
        Of shape ``(n, classes)`` or ``(n, classes, *lengths)``.
    target : Tensor
        Of shape ``(n,)`` or ``(n, *lengths)``: integers from 0 to ``classes - 1``; or of the
        scores' shape and a float dtype: a probability for each class.
    weight : Tensor, optional
        Of shape ``(classes,)``: what each class counts for.
    label_smoothing : float, optional
        The share of the target that is spread evenly over all classes, from 0 to 1.
    ignore_index : int, optional
        A target of this value counts for nothing.
    reduction : {"mean", "sum", "none"}, optional
        What to make of the rows' losses. The mean over integer targets is weighted too.

    Returns
    -------
    Tensor
        0-d, or a loss a row with reduction "none".

    Raises
    ------
    ValueError
        When the shapes do not fit, a number is out of its range, the mean is of nothing, or the
        reduction is unknown.
    IndexError
        When a target is out of range.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.nn.functional.cross_entropy(nt.tensor([[1000.0, 0.0]]), nt.tensor([1])).item()
    1000.0
    """
    scores = tensor("cross_entropy", "scores", scores)
    target = tensor("cross_entropy", "target", target)
    smoothing = number("label_smoothing", label_smoothing, 0, 1)
    weight = None if weight is None else tensor("cross_entropy", "weight", weight)
    if target.dtype in (_core.float32, _core.float64):
        return _soft_cross_entropy(scores, target, weight, smoothing, ignore_index, reduction)
    rows, labels = _rows("cross_entropy", scores, target)
    if weight is None and smoothing == 0 and ignore_index is None:
        losses = _core.reshape(_core.cross_entropy(rows, labels), target.shape)
        return _reduced("cross_entropy", losses, reduction)
    labels, counts = _counts("cross_entropy", rows, labels, weight, ignore_index)
    losses = (1 - smoothing) * _core.cross_entropy(rows, labels)
    if smoothing == 0:
        return _weighted("cross_entropy", losses, counts, target.shape, reduction)
    log_p = _core.log_softmax(rows, axis=1)
    each = log_p if weight is None else log_p * weight
    spread = -_core.sum(each, axis=1) * (smoothing / rows.shape[1])
    if ignore_index is not None:
        spread = spread * _core.astype(_kept(target, ignore_index), spread.dtype)
    total = losses if counts is None else losses * counts
    return _divided("cross_entropy", total + spread, counts, target.shape, reduction)


def _soft_cross_entropy(
    scores: Tensor,
    target: Tensor,
    weight: Tensor | None,
    smoothing: float,
    ignore_index: int | None,
    reduction: str,
) -> Tensor:
    _same_shape("cross_entropy", scores, target)
    if ignore_index is not None:
        raise ValueError("ignore_index: given with probabilities, expected integer targets")
    if scores.ndim < 2:
        raise ValueError(f"cross_entropy: scores of shape {scores.shape}, expected (n, classes)")
    _check_weight("cross_entropy", weight, scores.shape[1])
    choice("reduction", reduction, _REDUCTIONS)
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / scores.shape[1]
    log_p = _core.log_softmax(scores, axis=1)
    # Where a class has no probability, its log-probability may be -inf.
    each = _core.where(target == 0, 0.0, target * log_p)
    if weight is not None:
        each = each * _core.reshape(weight, (-1, *(1,) * (scores.ndim - 2)))
    return _reduced("cross_entropy", -_core.sum(each, axis=1), reduction)


def kl_div(
    log_probabilities: Tensor,
    target: Tensor,
    *,
    log_target: bool = False,
    reduction: Literal["mean", "sum", "none", "batchmean"] = "batchmean",
) -> Tensor:
    """Kullback-Leibler divergence of a prediction from a target distribution.

    ``target * (log(target) - log_probabilities)``, 0 where the target is 0.

    Parameters
    ----------
    log_probabilities : Tensor
        Logarithms of what is predicted.
    target : Tensor
        Of the same shape: probabilities.
    log_target : bool, optional
        Whether the target holds logarithms too.
    reduction : {"batchmean", "mean", "sum", "none"}, optional
        What to make of the elements: "batchmean", the divergence proper, is the sum divided by the
        length of the first axis.

    Returns
    -------
    Tensor
        0-d, or of the prediction's shape with reduction "none".

    Raises
    ------
    ValueError
        When the shapes differ, a target is negative, the mean is of nothing, or the reduction is
        unknown.

    Examples
    --------
    >>> import ndtape as nt
    >>> p = nt.tensor([[0.5, 0.5]])
    >>> nt.nn.functional.kl_div(nt.log(p), p).item()
    0.0
    """
    log_probabilities = tensor("kl_div", "log_probabilities", log_probabilities)
    target = tensor("kl_div", "target", target)
    choice("reduction", reduction, (*_REDUCTIONS, "batchmean"))
    _same_shape("kl_div", log_probabilities, target)
    if log_target:
        p = _core.exp(target)
        losses = _core.where(p == 0, 0.0, p * (target - log_probabilities))
    else:
        if bool(_core.any(target < 0)):
            raise ValueError("kl_div: a negative target, expected probabilities")
        inside = _core.where(target == 0, 1.0, target)
        losses = target * _core.log(inside)
        losses = losses - _core.where(target == 0, 0.0, target * log_probabilities)
    if reduction != "batchmean":
        return _reduced("kl_div", losses, reduction)
    if losses.ndim == 0 or math.prod(losses.shape) == 0:
        raise ValueError(f"kl_div: the mean of an empty batch, of shape {losses.shape}")
    return _core.sum(losses) / losses.shape[0]


def _rows(name: str, scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Scores as (rows, classes), and a label a row."""
    expected = (*scores.shape[:1], *scores.shape[2:])
    if scores.ndim < 2 or target.shape != expected:
        raise ValueError(
            f"{name}: scores of shape {scores.shape} and a target of shape {target.shape}, "
            "expected (n, classes, *lengths) and (n, *lengths), or the same shape twice with "
            "probabilities"
        )
    if scores.ndim == 2:
        return scores, target
    order = (0, *range(2, scores.ndim), 1)
    rows = _core.reshape(_core.permute_dims(scores, order), (-1, scores.shape[1]))
    return rows, _core.reshape(target, (-1,))


def _check_weight(name: str, weight: Tensor | None, classes: int) -> None:
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"{name}: weight of shape {weight.shape}, expected ({classes},)")


def _kept(target: Tensor, ignore_index: int) -> Tensor:
    return _core.reshape(target, (-1,)) != ignore_index


def _counts(
    name: str, rows: Tensor, labels: Tensor, weight: Tensor | None, ignore_index: int | None
) -> tuple[Tensor, Tensor | None]:
    """Labels that can be looked up, and what each row counts for (None: 1)."""
    _check_weight(name, weight, rows.shape[1])
    if ignore_index is not None and not isinstance(ignore_index, Integral):
        raise TypeError(f"ignore_index: {ignore_index!r}, expected an integer")
    if labels.dtype == _core.bool or labels.dtype in (_core.float32, _core.float64):
        raise TypeError(f"{name}: target of dtype {labels.dtype}, expected integers")
    counts = None
    kept = None
    if ignore_index is not None:
        kept = labels != ignore_index
        labels = _core.where(kept, labels, 0)
    if bool(_core.any((labels < 0) | (labels >= rows.shape[1]))):
        wrong = labels[(labels < 0) | (labels >= rows.shape[1])].tolist()[0]
        raise IndexError(f"{name}: label {wrong} is out of range for {rows.shape[1]} classes")
    if weight is not None:
        counts = _core.take(weight, labels, axis=0)
    if kept is not None:
        one = _core.astype(kept, rows.dtype)
        counts = one if counts is None else counts * one
    return labels, counts


def _weighted(
    name: str,
    losses: Tensor,
    counts: Tensor | None,
    shape: tuple[int, ...],
    reduction: str,
) -> Tensor:
    if counts is not None:
        # An ignored row may be anything, infinite too.
        losses = _core.where(counts == 0, 0.0, losses * counts)
    return _divided(name, losses, counts, shape, reduction)


def _divided(
    name: str,
    losses: Tensor,
    counts: Tensor | None,
    shape: tuple[int, ...],
    reduction: str,
) -> Tensor:
    if counts is None or reduction != "mean":
        return _reduced(name, _core.reshape(losses, shape), reduction)
    if math.prod(shape) == 0 or bool(_core.all(counts == 0)):
        raise ValueError(f"{name}: the mean of no rows: the batch is empty or all is ignored")
    return _core.sum(losses) / _core.sum(counts)
