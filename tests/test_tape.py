"""Recording and walking back: backward, accumulation, modes, in-place changes, long chains."""

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FULL, examples, seeds

import ndtape as nt


def leaf(*values):
    return nt.tensor(values if len(values) > 1 else values[0], dtype=nt.float64, requires_grad=True)


def test_backward_of_a_scalar():
    x = leaf(1.0, 2.0)
    y = nt.sum(x * x)
    assert y.requires_grad
    assert not y.is_leaf
    assert x.is_leaf
    assert y.backward() is None
    assert x.grad.tolist() == [2, 4]
    assert not x.grad.requires_grad
    assert y.grad is None


def test_backward_accumulates():
    x = leaf(1.0, 2.0)
    for count in (1, 2, 3):
        nt.sum(x * 3).backward()
        assert x.grad.tolist() == [3 * count] * 2
    x.grad = None
    assert x.grad is None
    nt.sum(x).backward()
    assert x.grad.tolist() == [1, 1]


def test_an_accumulated_gradient_is_not_changed_behind_ones_back():
    x = leaf(1.0, 2.0)
    nt.sum(x * 3).backward()
    first = x.grad
    kept = first.tolist()
    seed = nt.ones(2, dtype=nt.float64)
    (x * 1).backward(seed)
    assert seed.tolist() == [1, 1]
    assert x.grad.tolist() == [4, 4]
    assert first.tolist() in (kept, [4, 4])
    y = leaf(1.0)
    seed = nt.tensor(5.0, dtype=nt.float64)
    z = y + 0
    z.backward(seed)
    y.grad[...] = 0
    assert seed.item() == 5, "a seed and a gradient share memory"


def test_setting_grad():
    x = leaf(1.0, 2.0)
    x.grad = nt.tensor([5.0, 6.0], dtype=nt.float64)
    nt.sum(x).backward()
    assert x.grad.tolist() == [6, 7]
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)|\(2,\).*\(3,\)"):
        x.grad = nt.zeros(3, dtype=nt.float64)
    with pytest.raises(TypeError, match="float32"):
        x.grad = nt.zeros(2)
    with pytest.raises(TypeError):
        x.grad = 1.0


def test_a_given_gradient():
    x = leaf(1.0, 2.0)
    y = x * x
    y.backward(nt.tensor([10.0, 100.0], dtype=nt.float64))
    assert x.grad.tolist() == [20, 400]
    with pytest.raises((ValueError, nt.TapeError), match=r"\(2,\)|one element|gradient"):
        (x * x).backward()
    with pytest.raises(ValueError, match=r"\(3,\)"):
        (x * x).backward(nt.zeros(3, dtype=nt.float64))


def test_one_element_of_any_shape_needs_no_gradient():
    for shape in ((), (1,), (1, 1)):
        x = nt.ones(shape, dtype=nt.float64)
        x.requires_grad = True
        (x * 3).backward()
        assert x.grad.shape == shape
        assert x.grad.item() == 3


