"""The free calculus against the resolvent engine, closed forms and its own identities."""

import numpy as np
import pytest
import sympy as sp

from solvers import density
from solvers.descent import FAR, ladder
from solvers.spectral.green import Branch
from theory import Diag, Dim, Expression, Gaussian, Quenched, Tr
from theory.free import atoms, empirical, leaves, marchenko_pastur, projector, semicircle, spectrum
from theory.free.series import cumulants_of, inverted, moments_of
from theory.spectral import green_function
from theory.symbols import positive

M, P, Q, N, D = Dim("M", "eta"), Dim("P"), Dim("Q"), Dim("N"), Dim("D")
(eta,), n = M.spectra, Dim("n")
X = Gaussian("X", P, M, column_covariance=eta, variance=1 / P)
G, Y = Gaussian("G", P, N, variance=1 / P), Gaussian("Y", Q, N, variance=1 / Q)
W, H = Gaussian("W", N, M, variance=1 / N), Gaussian("H", D, D, variance=1 / D, symmetry=1)
C, d, e = Gaussian("C", D, n, variance=1 / N), Quenched("d", D), Quenched("e", N)
q, p, c, w, g = map(positive, "qpcwg")
mp = marchenko_pastur
LEVELS, SIGNED = np.repeat([1.0, 3.0, 10.0], 4), np.repeat([-3.0, 0.0, 4.0], 4)

PENCILS = {
    "marchenko pastur": (G.T @ G, mp(N / P), {"P": 30, "N": 50}),
    "sum of two Wisharts": (G.T @ G + Y.T @ Y, mp(N / P) + mp(N / Q), {"P": 30, "Q": 20, "N": 60}),
    "difference of two Wisharts": (2 * G.T @ G - Y.T @ Y, 2 * mp(N / P) - mp(N / Q), {"P": 30, "Q": 20, "N": 60}),
    "product of two Wisharts": (G @ Y.T @ Y @ G.T, (mp(N / P) @ mp(N / Q)).embedded(N / P), {"P": 30, "Q": 20, "N": 25}),
    "coloured": (X.T @ X, spectrum(M) @ mp(M / P), {"P": 7, "eta": LEVELS}),
    "random features": (W @ X.T @ X @ W.T, (spectrum(M) @ mp(M / P) @ mp(M / N)).embedded(M / N), {"P": 7, "N": 9, "eta": LEVELS}),
    "deformed Wigner": (Diag(D, d) + H, empirical(d) + semicircle(), {"d": SIGNED}),
    "given and Wishart": (Diag(N, e) + G.T @ G, empirical(e) + mp(N / P), {"P": 5, "e": SIGNED}),
    "corner": (C.T @ Diag(D, d) @ C, (empirical(d) @ mp(D / N)).embedded(D / N).compressed(n / N), {"N": 20, "n": 8, "d": SIGNED}),
}


def resolvent(law, values, x, height=0.05):
    """Tr (A - x - iy)⁻¹ / size."""
    branch = Branch(law, values)
    t = branch.descend(x, ladder(FAR * branch.scale, height, 0.4), branch.full)[0]
    t = branch.newton(x, height, t, branch.full, 1e-14)[0]
    return branch.evaluate(x, height, t, branch.full)[3]


@pytest.mark.parametrize("name", PENCILS)
def test_laws_are_those_of_the_pencils(name):
    matrix, law, values = PENCILS[name]
    x = np.linspace(-6, 12, 13)
    assert resolvent(law.green_function(), values, x) == pytest.approx(resolvent(green_function(matrix), values, x), rel=1e-12)


def test_the_effective_ridge_of_the_engine_is_the_s_transform():
    """λ = κ / S(-df₁/M) for each factor besides the spectrum."""
    lam = positive("lambda")
    theory = Expression(Tr((X.T @ X + lam).inv)).theory()
    (kappa,), df = (u.symbol for u in theory.unknowns), sp.Symbol("df", positive=True)
    equation = theory.equations[0]
    ((total,),) = [list(equation.atoms(leaves.ModeSum))]
    (found,) = sp.solve((equation.lhs - equation.rhs).xreplace({total: df / (total_over(total, kappa))}), lam)
    m, samples = positive("M"), positive("P")
    assert sp.cancel(found - kappa / mp(m / samples).S(-df / m)) == 0


def total_over(total, kappa):
    """The factor between the sum that the engine writes and df₁ = Σ η/(κ + η)."""
    body, index = total.opened()
    array = next(iter(body.atoms(leaves.ModeArray)))
    return sp.cancel(array[index] / (kappa + array[index]) / body)


