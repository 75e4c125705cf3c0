"""The theory object and the registry of models."""

import pickle
import subprocess
import sys

import pytest
import sympy as sp

from theory import models
from theory.errors import ParameterError


@pytest.fixture(scope="module")
def theory():
    return models.KernelRegression().theory()


def test_it_has_the_names_that_users_type(theory):
    assert theory.order_parameters == ("kappa", "gamma")
    assert [p.name for p in theory.parameters] == ["P", "ridge", "noise", "eigenvalues", "target_power"]
    assert list(theory.observables) == ["E_g", "E_train", "variance", "mode_errors", "target_mode_contributions"]
    assert theory.references == ("2002.02561", "2006.13198")


def test_expanded_leaves_no_definition_and_keeps_the_free_mode(theory):
    gamma = next(iter(theory.definitions))
    assert gamma in theory.observables["E_g"].free_symbols and gamma not in theory.expanded("E_g").free_symbols
    assert theory.expanded("gamma") == theory.definitions[gamma]


def test_unknown_names_are_refused_with_the_nearest(theory):
    with pytest.raises(ParameterError, match="no observable 'E_gg' of kernel-regression; did you mean 'E_g'"):
        theory.expanded("E_gg")
    with pytest.raises(ParameterError, match="no parameter 'rigde' of kernel-regression; did you mean 'ridge'"):
        theory.parameter("rigde")
    with pytest.raises(ParameterError, match="no model 'kernel-regresion'; did you mean 'kernel-regression'"):
        models.load("kernel-regresion")
    with pytest.raises(AttributeError, match="did you mean 'KernelRegression'"):
        models.KernelRegresion


def test_it_prints_as_mathematics(theory):
    assert r"\sum_{k}" in theory.latex() and theory.latex().count(r"\begin{align*}") == 1
    assert "kappa = " in str(theory) and "E_g = " in str(theory)


def test_it_survives_pickling(theory):
    again = pickle.loads(pickle.dumps(theory.__class__(**{**theory.__dict__, "derivation": None})))
    assert again.equations == theory.equations and again.observables == theory.observables
    assert again.signature == theory.signature


def test_the_unknown_is_bracketed_by_the_values_of_its_map_at_zero_and_infinity(theory):
    (unknown,) = theory.unknowns
    ridge = theory.parameter("ridge").symbol
    assert unknown.lower == ridge and sp.expand(unknown.upper - ridge).is_nonnegative


@pytest.mark.slow
def test_the_signature_does_not_depend_on_the_process(theory):
    code = "from theory import models; print(models.KernelRegression().theory().signature)"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert runs == {theory.signature}


def test_the_registry_is_complete():
    for name in models.names():
        assert models.load(name)().name == name
