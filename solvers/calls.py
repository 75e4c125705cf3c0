"""What compiled expressions call rather than write out: minima, effective potentials, averages over trees; each is found once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import sympy as sp

from solvers.effective import Cutter, CutValues, Plain, Source
from solvers.envelopes import EnvelopeValues, named, slopes_of
from solvers.joint_averages import Family, JointValues
from solvers.matrix_traces import trace_values
from solvers.peaks import SmoothValues
from solvers.proximal import proximal_point
from solvers.trees import tree_function, tree_values
from theory.averages import Bound
from theory.effective import Effective
from theory.envelope import Envelope
from theory.joint_average import JointAverage
from theory.modes import ModeValue
from theory.proximal import Proximal, X
from theory.replica.folded import Sensitivity, TreeAverage
from theory.resolvent.matrix_traces import MatrixTrace

Lower = Callable[[sp.Basic], sp.Expr]


class Calls:
    """Functions by the names under which one compiled function calls them.

    ``lower`` writes an argument for the printer, ``leaf`` gives the symbol of what is passed in, ``plain`` compiles expressions
    without averages and ``cutter`` those with averages of a number of nodes.
    """

    def __init__(self, lower: Lower, leaf: Callable[[Any], sp.Symbol], plain: Plain, cutter: Cutter, nodes: int):
        self.lower, self.leaf, self.plain, self.cutter, self.nodes = lower, leaf, plain, cutter, nodes
        self.functions: dict[str, Any] = {}
        self._names: dict[Any, str] = {}
        self._sources: dict[Any, Source] = {}
        self._families: dict[Any, Family] = {}

    def written(self, e: sp.Basic) -> sp.Expr | None:
        """The call that stands for an expression; None for what is written out."""
        if isinstance(e, Proximal):
            return self._proximal(e)
        if isinstance(e, Envelope):
            return self._envelope(e)
        if isinstance(e, Effective):
            return self._effective(e)
        if isinstance(e, MatrixTrace):
            return self._trace(e)
        if isinstance(e, JointAverage):
            return self._joint(e)
        return self._tree(e) if isinstance(e, (TreeAverage, Sensitivity)) else None

    def _named(self, key: Any, kind: str, make: Callable[[], Any]) -> Any:
        if key not in self._names:
            self._names[key] = f"_{kind}{len(self._names)}"
            self.functions[self._names[key]] = make()
        return sp.Function(self._names[key])

    def _proximal(self, e: Proximal) -> sp.Expr:
        """A call of the solver of h + χ V'(h) = ω, with the parameters of V as further arguments."""
        potential, omega, chi = e.args
        names = sorted(potential.free_symbols - {X}, key=sp.default_sort_key)

        def make() -> Any:
            written, own = named(potential, names)
            slopes = self.plain([X, *own], [written.diff(X), written.diff(X, 2)])
            return lambda *a: proximal_point(slopes, *a)

        return self._named(("proximal", potential), "proximal", make)(*map(self.lower, (omega, chi, *names)))

    def _envelope(self, e: Envelope) -> sp.Expr:
        """A derivative of what is solved for once: equal calls are made once."""
        potential, h = e.potential, e.names
        names = sorted(potential.free_symbols - set(h), key=sp.default_sort_key)

        def make() -> Any:
            written, own = named(potential, names)
            at = cache(lambda n: self.plain([*h, *own], slopes_of(written, h, n)))
            return partial(EnvelopeValues, at, len(h))

        call = self._named(("envelope", potential), "envelope", make)(*map(self.lower, (*e.omega, *e.chi, *names)))
        return sp.Function("_derivative")(call, *map(sp.Integer, e.indices))

    def _effective(self, e: Effective) -> sp.Expr:
        """The same of effective potentials; those that are cut at kinks differ by what is correlated."""
        what = (e.action, e.volume, tuple(w == 0 for w in e.args[3])) if e.kinked else (e.action,)
        parameters = tuple(sorted((e.action.free_symbols | e.observable.free_symbols) - set(e.names), key=str))
        key = (*what, parameters)
        if key not in self._sources:
            self._sources[key] = Source(e, parameters, self.plain, self.cutter)
        source, kind = self._sources[key], CutValues if e.kinked else SmoothValues
        function = self._named(("effective", *key), "effective", lambda: partial(kind, source))
        arguments = (*e.omega, *e.width, *source.parameters)
        call = function(self.leaf(("nodes",)), *map(self.lower, arguments))
        steps = [*e.indices, *(-1 - source.parameters.index(p) for p in e.by)]
        return sp.Function("_derivative")(call, sp.Integer(source.number(e.observable)), *map(sp.Integer, steps))

    def _joint(self, e: JointAverage) -> sp.Expr:
        """One of the averages with the same weight, which are all found together."""
        parameters = tuple(sorted(e.parameters, key=str))
        key = (e.weight, e.edges, e.count, parameters)
        if key not in self._families:
            self._families[key] = Family(e, parameters, self.cutter)
        family = self._families[key]
        function = self._named(("joint", *key), "joint", lambda: partial(JointValues, family))
        call = function(self.leaf(("nodes",)), *map(self.lower, (*e.means, *e.args[4], *parameters)))
        return sp.Function("_derivative")(call, sp.Integer(family.number(e)))

    def _trace(self, e: MatrixTrace) -> sp.Expr:
        """A call of the function that evaluates a trace of matrices, with numbers that broadcast and arrays as a whole."""
        values = [self.leaf(("whole", a.array)) if isinstance(a, ModeValue) else self.lower(a) for a in e.args]
        key = ("trace", e.matrix.key, e.slots, e.doubt)
        return self._named(key, "trace", lambda: partial(trace_values, e.matrix, e.slots, e.doubt))(*values)

    def _tree(self, e: TreeAverage | Sensitivity) -> sp.Expr:
        """A call of the function that averages over a tree, or of its derivative, with the number of nodes in front."""
        average, symbol = (e.average, e.symbol) if isinstance(e, Sensitivity) else (e, None)
        # What an average around it binds, and data of modes, are numbers here like any others.
        inner = sorted((a for a in average.atoms(Bound, ModeValue) if self.free(average, a)), key=sp.default_sort_key)
        given = {a: sp.Symbol(f"_given{i}", real=True) for i, a in enumerate(inner)}
        back, average = {s: a for a, s in given.items()}, average.xreplace(given)
        symbols = tree_function(average, self.nodes).symbols
        function = self._named((average, symbol), "tree", lambda: partial(tree_values, average, symbol))
        return function(self.leaf(("nodes",)), *[self.lower(back.get(s, s)) for s in symbols])

    @staticmethod
    def free(average: TreeAverage, part: sp.Expr) -> bool:
        """Whether a bound variable or an entry of data is not bound inside."""
        return part in average.free_symbols if isinstance(part, Bound) else part.indices[0] in average.free_symbols
