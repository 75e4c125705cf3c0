"""The deterministic equivalent of a declared expression, step by step: linearisation, Dyson equation, reduction, theory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import sympy as sp

from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.sites import varies
from theory.declaration.vectors import Vec
from theory.derivation import Derivation, Step
from theory.errors import DerivationError
from theory.replica.data import array_of
from theory.resolvent import noncommuting
from theory.resolvent.dyson import Dyson, traced
from theory.resolvent.elimination import LongError
from theory.resolvent.existence import norms
from theory.resolvent.extent import bounded
from theory.resolvent.names import Namer
from theory.resolvent.pencil import Pencil, Random, linearise
from theory.resolvent.read import Reader
from theory.resolvent.reduction import Reduction, Signed
from theory.resolvent.results import assembled, valued, with_given_matrices
from theory.resolvent.ridges import closed
from theory.resolvent.series import coincidences, expansions
from theory.uniform import constant_data

State = Mapping[str, Any]


def derive(expression, reduce: bool = True) -> Derivation:
    """Derivation of an :class:`~theory.declaration.Expression`; ``.theory`` is its last result, unless ``reduce`` is False.

    The step "Dyson equation" has the raw equations in named traces, which :func:`solvers.solve_dyson` solves by iteration.
    Where given matrices do not commute with the spectra there is no reduction: the Dyson equation itself becomes the theory.
    Raises DerivationError where the expression is beyond what is derived, naming the part.
    """
    if not noncommuting.commutes(expression):
        return noncommuting.derive(expression)
    steps = [
        Step("expression", "Observables become diagonals of rational expressions in the random matrices, summed over modes.",
             lambda s: _read(expression)),
        Step("linearisation", "Each expression is a block of the inverse of a pencil, affine in the random matrices; deterministic "
             "pivots are eliminated.", _linearised),
        Step("Dyson equation", "Gaussian matrices are averaged: the self-energy is a combination of traces of blocks of the "
             "inverse. Traces whose expansion in the disorder vanishes are dropped.", lambda s: _dyson(s, expression)),
    ]
    if reduce:
        steps += [
            Step("reduction", "Equal traces are merged, nonlinear components are reduced to an effective ridge for each pole, "
                 "linear ones solved; what was dropped or merged is verified.", lambda s: _reduced(s, expression)),
            Step("theory", "Unknowns with their bounds, equations, observables, parameters.",
                 lambda s: assembled(s, expression)),
        ]
    return Derivation(f"{expression.name}: deterministic equivalent", steps).run()


def _read(expression) -> dict[str, Any]:
    for parameter in expression.parameters:
        if re.match(r"kappa(_|$)|tr_", parameter.symbol.name):
            raise DerivationError(f"symbol {parameter.symbol} of {expression.name}: kappa, kappa_... and tr_... are names of "
                                  "effective ridges and traces; rename it")
    reader, sums, shown, guards = Reader(), {}, {}, norms(expression)
    for name, observable in {**expression.observe, **guards}.items():
        if isinstance(observable, Vec):
            sums[name], shown[sp.Symbol(name)] = reader.site(observable), observable.expr
        elif isinstance(observable, sp.Expr):
            sums[name], shown[sp.Symbol(name)] = reader.scalar(observable), observable
    return {"observables": shown, "sums": sums, "matrices": reader.matrices, "activations": reader.equivalents.meaning,
            "guards": guards}


def _linearised(state: State) -> dict[str, Any]:
    pencils = {symbol: bounded(linearise(matrix)) for symbol, matrix in state["matrices"].items()}
    return {"pencils": tuple(pencils.items()), "pencil": [_shown(p) for p in pencils.values()]}


def _shown(pencil: Pencil) -> sp.ImmutableMatrix:
    """The pencil as a matrix of noncommuting symbols."""
    def entry(i: int, j: int) -> sp.Expr:
        drawn = [_noncommuting(term) for term in pencil.random.get((i, j), [])]
        return sp.Add(pencil.fixed.get((i, j), sp.S.Zero), *drawn)

    return sp.ImmutableMatrix([[entry(i, j) for j in pencil.cols] for i in pencil.rows])


def _noncommuting(term: Random) -> sp.Expr:
    name = f"{term.leaf.name}^T" if term.transposed else term.leaf.name
    sides = [sp.Symbol(f"[{x}]", commutative=False) for x in (term.left, term.right)]
    left, right = (x if x.is_number else side for x, side in zip((term.left, term.right), sides, strict=True))
    return left * sp.Symbol(name, commutative=False) * right


def _dyson(state: State, expression) -> dict[str, Any]:
    namer = Namer()
    dysons = {symbol: Dyson(pencil, namer) for symbol, pencil in state["pencils"]}
    rule = coincidences(expansions(list(dysons.values())))
    zero = {t: v for t, v in rule.items() if v == 0}
    equations: dict[sp.Symbol, sp.Expr] = {}
    outputs: dict[sp.Symbol, sp.Expr] = {}
    for symbol, dyson in dysons.items():
        blocks = dyson.blocks(zero)
        outputs[symbol] = dyson.output(blocks)
        for t, u in dyson.unknowns.items():
            if t not in zero and t not in equations:
                equations[t] = with_given_matrices(traced(u.dim, u.weight * blocks.get(u.block, sp.S.Zero)))
    return {
        "equations": equations,
        "traces": {t: t.trace for t in equations},
        "inverses": {sp.Symbol(name): _as_symbol(matrix) for name, matrix in namer.inverses.values()},
        "values": {sp.Symbol(n): v for n, v in valued(state["sums"], {**expression.observe, **state["guards"]}, outputs).items()},
        "dysons": tuple(dysons.items()),
        "coincidences": tuple(rule.items()),
        "namer": (namer,),
    }


def _as_symbol(matrix) -> sp.Symbol:
    return sp.Symbol(str(matrix), commutative=False)


def _reduced(state: State, expression) -> dict[str, Any]:
    failure = None
    for colours, grown in [*((c, False) for c in _colourings(state)), ({}, True)]:
        if isinstance(failure, (Signed, LongError)) and not grown:
            continue
        dysons = dict(state["dysons"])
        if colours:
            dysons = {symbol: Dyson(dyson.pencil, state["namer"][0], colours) for symbol, dyson in dysons.items()}
        try:
            reduction = Reduction(list(dysons.values()), dict(state["coincidences"]), grown)
            parts = [closed(core, reduction.sums) for core in reduction.cores]
            reduction.verify()
        except DerivationError as error:
            failure = failure or error
            continue
        ones = {array_of(s): sp.S.One for s in colours.values()}
        white = {s: sp.S.One for s in colours.values()}
        return {
            "reduction": (reduction,),
            "closed": tuple(parts),
            "reduced_dysons": tuple(dysons.items()),
            "ones": tuple(ones.items()),
            "merged": {t: v for t, v in reduction.coincidences.items() if v != 0},
            "effective_ridges": {k: v.xreplace(white) for core in reduction.cores for k, v in core.kappas.items()},
            "fixed_point": reduction.ridges,
            "traces_reduced": {t: v for t, v in reduction.rule.items() if t in reduction.home and v != 0},
            "degrees_of_freedom": {s: constant_data(v, ones) for s, v in reduction.sums.meaning.items()},
        }
    raise DerivationError(f"{expression.name}: {failure}") from failure


def _colourings(state: State) -> Iterator[dict[Dim, Spectrum]]:
    """None; then a spectrum of ones for each white dimension in turn: an effective ridge is one of a spectrum."""
    yield {}
    dysons = [dyson for _, dyson in state["dysons"]]
    dims = {d for dyson in dysons for d in dyson.dimensions}
    coloured = {u.dim for dyson in dysons for u in dyson.unknowns.values() if varies(u.weight)}
    for dim in sorted(dims - coloured, key=lambda d: (not d.spectra, d.name)):
        yield {dim: Spectrum(f"one_{dim.name}", scaling=0)}
