"""Module: parameters, buffers and the modules inside, found by attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from ndtape import _core, optim
from ndtape._core import DType, Tensor
from ndtape._grad_mode import no_grad
from ndtape.nn import _training
from ndtape.nn._checks import tensor

__all__ = ["Module", "Sequential"]


class Module:
    """What has parameters and can be called.

    A subclass makes its parts in ``__init__`` and computes in ``forward``. Every attribute that is
    a tensor which requires grad is a parameter; every other tensor is a buffer, part of the state
    but not trained; modules, and lists, tuples and dicts of modules, are the parts.

    Attributes
    ----------
    training : bool
        Whether layers such as dropout act as in training.

    Examples
    --------
    >>> import ndtape as nt
    >>> class Model(nt.nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nt.nn.Linear(4, 8)
    ...         self.out = nt.nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         return self.out(nt.relu(self.hidden(x)))
    >>> model = Model()
    >>> [name for name, _ in model.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    >>> model(nt.ones((3, 4))).shape
    (3, 2)
    """

    training: bool
    optimizer: optim.Optimizer
    stop_training: bool
    _parameter_names: set[str]
    _setup: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: D102
        if cls.__init__ is object.__init__ and (args or kwargs):
            raise TypeError(
                f"{cls.__name__}: given {len(args) + len(kwargs)} arguments, takes none"
            )
        # Here rather than in __init__, which subclasses need not call.
        self = super().__new__(cls)
        object.__setattr__(self, "training", True)
        object.__setattr__(self, "_parameter_names", set())
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor) and value.requires_grad and value.is_leaf:
            self._parameter_names.add(name)  # and stays one when frozen
        elif not isinstance(value, Tensor):
            self._parameter_names.discard(name)
        object.__setattr__(self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute `forward`."""
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module; a subclass says how.

        Raises
        ------
        NotImplementedError
            When the subclass does not.
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    # ---- what is inside -------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Return the modules right inside, with their names.

        Yields
        ------
        tuple of str and Module
            Those in containers are named as in ``layers.0``.
        """
        for name, value in vars(self).items():
            yield from _modules_in(name, value)

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Return this module and all inside it, to any depth, each once.

        Parameters
        ----------
        prefix : str, optional
            What to call this one.

        Yields
        ------
        tuple of str and Module
            In the order in which attributes were set.
        """
        seen: set[int] = set()

        def walk(name: str, module: Module) -> Iterator[tuple[str, Module]]:
            if id(module) in seen:
                return
            seen.add(id(module))
            yield name, module
            for child, inner in module.named_children():
                yield from walk(f"{name}.{child}" if name else child, inner)

        yield from walk(prefix, self)

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Every parameter, with its name, each once.

        Yields
        ------
        tuple of str and Tensor
            Names as in ``layers.0.weight``.
        """
        yield from self._named_tensors(parameters=True)

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that is not a parameter, with its name, each once.

        Yields
        ------
        tuple of str and Tensor
            Names as in ``layers.1.running_mean``.
        """
        yield from self._named_tensors(parameters=False)

    def parameters(self) -> list[Tensor]:
        """Every parameter.

        Returns
        -------
        list of Tensor
            For an optimizer; frozen ones included.
        """
        return [p for _, p in self.named_parameters()]

    def _named_tensors(self, *, parameters: bool) -> Iterator[tuple[str, Tensor]]:
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if not isinstance(value, Tensor) or id(value) in seen:
                    continue
                if (name in module._parameter_names) == parameters:
                    seen.add(id(value))
                    yield f"{prefix}.{name}" if prefix else name, value

    # ---- state ----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Return copies of all parameters and buffers, by name.

        Returns
        -------
        dict of str to Tensor
            For `load_state_dict`.
        """
        tensors = [*self.named_parameters(), *self.named_buffers()]
        return {name: _core.copy(t.detach()) for name, t in tensors}

    def load_state_dict(self, state: Mapping[str, Any], *, strict: bool = True) -> None:
        """Take over parameters and buffers.

        Parameters
        ----------
        state : mapping of str to array_like
            What `state_dict` of such a module gave.
        strict : bool, optional
            Whether every name must be there, and no other.

        Raises
        ------
        ValueError
            When names are missing or unknown, or shapes or dtypes differ; all of them are listed,
            and nothing is changed.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"state: a {type(state).__name__}, expected a mapping of names")
        own = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        problems = []
        if strict:
            problems += [f"{name} is missing" for name in own if name not in state]
            problems += [f"{name} is unknown" for name in state if name not in own]
        new: dict[str, Tensor] = {}
        for name, t in own.items():
            if name not in state:
                continue
            value = tensor("load_state_dict", name, state[name])
            if value.shape != t.shape:
                problems.append(f"{name} has shape {value.shape}, expected {t.shape}")
            elif value.dtype != t.dtype:
                problems.append(f"{name} has dtype {value.dtype}, expected {t.dtype}")
            new[name] = value
        if problems:
            raise ValueError(f"state of {type(self).__name__}: " + "; ".join(problems))
        with no_grad():
            for name, value in new.items():
                own[name][...] = value.detach()

    def astype(self, dtype: DType) -> Self:
        """Convert all float parameters and buffers, in place of the old ones.

        Parameters
        ----------
        dtype : DType
            A float dtype.

        Returns
        -------
        Module
            This one. Make optimizers afterwards: the parameters are new tensors.

        Raises
        ------
        TypeError
            When dtype is not a float dtype.
        """
        if dtype not in (_core.float32, _core.float64):
            raise TypeError(f"dtype: {dtype}, expected a float dtype")
        for _, module in self.named_modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, Tensor) and value.dtype in (_core.float32, _core.float64):
                    new = _core.astype(value.detach(), dtype)
                    new.requires_grad = value.requires_grad
                    setattr(module, name, new)
        return self

    def train(self, mode: bool = True) -> Self:
        """Make all layers act as in training.

        Parameters
        ----------
        mode : bool, optional
            False for the opposite, as `eval` does.

        Returns
        -------
        Module
            This one.
        """
        for _, module in self.named_modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Make all layers act as in use: no dropout, running means.

        Returns
        -------
        Module
            This one.
        """
        return self.train(False)

    def freeze(self, frozen: bool = True) -> Self:
        """Leave all parameters out of training.

        Parameters
        ----------
        frozen : bool, optional
            False to train them again.

        Returns
        -------
        Module
            This one.
        """
        for p in self.parameters():
            p.requires_grad = not frozen
            if frozen:
                p.grad = None
        return self

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call a function on this module and all inside.

        Parameters
        ----------
        function : callable
            Takes a module.

        Returns
        -------
        Module
            This one.
        """
        if not callable(function):
            raise TypeError(f"function: a {type(function).__name__}, expected a function")
        for _, module in list(self.named_modules()):
            function(module)
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            p.grad = None

    # ---- training -------------------------------------------------------------------------------

    compile = _training.compile_module
    fit = _training.fit
    evaluate = _training.evaluate
    predict = _training.predict
    summary = _training.summary
    save_weights = _training.save_weights
    load_weights = _training.load_weights

    # ---- repr -----------------------------------------------------------------------------------

    def _describe(self) -> str:
        """Return what stands between the brackets in the repr of a layer."""
        return ""

    def __repr__(self) -> str:
        """Return a line for each module inside, with its number of parameters."""
        total = sum(p.size for p in self.parameters())
        count = f"  # {total:,} parameters" if total else ""
        children = list(self.named_children())
        if not children:
            return f"{type(self).__name__}({self._describe()}){count}"
        lines = [f"{type(self).__name__}({self._describe()}{count}"]
        for name, child in children:
            first, *rest = repr(child).split("\n")
            lines.append(f"  {name}: {first}")
            lines += [f"  {line}" for line in rest]
        return "\n".join([*lines, ")"])


def _modules_in(name: str, value: Any) -> Iterator[tuple[str, Module]]:
    if isinstance(value, Module):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _modules_in(f"{name}.{i}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _modules_in(f"{name}.{key}", item)


class Sequential(Module):
    """Modules and functions one after the other.

    Parameters
    ----------
    *layers : callable
        Each takes what the one before gives.

    Raises
    ------
    TypeError
        When a layer cannot be called.

    Examples
    --------
    >>> import ndtape as nt
    >>> nn = nt.nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> print(model)
    Sequential(  # 58 parameters
      0: Linear(4, 8)  # 40 parameters
      1: ReLU()
      2: Linear(8, 2)  # 18 parameters
    )
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for i, layer in enumerate(layers):
            if not callable(layer):
                raise TypeError(f"layers[{i}]: a {type(layer).__name__}, expected a Module")
        self.layers = list(layers)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Return the modules right inside, named by their places."""
        for i, layer in enumerate(self.layers):
            yield from _modules_in(str(i), layer)

    def forward(self, x: Any) -> Any:
        """Return what the last layer makes of what the others made of x."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Callable[[Any], Any]:
        return self.layers[index]

    def __iter__(self) -> Iterator[Callable[[Any], Any]]:
        return iter(self.layers)
