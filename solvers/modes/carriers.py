"""Quadrature nodes that several per-mode arrays share.

A sum over modes is affine in each carrier (a per-mode array other than the eigenvalues), so what a node must
get right are its weights: the multiplicity, and the multiplicity times every product of distinct carriers.
This file turns such weights back into ordinary per-mode data, a multiplicity and a value of each carrier, so
that the same code evaluates compressed and plain modes.
"""

from __future__ import annotations

import numpy as np

_TINY = 1e-20        # smallest |multiplicity| of a node, relative to the mass of its neighbourhood
_SMALL = 1e-250      # smallest typical value of a carrier


def products(multiplicity: np.ndarray, carriers: list[np.ndarray]) -> np.ndarray:
    """Weights of shape (2,)*c + (n,): index 1 on axis i says that carrier i is in the product."""
    weights = np.asarray(multiplicity, dtype=float)
    for values in reversed(carriers):
        weights = np.stack([weights, weights * values])
    return weights


def split(weights: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Per-mode data with the given weights: (multiplicity, carriers, the node that each entry belongs to).

    weights: shape (2,)*c + (n,), as `products` gives them. mass: broadcastable to it, scale of each weight
    around its node. One carrier is the ratio of the two weights. Every further one doubles the nodes: a copy
    with the carrier at zero and one with it at its typical value. All results may be negative.
    """
    mass, carriers = np.broadcast_to(mass, weights.shape), weights.ndim - 1
    if carriers == 0:
        return weights, [], np.arange(weights.size)
    if carriers == 1:
        floor = _TINY * mass[0]
        multiplicity = np.where(np.abs(weights[0]) < floor, floor, weights[0])
        ratio = np.divide(weights[1], multiplicity, out=np.zeros_like(multiplicity), where=multiplicity != 0)
        return multiplicity, [ratio], np.arange(multiplicity.size)
    plain, alone = mass[(0,) * carriers], mass[(1,) + (0,) * (carriers - 1)]
    typical = np.maximum(alone / np.where(plain > 0, plain, 1.0), _SMALL)    # any positive value is exact
    on, on_mass = weights[1] / typical, mass[1] / typical
    (m0, rest0, i0), (m1, rest1, i1) = split(weights[0] - on, mass[0] + on_mass), split(on, on_mass)
    rest = [np.concatenate(pair) for pair in zip(rest0, rest1, strict=True)]
    first = np.concatenate([np.zeros(m0.size), typical[i1]])
    return np.concatenate([m0, m1]), [first, *rest], np.concatenate([i0, i1])
