"""Members of an ensemble in the derivation: responses of one are those of all, correlations of two are new."""

import sympy as sp

from theory import Dim, Gaussian, Noise, State, Step, mean, redrawn
from theory.declaration.members import joined
from theory.dmft.members import Members
from theory.dmft.reading import read_fields

N, P = Dim("N"), Dim("P")
w, X, z, start = State("w", N), Gaussian("X", P, N, variance=1 / N), Noise("z", P), Noise("w_0", N)
gap = mean(N, w**2)


def flow(**observe):
    return Step({w: -(X.T @ (X @ w - z))}, initial={w: start}, observe={"norm": gap, **observe})


def named(expression, known):
    return {str(k): str(v) for k, v in expression.items() if str(k) in known}


def test_the_fields_of_a_copy_stand_in_the_place_of_those_of_the_original():
    model = joined(flow(data=mean(N, w * redrawn(w, X)), noise=mean(N, w * redrawn(w, z))))
    members = Members(read_fields(model))
    by_data, by_noise = members.images["X'"], members.images["z'"]
    assert named(by_noise, {"z", "w_0", "w"}) == {"z": "z'", "w_0": "w_0", "w": "w[z']"}
    assert named(by_data, {"z", "w_0", "w"}) == {"z": "z", "w_0": "w_0", "w": "w[X']"}
    x, y = (sp.Symbol(name, real=True) for name in ("w", "w[z']"))
    assert members.pair(y, y) == (x, x) and members.pair(y, x) == members.pair(x, y) == (x, y)
    assert members.exchangeable(x, y) and members.is_seen(x, y)
    assert not members.is_seen(y, by_data[x]), "no observable holds both copies"


def test_copies_add_correlations_and_no_responses():
    alone, both = flow().theory(), flow(data=mean(N, w * redrawn(w, X)), noise=mean(N, w * redrawn(w, z))).theory()
    assert alone.responses == both.responses and alone.equations == both.equations
    assert set(alone.correlations.items()) <= set(both.correlations.items())
    assert alone.observables["norm"] == both.observables["norm"]


def test_copies_that_share_no_disorder_but_the_start():
    theory = flow(neither=mean(N, w * redrawn(w, X, z))).theory()
    (moment,) = (m for m in theory.moments.values() if m.symbol.name.startswith("neither"))
    assert [p.carrier for p in moment.products] == [1], "only the start is in common"


def test_a_copy_that_starts_anew_is_independent():
    theory = flow(nothing=mean(N, w * redrawn(w, X, z, start))).theory()
    assert theory.observables["nothing"] == 0
