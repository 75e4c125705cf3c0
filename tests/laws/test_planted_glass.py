"""Teachers and planted fields where replicas break: derivatives of the free energy, whole numbers of replicas, and what they reduce
to without breaking, without a teacher, and for a posterior."""

from itertools import product

import numpy as np
import pytest
import sympy as sp
from scipy.stats import multivariate_normal

from solvers import solve
from solvers.compile import compile_expressions
from theory import (
    Atom,
    Dim,
    Drawn,
    Energy,
    Gaussian,
    Labels,
    Mixture,
    Noise,
    Normal,
    Quenched,
    Signs,
    State,
    Tensor,
    heaviside,
    mean,
    models,
    relu,
    sign,
    softmax,
    sum_over,
)  # fmt: skip
from theory.replica.breaking import STIFFNESS
from theory.replica.rsb import derive_glass, samples, sites
from theory.replica.tree import Tree
from theory.replica.tree_sites import TreeSites
from theory.symbols import beta
from theory.symbols import replicas as n

N, P, T = Dim("N"), Dim("P"), sp.Symbol("T", positive=True)
NUMBER, PATTERNS, HALF = sp.Symbol("N", positive=True), sp.Symbol("P", positive=True), sp.Rational(1, 2)
X, w0, e = Gaussian("X", P, N, variance=1 / N), Noise("w0", N), Noise("e", P, variance=HALF)
s, v, g = State("s", N, prior="ising"), State("v", N, prior="spherical"), State("g", N, prior="gaussian")
u = State("u", N)
Y = sign(X @ w0 + e)
SPARSE = Drawn("d", N, Mixture((HALF, Atom(0)), (HALF, Normal(sp.Rational(1, 3), 2))))


def errors(w, label=Y):
    return sum_over(P, heaviside(-label * (X @ w)))


PAIR = -sum_over(N, s * (Gaussian("J", N, N, variance=1 / N, symmetry=1) @ s)) / 2
SPIKE = Tensor("K", N, 3, variance=1 / (2 * N**2))(v) - sum_over(N, w0 * v) ** 3 / (2 * N**2)
AMPLITUDES = sum_over(P, (abs(X @ v) - abs(X @ w0 + e)) ** 2) / 2
DRAWN = Labels("y", *softmax(3 * (X @ w0)))[0]
LABELLED = sum_over(P, DRAWN * heaviside(-(X @ s)) + (1 - DRAWN) * heaviside(X @ s))
LEARNING = {
    "drawn labels": (LABELLED, s, {"temperature": T}),
    "spins": (errors(s), s, {"temperature": T}),
    "volume of spins": (errors(s, sign(X @ w0)), s, {"phase": "SAT"}),
    "sphere": (errors(v), v, {"temperature": T}),
    "Gaussian prior": (sum_over(P, relu(1 - Y * (X @ g))), g, {"temperature": T}),
    "phases": (sum_over(P, (abs(X @ s) - abs(X @ w0)) ** 2), s, {"temperature": T}),
    "sparse teacher": (errors(s, sign(X @ SPARSE)) - sum_over(N, SPARSE * s) / 5, s, {"temperature": T}),
    "errors of free states": (errors(u) + u.square() / 4, u, {}),
    "hinges of spins": (sum_over(P, relu(1 - Y * (X @ s))), s, {}),
    "errors of a sphere": (errors(v), v, {}),
    "amplitudes": (AMPLITUDES, v, {}),
    "planted spins": (PAIR - sum_over(N, w0 * s) ** 2 / N, s, {"temperature": T}),
    "planted sphere": (SPIKE, v, {"temperature": T}),
    "ground state of a planted sphere": (SPIKE, v, {}),
    "double wells": (sum_over(P, relu(1 - Y * (X @ g))) + sum_over(N, (g**2 - 1) ** 2), g, {"temperature": T}),
    "errors and absolute values": (errors(u) + sum_over(N, abs(u)) / 4, u, {}),
}  # fmt: skip


def model(case, ansatz, **options):
    energy, over, how = LEARNING[case]
    return Energy(energy, over=over, ansatz=ansatz, name="planted", **how, **options)


