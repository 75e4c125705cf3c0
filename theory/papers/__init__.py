"""Papers and their claims: the one place where formulas of the literature are typed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING

from theory.errors import ClaimError, did_you_mean

if TYPE_CHECKING:
    from theory.papers.publication import Paper

__all__ = ["REGISTRY", "bibtex", "load", "names"]

REGISTRY: Mapping[str, str] = {
    "2002.02561": "theory.papers.spectrum_dependent_learning_curves:PAPER",
    "2402.01092": "theory.papers.dynamical_scaling_laws:PAPER",
    "2502.05074": "theory.papers.two_point_equivalence:PAPER",
    "2006.13198": "theory.papers.spectral_bias_and_alignment:PAPER",
    "2106.02261": "theory.papers.out_of_distribution_generalization:PAPER",
    "2212.12147": "theory.papers.variance_limited_onset:PAPER",
    "2601.01010": "theory.papers.disordered_dynamics:PAPER",
    "classics": "theory.papers.classics:PAPER",
}
"""arXiv number, or name of a collection -> where it is written down; imported when asked for."""


def names() -> tuple[str, ...]:
    """arXiv numbers of the papers, and names of collections."""
    return tuple(REGISTRY)


def load(arxiv: str) -> Paper:
    """The paper of that arXiv number; ClaimError with the nearest number otherwise."""
    if arxiv not in REGISTRY:
        raise ClaimError(f"no paper {arxiv!r}; {did_you_mean(arxiv, REGISTRY)}")
    module, _, name = REGISTRY[arxiv].partition(":")
    return getattr(import_module(module), name)


def bibtex(references: Iterable[str]) -> str:
    """BibTeX entries of papers given by arXiv number, or by key where they have none, each once; ClaimError for one that is not in
    ``references.bib``.

    >>> print(bibtex(["2002.02561"]).splitlines()[0])
    @inproceedings{bordelon2020spectrum,
    """
    entries = _entries()
    wanted = list(dict.fromkeys(references))
    for number in wanted:
        if number not in entries:
            raise ClaimError(f"no reference {number!r} in references.bib; {did_you_mean(number, entries)}")
    return "\n\n".join(entries[number] for number in wanted)


@cache
def _entries() -> dict[str, str]:
    """Entries of references.bib by their ``eprint`` field, or by their key where they have none."""
    text = files("theory.papers").joinpath("references.bib").read_text("utf-8")
    entries = {}
    for entry in re.split(r"\n\s*\n(?=@)", text.strip()):
        number = re.search(r"^\s*eprint\s*=\s*\{([^}]*)\}", entry, re.MULTILINE)
        key = re.match(r"@\w+\{([^,\s]+),", entry)
        if key is None:
            raise ClaimError(f"references.bib: {entry.splitlines()[0]!r} has no key; begin with @article{{key,")
        entries[(number or key).group(1)] = entry
    return entries