def test_retain_graph():
    x = leaf(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 18
    with pytest.raises(nt.TapeError, match="retain_graph"):
        y.backward()


def test_a_part_of_a_freed_graph():
    x = leaf(3.0)
    y = nt.exp(x)
    z, w = y * 2, y * 3
    z.backward()
    with pytest.raises(nt.TapeError):
        w.backward()
    assert x.grad.item() == pytest.approx(2 * np.exp(3))


@pytest.mark.parametrize("by", ["backward", "gradients"])
def test_the_error_of_a_freed_graph_says_where(by):
    """Operator, shapes, and the lines outside of the package that recorded and that freed it."""
    x = leaf(1.0, 2.0)
    y = nt.exp(x)
    total = nt.sum(y * x)
    if by == "backward":
        total.backward()
    else:
        nt.autograd.grad(total, x)
    for _ in range(2):
        with pytest.raises(nt.TapeError) as caught:
            nt.sum(y).backward()
        message = str(caught.value)
        assert message.startswith(f"exp, recorded at {__file__}:")
        assert "(2,)" in message
        assert "the backward at" in message
        assert f"{__file__}:" in message
        assert "in test_the_error_of_a_freed_graph_says_where" in message
    with pytest.raises(nt.TapeError, match=r"result of exp, .*, of shape \(2,\), was freed by"):
        y.register_hook(print)


@pytest.mark.parametrize(
    "lay_out",
    [
        np.asfortranarray,
        lambda a: np.repeat(np.repeat(a, 3, 0), 2, 1)[::3, ::2],
        lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        lambda a: np.pad(a, ((0, 0), (1, 2)))[:, 1:-2],
        lambda a: np.asfortranarray(np.pad(a, 1))[1:-1, 1:-1],
    ],
    ids=["columns", "steps", "reversed", "gaps", "columns and gaps"],
)
def test_views_of_memory_that_is_not_row_major(lay_out):
    """Changes of views, and views after changes, of a base with any strides."""

    def run(t, other, lay_out):
        base = nt.asarray(lay_out(np.full((3, 4), 0.5)))
        before = base[1]
        base += t
        part = base[::2, 1:]
        part *= other[::2, 1:]
        base.T[2] += nt.sum(before) * other[:, 0]
        across = base.T[::-1]
        base[0] = base[1] * t[2]
        return nt.sum(nt.sin(base)) + nt.sum(nt.square(part)) + nt.sum(across[1] * before[0])

    def twin(t, other, lay_out):
        return run(t, other, lambda a: a.copy())

    rng = np.random.default_rng(0)
    arrays = tuple(nt.asarray(rng.uniform(0.5, 1.5, (3, 4))) for _ in range(2))
    found = nt.grad(lambda *v: run(*v, lay_out), (0, 1))(*arrays)
    want = nt.grad(lambda *v: twin(*v, lay_out), (0, 1))(*arrays)
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)
    nt.testing.gradgradcheck(lambda *v: run(*v, lay_out), arrays)


def test_a_base_that_names_an_element_twice():
    """Which of the two an element of a view is, nothing could say."""
    x = leaf(1.0, 2.0)
    base = nt.broadcast_to(nt.zeros(2, dtype=nt.float64), (3, 2)).detach()
    with pytest.raises(nt.TapeError, match=r"\+=: .*shape \(3, 2\) and strides \(0, 1\)"):
        base[0] += x
    assert base.tolist() == [[0, 0]] * 3


def test_create_graph():
    x = leaf(2.0)
    y = x**3
    y.backward(create_graph=True)
    g = x.grad
    assert g.requires_grad
    assert g.item() == 12
    x.grad = None
    g.backward()
    assert x.grad.item() == 12
    third = nt.grad(nt.grad(nt.grad(lambda v: v**5)))(leaf(2.0))
    assert third.item() == 240


def test_no_grad_and_enable_grad():
    x = leaf(2.0)
    with nt.no_grad():
        assert not (x * 2).requires_grad
        with nt.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad

    @nt.no_grad()
    def f(v):
        return v * 2

    assert not f(x).requires_grad
    with pytest.raises(ZeroDivisionError), nt.no_grad():
        1 / 0
    assert (x * 2).requires_grad


def test_detach():
    x = leaf(2.0)
    y = x * x
    d = y.detach()
    assert not d.requires_grad
    (y * d).backward()
    assert x.grad.item() == 16
    d2 = x.detach()
    d2[...] = 7
    assert x.item() == 7


def test_what_does_not_record():
    plain = nt.tensor(1.0)
    with pytest.raises(nt.TapeError):
        plain.backward()
    with pytest.raises(nt.TapeError):
        (plain * 2).backward()
    x = leaf(1.0)
    with pytest.raises(nt.TapeError):
        (x * 2).requires_grad = False


def test_a_leaf_alone():
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1


def test_shared_subexpressions():
    """2^40 paths cost 40 steps."""
    x = leaf(1.0)
    y = x
    for _ in range(40):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**40


def test_many_leaves():
    leaves = [leaf(float(i)) for i in range(1_000_000 if FULL else 20_000)]
    nt.sum(nt.stack(leaves)).backward()
    assert all(v.grad.item() == 1 for v in leaves)


@pytest.mark.parametrize("length", [100_000, 1_000_000])
def test_long_chains(length):
    """Neither walking nor freeing recurses."""
    x = leaf(1.0)
    y = x
    for _ in range(length):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1
    y = x
    for _ in range(length):
        y = y * 1.0
    del y
    gc.collect()


