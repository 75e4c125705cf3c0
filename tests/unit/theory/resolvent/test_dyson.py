"""The Dyson equation in named traces: pairings, self-energy, names."""

import pickle

import sympy as sp

from theory.averages import ModeSum
from theory.declaration import Diag, Dim, Expression, Gaussian, Tr
from theory.modes import ModeArray, ModeIndex
from theory.resolvent import derive
from theory.resolvent.dyson import Dyson
from theory.resolvent.names import LONGEST, Namer
from theory.resolvent.pencil import linearise
from theory.symbols import size

M, P, N = Dim("M", "eta"), Dim("P"), Dim("N")
(eta,) = M.spectra
lam = sp.Symbol("lambda", positive=True)
X, W = Gaussian("X", P, M, column_covariance=eta), Gaussian("W", M, N, variance=1 / N)
R = (X.T @ X + lam).inv


def equations(expression):
    step = derive(Expression(expression), reduce=False)["Dyson equation"]
    return {t.name: (t, e) for t, e in step["equations"].items()}


def test_marchenko_pastur_reads_as_in_the_literature():
    found = equations(Tr(R))
    (q, first), (t, second) = found["tr_I_minus_X_R_X"], found["tr_eta_R"]
    k = ModeIndex("M", "k")
    entry = ModeArray("eta", nonnegative=True)[k]
    assert first == size("P") / (1 + t) and second == ModeSum(entry / (lam + q * entry), k)


def test_a_named_trace_knows_its_matrix():
    found = equations(Tr(W @ (W.T @ X.T @ X @ W + lam).inv @ W.T))
    inner = (W.T @ X.T @ X @ W + lam).inv
    assert found["tr_eta_W_R_W"][0].trace == Tr(Diag(M, eta) @ W @ inner @ W.T)
    assert found["tr_I_minus_X_W_R_W_X"][0].trace == Tr(1 - X @ W @ inner @ W.T @ X.T)
    t = found["tr_R"][0]
    assert t.trace == Tr(inner) and pickle.loads(pickle.dumps(t)) == t and r"\operatorname{Tr}" in sp.latex(t)


def test_no_unknown_is_named_after_its_place():
    error = W @ (W.T @ X.T @ X @ W + lam).inv @ W.T @ X.T @ X - 1
    names = equations(Tr(error.T @ Diag(M, eta) @ error))
    assert all(name.startswith("tr_") and len(name) <= LONGEST for name in names) and len(set(names)) == len(names)


def test_names_count_when_they_are_long_or_taken():
    namer = Namer()
    _, first = namer.symbol(R)
    _, same = namer.symbol(R)
    _, transposed = namer.symbol(X.T @ X @ R)
    _, other = namer.symbol(Diag(M, eta) @ X.T @ X @ R)
    assert first == same and len({first, transposed, other}) == 3
    product = R
    for _ in range(12):
        product = product @ Diag(M, eta) @ R
    assert len(namer.symbol(product)[1].name) <= LONGEST


def test_a_minus_sign_is_no_part_of_a_name():
    namer = Namer()
    (plus, one), (minus, two) = namer.symbol(1 - X @ R @ X.T), namer.symbol(X @ R @ X.T - 1)
    assert one == two and (plus, minus) == (1, -1) and one.name == "tr_I_minus_X_R_X"
    eta_one, eta_two = namer.symbol(Diag(M, eta) @ (R - 1)), namer.symbol(-Diag(M, eta) @ (R - 1))
    assert eta_one[1] == eta_two[1] and eta_one[0] == -eta_two[0]


def self_energy(matrix):
    return Dyson(linearise(matrix), Namer())


def test_a_matrix_pairs_with_its_transpose_and_with_itself_only_if_symmetric():
    plain, symmetric = Gaussian("A", N, N, variance=1 / N), Gaussian("B", N, N, variance=1 / N, symmetry=sp.Rational(1, 3))
    # A G A carries no trace of G for independent entries.
    assert not self_energy((plain + lam).inv).unknowns
    terms = self_energy((symmetric + lam).inv).sigma
    assert [c for found in terms.values() for c, _ in found] == [1 / (3 * size("N"))]
    assert not self_energy((plain + Gaussian("C", N, N) + lam).inv).unknowns


def test_covariances_go_where_they_belong():
    rows = Dim("Q", "rho")
    (rho,) = rows.spectra
    Z = Gaussian("Z", rows, M, row_covariance=rho, column_covariance=eta, variance=lam)
    dyson = self_energy((Z.T @ Z + lam).inv)
    assert {(u.dim, sp.Abs(u.weight)) for u in dyson.unknowns.values()} == {(M, eta), (rows, rho)}
    assert {c for found in dyson.sigma.values() for c, _ in found} <= {lam * rho, lam * eta, -lam * rho, -lam * eta}


def test_blocks_invert_the_matrix_square_roots_and_all():
    root = Diag(M, sp.sqrt(eta))
    dyson = self_energy(X @ root @ (root @ X.T @ X @ root + lam).inv @ X.T)
    for dim in dyson.dimensions:
        rows, cols, matrix = dyson.matrix_of(dim, {})
        blocks = dyson.blocks({}, [(b, c) for b in cols for c in rows])
        inverse = sp.Matrix(len(cols), len(rows), lambda i, j, r=rows, c=cols, g=blocks: g.get((c[i], r[j]), sp.S.Zero))
        assert (matrix * inverse).applyfunc(sp.simplify) == sp.eye(len(rows))
