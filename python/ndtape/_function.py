"""Operations of one's own on the tape: ``nt.autograd.Function``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ndtape import _core
from ndtape._core import Tensor
from ndtape._grad_mode import no_grad

__all__ = ["Context", "Function"]


class Context:
    """What the methods of a `Function` share about one call.

    Attributes may be set in `forward` and read in `vjp` and `jvp`. Tensors belong in
    `save_for_backward`: there, a change in place is noticed, and second derivatives see where they
    came from.
    """

    needs_input_grad: tuple[bool, ...] = ()
    _saved: Sequence[Tensor | None] = ()
    _constant: tuple[Tensor, ...] = ()
    _materialize = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `vjp` and `jvp`, which find them in `saved_tensors`.

        Parameters
        ----------
        *tensors : Tensor or None
            Inputs, outputs or intermediate results. Only inputs and outputs carry derivatives: what
            else is saved counts as a constant in second derivatives.

        Raises
        ------
        TypeError
            For anything else.
        """
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward: expected tensors, not {type(tensor).__name__}; "
                    f"set other things as attributes"
                )
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What `save_for_backward` was given."""
        return tuple(self._saved)

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Say which outputs do not depend smoothly on any input: indices, counts, signs.

        Parameters
        ----------
        *outputs : Tensor
            Outputs of this call. Their gradient in `vjp` is None.
        """
        self._constant = outputs

    def set_materialize_grads(self, value: bool) -> None:
        """Choose what `vjp` gets for an output without gradient: zeros (the default) or None.

        Parameters
        ----------
        value : bool
            False for None.
        """
        self._materialize = value

    def _with_saved(self, saved: Sequence[Tensor | None]) -> Context:
        # For one call of a rule: the tensors must not stay here, where outputs would hold
        # themselves through their own history.
        context = Context()
        context.__dict__.update(self.__dict__)
        context._saved = saved
        return context


