"""Modules: what they find, keep and say; initial values; losses at extremes and bad input."""

import numpy as np
import pytest

import ndtape as nt
from ndtape import nn

F = nn.functional


class Model(nn.Module):
    def __init__(self):
        self.first = nn.Linear(3, 4)
        self.rest = [nn.Linear(4, 4, bias=False), nn.BatchNorm1d(4)]
        self.heads = {"a": nn.Linear(4, 1)}
        self.scale = nt.ones(1)

    def forward(self, x):
        for layer in (self.first, *self.rest):
            x = layer(x)
        return self.heads["a"](x) * self.scale


def test_names():
    model = Model()
    assert [name for name, _ in model.named_parameters()] == [
        "first.weight", "first.bias", "rest.0.weight", "rest.1.weight", "rest.1.bias",
        "heads.a.weight", "heads.a.bias",
    ]  # fmt: skip
    assert sorted(name for name, _ in model.named_buffers()) == [
        "rest.1.running_mean", "rest.1.running_var", "scale",
    ]  # fmt: skip
    names = [name for name, _ in model.named_modules()]
    assert names == ["", "first", "rest.0", "rest.1", "heads.a"]


def test_shared_parameters_count_once():
    model = Model()
    model.heads["b"] = model.heads["a"]
    model.tied = nn.Linear(4, 4, bias=False)
    model.tied.weight = model.rest[0].weight
    assert len(model.parameters()) == 7
    nt.optim.SGD(model.parameters())


def test_state_goes_round(tmp_path):
    one, two = Model(), Model()
    x = nt.random.normal(size=(5, 3))
    one(x)  # moves the running means
    two.load_state_dict(one.state_dict())
    one.eval(), two.eval()
    np.testing.assert_array_equal(one(x).detach().numpy(), two(x).detach().numpy())
    one.save_weights(tmp_path / "w.npz")
    three = Model().eval()
    three.load_weights(tmp_path / "w.npz")
    np.testing.assert_array_equal(one(x).detach().numpy(), three(x).detach().numpy())
    assert [p.name for p in tmp_path.iterdir()] == ["w.npz"]


def test_state_mismatches_are_listed_and_nothing_changes():
    model = Model()
    before = model.state_dict()
    state = model.state_dict()
    state["more"] = nt.ones(1)
    state["first.bias"] = nt.ones(5)
    state["rest.0.weight"] = nt.ones((4, 4), dtype=nt.float64)
    del state["scale"]
    state["first.weight"] = nt.zeros((4, 3))
    with pytest.raises(ValueError) as error:
        model.load_state_dict(state)
    for part in (
        "more is unknown",
        "first.bias has shape (5,), expected (4,)",
        "rest.0.weight has dtype",
        "scale is missing",
    ):
        assert part in str(error.value)
    for name, t in model.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[name].numpy())
    model.load_state_dict({"scale": nt.zeros(1), "more": nt.ones(1)}, strict=False)
    assert model.scale.item() == 0


def test_train_eval_freeze_apply_astype():
    model = Model()
    assert all(m.training for _, m in model.named_modules())
    model.eval()
    assert not any(m.training for _, m in model.named_modules())
    model.freeze()
    assert not any(p.requires_grad for p in model.parameters())
    assert len(model.parameters()) == 7  # they stay parameters
    model.freeze(False)
    assert all(p.requires_grad for p in model.parameters())
    seen = []
    assert model.apply(seen.append) is model
    assert len(seen) == 5
    model.astype(nt.float64)
    assert {t.dtype for t in model.state_dict().values()} == {nt.float64}
    assert model(nt.ones((2, 3), dtype=nt.float64)).dtype == nt.float64
    with pytest.raises(TypeError, match="int64"):
        model.astype(nt.int64)


def test_a_replaced_parameter_stays_one():
    layer = nn.Linear(2, 2)
    layer.weight = nt.tensor([[1.0, 2.0]], requires_grad=True)
    layer.bias = None
    assert [n for n, _ in layer.named_parameters()] == ["weight"]


def test_forward_is_missing():
    with pytest.raises(NotImplementedError, match="Empty"):
        type("Empty", (nn.Module,), {})()(1)


