"""Thermal means in one draw: what stands at a site is averaged over the marginal measures that message passing found."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.local_fields import Landscape, Term, field_symbol
from solvers.monte_carlo.messages.graph import Graph, combined
from solvers.monte_carlo.messages.iteration import Messages, cavity
from solvers.monte_carlo.messages.measures import Energies, Measure, Tilt
from solvers.monte_carlo.messages.potentials import Potential
from solvers.monte_carlo.messages.reading import Single, combination, random_leaves
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.keys import canonical
from theory.declaration.scalars import QuadraticForm
from theory.declaration.sites import Dot, Leaf, Site, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, replace_tops
from theory.errors import DeclarationError


class Marginals(Realisation):
    """A draw in which vectors are their thermal means; functions of sums take the sums at theirs, as in large systems."""

    def __init__(self, draw: Realisation, graph: Graph, messages: Messages):
        super().__init__(draw.symbols, draw.arrays)
        self.graph, self.messages = graph, messages

    def vector(self, vector: Vec) -> NDArray:
        fields = _fields(vector.expr, self.graph.states)
        if vector.dim is None or not fields:
            return super().vector(vector)
        names = tuple(field_symbol(i) for i in range(len(fields)))
        term = Term(sp.S.One, vector.dim, fields, names, replace_tops(vector.expr, dict(zip(fields, names, strict=True))))
        if all(term.value.diff(a, b) == 0 for a in names for b in names):
            # Linear in the fields: their means are all that is needed.
            return super().vector(vector)
        rows = self.size(vector.dim)
        single = combination(term)
        if single is not None:
            return self._mean(single, *self._measure(single), rows)[:, None]
        return self._product(term)[:, None]

    def _measure(self, single: Single) -> tuple[Any, Tilt, NDArray, NDArray]:
        """The measure of the field of a term: that of a variable x, where the field is slope x + offset."""
        part = Landscape([single.term], self.graph.states, self).loaded[0]
        block, offset, messages = part.blocks[0], part.offsets[0], self.messages
        if block.diagonal is not None and len(part.blocks) == 1:
            place, diagonal = block.diagonal
            at = self.graph.places.index(place)
            return self.graph.sites[at], self.graph.tilts(messages.a, messages.b)[at], diagonal, offset
        matrix, offset = combined(single, part, self.graph.origin)
        for channel, omega, spread in zip(self.graph.channels, messages.omega, messages.spread, strict=True):
            if np.array_equal(matrix, channel.matrix):
                return channel.local, cavity(omega, spread), np.ones_like(omega), offset - channel.offset
        if any(map(self._met, single.term.fields)):
            names = " and ".join(map(str, single.term.fields))
            raise DeclarationError(f"observable: the law of the field {names} does not follow from messages; observe another")
        # A field of a matrix that the energy does not hold is Gaussian.
        mean, variance = matrix @ messages.mean, np.maximum(matrix**2 @ messages.variance, 1e-300)
        return Measure(Energies.zero(len(mean))), cavity(mean, variance), np.ones_like(mean), offset

    def _met(self, field: Any) -> bool:
        """Whether a field is made of a matrix that the energy holds, or of none that is drawn."""
        if not isinstance(field, Site) or not isinstance(field.node, Dot):
            return True
        drawn = set(random_leaves(field.node.matrix))
        known = {leaf for channel in self.graph.channels for f in channel.fields for leaf in leaves(f)}
        return not drawn or bool(drawn & known) or self.graph.coupling is not None

    def _mean(self, single: Single, local: Any, tilt: Tilt, slope: NDArray, offset: NDArray, rows: int) -> NDArray:
        value = Potential(single.value, single.name, self, 1.0, slope, offset)
        x, weights = local.points(tilt, value.kinks(rows))
        return (weights * value(x)).sum(axis=1)

    def _product(self, term: Term) -> NDArray:
        """The mean of the state times the field of a symmetric coupling on it."""
        site = next((f for f in term.fields if isinstance(f, Site) and isinstance(f.node, Leaf)), None)
        coupled = next((f for f in term.fields if isinstance(f, Site) and isinstance(f.node, Dot)), None)
        factor = term.value.diff(*term.names) if len(term.names) == 2 else sp.S.Zero
        bilinear = sp.expand(term.value - factor * sp.prod(term.names)) == 0
        graph, messages = self.graph, self.messages
        if site is None or coupled is None or not bilinear or graph.coupling is None:
            joined = ", ".join(map(str, term.fields))
            raise DeclarationError(f"observable: message passing does not give the joint law of {joined}; observe each by itself")
        part = Landscape([term], graph.states, self).loaded[0]
        own, field = (part.blocks[term.fields.index(f)] for f in (site, coupled))
        if own.diagonal is None or self._strange(coupled):
            raise DeclarationError(f"observable: the law of the field {coupled} does not follow from messages; observe another")
        place, diagonal = own.diagonal
        matrix, variance = field.dense(), messages.variance
        # Neighbours correlate by their coupling, to leading order.
        connected = np.diag(variance) + variance[:, None] * graph.coupling * variance
        mean = (matrix @ messages.mean) * messages.mean[place] + (matrix * connected[place]).sum(axis=1)
        weight = np.asarray(super().site(factor.xreplace(dict(zip(term.names, term.fields, strict=True)))), dtype=float).reshape(-1)
        return np.broadcast_to(weight, mean.shape) * diagonal * mean

    def _strange(self, coupled: Site) -> bool:
        return any("symmetry" not in leaf.how for leaf in random_leaves(coupled.node.matrix))  # type: ignore[union-attr]

    def _atom(self, atom: sp.Expr) -> Any:
        if isinstance(atom, QuadraticForm) and _fields(atom.expr, self.graph.states):
            return self._quadratic(atom)
        return super()._atom(atom)

    def _quadratic(self, form: QuadraticForm) -> NDArray:
        """A quadratic form of the state: that of the means, and the variances on the diagonal."""
        vector = Vec(form.matrix.cols, form.expr)
        fields = _fields(form.expr, self.graph.states)
        if any(not isinstance(f, Site) or not isinstance(f.node, Leaf) for f in fields):
            raise DeclarationError(f"observable: the law of {form} does not follow from messages; take a form of the state")
        mean, square = self.vector(vector), self.vector(vector * vector)
        spread = np.diag(self.dense(form.matrix))[:, None] * (square - mean**2)
        return (mean * self.apply(form.matrix, mean) + spread).sum(axis=0, keepdims=True)


def _fields(expression: sp.Expr, states: tuple[Leaf, ...]) -> tuple[Any, ...]:
    """The sites of an expression that depend on a state, sums over sites left out."""
    found = {top for state in states for top in dependent_sites(expression, state)}
    return tuple(sorted(found, key=lambda top: (str(top), canonical(top))))


def dependent_sites(expression: sp.Expr, state: Leaf) -> list[Site]:
    return [top for top in tops(expression) if isinstance(top, Site) and state in leaves(top)]