class Function:
    """An operation whose derivative is written by its user.

    Subclass it, with static methods `forward`, `vjp` and perhaps `jvp`, and call `apply`.

    - ``forward(ctx, *args)`` computes one tensor or a tuple of them, from tensors and whatever
      else; nothing in it is recorded. It must not change its arguments.
    - ``vjp(ctx, *gradients)``, which may be called `backward`, gets the gradient of each output and
      returns that of each argument; None for zero, and for arguments that are no tensors. Written
      with ndtape's operators it can be differentiated in turn.
    - ``jvp(ctx, *tangents)``, which may be left out, gets the tangent of each argument (None for
      zero and for those that are no tensors) and returns that of each output. Without it, `vjp` is
      transposed.

    `ctx` is a `Context`, with `save_for_backward`, `saved_tensors`, `needs_input_grad` (a bool for
    each argument), `mark_non_differentiable` and `set_materialize_grads`.

    See Also
    --------
    ndtape.testing.gradcheck : whether the rules are right.

    Examples
    --------
    >>> import ndtape as nt
    >>> class Cube(nt.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def vjp(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * g * x**2
    >>> x = nt.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    >>> nt.grad(nt.grad(Cube.apply))(2.0)
    tensor(12.)
    """

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def vjp(ctx: Context, *gradients: Any) -> Any:
        """Compute the arguments' gradients from those of the outputs."""
        raise NotImplementedError("a Function needs a static method vjp(ctx, *gradients)")

    @staticmethod
    def jvp(ctx: Context, *tangents: Any) -> Any:
        """Compute the outputs' tangents from those of the arguments."""
        raise NotImplementedError("this Function has no jvp of its own")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call `forward` and put the operation on the tape.

        Parameters
        ----------
        *args : Any
            What `forward` takes after `ctx`. Gradients flow to those that are tensors themselves,
            not to tensors inside lists or other objects.

        Returns
        -------
        Tensor or tuple of Tensor
            What `forward` returns; an output that shares memory with an argument or another output
            is copied.

        Raises
        ------
        TypeError
            When `forward` returns anything but tensors.
        TapeError
            When `forward` changes an argument in place.

        Examples
        --------
        >>> import ndtape as nt
        >>> class Scale(nt.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x, factor):
        ...         ctx.factor = factor
        ...         return x * factor
        ...     @staticmethod
        ...     def vjp(ctx, g):
        ...         return g * ctx.factor, None
        >>> nt.grad(lambda x: Scale.apply(x, 3))(2.0)
        tensor(3.)
        """
        places = [i for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        inputs = [args[i] for i in places]
        versions = [x._version for x in inputs]
        recording = _core.grad_enabled()
        context = Context()
        context.needs_input_grad = tuple(
            recording and isinstance(arg, Tensor) and arg.requires_grad for arg in args
        )
        with no_grad():
            result = cls.forward(context, *args)
        for i, x, version in zip(places, inputs, versions, strict=True):
            if x._version != version:
                raise _core.TapeError(
                    f"{cls.__name__}: forward changed argument {i}, of shape {x.shape}, in place, "
                    f"which its vjp cannot tell; change a copy instead"
                )
        outputs = [result] if isinstance(result, Tensor) else list(_checked(cls, result))
        if any(context.needs_input_grad):
            outputs = cls._record(context, len(args), places, inputs, outputs)
        return outputs[0] if isinstance(result, Tensor) else tuple(outputs)

    @classmethod
    def _record(
        cls,
        context: Context,
        count: int,
        places: list[int],
        inputs: list[Tensor],
        outputs: list[Tensor],
    ) -> list[Tensor]:
        # Constant outputs stay outside the record: their gradients never come.
        constant = {id(y) for y in context._constant}
        recorded = [i for i, y in enumerate(outputs) if id(y) not in constant]
        if not recorded:
            return outputs
        forms = [(outputs[i].shape, outputs[i].dtype) for i in recorded]
        number = len(outputs)
        saved, context._saved, context._constant = context._saved, (), ()
        name = cls.__name__
        rule = cls.vjp if cls.vjp is not Function.vjp else getattr(cls, "backward", cls.vjp)

        def vjp(*values: Tensor | None) -> list[Tensor | None]:
            gradients: list[Tensor | None] = [None] * number
            for i, g, (shape, dtype) in zip(recorded, values, forms, strict=False):
                if g is None and context._materialize and dtype.kind in "fc":
                    g = _core.zeros(shape, dtype=dtype)
                gradients[i] = g
            found = rule(context._with_saved(values[len(recorded) :]), *gradients)
            found = _counted(f"{name}.vjp", "gradients", found, count)
            for i, g in enumerate(found):
                if i not in places and g is not None:
                    raise TypeError(
                        f"{name}.vjp: argument {i} is not a tensor, its gradient must be None"
                    )
            chosen = [found[i] for i in places]
            for i, x, g in zip(places, shapes, chosen, strict=True):
                _check_form(f"{name}.vjp: the gradient of argument {i}", g, x)
            return chosen

        def jvp(*values: Tensor | None) -> list[Tensor | None]:
            tangents: list[Tensor | None] = [None] * count
            for i, t in zip(places, values, strict=False):
                tangents[i] = t
            found = cls.jvp(context._with_saved(values[len(places) :]), *tangents)
            found = _counted(f"{name}.jvp", "tangents", found, number)
            chosen = [found[i] for i in recorded]
            for i, (shape, _), t in zip(recorded, forms, chosen, strict=True):
                _check_form(f"{name}.jvp: the tangent of output {i}", t, shape)
            return chosen

        shapes = [x.shape for x in inputs]
        made = _core.record_custom(
            name,
            inputs,
            [outputs[i] for i in recorded],
            vjp,
            saved,
            jvp if cls.jvp is not Function.jvp else None,
        )
        for i, y in zip(recorded, made, strict=True):
            outputs[i] = y
        return outputs


def _checked(cls: type[Function], result: Any) -> Sequence[Tensor]:
    if not isinstance(result, (tuple, list)):
        raise TypeError(
            f"{cls.__name__}: forward must return a tensor or a tuple of them, "
            f"not {type(result).__name__}"
        )
    for y in result:
        if not isinstance(y, Tensor):
            raise TypeError(
                f"{cls.__name__}: forward must return tensors, not {type(y).__name__} among them"
            )
    return result


def _counted(what: str, kind: str, found: Any, count: int) -> Sequence[Tensor | None]:
    if found is None or isinstance(found, Tensor):
        found = (found,)
    if not isinstance(found, (tuple, list)):
        raise TypeError(f"{what} must return tensors or None, not {type(found).__name__}")
    if len(found) != count:
        raise ValueError(f"{what} returned {len(found)} {kind}, expected {count}")
    return found


def _check_form(what: str, value: Any, shape: tuple[int, ...]) -> None:
    if value is None:
        return
    if not isinstance(value, Tensor):
        raise TypeError(f"{what} must be a tensor or None, not {type(value).__name__}")
    if value.shape != shape:
        raise ValueError(f"{what} has shape {value.shape}, expected {shape}")
