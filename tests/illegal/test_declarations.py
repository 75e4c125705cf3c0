"""Declarations that must fail, each as typed, with one line that names the object, the value and the repair."""

import numpy as np
import pytest
import sympy as sp

from theory.declaration import (
    Contribution,
    Deterministic,
    Diag,
    Dim,
    Energy,
    Gaussian,
    Noise,
    Parameter,
    Quenched,
    Signs,
    Spectrum,
    State,
    Tr,
    Vec,
    affine,
    average,
    centred,
    gradient,
    mean,
    quadratic_form,
    substitute,
    sum_over,
    tanh,
)
from theory.errors import DeclarationError

M, P, mu = Dim("M", "eta"), Dim("P"), Dim("mu", finite=True)
(eta,) = M.spectra
lam, b = sp.Symbol("lambda", positive=True), sp.Symbol("b")
X, w0, eps, w, v = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), Noise("eps", P), State("w", M), State("v", M)
x, O = Quenched("x", M, mu), Deterministic("O", M)
LOSS, E_G = (X @ w - eps).square() / 2 + lam * w.square() / 2, sum_over(M, eta * (w - w0) ** 2)


def energy(e=LOSS, over=w, **options):
    return Energy(e, over, **options)


def observe(value, name="E_g"):
    return energy(observe={name: value})


