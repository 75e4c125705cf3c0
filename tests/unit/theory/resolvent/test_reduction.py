"""The reduction: components, effective ridges, names of sums, verification, and what it refuses."""

import pytest
import sympy as sp

from theory import Diag, Dim, Expression, Gaussian, Tr
from theory.averages import ModeSum
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.normal_form import SumName
from theory.replica.data import array_of
from theory.resolvent.dyson import Dyson
from theory.resolvent.elimination import eliminated, numerator
from theory.resolvent.names import Namer
from theory.resolvent.pencil import linearise
from theory.resolvent.reduction import Reduction, Signed
from theory.resolvent.ridges import closed
from theory.resolvent.series import coincidences, expansions
from theory.resolvent.sums import Pole, Sums
from theory.symbols import kappa, size

lam, mu = sp.symbols("lambda mu", positive=True)
M, P, N = Dim("M", "eta", "s"), Dim("P"), Dim("N")
eta, s = M.spectra
X, W = Gaussian("X", P, M, column_covariance=eta), Gaussian("W", M, N, variance=1 / N)
R, R2 = (X.T @ X + lam).inv, (X.T @ X + mu).inv
F = W @ (W.T @ X.T @ X @ W + lam).inv @ W.T
df1, df2 = SumName(1, 0, sp.S.One), SumName(2, 0, sp.S.One)


def reduction(matrix):
    dyson = Dyson(linearise(matrix), Namer())
    return Reduction([dyson], coincidences(expansions([dyson]))), dyson


def test_marchenko_pastur_has_the_effective_ridge_of_the_literature():
    found, dyson = reduction(R)
    (core,) = found.cores
    assert found.ridges == {lam: kappa * (size("P") - df1) / size("P")} and list(core.kappas) == [kappa]
    assert sp.factor(found.output(dyson) - kappa / lam.xreplace(found.ridges) / (kappa + size("P") * eta)) == 0


def test_random_features_renormalise_twice():
    found, _ = reduction(F)
    expected = kappa * (1 - df1 / size("P")) * (1 - df1 / size("N"))
    assert sp.expand(found.ridges[lam] - expected) == 0
    (part,) = [closed(core, found.sums) for core in found.cores]
    assert [u.name for u in part.unknowns] == ["kappa", "kappa_P"] and all(u.lower == lam for u in part.unknowns)


def test_two_point_traces_are_linear():
    found, dyson = reduction(R @ Diag(M, eta) @ R)
    assert len(found.cores) == 1 and set(found.rule) == set(dyson.unknowns)
    two_point = next(v for t, v in found.rule.items() if t.name == "tr_eta_R_eta_R")
    assert df2 in two_point.free_symbols and not two_point.free_symbols & set(dyson.unknowns)


def test_every_ridge_has_its_own():
    found, _ = reduction(R @ Diag(M, s) @ R2)
    assert [list(core.kappas) for core in found.cores] == [[kappa], [sp.Symbol("kappa_2", positive=True)]]
    assert set(found.ridges) == {lam, mu}


def test_a_false_coincidence_is_refused():
    dyson = Dyson(linearise(F.T @ Diag(M, eta) @ F), Namer())
    rule = coincidences(expansions([dyson]))
    kept = [t for t in dyson.unknowns if t not in rule]
    wrong = {**rule, next(t for t in kept if t.name == "tr_X_W_R_W_eta_W_R_W_X"): sp.S.Zero}
    with pytest.raises(DerivationError, match=r"tr_X_W_R_W_eta_W_R_W_X is not 0, as its expansion suggests.*solve_dyson"):
        Reduction([dyson], wrong).verify()


def test_what_is_not_dropped_need_not_be():
    """The coincidences shorten the algebra and change nothing."""
    error = F @ X.T @ X - 1
    dyson = Dyson(linearise(error.T @ Diag(M, eta) @ error), Namer())
    short, long = Reduction([dyson], coincidences(expansions([dyson]))), Reduction([dyson], {})
    assert short.coincidences and sp.cancel(short.output(dyson) - long.output(dyson)) == 0


def test_sums_have_names_in_one_basis():
    sums = Sums()
    sums.poles.append(Pole(kappa, size("P"), eta, M))
    pole = kappa + size("P") * eta
    u = size("P") * eta / pole
    assert sums.named(M, u) == df1 and sums.named(M, u**2) == df2 and sums.named(M, sp.S.One) == size("M")
    assert sp.expand(sums.named(M, kappa / pole) - (size("M") - df1)) == 0
    k = ModeIndex("M", "k")
    entry, weight = array_of(eta)[k], array_of(s)[k]
    name = sums.named(M, s * kappa / pole)
    assert name == SumName(0, 1, weight) and sums.meaning[name] == ModeSum(weight * kappa / (kappa + size("P") * entry), k)


def test_a_sum_is_not_named_before_its_unknowns_are_known():
    found, _ = reduction((X.T @ X + Diag(M, s) + lam).inv)
    unknown = next(iter(found.cores[0].unknowns))
    assert any(unknown in m.free_symbols for e in found.cores[0].equations for m in e.atoms(ModeSum))
    assert not any(unknown in v.free_symbols for v in found.sums.meaning.values())


def test_an_unknown_that_two_equations_share_leaves_by_their_resultant():
    x, y = sp.symbols("x y", positive=True)
    pair = [(x**2 + x * y - 2 * lam) * (x + 3), x**2 - x * y * lam]
    left, solved = eliminated(pair, [x], [lam])
    assert len(left) == 1 and x not in left[0].free_symbols
    ridge = sp.solve(left[0], lam)
    assert any(numerator(e.xreplace(solved).xreplace({lam: value})) == 0 for value in ridge for e in pair)


def test_where_signs_mix_the_traces_stay_and_grow_from_zero():
    """A semicircle has two positive solutions; the one that is meant comes out of zero."""
    a = Dim("N", "a")
    H = Gaussian("H", a, a, variance=1 / a, symmetry=1)
    theory = Expression(Tr((H + Diag(a, a.spectra[0]) + lam).inv)).theory()
    (unknown,), (equation,) = theory.unknowns, theory.equations
    k = ModeIndex("N", "k")
    assert unknown.grown and unknown.start == 0 and unknown.name == "tr_R"
    assert equation == sp.Eq(unknown.symbol, ModeSum(1 / (kappa + array_of(a.spectra[0])[k]), k))
    assert sp.expand(theory.definitions[kappa] - lam + unknown.symbol / size("N")) == 0


def test_what_grows_is_not_merged_on_evidence_alone():
    """Nothing is eliminated, so that only equations that are equal as they stand may be dropped."""
    H = Gaussian("H", N, N, variance=1 / N, symmetry=1)
    dyson = Dyson(linearise((H @ H + H + 2 + lam).inv), Namer())
    rule = coincidences(expansions([dyson]))
    with pytest.raises(Signed, match=r"terms of both signs.*solve_dyson"):
        Reduction([dyson], rule)
    grown = Reduction([dyson], rule, grown=True)
    grown.verify()
    (core,) = grown.cores
    assert set(core.maps) == set(core.unknowns) == set(grown.kept)