def test_a_long_chain_of_views():
    x = leaf(*range(8))
    y = x
    for _ in range(20_000):
        y = y[::-1]
    nt.sum(y * x).backward()
    assert x.grad.tolist() == [2.0 * i for i in range(8)]
    del y


def test_a_long_chain_of_in_place_changes():
    x = leaf(1.0, 2.0)
    y = x * 1
    for _ in range(20_000):
        y += 1
    nt.sum(y * y).backward()
    assert x.grad.tolist() == [2 * 20_001, 2 * 20_002]


# ---- in place --------------------------------------------------------------------------------


def test_a_leaf_that_records_cannot_be_changed():
    x = leaf(1.0, 2.0)
    view = x[0]
    for change in (
        lambda: x.__iadd__(1),
        lambda: x.__setitem__(0, 1.0),
        lambda: view.__imul__(2),
        lambda: x.T.__setitem__(..., 0.0),
    ):
        with pytest.raises(nt.TapeError, match="leaf"):
            change()
    assert x.tolist() == [1, 2]
    with nt.no_grad():
        x -= 0.5
        x[0] = 9
    assert x.tolist() == [9, 1.5]
    assert x.is_leaf


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x,
        nt.exp,
        nt.tanh,
        nt.sigmoid,
        nt.sqrt,
        lambda x: 1 / x,
        lambda x: x**3,
        lambda x: x @ x,
        nt.log,
        nt.sin,
        lambda x: nt.logsumexp(x, axis=0),
    ],
)
@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("which", ["input", "result", "both"])
def test_derivatives_are_of_the_values_as_they_were(function, which, recorded):
    """Whether the input or the result was kept, changing it before backward changes nothing."""

    def both_orders(change):
        x = leaf(1.0, 2.0)
        y = x * 1.0
        z = function(y)
        loss = nt.sum(z * z)
        if change:
            with nt.enable_grad() if recorded else nt.no_grad():
                for kept in {"input": [y], "result": [z], "both": [y, z]}[which]:
                    kept *= 5.0
                    kept[...] = 7.0
        (first,) = nt.autograd.grad(loss, x, create_graph=True)
        (second,) = nt.autograd.grad(nt.sum(first * first), x)
        return first.tolist(), second.tolist()

    assert both_orders(True) == both_orders(False)


def test_changing_what_was_not_saved_is_fine():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y + 1
    w = y * 2.0 - y / 4.0
    with nt.no_grad():
        y[...] = 100
    nt.sum(z + w).backward()
    assert x.grad.tolist() == [2.75, 2.75]


def test_changes_through_views_do_not_reach_kept_values():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    z = nt.sum(y * y)
    with nt.no_grad():
        y[1:][0] = 7
        y[nt.asarray([0, 2])] = 9.0
        y[y > 8] = 8.0
    z.backward()
    assert x.grad.tolist() == [2, 4, 6]


def test_changes_through_numpy_views_of_one_array():
    """Two tensors on parts of one array have a storage each."""
    memory = np.array([1.0, 2.0, 3.0])
    a, b = nt.asarray(memory), nt.asarray(memory[1:])
    x = leaf(1.0, 1.0, 1.0)
    y = nt.sum(x * a)
    b += 5
    y.backward()
    assert x.grad.tolist() == [1, 2, 3]
    assert memory.tolist() == [1, 7, 8]


def test_an_update_from_its_own_past():
    x = leaf(1.0, 2.0)
    y = x * 1
    y[0] = y[1] * y[1]
    y *= y
    y **= y[1]
    nt.sum(y).backward()
    want = nt.grad(lambda v: v[1] ** (4 * v[1] ** 2) + v[1] ** (2 * v[1] ** 2))(x.detach())
    np.testing.assert_allclose(x.grad.numpy(), want.numpy(), rtol=1e-12)


def test_a_recurrence_in_a_buffer():
    """Each step reads what the step before wrote, and keeps it: nothing is copied."""
    x = leaf(1.001)
    rows = nt.zeros((2000, 64), dtype=nt.float64)
    rows[0] = 1.0
    for i in range(1, 2000):
        rows[i] = rows[i - 1] * x
    nt.sum(rows).backward()
    want = 64 * sum(i * 1.001 ** (i - 1) for i in range(2000))
    assert x.grad.item() == pytest.approx(want)


