"""Random programs of views, in-place changes and reads, beside a functional twin.

Every step is done twice: on tensors, by views and changes of shared memory; and on values that
never change, by gathers and replacements. Values must agree after every step and gradients at the
end. No change is refused, and none reaches the values that derivatives need.

    NDTAPE_PROGRAMS=100000 python tests/inplace_programs.py
"""

import os
import sys

import numpy as np

import ndtape as nt


class Cell:
    """A piece of memory; `value` is what it holds, flat, as a function of the leaf."""

    def __init__(self, value):
        self.value = value


class View:
    """A tensor, the memory it lies in, and the numbers of its elements there."""

    def __init__(self, tensor, cell, places):
        self.tensor, self.cell, self.places = tensor, cell, places

    def read(self):
        flat = nt.take(self.cell.value, nt.asarray(self.places.reshape(-1)))
        return nt.reshape(flat, self.places.shape)

    def write(self, places, value):
        """The twin of an assignment: `value` at `places`, the rest as it was."""
        source = np.full(self.cell.value.size, -1)
        source[places.reshape(-1)] = np.arange(places.size)
        if places.size == 0:
            return
        given = nt.reshape(nt.broadcast_to(value, places.shape), (-1,))
        chosen = nt.take(given, nt.asarray(np.maximum(source, 0)))
        self.cell.value = nt.where(nt.asarray(source >= 0), chosen, self.cell.value)