def point_of(state):
    """Arbitrary order parameters, overlaps and conjugates that increase inwards."""
    order = state["order"]
    at = {q: 0.3 + 0.2 * j for j, q in enumerate(order.overlaps)} | {r: 0.5 + 0.3 * j for j, r in enumerate(order.conjugates)}
    at |= {x: 0.6 for x in order.blocks} | {total: 0.35 for total in state["fields"]} | {h: -0.7 for h in state["fields"].values()}
    at |= {beta: 1.0 if order.cold or state["volume"] else 1.3, NUMBER: 1.0, PATTERNS: 1.4}
    return at | {STIFFNESS: 1.7} | ({order.free_width: 0.45} if order.free_width is not None else {})


def open_state(case, ansatz="1RSB"):
    """Everything that was derived, before order parameters are written in those of the closed equations."""
    return {k: x for k, x in model(case, ansatz).derive().state().items() if k != "eliminated"}


def numbers(expressions, at, nodes=201):
    return [float(x) for x in compile_expressions([sp.sympify(x) for x in expressions], nodes, "uniform")(at)]


def differences(expression, symbols, at, nodes=201, step=1e-5):
    phi = compile_expressions([expression], nodes, "uniform")
    return [sum(t * float(phi({**at, x: at[x] + t * step})[0]) for t in (1, -1)) / (2 * step) for x in symbols]


LONG = {"phases", "amplitudes", "double wells", "errors of free states", "errors and absolute values", "Gaussian prior",
        "hinges of spins", "errors of a sphere"}  # fmt: skip
FEW = {"phases": 61, "double wells": 61}
"""Nodes where averages nest deep."""


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.slow) if c in LONG else c for c in LEARNING])
def test_derivatives_by_parts_are_derivatives(case):
    """Of samples and sites by overlaps, blocks, sums and fields, at arbitrary values of all of them."""
    state, nodes = open_state(case), FEW.get(case, 201)
    order, at, law = state["order"], point_of(state), sites(state)
    overlaps = [*order.overlaps, *([order.free_width] if order.free_width is not None else []), *order.blocks]
    for part in samples(state):
        symbols = [*overlaps, *state["fields"]]
        found = numbers(map(part.derivative, symbols), at, nodes)
        assert found == pytest.approx(differences(part.value(), symbols, at, nodes), abs=3e-7)
    unit = float(sp.sympify(order.unit).xreplace(at))
    if isinstance(law, TreeSites):
        symbols = [*order.conjugates, *order.blocks, *state["fields"].values()]
        found = numbers(map(law.derivative, symbols), at, nodes)
        assert found == pytest.approx(differences(law.value(), symbols, at, nodes), abs=3e-7)
        means = numbers(law.means(state["fields"]).values(), at, nodes)
        assert -unit * np.array(means) == pytest.approx(found[-len(means) :], rel=1e-8)
    else:
        # At given fields sums are what makes the free energy of the sites stationary.
        settled = {**at, **dict(zip(state["fields"], numbers(law.means(state["fields"]).values(), at, nodes), strict=True))}
        moved, still = (np.array(differences(law.value(), list(state["fields"]), here, nodes)) for here in (at, settled))
        assert np.all(abs(moved) > 1e-2) and np.all(abs(still) < 1e-7)


def at_solution(theory, known, parameters):
    """Sides of every equation at known order parameters, which make conjugates and fields, where these are unknowns."""
    point = {theory.parameter(k).symbol: x for k, x in parameters.items()}
    point |= {unknown.symbol: known[unknown.name] for unknown in theory.unknowns if unknown.name in known}
    derived = [e for e in theory.equations if e.lhs.is_Symbol and e.lhs not in point]
    point |= dict(zip((e.lhs for e in derived), numbers([e.rhs for e in derived], point), strict=True))
    return {e.lhs: tuple(numbers([e.lhs, e.rhs], point)) for e in theory.equations}, point


