"""What one sample and one site see at the replica-symmetric saddle point: effective one-body problems in Gaussian fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from theory.piecewise import Pieces, pieces
from theory.replica.data import total
from theory.replica.fields import H, W
from theory.replica.joint import Model, Samples, U
from theory.replica.one_body import OMEGA, WIDTH, OneBody, one_body
from theory.special import log_cosh
from theory.symbols import beta
from theory.truncated import average

Quantity = Callable[[OneBody, sp.Expr], Pieces]


@dataclass(frozen=True)
class SampleLaw:
    """One sample: h has mean ω over thermal fluctuations of variance ``width``; ω has variance ``overlap`` and covariance ``mixed``
    with the teacher's field u."""

    samples: Samples
    width: sp.Expr
    overlap: sp.Expr
    mixed: sp.Expr
    regime: str

    def mean(self, quantity: Quantity, power: int = 0, observable: sp.Expr = sp.S.Zero) -> sp.Expr:
        """Average over samples of ``quantity(one-body problem, observable)`` times u**power, for an observable in h and u."""
        if self.samples.teacher is None:
            return self._of(self.samples.potential, observable, quantity).average(sp.S.Zero, sp.sqrt(self.overlap))
        variance, result = self.samples.teacher, sp.S.Zero
        slope = self.mixed / self.overlap
        spread = sp.sqrt(variance - self.mixed**2 / self.overlap)
        cases = pieces(sp.Tuple(self.samples.potential, observable), U)
        mirrored = _mirrored(cases)
        for lower, upper, (potential, seen) in list(cases)[mirrored:]:
            body = self._of(potential, seen, quantity)
            if U not in potential.free_symbols | seen.free_symbols:

                def weight(z: sp.Expr, ends: tuple = (lower, upper)) -> sp.Expr:
                    mean = slope * sp.sqrt(self.overlap) * z
                    limits = [e if e.is_infinite else (e - mean) / spread for e in ends]
                    return average(lambda t: (mean + spread * t) ** power, *limits)

                result += body.average(sp.S.Zero, sp.sqrt(self.overlap), weight)
            else:
                rest = sp.sqrt(self.overlap - self.mixed**2 / variance)

                def outer(y: sp.Expr, body: Pieces = body, rest: sp.Expr = rest) -> sp.Expr:
                    u = sp.sqrt(variance) * y
                    return u**power * body.subs({U: u}).average(self.mixed * u / variance, rest)

                result += average(outer, *[e if e.is_infinite else e / sp.sqrt(variance) for e in (lower, upper)])
        return 2 * result if mirrored else result

    def _of(self, potential: sp.Expr, observable: sp.Expr, quantity: Quantity) -> Pieces:
        return quantity(one_body(potential, H, self.regime), observable).subs({WIDTH: self.width})

    def expectation(self, observable: sp.Expr) -> sp.Expr:
        """Expectation of a function of h and u at one sample."""
        return self.mean(lambda body, seen: body.expectation(seen), observable=observable)


def _mirrored(cases: Pieces) -> bool:
    """Whether the case u < 0 is the case u > 0 with both fields turned over, in which no average differs."""
    if cases.edges != (-sp.oo, 0, sp.oo):
        return False
    flipped = cases.bodies[0].xreplace({H: -H, U: -U})
    return all(sp.expand(a - b) == 0 for a, b in zip(flipped, cases.bodies[1], strict=True))


