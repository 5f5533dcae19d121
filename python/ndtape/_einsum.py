"""Einstein's summation: ``einsum``, carried out as matrix products of pairs."""

from __future__ import annotations

import functools
import importlib
import math
import operator
import string
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from ndtape import _core
from ndtape._compiled import compiled_first
from ndtape._core import Tensor

if TYPE_CHECKING:
    pass

__all__ = ["einsum"]

# A label is a number: letters count from 0, in the order in which NumPy sorts them, and numbers go
# on from there. The axes of an ellipsis are -1, -2, ... from its last one.
Labels: TypeAlias = tuple[int, ...]
Path: TypeAlias = tuple[tuple[int, ...], ...]

_LETTERS = string.ascii_uppercase + string.ascii_lowercase
_NUMBERS = {letter: i for i, letter in enumerate(_LETTERS)}


# How many axes the two operands of products by `matmul` have, by their subscripts: these are
# compiled. Programs that make up subscripts do not fill the memory with them.
_matmuls: dict[str, tuple[int, int]] = {}
_MOST_MATMULS = 1024


@compiled_first(_matmuls)
def einsum(*operands: Any, optimize: bool | str | Sequence[Any] = True) -> Tensor:
    """Multiply tensors and sum over the axes that are not asked for, by Einstein's notation.

    Parameters
    ----------
    *operands : str and array_like
        ``einsum("ij,jk->ik", a, b)``: a letter names an axis, each operand has its letters, and
        those after the arrow are the axes of the result, in that order; products are summed over
        the others. Without an arrow, the letters that occur once, sorted. ``...`` stands for the
        axes that are not named, which broadcast. A letter twice in an operand is its diagonal.
        Or ``einsum(a, [0, 1], b, [1, 2], [0, 2])``, with numbers and Ellipsis for letters.
    optimize : bool or str or sequence of tuple
        How the order of the products is chosen when there are more than two operands. True: by
        ``opt_einsum`` where it is installed, else by NumPy; a string: by the algorithm that these
        call so (``'greedy'``, ``'optimal'``); False: from left to right. Or the order itself: each
        entry gives the positions of operands to multiply, whose product goes to the end.

    Returns
    -------
    Tensor
        Of the dtype that the operands promote to. A view where nothing is computed.

    Raises
    ------
    TypeError
        When the arguments are of neither form, or dtypes do not mix.
    ValueError
        When subscripts are malformed, or do not fit the operands or each other.

    See Also
    --------
    matmul : what carries out the products.

    Examples
    --------
    >>> import ndtape as nt
    >>> a, b = nt.tensor([[1.0, 2.0], [3.0, 4.0]]), nt.tensor([1.0, 10.0])
    >>> nt.einsum("ij,j->i", a, b)
    tensor([21., 43.])
    >>> nt.einsum("ii", a).item()
    5.0
    >>> nt.einsum("...i->i...", nt.ones((2, 3, 4))).shape
    (4, 2, 3)
    """
    if not operands:
        raise ValueError("einsum: expected subscripts and operands")
    if isinstance(operands[0], str):
        if len(operands) == 3 and optimize is True:
            subscripts, a, b = operands
            if type(a) is not Tensor or type(b) is not Tensor:
                a, b = _core.asarray(a), _core.asarray(b)
            axes = _matmul_axes(subscripts)
            if axes == (a.ndim, b.ndim):
                if len(_matmuls) < _MOST_MATMULS:
                    _matmuls[subscripts] = axes
                try:
                    return a @ b
                except ValueError:
                    pass  # lengths that do not fit, or of 1 that broadcast: see below
            product = _one_product(subscripts, a.shape, b.shape)
            if product is not None and a.dtype is not _core.bool:
                return _carried_out(product, a, b)
        tensors = [_core.asarray(x) for x in operands[1:]]
        form = _parse(operands[0], tuple(x.ndim for x in tensors))
    else:
        tensors, form = _interleaved(operands)
    inputs, output = form
    _check_lengths(tensors, inputs)
    boolean = bool(tensors) and all(x.dtype == _core.bool for x in tensors)
    if boolean:  # a sum of products is any of alls
        tensors = [_core.astype(x, _core.int64) for x in tensors]
    result = _contract_all(tensors, inputs, output, optimize)
    return result != 0 if boolean else result


# ---- subscripts ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _parse(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[Labels, ...], Labels]:
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(
            f"einsum: {subscripts!r} has subscripts for {len(terms)} operands, not for {len(ndims)}"
        )
    found = [_letters(term, subscripts) for term in terms]
    return _resolve(found, _letters(right, subscripts) if arrow else None, ndims)