GIVEN = {"T": 0.5, "N": 2.0, "P": 2.8, "t": np.array([0.5, 1.5])}
TEACHERS = {
    "drawn labels": (LABELLED, s, {"temperature": T}, {"T": 0.5}),
    "spins": (errors(s), s, {"temperature": T}, {"T": 0.5}),
    "volume of spins": (errors(s, sign(X @ w0)), s, {"phase": "SAT"}, {}),
    "sphere": (errors(v), v, {"temperature": T}, {"T": 0.5}),
    "Gaussian prior": (sum_over(P, relu(1 - Y * (X @ g))), g, {"temperature": T}, {"T": 0.5}),
    "sparse teacher": (errors(s, sign(X @ SPARSE)) - sum_over(N, SPARSE * s) / 5, s, {"temperature": T}, {"T": 0.5}),
    "signs": (errors(s, sign(X @ Signs("xi", N))), s, {"temperature": T}, {"T": 0.5}),
    "given teacher": (errors(s, sign(X @ Quenched("t", N))), s, {"temperature": T}, GIVEN),
    "given teacher of a sphere": (errors(v, sign(X @ Quenched("t", N))), v, {"temperature": T}, GIVEN),
    "hinges": (sum_over(P, relu(1 - Y * (X @ u))) + u.square() / 4, u, {}, {}),
    "Laplace prior": ((X @ (u - w0) - e).square() / 2 + sum_over(N, abs(u)) / 2, u, {"temperature": T}, {"T": 0.5}),
    "lasso": ((X @ (u - w0) - e).square() / 2 + sum_over(N, abs(u)) / 2, u, {}, {}),
    "hinges and absolute values": (sum_over(P, relu(1 - Y * (X @ u))) + sum_over(N, abs(u)) / 4, u, {}, {}),
    "squares": ((X @ (u - w0) - e).square() / 2 + u.square() / 4, u, {"temperature": T}, {"T": 0.5}),
}  # fmt: skip


QUICK = {"volume of spins", "given teacher of a sphere", "squares"}


@pytest.mark.parametrize("case", [c if c in QUICK else pytest.param(c, marks=pytest.mark.slow) for c in TEACHERS])
def test_without_breaking_it_is_the_theory_of_replica_symmetry(case):
    """The other derivation, of any fields and states at replica symmetry, has the same solution, observables and stability; it
    also solves the equations of one step, whatever the block, with an increment of zero."""
    energy, over, how, values = TEACHERS[case]
    values = {"P": 1.4, "N": 1.0, **values}
    options = {"observe": {"norm": mean(N, over**2), "loss": energy / P}} if how.get("phase") != "SAT" else {}
    one, two = (Energy(energy, over=over, ansatz=a, name="student", **how, **options) for a in ("RS", "1RSB"))
    known = solve(one.theory(), **values, tolerance=1e-8)
    glass = derive_glass(one).theory
    found = solve(glass, **values, tolerance=1e-8)
    # Squares and their regularised kin are in errors there: overlaps of what is left of the teacher.
    errors_there = case in ("squares", "Laplace prior", "lasso")
    shared = {"c", "chi", "replicon", "entropy", "free_energy", "ground_state_energy"} | (set() if errors_there else {"q"})
    shared &= set(known.order_parameters) & set(found.order_parameters) if case != "squares" else set()
    assert len(shared) >= 2 or case == "squares"
    for name in shared:
        assert found.order_parameters[name] == pytest.approx(known.order_parameters[name], rel=1e-7), name
    for name in options.get("observe", {}):
        assert found.observables[name] == pytest.approx(known.observables[name], rel=1e-7), name
    if isinstance(values.get("t"), np.ndarray) or how == {}:
        # Convex energies at temperature zero have no steps.
        return
    at = found.order_parameters
    (m,) = (x for x in at if x in ("m", "m_1"))
    start = {m: at[m], "q_0": at["q"], "dq_1": 1e-13, "x_1": 0.4, **({"c": at["c"]} if "c" in at else {})}
    sides, _ = at_solution(two.theory(), start, values)
    for symbol, (left, right) in sides.items():
        assert left == pytest.approx(right, rel=1e-7, abs=1e-9), symbol


def test_labels_that_ignore_the_teacher_are_those_of_random_patterns():
    """With a teacher of strength zero every equation of one step is that of the perceptron with fair labels."""
    strength = sp.Symbol("a", positive=True)
    planted = Energy(errors(v, sign(strength * (X @ w0) + e)), over=v, temperature=T, ansatz="1RSB", name="planted").theory()
    plain = Energy(errors(v, Signs("y", P)), over=v, temperature=T, ansatz="1RSB", name="plain").theory()
    known = {"m": 0.0, "q_0": 0.3, "dq_1": 0.25, "x_1": 0.6}
    parameters = {"P": 3.0, "N": 1.0, "T": 0.4}
    ours, _ = at_solution(planted, known, {**parameters, "a": 1e-30})
    theirs, _ = at_solution(plain, known, parameters)
    assert len(ours) == len(theirs) + 1
    for symbol, sides in theirs.items():
        if symbol.is_Symbol:
            assert ours[symbol] == pytest.approx(sides, rel=1e-10)
    blocks = [next(pair for x, pair in both.items() if not x.is_Symbol) for both in (ours, theirs)]
    assert blocks[0][1] == blocks[1][1] == 0 and blocks[0][0] == pytest.approx(blocks[1][0], rel=1e-9)
    assert abs(blocks[0][0]) > 1e-2