VECTORS = {
    "shapes of vectors": (lambda: w + eps, r"shape mismatch: w \(over M\) with eps \(over P\); insert a matrix or sum_over"),
    "dimension declared twice": (
        lambda: w + State("u", Dim("M", "s")),
        r"Dim\('M', 'eta'\) against Dim\('M', 's'\); declare that dimension once",
    ),
    "spectrum elsewhere": (lambda: eta * eps, r"spectrum of another dimension: eta on P; declare Dim\('P', 'eta'\)"),
    "spectrum on no site": (lambda: eta * sum_over(M, w * x), r"eta on no dimension"),
    "vector * matrix": (lambda: w * X, r"vector with matrix: w with X; apply a matrix with @"),
    "vector + matrix": (lambda: w + X, r"vector with matrix"),
    "vector @ vector": (lambda: w @ w, r"vector @ vector: w @ w; an inner product is sum_over\(M, v\*u\), or v.square\(\)"),
    "vector @ matrix": (lambda: w @ X, r"w @ X; vectors multiply from the right: use A.T @ v"),
    "spectrum @ vector": (lambda: eta @ w, r"product from the left: eta @ w"),
    "sp.tanh of a vector": (lambda: sp.tanh(w), r"vector in a SymPy function: w; use v.map\(sympy.tanh\), or tanh, erf, relu"),
    "sp.sqrt of a vector": (lambda: sp.sqrt(w), r"vector in a SymPy function"),
    "sp.Add of a vector": (lambda: sp.Add(w, 1), r"vector in a SymPy function"),
    "array in an expression": (lambda: w + np.ones(3), r"an array \(ndarray\); declare it with Quenched"),
    "array on the left": (lambda: np.ones(3) * w, r"an array \(ndarray\); declare it with Quenched"),
    "array @ vector": (lambda: np.ones((2, 3)) @ w, r"product from the left"),
    "list": (lambda: w + [1, 2], r"operand of w: \[1, 2\] \(list\); pass a number or a SymPy expression"),
    "text": (lambda: "lam" * w, r"operand of w: 'lam'; pass a number or a SymPy expression"),
    "None": (lambda: w * None, r"operand of w: None"),
    "bool": (lambda: w * True, r"operand of w: True"),
    "nan": (lambda: float("nan") * w, r"operand of w: nan; pass a finite number"),
    "infinity": (lambda: w / float("inf"), r"operand of w: oo; pass a finite number"),
    "complex": (lambda: 1j * w, r"declarations are real"),
    "imaginary symbol": (lambda: sp.I * lam * w, r"declarations are real"),
    "division by zero": (lambda: w / 0, r"entry of a vector: zoo\*w; pass a finite number"),
    "index": (lambda: w[0], r"entry of a vector: w\[0\]; indices are never written"),
    "loop": (lambda: list(w), r"loop over a vector: w; indices are never written"),
    "number of a vector": (lambda: float(w), r"vector as a number: w; reduce it with sum_over"),
    "truth of a vector": (lambda: bool(w), r"vector as a truth value"),
    "comparison": (lambda: w > 0, r"comparison of a vector: w with 0; an indicator is heaviside\(v\)"),
    "vector over a finite dimension": (lambda: Vec(mu, 1), r"dimension of a vector: mu; a vector lives over an infinite Dim"),
    "square over two dimensions": (lambda: (x * w).square(), r"square\(\): w\*x over M, mu; use sum_over for each"),
}
MATRICES = {
    "matrix @ wrong vector": (lambda: X @ eps, r"shape mismatch: X is PxM, eps is over P; transpose or project"),
    "matrix @ matrix": (lambda: X @ X, r"shape mismatch: X is PxM, X is PxM, M against P; transpose one"),
    "matrix + matrix": (lambda: X + X.T, r"shape mismatch: X is PxM, X.T is MxP"),
    "matrix + number": (lambda: X + lam, r"matrix \+ number: X is PxM, \+ lambda; only a square matrix"),
    "matrix + vector": (lambda: X.T @ X + w, r"matrix with vector: X.T@X with w; use Diag"),
    "matrix * matrix": (lambda: X * X, r"\* with a matrix: X \* X; use @"),
    "spectrum * matrix": (lambda: eta * (X.T @ X), r"per-mode data \* matrix: eta \* X.T@X; use Diag\(dim, eta\)"),
    "matrix + spectrum": (lambda: X.T @ X + sp.sqrt(eta), r"per-mode data \+ matrix"),
    "matrix @ number": (lambda: X @ 2, r"X @ number: 2; use \* for a multiple, or Vec\(dim, number\)"),
    "matrix @ text": (lambda: X @ "w", r"right-hand side of X @: 'w'"),
    "number / matrix": (lambda: 1 / (X.T @ X), r"division by a matrix: 1 / X.T@X; use A.inv @ v"),
    "inverse of a rectangle": (lambda: X.inv, r"inverse: X is PxM; only a square matrix has one"),
    "trace of a rectangle": (lambda: Tr(X), r"trace: X is PxM; only a square matrix has one"),
    "trace of a vector": (lambda: Tr(w), r"trace: w; pass a matrix"),
    "matrix in SymPy": (lambda: sp.exp(X), r"matrix in a SymPy function: X; a scalar of it is Tr"),
    "centred matrix": (lambda: centred(X), r"centred: X; pass a function of a matrix, such as relu\(X @ W\)"),
    "function of centred": (lambda: tanh(centred(tanh(X))), r"function of centred entries: centred\(tanh\(X\)\); centre last"),
    "array @ matrix": (lambda: np.eye(3) @ X, r"product from the left"),
    "diagonal of another dimension": (lambda: Diag(M, eps), r"shape mismatch: diagonal eps over P, P against M"),
    "singular diagonal": (lambda: Diag(M, 0).inv, r"pass a finite number"),
    "quadratic form of a random matrix": (lambda: quadratic_form(X, w), r"quadratic form: X; declare Deterministic"),
    "quadratic form of another dimension": (lambda: quadratic_form(O, eps), r"shape mismatch: O is MxM, eps is over P"),
}
LEAVES = {
    "dimension as text": (lambda: Gaussian("X", "P", M), r"dimension of X: 'P'; declare it with Dim\(name\) first"),
    "dimension as symbol": (lambda: State("w", sp.Symbol("M")), r"dimension of w: M; declare it"),
    "no dimension": (lambda: State("w"), r"dimensions of w: none; give each dimension once"),
    "two infinite dimensions": (lambda: Quenched("A", M, P), r"dimensions of A: M, P; a vector has one infinite dimension"),
    "misspelt keyword": (lambda: State("w", M, priro="spherical"), r"State has no keyword: 'priro'; did you mean 'prior'\?"),
    "misspelt keyword of a matrix": (
        lambda: Gaussian("X", P, M, varience=2),
        r"Gaussian has no keyword: 'varience'; did you mean 'variance'\?",
    ),
    "missing argument": (lambda: Gaussian("X", P), r"Gaussian: missing a required argument: 'cols'; it takes name, rows, cols"),
    "unknown prior": (lambda: State("w", M, prior="gausian"), r"prior of w: 'gausian'; take one of spherical, ising, gaussian"),
    "negative noise": (lambda: Noise("e", P, variance=-1), r"variance of e: -1; it cannot be negative"),
    "negative noise symbol": (lambda: Noise("e", P, variance=-lam), r"variance of e: -lambda; it cannot be negative"),
    "negative covariance": (
        lambda: Gaussian("Z", P, M, column_covariance=-eta),
        r"column covariance of Z: -eta; it cannot be negative",
    ),
    "covariance on the wrong side": (lambda: Gaussian("Z", P, M, row_covariance=eta), r"spectrum of another dimension: eta on P"),
    "variance per mode": (lambda: Gaussian("Z", P, M, variance=eta), r"spectrum of another dimension: eta on no dimension"),
    "random variance": (
        lambda: Noise("e", M, variance=w**2),
        r"variance of e: w\*\*2; write it in numbers, parameters and spectra",
    ),
    "symmetry of a rectangle": (
        lambda: Gaussian("Z", P, M, symmetry=1),
        r"symmetry of Z: P x M; rows and columns need one dimension",
    ),
    "symmetry out of range": (lambda: Gaussian("J", M, M, symmetry=2), r"symmetry of J: 2; pass a number from -1 to 1"),
    "unknown redraw": (lambda: Gaussian("Z", P, M, fresh="often"), r"fresh of Z: 'often'; take one of step, layer or None"),
    "finite random matrix": (lambda: Gaussian("Z", mu, M), r"dimensions of Z: mu x M; a random matrix has two infinite"),
    "rectangular given matrix": (lambda: quadratic_form(Deterministic("A", M, P), w), r"form: A is MxP; it takes a square matrix"),
    "empty name": (lambda: State("", M), r"state name: \''; take an identifier"),
    "no identifier": (lambda: Quenched("w 0", M), r"quenched name: \'w 0'; take an identifier"),
    "private name": (lambda: Dim("_M"), r"Dim name: \'_M'; take an identifier"),
    "keyword as a name": (lambda: Noise("lambda", P), r"noise name: \'lambda'; this name is reserved"),
    "option as a name": (lambda: Dim("trials"), r"Dim name: \'trials'; this name is reserved"),
    "name that is no text": (lambda: Dim(3), r"Dim name: 3; take an identifier"),
    "plain symbol as spectrum": (
        lambda: Dim("M", sp.Symbol("eta")),
        r"spectrum of M: eta; declare per-mode data as Spectrum\('eta'\)",
    ),
    "spectrum twice": (lambda: Dim("M", "eta", "eta"), r"spectra of M: eta, eta; give each one a name of its own"),
    "spectrum of a finite dimension": (
        lambda: Dim("mu", "eta", finite=True),
        r"finite dimension mu: eta; only infinite dimensions have modes",
    ),
    "scaling that is no number": (lambda: Spectrum("eta", scaling=lam), r"scaling of eta: lambda; pass a rational number"),
    "finite that is no bool": (lambda: Dim("mu", finite="yes"), r"finite of mu: 'yes'; pass True or False"),
}
SUMS = {
    "wrong dimension": (
        lambda: sum_over(P, w**2),
        r"sum over the wrong dimension: w\*\*2 is over M, not P; use sum_over\(M, ...\)",
    ),
    "dimension as number": (lambda: mean(3, w), r"dimension of sum_over: 3; declare it with Dim"),
    "arguments swapped": (lambda: sum_over(w, M), r"dimension of sum_over: w; declare it"),
    "gradient by a matrix": (lambda: gradient(LOSS, X.T @ X), r"gradient by: X.T@X; the state is a vector"),
    "substitution of a product": (lambda: substitute(w, {X.T @ X: X}), r"substitution of a compound: X.T@X; substitute"),
    "gradient by a compound": (lambda: gradient(LOSS, 2 * w), r"not a declared vector: 2\*w; pass the object"),
    "gradient through a matrix": (
        lambda: gradient(((X.T @ X + Diag(M, w)).inv @ w).square(), w),
        r"gradient through: .*; w may stand in vectors",
    ),
    "affine form of a square": (lambda: affine(w**2, w), r"not affine in w: w\*\*2; only a quadratic energy"),
    "substitution of another shape": (lambda: substitute(w, {w: eps}), r"substitution of another shape: w by eps, M against P"),
}
ENERGIES = {
    "vector": (lambda: energy((X @ w - eps) ** 2), r"energy: the vector .*; an energy is a number: sum_over\(...\) or .square\(\)"),
    "text": (lambda: energy("w**2"), r"energy: 'w\*\*2'; pass a number or a SymPy expression"),
    "nothing": (lambda: energy(0), r"energy: 0; an energy is a sum of sum_over\(...\) terms"),
    "None": (lambda: energy(None), r"energy: None"),
    "constant": (lambda: energy(LOSS + 1), r"energy term: 1; an energy is a sum"),
    "product of sums": (lambda: energy(w.square() ** 2), r"not linear: .* write it as a sum of coefficient times term"),
    "bare site": (lambda: energy(LOSS + w.expr), r"differs from site to site; an energy is a number"),
    "bare spectrum": (lambda: energy(LOSS * eta), r"differs from site to site; an energy is a number"),
    "finite dimension left": (lambda: energy(sum_over(M, x * w).expr), r"still carries mu; sum over it"),
    "average": (lambda: energy((w - average(w)).square()), r"average in an energy: average\(w\); only an observable may hold one"),
    "quadratic form": (
        lambda: energy(LOSS + quadratic_form(O, w)),
        r"quadratic form in an energy: quadratic_form\(O, w\); only an observable",
    ),
    "trace": (lambda: energy(LOSS + Tr(X.T @ X)), r"trace in an energy: Tr\(X.T@X\); only an observable"),
    "dummy": (lambda: energy(LOSS * sp.Dummy("c", positive=True)), r"dummy symbol: _c; use Symbol"),
    "same name, other law": (
        lambda: energy((X @ w - Gaussian("X", P, M) @ w0).square()),
        r"two declarations of one name: X: gaussian over P x M .* rename one",
    ),
    "same name, other kind": (lambda: energy((X @ w - X @ Noise("w", M)).square()), r"two declarations of one name: w"),
    "same name, other assumptions": (
        lambda: energy(LOSS + sp.Symbol("lambda") * w.square()),
        r"lambda: symbol and symbol \(positive\)",
    ),
    "symbol that is a spectrum": (
        lambda: energy(LOSS * sp.Symbol("eta", positive=True)),
        r"two declarations of one name: eta: spectrum",
    ),
    "symbol that is a size": (
        lambda: energy(LOSS / sp.Symbol("M", positive=True)),
        r"two declarations of one name: M: Dim\('M', 'eta'\) and symbol",
    ),
    "dimension with other spectra": (
        lambda: energy(LOSS + State("v", Dim("M", "s")).square(), over=(w, State("v", Dim("M", "s")))),
        r"two declarations of one name: M: Dim\('M', 'eta'\) and Dim\('M', 's'\)",
    ),
    "spectrum of two dimensions": (
        lambda: energy(LOSS + State("u", Dim("N", "eta")).square(), over=(w, State("u", Dim("N", "eta")))),
        r"spectrum of two dimensions: eta on M and N; give each its own Spectrum",
    ),
    "state without a law": (lambda: energy((X @ (w + v)).square()), r"state without a law: v; add it to over="),
    "state without an energy": (lambda: energy(over=(w, v)), r"state without an energy: v; let the energy depend on it"),
    "state twice": (lambda: energy(over=(w, w)), r"over: w, w; give each State once"),
    "no state": (lambda: energy(over=()), r"over: nothing; give each State once"),
    "over a given vector": (lambda: energy((X @ w0).square(), over=w0), r"over: w0; an energy acts on what State"),
    "over a compound": (lambda: energy(over=2 * w), r"not a declared vector: 2\*w"),
    "over a matrix": (lambda: energy(over=X.T), r"over: X.T; an energy acts on what State"),
    "over text": (lambda: energy(over="w"), r"over: w; an energy acts on what State"),
    "falling penalty": (lambda: energy((X @ w).square() - w.square() / 3), r"energy without a minimum: -w\*\*2/3 in w"),
    "falling penalty by a symbol": (lambda: energy((X @ w).square() - lam * w.square()), r"energy without a minimum"),
    "odd penalty": (
        lambda: energy((X @ w).square() + sum_over(M, w**3)),
        r"energy without a minimum: w\*\*3 in w; end it in an even power",
    ),
    "linear energy": (lambda: energy(sum_over(M, w * w0)), r"energy without a minimum"),
    "falling loss": (lambda: energy(-(X @ w - eps).square()), r"energy without a minimum: .*; change its sign"),
    "negative temperature": (lambda: energy(temperature=-1), r"temperature: -1; pass 0, a positive number or a positive symbol"),
    "temperature of no sign": (lambda: energy(temperature=b), r"temperature: b; pass 0"),
    "temperature per mode": (lambda: energy(temperature=eta + 1), r"temperature: eta \+ 1; pass 0"),
    "unknown phase": (lambda: energy(phase="sat"), r"phase: 'sat'; take one of UNSAT, SAT"),
    "unknown ansatz": (lambda: energy(ansatz="0RSB"), r"ansatz: '0RSB'; take RS, 1RSB, 2RSB"),
    "unknown algorithm": (lambda: energy(algorithm="adam"), r"algorithm: 'adam'; take one of argmin"),
    "reference": (lambda: energy(reference=2002), r"reference of Energy: 2002; pass identifiers of papers"),
    "empty name": (lambda: energy(name=" "), r"model name: \' '; pass a text"),
    "half a replica": (lambda: energy().replicate(1.5), r"replication of Energy: 1.5; pass a positive integer"),
    "no replica": (lambda: energy().replicate(0), r"replication of Energy: 0; pass a positive integer"),
    "two states asked as one": (lambda: energy(LOSS + v.square(), over=(w, v)).state, r"state of Energy: w, v; it has several"),
    "unknown parameter": (lambda: energy().parameter("lamda_"), r"no parameter 'lamda_' of Energy; did you mean 'lambda_'\?"),
}
OBSERVABLES = {
    "no mapping": (lambda: energy(observe=E_G), r"observe: .*; pass a mapping"),
    "name that is no identifier": (lambda: observe(E_G, "E g"), r"observable name: \'E g'; take an identifier"),
    "name of a parameter": (lambda: observe(E_G, "P"), r"two parameters or observables named 'P'; rename one"),
    "matrix": (lambda: observe(X), r"observable E_g: the matrix X; reduce it with Tr"),
    "text": (lambda: observe("E_g"), r"observable E_g: 'E_g'; pass a number"),
    "bare spectrum": (
        lambda: observe(eta * w.square()),
        r"differs from mode to mode through eta; use sum_over, or Vec\(dim, ...\) per mode",
    ),
    "no state": (lambda: observe(sum_over(M, tanh(w0) ** 2)), r"does not hold the state w; observe the state or drop it"),
    "per mode without state": (lambda: observe(Vec(M, eta)), r"does not hold the state w"),
    "foreign dimension": (
        lambda: observe(w.square() / Dim("Q")),
        r"E_g: Q is no dimension of the model; it has M, P",
    ),
    "finite dimension left": (lambda: observe(x * w), r"still carries mu; reduce it with sum_over"),
    "finite vector": (lambda: observe(sum_over(M, x * w)), r"over finite dimensions; reduce it"),
    "foreign state": (lambda: observe(sum_over(M, w * v)), r"state without a law: v"),
    "contribution to nothing": (lambda: observe(Contribution("E_G", eta)), r"a contribution to 'E_G'; known: none"),
    "contribution misspelt": (lambda: energy(observe={"E_g": E_G, "parts": Contribution("E_gg", eta)}), r"did you mean 'E_g'\?"),
    "contribution of no spectrum": (lambda: Contribution("E_g", "eta"), r"source of a contribution to E_g: 'eta'; pass a Spectrum"),
    "contribution of a foreign spectrum": (
        lambda: energy(observe={"E_g": E_G, "parts": Contribution("E_g", Spectrum("etta"))}),
        r"no spectrum etta .* did you mean 'eta'\?",
    ),
}
PARAMETERS = {
    "keyword": (lambda: Parameter("lambda", lam), r"parameter name: \'lambda'; this name is reserved"),
    "option": (lambda: Parameter("seed", lam), r"parameter name: \'seed'; this name is reserved"),
    "text as symbol": (lambda: Parameter("ridge", "lambda"), r"symbol of parameter ridge: 'lambda'; pass a symbol"),
    "state as symbol": (lambda: Parameter("ridge", w), r"symbol of parameter ridge: w; pass a symbol"),
    "infinite end": (
        lambda: Parameter("ridge", lam, upper=float("inf")),
        r"upper of parameter ridge: inf; pass a finite number or None",
    ),
    "empty domain": (
        lambda: Parameter("ridge", lam, lower=2, upper=1),
        r"domain of parameter ridge: \[2, 1\]; lower must not exceed upper",
    ),
    "limit at no end": (lambda: Parameter("ridge", lam, limit_at_lower=True), r"lower end of parameter ridge: None; give lower="),
    "limit at an open end": (
        lambda: Parameter("r", lam, lower=0, lower_open=True, limit_at_lower=True),
        r"the limit belongs to a closed end",
    ),
    "default outside": (
        lambda: Parameter("noise", lam, lower=0, default=-1),
        r"default of parameter noise: -1; the domain is noise >= 0",
    ),
    "wrong rank": (lambda: Parameter("eigenvalues", eta, ndim=0), r"ndim of parameter eigenvalues: 0; values of eta have ndim 1"),
    "wrong dimension": (
        lambda: energy(parameters=[Parameter("e", eta, dimension="P")]),
        r"dimension of parameter e: P; eta lives on M",
    ),
    "symbol not there": (
        lambda: energy(parameters=[Parameter("noise", b)]),
        r"parameter noise: symbol b does not stand in the declaration",
    ),
    "size that data fix": (
        lambda: energy(parameters=[Parameter("modes", M)]),
        r"parameter modes: the size M; it follows from the values of eta",
    ),
    "symbol twice": (lambda: energy(parameters=[Parameter("a", lam), Parameter("c", lam)]), r"one symbol given twice"),
    "name twice": (lambda: energy(parameters=[Parameter("P", lam)]), r"two parameters or observables named 'P'"),
    "parameters that are none": (lambda: energy(parameters="ridge"), r"parameter of Energy: 'ridge'; pass Parameter"),
    "finite size": (
        lambda: energy(LOSS + sum_over(mu, sum_over(M, (x - w) ** 2)), parameters=[Parameter("n", mu)]),
        r"the size mu; a finite size",
    ),
    "no parameter": (lambda: energy(parameters=[lam]), r"parameter of Energy: lambda; pass Parameter"),
    "symbol without a public name": (
        lambda: energy(LOSS * sp.Symbol("^", positive=True)),
        r"symbol without a public name: '\^'; name it",
    ),
}
ALL = {
    f"{group}: {name}": case
    for group, cases in {
        "vector": VECTORS,
        "matrix": MATRICES,
        "leaf": LEAVES,
        "sum": SUMS,
        "energy": ENERGIES,
        "observable": OBSERVABLES,
        "parameter": PARAMETERS,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize(("declare", "message"), ALL.values(), ids=ALL)
def test_refused_as_typed(declare, message):
    with pytest.raises(DeclarationError, match=message) as caught:
        declare()
    assert "\n" not in str(caught.value) and ";" in str(caught.value)


def test_the_well_posed_neighbours_are_accepted():
    energy(observe={"E_g": E_G, "parts": Contribution("E_g", eta), "errors": (w - w0) ** 2}, temperature=lam)
    energy(sum_over(M, w**4 - w**2))
    energy(-(X @ State("s", M, prior="spherical")).square(), over=State("s", M, prior="spherical"))
    energy((X @ w).square() + lam * w.square() - sum_over(M, w * w0))
    energy(LOSS, parameters=[Parameter("ridge", lam, lower=0, limit_at_lower=True)])
    assert signs().leaf.kind == "signs"


def signs():
    return Signs("y", P)
