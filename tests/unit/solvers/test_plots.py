"""What a plot shows, read back from the figure: lines, dots, gaps, infinities, scales and legend."""

from types import SimpleNamespace

import numpy as np
import pytest

from solvers.figures import PALETTE, colours, new_figure, save_figure, tex_number
from solvers.plots import plot
from theory.errors import ParameterError

P = np.geomspace(1, 1000, 16)
RIDGE = np.array([0.1, 1.0])


def curve(values=None, **axes):
    axes = axes or {"P": P}
    shape = tuple(len(v) for v in axes.values())
    values = np.multiply.outer(1 / P, np.ones(shape[1:])) if values is None else values
    return SimpleNamespace(axes=axes, observables={"E_g": values})


def estimate(mean, reliable=True, stderr=0.1, **axes):
    mean = np.asarray(mean, dtype=float)
    measured = SimpleNamespace(mean=mean, stderr=stderr * mean, trials=np.full(mean.shape, 30))
    return SimpleNamespace(axes=axes, observables={"E_g": measured}, reliable=np.broadcast_to(reliable, mean.shape))


def lines(ax):
    """Lines of more than one point that are drawn in data coordinates."""
    return [line for line in ax.get_lines() if line.get_linestyle() != "None" and len(line.get_xdata())]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_curve_and_its_dots_are_drawn_as_they_are():
    sizes = np.array([1.0, 10.0, 100.0])
    ax = plot(curve(), estimate(2 / sizes, P=sizes))
    (line,) = lines(ax)
    np.testing.assert_array_equal(line.get_xydata(), np.c_[P, 1 / P])
    (bars,) = ax.containers
    np.testing.assert_array_equal(bars.lines[0].get_xydata(), np.c_[sizes, 2 / sizes])
    segments = bars.lines[2][0].get_segments()
    np.testing.assert_allclose([s[:, 1] for s in segments], np.c_[1.8 / sizes, 2.2 / sizes])
    assert legend(ax) == ["theory", "simulation, 30 trials"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_xlabel() == "number of samples $P$" and ax.get_ylabel() == "generalisation error $E_g$"


def test_scales_are_logarithmic_only_where_the_values_ask_for_it():
    narrow = curve(np.linspace(1, 2, 5), ridge=np.linspace(1, 3, 5))
    assert (plot(narrow).get_xscale(), plot(narrow).get_yscale()) == ("linear", "linear")
    assert plot(curve(np.r_[0.0, P[1:]])).get_yscale() == "linear"
    assert plot(curve(np.r_[-1.0, P[1:]])).get_yscale() == "linear"


def test_a_second_axis_is_told_apart_by_colour_in_the_symbols_of_the_field():
    values = 1 / P[:, None] + RIDGE
    ax = plot(curve(values, P=P, ridge=RIDGE), estimate(values[::4], P=P[::4], ridge=RIDGE))
    first, second = lines(ax)
    np.testing.assert_array_equal(second.get_ydata(), values[:, 1])
    assert (first.get_color(), second.get_color()) == PALETTE[:2]
    assert [c.lines[0].get_color() for c in ax.containers][:2] == list(PALETTE[:2])
    assert legend(ax) == [r"$\lambda = 0.1$", r"$\lambda = 1$", "simulation, 30 trials"]


def test_the_axis_of_the_abscissa_can_be_chosen():
    ax = plot(curve(np.outer(P, RIDGE), P=P, ridge=RIDGE), x="ridge")
    assert len(lines(ax)) == P.size and ax.get_xlabel() == r"ridge $\lambda$"
    np.testing.assert_array_equal(lines(ax)[3].get_ydata(), P[3] * RIDGE)


def test_a_third_axis_is_told_apart_by_dashes():
    noise, ridge = np.array([0.0, 2.0, 3.0]), np.array([0.1, 1.0])
    values = np.arange(1, 7.0).reshape(3, 1, 2) * P[:, None]
    ax = plot(curve(values, noise=noise, P=P, ridge=ridge))
    assert legend(ax) == [r"$\sigma^2 = 0$", r"$\sigma^2 = 2$", r"$\sigma^2 = 3$", r"$\lambda = 0.1$", r"$\lambda = 1$"]
    np.testing.assert_array_equal([line.get_ydata()[0] for line in lines(ax)], np.arange(1, 7))
    assert [line.get_color() for line in lines(ax)] == list(np.repeat(PALETTE[:3], 2))
    assert [line.get_linestyle() for line in lines(ax)] == ["-", "--"] * 3


def test_where_dashes_do_not_suffice_every_line_has_its_own_colour_and_name():
    ridge = np.arange(1, 9.0)
    values = np.arange(1, 17.0).reshape(2, 1, 8) * P[:, None]
    ax = plot(curve(values, noise=np.array([0.0, 1.0]), P=P, ridge=ridge))
    assert legend(ax)[9] == r"$\sigma^2 = 1$, $\lambda = 2$" and len(legend(ax)) == 16
    assert len({tuple(line.get_color()) for line in lines(ax)}) == 16
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


def test_zipped_parameters_make_one_line():
    zipped = curve(1 / P, P=P, N=2 * P)
    zipped.groups = (("P", "N"),)
    (line,) = lines(plot(zipped, x="N"))
    np.testing.assert_array_equal(line.get_xdata(), 2 * P)


def test_modes_make_one_line_each():
    found = curve(np.arange(1, 41) / P[:, None], P=P)
    ax = plot(found, modes=[0, 39])
    assert legend(ax) == ["$k = 1$", "$k = 40$"]
    np.testing.assert_array_equal(lines(ax)[1].get_ydata(), 40 / P)
    assert len(lines(plot(found))) == 5
    with pytest.raises(ParameterError, match="40 modes, none of number 40"):
        plot(found, modes=[40])


def test_failed_points_leave_gaps_and_infinite_ones_are_marked():
    values = 1 / P
    values[[3, 4, 9]] = np.nan, np.nan, np.inf
    ax = plot(curve(values))
    drawn = lines(ax)[0].get_ydata()
    assert np.flatnonzero(np.isnan(drawn)).tolist() == [3, 4, 9]
    (mark,) = [line for line in ax.get_lines() if line.get_marker() == r"$\infty$"]
    assert mark.get_xdata().tolist() == [P[9]]
    ax.figure.canvas.draw()
    assert np.isfinite(ax.get_ylim()).all()


def test_a_point_between_two_gaps_is_still_seen():
    values = 1 / P
    values[[3, 5]] = np.nan
    (dot,) = [line for line in plot(curve(values)).get_lines() if line.get_marker() == "." and len(line.get_xdata())]
    assert dot.get_xdata().tolist() == [P[4]]


def test_a_dot_without_a_meaningful_error_is_hollow_and_has_no_bar():
    ax = plot(dots=estimate([1.0, 2.0], reliable=[True, False], P=np.array([1.0, 2.0])))
    trusted, hollow = ax.containers
    assert hollow.lines[0].get_markerfacecolor() == "none" and trusted.lines[0].get_markerfacecolor() != "none"
    assert np.ptp(hollow.lines[2][0].get_segments()[0][:, 1]) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot(), "nothing to plot; give a curve"),
        (lambda: plot(curve(), y="E_gg"), "no observable 'E_gg'; did you mean 'E_g'"),
        (lambda: plot(curve(), x="p"), "no axis 'p'"),
        (lambda: plot(curve(), estimate([1.0], N=np.array([1.0]))), "no axis 'P'; known: N"),
        (lambda: plot(SimpleNamespace(axes={}, observables={"E_g": np.array(1.0)})), "give one of them a list"),
        (lambda: colours(0), "at least one"),
        (lambda: plot(curve(np.outer(P, RIDGE), P=P, ridge=RIDGE), label="a"), "'a' names one line and there are 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


def test_many_lines_have_different_colours():
    assert len({tuple(np.atleast_1d(c)) for c in colours(30)}) == 30


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.01, "0.01"), (1e-3, "10^{-3}"), (2.5e-7, r"2.5\times 10^{-7}"), (1234, "1234"), (1e4, "10^{4}")],
)
def test_numbers_are_set_as_mathematics(value, shown):
    assert tex_number(value) == shown


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_figure_is_saved_whole_and_is_the_same_each_time(tmp_path, ending):
    found = []
    for name in ("a", "b"):
        figure, (ax,) = new_figure()
        plot(curve(), ax=ax)
        save_figure(figure, tmp_path / f"{name}.{ending}")
        found.append((tmp_path / f"{name}.{ending}").read_bytes())
    assert found[0] == found[1] and len(found[0]) > 1000
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(ParameterError, match=r"ends in '\.jpg'"):
        save_figure(figure, tmp_path / "a.jpg")


def test_no_state_of_pyplot_is_touched():
    import matplotlib

    before = dict(matplotlib.rcParams)
    plot(curve())
    assert dict(matplotlib.rcParams) == before
