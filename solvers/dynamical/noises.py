"""Noises of local fields that share a coupling: drawn together, each from what the earlier ones imply and something new."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.dynamical.innovations import Innovations
from theory.dmft.fields import weights
from theory.errors import ConvergenceError


class Group:
    """Local fields whose noises are drawn together."""

    def __init__(self, memory: Any, members: list[sp.Symbol]):
        self.memory, self.members = memory, members
        self.start()

    def start(self) -> None:
        run = self.memory.run
        most = sum(run.rows(h) * (1 if run.noise_is_still(h) else self.memory.times) for h in self.members)
        into = run.uses[self.members[0]].into
        self.drawn = Innovations(most, run.samples(self.members[0]))
        self.inputs = np.zeros((most, run.samples(into)))
        self.owner: list[sp.Symbol] = []
        self.places: dict[tuple[sp.Symbol, int], int] = {}
        self.time = -1

    def draw(self, h: sp.Symbol, use: Any, k: int) -> NDArray:
        run = self.memory.run
        if "fresh" in use.leaf.how and self.time != k:
            self.start()
        self.time = k
        into = run.uses[h].into
        sites = run.sites[run.fields.dims[into]]
        (weight,) = run.evaluate([weights(use.leaf)[0 if use.transposed else 1]], sites)
        power = use.order - 1
        scaled = run.values[into].reshape(run.rows(into), -1) * (sites.size * weight * sites.weight)
        plain = run.values[into].reshape(run.rows(into), -1)
        out = np.empty((run.rows(h), run.samples(h)))
        for p in range(run.rows(h)):
            n = self.drawn.count
            factors = np.array([self.memory.coefficient(h, g) for g in self.owner])
            covariance = factors * (self.inputs[:n] @ scaled[p]) ** power if n else np.zeros(0)
            variance = self.memory.coefficient(h, h) * float(scaled[p] @ plain[p]) ** power
            try:
                out[p], is_new = self.drawn.append(covariance, variance, run.sites[run.fields.dims[h]].take)
            except ArithmeticError as error:
                at = f"t = {k * run.plan.length:g}"
                what = f"{run.theory.name}: the noise on {h} is lost to rounding at {at} ({error})"
                raise ConvergenceError(f"{what}; take more samples or longer steps") from None
            if is_new:
                self.places[h, (0 if run.noise_is_still(h) else k) * run.rows(h) + p] = n
                self.inputs[n], self.owner = plain[p], [*self.owner, h]
        return out.reshape(*run.shape(h), -1)

    def responses(self, weighted: NDArray, g: sp.Symbol, pushes: int, ridge: float) -> NDArray:
        """<dx/du> of fields x, of given weighted samples, by the noises u_g at every time: <x u> (<u u> + ridge)^-1.

        Stein's lemma for Gaussian noises, as exact as their covariance is well conditioned; ``ridge`` is relative to its mean
        diagonal, and biases. Pushes that hold nothing new of their own count as zero.
        """
        from scipy.linalg import cho_factor, cho_solve

        n, found = self.drawn.count, np.zeros((len(weighted), pushes))
        if not n:
            return found
        factor, crossed = self.drawn.factor[:n, :n], weighted @ self.drawn.new[:n].T
        covariance = factor @ factor.T
        damped = covariance + ridge * np.trace(covariance) / n * np.eye(n)
        solved = cho_solve(cho_factor(damped, lower=True, check_finite=False), factor @ crossed.T, check_finite=False).T
        for (h, row), place in self.places.items():
            if h == g and row < pushes:
                found[:, row] = solved[:, place]
        return found