def test_the_polynomial_of_a_pencil_is_that_of_the_law():
    green, (h, z) = green_function(G.T @ G), sp.symbols("G z")
    relations = [f - t for t, f in zip(green.unknowns, green.maps, strict=True)] + [h + green.value / green.size]
    found = [sp.fraction(sp.together(r.xreplace({green.shift: -z})))[0] for r in relations]
    for t in green.unknowns:
        pivot = next(f for f in found if t in f.free_symbols)
        found = [sp.resultant(f, pivot, t) if t in f.free_symbols else f for f in found if f is not pivot]
    law = sp.fraction(sp.together(mp(positive("N") / positive("P")).polynomial))[0]
    assert len(found) == 1 and sp.rem(found[0], law, h) == 0


def test_known_transforms():
    assert sp.simplify(mp(q).R(g) - 1 / (1 - q * g)) == 0 and sp.simplify(mp(q).S(w) - 1 / (1 + q * w)) == 0
    assert semicircle(q).R(g) == q * g
    assert sp.simplify(projector(c).S(w) - (1 + w) / (c + w)) == 0
    root = sp.sqrt((1 - g) ** 2 + 4 * c * g)
    assert sp.simplify(projector(c).R(g) - (g - 1 + root) / (2 * g)) == 0
    assert sp.simplify((1 + semicircle(q)).S(w) - (sp.sqrt(1 + 4 * q * w) - 1) / (2 * q * w)) == 0
    assert atoms({3: 1}).S(w) == sp.Rational(1, 3) and atoms({3: 1}).R(g) == 3


def test_the_calculus_of_transforms():
    a, b = mp(q), projector(c)
    assert sp.simplify((a @ mp(p)).S(w) - a.S(w) * mp(p).S(w)) == 0
    assert sp.simplify((a + b).R(g) - a.R(g) - b.R(g)) == 0
    assert sp.simplify((3 * a).R(g) - 3 * a.R(3 * g)) == 0
    assert sp.simplify((a + 2 - semicircle(p)).R(g) - (a.R(g) + 2 + p * g)) == 0
    assert sp.simplify(a.compressed(c).R(g) - a.R(c * g)) == 0 and sp.simplify(a.compressed(c).S(w) - a.S(c * w)) == 0
    assert sp.simplify(a.projected(c).S(w) - (a @ b).S(w)) == 0
    assert sp.simplify(a.inverse.S(w) - 1 / a.S(-1 - w)) == 0
    # R and S are inverse to each other: g S(g R(g)) R... = 1.
    product = a @ mp(p)
    assert sp.simplify(product.R(g) * product.S(g * product.R(g))) == 1


def test_corners_and_rectangles_are_laws_of_their_own():
    assert mp(q).compressed(c).polynomial == mp(c * q).polynomial
    assert (q * mp(1 / q)).embedded(1 / q).moments(5) == mp(q).moments(5)
    assert projector(1).embedded(c).moments(4) == projector(c).moments(4)
    assert mp(q).embedded(c).embedded(1 / c) == mp(q)
    assert mp(q).free_power(3).moments(4) == (mp(q) + mp(q) + mp(q)).moments(4)
    given = atoms({-1: sp.Rational(1, 4), 2: sp.Rational(3, 4)})
    assert given.projected(c).moments(4) == (given @ projector(c)).moments(4)


def test_moments_and_free_cumulants():
    assert semicircle().moments(8) == [0, 1, 0, 2, 0, 5, 0, 14]
    assert [m.subs(q, 1) for m in mp(q).moments(5)] == [1, 2, 5, 14, 42]
    assert [m.subs({q: 1, p: 1}) for m in (mp(q) @ mp(p)).moments(4)] == [1, 3, 12, 55]
    assert (mp(q) + semicircle(p)).free_cumulants(4) == [1, q + p, q**2, q**3]
    # φ(abab) = φ(a²)φ(b)² + φ(a)²φ(b²) - φ(a)²φ(b)² for free a and b, here with φ(a) = 0.
    assert (semicircle(p) @ mp(q)).moments(2) == [0, p]
    assert (semicircle(p) @ mp(q)).moments(4)[3].subs(q, 0) == semicircle(p).moments(4)[3]
    values = [sp.Rational(k + 1, k + 3) for k in range(6)]
    assert cumulants_of(moments_of(values)) == values and inverted(inverted(values)) == values
    assert spectrum(M).moments(1)[0] * positive("M") == leaves.ModeSum(*_entry())


