"""What one site sees at the replica-symmetric saddle point: its states in −½ w·A w + B·w with B Gaussian, a penalty and priors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from theory.errors import DerivationError
from theory.piecewise import Pieces
from theory.replica.blocks import Block, block
from theory.replica.data import total
from theory.replica.elimination import factored, multiplied_out
from theory.replica.populations import Case, Population
from theory.replica.products import Gaussians, Product
from theory.replica.sample_law import part, separate
from theory.symbols import Internal


def fields(count: int) -> tuple[sp.Symbol, ...]:
    """The Gaussian fields B on the states of one site."""
    return tuple(Internal(f"B_{i + 1}", real=True) for i in range(count))


def square_of(expression: sp.Expr, w: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """``factor, centre`` of an expression that is factor (w − centre)² with a centre that is not zero; None for any other."""
    if not expression.is_polynomial(w) or sp.degree(expression, w) != 2:
        return None
    a, b, c = sp.Poly(expression, w).all_coeffs()
    return (a, -b / (2 * a)) if b != 0 and sp.expand(b**2 - 4 * a * c) == 0 else None


@dataclass(frozen=True)
class SiteLaw:
    """The states of one site of a population; ``bias`` is the mean and ``spread`` the covariance of B at given random vectors."""

    people: Population
    curvature: sp.Matrix
    bias: tuple[sp.Expr, ...]
    spread: sp.Matrix
    regime: str

    @cached_property
    def stand_ins(self) -> dict[sp.Symbol, sp.Expr]:
        """Short names, which keep closed forms short whatever is known of the conjugates by now."""
        return {}

    @cached_property
    def fields(self) -> tuple[sp.Symbol, ...]:
        return fields(len(self.people.states))

    @cached_property
    def _explicit(self) -> set[sp.Symbol]:
        """Random numbers that more than the bias depends on, or it not linearly: they are averaged last."""
        noise = self.people.noise
        held = self.people.penalty.free_symbols | self.curvature.free_symbols | self.spread.free_symbols
        curved = {t for t in noise if any(t in b.diff(t).free_symbols for b in self.bias)}
        signs = {t for t, variance in noise.items() if variance is None}
        return (held & set(noise)) | curved | signs

    @cached_property
    def _known(self) -> tuple[sp.Matrix, tuple[sp.Expr, ...], sp.Matrix]:
        """Curvature, bias and spread, or dummies in their place where no random number is averaged over them."""
        local = self._explicit

        seen: dict[tuple[sp.Expr, str], sp.Symbol] = {}

        def short(e: sp.Expr, name: str, **how) -> sp.Expr:
            if e.is_number or e.free_symbols & local:
                return e
            if (e, name) not in seen:
                seen[e, name] = sp.Dummy(name, **how)
                self.stand_ins[seen[e, name]] = e
            return seen[e, name]

        n = len(self.people.states)
        curvature, spread = sp.zeros(n, n), sp.zeros(n, n)
        for i in range(n):
            for j in range(i + 1):
                how = {"positive": True} if i == j else {"real": True}
                free = self.people.priors[i] == "ising" and i == j
                curvature[i, j] = curvature[j, i] = self.curvature[i, j] if free else short(self.curvature[i, j], "A", **how)
                spread[i, j] = spread[j, i] = short(self.spread[i, j], "B2", **how)
        bias = []
        for b in self.bias:
            inner = {t: b.diff(t) for t in self.people.noise if t in b.free_symbols and t not in local}
            rest = b.xreplace(dict.fromkeys(inner, sp.S.Zero))
            bias.append(sp.Add(short(rest, "B", real=True), *[short(c, "b", real=True) * t for t, c in inner.items()]))
        return curvature, tuple(bias), spread

    @cached_property
    def blocks(self) -> list[Block]:
        """The states in groups that do not fluctuate together."""
        curvature = self._known[0]
        variables = self.people.variables
        groups = separate(self.people.penalty, variables, lambda i, j: curvature[i, j] != 0)
        made = []
        for group in groups:
            inside, at = curvature.extract(list(group), list(group)), [self.fields[i] for i in group]
            priors = [self.people.priors[i] for i in group]
            penalty = part(self.people.penalty, group, variables)
            made.append(block(group, penalty, [variables[i] for i in group], at, inside, priors, self.regime))
        return made

    def _block(self, i: int) -> Block:
        return next(b for b in self.blocks if i in b.members)

    def mean(self, i: int) -> Product:
        """Thermal mean of a state, as a function of B."""
        found = self._block(i)
        return found.mean[found.members.index(i)]

    def variance(self, i: int, j: int) -> Product:
        """Thermal covariance of two states (over the temperature where that is zero), as a function of B."""
        found = self._block(i)
        if j not in found.members:
            return Product(sp.S.Zero)
        return found.covariance[found.members.index(i)][found.members.index(j)]

    def expectation(self, observable: sp.Expr) -> sp.Expr:
        """Expectation of a function of the states at one site."""
        for i, w in enumerate(self.people.variables):
            if (found := square_of(observable, w)) is not None and not found[1].free_symbols & set(self.people.variables):
                factor, centre = found
                thermal = sp.S.Zero if self.regime == "UNSAT" else self.average(self.variance(i, i).scaled(factor))
                return thermal + self.square(i, centre, factor)
        return sp.Add(*[self.average(p) for p in self.terms(observable)])

    def square(self, i: int, centre: sp.Expr, factor: sp.Expr = sp.S.One) -> sp.Expr:
        """Average of factor (⟨w_i⟩ − centre)², not multiplied out: it may be far smaller than its terms."""
        mean = self.mean(i)
        if len(mean.parts) > 1:
            return self.average((mean * mean).scaled(factor)) - self.average(mean.scaled(2 * factor * centre)) + self.average(
                Product(factor * centre**2)
            )
        if not mean.parts:
            return self.average(Product(factor * (mean.factor - centre) ** 2))
        ((x, pieces),) = mean.parts
        bodies, found = pieces.bodies, []
        if len(set(bodies)) == 1:
            return self.average(Product(factor * (mean.factor * bodies[0] - centre) ** 2, ((x, pieces.map(lambda _: sp.S.One)),)))
        for k, body in enumerate(bodies):
            here = Pieces(x, pieces.edges, tuple(sp.Integer(k == j) for j in range(len(bodies))))
            found.append(self.average(Product(factor * (mean.factor * body - centre) ** 2, ((x, here),))))
        return sp.Add(*found)

    def terms(self, observable: sp.Expr) -> list[Product]:
        """Terms of the thermal expectation of a function of the states."""
        found, variables = [], self.people.variables
        for term in sp.Add.make_args(multiplied_out(observable)):
            product = Product(sp.S.One)
            for inside in self.blocks:
                own = {variables[i] for i in inside.members}
                rest, held = term.as_independent(*own, as_Add=False)
                if not held.free_symbols & own:
                    continue
                term = rest
                if held.free_symbols & (set(variables) - own):
                    raise DerivationError(f"observable {observable}: {held} couples states that fluctuate apart; write products")
                product *= inside.expectation(held)
            found.append(product.scaled(term))
        return found

    def average(self, product: Product) -> sp.Expr:
        """Average over B and over the random vectors at the site."""
        return sp.Add(*[case.weight * self._given(product.subs(case.values), case) for case in self.people.cases()])

    def _given(self, product: Product, case: Case) -> sp.Expr:
        """The average with one part of each mixture."""
        _, bias, spread = self._known
        bias, spread = tuple(b.xreplace(case.values) for b in bias), spread.xreplace(case.values)
        noise, outer = case.noise, sorted(self._explicit, key=str)
        inner = [t for t in noise if t not in outer]
        covariance = {(t, t): v for t, v in noise.items() if v is not None}
        slopes = [{t: b.diff(t) for t in inner} for b in bias]
        means = {x: b.xreplace(dict.fromkeys(inner, sp.S.Zero)) for x, b in zip(self.fields, bias, strict=True)}
        for i, x in enumerate(self.fields):
            for j, y in enumerate(self.fields[: i + 1]):
                extra = [slopes[i][t] * slopes[j][t] * noise[t] for t in inner]
                covariance[y, x] = spread[i, j] + sp.Add(*extra)
            for t in inner:
                covariance[x, t] = slopes[i][t] * noise[t]
        cut = {s for _, pieces in product.parts for e in (*pieces.bodies, *pieces.edges) for s in e.free_symbols}
        gaussian = Gaussians(means, covariance, short=True)
        order = [*(t for t in inner if t in cut), *self.fields, *(t for t in inner if t not in cut)]
        radial = next((b for b in self.blocks if b.radius is not None), None)
        value = gaussian.average(product, order) if radial is None else radial.radius(product, gaussian, self.fields, inner)
        for inside in self.blocks:
            value = value.xreplace(inside.names)
        value = value.xreplace(self.stand_ins).xreplace(self.stand_ins)
        for t in outer:
            if t not in value.free_symbols:
                continue
            value = replace(self.people, noise={t: noise[t]}).mean(value)
        return value

    def sum(self, product: Product, factor: sp.Expr = sp.S.One) -> sp.Expr:
        """Sum over sites of the average; ``factor`` may hold random vectors and data of the site."""
        if product.factor == 0 or factor == 0:
            return sp.S.Zero
        return total(self.people.dim, self.average(product.scaled(factor)), self.people.index)

    def value(self, extra: sp.Expr = sp.S.Zero) -> sp.Expr:
        """Sum over sites of the logarithm of the site's integral, over β at zero temperature; and of a polynomial of the
        random vectors, which may all but cancel what grows with the field."""
        products = [p for b in self.blocks for p in (b.value if isinstance(b.value, tuple) else (b.value,))]
        growing = [p.factor for p in products if not p.parts]
        found = [self.sum(p) for p in products if p.parts]
        if growing:
            both = Product(sp.Add(*growing, extra))
            # Of several states that are coupled the factors are many, and finding them takes longer than all else.
            tidy = factored if len(self.people.states) == 1 else sp.sympify
            cases = [case.weight * tidy(self._given(both.subs(case.values), case)) for case in self.people.cases()]
            return sp.Add(*found, total(self.people.dim, sp.Add(*cases), self.people.index))
        return sp.Add(*found, self.people.total(extra))
