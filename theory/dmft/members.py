"""Members of an ensemble: what a copy of the states shares with the original, and which order parameters are the same for both.

A copy obeys the law of the original with a part of the disorder drawn anew, so that exchanging the two changes no average: an
average over the fields of one member is that of the original, and one over fields of both is the same with the members exchanged.
"""

from __future__ import annotations

import sympy as sp

from theory.declaration.copies import copies_of, original, replaced
from theory.dmft.fields import Fields
from theory.dmft.notation import Entry


class Members:
    """``images[copy][x]`` is the field of a copy in the place of the original's field x; a field that both share is its own.

    ``names`` maps the names of draws that only copies have to those in whose place they stand.
    """

    def __init__(self, fields: Fields):
        self.fields = fields
        states = {fields.leaf(leaf): leaf for leaf in fields.model.rules}
        copies = sorted({leaf.how["redrawn"] for leaf in states.values() if "redrawn" in leaf.how})
        self.together = [{c.how["redrawn"] for c in copies_of(_originals(fields), v)} for v in fields.model.observe.values()]
        self.names = {new: old for leaf in states.values() for old, new in replaced(leaf).items()}
        self.images: dict[str, dict[sp.Symbol, sp.Symbol]] = {}
        for copy in copies:
            pairs = {original(leaf): (x, leaf) for x, leaf in states.items() if leaf.how.get("redrawn") == copy}
            own = {x: pairs[leaf][0] for x, leaf in states.items() if leaf in pairs}
            self.images[copy] = self._extended(own, replaced(next(iter(pairs.values()))[1]))
        self.places: dict[sp.Symbol, list[tuple[str, sp.Symbol]]] = {}
        for copy, image in self.images.items():
            for x, y in image.items():
                self.places.setdefault(y, []).append((copy, x))

    def _extended(self, image: dict[sp.Symbol, sp.Symbol], names: dict[str, str]) -> dict[sp.Symbol, sp.Symbol]:
        """With the draws, local fields and definitions that follow from the states of a copy."""
        fields = self.fields
        laws = {(x.name, fields.dims[x]): x for x in fields.laws}
        for x in list(image):  # a state with a momentum has a velocity
            old, new = ((f"v_{s.name}", fields.dims[s]) for s in (x, image[x]))
            if old in laws and new in laws:
                image[laws[old]] = laws[new]
        uses = {(u.leaf.name, u.transposed, u.into): u.out for u in fields.uses}
        known = {(value, fields.dims[x]): x for x, value in fields.auxiliary.items()}
        drawn = {x.name: x for x in fields.variances if x.name not in self.names}
        every = {x.name: x for x in fields.variances}
        image |= {x: every[names.get(name, name)] for name, x in drawn.items() if names.get(name, name) in every}
        image |= {x: x for x in (*fields.data, *fields.sums)}
        while True:
            before = len(image)
            for x, value in fields.auxiliary.items():
                held = value.free_symbols & set(fields.dims)
                if x not in image and held <= set(image):
                    found = known.get((value.xreplace({s: image[s] for s in held}), fields.dims[x]))
                    image |= {x: found} if found is not None else {}
            for use in (u for u in fields.uses if u.leaf.name not in self.names):
                found = uses.get((names.get(use.leaf.name, use.leaf.name), use.transposed, image.get(use.into)))
                if use.out not in image and found is not None:
                    image[use.out] = found
            if len(image) == before:
                return image

    def roles(self, x: sp.Symbol) -> dict[str, sp.Symbol]:
        """The members that a field belongs to, with the original's field in its place; "" is the original."""
        found = dict(self.places.get(x, ()))
        shown = any(x in image for image in self.images.values())
        return {"": x, **found} if shown or not found else found

    def pair(self, x: sp.Symbol, y: sp.Symbol) -> tuple[sp.Symbol, sp.Symbol]:
        """The pair of fields whose averages stand for those of x and y."""
        if not self.images:
            return x, y
        one, two = self.roles(x), self.roles(y)
        if common := one.keys() & two.keys():
            return one[min(common)], two[min(common)]
        crossed = [(one[""], two[m], m) for m in two if m and "" in one] + [(one[m], two[""], m) for m in one if m and "" in two]
        for a, b, member in sorted(crossed, key=lambda item: item[2]):
            image = self.images[member]
            return (a, image[b]) if a.name <= b.name else (image[a], b)
        return x, y

    def entries(self, first: Entry, second: Entry) -> tuple[Entry, Entry]:
        """The entries of the action whose average is that of two entries."""
        x, y = self.pair(first.of, second.of)
        return Entry(x, first.site, first.at, first.conjugate), Entry(y, second.site, second.at, second.conjugate)

    def is_seen(self, x: sp.Symbol, y: sp.Symbol) -> bool:
        """Whether some observable needs what two fields have in common: not that of two copies which stand in different ones."""
        one, two = self.roles(x), self.roles(y)
        if one.keys() & two.keys() or "" in one or "" in two:
            return True
        return any({m, n} <= seen for m in one for n in two for seen in self.together)

    def exchangeable(self, x: sp.Symbol, y: sp.Symbol) -> bool:
        """Whether two fields are one and the same in two members: their correlation at (t, s) is that at (s, t)."""
        return x == y or any(image.get(x) == y or image.get(y) == x for image in self.images.values())


def _originals(fields: Fields):
    return [leaf for leaf in fields.model.rules if original(leaf) == leaf]
