"""Expressions with mode sums and Gaussian averages in mpmath, to any number of digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp

from theory.averages import Average, Bound, GaussianAverage, ModeSum, outermost
from theory.effective import Effective
from theory.envelope import Envelope
from theory.errors import ConvergenceError, ParameterError
from theory.joint_average import JointAverage
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.proximal import Proximal
from theory.replica.folded import Sensitivity, TreeAverage
from theory.resolvent.matrix_traces import MatrixTrace

OPAQUE = (Effective, Envelope, JointAverage, MatrixTrace, Proximal, Sensitivity, TreeAverage)
LARGEST = 3_000_000
"""Modes times digits that a sum may have."""
GUARD = 15

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": mp.exp,
    "log": mp.log,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "gamma": mp.gamma,
    "loggamma": mp.loggamma,
    "Abs": abs,
    "sign": mp.sign,
    "re": mp.re,
    "im": mp.im,
    "conjugate": mp.conj,
    "Max": max,
    "Spread": lambda left, whole: mp.sqrt(max(left, 0)),
    "Clipped": max,
    "Within": lambda x, most: min(max(x, -most), most),
    "Exceeds": lambda x, bound: mp.mpf(x > bound),
    "Min": min,
    "Heaviside": lambda x, half=0.5: mp.mpf(1 if x > 0 else 0 if x < 0 else half),
    "Support": lambda x: mp.mpf(x != 0),
    "H": lambda x: mp.erfc(x / mp.sqrt(2)) / 2,
    "log_H": lambda x: mp.log(mp.erfc(x / mp.sqrt(2)) / 2),
    "residual_life": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi) / (mp.erfc(x / mp.sqrt(2)) / 2) - x,
    "InverseEntry": lambda i, j, *a: (mp.matrix(_square(a)) ** -1)[int(i), int(j)],
    "hazard": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi) / (mp.erfc(x / mp.sqrt(2)) / 2),
    "log_between": lambda x, y: mp.log(mp.erfc(x / mp.sqrt(2)) - mp.erfc(y / mp.sqrt(2))) - mp.log(2) if x + y > 0
    else mp.log(mp.erfc(-y / mp.sqrt(2)) - mp.erfc(-x / mp.sqrt(2))) - mp.log(2),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "expit": lambda x: 1 / (1 + mp.exp(-x)),
    "LogSum": lambda *x: max(x) + mp.log(mp.fsum(mp.exp(a - max(x)) for a in x)),
    "log_cosh": lambda x: abs(x) + mp.log1p(mp.exp(-2 * abs(x))) - mp.log(2),
}


def _square(entries: Sequence[Any]) -> list[list[Any]]:
    size = math.isqrt(len(entries))
    return [list(entries[i * size : (i + 1) * size]) for i in range(size)]


def exact(value: Any) -> Any:
    """A number as mpmath sees it: floats as the binary numbers they are, text and rationals at the working precision."""
    if isinstance(value, (mp.mpf, mp.mpc)):
        return value
    if isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{value!r} is no number; give one")
    if isinstance(value, Integral):
        return mp.mpf(int(value))
    if isinstance(value, sp.Basic):
        return mp.mpf(value.p) / value.q if isinstance(value, sp.Rational) else mp.mpmathify(value.evalf(mp.mp.dps + 5))
    if isinstance(value, Rational):
        return mp.mpf(value.numerator) / value.denominator
    if isinstance(value, str):
        try:
            fraction = Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ParameterError(f"{value!r} is no number; write it as '1e-12' or '1/3'") from None
        return mp.mpf(fraction.numerator) / fraction.denominator
    return mp.mpc(complex(value)) if isinstance(value, (complex, np.complexfloating)) else mp.mpf(float(value))


class Evaluator:
    """One evaluation: values of symbols, data of arrays, weights and values of the bound variables on the way."""

    def __init__(
        self, scalars: Mapping[Any, Any], arrays: Mapping[Any, Sequence[Any]], weights: Mapping[str, Sequence[Any] | None]
    ):
        self.values = {s: v if isinstance(v, int) and isinstance(s, ModeIndex) else exact(v) for s, v in scalars.items()}
        self.arrays = {a: _exact_entries(v, a.rank) for a, v in arrays.items()}
        self.weights = {d: None if w is None else [exact(x) for x in w] for d, w in weights.items()}

    def __call__(self, e: sp.Expr) -> Any:
        if e.is_Number or e.is_NumberSymbol or e is sp.I:
            return exact(e)
        if isinstance(e, ModeValue):
            entry = self.arrays[e.array]
            for index in e.indices:
                entry = entry[int(index) if isinstance(index, sp.Integer) else self.values[index]]
            return entry
        if isinstance(e, sp.Symbol):
            if e not in self.values:
                raise ParameterError(f"evaluate_expression: no value for {e}; put it into scalars")
            return self.values[e]
        if isinstance(e, sp.Add):
            return mp.fsum(self(a) for a in e.args)
        if isinstance(e, sp.Mul):
            return mp.fprod(self(a) for a in e.args)
        if isinstance(e, sp.Pow):
            return self(e.base) ** (int(e.exp) if e.exp.is_Integer else self(e.exp))
        if isinstance(e, ModeSum):
            return self._mode_sum(e)
        if isinstance(e, GaussianAverage):
            return self._gaussian(e)
        if isinstance(e, OPAQUE):
            raise ParameterError(f"evaluate: {type(e).__name__} {e} is known in double precision only; call solve")
        arguments = [self(a) for a in e.args]
        if e.func.__name__ in FUNCTIONS:
            return FUNCTIONS[e.func.__name__](*arguments)
        digits = mp.mp.dps + 5
        return mp.mpmathify(e.func(*[sp.Float(mp.nstr(a, digits), digits) for a in arguments]).evalf(digits))

    def _prepared(self, average: Average) -> sp.Expr:
        """The body with inner averages that do not see the bound variable done beforehand."""
        fixed = {a: sp.Dummy() for a in outermost(average.body) if average.bound not in a.free_symbols}
        self.values.update({d: self(a) for a, d in fixed.items()})
        return average.body.xreplace(fixed)

    def _mode_sum(self, e: ModeSum) -> Any:
        body, bound = self._prepared(e), e.bound
        lengths = {len(self._axis(v, bound)) for v in body.atoms(ModeValue) if bound in v.indices}
        weights = self.weights.get(e.dimension)
        if len(lengths | ({len(weights)} if weights else set())) != 1:
            raise ParameterError(
                f"evaluate_expression: arrays of different lengths {sorted(lengths)} over {e.dimension}; give one entry per mode"
            )
        terms, outer = [], self.values.get(bound)
        for k in range(lengths.pop()):
            self.values[bound] = k
            terms.append(self(body) if weights is None else weights[k] * self(body))
        self.values[bound] = outer
        return mp.fsum(terms)

    def _axis(self, value: ModeValue, bound: Bound) -> Sequence[Any]:
        entries = self.arrays[value.array]
        for _ in range(value.indices.index(bound)):
            entries = entries[0]
        return entries

    def _gaussian(self, e: GaussianAverage) -> Any:
        """Trapezoidal rule with the step halved until the digits stand: for analytic integrands each halving doubles them."""
        body, bound = self._prepared(e), e.bound
        reach = mp.sqrt(2 * mp.log(10) * (mp.mp.dps + 10)) + 4
        norm, outer = 1 / mp.sqrt(2 * mp.pi), self.values.get(bound)

        def at(z: Any) -> Any:
            self.values[bound] = z
            return norm * mp.exp(-z * z / 2) * self(body)

        step = mp.mpf(1) / 2
        count = int(reach / step) + 1
        total = mp.fsum(at(i * step) for i in range(-count, count + 1))
        for _ in range(11):
            finer = total + mp.fsum(at((2 * i + 1) * step / 2) for i in range(-count, count))
            old, new = total * step, finer * step / 2
            total, step, count = finer, step / 2, 2 * count
            if abs(new - old) <= abs(new) * mp.mpf(10) ** (-(mp.mp.dps // 2) - 4):
                self.values[bound] = outer
                return new
        raise ConvergenceError(
            f"evaluate_expression: the average of {e.body} over a Gaussian is not smooth enough; ask for fewer digits"
        )


def _exact_entries(values: Any, rank: int) -> list[Any]:
    return [exact(v) for v in values] if rank == 1 else [_exact_entries(row, rank - 1) for row in values]


def evaluate_expression(
    expression: sp.Expr,
    scalars: Mapping[Any, Any] | None = None,
    arrays: Mapping[ModeArray, Any] | None = None,
    digits: int = 30,
    weights: Mapping[str, Any] | None = None,
) -> Any:
    """Value of an expression with ``digits`` digits of working precision (more are carried where terms cancel).

    ``scalars`` maps symbols to numbers, text such as "1/3", rationals or mpmath numbers; a free mode index to an integer.
    ``arrays`` maps mode arrays to sequences (nested ones for matrices), ``weights`` a dimension to multiplicities.
    Returns an mpmath number. ParameterError for a missing value or a sum too long for the digits asked for.
    """
    require_affordable(digits, max([len(v) for v in (arrays or {}).values()], default=1))
    expression = sp.sympify(expression)
    value = None
    for extra in (GUARD, GUARD + digits, GUARD + 4 * digits):
        with mp.workdps(digits + extra):
            previous, value = value, Evaluator(scalars or {}, arrays or {}, weights or {})(expression)
            if previous is not None and abs(value - previous) <= abs(value) * mp.mpf(10) ** -digits:
                return value
    raise ConvergenceError(
        f"evaluate_expression: fewer than {digits} digits of {expression} stand; it may be zero, or give exact rationals"
    )


def require_affordable(digits: int, modes: float) -> None:
    if isinstance(digits, bool) or not isinstance(digits, Integral) or digits < 1:
        raise ParameterError(f"digits: {digits!r} is not a positive whole number")
    if modes * digits > LARGEST:
        raise ParameterError(
            f"digits: {modes:g} modes with {digits} digits are too many; use at most {int(LARGEST / modes)} digits or fewer modes"
        )