def test_updates_after_backward_copy_nothing():
    """A change copies only what is kept, and backward lets go of that."""
    w = nt.tensor(np.ones(1 << 20), requires_grad=True)
    optimizer = nt.optim.SGD([w], 0.1)

    def count():
        stats = nt.memory.stats()
        return stats["hits"] + stats["misses"]

    def allocated_by(change):
        before = count()
        change()
        return count() - before

    loss = nt.sum(w * w)
    loss.backward()
    assert allocated_by(optimizer.step) == 0
    kept = nt.sum(w * w)
    assert allocated_by(optimizer.step) == 1
    assert allocated_by(optimizer.step) == 0
    kept.backward()


def test_views_see_changes_of_their_base():
    x = leaf(1.0, 2.0, 3.0)
    base = x * 1
    view = base[1:]
    base *= 10
    nt.sum(view * view).backward()
    assert view.tolist() == [20, 30]
    assert x.grad.tolist() == [0, 2 * 20 * 10, 2 * 30 * 10]


def test_bases_see_changes_of_their_views():
    x = leaf(1.0, 2.0, 3.0)
    base = x * 1
    view = base[1:]
    view *= x[:2]
    nt.sum(base * base).backward()
    # base = (x0, x1 x0, x2 x1)
    assert base.tolist() == [1, 2, 6]
    assert x.grad.tolist() == [2 + 2 * 2 * 2, 2 * 2 * 1 + 2 * 6 * 3, 2 * 6 * 2]


def test_sibling_views_see_each_other():
    x = leaf(1.0, 2.0, 3.0)
    base = x * 1
    a, b = base[:2], base[1:]
    a *= 5
    nt.sum(b).backward()
    assert b.tolist() == [10, 3]
    assert x.grad.tolist() == [0, 5, 1]


def test_views_of_constants_take_recorded_values():
    """Writing something that records into a buffer makes the buffer and its views record."""
    x = leaf(1.0, 2.0)
    buffer = nt.zeros(4, dtype=nt.float64)
    view = buffer[1:3]
    view[...] = x * x
    assert buffer.requires_grad
    nt.sum(buffer * nt.tensor([1.0, 10.0, 100.0, 1000.0], dtype=nt.float64)).backward()
    assert x.grad.tolist() == [20, 400]


def test_filling_a_buffer_row_by_row():
    x = leaf(0.5)
    rows = nt.zeros((4, 2), dtype=nt.float64)
    state = x
    for i in range(4):
        state = state * x
        rows[i] = state
    nt.sum(rows).backward()
    want = 2 * sum(k * 0.5 ** (k - 1) for k in range(2, 6))
    assert x.grad.item() == pytest.approx(want)


def test_overwriting_forgets():
    x = leaf(1.0, 2.0)
    y = x * x
    y[...] = 3.0
    (nt.sum(y) + nt.sum(x)).backward()
    assert x.grad.tolist() == [1, 1]


def test_in_place_through_reshape_and_transpose():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    y = (x * 1).reshape(2, 2)
    y.T[0] *= 10
    nt.sum(y * y).backward()
    assert x.grad.tolist() == [200, 4, 600, 8]


@pytest.mark.parametrize("uses", [1, 2])
def test_a_view_written_to_itself(uses):
    """The view's new history is made while the assignment's node is: it must come before it."""
    x = leaf(2.0)
    y = nt.zeros(3, dtype=nt.float64)
    y[0] = x * x
    view = y[1:]
    y += x
    y[1:] = view
    total = nt.sum(y * y)
    if uses == 2:
        total = total + nt.sum(view)
    total.backward()
    assert x.grad.item() == 2 * 6 * 5 + 2 * 2 * 2 + 2 * (uses - 1)


@pytest.mark.parametrize("factor", [0, 3])
def test_a_change_of_a_view_that_was_made_unrecorded(factor):
    """The view has no history of its own, but what it lies in does."""
    x = leaf(1.0, 2.0)
    base = x * 2
    with nt.no_grad():
        view = base[:1]
    if factor == 0:
        view[...] = 0.0
    else:
        view *= factor
    (nt.sum(base) + nt.sum(view)).backward()
    assert x.grad.tolist() == [2 * 2 * factor, 2]


def test_a_view_that_was_made_unrecorded_is_assigned_as_a_constant():
    x = leaf(1.0, 2.0)
    base = x * 2
    with nt.no_grad():
        view = base[:1]
    base[:1] = view
    nt.sum(base).backward()
    assert base.tolist() == [2, 4]
    assert x.grad.tolist() == [0, 2]


