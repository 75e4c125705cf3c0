"""Papers as data: references, mappings and statements are whole, and the theory of a model can be cited."""

import dataclasses

import pytest
import sympy as sp

from theory import models, papers
from theory.averages import ModeSum
from theory.errors import ClaimError, DerivationError
from theory.modes import ModeArray
from theory.papers.claims import Claim, Identity
from theory.vocabulary import TotalDerivative, Vocabulary, differentiated

ALL = [papers.load(number) for number in papers.names()]
CLAIMS = [(paper, claim) for paper in ALL for claim in paper.claims]


@pytest.fixture(scope="module")
def theory():
    return models.KernelRegression().theory()


@pytest.mark.parametrize("paper", [p for p in ALL if p.key], ids=lambda p: p.arxiv)
def test_reference(paper):
    entry = papers.bibtex([paper.arxiv])
    assert entry.startswith("@") and f"{{{paper.key}," in entry and entry.count("@") == 1
    assert papers.load(paper.arxiv) is paper
    last_names = [author.split()[-1] for author in paper.authors]
    assert all(name in entry for name in last_names)
    assert entry.index(last_names[0]) < entry.index(last_names[-1])
    assert paper.title in entry and f"{{{paper.year}}}" in entry


def test_every_claim_of_a_collection_has_a_source():
    paper = papers.load("classics")
    assert papers.bibtex(claim.source for claim in paper.claims).startswith("@")
    assert str(paper).startswith("Classical results on learning, spin glasses and memories (classics)")
    with pytest.raises(ClaimError, match="claim 'storage capacity' has no source; give source="):
        dataclasses.replace(paper, claims=(dataclasses.replace(paper.claims[0], source=""),))


def test_every_model_cites_what_is_in_the_references():
    for name in models.names():
        papers.bibtex(models.load(name)().references)


def test_bibtex_keeps_order_and_drops_repetitions():
    both = papers.bibtex(["2006.13198", "2002.02561", "2006.13198"])
    assert both.count("@") == 2 and both.index("canatar2021") < both.index("bordelon2020")


def test_unknown_papers():
    with pytest.raises(ClaimError, match=r"no paper '2006.13189'; did you mean '2006.13198'\?"):
        papers.load("2006.13189")
    assert papers.bibtex(["gardner1988space"]).startswith("@article{gardner1988space,")
    with pytest.raises(ClaimError, match="no reference '1234'"):
        papers.bibtex(["1234"])


def test_a_theory_cites_its_papers(theory):
    assert theory.cite() == papers.bibtex(theory.references)


@pytest.mark.parametrize(("paper", "claim"), CLAIMS, ids=lambda x: getattr(x, "name", getattr(x, "arxiv", "")))
def test_claim_is_whole(paper, claim):
    """It says where it holds, prints as mathematics, and every symbol in it is mapped."""
    assert claim.where and sp.latex(claim.statement)
    mapped = {*paper.symbols, *claim.symbols, *claim.at, *getattr(claim, "power_laws", {}).values()}
    mapped |= {getattr(claim, "small", None)}
    loose = {s for s in claim.statement.free_symbols if not hasattr(s, "serial")} - mapped
    assert not loose
    assert isinstance(claim, Claim) and dataclasses.is_dataclass(claim)


@pytest.mark.parametrize("paper", ALL, ids=lambda p: p.arxiv)
def test_symbols_are_formulas_in_the_model(paper):
    vocabulary = Vocabulary(models.load(paper.model)().theory())
    for symbol, text in paper.symbols.items():
        vocabulary.parse(text, {"M": sp.Symbol("M")}, per_mode=isinstance(symbol, ModeArray))


def test_claims_of_one_name_are_refused():
    paper = ALL[0]
    with pytest.raises(ClaimError, match="two claims are called"):
        dataclasses.replace(paper, claims=(paper.claims[0], paper.claims[0]))
    with pytest.raises(ClaimError, match="does not say where it holds"):
        dataclasses.replace(paper, claims=(Identity("x", sp.true, " "),))
    with pytest.raises(ClaimError, match="no normalisation"):
        dataclasses.replace(paper, normalisation="")
    with pytest.raises(ClaimError, match=r"no claim 'generalization error'.*did you mean 'generalisation error'"):
        paper.claim("generalization error")


def test_total_derivative_follows_the_equations(theory):
    """dκ/dλ by the implicit function theorem against a difference of two solutions."""
    from solvers.precision import evaluate, evaluate_expression

    names = Vocabulary(theory)
    kappa, ridge = names.names["kappa"], names.names["ridge"]
    slope = differentiated(TotalDerivative(kappa, ridge), theory)
    at = {"P": 3.0, "noise": 0.0, "eigenvalues": [1.0, 0.25], "target_power": [1.0, 1.0]}
    low, high = (evaluate(theory, 30, [], ridge=r, **at)["kappa"] for r in ("0.49999999", "0.50000001"))
    middle = evaluate(theory, 30, [], ridge=0.5, **at)["kappa"]
    scalars = {kappa: middle, ridge: 0.5, names.names["P"]: 3.0}
    exact = evaluate_expression(slope, scalars, {names.names["eigenvalues"]: [1.0, 0.25]})
    assert abs((high - low) / exact * 50_000_000 - 1) < 1e-14
    with pytest.raises(DerivationError, match="not a parameter"):
        differentiated(TotalDerivative(kappa, ridge * 2), theory)


def test_observables_unfold_inside_sums_without_capture(theory):
    """A sum over modes of an observable that holds sums itself."""
    names = Vocabulary(theory)
    total = names.unfolded(names.parse("S(target_mode_contributions)"))
    assert all(not isinstance(s, ModeArray) or s.name in ("eta", "a2") for s in total.free_symbols)
    assert max(s.bound.height for s in total.atoms(ModeSum)) <= 2
