"""The law of an expression, and the minimiser of an energy as one."""

import pickle

import pytest
import sympy as sp

from theory import Deterministic, Diag, Dim, Energy, Expression, Gaussian, Noise, Parameter, Quenched, State, Tr, Vec
from theory.declaration import Contribution, average, mean, quadratic_form, sum_over
from theory.errors import DerivationError
from theory.resolvent.read import Pairs, Reader, sources

lam, s2 = sp.symbols("lambda sigma2", positive=True)
M, P = Dim("M", "eta", "a2"), Dim("P")
eta, a2 = M.spectra
X, w0, w, eps = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), State("w", M), Noise("eps", P, variance=s2)
R = (X.T @ X + lam).inv


def ridge(**observe):
    loss = (X @ w - X @ w0 - eps).square() / 2 + lam * w.square() / 2
    return Energy(loss, over=w, observe=observe or {"E_g": sum_over(M, eta * (w - w0) ** 2)}, reference="2006.13198")


def test_one_scalar_is_called_value_and_its_parameters_are_found():
    expression = Expression(Tr(R) / M, disorder=X)
    assert list(expression.observe) == ["value"] and expression.law == "Expression"
    assert [p.name for p in expression.parameters] == ["P", "lambda_", "a2", "eta"]
    named = Expression({"r": Tr(R)}, parameters=[Parameter("ridge", lam)], name="mp")
    assert named.parameters[0].name == "ridge" and named.name == "mp"


def test_equal_expressions_are_one_model():
    one, two = Expression(Tr(R)), Expression(Tr((lam + X.T @ X).inv))
    assert one == two and one.signature == two.signature != Expression(Tr(R @ R)).signature
    assert pickle.loads(pickle.dumps(one)) == one and one.replicate(2).signature == one.signature
    assert one.theory() is two.theory() and r"\operatorname{Tr}" in one._repr_latex_() and "Tr" in one.describe()


def test_the_minimiser_of_a_ridge_energy_is_the_textbook_estimator():
    expression = ridge(overlap=sum_over(M, w * w0)).minimiser()
    estimator = R @ (X.T @ (X @ w0 + eps))
    assert expression.observe["overlap"] == sum_over(M, estimator * w0)
    assert expression.references == ("2006.13198",) and not expression.states


def test_the_minimiser_keeps_names_and_drops_parameters_that_no_longer_stand():
    unused = sp.Symbol("mu", positive=True)
    model = Energy(
        (X @ w - X @ w0).square() / 2 + lam * w.square() / 2 + unused * w0.square(),
        over=w,
        observe={"n": w.square(), "c": Contribution("n", a2)},
        parameters=[Parameter("samples", P), Parameter("mu", unused)],
    )
    assert {p.name for p in model.minimiser().parameters} == {"samples", "lambda_", "eta", "a2", "w0"}


def test_a_vector_is_read_as_matrices_on_its_sources():
    read = sources(eta * (R @ (X.T @ (X @ w0 + 2 * eps))) - w0)
    assert set(read) == {w0.expr, eps.leaf}
    assert read[w0.expr] == Diag(M, eta) @ R @ X.T @ X - 1 and read[eps.leaf] == 2 * Diag(M, eta) @ R @ X.T
    powers = sources(R @ Vec(M, sp.sqrt(a2)))
    assert powers == {sp.sqrt(a2): R}
    with pytest.raises(DerivationError, match="w is state, neither given nor noise"):
        sources(R @ w)


def test_a_square_is_one_quadratic_form_for_each_source():
    reader = Reader()
    estimator = R @ (X.T @ (X @ w0 + eps))
    (parts,) = reader.scalar(sum_over(M, eta * (estimator - w0) ** 2)).values()
    assert [dim for dim, _ in parts] in ([M, P], [P, M]) and len(reader.matrices) == 2
    error = R @ X.T @ X - 1
    assert set(reader.matrices.values()) == {error.T @ Diag(M, eta) @ error, X @ R @ Diag(M, eta) @ R @ X.T}
    noise = next(e for dim, e in parts if dim == P)
    assert noise.coeff(s2) != 0


def test_averages_and_test_matrices_are_read():
    reader, O = Reader(), Deterministic("O", M)
    (only,) = reader.scalar(sum_over(M, average(R @ w0) ** 2)).values()
    ((symbol, matrix),) = reader.matrices.items()
    assert only == [(M, (symbol * w0.expr) ** 2)] and matrix == R
    (trace,) = Reader().scalar(Tr(2 * R @ O @ R + O)).values()
    assert len(trace) == 2 and all(str(e).count("O_diagonal") == 1 for _, e in trace)
    (form,) = Reader().scalar(quadratic_form(O, R @ w0)).values()
    assert any(isinstance(e, Pairs) for _, e in form)


def test_a_linear_observable_per_mode():
    theory = Expression({"shrinkage": average(R @ w0), "value": Tr(R)}).theory()
    entry = theory.observables["shrinkage"]
    assert any(type(s).__name__ == "ModeIndex" for s in entry.free_symbols)


def test_the_derivation_shows_its_steps_and_can_stop_at_the_dyson_equation():
    derivation = ridge(E_g=sum_over(M, eta * (w - w0) ** 2), E_train=mean(P, (X @ w - X @ w0 - eps) ** 2)).minimiser().derive()
    names = [step.name for step in derivation.steps]
    assert names == ["expression", "linearisation", "Dyson equation", "reduction", "theory"]
    assert all(result.shown() and result.latex() for result in derivation.results)
    assert "tr_eta_R" in str(derivation) and r"\operatorname{Tr}" in derivation.latex()
    assert [s.name for s in ridge().minimiser().derive(reduce=False).steps] == names[:3]


def test_a_user_may_go_on_from_changed_equations():
    """Without the coincidences that the expansion finds, the theory is the same."""
    expression = Expression(Tr(X.T @ X @ R @ Diag(M, eta) @ R))
    derivation = expression.derive()
    again = derivation.replace("Dyson equation", coincidences=())
    assert again.theory.observables == derivation.theory.observables
