"""What message passing reads off a declaration: penalties, one local field for each term, couplings, functions of sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from solvers.monte_carlo.local_fields import Term, read_fields
from solvers.monte_carlo.realisation import dependent, derivative
from theory.declaration.collective import parts
from theory.declaration.ensembles import MatrixLeaf
from theory.declaration.matrices import Diag, Prod, Sum
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Over
from theory.declaration.sites import Dot, Leaf, Site, tops, varies
from theory.declaration.walks import leaves, partial
from theory.errors import DeclarationError


@dataclass(frozen=True)
class Single:
    """A term that depends on one combination Σ weight * field alone; ``value`` is a function of it, which stands as ``name``."""

    term: Term
    weights: tuple[sp.Expr, ...]
    name: sp.Symbol
    value: sp.Expr


@dataclass(frozen=True)
class Read:
    """An energy taken apart.

    ``penalties`` are functions of one state at each site; ``channels`` of one local field, the sum over independent entries times
    the state; ``couplings`` are multiples of Σ s (J s) with a symmetric random matrix J; ``collective`` is a function of the
    ``sums``, each linear in one state.
    """

    penalties: tuple[Term, ...]
    channels: tuple[Single, ...]
    couplings: tuple[Term, ...]
    collective: sp.Expr
    sums: tuple[Over, ...]


def read(model: Any, exact: bool) -> Read:
    """The energy of a model; DeclarationError, with the repair, for what message passing does not take.

    ``exact``: at a minimum every matrix will do; else the entries of each must be independent and stand in one field.
    """
    found = parts(model.energy)
    if found.contractions:
        tensor = found.contractions[0][1].tensor.name
        raise DeclarationError(f"{model.name}: messages along the tensor {tensor} are not passed; declare algorithm='gibbs'")
    energy = sp.Add(*[coefficient * Over(expression, dim) for coefficient, expression, dim in found.sums])
    penalties, channels, couplings = [], [], []
    for term in read_fields(energy, model.states) if energy != 0 else []:
        kinds = [_kind(field, model) for field in term.fields]
        single = combination(term)
        if kinds == ["site"]:
            penalties.append(term)
        elif set(kinds) <= {"field", "coupled"} and single is not None:
            channels.append(single)
        elif sorted(kinds) == ["coupled", "site"]:
            couplings.append(_bilinear(term, model))
        else:
            names = ", ".join(map(str, term.fields))
            raise DeclarationError(
                f"{model.name}: {term.written} joins the fields {names}; message passing takes functions of one local field, "
                "declare another algorithm"
            )
    if not exact:
        _independent(model, channels, couplings)
    sums = tuple(s for s in found.means if set(model.states) & set(leaves(s)))
    for one in sums:
        _linear(one, model)
    if exact and sums:
        raise DeclarationError(f"{model.name}: {found.collective} is a function of sums; declare a temperature, or 'argmin'")
    return Read(tuple(penalties), tuple(channels), tuple(couplings), found.collective if sums else sp.S.Zero, sums)


def combination(term: Term) -> Single | None:
    """The one combination of fields that a term depends on, if there is one whose weights do not vary from site to site."""
    first, *others = term.names
    slopes = [term.value.diff(name) for name in term.names]
    weights = (sp.S.One, *(sp.cancel(slope / slopes[0]) for slope in slopes[1:]))
    if any(w.free_symbols & {*term.names} or varies(w) for w in weights):
        return None
    return Single(term, weights, first, term.value.xreplace(dict.fromkeys(others, sp.S.Zero)))


def _kind(field: Site | Over, model: Any) -> str:
    if not isinstance(field, Site):
        return "sum"
    if isinstance(field.node, Leaf):
        return "site"
    if not isinstance(field.node, Dot):
        return "slope"
    drawn = random_leaves(field.node.matrix)
    if not drawn:
        return "site" if isinstance(field.node.matrix, Diag) else "field"
    return "coupled" if all("symmetry" in leaf.how for leaf in drawn) else "field"


def random_leaves(matrix: Mat) -> list[Leaf]:
    """The drawn matrices that stand in a matrix."""
    return [leaf for leaf in leaves(matrix) if leaf.kind == "gaussian"]


def _bilinear(term: Term, model: Any) -> Term:
    """A term that is a multiple of the state times the field of a symmetric matrix on it."""
    one, two = term.names
    coupled = next(f for f in term.fields if isinstance(f.node, Dot))  # type: ignore[union-attr]
    matrix = coupled.node.matrix  # type: ignore[union-attr]
    ratio = sp.cancel(term.value / (one * two))
    symmetric = isinstance(matrix, MatrixLeaf) and matrix.leaf.how.get("symmetry") == 1
    alone = isinstance(coupled.node.vector.expr, Site)  # type: ignore[union-attr]
    if ratio.free_symbols & {one, two, *(s for s in ratio.free_symbols if isinstance(s, Site))} or not symmetric or not alone:
        raise DeclarationError(
            f"{model.name}: {term.written} is no multiple of s*(J@s) with a symmetric J; declare symmetry=1 or another algorithm"
        )
    return term


def _independent(model: Any, channels: list[Single], couplings: list[Term]) -> None:
    """DeclarationError where the entries of the matrix of a field depend on each other, or on those of another field."""
    seen: dict[Leaf, tuple[str, str]] = {}
    weighed = [(single.term, str(single.weights)) for single in channels] + [(term, "") for term in couplings]
    for term, weights in weighed:
        whole = " with ".join(map(str, term.fields))
        for field in term.fields:
            if not isinstance(field, Site) or not isinstance(field.node, Dot):
                continue
            held = [top for top in tops(field.node.vector.expr) if set(model.states) & set(leaves(top))]
            strange = [str(top) for top in held if not isinstance(top, Site) or not isinstance(top.node, Leaf)]
            why = "" if term in couplings else _dependence(field.node.matrix)
            why = f"it acts on {strange[0]}, not on a state" if strange else why
            if why:
                raise DeclarationError(
                    f"{model.name}: entries of {field.node.matrix} depend on each other ({why}); message passing needs "
                    "independent ones, declare 'gibbs' or 'hmc'"
                )
            for leaf in random_leaves(field.node.matrix):
                other, known = seen.setdefault(leaf, (whole, weights))
                if (other, known) != (whole, weights):
                    raise DeclarationError(
                        f"{model.name}: {leaf.name} stands in two fields, {other} and {whole}; write them as one field, or "
                        "declare 'gibbs' or 'hmc'"
                    )


def _dependence(matrix: Mat) -> str:
    """Why the entries of a matrix are not independent Gaussians of mean zero; empty where they are."""
    if isinstance(matrix, MatrixLeaf):
        leaf = matrix.leaf
        if leaf.kind != "gaussian":
            return f"{leaf.name} is given"
        if "partner" in leaf.how:
            return f"{leaf.name} correlates with {leaf.how['partner'].name}"
        if "symmetry" in leaf.how:
            return f"{leaf.name} has the symmetry {leaf.how['symmetry']}"
        return f"{leaf.name} has a mean" if leaf.how["mean"] != 0 else ""
    if isinstance(matrix, Prod):
        mixing = [factor for factor in matrix.args if not isinstance(factor, Diag)]
        return _dependence(mixing[0]) if len(mixing) == 1 else f"a product of {len(mixing)} matrices"
    if isinstance(matrix, Sum):
        found = [leaf for part in matrix.args for leaf in random_leaves(part)]
        if len(set(found)) < len(found):
            return "a matrix stands in it twice"
        return next((why for why in map(_dependence, matrix.args) if why), "")
    return f"it is made by {type(matrix).__name__}"


def _linear(one: Over, model: Any) -> None:
    """DeclarationError for a sum that is not linear in one state."""
    held = [state for state in model.states if state in leaves(one)]
    fields = [field for state in held for field in dependent(one.expr, state)]
    if len(held) != 1 or any(not isinstance(f, Site) or not isinstance(f.node, Leaf) for f in fields):
        raise DeclarationError(f"{model.name}: the sum {one} inside a function is not linear in one state; declare 'gibbs'")
    for field in fields:
        derivative(one.expr, (field,), held[0])


def slopes_by_sums(read: Read) -> dict[Over, sp.Expr]:
    """Derivatives of the collective part by its sums."""
    return {one: partial(read.collective, one) for one in read.sums}
