"""The law of an expression: scalars that are rational in random matrices, with nothing to be minimised or sampled."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.copies import renamed, replaced
from theory.declaration.gradients import affine, gradient
from theory.declaration.laws import Model
from theory.declaration.matrices import Diag, Inv, Prod, Sum
from theory.declaration.matrix import Mat
from theory.declaration.parameters import Parameter
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, matrices_in, substitute, symbols


class Expression(Model):
    """Traces, sums and quadratic forms over random matrices, typed like NumPy: ``Expression(Tr((X.T @ X + lam).inv))``.

    ``observe`` is one scalar, called ``value``, or a mapping of names to scalars. ``disorder``, if given, lists the random matrices
    and noise, each of which must then be used. DeclarationError for an expression without randomness, for a matrix declared and not
    used or used and not declared, and for an inverse of Gram matrices without a positive ridge, which need not exist.

    Given matrices, ``Deterministic(name, rows, cols)``, need not commute with the spectra. Between random ones they are summed over
    their entries; inside inverses, as means and as covariances they make the Dyson equation itself the theory, whose unknowns are
    named traces of full matrices. Their values are arrays, passed by name when solving or simulating.
    """

    law = "Expression"
    validity = "Gaussian matrices; sizes -> oo together; bias 1/r under replicate(r)"

    def __init__(self, observe, disorder=None, parameters=(), name=None, reference=None) -> None:
        if isinstance(observe, (Mat, Vec)):
            refuse("expression", f"the {observe.kind} {observe}", "reduce it with Tr, sum_over or quadratic_form")
        observe = observe if isinstance(observe, Mapping) else {"value": observe}
        body = tuple(v for v in observe.values() if isinstance(v, (sp.Basic, Vec)))
        super().__init__((), body, observe, parameters, name, reference)
        if not observe:
            refuse(f"observables of {self.name}", "none", "give a scalar, or a mapping of names to scalars")
        for seen, value in self.observe.items():
            if isinstance(value, (sp.Expr, Vec)) and not any(leaf.kind in ("gaussian", "noise") for leaf in leaves(value)):
                refuse(f"observable {seen}", f"{value} holds nothing random", "let it depend on a Gaussian matrix")
        self._check_disorder(disorder)
        for inverse in self._inverses():
            _check_ridge(inverse)

    def _inverses(self):
        """The inverses that must exist at the declared parameters."""
        return matrices_in(self._body, Inv)

    def _check_disorder(self, disorder) -> None:
        if disorder is None:
            return
        given = disorder if isinstance(disorder, (tuple, list)) else (disorder,)
        declared = {}
        for part in given:
            leaf = getattr(part, "leaf", None)
            if not isinstance(leaf, Leaf) or leaf.kind not in ("gaussian", "noise"):
                refuse("disorder", part, "list what Gaussian and Noise returned")
            declared[leaf.name] = leaf
        used = {leaf.name: leaf for leaf in self.leaves if leaf.kind in ("gaussian", "noise")}
        for name in sorted(declared.keys() - used.keys()):
            refuse("declared and not used", name, "use it in an observable, or drop it from disorder=")
        for name in sorted(used.keys() - declared.keys()):
            refuse("used and not declared", name, "add it to disorder=")

    def derive(self, reduce: bool = True):
        """The deterministic equivalent as a Derivation, every step of it; ``reduce=False`` ends with the Dyson equation."""
        from theory.resolvent import derive

        return derive(self, reduce=reduce)

    def _repr_latex_(self) -> str:
        return r"$\displaystyle " + r",\quad ".join(rf"\mathrm{{{k}}} = {sp.latex(v)}" for k, v in self.observe.items()) + "$"


def minimiser(energy) -> Expression:
    """The observables of a quadratic energy at its minimum, as an expression in its random matrices.

    DeclarationError where the energy is not quadratic, has several states, a prior or a temperature.
    """
    state, leaf = energy.state, energy.state.leaf
    if energy.temperature != 0:
        refuse(f"minimiser of {energy.name}", f"temperature {energy.temperature}", "only an energy at temperature 0 has one")
    if leaf.how.get("prior") is not None:
        refuse(f"minimiser of {energy.name}", f"the {leaf.how['prior']} prior of {leaf}", "put a penalty in its place")
    hessian, force = affine(gradient(energy.energy, state), leaf)
    if hessian is None:
        refuse(f"minimiser of {energy.name}", f"its gradient does not depend on {leaf}", "add a quadratic penalty")
    minimum = hessian.inv @ (-force)
    rule = {leaf: minimum, **{copy: renamed(minimum, replaced(copy)) for copy in energy.copies}}
    observe = {name: substitute(v, rule) if isinstance(v, (sp.Expr, Vec)) else v for name, v in energy.observe.items()}
    if not observe:
        refuse(f"minimiser of {energy.name}", "it observes nothing", "give the energy observe=...")
    standing = {s for v in observe.values() for s in (*symbols(v), *(a.symbol for a in leaves(v)))}
    standing |= {s for v in observe.values() if not isinstance(v, (sp.Expr, Vec)) for s in (v.source,)}
    parameters: list[Parameter] = [p for p in energy.parameters if p.symbol in standing]
    expression = Expression(observe, parameters=parameters, name=energy.name, reference=energy.references or None)
    if hasattr(energy, "validity"):
        expression.validity = energy.validity
    return expression


def _check_ridge(inverse: Inv) -> None:
    """Refuse an inverse of nonnegative matrices to which a multiple of the identity that is not positive is added."""
    inner = inverse.args[0]
    parts = inner.args if isinstance(inner, Sum) else (inner,)
    shifts = [m for m in parts if isinstance(m, Diag)]
    rest = [m for m in parts if not isinstance(m, Diag)]
    if not rest or not all(map(_nonnegative, rest)):
        return
    shift = shifts[0].vector.expr if shifts else sp.S.Zero
    if not _bounded(shift):
        refuse(f"ridge of {inverse}", shift, "add a positive one (a symbol with positive=True), or there may be no inverse")


def _bounded(shift: sp.Expr) -> bool:
    """Whether a sum of nonnegative data and numbers stays away from zero."""
    terms = sp.Add.make_args(shift)
    return all(t.is_nonnegative for t in terms) and any(t.is_positive for t in terms)


def _nonnegative(matrix: Mat) -> bool:
    """Whether a matrix is positive semidefinite by the way it is written: Gram matrices, their sums and inverses."""
    if isinstance(matrix, Diag):
        return bool(matrix.vector.expr.is_nonnegative)
    if isinstance(matrix, Inv):
        return _nonnegative(matrix.args[0])
    if isinstance(matrix, Sum):
        return all(map(_nonnegative, matrix.args))
    if not isinstance(matrix, Prod):
        return False
    front, factors = Diag(matrix.rows), matrix.args
    if isinstance(factors[0], Diag) and factors[0].is_scalar:
        front, *factors = factors
    half, odd = divmod(len(factors), 2)
    mirrored = all(a == b.T for a, b in zip(factors[:half], reversed(factors), strict=False))
    return _nonnegative(front) and mirrored and (not odd or _nonnegative(factors[half]))

