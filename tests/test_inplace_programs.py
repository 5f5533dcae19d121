"""Random programs of views, changes in place, masks and reads: never a wrong gradient."""

import hypothesis
import inplace_programs
import pytest
from hypothesis import stateful
from hypothesis import strategies as st


class Machine(stateful.RuleBasedStateMachine):
    """The steps of inplace_programs in the order that Hypothesis likes."""

    @stateful.initialize(seed=st.integers(0, 2**32 - 1), data=st.data())
    def start(self, seed, data):
        self.program = inplace_programs.Program(seed, None)

    def step(self, name, data):
        self.program.choose = lambda n: data.draw(st.integers(0, n - 1))
        getattr(self.program, name)()

    @stateful.rule(data=st.data())
    def make_buffer(self, data):
        self.step("make_buffer", data)

    @stateful.rule(data=st.data())
    def make_view(self, data):
        self.step("make_view", data)

    @stateful.rule(data=st.data())
    def update(self, data):
        self.step("update", data)

    @stateful.rule(data=st.data())
    def assign(self, data):
        self.step("assign", data)

    @stateful.rule(data=st.data())
    def masked(self, data):
        self.step("masked", data)

    @stateful.rule(data=st.data())
    def scattered(self, data):
        self.step("scattered", data)

    @stateful.rule(data=st.data())
    def read(self, data):
        self.step("read", data)

    @stateful.invariant()
    def values_agree(self):
        if hasattr(self, "program"):
            self.program.check_values()

    def teardown(self):
        if hasattr(self, "program"):
            self.program.check_gradients()


TestMachine = Machine.TestCase
TestMachine.settings = hypothesis.settings(
    max_examples=40, stateful_step_count=12, deadline=None, derandomize=True
)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_programs_by_seed(first):
    for seed in range(first, first + 100):
        inplace_programs.run(seed)
