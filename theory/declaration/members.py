"""A dynamics together with the copies of its states for other draws that its observables hold: the members of an ensemble."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from theory.declaration.checks import refuse
from theory.declaration.copies import copied, copies_of, renamed, replaced
from theory.declaration.vectors import Vec

if TYPE_CHECKING:
    from theory.declaration.step import Step


def joined(model: Step, observables: Iterable[str] | None = None) -> Step:
    """The laws of ``model`` and those of each copy, which obeys them with its own draws and starts where the original does.

    Of the copies in the named ``observables``, by default in all; the model itself where these hold none. DeclarationError where
    couplings learn or constraints hold: a coupling has one law, and no copy.
    """
    names = model.observe if observables is None else observables
    copies = copies_of(model.rules, tuple(model.observe[name] for name in names))
    if not copies:
        return model
    if model.couplings or model.constraints:
        what = "couplings that learn" if model.couplings else "constraints"
        refuse(f"copies in {model.name}", what, "only states are found anew; declare the second member with matrices of its own")
    sets = [dict(names) for names in dict.fromkeys(tuple(sorted(replaced(copy).items())) for copy in copies)]
    rules = {_state(leaf): rule for leaf, rule in model.rules.items()}
    initial = {_state(leaf): start for leaf, start in model.initial.items()}
    momentum = {_state(leaf): value for leaf, value in model.momentum.items()}
    for names in sets:
        for leaf, rule in model.rules.items():
            copy = _state(copied(leaf, names))
            rules[copy] = renamed(rule, names)
            if leaf in model.initial:
                initial[copy] = renamed(model.initial[leaf], names)
            if leaf in model.momentum:
                momentum[copy] = model.momentum[leaf]
    from theory.declaration.step import Step

    observe = model.observe if observables is None else {name: model.observe[name] for name in observables}
    found = Step(rules, observe, model.continuous, initial=initial, parameters=model.parameters, name=model.name,
                 reference=model.references or None, momentum=momentum)  # fmt: skip
    for name in ("validity", "factor"):
        if hasattr(model, name):
            setattr(found, name, getattr(model, name))
    return found


def _state(leaf) -> Vec:
    return Vec(leaf.dim, leaf.symbol)
