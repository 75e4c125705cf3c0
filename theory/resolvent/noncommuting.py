"""Deterministic equivalents with given matrices that commute with nothing: the Dyson equation itself, in named traces.

Its unknowns are scalars, each the trace of a block of G = (L₀ − Σ)⁻¹. By elimination a block is an expression in the given matrices
with the unknowns as coefficients, such as (Γ + λ + η t)⁻¹, and so is the mean of any expression in random matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.declaration.learning import Outer
from theory.declaration.matrices import Inv, Prod, Root, Sum
from theory.declaration.matrix import Mat
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, matrices_in
from theory.derivation import Derivation, Step
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.replica.data import plain
from theory.replica.results import parameter_of
from theory.resolvent.existence import existing, norms
from theory.resolvent.insertions import ManyGiven, holds_given
from theory.resolvent.matrix_blocks import pattern_of_inverse
from theory.resolvent.matrix_pencil import MatrixDyson, MatrixPencil
from theory.resolvent.matrix_traces import MatrixTrace, trace_of
from theory.resolvent.means import MeanReader
from theory.resolvent.names import NamedTrace, Namer
from theory.resolvent.pencil import linearise
from theory.resolvent.read import Reader

State = Mapping[str, Any]


def commutes(expression) -> bool:
    """Whether everything given in an expression is one spectrum for each dimension, but for a few matrices between inverses."""
    values = tuple(v for v in expression.observe.values() if isinstance(v, (sp.Expr, Vec)))
    shifted = any(leaf.kind == "gaussian" and leaf.how["mean"] != 0 for leaf in leaves(values))
    if shifted or matrices_in(values, (Root, Outer)) or any(map(holds_given, matrices_in(values, Inv))):
        return False
    if any(leaf.kind == "deterministic" for leaf in leaves(values)):
        reader = Reader()
        try:
            for value in values:
                reader.site(value) if isinstance(value, Vec) else reader.scalar(value)
        except ManyGiven:
            return False
        except DerivationError:
            return True
    return True


def derive(expression) -> Derivation:
    """Derivation of an Expression that does not commute; ``.theory`` is its last result. DerivationError as everywhere."""
    return Derivation(f"{expression.name}: deterministic equivalent", [
        Step("expression", "Observables become traces and bilinear forms of means of expressions in the random matrices.",
             lambda s: _read(expression)),
        Step("linearisation", "Each expression is a block of the inverse of a pencil, affine in random and in given matrices.",
             lambda s: {"pencils": tuple((m, linearise(m, given_matrices=True)) for m in s["reader"][0].matrices)}),
        Step("Dyson equation", "Gaussian matrices are averaged: the self-energy is a combination of traces of blocks of the "
             "inverse. What remains zero when it is iterated from no disorder is dropped.", _dyson),
        Step("theory", "Traces without given matrices in them are eliminated; observables, parameters.",
             lambda s: {"theory": _theory(s, expression)}),
    ]).run()  # fmt: skip


def _read(expression) -> dict[str, Any]:
    reader, guards = MeanReader(), norms(expression)
    observed = {name: reader.scalar(name, value) for name, value in {**expression.observe, **guards}.items()}
    shown = {sp.Symbol(n): v for n, v in expression.observe.items()}
    return {"observables": shown, "reader": (reader,), "observed": tuple(observed.items()), "guards": guards,
            "activations": reader.equivalents.meaning}  # fmt: skip


def _dyson(state: State) -> dict[str, Any]:
    namer, equations, means = Namer(mirrored=True), {}, {}
    for matrix, pencil in state["pencils"]:
        means[matrix.key], own = averaged(MatrixDyson(MatrixPencil(pencil), namer))
        equations |= {t: e for t, e in own.items() if t not in equations}
    (reader,) = state["reader"]
    rule = {symbol: request.value(means) for symbol, request in reader.requests.items()}
    return {
        "equations": equations,
        "traces": {t: t.trace for t in equations},
        "inverses": {sp.Symbol(name): sp.Symbol(str(matrix), commutative=False) for name, matrix in namer.inverses.values()},
        "values": {sp.Symbol(name): plain(value.xreplace(rule)) for name, value in state["observed"]},
    }


def averaged(dyson: MatrixDyson) -> tuple[Mat | None, dict[NamedTrace, sp.Expr]]:
    """The mean of the expression of a pencil, None where it vanishes, and the equation of every trace in it that does not."""
    pencil = dyson.pencil
    sources = {c for _, c in (u.block for u in dyson.unknowns.values())} | set(pencil.v)
    alive: set[NamedTrace] = set()
    while True:
        places = dyson.blocks(alive, sources, pattern_of_inverse)
        found = {t for t, u in dyson.unknowns.items() if u.block in places}
        if found == alive:
            break
        alive = found
    blocks = dyson.blocks(alive, sources)
    equations = {t: trace_of(Prod(u.weight, blocks[u.block])) if u.block in blocks else sp.S.Zero
                 for t, u in dyson.unknowns.items() if t in alive}  # fmt: skip
    parts = [Prod(x, blocks[b, c], y) for b, x in pencil.u.items() for c, y in pencil.v.items() if (b, c) in blocks]
    return (Sum(*parts) if parts else None), equations


def _theory(state: State, expression) -> Theory:
    equations, definitions = _eliminated(state["equations"])
    values = {s.name: v for s, v in state["values"].items()}
    guards, roots = state["guards"], matrices_in(tuple(expression.observe.values()), Root)
    unknowns = [Unknown(t, f"trace of {t.trace.matrix}", -sp.oo, start=sp.S.Zero, grown=True) for t in equations]
    pairs = [(sp.Eq(t, value, evaluate=False), (value - t,)) for t, value in equations.items()]
    more, norm_pairs = existing(values, guards, grown=True)
    pairs += norm_pairs
    return Theory(
        name=expression.name,
        unknowns=(*unknowns, *more),
        equations=tuple(e for e, _ in pairs),
        residuals=tuple(forms for _, forms in pairs),
        definitions={**state["activations"], **definitions},
        observables={name: values[name] for name in expression.observe},
        stable={},
        parameters=tuple(parameter_of(p) for p in expression.parameters),
        validity=expression.validity,
        references=expression.references,
        semidefinite=tuple(p.name for p in expression.parameters if any(str(p.symbol) == str(r.args[0]) for r in roots)),
    )


def _eliminated(equations: Mapping[NamedTrace, sp.Expr]) -> tuple[dict[NamedTrace, sp.Expr], dict[NamedTrace, sp.Expr]]:
    """Equations left, and definitions: traces that are plain functions of the others, in an order in which they build up."""
    left, definitions = dict(equations), {}
    for t in equations:
        value = left[t].xreplace(definitions)
        if t not in value.free_symbols and not value.atoms(MatrixTrace):
            definitions = {s: v.xreplace({t: value}) for s, v in definitions.items()} | {t: value}
            del left[t]
    return left, definitions