def test_sequential():
    model = nn.Sequential(nn.Linear(2, 3), nt.relu, nn.Linear(3, 1))
    assert len(model) == 3
    assert model[1] is nt.relu
    assert model(nt.ones((4, 2))).shape == (4, 1)
    with pytest.raises(TypeError, match=r"layers\[1\]: a int"):
        nn.Sequential(nn.Linear(2, 3), 5)


def test_dropout():
    nt.random.seed(0)
    x = nt.ones(10_000)
    y = F.dropout(x, 0.2).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1.25)}
    assert abs(y.mean() - 1) < 0.02
    assert F.dropout(x, 0.2, training=False) is x
    np.testing.assert_array_equal(F.dropout(x, 1.0).numpy(), np.zeros(10_000))
    with pytest.raises(ValueError, match="p: 1.5"):
        nn.Dropout(1.5)


# ---- initial values ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(200, 100), (50, 30, 3, 3)])
def test_initial_variances(shape):
    nt.random.seed(1)
    kernel = int(np.prod(shape[2:]))
    inputs, outputs = shape[1] * kernel, shape[0] * kernel
    expected = {
        "xavier_uniform_": 2 / (inputs + outputs),
        "xavier_normal_": 2 / (inputs + outputs),
        "kaiming_uniform_": 2 / inputs,
        "kaiming_normal_": 2 / inputs,
    }
    for name, variance in expected.items():
        x = getattr(nn.init, name)(nt.empty(shape)).numpy()
        assert abs(x.mean()) < 0.1 * np.sqrt(variance)
        assert x.var() == pytest.approx(variance, rel=0.05)
    x = nn.init.kaiming_normal_(nt.empty(shape), mode="fan_out", nonlinearity="linear").numpy()
    assert x.var() == pytest.approx(1 / outputs, rel=0.05)


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 2, 2)])
def test_orthogonal(shape):
    q = nn.init.orthogonal_(nt.empty(shape), gain=2.0).numpy().reshape(shape[0], -1)
    product = q @ q.T if shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_truncated_normal():
    x = nn.init.trunc_normal_(nt.empty(5000), 1.0, 2.0, 0.0, 3.0).numpy()
    assert x.min() >= 0
    assert x.max() <= 3
    with pytest.raises(ValueError, match="low, high"):
        nn.init.trunc_normal_(nt.empty(3), low=50.0, high=51.0)


def test_refused_initial_values():
    with pytest.raises(ValueError, match="at least two axes"):
        nn.init.xavier_normal_(nt.empty(3))
    with pytest.raises(ValueError, match="nonlinearity: 'swish'"):
        nn.init.kaiming_normal_(nt.empty((3, 3)), nonlinearity="swish")
    with pytest.raises(ValueError, match="mode: 'fan'"):
        nn.init.kaiming_uniform_(nt.empty((3, 3)), mode="fan")


# ---- losses ------------------------------------------------------------------------------------


def value_and_gradient(f, x):
    leaf = nt.tensor(x, dtype=nt.float64, requires_grad=True)
    y = f(leaf)
    y.backward()
    return y.item(), leaf.grad.numpy()


def test_losses_at_extremes():
    big = 1e300
    value, g = value_and_gradient(
        lambda x: F.cross_entropy(x, nt.tensor([0, 1])), [[big, -big], [1e4, -1e4]]
    )
    assert value == 1e4
    np.testing.assert_array_equal(g, [[0, 0], [0.5, -0.5]])
    value, g = value_and_gradient(
        lambda x: F.binary_cross_entropy_with_logits(x, nt.asarray([1.0, 0.0, 1.0, 0.0])),
        [1e5, -1e5, -1e5, 1e5],
    )
    assert value == 5e4
    np.testing.assert_array_equal(g, [0, 0, -0.25, 0.25])
    value, g = value_and_gradient(
        lambda x: F.binary_cross_entropy_with_logits(x, nt.asarray([1.0])), [40.0]
    )
    assert value == pytest.approx(np.exp(-40.0), rel=1e-12)
    value, g = value_and_gradient(lambda x: F.huber(x, nt.asarray([0.0])), [1e200])
    assert value == pytest.approx(1e200)
    np.testing.assert_array_equal(g, [1])
    value, g = value_and_gradient(
        lambda x: F.kl_div(nt.log_softmax(x), nt.asarray([[1.0, 0.0]])), [[1000.0, -1000.0]]
    )
    assert value == 0
    assert np.isfinite(g).all()
    value, g = value_and_gradient(
        lambda x: F.cross_entropy(x, nt.asarray([[1.0, 0.0]])), [[0.0, -np.inf]]
    )
    assert value == 0