def _entry():
    index = leaves.ModeIndex("M", "k")
    return leaves.array_of(eta)[index], index


LAWS = {
    "free Fisher": (mp(q).inverse @ mp(p), {"q": 0.5, "p": 0.3}),
    "two projectors and a Wishart": (mp(q) @ (projector(c) + projector(c)), {"q": 0.3, "c": 0.4}),
    "of everything": (mp(q) @ mp(q) + projector(c) @ mp(q) + semicircle(), {"q": 0.4, "c": 0.3}),
    "a signed factor": ((projector(c) + projector(c)) @ (1 + semicircle(sp.Rational(1, 9))), {"c": 0.4}),
    "a factor of mean zero": (semicircle() @ (1 + projector(c)), {"c": 0.3}),
    "corner of a sum": ((mp(q) + projector(c)).compressed(p), {"q": 2.0, "c": 0.3, "p": 0.6}),
}


@pytest.mark.parametrize("name", ["free Fisher", *[pytest.param(k, marks=pytest.mark.slow) for k in list(LAWS)[1:]]])
def test_densities_have_the_moments_of_the_calculus(name):
    law, values = LAWS[name]
    found = density(law, points=10, **values)
    expected = [float(m.subs({s: values[s.name] for s in m.free_symbols})) for m in law.moments(4)]
    assert [found.moment(k) for k in range(1, 5)] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.mass == pytest.approx(1, abs=1e-9)


@pytest.mark.slow
def test_closed_densities():
    """Wachter's ends of a free Fisher law; two free coins on the arcsine law; Bercovici and Voiculescu's atoms of a sum."""
    root = np.sqrt(0.5 + 0.3 - 0.15)
    law = mp(q).inverse @ mp(p)
    assert np.array(density(law, q=0.5, p=0.3, points=5).edges[0]) == pytest.approx((np.array([1 - root, 1 + root]) / 0.5) ** 2)
    x = np.array([0.1, 0.7, 1.9])
    found = density(projector(sp.Rational(1, 2)) + projector(sp.Rational(1, 2)), grid=x)
    assert found.density == pytest.approx(1 / (np.pi * np.sqrt(x * (2 - x))), rel=1e-12)
    middle = density(projector(c) + projector(c), c=0.6, grid=[1.0, 1.0001])  # where the equations are singular
    assert middle.density[0] == pytest.approx(middle.density[1], rel=1e-4) and len(middle.edges) == 1
    heavy = density(projector(c) + projector(c), c=0.3, points=5)
    assert heavy.atoms == (pytest.approx((0, 0.4), abs=1e-12),)
    heavy = density(projector(c) + projector(c), c=0.8, points=5)
    assert heavy.atoms == (pytest.approx((2, 0.6), abs=1e-9),)


def test_laws_print():
    law = spectrum(M) @ mp(M / P) + 2 * semicircle(q)
    assert str(law) == "spectrum(eta) @ marchenko_pastur(M/P) + 2*semicircle(q)"
    assert sp.latex(law) == r"\mu_{\eta} \boxtimes \mathrm{MP}_{\frac{M}{P}} \boxplus 2 \cdot \mathrm{SC}_{q}"
    assert sp.latex(projector(c)) == r"\left(1 - c\right) \delta_{0} + c \delta_{1}"
    assert sp.latex((mp(q) + 1).compressed(c)) == r"\left[\mathrm{MP}_{q} \boxplus \delta_{1}\right]_{c}"
    assert sp.latex(mp(q).inverse @ mp(p)) == r"\left(\left(\mathrm{MP}_{q}\right)^{-1}\right) \boxtimes \mathrm{MP}_{p}"
    assert law._repr_latex_().startswith(r"$\displaystyle \mu")
    assert "h_{1} &= " in law.green_function()._repr_latex_()


@pytest.mark.parametrize("size", [3, 6, 10, 20])
def test_laws_of_atoms_alone(size):
    """No matrix blurs them; some lie close to points of the search, some close to each other."""
    values = np.sort(2 * np.random.default_rng(size).normal(size=size) + 1)
    even = atoms([(k, sp.Rational(1, size)) for k in range(size)])
    for law, given in ((2 * empirical(d) + 1, {"d": (values - 1) / 2}), (even, {})):
        found = density(law, **given)
        exact = values if given else np.arange(size)
        assert [a for a, _ in found.atoms] == pytest.approx(exact, rel=1e-9, abs=1e-12) and found.edges == ()
        assert [m for _, m in found.atoms] == pytest.approx(np.full(size, 1 / size), rel=1e-6)
