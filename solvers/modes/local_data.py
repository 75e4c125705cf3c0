"""Mode data for points of a curve, each with the modes near the poles of its sums and nodes for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.modes.mode_data import ModeData, is_compressible, node_parameter
from solvers.modes.mode_tree import ERROR, ModeTree
from solvers.modes.spectra import Modes
from solvers.values import mode_dimensions
from theory.averages import ModeSum
from theory.spectral.inverse_map import poles_of

LEAST, GROUP = 1500, 64
"""Modes from which trees pay, and points that share their data."""


class LocalData:
    """``full`` data in which dimensions with many modes become trees, for ``expressions``; ``error`` is that of their sums.

    A dimension has one where its only array are eigenvalues and all denominators of its sums are linear in them, with coefficients
    that no sum enters. An object is False where no dimension has one.
    """

    def __init__(self, theory: Any, full: ModeData, modes: Mapping[str, Modes], expressions: Iterable[sp.Expr]) -> None:
        sums = set().union(*(sp.sympify(e).atoms(ModeSum) for e in expressions))
        self.full, self.trees, poles = full, {}, []
        dimensions = mode_dimensions(theory)
        for name in modes:
            parameters = [p for p in theory.parameters if p.ndim == 1 and dimensions[p.name][0] == name]
            nodes = node_parameter(theory, parameters)
            if nodes is None or len(parameters) > 1 or len(full.arrays[nodes.symbol]) <= LEAST:
                continue
            found = poles_of([s for s in sums if s.dimension == name]) if is_compressible(theory, name, nodes.symbol) else None
            if found is not None:
                tree = ModeTree(full.arrays[nodes.symbol], full.weights[name])
                self.trees[name] = (nodes.symbol, tree, slice(len(poles), len(poles) + len(found)))
                poles += found
        self._compiled = compile_expressions(poles)
        self.error = ERROR if self.trees else 0.0

    def __bool__(self) -> bool:
        return bool(self.trees)

    def groups(self, known: Mapping[Any, NDArray], points: int) -> Iterator[tuple[NDArray, ModeData]]:
        """Indices of points with neighbouring poles and the data for them; ``known`` are symbols, scalars or (points,)."""
        with np.errstate(all="ignore"):
            found = self._compiled({s: known[s] for s in self._compiled.scalars}, {}, {}, {})
            poles = np.array([np.broadcast_to(v, (points,)) for v in found], dtype=complex).reshape(-1, points)
            order = np.argsort(np.abs(poles[0])) if len(poles) else np.arange(points)
        for start in range(0, points, GROUP):
            index = order[start : start + GROUP]
            arrays, weights = dict(self.full.arrays), dict(self.full.weights)
            for name, (symbol, tree, rows) in self.trees.items():
                arrays[symbol], weights[name] = tree.around(poles[rows, index].ravel())
            yield index, replace(self.full, arrays=arrays, weights=weights)