def test_hinge():
    x, t = np.array([0.5, -2.0, 3.0]), np.array([1, 1, -1])
    want = np.maximum(0, 1 - t * x)
    y = F.hinge(nt.asarray(x), nt.asarray(t), reduction="none")
    np.testing.assert_array_equal(y.numpy(), want)


def test_ignored_rows_may_be_anything():
    scores = nt.tensor([[np.nan, 0.0], [0.0, 0.0]], dtype=nt.float64, requires_grad=True)
    loss = F.cross_entropy(scores, nt.tensor([-1, 1]), ignore_index=-1)
    assert loss.item() == pytest.approx(np.log(2))


A, B = nt.ones((2, 3)), nt.zeros((2, 3))
REFUSED = [
    (lambda: F.mse(A, nt.ones((3, 2))), ValueError, r"target of shape \(3, 2\)"),
    (lambda: F.l1(A, A, reduction="avg"), ValueError, "reduction: 'avg', expected one of"),
    (lambda: F.mse(nt.ones((0, 3)), nt.ones((0, 3))), ValueError, "empty batch"),
    (lambda: F.huber(A, B, delta=0.0), ValueError, "delta: 0.0"),
    (lambda: F.hinge(A, B), ValueError, "neither -1 nor 1"),
    (lambda: F.binary_cross_entropy_with_logits(A, 2 * A), ValueError, "from 0 to 1"),
    (lambda: F.binary_cross_entropy_with_logits(A, A * nt.nan), ValueError, "from 0 to 1"),
    (lambda: F.cross_entropy(A, nt.tensor([0, 3])), IndexError, "3"),
    (lambda: F.cross_entropy(A, nt.tensor([0, -4]), ignore_index=9), IndexError, "label -4"),
    (lambda: F.cross_entropy(A, nt.tensor([0, -1])), IndexError, "label -1 is out of range"),
    (lambda: F.cross_entropy(A, nt.tensor([0, 1]), weight=[1.0]), ValueError, "weight of shape"),
    (lambda: F.cross_entropy(A, nt.tensor([0, 1]), ignore_index="a"), TypeError, "ignore_index"),
    (lambda: F.huber(A, B, delta="a"), TypeError, "delta: 'a', expected a number"),
    (lambda: F.mse(A, nt.ones((2, 3), dtype=nt.int64)), TypeError, "target of dtype int64"),
    (
        lambda: F.binary_cross_entropy_with_logits(A, B, positive_weight=nt.ones(2)),
        ValueError,
        "positive_weight of shape",
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(A, B, positive_weight=-1.0),
        ValueError,
        "positive_weight below 0",
    ),
    (lambda: nn.Linear(3, 2)(nt.tensor([1, 2, 3])), TypeError, "x of dtype int64"),
    (lambda: nn.Embedding(3, 2)(nt.tensor([-1])), IndexError, "index -1 is out of range for 3"),
    (lambda: nn.Embedding(3, 2)(nt.tensor([0.5])), TypeError, "expected integers"),
    (lambda: nn.RMSNorm(4)(A), ValueError, "RMSNorm: x of shape"),
    (lambda: nn.GroupNorm(2, 4)(A), ValueError, "GroupNorm: x of shape"),
    (lambda: nn.LayerNorm(()), ValueError, "at least one axis"),
    (lambda: nn.init.normal_(3), TypeError, "x: a int"),
    (lambda: nn.init.xavier_uniform_(3), TypeError, "x: a int"),
    (lambda: nn.ReLU(True), TypeError, "ReLU: given 1 arguments, takes none"),
    (lambda: nn.Flatten(start_dim=0), TypeError, "Flatten: given 1 arguments"),
    (lambda: nn.LeakyReLU("a"), TypeError, "slope: 'a', expected a number"),
    (lambda: nn.Dropout()(nt.tensor([1, 2])), TypeError, "x of dtype int64"),
    (lambda: nn.Linear(2, 2).save_weights("/none/a"), FileNotFoundError, "path: /none/a"),
    (lambda: nn.Linear(2, 2).load_state_dict(3), TypeError, "state: a int"),
    (lambda: nn.Linear(2, 2).apply(3), TypeError, "function: a int"),
    (lambda: F.cross_entropy(A, nt.tensor([0])), ValueError, "target of shape"),
    (lambda: F.cross_entropy(A, nt.tensor([0, 1]), weight=nt.ones(2)), ValueError, "weight"),
    (lambda: F.cross_entropy(A, nt.tensor([0, 1]), label_smoothing=2), ValueError, "smoothing"),
    (lambda: F.cross_entropy(A, B, ignore_index=0), ValueError, "ignore_index"),
    (
        lambda: F.cross_entropy(A, nt.tensor([1, 1]), ignore_index=1),
        ValueError,
        "all is ignored",
    ),
    (lambda: F.nll(A, nt.tensor([True, False])), TypeError, "bool"),
    (lambda: F.kl_div(A, -A), ValueError, "negative"),
    (lambda: F.kl_div(A, A, reduction="median"), ValueError, "reduction: 'median'"),
    (lambda: F.linear(A, nt.ones((4, 2))), ValueError, "linear: x of shape"),
    (lambda: nn.Linear(0, 2), ValueError, "inputs: 0"),
    (lambda: nn.Linear(2.5, 2), TypeError, "inputs: 2.5"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "groups: 2"),
    (lambda: nn.GroupNorm(2, 3), ValueError, "groups: 2"),
    (lambda: nn.BatchNorm2d(3)(nt.ones((2, 3))), ValueError, "BatchNorm2d: x of shape"),
    (lambda: nn.BatchNorm1d(3)(nt.ones((1, 3))), ValueError, "1 values a channel"),
    (lambda: nn.LayerNorm((2, 4))(A), ValueError, "to end in"),
    (lambda: nn.MultiHeadAttention(6, 4), ValueError, "heads: 4"),
    (lambda: nn.MultiHeadAttention(6, 2)(A), ValueError, "query: shape"),
    (lambda: nn.TransformerEncoderLayer(4, 2, activation="tanh"), ValueError, "activation"),
    (lambda: nn.LSTM(3, 4)(nt.ones((2, 0, 3))), ValueError, "at least one step"),
    (lambda: nn.GRU(3, 4)(nt.ones((2, 5, 3)), nt.ones((1, 1, 4))), ValueError, "state of shapes"),
    (lambda: F.one_hot(nt.tensor([5]), 3), IndexError, "index 5"),
    (
        lambda: F.scaled_dot_product_attention(A, nt.ones((2, 4)), A),
        ValueError,
        "query, key and value",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_is_no_tensor_is_refused_and_what_is_like_one_taken():
    layers = [
        nn.Linear(2, 3), nn.Conv1d(2, 3, 1), nn.Conv2d(2, 3, 1), nn.ConvTranspose2d(2, 3, 1),
        nn.MaxPool2d(1), nn.AvgPool2d(1), nn.AdaptiveAvgPool2d(1), nn.BatchNorm1d(2),
        nn.LayerNorm(2), nn.RMSNorm(2), nn.GroupNorm(1, 2), nn.Dropout(), nn.Embedding(3, 2),
        nn.RNN(2, 3), nn.LSTM(2, 3), nn.GRU(2, 3), nn.MultiHeadAttention(2, 1), nn.Flatten(),
        nn.ELU(), nn.TransformerEncoderLayer(2, 1, 2), nn.LeakyReLU(), nn.SiLU(),
    ]  # fmt: skip
    for layer in layers:
        for wrong in (None, "abc", object()):
            with pytest.raises(TypeError):
                layer(wrong)
    losses = [F.mse, F.l1, F.huber, F.hinge, F.nll, F.cross_entropy, F.kl_div]
    for loss in losses:
        with pytest.raises(TypeError, match=f"{loss.__name__}: target is of type NoneType"):
            loss(nt.ones((2, 2)), None)
    with pytest.raises(TypeError, match="LSTM: state is of type Tensor, expected a pair"):
        nn.LSTM(2, 3)(nt.ones((1, 1, 2)), nt.ones((2, 1, 3)))
    assert F.mse([1.0, 2.0], np.array([1.0, 4.0], np.float32)).item() == 2
    assert nn.Linear(2, 3)([[1.0, 2.0]]).shape == (1, 3)
    assert nn.GRU(2, 3)(np.ones((1, 4, 2), np.float32))[0].shape == (1, 4, 3)