def _letters(term: str, subscripts: str) -> list[Any]:
    before, dots, after = term.partition("...")
    for letter in before + after:
        if letter not in _NUMBERS:
            raise ValueError(f"einsum: {letter!r} in {subscripts!r} is not a letter")
    return [
        *(_NUMBERS[c] for c in before),
        *([Ellipsis] if dots else []),
        *(_NUMBERS[c] for c in after),
    ]


def _interleaved(operands: tuple[Any, ...]) -> tuple[list[Tensor], tuple[Any, Any]]:
    given = list(operands)
    output = _numbers(given.pop()) if len(given) % 2 else None
    tensors = [_core.asarray(x) for x in given[::2]]
    found = [_numbers(labels) for labels in given[1::2]]
    return tensors, _resolve(found, output, tuple(x.ndim for x in tensors))


def _numbers(labels: Any) -> list[Any]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise TypeError(f"einsum: expected a list of integers and Ellipsis, not {labels!r}")
    result: list[Any] = []
    for label in labels:
        if label is Ellipsis:
            result.append(label)
            continue
        try:
            number = operator.index(label)
        except TypeError:
            raise TypeError(f"einsum: {label!r} is neither an integer nor Ellipsis") from None
        if number < 0:
            raise ValueError(f"einsum: {number} is negative")
        result.append(number + len(_LETTERS))
    return result


def _resolve(
    found: list[list[Any]], output: list[Any] | None, ndims: tuple[int, ...]
) -> tuple[tuple[Labels, ...], Labels]:
    """Ellipses become the axes that they stand for; the output is worked out if not given."""
    inputs = []
    longest = 0
    for at, (labels, ndim) in enumerate(zip(found, ndims, strict=True)):
        count = _count_ellipses(labels)
        extra = ndim - (len(labels) - count)
        if extra < 0 or (extra > 0 and not count):
            raise ValueError(
                f"einsum: operand {at} has {ndim} axes, its subscripts name {len(labels) - count}"
            )
        longest = max(longest, extra)
        inputs.append(_filled(labels, extra))
    every = [label for labels in inputs for label in labels]
    if output is None:
        # All axes of ellipses, then what occurs once.
        once = [label for label in sorted(set(every)) if every.count(label) == 1 and label >= 0]
        return tuple(inputs), (*range(-longest, 0), *once)
    if longest and not _count_ellipses(output):
        raise ValueError("einsum: the result needs an ellipsis for the axes of the operands' own")
    _count_ellipses(output)
    result = _filled(output, longest)
    for label in result:
        if result.count(label) > 1:
            raise ValueError(f"einsum: the result names {_name(label)} twice")
        if label not in every:
            raise ValueError(f"einsum: the result names {_name(label)}, which no operand has")
    return tuple(inputs), result


def _count_ellipses(labels: list[Any]) -> int:
    count = sum(label is Ellipsis for label in labels)
    if count > 1:
        raise ValueError("einsum: more than one ellipsis in a term")
    return count


def _filled(labels: list[Any], axes: int) -> Labels:
    filled: list[int] = []
    for label in labels:
        filled.extend(range(-axes, 0) if label is Ellipsis else [label])
    return tuple(filled)


def _name(label: int) -> str:
    if label < 0:
        return "an axis of the ellipsis"
    return f"axis {(*_LETTERS, label - len(_LETTERS))[min(label, len(_LETTERS))]!r}"


def _check_lengths(tensors: list[Tensor], inputs: tuple[Labels, ...]) -> None:
    lengths: dict[int, int] = {}
    for x, labels in zip(tensors, inputs, strict=True):
        own: dict[int, int] = {}
        for label, length in zip(labels, x.shape, strict=True):
            if own.setdefault(label, length) != length:
                raise ValueError(
                    f"einsum: {_name(label)} has lengths {own[label]} and {length} in one operand "
                    f"of shape {x.shape}"
                )
            known = lengths.get(label, 1)
            if known == 1:
                lengths[label] = length
            elif length not in (1, known):
                raise ValueError(f"einsum: {_name(label)} has lengths {known} and {length}")


# ---- the work ------------------------------------------------------------------------------------


class _Term:
    """A tensor with a label for each axis, none of them twice."""

    __slots__ = ("labels", "x")

    def __init__(self, x: Tensor, labels: Labels) -> None:
        self.x, self.labels = x, labels

    def length(self, label: int) -> int:
        return self.x.shape[self.labels.index(label)]

    def ordered(self, labels: Labels) -> Tensor:
        """Return the tensor with its axes in this order."""
        if labels == self.labels:
            return self.x
        return _core.permute_dims(self.x, tuple(self.labels.index(label) for label in labels))

    def summed_to(self, wanted: set[int]) -> _Term:
        """Sum over the axes that are not wanted."""
        axes = tuple(i for i, label in enumerate(self.labels) if label not in wanted)
        if not axes:
            return self
        kept = tuple(label for label in self.labels if label in wanted)
        return _Term(_core.sum(self.x, axis=axes, dtype=self.x.dtype), kept)


