"""Averages over several jointly Gaussian variables as single symbols, with derivatives by means and covariances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

import sympy as sp

from theory.errors import DerivationError
from theory.truncated import average


def variables(count: int) -> tuple[sp.Symbol, ...]:
    """The names in which bodies and weights are written."""
    return tuple(sp.Symbol(f"_y{i}", real=True) for i in range(count))


class JointAverage(sp.Expr):
    """⟨∂_J (f w)⟩ over Gaussian variables y: f a smooth function of the first ones, w a weight of the others.

    ``JointAverage(f, w, edges, y, means, covariance, J)``: the last ``len(edges)`` of the variables y lie between their (lower,
    upper) edges, which may depend on those of them that stand before, and carry the smooth factor w; J holds numbers of variables.
    By Price's theorem ∂⟨∂_J f w⟩/∂C_ij = ⟨∂_J ∂_i ∂_j f w⟩ (half of it for i = j). One derivative at each step is taken of f; the
    others are left to Stein's lemma, ⟨∂_J g⟩ = ⟨g He_J⟩, so that a weight may jump.
    """

    is_commutative = True
    is_real = True
    precedence = 45

    def __new__(cls, body, weight, edges, y, means, covariance, indices=()):
        names = dict(zip(y, variables(len(y)), strict=True))
        count = len(y) - len(edges)
        body, weight = sp.sympify(body).xreplace(names), sp.sympify(weight).xreplace(names)
        edges = sp.Tuple(*[sp.Tuple(*[sp.sympify(e).xreplace(names) for e in pair]) for pair in edges])
        smooth = variables(count)
        factor, body = body.as_independent(*smooth, as_Add=False)
        still = body.free_symbols.isdisjoint(smooth)
        if factor == 0 or body == 0 or (still and any(i < count for i in indices)):
            return sp.S.Zero
        if still and not edges:
            return factor * body
        order = sp.Tuple(*sorted(map(sp.Integer, indices)))
        return factor * sp.Expr.__new__(cls, body, weight, edges, sp.Tuple(*means), sp.Tuple(*covariance), order)

    @property
    def func(self):
        def made(body, weight, edges, means, covariance, indices):
            return JointAverage(body, weight, edges, variables(len(means)), means, covariance, indices)

        return made

    body = property(lambda self: self.args[0])
    weight = property(lambda self: self.args[1])
    edges = property(lambda self: self.args[2])
    means = property(lambda self: self.args[3])
    indices = property(lambda self: tuple(int(i) for i in self.args[5]))
    names = property(lambda self: variables(len(self.args[3])))
    count = property(lambda self: len(self.args[3]) - len(self.args[2]))
    """Number of the variables in which the body is smooth."""

    @property
    def covariance(self) -> sp.Matrix:
        return sp.Matrix(len(self.means), len(self.means), list(self.args[4]))

    @property
    def parameters(self) -> set[sp.Symbol]:
        """What body, weight and edges depend on besides the variables."""
        return set().union(*(a.free_symbols for a in self.args[:3])) - set(self.names)

    @cached_property
    def free_symbols(self):
        return set().union(*(a.free_symbols for a in self.args)) - set(self.names)

    def _with(self, body: sp.Expr, indices: Sequence[int] = (), weight: sp.Expr | None = None) -> sp.Expr:
        weight = self.weight if weight is None else weight
        if weight == 0:
            return sp.S.Zero
        return JointAverage(body, weight, self.edges, self.names, self.means, self.args[4], (*self.indices, *indices))

    def along(self, *by: int) -> sp.Expr:
        """The average of the derivative by variables: the first smooth one of them is taken of the body."""
        first = next((i for i in by if i < self.count), None)
        if first is None:
            return self._with(self.body, by)
        rest = list(by)
        rest.remove(first)
        return self._with(self.body.diff(self.names[first]), rest)

    def _eval_derivative(self, symbol):
        if self.edges.has(symbol):
            raise DerivationError(f"average: its weight jumps where {symbol} says; no derivative by {symbol} is taken")
        total = self._with(self.body.diff(symbol)) + self._with(self.body, (), self.weight.diff(symbol))
        covariance = self.covariance
        for i, mean in enumerate(self.means):
            if mean.has(symbol):
                total += mean.diff(symbol) * self.along(i)
            for j in range(i, len(self.means)):
                if covariance[i, j].has(symbol):
                    total += covariance[i, j].diff(symbol) * self.along(i, j) / (2 if i == j else 1)
        return total

    def moments(self, order: int) -> Iterator[tuple[tuple[int, ...], sp.Expr]]:
        """Averages of the weight times monomials of that order in the distances of its variables from their means, as functions of
        :func:`stand_ins`; each with the powers of the monomial."""
        for powers in _monomials(len(self.edges), order):
            yield powers, _moment(self.weight, self.edges, self.names[self.count :], powers)

    def _latex(self, printer, exp=None):
        shown = self._shown()
        bounds = [(x, *pair) for x, pair in zip(self.names[self.count :], self.edges, strict=True)]
        inside = [[e.xreplace(shown) for e in (low, x, high) if e.is_infinite is not True] for x, low, high in bounds]
        cuts = ["<".join(map(printer._print, e)) for e in inside]
        cuts = [c for c in cuts if "<" in c]
        slopes = "".join(rf"\partial_{{{printer._print(shown[self.names[i]])}}}" for i in self.indices)
        weight = "" if self.weight == 1 else rf"\left({printer._print(self.weight.xreplace(shown))}\right)"
        steps = rf"\mathbb{{1}}_{{{', '.join(cuts)}}}" if cuts else ""
        text = rf"\left\langle {slopes}{printer._print(self.body.xreplace(shown))} {weight}{steps}\right\rangle"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _shown(self) -> dict[sp.Symbol, sp.Symbol]:
        """Names for a reader: ω for what the body depends on, u for the others."""
        letters = [("omega", i + 1) for i in range(self.count)] + [("u", i + 1) for i in range(len(self.edges))]
        return {y: sp.Symbol(f"{letter}_{i}", real=True) for y, (letter, i) in zip(self.names, letters, strict=True)}

    def _sympystr(self, printer):
        shown = self._shown()
        rough = zip(self.names[self.count :], self.edges, strict=True)
        bounds = [(shown[x], *(e.xreplace(shown) for e in pair)) for x, pair in rough]
        cuts = [f"{low} < {x} < {high}" for x, low, high in bounds if (low, high) != (-sp.oo, sp.oo)]
        factor = [] if self.weight == 1 else [printer._print(self.weight.xreplace(shown))]
        slopes = "".join(f"d{shown[self.names[i]]} " for i in self.indices)
        return f"<{slopes}{printer._print(self.body.xreplace(shown))}{''.join(f'; {c}' for c in (*factor, *cuts))}>"


def stand_ins(count: int) -> tuple[tuple[sp.Symbol, ...], sp.Matrix]:
    """Symbols for means and covariances of some variables."""
    means = tuple(sp.Symbol(f"_w{i}", real=True) for i in range(count))
    how = {True: {"positive": True}, False: {"real": True}}
    width = sp.Matrix(count, count, lambda i, j: sp.Symbol(f"_v{min(i, j)}{max(i, j)}", **how[i == j]))
    return means, width


def _monomials(count: int, order: int) -> list[tuple[int, ...]]:
    if count == 0:
        return [()] if order == 0 else []
    if count == 1:
        return [(order,)]
    return [(p, *rest) for p in range(order, -1, -1) for rest in _monomials(count - 1, order - p)]


@lru_cache(maxsize=256)
def _moment(weight: sp.Expr, edges: sp.Tuple, names: tuple[sp.Symbol, ...], powers: tuple[int, ...]) -> sp.Expr:
    means, width = stand_ins(len(edges))
    distance = sp.Mul(*[(x - m) ** p for x, m, p in zip(names, means, powers, strict=True)])
    return _between(weight * distance, list(edges), list(names), list(means), width)


def _between(body: sp.Expr, edges: list, names: list, means: list, width: sp.Matrix) -> sp.Expr:
    """Average over variables between their edges, the first one outermost."""
    if not names:
        return body
    (x, *rest), (mean, *others), variance = names, means, width[0, 0]
    gains = [width[i, 0] / variance for i in range(1, len(names))]
    left = sp.Matrix(len(rest), len(rest), lambda i, j: width[i + 1, j + 1] - gains[i] * gains[j] * variance)
    given = [m + gain * (x - mean) for m, gain in zip(others, gains, strict=True)]
    inner = _between(body, edges[1:], rest, given, left)
    ends = [e if e.is_infinite else (e - mean) / sp.sqrt(variance) for e in edges[0]]
    return average(lambda z: inner.xreplace({x: mean + sp.sqrt(variance) * z}), *ends)
