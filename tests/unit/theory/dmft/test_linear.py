"""What the derivation of a linear dynamics ends in: its equations, moments, errors and signature."""

import pickle

import pytest
import sympy as sp

from theory import Dim, Energy, Gaussian, Noise, State, Step, mean, sum_over
from theory.dmft.closure import Product, parted
from theory.dmft.notation import z, z_other
from theory.errors import DerivationError
from theory.models import KernelRegression, RandomFeatureRegression
from theory.modes import ModeArray, ModeIndex

g = sp.Symbol("g", positive=True)
lam, s2 = sp.symbols("lambda sigma2", positive=True)


def network(**options):
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    return Step({h: -h + g * (Gaussian("J", N, N, variance=1 / N, **options) @ h)}, observe={"C": mean(N, h**2)})


def flow(model, names=("E_g", "E_train")):
    observe = {n: model.observe[n] for n in names}
    parameters = [p for p in model.parameters if p.name != "members"]
    return Energy(model.energy, over=model.over, observe=observe, parameters=parameters).flow()


def test_without_feedback_only_the_correlation_closes():
    theory = network().theory()
    assert not theory.unknowns and not theory.responses
    (products,) = theory.correlations.values()
    carriers = {p.carrier: p for p in products}
    correlation = next(iter(theory.correlations))
    fed_back = carriers[correlation]
    assert fed_back.weight == 1 / sp.Symbol("N", positive=True) and fed_back.first == fed_back.second == g / (z + 1)
    assert carriers[sp.S.One].lasting == (0, 0), "an initial value acts once"
    assert theory.written(products).xreplace({correlation: 0}) == sp.Symbol("N", positive=True) / ((z + 1) * (z_other + 1))


def test_a_symmetric_matrix_feeds_its_response_back():
    theory = network(symmetry=1).theory()
    (response,), (side,) = zip(*theory.responses.items(), strict=True)
    size = sp.Symbol("N", positive=True)
    # The resolvent of the semicircle: R/N = 1/(z + 1 − g² R/N), and the response to the local field holds one factor g.
    reduced = side.xreplace({response: response * size}) / size
    assert sp.cancel(reduced - g / (z + 1 - g * response)) == 0


@pytest.mark.parametrize("model", [KernelRegression, RandomFeatureRegression])
def test_gradient_flows_close_in_one_effective_ridge(model):
    theory = flow(model()).theory()
    assert [u.name for u in theory.unknowns] == ["kappa"]
    assert not theory.order_parameters
    assert theory.continuous and theory.parameter("time_step").default == 0


def test_observables_with_a_value_for_each_mode_are_known():
    model = KernelRegression()
    assert flow(model, model.observe).theory().per_mode == {"mode_errors", "target_mode_contributions"}


def test_equal_declarations_have_equal_signatures():
    one, two = network().theory(), network().theory()
    assert one.signature == two.signature != network(symmetry=1).theory().signature


def test_a_theory_crosses_to_another_process():
    theory = network().theory()
    again = pickle.loads(pickle.dumps(theory))
    assert again.signature == theory.signature and str(again) == str(theory)


def test_data_and_frequency_part():
    a, k = ModeArray("a2", nonnegative=True), ModeIndex("M", "k")
    data, rest = parted(sp.sqrt(a[k]) * (lam + z) / (z + a[k]))
    assert data == sp.sqrt(a[k]) and rest == (lam + z) / (z + a[k])


def test_a_product_is_summed_over_its_dimension():
    k, a = ModeIndex("M", "k"), ModeArray("a2", nonnegative=True)
    M = Dim("M", "eta")
    one = Product(M, sp.S.One, sp.S.One, z, z, (0, 0))
    assert one.over_sites(lam) == lam * sp.Symbol("M", positive=True)
    assert sp.S.One != one.over_sites(a[k]) != a[k]


def test_derivation_shows_every_step():
    derivation = flow(RandomFeatureRegression()).derive()
    names = [r.name for r in derivation.results]
    assert names[-4:] == ["frequency", "closed equations", "elimination", "theory"]
    assert all(line for r in derivation.results[:-1] for line in r.latex())
    (definition,) = derivation["elimination"]["canonical"].values()
    assert sp.Symbol("kappa", positive=True) not in definition.free_symbols
    assert "C_{x_{1} x_{1}}(z, z')" in str(derivation.theory)


def test_no_limit_at_infinite_time_is_named():
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    grows = Step({h: Gaussian("J", N, N, variance=1 / N) @ h + Noise("b", N)}, observe={"C": mean(N, h**2)})
    with pytest.raises(DerivationError, match="no limit at frequency 0; add a decay"):
        grows.theory().stationary()


def test_higher_powers_are_refused():
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    quartic = Step({h: -h + Gaussian("J", N, N, variance=1 / N) @ h}, observe={"kurtosis": sum_over(N, h**4)})
    with pytest.raises(DerivationError, match=r"kurtosis.*higher than second degree"):
        quartic.theory()
