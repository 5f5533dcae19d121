"""Recurrent layers over sequences ``(n, steps, features)``."""

from __future__ import annotations

import math
from typing import Any

from ndtape import _core
from ndtape._core import Tensor
from ndtape.nn import _elementary as f
from ndtape.nn._checks import integer, number, tensor
from ndtape.nn.layers import uniform_parameter
from ndtape.nn.module import Module

__all__ = ["GRU", "LSTM", "RNN"]


class _Recurrent(Module):
    """What the recurrent layers share: layers, directions and the loop over steps."""

    _gates = 1
    _states = 1

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        self.inputs, self.hidden = integer("inputs", inputs), integer("hidden", hidden)
        self.layers = integer("layers", layers)
        self.bidirectional = bool(bidirectional)
        self.dropout = number("dropout", dropout, 0, 1)
        bound = 1 / math.sqrt(hidden)
        rows = self._gates * hidden
        for layer in range(layers):
            width = inputs if layer == 0 else hidden * self._directions
            for suffix in self._suffixes(layer):
                shapes = {
                    "weight_input": (rows, width),
                    "weight_hidden": (rows, hidden),
                    "bias_input": (rows,),
                    "bias_hidden": (rows,),
                }
                for name, shape in shapes.items():
                    setattr(self, name + suffix, uniform_parameter(bound, *shape))

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_{layer}", f"_{layer}_reverse"][: self._directions]

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Run over all steps.

        Parameters
        ----------
        x : Tensor
            Of shape ``(n, steps, inputs)``.
        state : optional
            What the layer starts from, in the form it is returned in; zeros if left out.

        Returns
        -------
        output : Tensor
            Of shape ``(n, steps, hidden * directions)``: the last layer at every step.
        state
            Of shape ``(layers * directions, n, hidden)``: every layer after its last step; for an
            LSTM a pair of such tensors.

        Raises
        ------
        ValueError
            When a shape does not fit, or there are no steps.
        """
        name = type(self).__name__
        x = tensor(name, "x", x)
        if x.ndim != 3 or x.shape[2] != self.inputs or x.shape[1] == 0:
            raise ValueError(
                f"{name}: x of shape {x.shape}, expected (n, steps, {self.inputs}) with at least "
                "one step"
            )
        starts = self._starts(x, state)
        ends: list[tuple[Tensor, ...]] = []
        for layer in range(self.layers):
            outputs = []
            for suffix in self._suffixes(layer):
                reverse = suffix.endswith("reverse")
                start = tuple(s[len(ends)] for s in starts)
                output, end = self._run(x, start, suffix, reverse)
                outputs.append(output)
                ends.append(end)
            x = outputs[0] if len(outputs) == 1 else _core.concat(outputs, axis=2)
            if layer < self.layers - 1:
                x = f.dropout(x, self.dropout, training=self.training)
        final = tuple(_core.stack([e[i] for e in ends]) for i in range(self._states))
        return x, final if self._states > 1 else final[0]

    def _starts(self, x: Tensor, state: Any) -> tuple[Tensor, ...]:
        shape = (self.layers * self._directions, x.shape[0], self.hidden)
        if state is None:
            return (_core.zeros(shape, dtype=x.dtype),) * self._states
        name = type(self).__name__
        if self._states > 1 and not isinstance(state, (tuple, list)):
            kind = type(state).__name__
            raise TypeError(f"{name}: state is of type {kind}, expected a pair of tensors")
        given = tuple(state) if self._states > 1 else (state,)
        given = tuple(tensor(name, "state", s) for s in given)
        if len(given) != self._states or any(s.shape != shape for s in given):
            what = [s.shape for s in given]
            raise ValueError(f"{name}: state of shapes {what}, expected {self._states} of {shape}")
        return given

    def _run(
        self, x: Tensor, state: tuple[Tensor, ...], suffix: str, reverse: bool
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        names = ("weight_input", "weight_hidden", "bias_input", "bias_hidden")
        weights = [getattr(self, name + suffix) for name in names]
        output, *end = self._sequence(x, *weights, *state, reverse)
        return output, tuple(end)

    @staticmethod
    def _sequence(*args: Any) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _describe(self) -> str:
        text = f"{self.inputs}, {self.hidden}"
        if self.layers > 1:
            text += f", layers={self.layers}"
        return text + (", bidirectional=True" if self.bidirectional else "")


class RNN(_Recurrent):
    """The plain recurrent network: ``h = tanh(Wx + b + Uh + c)``.

    Parameters
    ----------
    inputs, hidden : int
        Features of x and of the state.
    layers : int, optional
        Stacked, each on the outputs of the one below.
    bidirectional : bool, optional
        Run a second network from the end to the start and put its outputs beside.
    dropout : float, optional
        Between layers.

    Examples
    --------
    >>> import ndtape as nt
    >>> output, state = nt.nn.RNN(3, 5)(nt.ones((2, 7, 3)))
    >>> output.shape, state.shape
    ((2, 7, 5), (1, 2, 5))
    """

    @staticmethod
    def _sequence(*args: Any) -> tuple[Tensor, ...]:
        return _core._rnn(*args)


class LSTM(_Recurrent):
    """Long short-term memory [1]_.

    With gates i, f, o = sigmoid and g = tanh of ``Wx + b + Uh + c``, in the order i, f, g, o:
    ``c' = f * c + i * g`` and ``h' = o * tanh(c')``.

    Parameters
    ----------
    inputs, hidden : int
        Features of x and of the state.
    layers : int, optional
        Stacked, each on the outputs of the one below.
    bidirectional : bool, optional
        Run a second network from the end to the start and put its outputs beside.
    dropout : float, optional
        Between layers.

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997.

    Examples
    --------
    >>> import ndtape as nt
    >>> output, (h, c) = nt.nn.LSTM(3, 5)(nt.ones((2, 7, 3)))
    >>> output.shape, h.shape, c.shape
    ((2, 7, 5), (1, 2, 5), (1, 2, 5))
    """

    _gates = 4
    _states = 2

    @staticmethod
    def _sequence(*args: Any) -> tuple[Tensor, ...]:
        return _core._lstm(*args)


class GRU(_Recurrent):
    """Gated recurrent unit [1]_.

    With r, z = sigmoid of ``Wx + b + Uh + c`` in the order r, z, n:
    ``n = tanh(Wx + b + r * (Uh + c))`` and ``h' = (1 - z) * n + z * h``.

    Parameters
    ----------
    inputs, hidden : int
        Features of x and of the state.
    layers : int, optional
        Stacked, each on the outputs of the one below.
    bidirectional : bool, optional
        Run a second network from the end to the start and put its outputs beside.
    dropout : float, optional
        Between layers.

    References
    ----------
    .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.

    Examples
    --------
    >>> import ndtape as nt
    >>> output, state = nt.nn.GRU(3, 5, bidirectional=True)(nt.ones((2, 7, 3)))
    >>> output.shape, state.shape
    ((2, 7, 10), (2, 2, 5))
    """

    _gates = 3

    @staticmethod
    def _sequence(*args: Any) -> tuple[Tensor, ...]:
        return _core._gru(*args)
