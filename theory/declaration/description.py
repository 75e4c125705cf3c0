"""A declaration as a page of mathematics."""

from __future__ import annotations

import sympy as sp
from sympy.printing.latex import LatexPrinter

from theory.declaration.mixtures import Mixture
from theory.declaration.observables import Contribution
from theory.declaration.printing import at_sites, entry, letter, name_latex, subscript
from theory.declaration.vectors import Vec

GROUPS = {
    "Disorder": ("gaussian", "tensor", "noise", "signs", "drawn", "label"),
    "Given": ("quenched", "deterministic"),
    "State": ("state",),
}


def markdown(model) -> str:
    """Dimensions, disorder, state, law, observables and parameters of a model, as Markdown with LaTeX."""
    lines = [f"**{model.name}** ({model.law})", "", f"Dimensions: {', '.join(map(_dimension, model.dimensions))}", ""]
    for title, kinds in GROUPS.items():
        found = [_leaf(leaf) for leaf in model.leaves if leaf.kind in kinds]
        if found:
            lines += [f"{title}: {', '.join(found)}", ""]
    if hasattr(model, "energy"):
        lines += [f"$$ {model.latex()}, \\qquad T = {sp.latex(model.temperature)} $$", ""]
    if hasattr(model, "rules") or hasattr(model, "objective"):
        lines += [f"$$ {model.latex()} $$", ""]
    for name, value in model.observe.items():
        lines += [f"* `{name}`: ${_observable(value)}$"]
    rows = [f"| `{p.name}` | ${_symbol(p.symbol)}$ | {p.meaning} | {p.domain} |" for p in model.parameters]
    return "\n".join([*lines, "", "| parameter | symbol | meaning | domain |", "|---|---|---|---|", *rows])


def _symbol(symbol) -> str:
    return name_latex(symbol.name)


def _dimension(dim) -> str:
    data = ", ".join(f"${subscript(name_latex(s.name), letter(dim))}$" for s in dim.spectra)
    return f"${name_latex(dim.name)}$" + (f" (per mode {data})" if data else "") + " (finite)" * dim.finite


def _indexed(leaf) -> str:
    letters: list[str] = []
    for d in leaf.dims:
        letters.append(letter(d) + "'" * sum(before == d for before in leaf.dims[: len(letters)]))
    return subscript(name_latex(leaf.name), "".join(letters))


def _leaf(leaf) -> str:
    name, how = _indexed(leaf), leaf.how
    printer = LatexPrinter()
    with at_sites(printer, {d: letter(d) for d in leaf.dims}):
        if leaf.kind == "gaussian":
            variance = how["variance"] * how["row_covariance"] * how["column_covariance"]
            extra = "".join(f", {key} {how[key]}" for key in ("symmetry", "fresh") if key in how)
            if "partner" in how:
                extra += f", correlation {how['correlation']} with {how['partner']}{'.T' * how['turned']}"
            return rf"${name} \sim \mathcal{{N}}\left({printer._print(how['mean'])}, {printer._print(variance)}\right)${extra}"
        if leaf.kind in ("noise", "tensor"):
            return rf"${name} \sim \mathcal{{N}}\left(0, {printer._print(how['variance'])}\right)$"
        law = how.get("law", how.get("prior"))
        if isinstance(law, Mixture):
            return rf"${name} \sim {printer._print(law)}$"
        if leaf.kind == "label":
            return rf"${name} = 1$ with probability ${printer._print(how['law'][how['number']])}$"
    if leaf.kind == "signs":
        return rf"${name} = \pm 1$"
    return f"${name}$" + (f" ({law})" if law else "")


def _observable(value) -> str:
    if isinstance(value, Vec):
        return entry(value)
    if isinstance(value, Contribution):
        source = name_latex(value.source.name)
        return rf"{source} \, \partial\, \mathrm{{{value.of.replace('_', chr(92) + '_')}}} / \partial {source}"
    return sp.latex(value)


