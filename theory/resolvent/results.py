"""The end of a deterministic equivalent: observables in closed form, and the theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from theory.averages import Average, ModeSum, mode_derivative
from theory.declaration.dimensions import Dim
from theory.declaration.observables import Contribution
from theory.declaration.vectors import Vec
from theory.equations import Theory
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.normal_form import SumName
from theory.replica.data import array_of, at_mode, plain
from theory.replica.results import parameter_of
from theory.resolvent.dyson import traced
from theory.resolvent.existence import existing
from theory.resolvent.insertions import DIAGONAL, Word
from theory.resolvent.read import Pairs
from theory.resolvent.ridges import Closed
from theory.resolvent.sums import Sums
from theory.saddle import pulled_out
from theory.uniform import constant_data

State = Mapping[str, Any]
LONGEST = 2000
"""Operations of the longest observable in which sums leave sums."""


def valued(sums: Mapping[str, Any], observe: Mapping[str, Any], diagonals: Mapping[sp.Symbol, sp.Expr]) -> dict[str, sp.Expr]:
    """Observables, with the diagonals of the matrices in them inserted."""
    found = {}
    for name, parts in sums.items():
        observable = observe[name]
        if isinstance(observable, Vec):
            value = at_mode(parts.xreplace(dict(diagonals)), ModeIndex(observable.dim.name))
        else:
            rule = {top: sp.Add(*[_total(dim, e, diagonals) for dim, e in terms]) for top, terms in parts.items()}
            value = plain(observable.xreplace(rule))
        found[name] = with_given_matrices(value)
    return found


def _total(dim: Dim, expression: sp.Expr, diagonals: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    if isinstance(expression, Word):
        return expression.xreplace(dict(diagonals)).summed()
    if isinstance(expression, Pairs):
        index, other = ModeIndex(dim.name, "k"), ModeIndex(dim.name, "l")
        matrix = ModeArray(expression.matrix.leaf.name, rank=2, real=True)
        mean = at_mode(sp.factor(expression.args[0].xreplace(dict(diagonals))), index)
        return ModeSum(mean * ModeSum(matrix[index, other] * mean.xreplace({index: other}), other), index)
    inserted = expression.xreplace(dict(diagonals))
    # A single diagonal comes factored.
    single = len(expression.free_symbols & set(diagonals)) < 2 and expression.is_Mul and not expression.atoms(sp.Add)
    return traced(dim, inserted if single else sp.factor(inserted))


def with_given_matrices(expression: sp.Expr) -> sp.Expr:
    """Diagonals of given matrices as entries of the matrices."""
    def entry(value: ModeValue) -> sp.Expr:
        matrix = ModeArray(value.array.name.removesuffix(DIAGONAL), rank=2, real=True)
        return matrix[value.indices[0], value.indices[0]]

    if not any(v.array.name.endswith(DIAGONAL) for v in expression.atoms(ModeValue)):
        return expression
    return expression.replace(lambda e: isinstance(e, ModeValue) and e.array.name.endswith(DIAGONAL), entry)


def assembled(state: State, expression) -> dict[str, Any]:
    """The theory: unknowns with the intervals that hold them, equations, forms without cancellation, parameters."""
    (reduction,), parts, ones = state["reduction"], state["closed"], dict(state["ones"])
    diagonals = {symbol: reduction.output(dyson) for symbol, dyson in state["reduced_dysons"]}
    guards, observe = state["guards"], {**expression.observe, **state["guards"]}
    named = {name: merged(v, reduction.sums) for name, v in valued(state["sums"], observe, diagonals).items()}
    equations = [pair for part in parts for pair in part.equations]
    standing = set().union(*[e.free_symbols for e in named.values()])
    definitions = {s: v for s, v in reduction.sums.meaning.items() if s in standing and _is_definition(s)}
    observables = {name: _written_out(value, reduction.sums, set(definitions)) for name, value in named.items()}
    stable = {name: reduction.sums.written_out(positive_form(value, parts)) for name, value in named.items()}
    for name, observable in expression.observe.items():
        if isinstance(observable, Contribution):
            observables[name] = _contribution(observable, _written_out(named[observable.of], reduction.sums, set()), equations)
            stable[name] = _contribution(observable, stable[observable.of], equations)

    norms, norm_equations = existing(observables, guards, reduction.grown)
    unknowns, equations = [*(u for part in parts for u in part.unknowns), *norms], [*equations, *norm_equations]

    def flat(value: sp.Expr) -> sp.Expr:
        """Without the spectra of ones, and with the given matrices of which only the diagonals were named."""
        return constant_data(with_given_matrices(sp.sympify(value)), ones)

    named_values = [*state["activations"].items(), *(pair for part in parts for pair in part.definitions.items())]
    named_values += definitions.items()
    theory = Theory(
        name=expression.name,
        unknowns=tuple(replace(u, lower=flat(u.lower), upper=flat(u.upper)) for u in unknowns),
        equations=tuple(sp.Eq(flat(e.lhs), flat(e.rhs), evaluate=False) for e, _ in equations),
        residuals=tuple(tuple(map(flat, forms)) for _, forms in equations),
        definitions={s: flat(v) for s, v in named_values},
        observables={name: flat(observables[name]) for name in expression.observe},
        stable={name: flat(value) for name, value in stable.items() if name not in guards},
        parameters=tuple(parameter_of(p) for p in expression.parameters),
        validity=expression.validity,
        references=expression.references,
    )
    return {"theory": theory, "normal_form": {sp.Symbol(n): v for n, v in named.items()}}


def merged(value: sp.Expr, sums: Sums) -> sp.Expr:
    """Differences of several sums over one resolvent as one expression in its degrees of freedom."""
    if len(sums.poles) != 1 or _holds_given(value) or not any(t.could_extract_minus_sign() for t in sp.Add.make_args(value)):
        return value
    written, names = sums.poles[0].resolvent.named(value)
    if written.atoms(ModeSum):
        return value
    return sp.factor(written.xreplace({name: sums.named_as(name, sums.poles[0]) for name in names}))


def _holds_given(expression: sp.Expr) -> bool:
    return any(v.array.rank > 1 for v in expression.atoms(ModeValue))


def _is_definition(symbol: sp.Symbol) -> bool:
    return isinstance(symbol, SumName) and symbol.rest == 1 and not symbol.falling


def _written_out(expression: sp.Expr, sums: Sums, kept: set[sp.Symbol]) -> sp.Expr:
    """Sums inside sums leave them; names that are not ``kept`` are written out."""
    inside = sorted(set(sums.meaning) & expression.free_symbols, key=str)
    apart = pulled_out(expression, inside) if expression.count_ops() < LONGEST else expression
    while names := apart.free_symbols & set(sums.meaning) - kept:
        apart = apart.xreplace({s: sums.meaning[s] for s in names})
    return apart


def positive_form(expression: sp.Expr, parts: Sequence[Closed]) -> sp.Expr:
    """An expression in names that is equal on the solutions, with differences written as sums of positive terms where possible.

    Entries of given matrices have any sign, and so have all terms.
    """
    if _holds_given(expression):
        return expression
    if isinstance(expression, Average):
        return expression.map(lambda body: positive_form(body, parts))
    if expression.is_Add and any(t.could_extract_minus_sign() for t in expression.args):
        for part in parts:
            if (positive := part.positive(expression)) is not None:
                return positive
    return expression.func(*[positive_form(a, parts) for a in expression.args]) if expression.args else expression


def _contribution(contribution: Contribution, observable: sp.Expr, equations) -> sp.Expr:
    """Source times the derivative of an observable by the source's value at one mode, which the unknowns do not feel."""
    array = array_of(contribution.source)
    dim = next(s.dimension for s in observable.atoms(ModeSum) if any(v.array == array for v in s.atoms(ModeValue)))
    if any(v.array == array for e, _ in equations for v in e.atoms(ModeValue)):
        raise DerivationError(f"contribution of {contribution.source}: the effective ridge depends on it; observe another source")
    entry = array[ModeIndex(dim)]
    return entry * mode_derivative(observable, entry)
