"""Means at growing size, extrapolated to infinite size, and what they say of a predicted number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 4.0
"""Standard errors between theory and extrapolated mean, for one number; for many numbers it is raised to an equal risk."""


def fit(mean: NDArray, stderr: NDArray, sizes: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Weighted least squares of mean(r) = intercept + slope/r: intercept, its standard error, slope, chi2."""
    weight, x = stderr**-2, (1 / sizes).reshape(-1, *(1,) * (mean.ndim - 1))
    centre = (weight * x).sum(0) / weight.sum(0)
    spread = (weight * (x - centre) ** 2).sum(0)
    slope = (weight * (x - centre) * mean).sum(0) / spread
    intercept = (weight * mean).sum(0) / weight.sum(0) - slope * centre
    error = np.sqrt(1 / weight.sum(0) + centre**2 / spread)
    return intercept, error, slope, (weight * (mean - intercept - slope * x) ** 2).sum(0)


def judge(
    theory: NDArray, mean: NDArray, stderr: NDArray, intercept: NDArray, error: NDArray, chi2: NDArray, freedom: int,
    reliable: bool, floor: float,
) -> tuple[str, str]:
    """Verdict and reason."""
    from scipy.stats import chi2 as chi2_law
    from scipy.stats import norm

    if not reliable:
        return "inconclusive", "infinite or unresolved variance"
    if not (np.all(np.isfinite(theory)) and np.all(np.isfinite(stderr))):
        return "inconclusive", "not finite"
    risk = 2 * norm.sf(THRESHOLD) / theory.size
    threshold = norm.isf(risk / 2)
    wrong = np.abs(intercept - theory) > threshold * error
    bent = chi2 > chi2_law.isf(risk, freedom) if freedom else np.zeros(theory.shape, bool)
    if np.any(wrong & ~bent):
        return "disagree", f"{np.max(np.abs((intercept - theory) / error)):.1f} standard errors at infinite size"
    # Where the means do not follow 1/r, a distance that does not even shrink is no finite-size effect.
    staying = (np.abs(mean[-1] - theory) > THRESHOLD * stderr[-1]) & (np.abs(mean[-1] - theory) > 0.5 * np.abs(mean[0] - theory))
    if np.any(bent & staying):
        return "disagree", "the distance does not fall with size"
    if np.any(bent):
        return "inconclusive", "means do not follow 1/r; take larger sizes"
    # A theory that is twice the truth is off by half of itself.
    precise = np.abs(theory) > 2 * threshold * error
    if np.any(precise) or np.all(error <= 10 * floor):
        return "agree", ""
    best = np.argmax(np.abs(theory) / error)
    return "inconclusive", f"standard error {np.ravel(error)[best]:.1g} of {np.ravel(theory)[best]:.1g}; take more trials"