def test_a_buffer_that_takes_a_leaf_is_no_leaf():
    x = nt.tensor(2.0, requires_grad=True)
    y = nt.zeros(())
    y.fill(x)
    assert not y.is_leaf
    y *= y
    y.backward()
    assert x.grad.item() == 4


def test_changes_of_one_part_are_recorded_once():
    """x[key] += y ends by assigning the view to its own place, which changes nothing."""
    x = leaf(1.0, 2.0)
    y = x * 1
    y[0] += x[1]
    assert str(nt.viz.tape(y)).count("assign") == 1
    nt.sum(y * y).backward()
    assert x.grad.tolist() == [2 * 3, 2 * 3 + 2 * 2]


def test_recorded_changes_take_no_memory_but_for_what_is_kept():
    x = leaf(*range(1000))
    y, z = x * 1, x * 1

    def allocations():
        stats = nt.memory.stats()
        return stats["hits"] + stats["misses"]

    before = allocations()
    y += z
    assert allocations() == before
    y *= z
    assert allocations() == before + 1  # for what y was
    nt.sum(y).backward()
    assert x.grad.tolist() == [4.0 * k for k in range(1000)]


def _random_program(rng, x, functional):
    """Random views, in-place changes and reads of a 3x4 buffer; or the same without any."""
    y = x * 1.0
    for _ in range(rng.integers(1, 7)):
        rows = sorted(rng.integers(0, 4, 2))
        step = int(rng.choice([1, 2, -1]))
        index = (slice(*map(int, rows)), slice(None, None, step))
        if rng.random() < 0.3:
            index = (int(rng.integers(0, 3)), slice(1, None))
        kind = rng.choice(["add", "mul", "set", "read"])
        factor = float(np.round(rng.uniform(0.5, 1.5), 2))
        source = x[index] * factor
        if kind == "read":
            y = y + nt.sum(y[index]) * 0.1 if functional else y.__iadd__(nt.sum(y[index]) * 0.1)
            continue
        if functional:
            part = y[index]
            new = {"add": part + source, "mul": part * source, "set": source}[kind]
            positions = np.zeros((3, 4))
            positions[index] = 1
            spread = nt.asarray(_scatter(index)) @ nt.reshape(new, (-1,))
            mask = nt.asarray(positions)
            y = y * (1 - mask) + nt.reshape(spread, (3, 4))
        else:
            view = y[index]
            if kind == "add":
                view += source
            elif kind == "mul":
                view *= source
            else:
                y[index] = source
    return nt.sum(nt.sin(y) * y)


def _scatter(index):
    """The matrix that puts the elements of x[index], flattened, at their places in 3x4."""
    places = np.arange(12).reshape(3, 4)[index].reshape(-1)
    matrix = np.zeros((12, places.size))
    matrix[places, np.arange(places.size)] = 1
    return matrix


@examples(120)
@given(seeds)
def test_random_programs_of_views_and_changes(seed):
    """The same gradient as a functional re-execution without views or changes."""
    x = np.random.default_rng(seed).uniform(0.5, 1.5, (3, 4))
    found = []
    for functional in (False, True):
        rng = np.random.default_rng(seed + 1)
        t = nt.tensor(x, requires_grad=True)
        value = _random_program(rng, t, functional)
        value.backward()
        found.append((value.item(), t.grad.numpy()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-10)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9, atol=1e-9)


@examples(20)
@given(st.integers(0, 30), seeds)
def test_dropping_results_in_any_order(count, seed):
    rng = np.random.default_rng(seed)
    x = leaf(1.0, 2.0)
    alive = [x]
    for _ in range(count):
        a, b = (alive[i] for i in rng.integers(0, len(alive), 2))
        alive.append(a * 0.5 + b[::-1])
        if rng.random() < 0.4 and len(alive) > 2:
            del alive[rng.integers(1, len(alive))]
    nt.sum(alive[-1]).backward()
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_of_two_leaves_share_no_memory(create_graph):
    a, b = (nt.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    nt.sum((a + b) * 2).backward(create_graph=create_graph)
    with nt.no_grad():
        a.grad += 1
    np.testing.assert_array_equal(b.grad.detach().numpy(), [2, 2])
