"""Attention and the transformer's encoder."""

from __future__ import annotations

from ndtape import _core
from ndtape._core import Tensor
from ndtape.nn import _elementary as f
from ndtape.nn import init
from ndtape.nn._attention import scaled_dot_product_attention
from ndtape.nn._checks import choice, integer, number, tensor
from ndtape.nn.layers import Dropout, Linear
from ndtape.nn.module import Module
from ndtape.nn.normalization import LayerNorm

__all__ = ["MultiHeadAttention", "TransformerEncoderLayer"]


class MultiHeadAttention(Module):
    """Attention by several heads at once, each on its share of the features.

    Parameters
    ----------
    features : int
        Of queries, keys and values, ``(n, steps, features)``.
    heads : int
        A divisor of the features.
    dropout : float, optional
        The chance of an attention weight to be zeroed in training.
    bias : bool, optional
        Whether the projections have biases.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", NIPS 2017.

    Examples
    --------
    >>> import ndtape as nt
    >>> x = nt.random.normal(size=(2, 5, 8))
    >>> nt.nn.MultiHeadAttention(8, 2)(x).shape
    (2, 5, 8)
    """

    def __init__(
        self, features: int, heads: int, *, dropout: float = 0.0, bias: bool = True
    ) -> None:
        self.features, self.heads = integer("features", features), integer("heads", heads)
        if features % heads:
            raise ValueError(f"heads: {heads}, expected a divisor of {features} features")
        self.dropout = number("dropout", dropout, 0, 1)
        self.query = Linear(features, features, bias=bias)
        self.key = Linear(features, features, bias=bias)
        self.value = Linear(features, features, bias=bias)
        self.out = Linear(features, features, bias=bias)
        for layer in (self.query, self.key, self.value):
            init.xavier_uniform_(layer.weight)
        for layer in (self.query, self.key, self.value, self.out):
            if layer.bias is not None:
                init.zeros_(layer.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
    ) -> Tensor:
        """Attend.

        Parameters
        ----------
        query : Tensor
            Of shape ``(n, targets, features)``.
        key : Tensor, optional
            Of shape ``(n, sources, features)``; the query if left out.
        value : Tensor, optional
            Of shape ``(n, sources, features)``; the key if left out.
        mask : Tensor, optional
            Broadcast to ``(n, heads, targets, sources)``, as `scaled_dot_product_attention` has it.
        causal : bool, optional
            Let target i see sources 0 to i only.

        Returns
        -------
        Tensor
            Of shape ``(n, targets, features)``.

        Raises
        ------
        ValueError
            When a shape does not fit.
        """
        name = type(self).__name__
        query = tensor(name, "query", query)
        key = query if key is None else tensor(name, "key", key)
        value = key if value is None else tensor(name, "value", value)
        for which, t in (("query", query), ("key", key), ("value", value)):
            if t.ndim != 3 or t.shape[2] != self.features:
                raise ValueError(f"{which}: shape {t.shape}, expected (n, steps, {self.features})")
        y = scaled_dot_product_attention(
            self._heads(self.query(query)),
            self._heads(self.key(key)),
            self._heads(self.value(value)),
            mask=mask,
            causal=causal,
            dropout=self.dropout if self.training else 0.0,
        )
        together = _core.permute_dims(y, (0, 2, 1, 3))
        result: Tensor = self.out(_core.reshape(together, query.shape))
        return result

    def _heads(self, x: Tensor) -> Tensor:
        shape = (*x.shape[:2], self.heads, self.features // self.heads)
        return _core.permute_dims(_core.reshape(x, shape), (0, 2, 1, 3))

    def _describe(self) -> str:
        return f"{self.features}, {self.heads}"


_ACTIVATIONS = {"relu": f.relu, "gelu": f.gelu}


class TransformerEncoderLayer(Module):
    """Self-attention and a feed-forward network, each with a residual and a layer norm.

    Parameters
    ----------
    features : int
        Of x, ``(n, steps, features)``.
    heads : int
        A divisor of the features.
    hidden : int, optional
        Features between the two dense layers.
    dropout : float, optional
        After attention weights, activation and both parts.
    activation : {"relu", "gelu"}, optional
        Between the two dense layers.
    norm_first : bool, optional
        Normalise what enters a part, rather than what leaves it with the residual.

    Examples
    --------
    >>> import ndtape as nt
    >>> layer = nt.nn.TransformerEncoderLayer(8, 2, 16)
    >>> layer(nt.random.normal(size=(2, 5, 8))).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        features: int,
        heads: int,
        hidden: int = 2048,
        *,
        dropout: float = 0.1,
        activation: str = "relu",
        norm_first: bool = False,
    ) -> None:
        self.activation = choice("activation", activation, _ACTIVATIONS)
        self.norm_first = bool(norm_first)
        self.attention = MultiHeadAttention(features, heads, dropout=dropout)
        self.linear1 = Linear(features, integer("hidden", hidden))
        self.linear2 = Linear(hidden, features)
        self.norm1, self.norm2 = LayerNorm(features), LayerNorm(features)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, *, mask: Tensor | None = None, causal: bool = False) -> Tensor:
        """Of x's shape, ``(n, steps, features)``; the mask is that of `MultiHeadAttention`."""
        x = tensor(type(self).__name__, "x", x)
        if self.norm_first:
            x = x + self._attend(self.norm1(x), mask, causal)
            return x + self._feed(self.norm2(x))
        x = self.norm1(x + self._attend(x, mask, causal))
        result: Tensor = self.norm2(x + self._feed(x))
        return result

    def _attend(self, x: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        result: Tensor = self.dropout(self.attention(x, mask=mask, causal=causal))
        return result

    def _feed(self, x: Tensor) -> Tensor:
        hidden = self.dropout(_ACTIVATIONS[self.activation](self.linear1(x)))
        result: Tensor = self.dropout(self.linear2(hidden))
        return result
