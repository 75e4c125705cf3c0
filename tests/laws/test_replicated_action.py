"""The algebra of broken replicas for whole numbers of replicas: dense matrices, sums over all spins, orthants of Gaussians."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import sympy as sp

from solvers.compile import compile_expressions
from theory import Dim, Energy, Gaussian, State, heaviside, sum_over
from theory.replica.breaking import breaking
from theory.replica.gaussian import sample_average
from theory.replica.glass_samples import TreeSamples
from theory.replica.hierarchy import Hierarchical
from theory.replica.one_body import OMEGA
from theory.replica.tree import Outer, Tree
from theory.symbols import beta
from theory.symbols import replicas as n

N, P = Dim("N"), Dim("P")
WHOLE = {"RS": (3, ()), "1RSB": (4, (2,)), "2RSB": (8, (2, 4)), "3RSB": (16, (2, 4, 8))}
"""Numbers of replicas and sizes of blocks, innermost first."""
TEMPERATURE, FIELD = 2.0, 0.6


def increasing(count):
    """Overlaps from the outermost level inwards."""
    return [0.1 + 0.15 * j for j in range(count)]


def dense(entries, blocks, size):
    """A matrix of diagonal and overlaps, innermost first, entry by entry."""
    sizes = (1, *blocks, size)
    return np.array([[next(e for e, m in zip(entries, sizes, strict=True) if a // m == b // m) for b in range(size)]
                     for a in range(size)])  # fmt: skip


@pytest.mark.parametrize("ansatz", WHOLE)
def test_functions_of_hierarchical_matrices_are_those_of_dense_ones(ansatz):
    size, blocks = WHOLE[ansatz]
    inward = increasing(len(blocks) + 1)
    whole = [sp.Integer(m) for m in blocks]
    one, two = ([1.0, *reversed(inward)], [2.0, *(0.5 * e**2 for e in reversed(inward))])
    a, b = (Hierarchical.from_entries([sp.Float(e) for e in entries], whole) for entries in (one, two))
    x, y = (dense(entries, blocks, size) for entries in (one, two))

    def written(matrix):
        return np.array(matrix.dense(size), dtype=float)

    def number(expression):
        return float(expression.xreplace({n: sp.Integer(size)}))

    for matrix, expected in (
        (a, x),
        (a @ b, x @ y),
        (a.inverse(), np.linalg.inv(x)),
        (a.hadamard(lambda q: q**3), x**3),
        (a.apply(lambda v: v**2) + a.scaled_identity(2), x @ x + 2 * np.eye(size)),
    ):
        at = Hierarchical([c.xreplace({n: sp.Integer(size)}) for c in matrix.coefficients], whole)
        assert written(at) == pytest.approx(expected, abs=1e-12)
    assert number(a.trace()) == pytest.approx(np.trace(x), rel=1e-13)
    assert number(a.log_det()) == pytest.approx(np.linalg.slogdet(x)[1], rel=1e-12)
    assert number(a.total()) == pytest.approx(x.sum(), rel=1e-13)
    values = sorted(v for e, m in zip(a.eigenvalues(), a.multiplicities(), strict=True) for v in [number(e)] * round(number(m)))
    assert values == pytest.approx(np.linalg.eigvalsh(x), rel=1e-12)


def glass(ansatz):
    """Spins with random couplings in a field, at the ansatz: the state of the derivation."""
    s, J, h = State("s", N, prior="ising"), Gaussian("J", N, N, variance=1 / N, symmetry=1), sp.Symbol("h", real=True)
    energy = Energy(-sum_over(N, s * (J @ s)) / 2 - h * sum_over(N, s), over=s, temperature=sp.Symbol("T", positive=True),
                    ansatz=ansatz)  # fmt: skip
    return energy.derive().state()


def counted(tree, size):
    """The tree with the whole number of replicas as its outermost block."""
    return Tree(tree.value, tree.slope, tree.curvature, (*tree.spreads, sp.S.Zero), (*tree.blocks, sp.Integer(size)))


def of_sites(ansatz):
    from theory.replica.rsb import sites

    state = glass(ansatz)
    size, blocks = WHOLE[ansatz]
    order, law = state["order"], sites({k: v for k, v in state.items() if k != "eliminated"})
    inward = increasing(len(order.overlaps))
    point = {c: sp.Float(v) for c, v in zip(order.conjugates, inward, strict=True)} | {beta: sp.Float(1 / TEMPERATURE)}
    point |= {x: sp.Integer(m) for x, m in zip(order.inner_blocks, blocks, strict=True)}
    point[sp.Symbol("h", real=True)] = sp.Float(FIELD)
    # The field of the penalty is the mean of the outermost Gaussian; a tree of whole replicas has it inside.
    tree, moved = law.tree(Outer(), order.conjugates[0]), {OMEGA: OMEGA + FIELD}
    tree = replace(tree, **{k: getattr(tree, k).xreplace(moved) for k in ("value", "slope", "curvature")})
    return order, counted(tree, size), point, dense([inward[-1], *reversed(inward)], blocks, size)


def summed_over_spins(covariance):
    """log Σ_s exp(β²/2 sᵀ R s + β h Σ s) and its averages of products of two spins."""
    size, b = len(covariance), 1 / TEMPERATURE
    spins = np.array(list(product((-1.0, 1.0), repeat=size)))
    exponent = b**2 / 2 * np.einsum("ka,ab,kb->k", spins, covariance, spins) + b * FIELD * spins.sum(axis=1)
    top = exponent.max()
    weights = np.exp(exponent - top)
    pairs = np.einsum("k,ka,kb->ab", weights / weights.sum(), spins, spins)
    return top + np.log(weights.sum()), pairs


@pytest.mark.parametrize("ansatz", ["RS", "1RSB", "2RSB", pytest.param("3RSB", marks=pytest.mark.slow)])
def test_spins_of_whole_numbers_of_replicas_are_summed_over_all_configurations(ansatz):
    """The tree of averages of the derivation, and its derivatives by conjugates, against 2^n configurations of n replicas."""
    order, tree, point, covariance = of_sites(ansatz)
    size, b = len(covariance), 1 / TEMPERATURE
    value, pairs = summed_over_spins(covariance)
    nodes = 31 if len(order.blocks) < 2 else 19
    expressions = [tree.total(), *(tree.derivative(c) for c in order.conjugates)]
    found = [float(v) for v in compile_expressions([e.xreplace(point) for e in expressions], nodes)({})]
    assert size * found[0] == pytest.approx(value, rel=1e-9)
    sizes = (1, *WHOLE[ansatz][1], size)
    apart = np.array([[min(j for j, m in enumerate(sizes) if a // m == c // m) for c in range(size)] for a in range(size)])
    for j, slope in enumerate(found[1:]):
        level = len(order.conjugates) - j
        of_level = (apart == level) | ((apart == 0) & (level == 1))
        # The diagonal has the innermost conjugate.
        assert size * slope == pytest.approx(b**2 / 2 * pairs[of_level].sum(), rel=1e-8), j


@pytest.mark.parametrize("ansatz", WHOLE)
def test_quadratic_samples_of_whole_numbers_of_replicas_are_dense_gaussian_integrals(ansatz):
    from theory.replica.fields import H

    size, blocks = WHOLE[ansatz]
    entries = [1.0, *reversed(increasing(len(blocks) + 1))]
    covariance = Hierarchical.from_entries([sp.Float(e) for e in entries], [sp.Integer(m) for m in blocks])
    a, b, c = -0.7, 0.4, -0.2
    found = sample_average(covariance, a * H**2 + b * H + c).xreplace({n: sp.Integer(size)})
    matrix = dense(entries, blocks, size)
    shrunk = np.eye(size) - 2 * a * matrix
    ones = np.ones(size)
    direct = -np.linalg.slogdet(shrunk)[1] / 2 + b**2 / 2 * ones @ np.linalg.solve(shrunk, matrix @ ones) + size * c
    assert float(found) == pytest.approx(direct, rel=1e-12)


@pytest.mark.parametrize("ansatz", ["1RSB", "2RSB"])
def test_steps_of_whole_numbers_of_replicas_are_orthants(ansatz):
    """Patterns that all replicas store: the probability that fields of hierarchical covariance all lie above the margin."""
    from scipy.stats import multivariate_normal

    from theory.replica.couplings import read_glass

    w, X = State("w", N, prior="spherical"), Gaussian("X", P, N, variance=1 / N)
    model = Energy(sum_over(P, heaviside(-sp.Rational(1, 2) - X @ w)), over=w, phase="SAT", ansatz=ansatz)
    order, (size, blocks) = breaking(ansatz, sp.S.One), WHOLE[ansatz]
    (fields,) = read_glass(model).samples
    part = TreeSamples(fields, order, order.overlap, True)
    tree = counted(part.tree(part.body(fields.potential), Outer(), order.overlaps[0]), size)
    inward = increasing(len(order.overlaps))
    point = {q: sp.Float(v) for q, v in zip(order.overlaps, inward, strict=True)}
    point |= {x: sp.Integer(m) for x, m in zip(order.inner_blocks, blocks, strict=True)}
    found = size * float(compile_expressions([tree.total().xreplace(point)], 31, "uniform" if size < 5 else "hermite")({})[0])
    covariance = dense([1.0, *reversed(inward)], blocks, size)
    law = multivariate_normal(np.zeros(size), covariance, seed=1)
    law.abseps, law.maxpts = 1e-6, 400_000
    assert np.exp(found) == pytest.approx(law.cdf(np.full(size, 0.5)), abs=1e-5)
