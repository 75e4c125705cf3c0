"""Draws of what a declaration leaves to chance: random matrices, noise and signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.coordinates import Parts
from solvers.monte_carlo.designs import Design, Entries, Rows
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.classes import classes
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.errors import DeclarationError, ParameterError

DRAWN = ("gaussian", "noise", "signs", "drawn", "tensor")
"""Kinds of leaves that are drawn; the others are given, or found by the law."""
LARGEST = 2**27
"""Entries of a tensor that is drawn (1 GB)."""


def draw(leaf: Leaf, given: Realisation, rng: np.random.Generator, designs: Mapping[str, Design]) -> NDArray:
    """One draw of a leaf: a matrix (rows, cols) or a vector (sites,). DeclarationError where it is drawn anew at every step."""
    if leaf.how.get("fresh") is not None:
        raise DeclarationError(f"matrix {leaf.name}: redrawn at every {leaf.how['fresh']}, which an energy has not; drop fresh=")
    return entries(leaf, given, rng, designs)


def correlated(arrays: Mapping[Leaf, NDArray], given: Realisation) -> dict[Leaf, NDArray]:
    """The same draws, where matrices that correlate with another one have their share of it."""
    found = dict(arrays)
    for leaf in arrays:
        partner = leaf.how.get("partner")
        if partner is None:
            continue
        share, mean = _number(leaf, "correlation", given), _number(leaf, "mean", given)
        if abs(share) > 1:
            raise ParameterError(f"correlation of {leaf.name}: {share:g}; it lies from -1 to 1")
        scales = [np.sqrt(_number(matrix, "variance", given)) for matrix in (leaf, partner)]
        other = (arrays[partner] - _number(partner, "mean", given)) * (scales[0] / scales[1] if scales[1] else 0.0)
        found[leaf] = mean + share * (other.T if leaf.how["turned"] else other) + np.sqrt(1 - share**2) * (arrays[leaf] - mean)
    return found


def label(drawn: Realisation, leaves: Iterable[Leaf], rng: np.random.Generator) -> None:
    """One class for each sample, from the probabilities of a draw, for all labels among some leaves."""
    for leaf in {leaf.how["of"]: leaf for leaf in leaves if leaf.kind == "label"}.values():
        columns = [drawn.vector(Vec(leaf.dims[0], p)) for p in leaf.how["law"]]
        shares = np.stack([c[:, 0] for c in columns], axis=1)
        if not np.all(shares >= -1e-12) or not np.allclose(shares.sum(axis=1), 1, atol=1e-9):
            raise ParameterError(f"probabilities of {leaf.how['of']}: {shares.min():g} to {shares.max():g}; let them add up to 1")
        above = rng.random(len(shares))[:, None] > np.cumsum(shares, axis=1)[:, :-1]
        drawn.set({site.node: 1.0 * (above.sum(axis=1) == k) for k, site in enumerate(classes(leaf))})


def entries(leaf: Leaf, given: Realisation, rng: np.random.Generator, designs: Mapping[str, Design]) -> NDArray:
    """One draw of a leaf: a matrix (rows, cols) or a vector (sites,). What is redrawn has the design of its original."""
    shape = tuple(given.size(dim) for dim in leaf.dims)
    if leaf.kind == "signs":
        return 2.0 * rng.integers(0, 2, shape[0]) - 1.0
    if leaf.kind == "noise":
        return _root(leaf, "variance", 0, given) * rng.standard_normal(shape[0])
    if leaf.kind == "drawn":
        return Parts(leaf.how["law"], leaf.dims[0], given, leaf.name).draw(rng)
    if leaf.kind == "tensor":
        if np.prod(shape, dtype=float) > LARGEST:
            raise ParameterError(f"tensor {leaf.name}: {shape[0]}**{len(shape)} entries are too many to draw; take a smaller size")
        return np.sqrt(_number(leaf, "variance", given)) * rng.standard_normal(shape)
    design = designs.get(leaf.name.rstrip("'"), Entries("gaussian"))
    if isinstance(design, Rows):
        return design.draw(rng, (shape[0], shape[1]))
    z = design.draw(rng, (shape[0], shape[1]))
    if "symmetry" in leaf.how:
        correlation = _number(leaf, "symmetry", given)
        other = design.draw(rng, (shape[0], shape[1]))
        z = np.sqrt((1 + correlation) / 4) * (z + z.T) + np.sqrt((1 - correlation) / 4) * (other - other.T)
    rows, cols = _root(leaf, "row_covariance", 0, given), _root(leaf, "column_covariance", 1, given)
    matrix = np.sqrt(_number(leaf, "variance", given)) * rows[:, None] * z * cols
    mean = _number(leaf, "mean", given)
    return matrix + mean if mean else matrix


def _root(leaf: Leaf, key: str, axis: int, given: Realisation) -> NDArray:
    """Square root of a variance per site."""
    variance = given.vector(Vec(leaf.dims[axis], leaf.how[key]))[:, 0]
    if not np.all(variance >= 0):
        raise ParameterError(f"{key.replace('_', ' ')} of {leaf.name}: {variance.min():g}; it must be 0 or positive")
    return np.sqrt(variance)


def _number(leaf: Leaf, key: str, given: Realisation) -> float:
    value = float(given.scalar(leaf.how[key])[0])
    if not np.isfinite(value) or (key == "variance" and value < 0):
        raise ParameterError(f"{key} of {leaf.name}: {value:g}; it must be finite{' and not negative' * (key == 'variance')}")
    return value
