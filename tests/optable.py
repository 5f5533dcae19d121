"""The op table of the compiled library, in the form that the tests want."""

from typing import NamedTuple

import ndtape as nt
from ndtape import _core


class Row(NamedTuple):
    name: str
    arity: int
    types: str
    complex: bool
    domain: str
    doc: str

    @property
    def function(self):
        return getattr(nt, self.name)

    def __repr__(self):
        return self.name


ROWS = [Row(*(row[field] for field in Row._fields)) for row in _core.op_table()]
BY_NAME = {row.name: row for row in ROWS}
UNARY = [row for row in ROWS if row.arity == 1]
BINARY = [row for row in ROWS if row.arity == 2]
