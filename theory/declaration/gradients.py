"""Gradient of an energy, by reverse mode through its tree, and the affine form of a vector in a state."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import MatrixLeaf
from theory.declaration.learning import Outer
from theory.declaration.matrices import Diag, Prod, Sum
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Over, QuadraticForm
from theory.declaration.sites import Dot, Leaf, Site, batch, tops
from theory.declaration.tensors import Contraction, sloped
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, partial, replace_tops


def gradient(energy, state):
    """dE/dw as a vector over the dimension of ``state``, or as a matrix where the state is one.

    The adjoint g of a local field A@v flows back as A.T@g on v, as the outer product of g and v on A itself, and through an inner
    sum as a global factor. DeclarationError for a state that is not declared, and where a compound matrix or an average holds it.
    """
    if not isinstance(state, (Vec, MatrixLeaf)):
        refuse("gradient by", state, "the state is a vector that State(name, dim) returned, or a Gaussian matrix")
    leaf = state.leaf
    total = sp.S.Zero
    matrices: list[Mat] = []

    def pull(dim: Dim | None, expression, adjoint) -> None:
        """Add what flows back from ``expression`` at a site of ``dim``, with ``adjoint`` = dE/d(expression)."""
        nonlocal total
        for top in sorted(tops(expression), key=str):
            if leaf not in leaves(top):
                continue
            g = adjoint * partial(expression, top)
            if isinstance(top, Over):
                pull(dim if top.dim.finite else top.dim, top.expr, g)
            elif isinstance(top, QuadraticForm):
                vector = Vec(top.matrix.cols, top.expr)
                pull(vector.dim, vector.expr, 2 * g * (top.matrix @ vector).expr)
            elif isinstance(top, Contraction):
                pull(top.tensor.dims[0], top.expr, g * sloped(top.tensor, top.expr))
            elif isinstance(top, Site) and top.node == leaf:
                for d in sorted(batch(g) - set(leaf.dims), key=str):
                    g = Over(g, d)
                total += g
            elif isinstance(getattr(top, "node", None), Dot) and (
                leaf not in leaves(top.node.matrix) or getattr(top.node.matrix, "leaf", None) == leaf
            ):
                matrix, vector = top.node.matrix, top.node.vector
                if leaf in leaves(matrix):
                    post, pre = Vec(dim, g), vector
                    matrices.append(Outer(pre, post) if matrix.transposed else Outer(post, pre))
                if leaf in leaves(vector):
                    pull(vector.dim, vector.expr, (matrix.T @ Vec(dim, g)).expr)
            else:
                refuse("gradient through", top, f"{leaf} may stand in vectors, local fields and sums only")

    pull(None, energy, sp.S.One)
    if isinstance(state, MatrixLeaf):
        return Sum(*matrices) if matrices else Prod(Diag(state.rows, 0), state)
    return Vec(state.dim, total)


def affine(vector: Vec, state) -> tuple[Mat | None, Vec]:
    """``vector = H @ state + b`` as (H, b); H is None when the state does not stand in it. DeclarationError otherwise."""
    leaf = state if isinstance(state, Leaf) else state.leaf
    matrix, constant = None, vector.expr
    moving = [s for s in sorted(tops(vector.expr), key=str) if leaf in leaves(s)]
    for s in moving:
        slope = partial(vector.expr, s)
        if any(leaf in leaves(t) for t in tops(slope)) or not isinstance(getattr(s, "node", None), (Leaf, Dot)):
            refuse(f"not affine in {leaf}", vector, "only a quadratic energy has a linear gradient; simulate or use replicas")
        inner, offset = (None, None) if s == leaf.symbol else affine(s.node.vector, leaf)
        factor = Diag(vector.dim, slope)
        part = factor if inner is None else factor @ s.node.matrix @ inner
        matrix = part if matrix is None else matrix + part
        rest = sp.S.Zero if offset is None else s.node.matrix.apply(offset).expr
        constant = replace_tops(constant, {s: rest})
    return matrix, Vec(vector.dim, constant)