@pytest.mark.parametrize("student", ["sphere", "spins"])
def test_draws_from_a_posterior_do_not_break(student):
    """With the teacher's own law and rule: overlap of two students and of one with the teacher are the same at every level."""
    over, teacher = (v, w0) if student == "sphere" else (s, Signs("xi", N))
    label = sign(X @ teacher)
    model = Energy(errors(over, label), over=over, phase="SAT", ansatz="1RSB", nishimori={over: teacher}, name="posterior")
    flat = Energy(errors(over, label), over=over, phase="SAT", name="flat").theory()
    q = solve(flat, P=0.9, N=1.0, tolerance=1e-9).order_parameters["q"]
    sides, point = at_solution(model.theory(), {"m": q, "q_0": q, "dq_1": 1e-13, "x_1": 0.7}, {"P": 0.9, "N": 1.0})
    for symbol, (left, right) in sides.items():
        assert left == pytest.approx(right, rel=1e-7, abs=1e-9), symbol
    theory = model.theory()
    names = {d.name: theory.expanded(d.name) for d in theory.definitions}
    assert numbers([names["replicon"]], point)[0] > 0
    one, other = numbers([names["self_overlap"], names["target_overlap"]], point)
    assert one == pytest.approx(q, rel=1e-9) and other == pytest.approx(q, rel=1e-9)