def _contract_all(
    tensors: list[Tensor], inputs: tuple[Labels, ...], output: Labels, optimize: Any
) -> Tensor:
    terms = [_without_repeats(x, labels) for x, labels in zip(tensors, inputs, strict=True)]
    terms = _without_ones(terms)
    for positions in _path(terms, output, optimize):
        chosen = [terms[i] for i in positions]
        terms = [term for i, term in enumerate(terms) if i not in positions]
        product = chosen[0]
        for at in range(1, len(chosen)):
            rest = (*terms, *chosen[at + 1 :])
            product = _product(product, chosen[at], _wanted(rest, output))
        terms.append(product.summed_to(_wanted(terms, output)))
    (last,) = terms
    result = last.summed_to(set(output)).ordered(output)
    return result[...] if any(result is x for x in tensors) else result


def _wanted(others: Iterable[_Term], output: Labels) -> set[int]:
    return set(output).union(*(term.labels for term in others))


def _without_repeats(x: Tensor, labels: Labels) -> _Term:
    """Take the diagonal along axes of the same label."""
    axes = list(labels)
    while len(set(axes)) < len(axes):
        label = next(a for a in axes if axes.count(a) > 1)
        first = axes.index(label)
        second = axes.index(label, first + 1)
        others = [i for i in range(len(axes)) if i not in (first, second)]
        x = _core.diagonal(_core.permute_dims(x, (*others, first, second)), 0, -2, -1)
        axes = [axes[i] for i in others] + [label]
    return _Term(x, tuple(axes))


def _without_ones(terms: list[_Term]) -> list[_Term]:
    """Drop axes of length 1 that broadcast against longer ones of the same label."""
    lengths: dict[int, int] = {}
    for term in terms:
        for label, length in zip(term.labels, term.x.shape, strict=True):
            if length != 1:
                lengths[label] = length
    result = []
    for term in terms:
        axes = tuple(
            i
            for i, label in enumerate(term.labels)
            if term.x.shape[i] == 1 and lengths.get(label, 1) != 1
        )
        if axes:
            kept = tuple(label for i, label in enumerate(term.labels) if i not in axes)
            term = _Term(_core.squeeze(term.x, axis=axes), kept)
        result.append(term)
    return result


def _product(a: _Term, b: _Term, wanted: set[int]) -> _Term:
    """Multiply two terms and sum over what nobody wants, as a stack of matrix products."""
    in_a, in_b = set(a.labels), set(b.labels)
    a, b = a.summed_to(wanted | in_b), b.summed_to(wanted | in_a)
    stack = tuple(label for label in a.labels if label in in_b and label in wanted)
    rows = tuple(label for label in a.labels if label not in in_b)
    columns = tuple(label for label in b.labels if label not in in_a)
    inner = tuple(label for label in a.labels if label in in_b and label not in wanted)
    if not inner:  # no sum: broadcasting does it
        labels = (*stack, *rows, *columns)
        left, right = a.ordered((*stack, *rows)), b.ordered((*stack, *columns))
        index = (..., *(None,) * len(columns))
        middle = (*(slice(None),) * len(stack), *(None,) * len(rows), ...)
        return _Term(left[index] * right[middle], labels)
    labels = (*stack, *rows, *columns)
    product = _planned_product(a.labels, b.labels, labels, a.x.shape, b.x.shape)
    return _Term(_carried_out(product, a.x, b.x), labels)


class _Product(NamedTuple):
    """A product as a stack of matrix products: how axes are ordered before, between and after.

    None where nothing is to be done.
    """

    left: Labels | None
    left_shape: tuple[int, ...] | None
    right: Labels | None
    right_shape: tuple[int, ...] | None
    shape: tuple[int, ...] | None
    order: Labels | None


def _planned_product(
    a: Labels, b: Labels, output: Labels, a_shape: tuple[int, ...], b_shape: tuple[int, ...]
) -> _Product:
    """Plan the product of axes of the same lengths, summed over those not in `output`."""
    lengths = dict(zip((*a, *b), (*a_shape, *b_shape), strict=True))
    stack = tuple(label for label in a if label in b and label in output)
    rows = tuple(label for label in a if label not in b)
    columns = tuple(label for label in b if label not in a)
    inner = tuple(label for label in a if label in b and label not in output)

    def shape(labels: Labels) -> tuple[int, ...]:
        return tuple(lengths[label] for label in labels)

    def order(labels: Labels, wanted: Labels) -> Labels | None:
        return None if labels == wanted else tuple(labels.index(label) for label in wanted)

    def change(axes: Labels, to: tuple[int, ...]) -> tuple[int, ...] | None:
        return None if shape(axes) == to else to

    m, k, n = math.prod(shape(rows)), math.prod(shape(inner)), math.prod(shape(columns))
    left, right = (*stack, *rows, *inner), (*stack, *inner, *columns)
    made = (*stack, *rows, *columns)
    return _Product(
        order(a, left),
        change(left, (*shape(stack), m, k)),
        order(b, right),
        change(right, (*shape(stack), k, n)),
        None if shape(made) == (*shape(stack), m, n) else shape(made),
        order(made, output),
    )