@dataclass(frozen=True)
class SiteLaw:
    """One site: the state in a quadratic form −A w²/2 + B w with B Gaussian of mean ``bias`` and variance ``spread``, its
    penalty and its prior."""

    model: Model
    curvature: sp.Expr
    bias: sp.Expr
    spread: sp.Expr
    regime: str

    @property
    def ising(self) -> bool:
        return self.model.prior == "ising"

    def body(self) -> OneBody:
        """The one-body problem in the field B/A, or in B for Ising variables."""
        if not self.ising:
            return one_body(self.model.penalty, W, self.regime if self.model.penalty != 0 else "warm")
        up, down = (self.model.penalty.xreplace({W: sp.Integer(s)}) for s in (1, -1))
        drive = OMEGA - beta * (up - down) / 2
        even = -self.curvature / 2 - beta * (up + down) / 2
        mean = sp.tanh(drive)

        def expectation(observable: sp.Expr) -> Pieces:
            plus, minus = (observable.xreplace({W: sp.Integer(s)}) for s in (1, -1))
            return _whole((plus + minus) / 2 + mean * (plus - minus) / 2)

        return OneBody(_whole(sp.log(2) + log_cosh(drive) + even), _whole(mean), _whole(1 - mean**2), expectation)

    def mean(self, quantity: Pieces) -> sp.Expr:
        """Average over B and over random vectors at the site, of pieces in the one-body field."""
        # Stand-ins keep the closed forms short, whatever is known of the conjugates by now.
        unit = sp.S.One if self.ising else sp.Dummy("A", positive=True)
        spread, bias = sp.Dummy("B2", positive=True), sp.Dummy("B", real=True)
        values = {spread: self.spread, bias: self.bias, **({} if self.ising else {unit: self.curvature})}
        quantity = quantity.subs({WIDTH: 1 / unit})
        symbols = self.bias.free_symbols.union(*(e.free_symbols for e in quantity.bodies))
        noise = {s: v for s, v in self.model.site_noise.items() if s in symbols}
        if len(noise) == 1:
            # B is Gaussian with the random vector, which is averaged first, at given B.
            ((symbol, variance),) = noise.items()
            slope = sp.Dummy("b", real=True)
            values |= {slope: self.bias.diff(symbol), bias: self.bias.xreplace({symbol: sp.S.Zero})}
            values[spread] = self.spread + slope**2 * variance
            gain = slope * variance / spread
            rest = sp.sqrt(variance - slope * variance * gain)
            quantity = quantity.map(lambda e: average(lambda t: e.xreplace({symbol: gain * (unit * OMEGA - bias) + rest * t})))
            noise = {}
        value = quantity.average(bias / unit, sp.sqrt(spread) / unit).xreplace(values).xreplace(values)
        for symbol, variance in noise.items():
            value = average(lambda y, s=symbol, v=variance, e=value: e.xreplace({s: sp.sqrt(v) * y}))
        return value

    def moments(self) -> tuple[Pieces, Pieces]:
        """Thermal mean and variance of the state (over the temperature where that is zero), as pieces in the one-body field."""
        body = self.body()
        if self.ising:
            return body.slope, body.curvature
        mean = body.slope.map(lambda s: _short(OMEGA + WIDTH * s))
        return mean, body.curvature.map(lambda s: _short(WIDTH + WIDTH**2 * s))

    def sum(self, quantity: Pieces, factor: sp.Expr = sp.S.One) -> sp.Expr:
        """Sum over sites of the average; ``factor`` may hold random vectors and data of the site."""
        return total(self.model.dim, self.mean(quantity.map(lambda e: factor * e)), self.model.index)

    def value(self) -> sp.Expr:
        """Sum over sites of the logarithm of the site's integral, in units of β at zero temperature."""
        body = self.body()
        if self.ising:
            return self.sum(body.value)
        measure = sp.S.Zero if self.regime == "UNSAT" else sp.log(2 * sp.pi * WIDTH) / 2
        return self.sum(body.value.map(lambda e: e + OMEGA**2 / (2 * WIDTH) + measure))

    def expectation(self, observable: sp.Expr) -> sp.Expr:
        """Expectation of a function of the state at one site."""
        return self.mean(self.body().expectation(observable))


def _whole(expression: sp.Expr) -> Pieces:
    return Pieces(OMEGA, (-sp.oo, sp.oo), (expression,))


def _short(expression: sp.Expr) -> sp.Expr:
    return sp.cancel(expression) if expression.is_rational_function() else sp.expand(expression)