def dense(entries, blocks, size):
    sizes = (1, *blocks, size)
    return np.array([[next(e for e, m in zip(entries, sizes, strict=True) if a // m == b // m) for b in range(size)]
                     for a in range(size)])  # fmt: skip


def counted(tree, size):
    """The average of exp(n g) over the outermost level, for a whole number of replicas."""
    plain = Tree(tree.value, tree.slope, tree.curvature, tree.spreads, tree.blocks, outer=tree.outer)
    return plain.mean(plain.steps, sp.exp(size * plain.values[plain.steps]))


def whole(state, overlaps, conjugates, blocks):
    order = state["order"]
    at = dict(zip(order.overlaps, overlaps, strict=True)) | dict(zip(order.conjugates, conjugates, strict=True))
    at |= dict(zip(order.inner_blocks, map(sp.Integer, blocks), strict=True)) | {beta: 1 / 2.0}
    at |= {NUMBER: 1.0, PATTERNS: 1.0}
    at |= dict.fromkeys(state["fields"], 0.35) | dict.fromkeys(state["fields"].values(), -0.7)
    return {symbol: sp.sympify(number) for symbol, number in at.items()}


@pytest.mark.parametrize(("ansatz", "size", "blocks"), [("RS", 3, ()), ("1RSB", 4, (2,))])
def test_students_that_all_agree_with_the_teacher_are_an_orthant(ansatz, size, blocks):
    """The probability that the fields of n students have the sign of a noisy teacher's, by an integral over n + 1 Gaussians."""
    energy = Energy(errors(v), over=v, phase="SAT", ansatz=ansatz, name="volume")
    state = {k: x for k, x in derive_glass(energy).state().items() if k != "eliminated"}
    overlaps = [0.3, 0.5][: len(blocks) + 1]
    at = whole(state, overlaps, overlaps, blocks)
    (part,) = samples(state)
    found = numbers([part.average(lambda tree, *_: counted(tree, size)).xreplace(at)], {}, 101)[0]
    covariance = np.empty((size + 1, size + 1))
    covariance[:size, :size] = dense([1.0, *reversed(overlaps)], blocks, size)
    covariance[size, :size] = covariance[:size, size] = 0.35
    covariance[size, size] = 1.5
    law = multivariate_normal(np.zeros(size + 1), covariance, seed=1)
    law.abseps, law.maxpts = 1e-6, 400_000
    assert found == pytest.approx(2 * law.cdf(np.zeros(size + 1)), abs=1e-5)


@pytest.mark.parametrize("teacher", [w0, SPARSE])
@pytest.mark.parametrize(("ansatz", "size", "blocks"), [("RS", 3, ()), ("1RSB", 4, (2,))])
def test_spins_along_a_teacher_are_summed_over_all_configurations(teacher, ansatz, size, blocks):
    energy = Energy(errors(s, sign(X @ teacher)) - sum_over(N, s) / 5, over=s, temperature=T, ansatz=ansatz, name="spins")
    state = {k: x for k, x in derive_glass(energy).state().items() if k != "eliminated"}
    conjugates = [0.2, 0.45][: len(blocks) + 1]
    at, law = whole(state, conjugates, conjugates, blocks), sites(state)
    found = numbers([law.averaged(lambda tree: counted(tree, size)).xreplace(at)], {}, 101)[0]
    spins = np.array(list(product((-1.0, 1.0), repeat=size)))
    covariance, total = dense([conjugates[-1], *reversed(conjugates)], blocks, size), spins.sum(axis=1)
    parts = [(1.0, 0.0, 1.0)] if teacher is w0 else [(0.5, 0.0, 0.0), (0.5, 1 / 3, 2.0)]
    expected = 0.0
    for weight, centre, variance in parts:
        exponent = np.einsum("ka,ab,kb->k", spins, covariance + 0.49 * variance, spins) / 8 + (0.2 + 0.7 * centre) / 2 * total
        expected += weight * np.exp(exponent).sum()
    assert found == pytest.approx(expected, rel=1e-9)


def test_the_overlaps_of_a_sphere_and_its_teachers_are_one_gram_matrix():
    """Entropy of n replicas and a teacher: the determinant of all overlaps over that of the teacher's own."""
    state = open_state("sphere")
    law, at = sites(state), whole(state, [0.3, 0.5], [0.3, 0.5], (2,))
    found = float(law.matrix().log_det().xreplace({**at, n: sp.Integer(4)}))
    gram = np.empty((5, 5))
    gram[:4, :4], gram[4], gram[:, 4], gram[4, 4] = dense([1.0, 0.5, 0.3], (2,), 4), 0.35, 0.35, 1.0
    assert found == pytest.approx(np.linalg.slogdet(gram)[1], rel=1e-12)


NOISY = Energy(errors(v), over=v, ansatz="1RSB", name="noisy", observe={"overlap": mean(N, v * w0), "errors": errors(v) / P})


@pytest.mark.slow
def test_students_of_a_noisy_teacher_break_at_temperature_zero():
    """Györgyi and Tishby: the least number of errors is larger than without breaking, and the overlap with the teacher too. The
    energy of the ground state is stationary: its slope in the number of samples is the explicit one."""
    options, theory = {"N": 1.0, "tolerance": 1e-7}, NOISY.theory()
    flat = solve(derive_glass(Energy(errors(v), over=v, name="flat", observe=NOISY.observe)).theory, P=8.0, **options)
    low, one, high = (solve(theory, P=p, **options) for p in (7.99, 8.0, 8.01))
    assert flat["replicon"] < one["replicon"] < 0 and one["dq_1"] > 0.05
    assert one["errors"] > flat["errors"] + 0.005 and one["overlap"] > flat["overlap"] + 0.03
    assert 8 * one["errors"] == pytest.approx(one["ground_state_energy"], rel=1e-7)
    point = {u.symbol: one.order_parameters[u.name] for u in theory.unknowns} | {NUMBER: 1.0, PATTERNS: 8.0}
    (slope,) = numbers([theory.expanded("ground_state_energy").diff(PATTERNS)], point, 481)
    assert slope == pytest.approx((high["ground_state_energy"] - low["ground_state_energy"]) / 0.02, rel=1e-6)
    assert "1RSB unstable" in str(one.verdicts["stability"])
    # In blocks of no replica, any overlap between them does.
    known = {"m": flat["m"], "chi": flat["chi"], "q_0": 0.6, "dq_1": 0.4, "y_1": 1e-9}
    sides = {x.name: pair for x, pair in at_solution(theory, known, {"N": 1.0, "P": 8.0})[0].items() if x.is_Symbol}
    sides["q"] = tuple(map(sum, zip(sides.pop("q_0"), sides.pop("dq_1"), strict=True)))
    for name, (left, right) in sides.items():
        assert left == pytest.approx(right, rel=1e-6), name


@pytest.mark.parametrize("temperature", [T, 0])
def test_new_samples_are_judged_by_the_overlap(temperature):
    """The generalisation error of students that break, as an average over samples that they have not seen, is acos(R)/π."""
    new = Dim("Q")
    Z = Gaussian("Z", new, N, variance=1 / N)
    observe = {"new": mean(new, heaviside(-sign(Z @ w0) * (Z @ v))), "overlap": mean(N, v * w0)}
    theory = Energy(errors(v), over=v, temperature=temperature, ansatz="1RSB", name="new", observe=observe).theory()
    values = {"m": 0.6, "q_0": 0.7, "dq_1": 0.1 if temperature != 0 else 0.3, "x_1": 0.5, "y_1": 0.5, "chi": 0.2}
    point = {x.symbol: values[x.name] for x in theory.unknowns} | {p.symbol: 1.0 for p in theory.parameters}
    error, overlap = numbers(map(theory.expanded, ("new", "overlap")), point)
    assert overlap == 0.6 and error == pytest.approx(np.arccos(0.6) / np.pi, rel=1e-9)


def test_a_ferromagnet_of_broken_replicas_where_unbroken_ones_are_a_glass():
    """At zero temperature symmetric replicas lose the magnetisation below J_0 = sqrt(π/2): they re-enter. The true line is J_0 = 1
    (Toulouse 1980), and one step comes nearer."""
    found = {a: solve(models.SherringtonKirkpatrick(a, ground=True).theory(), N=1.0, ferromagnetic=1.15, tolerance=1e-6)
             for a in ("RS", "1RSB")}  # fmt: skip
    assert abs(found["RS"]["magnetisation"]) < 1e-6 and found["1RSB"]["magnetisation"] == pytest.approx(0.33991, abs=1e-5)
    assert found["RS"]["replicon"] < found["1RSB"]["replicon"] < 0


def test_planted_signs_are_a_ferromagnet():
    """Spins with a planted vector of signs have the equations of those with a mean of the couplings, at every step."""
    xi, pair = Signs("xi", N), PAIR
    planted = Energy(pair - HALF * sum_over(N, xi * s) ** 2 / N, over=s, temperature=T, ansatz="1RSB", name="planted").theory()
    plain = models.SherringtonKirkpatrick("1RSB").theory()
    known = {"m": 0.4, "q_0": 0.3, "dq_1": 0.25, "x_1": 0.6}
    ours, _ = at_solution(planted, known, {"N": 1.0, "T": 0.4})
    theirs, _ = at_solution(plain, known, {"N": 1.0, "temperature": 0.4, "field": 0.0, "ferromagnetic": 1.0})
    assert {str(x.lhs) for x in planted.equations if x.lhs.is_Symbol} == {"m", "q_0", "dq_1"}
    for (_, one), (_, other) in zip(ours.items(), theirs.items(), strict=True):
        assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.slow
def test_amplitudes_without_signs_have_a_solution_with_the_teacher_and_one_without():
    """Phase retrieval of noisy amplitudes at temperature zero, which is not convex: both break, and the teacher's costs less."""
    quiet = Noise("f", P, variance=sp.Rational(1, 5))
    loss = sum_over(P, (abs(X @ v) - abs(X @ w0 + quiet)) ** 2) / 2
    theory = Energy(loss, over=v, ansatz="1RSB", name="phases", observe={"loss": loss / P}).theory()
    names = ("m", "q_0", "dq_1", "chi", "y_1")
    starts = [dict(zip(names, x, strict=True)) for x in ((0.9, 0.95, 0.05, 0.5, 1.0), (1e-9, 1e-6, 0.999, 1.0, 1.0))]
    near, far = (solve(theory, N=1.0, P=3.0, tolerance=1e-4, start=start) for start in starts)
    assert near["m"] > 0.8 and abs(far["m"]) < 1e-6
    assert near["ground_state_energy"] < far["ground_state_energy"] and far["replicon"] < near["replicon"]
    for found in (near, far):
        assert 3 * found["loss"] == pytest.approx(found["ground_state_energy"], rel=1e-5)
