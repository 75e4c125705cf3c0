"""A paper: its reference, the model that it studies, its symbols in terms of that model, its normalisation and its claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from theory.errors import ClaimError, did_you_mean
from theory.papers.claims import Claim


@dataclass(frozen=True)
class Paper:
    """``symbols`` maps the paper's symbols (arrays for what has one value per mode) to formulas in the model's names.

    ``normalisation`` says in words how the paper scales ridge, noise and error. A collection of results has no ``key``; each of its
    claims names a ``source``. Raises ClaimError where two claims share a name or a required text is missing.
    """

    arxiv: str
    title: str
    authors: tuple[str, ...]
    year: int
    key: str
    model: str
    normalisation: str
    symbols: Mapping[sp.Basic, str]
    claims: tuple[Claim, ...]

    def __post_init__(self) -> None:
        names = [claim.name for claim in self.claims]
        for name in names:
            if names.count(name) > 1:
                raise ClaimError(f"{self.arxiv}: two claims are called {name!r}; rename one")
        for claim in self.claims:
            if not claim.where.strip() or not claim.kind:
                raise ClaimError(f"{self.arxiv}: claim {claim.name!r} does not say where it holds; give where=")
            if not self.key and not claim.source:
                raise ClaimError(f"{self.arxiv}: claim {claim.name!r} has no source; give source=, a key of references.bib")
        if not self.normalisation.strip():
            raise ClaimError(f"{self.arxiv}: no normalisation; say how the paper scales ridge, noise and error")

    def claim(self, name: str) -> Claim:
        """The claim of that name; ClaimError with the nearest name otherwise."""
        for claim in self.claims:
            if claim.name == name:
                return claim
        raise ClaimError(f"no claim {name!r} in {self.arxiv}; {did_you_mean(name, [c.name for c in self.claims])}")

    def __str__(self) -> str:
        rows = [f"  {claim.name} ({claim.kind}): {claim.statement}" for claim in self.claims]
        head = f"{', '.join(self.authors)}: {self.title} (arXiv {self.arxiv})" if self.key else f"{self.title} ({self.arxiv})"
        return "\n".join([head, *rows])
