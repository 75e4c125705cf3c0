"""Verdicts on a replica-symmetric saddle point: the replicon from the one-step functional, the entropy of discrete states."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from theory.replica.data import total
from theory.replica.products import Product
from theory.replica.saddle_point import closed, free_energy, sample_law, site_laws
from theory.replica.verdicts import conditions, free_name, is_discrete, taken_by
from theory.special import LargestEigenvalue
from theory.symbols import beta

State = Mapping[str, Any]


@lru_cache(maxsize=8)
def splitting(count: int) -> dict[tuple[int, int], dict[tuple[int, int], sp.Expr]]:
    """How fields that split between blocks of replicas split their conjugates, at first order.

    In one step of symmetry breaking a body with effective potential F(ω) has ω = ω₀ + s, with s Gaussian of small covariance δ and
    weight exp(m F) within a block. The overlap of slopes within a block less that between blocks, ⟨F_i F_j⟩ − ⟨F_i⟩⟨F_j⟩, is
    expanded in s: {(i, j): {(k, l): coefficient of δ_kl}} in symbols F_ik for second derivatives of F; the block size m drops out.
    """
    omega, step = sp.symbols(f"x:{count}", real=True), sp.symbols(f"s:{count}", real=True)
    small, m = sp.Symbol("epsilon"), sp.Symbol("m")
    potential = sp.Function("F")(*omega)
    bend = {frozenset((i, k)): sp.Symbol(f"F_{min(i, k)}{max(i, k)}") for i in range(count) for k in range(count)}
    slopes = [sp.Symbol(f"F_{i}") for i in range(count)]
    names = {potential.diff(omega[i], omega[k]): bend[frozenset((i, k))] for i in range(count) for k in range(count)}
    names |= {potential.diff(omega[i]): slopes[i] for i in range(count)}

    def taylor(f: sp.Expr) -> sp.Expr:
        """f(ω + ε s), to first order in ε: second order terms cancel between the two averages below."""
        return f + small * sp.Add(*[f.diff(x) * d for x, d in zip(omega, step, strict=True)])

    weight = 1 + small * m * sp.Add(*[potential.diff(x) * d for x, d in zip(omega, step, strict=True)])
    shifted = [sp.expand(taylor(potential.diff(x))) for x in omega]

    def mean(f: sp.Expr) -> dict[tuple[int, int], sp.Expr]:
        """The coefficients of δ_kl in the average of f over s, to order ε²."""
        poly = sp.Poly(sp.expand(f), small, *step)
        found: dict[tuple[int, int], sp.Expr] = {}
        for powers, c in poly.terms():
            if powers[0] == 2:
                k, other = [i for i, p in enumerate(powers[1:]) for _ in range(p)]
                found[k, other] = found.get((k, other), sp.S.Zero) + c
        return found

    result = {}
    for i in range(count):
        for j in range(i, count):
            # ⟨(F_i − F̄_i)(F_j − F̄_j)⟩ with F̄ the value at s = 0; the product of the means of the differences is of order ε⁴.
            both = mean((shifted[i] - potential.diff(omega[i])) * (shifted[j] - potential.diff(omega[j])) * weight)
            result[i, j] = {key: c.xreplace(names) for key, c in both.items()}
    return result


def definitions(state: State, energy) -> dict[str, Any]:
    """The replicon eigenvalue, stable while positive, the energy, free energy or entropy at the saddle point, and what is asked of
    them."""
    found = {"replicon": replicon(state)}
    if state["regime"] == "UNSAT":
        found["ground_state_energy"] = -free_energy(state)
    elif state["regime"] == "SAT":
        found["entropy"] = free_energy(state)
    else:
        found["free_energy"] = -free_energy(state) / beta
        if is_discrete(energy):
            found["entropy"] = free_energy(state) + beta * mean_energy(state)
    taken = taken_by(energy)
    names = {name: free_name(name, taken) for name in found}
    judged = conditions(energy, names["replicon"], names.get("entropy", ""))
    values = {sp.Symbol(names[name], real=True): closed(value, state) for name, value in found.items()}
    return {"definitions": values, "conditions": judged}


def mean_energy(state: State) -> sp.Expr:
    """Of samples and penalties, at the saddle point."""
    model = state["model"]
    energy = sp.Add(*[s.total(sample_law(state, s).expectation(s.potential)) for s in model.samples])
    for law in site_laws(state):
        if law.people.penalty != 0:
            energy += total(law.people.dim, law.expectation(law.people.penalty), law.people.index)
    return energy


def replicon(state: State) -> sp.Expr:
    """One less the largest gain with which overlaps that split come back from samples and sites."""
    model = state["model"]
    count = len(model.bilinear)
    samples, sites = sp.zeros(count, count), sp.zeros(count, count)
    for s in model.samples:
        law, n = sample_law(state, s), len(s.active)
        rules = splitting(n)
        for (i, j), entry in s.covariance.items():
            if j >= n:
                continue
            for (k, l), pattern in rules[i, j].items():
                source = s.covariance[min(k, l), max(k, l)]
                for c, r in entry.factors:
                    for d, q in source.factors:
                        value = law.average(lambda f, _, p=pattern: _products(p, f.curvature))
                        samples[r, q] += (1 if i == j else 2) * s.total(c * d * value)
    for number, law in enumerate(site_laws(state)):
        n = len(law.people.states)
        rules = splitting(n)
        for r, form in enumerate(model.bilinear):
            for q, source in enumerate(model.bilinear):
                for i in range(n):
                    for j in range(n):
                        c = _both(form, number, law, i, j)
                        for (k, l), pattern in rules[min(i, j), max(i, j)].items():
                            d = (_both(source, number, law, k, l) + _both(source, number, law, l, k)) / 2
                            if c != 0 and d != 0:
                                sites[r, q] += sp.Add(*[law.sum(p, c * d) for p in _products(pattern, law.variance)])
    return 1 - largest(samples * sites)


def _both(form, number: int, law, i: int, j: int) -> sp.Expr:
    people = law.people
    return form.parts[number].coeff_monomial(people.variables[i] * people.copies[j])


def _products(pattern: sp.Expr, bend) -> list[Product]:
    """A polynomial in second derivatives, as products of a one-body problem."""
    found = []
    for term in sp.Add.make_args(pattern):
        factor, symbols = term.as_coeff_mul()
        product = Product(factor)
        for power in symbols:
            base, exponent = power.as_base_exp()
            i, j = (int(c) for c in base.name[2:])
            for _ in range(int(exponent)):
                product *= bend(i, j)
        found.append(product)
    return found


def largest(matrix: sp.Matrix) -> sp.Expr:
    """The largest eigenvalue of a matrix of non-negative gains: block by block, a number where a block has one entry."""
    count, groups = matrix.rows, [{i} for i in range(matrix.rows)]
    reach = [[bool(matrix[i, j] != 0) or i == j for j in range(count)] for i in range(count)]
    for k in range(count):
        for i in range(count):
            for j in range(count):
                reach[i][j] = reach[i][j] or (reach[i][k] and reach[k][j])
    groups = sorted({tuple(j for j in range(count) if reach[i][j] and reach[j][i]) for i in range(count)})
    values = []
    for group in groups:
        inside = matrix.extract(list(group), list(group))
        values.append(inside[0, 0] if len(group) == 1 else LargestEigenvalue(*inside))
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else LargestEigenvalue(*sp.diag(*distinct))