@functools.lru_cache(maxsize=1024)
def _matmul_axes(subscripts: str) -> tuple[int, int] | None:
    """Return of how many axes two operands are that `matmul` multiplies so, None for all else."""
    terms = subscripts.replace(" ", "").partition("->")[0].split(",")
    if len(terms) != 2 or "." in subscripts:
        return None
    axes = len(terms[0]), len(terms[1])
    if min(axes) < 2:
        return None
    (a, b), output = _parse(subscripts, axes)
    (*stack, i, j), k = a, b[-1]
    is_it = (b, output) == ((*stack, j, k), (*stack, i, k)) and len({*a, k}) == len(a) + 1
    return axes if is_it else None


@functools.lru_cache(maxsize=1024)
def _one_product(
    subscripts: str, a_shape: tuple[int, ...], b_shape: tuple[int, ...]
) -> _Product | None:
    """Plan all of an expression of two operands, if it is nothing but a product with a sum."""
    (a, b), output = _parse(subscripts, (len(a_shape), len(b_shape)))
    if len(set(a)) < len(a) or len(set(b)) < len(b):
        return None
    lengths_a, lengths_b = dict(zip(a, a_shape, strict=True)), dict(zip(b, b_shape, strict=True))
    both = lengths_a.keys() & lengths_b.keys()
    if any(lengths_a[label] != lengths_b[label] for label in both) or both <= set(output):
        return None
    if not (lengths_a.keys() ^ lengths_b.keys()) <= set(output):
        return None
    return _planned_product(a, b, output, a_shape, b_shape)


def _carried_out(product: _Product, a: Tensor, b: Tensor) -> Tensor:
    left, left_shape, right, right_shape, shape, order = product
    if left is not None:
        a = _core.permute_dims(a, left)
    if left_shape is not None:
        a = _core.reshape(a, left_shape)
    if right is not None:
        b = _core.permute_dims(b, right)
    if right_shape is not None:
        b = _core.reshape(b, right_shape)
    result = a @ b
    if shape is not None:
        result = _core.reshape(result, shape)
    return result if order is None else _core.permute_dims(result, order)


# ---- the order -----------------------------------------------------------------------------------


def _path(terms: list[_Term], output: Labels, optimize: Any) -> Path:
    if not isinstance(optimize, (bool, str)):
        return _checked_path(optimize, len(terms))
    if len(terms) == 1:
        return ()
    if len(terms) == 2:
        return ((0, 1),)
    numbers = {label: i for i, label in enumerate({a for t in terms for a in t.labels})}
    if optimize is False or len(numbers) > len(_LETTERS):
        # Each product goes to the end, from where the next one takes it.
        return ((0, 1), *((0, len(terms) - i - 1) for i in range(1, len(terms) - 1)))
    spelled = [_spelled(t.labels, numbers) for t in terms]
    subscripts = ",".join(spelled) + "->" + _spelled(output, numbers)
    shapes = tuple(t.x.shape for t in terms)
    return _planned(subscripts, shapes, "" if optimize is True else optimize)


def _spelled(labels: Labels, numbers: dict[int, int]) -> str:
    return "".join(_LETTERS[numbers[label]] for label in labels)


@functools.lru_cache(maxsize=1024)
def _planned(subscripts: str, shapes: tuple[tuple[int, ...], ...], how: str) -> Path:
    try:
        opt_einsum = importlib.import_module("opt_einsum")
    except ImportError:
        empty = [np.broadcast_to(np.float64(0), shape) for shape in shapes]
        found = np.einsum_path(subscripts, *empty, optimize=how or "greedy")[0][1:]
    else:
        how = how or "auto"
        found = opt_einsum.contract_path(subscripts, *shapes, shapes=True, optimize=how)[0]
    return tuple(tuple(step) for step in found)


def _checked_path(path: Any, count: int) -> Path:
    steps = [step for step in path if not isinstance(step, str)]  # NumPy's starts with its name
    result = []
    left = count
    for step in steps:
        positions = tuple(operator.index(i) for i in step)
        if len(set(positions)) != len(positions) or not all(0 <= i < left for i in positions):
            raise ValueError(f"einsum: {step!r} in optimize, with {left} operands left")
        result.append(positions)
        left += 1 - len(positions)
    if left != 1:
        raise ValueError(f"einsum: optimize leaves {left} operands, expected 1")
    return tuple(result)
