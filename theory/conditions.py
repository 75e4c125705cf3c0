"""What a solution must obey to be the model's own, besides the equations: conditions that a theory states and a solver judges."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

RELATIONS = (">=", "==", "always")


@dataclass(frozen=True)
class Condition:
    """``quantity relation bound``: quantity and bound are names of order parameters, the bound 0 where it is empty.

    ">=": the quantity is not below the bound; "==": they agree to the solver's precision, wherever every pair of expressions of
    ``where``, in the symbols of parameters, has two equal members; "always": shown from the declaration, there is nothing to solve.
    ``meaning`` says what holds then, ``failure``, in few words, what is wrong otherwise, and ``repair`` what to do.
    """

    name: str
    relation: str
    meaning: str
    quantity: str = ""
    bound: str = ""
    failure: str = ""
    repair: str = ""
    where: tuple[tuple[sp.Expr, sp.Expr], ...] = ()

    @property
    def asked(self) -> str:
        """The relation that is asked for; empty where nothing is."""
        return f"{self.quantity} {self.relation} {self.bound or 0}" if self.quantity else ""
