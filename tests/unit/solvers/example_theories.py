"""Small theories of different shapes, for tests: one unknown or several, signed or positive, with and without modes."""

from functools import cache

import sympy as sp

from theory import models
from theory.averages import GaussianAverage, ModeSum
from theory.declaration.parameters import Parameter
from theory.equations import Theory, Unknown
from theory.modes import ModeArray, ModeIndex
from theory.symbols import positive


@cache
def kernel_regression():
    """One positive unknown, one spectrum, a ridge with a limit at 0."""
    return models.KernelRegression().theory()


@cache
def spin_glass():
    """Sherrington-Kirkpatrick with a mean coupling, replica symmetric: two bounded unknowns, one signed, Gaussian averages."""
    beta, mean = positive("beta"), positive("J0")
    q, m, z = sp.Symbol("q", nonnegative=True), sp.Symbol("m", real=True), sp.Dummy("z", real=True)
    spin = sp.tanh(beta * (sp.sqrt(q) * z + mean * m))
    first, second = GaussianAverage(spin, z), GaussianAverage(spin**2, z)
    return Theory(
        "spin-glass",
        (Unknown(m, "magnetisation", sp.Integer(-1), sp.S.One), Unknown(q, "overlap", sp.S.Zero, sp.S.One)),
        (sp.Eq(m, first), sp.Eq(q, second)),
        ((m - first,), (q - second,)),
        {},
        {"energy": -beta * (1 - q**2) / 2 - mean * m**2 / 2},
        {},
        (
            Parameter("beta", beta, "inverse temperature", lower=0, lower_open=True),
            Parameter("J0", mean, "mean coupling", lower=0, lower_open=True),
        ),
    )


@cache
def two_spectra():
    """Two coupled positive unknowns and two dimensions."""
    x, y, P, N, ridge = [positive(s) for s in ("x", "y", "P", "N", "lambda")]
    eta, mu = ModeArray("eta", nonnegative=True), ModeArray("mu", nonnegative=True)
    k, l = ModeIndex("M", "k"), ModeIndex("D", "l")
    first = x - ridge - x * ModeSum(eta[k] / (x + P * y * eta[k]), k)
    second = y - 1 / (1 + ModeSum(mu[l] / (x + N * mu[l]), l))
    return Theory(
        "two-spectra",
        (Unknown(x, "x", lower=sp.S.Zero), Unknown(y, "y", lower=sp.S.Zero, upper=sp.S.One)),
        (sp.Eq(first, 0), sp.Eq(second, 0)),
        ((first,), (second,)),
        {},
        {"E": x * ModeSum(mu[l] / (x + N * mu[l]) ** 2, l) + y},
        {},
        (
            Parameter("P", P, "samples", lower=0, lower_open=True),
            Parameter("N", N, "width", lower=0, lower_open=True),
            Parameter("ridge", ridge, "ridge", lower=0, limit_at_lower=True),
            Parameter("eta", eta, "kernel eigenvalues", lower=0, dimension="M"),
            Parameter("mu", mu, "feature variances", lower=0, dimension="D"),
        ),
    )


@cache
def cubic():
    """One unknown on the whole line, u^3 + u = a."""
    u, a = sp.Symbol("u", real=True), sp.Symbol("a", real=True)
    return Theory(
        "cubic",
        (Unknown(u, "u", -sp.oo, sp.oo),),
        (sp.Eq(u**3 + u, a),),
        ((u**3 + u - a,),),
        {},
        {"square": 1 + u**2},
        {},
        (Parameter("a", a, "load"),),
    )


@cache
def explicit():
    """No unknown at all."""
    x, y = positive("x"), positive("y")
    return Theory(
        "explicit",
        (),
        (),
        (),
        {},
        {"f": sp.log(x) / y},
        {},
        (Parameter("x", x, "x", lower=0, lower_open=True), Parameter("y", y, "y", lower=0, lower_open=True, upper=9)),
    )
