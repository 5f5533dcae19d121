"""Functions of functions: ``grad``, ``vjp``, ``jvp`` and what is made of them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ndtape import _core
from ndtape._core import Tensor
from ndtape._grad_mode import enable_grad
from ndtape._trees import map_leaves

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]


def value_and_grad(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., tuple[Any, Any]]:
    """Make a function that computes `f` and its gradient.

    Parameters
    ----------
    f : callable
        Returns a tensor with one element, of a real float dtype; with `has_aux`, a pair of that
        and anything else. The arguments named by `argnums` are tensors, NumPy arrays or Python
        floats of a float dtype, or lists, tuples and dicts of those, to any depth. The tensors
        that `f` receives in their place share the memory of what was given.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to. Negative ones count from the
        end.
    has_aux : bool
        Whether `f` returns ``(value, aux)``; `aux` is passed on.
    holomorphic : bool
        Whether `f` is a complex-differentiable function of complex arguments, whose value is
        complex, and whose derivative f'(z) is wanted.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns ``(value, gradient)``, or with `has_aux`
        ``((value, aux), gradient)``. The gradient has the form of the argument, and for each
        tensor its shape and dtype; zeros where the value does not depend on it. For a sequence of
        `argnums` it is a tuple, one entry each.

    Raises
    ------
    TypeError
        When `f` is not callable, `argnums` are not integers, an argument is not of a float dtype,
        or the value is not a tensor of a real float dtype; if `holomorphic`, when they are not of
        complex ones.
    ValueError
        When `argnums` are empty, repeated or out of range, the value has more than one element, or
        `f` is not holomorphic where it is said to be.

    See Also
    --------
    grad : the gradient alone.

    Notes
    -----
    Transforms nest: ``grad(grad(f))`` is the second derivative. Results can be differentiated
    again with respect to whatever records outside of the call: arguments, and tensors that `f`
    uses besides. When there is none, the graph is freed and the results are constants. ``.grad`` of
    no tensor is touched.

    Examples
    --------
    >>> import ndtape as nt
    >>> def loss(params, x, y):
    ...     return nt.mean(nt.square(x @ params["w"] + params["b"] - y))
    >>> params = {"w": nt.tensor([1.0, 2.0]), "b": nt.tensor(0.5)}
    >>> x, y = nt.tensor([[1.0, 0.0], [0.0, 1.0]]), nt.tensor([1.0, 2.0])
    >>> value, gradient = nt.value_and_grad(loss)(params, x, y)
    >>> value.item(), gradient["w"].tolist(), gradient["b"].item()
    (0.25, [0.5, 0.5], 1.0)
    """
    numbers, single = _checked_argnums(argnums)
    _check_callable("value_and_grad", f)

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        chosen = _positions("value_and_grad", argnums, numbers, len(args))
        run = _Run(f, args, kwargs, chosen, has_aux)
        value = _one_element(run.output, holomorphic)
        run.decide([value])
        if holomorphic:
            _check_holomorphic("value_and_grad", [value], run.inputs)
        found = _gradients(value, run.inputs, run.keep, holomorphic)
        gradient = _by_argument(iter(found), args, chosen, single)
        value, aux = run.release(value), run.release(run.aux)
        return ((value, aux) if has_aux else value), gradient

    return call


def grad(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """Make a function that computes the gradient of `f`.

    Parameters
    ----------
    f, argnums, has_aux, holomorphic
        As for `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns the gradient, or with `has_aux` ``(gradient, aux)``.

    Raises
    ------
    TypeError, ValueError
        As for `value_and_grad`.

    See Also
    --------
    value_and_grad : the value too, at no further cost.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.tensor([1.0, 2.0, 3.0])
    >>> nt.grad(lambda x: nt.sum(x**3))(x).tolist()
    [3.0, 12.0, 27.0]
    >>> nt.grad(nt.grad(nt.sin))(0.5)  # -sin(0.5)
    tensor(-0.47942555)
    >>> nt.grad(lambda z: z**3, holomorphic=True)(1 + 1j).item()  # 3 z**2
    6j
    """
    both = value_and_grad(f, argnums, has_aux, holomorphic)

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return call


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Compute `f` and a function that multiplies by its Jacobian from the left.

    Parameters
    ----------
    f : callable
        Returns tensors of float dtypes: one, or lists, tuples and dicts of them; with `has_aux`, a
        pair of that and anything else.
    *primals : tensor, array, float, or containers of them
        The arguments of `f`.
    has_aux : bool
        Whether `f` returns ``(value, aux)``.

    Returns
    -------
    value : Any
        What `f` returns.
    pullback : callable
        Takes a cotangent in the form of the value, returns a tuple with the gradient for each
        argument, in its form. It may be called any number of times: `f` is not run again.
    aux : Any
        With `has_aux` only.

    Raises
    ------
    TypeError
        When an argument, the value or a cotangent is not of a float dtype, or of another form.
    ValueError
        When a cotangent has another shape than the value.

    See Also
    --------
    jvp : multiplies from the right.

    Notes
    -----
    With complex numbers the pullback gives what is a gradient of them: with the derivative A of `f`
    by z and B that by the conjugate of z, it is ``conj(A.T) @ v + B.T @ conj(v)``, and
    ``conj(A.T) @ v`` of a holomorphic `f`. JAX's is the conjugate, of the conjugate cotangent.

    Examples
    --------
    >>> import ndtape as nt
    >>> y, pullback = nt.vjp(lambda a, b: a * nt.sin(b), nt.tensor([1.0, 2.0]), nt.tensor(0.0))
    >>> pullback(nt.tensor([1.0, 10.0]))
    (tensor([0., 0.]), tensor(21.))
    """
    _check_callable("vjp", f)
    chosen = list(range(len(primals)))
    run = _Run(f, primals, {}, chosen, has_aux)
    outputs = _output_leaves("vjp", run.output)
    run.decide(outputs)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        seeds = _matched("vjp: the cotangent", cotangent, run.output, outputs)
        create = _core.grad_enabled() and (run.keep or any(s.requires_grad for s in seeds))
        found = _pull(outputs, run.inputs, seeds, create)
        return tuple(_by_argument(iter(found), primals, chosen, False))

    value, aux = run.release(run.output), run.release(run.aux)
    return (value, pullback, aux) if has_aux else (value, pullback)


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """Compute `f` and the product of its Jacobian with a vector: the derivative along `tangents`.

    The tape is walked forward, once; there is no backward pass over it.

    Parameters
    ----------
    f : callable
        Returns tensors of float dtypes: one, or lists, tuples and dicts of them; with `has_aux`, a
        pair of that and anything else.
    primals : sequence
        The arguments of `f`: tensors, arrays, floats, or containers of them.
    tangents : sequence
        Of the same forms, shapes and dtypes: where to the arguments move.
    has_aux : bool
        Whether `f` returns ``(value, aux)``.

    Returns
    -------
    value : Any
        What `f` returns.
    tangent : Any
        The same for its derivative.
    aux : Any
        With `has_aux` only.

    Raises
    ------
    TypeError
        When an argument, the value or a tangent is not of a float dtype, or of another form.
    ValueError
        When a tangent has another shape than its argument.

    See Also
    --------
    vjp : multiplies from the left.

    Notes
    -----
    With complex numbers this is the derivative along a real step: with the derivative A of `f` by z
    and B that by the conjugate of z, ``A @ t + B @ conj(t)``, and ``A @ t`` of a holomorphic `f`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.jvp(nt.sin, (0.0,), (2.0,))
    (tensor(0.), tensor(2.))
    """
    _check_callable("jvp", f)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"jvp: {name} must be a tuple, one entry an argument, not {type(given).__name__}"
            )
    run = _Run(f, primals, {}, list(range(len(primals))), has_aux)
    outputs = _output_leaves("jvp", run.output)
    run.decide(outputs)
    seeds = _matched("jvp: the tangent", tuple(tangents), tuple(primals), run.inputs)
    create = _core.grad_enabled() and (run.keep or any(s.requires_grad for s in seeds))
    found = iter(_push(outputs, run.inputs, seeds, create))
    tangent = map_leaves(lambda *_: next(found), run.output)
    value, aux = run.release(run.output), run.release(run.aux)
    return (value, tangent, aux) if has_aux else (value, tangent)


def jacobian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """Make a function that computes the Jacobian of `f`.

    `f` runs once. Then the tape is walked once for each element of the value, backward, or once for
    each element of the arguments, forward, whichever are fewer.

    Parameters
    ----------
    f : callable
        Returns tensors of real float dtypes: one, or lists, tuples and dicts of them; with
        `has_aux`, a pair of that and anything else.
    argnums, has_aux
        As for `value_and_grad`.
    holomorphic : bool
        Whether `f` is a complex-differentiable function from complex numbers to complex numbers.
        Then its complex derivatives are found.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns the derivative of each tensor of the value with respect
        to each one of the argument: in the form of the value, and within that of the argument,
        tensors of shape ``value.shape + argument.shape``. With `has_aux`, a pair with `aux`.

    Raises
    ------
    TypeError, ValueError
        As for `value_and_grad`, but the value may have any shape. Without `holomorphic`, TypeError
        for complex dtypes: of any function of those `vjp` and `jvp` give the derivative.

    See Also
    --------
    hessian : of a gradient.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.jacobian(lambda x: nt.stack([x[0] * x[1], x[1] ** 2]))(nt.tensor([2.0, 3.0]))
    tensor([[3., 2.],
            [0., 6.]])
    >>> found = nt.jacobian(lambda z: z * z, holomorphic=True)(nt.tensor([1j, 2.0 + 0j]))
    >>> bool(nt.all(found == nt.tensor([[2j, 0.0], [0.0, 4.0]])))
    True
    """
    numbers, single = _checked_argnums(argnums)
    _check_callable("jacobian", f)

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        chosen = _positions("jacobian", argnums, numbers, len(args))
        run = _Run(f, args, kwargs, chosen, has_aux)
        outputs = _output_leaves("jacobian", run.output)
        if not holomorphic:
            for x in (*run.inputs, *outputs):
                if x.dtype.kind != "f":
                    raise TypeError(
                        f"jacobian: expected real float dtypes, not {x.dtype}; pass "
                        f"holomorphic=True for a complex-differentiable function of complex "
                        f"numbers, or use vjp or jvp"
                    )
        run.decide(outputs)
        if holomorphic:
            _check_holomorphic("jacobian", outputs, run.inputs)
        blocks = _jacobian_blocks(outputs, run.inputs, run.keep, holomorphic)
        rows = iter(blocks)
        result = map_leaves(
            lambda *_: _by_argument(iter(next(rows)), args, chosen, single), run.output
        )
        return (result, run.release(run.aux)) if has_aux else result

    return call


def hessian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """Make a function that computes the second derivatives of `f`.

    Parameters
    ----------
    f, argnums, has_aux, holomorphic
        As for `value_and_grad`.

    Returns
    -------
    callable
        Takes the arguments of `f`, returns the derivative of the gradient: in the form of the
        argument twice over, tensors of shape ``argument.shape + argument.shape``. For a sequence
        of `argnums`, tuples of tuples. With `has_aux`, a pair with `aux`.

    Raises
    ------
    TypeError, ValueError
        As for `value_and_grad`.

    See Also
    --------
    hvp : its product with a vector, without the matrix.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.hessian(lambda x: x[0] ** 2 * x[1])(nt.tensor([2.0, 3.0]))
    tensor([[6., 4.],
            [4., 0.]])
    >>> found = nt.hessian(lambda z: z[0] ** 2 * z[1], holomorphic=True)(nt.tensor([1j, 3.0 + 0j]))
    >>> bool(nt.all(found == nt.tensor([[6.0, 2j], [2j, 0.0]])))
    True
    """
    of = grad(f, argnums, has_aux, holomorphic)
    return jacobian(of, argnums, has_aux, holomorphic)


def hvp(f: Callable[..., Any], primals: Sequence[Any], vectors: Sequence[Any]) -> tuple[Any, ...]:
    """Compute the product of the Hessian of `f` with a vector.

    Costs about two gradients, whatever the number of elements.

    Parameters
    ----------
    f : callable
        Returns a tensor with one element, of a real float dtype.
    primals : sequence
        The arguments of `f`: tensors, arrays, floats, or containers of them.
    vectors : sequence
        Of the same forms, shapes and dtypes.

    Returns
    -------
    tuple
        The product, in the form of each argument.

    Raises
    ------
    TypeError, ValueError
        As for `jvp` and `value_and_grad`.

    Examples
    --------
    >>> import ndtape as nt
    >>> nt.hvp(lambda x: nt.sum(x**3), (nt.tensor([1.0, 2.0]),), (nt.tensor([1.0, 1.0]),))
    (tensor([ 6., 12.]),)
    """
    _check_callable("hvp", f)
    if not isinstance(vectors, (tuple, list)) or not isinstance(primals, (tuple, list)):
        raise TypeError("hvp: primals and vectors must be tuples, one entry an argument")
    # The Hessian is its own transpose, and a walk back costs less than one forward.
    _, pullback = vjp(grad(f, tuple(range(len(primals)))), *primals)
    return pullback(tuple(vectors))  # type: ignore[no-any-return]


class _Run:
    """One call of a function that is being transformed, with its inputs and outputs on the tape.

    Parameters
    ----------
    f, args, kwargs
        The call.
    chosen : list of int
        The arguments that count as inputs.
    has_aux : bool
        Whether the output is a pair.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        chosen: list[int],
        has_aux: bool,
    ) -> None:
        self.recording = _core.grad_enabled()
        self.keep = False
        self.inputs: list[Tensor] = []
        with enable_grad():
            passed = list(args)
            for n in chosen:
                passed[n] = map_leaves(self._as_input, args[n], f"argument {n}")
            output = f(*passed, **kwargs)
        self.output, self.aux = output, None
        if has_aux:
            if not isinstance(output, tuple) or len(output) != 2:
                raise TypeError("with has_aux the function must return a pair (value, aux)")
            self.output, self.aux = output

    def _as_input(self, leaf: Any, path: str) -> Tensor:
        given = _float_tensor(leaf, path)
        if self.recording and given.requires_grad:
            # A step of the outer graph of its own: gradients with respect to it are ours,
            # and its history carries them on to whoever differentiates the result.
            self.keep = True
            result = given[...]
        else:
            result = given.detach()
            result.requires_grad = True
        self.inputs.append(result)
        return result

    def decide(self, outputs: list[Tensor]) -> None:
        """Find out whether anybody outside can differentiate what comes out."""
        if not self.recording or self.keep:
            return
        held: list[Tensor] = []
        map_leaves(
            lambda leaf, _: held.append(leaf) if isinstance(leaf, Tensor) else None, self.aux
        )
        self.keep = bool(_core.other_inputs([*outputs, *held], self.inputs))

    def release(self, tree: Any) -> Any:
        """Make constants of results, unless somebody can differentiate them."""
        return tree if self.keep else map_leaves(_detached, tree)


def _check_callable(what: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(f"{what}: expected a function, not {type(f).__name__}")


def _checked_argnums(argnums: int | Sequence[int]) -> tuple[list[int], bool]:
    single = not isinstance(argnums, (tuple, list))
    given: Sequence[Any] = (argnums,) if single else argnums  # type: ignore[assignment]
    try:
        numbers = [operator.index(n) for n in given]
    except TypeError:
        raise TypeError(f"argnums must be an integer or several, not {argnums!r}") from None
    if not numbers:
        raise ValueError("argnums must name at least one argument")
    return numbers, single


def _positions(
    what: str, argnums: int | Sequence[int], numbers: list[int], count: int
) -> list[int]:
    for n in numbers:
        if not -count <= n < count:
            raise ValueError(f"argnums has {n}, but the call has {count} positional arguments")
    chosen = [n % count for n in numbers]
    if len(set(chosen)) != len(chosen):
        raise ValueError(f"{what}: argnums {argnums} name an argument twice")
    return chosen


def _float_tensor(leaf: Any, path: str) -> Tensor:
    if isinstance(leaf, Tensor):
        tensor = leaf
    elif isinstance(leaf, (float, complex, np.ndarray, np.generic)):
        tensor = _core.asarray(leaf)
    else:
        raise TypeError(f"{path}: cannot differentiate with respect to a {type(leaf).__name__}")
    if tensor.dtype.kind not in "fc":
        raise TypeError(f"{path}: gradients need a float or complex dtype, not {tensor.dtype}")
    return tensor


def _one_element(value: Any, holomorphic: bool = False) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"the function must return a tensor, not {type(value).__name__}")
    if value.size != 1:
        raise ValueError(f"the function must return one element, not shape {value.shape}")
    if not holomorphic and value.dtype.kind != "f":
        hint = "; for the derivative of a holomorphic function pass holomorphic=True"
        raise TypeError(
            f"the function must return a real float dtype, not {value.dtype}"
            f"{hint if value.dtype.kind == 'c' else ''}"
        )
    return value


def _check_holomorphic(what: str, outputs: list[Tensor], inputs: list[Tensor]) -> None:
    """Refuse real dtypes, and what is not complex-differentiable: at the point of the call.

    There the derivative B by the conjugate of z is not zero, and a pullback of i v is not i times
    that of v. One v, of no special direction, tells.
    """
    for name, tensors in (("arguments", inputs), ("values", outputs)):
        for x in tensors:
            if x.dtype.kind != "c":
                raise TypeError(f"{what}: holomorphic=True needs complex {name}, not {x.dtype}")
    rng = np.random.default_rng(0)
    seeds = [
        _core.asarray(np.exp(2j * rng.uniform(0, np.pi, y.shape)), dtype=y.dtype) for y in outputs
    ]
    plain = _pull(outputs, inputs, seeds, False)
    turned = _pull(outputs, inputs, [s * 1j for s in seeds], False)
    for x, a, b in zip(inputs, plain, turned, strict=True):
        p, t = a.numpy(), b.numpy()
        with np.errstate(all="ignore"):
            off, size = np.abs(t - 1j * p).sum(), np.abs(t).sum() + np.abs(p).sum()
        if off > np.sqrt(np.finfo(p.dtype).eps) * size:
            raise ValueError(
                f"{what}: holomorphic=True, but the function is not complex-differentiable here "
                f"with respect to an argument of shape {x.shape}: it depends on the conjugate too"
            )


def _output_leaves(what: str, output: Any) -> list[Tensor]:
    leaves: list[Tensor] = []

    def add(leaf: Any, _path: str) -> None:
        if not isinstance(leaf, Tensor):
            raise TypeError(
                f"{what}: the function must return tensors, or lists, tuples and dicts of them, "
                f"not {type(leaf).__name__}"
            )
        if leaf.dtype.kind not in "fc":
            raise TypeError(f"{what}: the function must return a float dtype, not {leaf.dtype}")
        leaves.append(leaf)

    map_leaves(add, output)
    return leaves


def _matched(what: str, given: Any, form: Any, like: list[Tensor]) -> list[Tensor]:
    """Find the leaves of `given`, which must look like `form`, as tensors like those of `like`."""
    found: list[Tensor] = []

    def add(leaf: Any, path: str) -> None:
        if len(found) < len(like) and not isinstance(leaf, Tensor):
            dtype = like[len(found)].dtype
            leaf = _core.asarray(leaf, dtype=dtype)
        if not isinstance(leaf, Tensor):
            raise TypeError(f"{what}{path} must be a tensor, not {type(leaf).__name__}")
        if len(found) < len(like):
            x = like[len(found)]
            if leaf.shape != x.shape:
                raise ValueError(f"{what}{path} has shape {leaf.shape}, expected {x.shape}")
            if leaf.dtype != x.dtype:
                raise TypeError(f"{what}{path} has dtype {leaf.dtype}, expected {x.dtype}")
        found.append(leaf)

    if _structure(given) != _structure(form):
        raise TypeError(f"{what} must have the form {_structure(form)}, not {_structure(given)}")
    map_leaves(add, given)
    return found


def _structure(tree: Any) -> str:
    if tree is None:
        return "None"
    if isinstance(tree, (list, tuple)):
        inside = ", ".join(_structure(item) for item in tree)
        return f"[{inside}]" if isinstance(tree, list) else f"({inside})"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {_structure(item)}" for key, item in tree.items()) + "}"
    return "*"


def _by_argument(found: Iterator[Any], args: Sequence[Any], chosen: list[int], single: bool) -> Any:
    by_argument = [map_leaves(lambda *_: next(found), args[n]) for n in chosen]
    return by_argument[0] if single else tuple(by_argument)


def _gradients(
    value: Tensor, inputs: list[Tensor], keep: bool, holomorphic: bool = False
) -> list[Tensor]:
    if not inputs or not value.requires_grad:  # the value is a constant
        return [_core.zeros_like(x) for x in inputs]
    seeds = [_core.ones_like(value)] if holomorphic else None
    found = _core.gradients([value], inputs, seeds, keep, keep)
    result = [_core.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]
    return [_core.conj(g) for g in result] if holomorphic else result


def _pull(
    outputs: list[Tensor], inputs: list[Tensor], seeds: list[Tensor], create: bool
) -> list[Tensor]:
    pairs = [(y, s) for y, s in zip(outputs, seeds, strict=True) if y.requires_grad]
    if not pairs or not inputs:
        return [_core.zeros_like(x) for x in inputs]
    found = _core.gradients([y for y, _ in pairs], inputs, [s for _, s in pairs], True, create)
    return [_core.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def _push(
    outputs: list[Tensor], inputs: list[Tensor], seeds: Sequence[Tensor | None], create: bool
) -> list[Tensor]:
    found = _core.tangents(outputs, inputs, seeds, create)
    return [_core.zeros_like(y) if t is None else t for y, t in zip(outputs, found, strict=True)]


def _jacobian_blocks(
    outputs: list[Tensor], inputs: list[Tensor], keep: bool, holomorphic: bool = False
) -> list[list[Tensor]]:
    """For each output a list, for each input the tensor of derivatives."""
    n, m = sum(x.size for x in inputs), sum(y.size for y in outputs)
    if m <= n:
        found = [[_pull([y], inputs, [seed], keep) for seed in _unit_vectors(y)] for y in outputs]
        rows_of = [
            [_stacked([g[i] for g in rows], y.shape + x.shape, 0, x) for i, x in enumerate(inputs)]
            for y, rows in zip(outputs, found, strict=True)
        ]
        # A pullback of a holomorphic function multiplies by the conjugate.
        return [[_core.conj(d) for d in row] for row in rows_of] if holomorphic else rows_of
    columns: list[list[list[Tensor]]] = []
    for i, x in enumerate(inputs):
        seeds: list[Tensor | None] = [None] * len(inputs)
        columns.append([])
        for seed in _unit_vectors(x):
            seeds[i] = seed
            columns[-1].append(_push(outputs, inputs, seeds, keep))
    return [
        [
            _stacked([t[k] for t in columns[i]], y.shape + x.shape, -1, y)
            for i, x in enumerate(inputs)
        ]
        for k, y in enumerate(outputs)
    ]


def _unit_vectors(x: Tensor) -> Iterator[Tensor]:
    for i in range(x.size):
        unit = np.zeros(x.size, dtype=x.dtype.dtype)
        unit[i] = 1
        yield _core.asarray(unit.reshape(x.shape))


def _stacked(parts: list[Tensor], shape: tuple[int, ...], axis: int, like: Tensor) -> Tensor:
    if not parts:
        return _core.zeros(shape, dtype=like.dtype)
    return _core.reshape(_core.stack(parts, axis=axis), shape)


def _detached(leaf: Any, _path: str) -> Any:
    return leaf.detach() if isinstance(leaf, Tensor) and leaf.requires_grad else leaf
