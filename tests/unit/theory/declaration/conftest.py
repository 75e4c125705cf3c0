"""A declaration with arrays in it, evaluated entry by entry: the meaning that the algebra has to keep."""

from zlib import crc32

import numpy as np
import pytest
import sympy as sp

from theory.declaration import Diag, Dim, Dot, Inv, Over, Prod, QuadraticForm, Site, Spectrum, Sum, Trace, replace_tops, tops
from theory.declaration.ensembles import MatrixLeaf


class World:
    """Sizes of dimensions, and arrays for leaves and spectra, drawn on first use, by name. A site expression is (sites, batch)."""

    def __init__(self, sizes, values, seed=0):
        self.sizes, self.values, self.arrays, self.seed = sizes, values, {}, seed

    def array(self, key, shape, positive=False):
        if key not in self.arrays:
            rng = np.random.default_rng(crc32(f"{key} {self.seed}".encode()))
            self.arrays[key] = rng.uniform(0.5, 2, shape) if positive else rng.normal(size=shape)
        return self.arrays[key]

    def leaf(self, leaf):
        drawn = self.array(leaf, [self.sizes[d] for d in leaf.dims])
        return drawn + drawn.T if leaf.kind == "deterministic" else drawn

    def matrix(self, m):
        if isinstance(m, MatrixLeaf):
            return self.leaf(m.leaf).T if m.transposed else self.leaf(m.leaf)
        if isinstance(m, Diag):
            return np.diag((self.expr(m.vector.expr, m.rows) * np.ones((self.sizes[m.rows], 1)))[:, 0])
        inner = [self.matrix(a) for a in m.args]
        if isinstance(m, Inv):
            return np.linalg.inv(inner[0])
        if isinstance(m, Sum):
            return sum(inner)
        assert isinstance(m, Prod)
        return np.linalg.multi_dot(inner)

    def top(self, t, dim):
        if isinstance(t, Site) and isinstance(t.node, Dot):
            cols = t.node.matrix.cols
            return self.matrix(t.node.matrix) @ (self.expr(t.node.vector.expr, cols) * np.ones((self.sizes[cols], 1)))
        if isinstance(t, Site):
            values = self.leaf(t.node)
            return values if values.ndim == 2 else values[None, :] if t.node.dims[0].finite else values[:, None]
        if isinstance(t, Over):
            inner = self.expr(t.expr, dim if t.dim.finite else t.dim)
            axis = int(t.dim.finite)
            return inner.sum(axis, keepdims=True) * (self.sizes[t.dim] if inner.shape[axis] == 1 else 1)
        if isinstance(t, QuadraticForm):
            v = self.expr(t.expr, t.matrix.cols) * np.ones((self.sizes[t.matrix.cols], 1))
            return v.T @ self.matrix(t.matrix) @ v
        assert isinstance(t, Trace)
        return np.trace(self.matrix(t.matrix)).reshape(1, 1)

    def expr(self, e, dim=None):
        e = sp.sympify(e)
        stand_in = {t: sp.Dummy() for t in tops(e)}
        values = {d: self.top(t, dim) for t, d in stand_in.items()}
        opened = replace_tops(e, stand_in)
        for s in opened.free_symbols - set(values):
            if isinstance(s, Dim):
                values[s] = self.sizes[s]
            elif isinstance(s, Spectrum):
                values[s] = self.array(s, self.sizes[dim], positive=True)[:, None]
            else:
                values[s] = self.values[s]
        return np.atleast_2d(sp.lambdify(list(values), opened, ["scipy", "numpy"])(*values.values()))

    def vector(self, v):
        inner = self.expr(v.expr, v.dim)
        return inner if v.dim is None else inner * np.ones((self.sizes[v.dim], 1))

    def number(self, e):
        return self.expr(e).item()

    def moved(self, leaf, step):
        """A world in which one leaf is shifted."""
        other = World(self.sizes, self.values, self.seed)
        other.arrays = {**self.arrays, leaf: self.leaf(leaf) + step}
        return other


@pytest.fixture(scope="session")
def world():
    return World