class Program:
    """The state of one program. `choose(n)` gives an integer from 0 to n - 1."""

    def __init__(self, seed, choose):
        self.choose = choose
        self.rng = np.random.default_rng(seed)
        x = self.rng.uniform(0.5, 1.5, 12)
        self.leaf = nt.tensor(x, requires_grad=True)
        self.twin = nt.tensor(x, requires_grad=True)
        self.views = []
        self.total, self.twin_total = nt.sum(self.leaf), nt.sum(self.twin)
        self.add(nt.reshape(self.leaf, (3, 4)) * 1.0, self.twin * 1.0)

    def add(self, tensor, flat):
        places = np.arange(tensor.size).reshape(tensor.shape)
        self.views.append(View(tensor, Cell(flat), places))

    def pick(self):
        return self.views[self.choose(len(self.views))]

    def number(self):
        return float(np.round(self.rng.uniform(0.5, 1.2), 2))

    def index(self, shape):
        """A basic index for a shape."""
        key = []
        for length in shape:
            kind = self.choose(4)
            if kind == 0 and length > 0:
                key.append(self.choose(length))
            elif kind == 1:
                start, stop = sorted((self.choose(length + 1), self.choose(length + 1)))
                key.append(slice(start, stop))
            elif kind == 2:
                key.append(slice(None, None, (2, -1, -2)[self.choose(3)]))
            else:
                key.append(slice(None))
        return tuple(key)

    # ---- the steps -----------------------------------------------------------------------------

    def make_buffer(self):
        """New memory: constants, something of the leaf, or a combination of what is there."""
        kind = self.choose(5)
        if kind == 4:
            self.add(nt.asarray(self.laid_out((2, 3))), nt.full(6, 0.5, dtype=nt.float64))
        elif kind == 3:  # recorded, and not row-major either
            made = nt.asarray(self.laid_out((2, 2, 3)))
            made += nt.reshape(self.leaf, (2, 2, 3))
            self.add(made, self.twin + 0.5)
        elif kind == 0:
            self.add(nt.full((2, 3), 0.5, dtype=nt.float64), nt.full(6, 0.5, dtype=nt.float64))
        elif kind == 1:
            k = self.number()
            self.add(nt.reshape(self.leaf, (4, 3)) * k, self.twin * k)
        else:
            a, k = self.pick(), self.number()
            made = nt.copy(a.tensor) * k + nt.sum(a.tensor) * 0.01
            self.add(made, nt.reshape(a.read() * k + nt.sum(a.read()) * 0.01, (-1,)))

    def laid_out(self, shape):
        """Halves in memory that is not row-major: permuted axes, steps, gaps, from the end."""
        order = self.rng.permutation(len(shape))
        steps = [(1, 2, 3, -1, -2)[self.choose(5)] for _ in shape]
        lengths = [shape[axis] * abs(step) for axis, step in zip(order, steps, strict=True)]
        gaps = [self.choose(2) for _ in shape]
        wide = np.full([n + gap for n, gap in zip(lengths, gaps, strict=True)], 0.5)
        cut = wide[tuple(slice(gap, None) for gap in gaps)]
        return np.transpose(cut[tuple(slice(None, None, s) for s in steps)], np.argsort(order))

    def make_view(self):
        v = self.pick()
        kind = self.choose(7)
        if kind <= 1:
            key = self.index(v.tensor.shape)

            def make(t):
                return t[key]
        elif kind == 2:

            def make(t):
                return t.T
        elif kind == 3:
            if not v.tensor.is_contiguous():  # would be a copy
                return

            def make(t):
                return t.reshape(-1)
        elif kind == 4:
            order = tuple(int(i) for i in self.rng.permutation(v.tensor.ndim))

            def make(t):
                return t.transpose(order)
        elif kind == 5:
            if v.tensor.ndim < 2:
                return
            offset = self.choose(3) - 1

            def make(t):
                if isinstance(t, np.ndarray):
                    return np.diagonal(t, offset, -2, -1)
                return nt.linalg.diagonal(t, offset=offset)
        else:

            def make(t):
                return t[None]

        self.views.append(View(make(v.tensor), v.cell, make(v.places)))

    def value_for(self, shape):
        """What to write: a number, or a tensor from the program that broadcasts to the shape."""
        kind = self.choose(4)
        if kind == 0:
            k = self.number()
            return k, nt.tensor(k, dtype=nt.float64)
        v = self.pick()
        if kind == 1 and v.tensor.shape == shape:
            return v.tensor, v.read()  # perhaps the target itself, or what overlaps it
        if kind == 2 and len(shape) and v.tensor.size >= shape[-1]:

            def row(t):
                return nt.reshape(t, (-1,))[: shape[-1]]

            return row(v.tensor), row(v.read())
        k = self.number() * 0.3
        return nt.sum(v.tensor) * k / 10, nt.sum(v.read()) * k / 10

    def update(self):
        v = self.pick()
        op = ("__iadd__", "__isub__", "__imul__")[self.choose(3)]
        value, twin = self.value_for(v.tensor.shape)
        old = v.read()
        getattr(v.tensor, op)(value)
        new = {"__iadd__": old + twin, "__isub__": old - twin, "__imul__": old * twin}[op]
        v.write(v.places, new)

    def assign(self):
        v = self.pick()
        key = self.index(v.tensor.shape)
        value, twin = self.value_for(v.places[key].shape)
        v.tensor[key] = value
        v.write(v.places[key], twin)

    def masked(self):
        """x[mask] = v, and x[mask] *= k."""
        v = self.pick()
        mask = self.rng.random(v.tensor.shape) < 0.5
        k = self.number()
        where = v.places[mask]
        old = nt.take(v.cell.value, nt.asarray(where))
        if self.choose(2):
            v.tensor[mask] *= k
            new = old * k
        else:
            v.tensor[nt.asarray(mask)] = nt.sum(self.leaf) * 0.1 * k
            new = nt.broadcast_to(nt.sum(self.twin) * 0.1 * k, where.shape)
        v.write(where, new)

    def scattered(self):
        """x[[0, 2]] = v, an index of integers."""
        v = self.pick()
        if v.tensor.ndim == 0 or v.tensor.shape[0] == 0:
            return
        rows = self.rng.integers(0, v.tensor.shape[0], 2)
        value, twin = self.value_for(v.places[rows].shape)
        v.tensor[rows] = value
        # Of a row named twice, the second assignment stays.
        v.write(v.places[rows], twin)

    def read(self):
        v = self.pick()
        k = self.number()
        self.total = self.total + nt.sum(nt.sin(v.tensor) * k)
        self.twin_total = self.twin_total + nt.sum(nt.sin(v.read()) * k)

    STEPS = ("make_buffer", "make_view", "make_view", "update", "update", "assign", "masked")
    STEPS += ("scattered", "read")

    # ---- the checks ------------------------------------------------------------------------------

    def check_values(self):
        for v in self.views:
            np.testing.assert_allclose(
                v.tensor.detach().numpy(), v.read().detach().numpy(), rtol=1e-9, atol=1e-12
            )

    def check_gradients(self):
        for v in self.views[-3:]:
            self.total = self.total + nt.sum(nt.square(v.tensor)) * 0.1
            self.twin_total = self.twin_total + nt.sum(nt.square(v.read())) * 0.1
        self.twin_total.backward()
        self.total.backward()
        np.testing.assert_allclose(
            self.leaf.grad.numpy(), self.twin.grad.numpy(), rtol=1e-7, atol=1e-9
        )


def run(seed):
    """One program of its own seed."""
    rng = np.random.default_rng(seed)
    program = Program(seed, lambda n: int(rng.integers(n)))
    for _ in range(rng.integers(3, 16)):
        getattr(program, Program.STEPS[rng.integers(len(Program.STEPS))])()
    program.check_values()
    program.check_gradients()


def main():
    count = int(os.environ.get("NDTAPE_PROGRAMS", "1000"))
    start = int(os.environ.get("NDTAPE_FIRST_PROGRAM", "0"))
    for seed in range(start, start + count):
        try:
            run(seed)
        except BaseException:
            print(f"program {seed} is wrong", file=sys.stderr)
            raise
    print(f"{count} programs: all gradients right")


if __name__ == "__main__":
    main()
