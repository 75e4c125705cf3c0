"""What may stand after ``name=``: everything in the grammar comes back as typed, everything else is refused with a repair."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.grammar import assignments, names, parse
from solvers.modes.power_law import PowerLaw
from theory.errors import ParameterError

finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(1e-300, 1e300)


@given(finite)
def test_a_number_comes_back(value):
    assert parse(repr(value)) == value and np.signbit(parse(repr(value))) == np.signbit(value)


@given(st.integers())
def test_an_integer_stays_exact_while_a_float_holds_it(value):
    found = parse(str(value))
    assert found == float(value) and isinstance(found, int) == (abs(value) < 2**53)


@given(st.lists(finite, min_size=2, max_size=8))
def test_a_list_comes_back(values):
    assert parse(" , ".join(map(repr, values))).tolist() == values


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.integers(2, 50))
def test_a_range_has_its_ends_its_count_and_equal_steps(start, stop, count):
    values = parse(f"{start!r}:{stop!r}:{count}")
    assert values.size == count and values[0] == start and values[-1] == stop
    np.testing.assert_allclose(np.diff(values), (stop - start) / (count - 1), atol=1e-6)


@given(positive, positive, st.integers(2, 50))
def test_a_log_range_has_its_ends_its_count_and_equal_ratios(start, stop, count):
    values = parse(f"{start!r}:{stop!r}:{count}:log")
    assert values.size == count and values[0] == start and values[-1] == stop
    np.testing.assert_allclose(np.diff(np.log(values)), (math.log(stop) - math.log(start)) / (count - 1), atol=1e-9)


def test_a_range_may_run_down_and_hold_one_point():
    assert parse("3:1:3").tolist() == [3, 2, 1]
    assert parse("2:2:1").tolist() == [2]


@given(st.floats(0.1, 5), st.one_of(st.integers(1, 10**6), st.just(math.inf)))
def test_a_power_law_comes_back(exponent, modes):
    assert parse(f"powerlaw:{exponent!r}:{modes}") == PowerLaw(exponent, modes)


@given(st.lists(finite, min_size=1, max_size=6), st.sampled_from(["row", "column", "npy"]))
def test_a_file_comes_back(tmp_path_factory, values, form):
    path = tmp_path_factory.mktemp("values") / ("v.npy" if form == "npy" else "v.csv")
    if form == "npy":
        np.save(path, values)
    else:
        path.write_text((", " if form == "row" else "\n").join(map(repr, values)) + "\n\n")
    assert parse(f"@{path}").tolist() == values


def test_an_array_file_keeps_its_rank(tmp_path):
    np.save(tmp_path / "spectra.npy", np.ones((2, 3)))
    assert parse(f"@{tmp_path}/spectra.npy").shape == (2, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no value; give a number"),
        ("nan", "'nan' is not a finite decimal number"),
        ("inf", "'inf' is not a finite decimal number"),
        ("1e", "'1e' is not a finite decimal number"),
        ("1e999", "beyond floating point"),
        ("1_0", "'1_0' is not"),
        ("0x10", "'0x10' is not"),
        ("1 2", "'1 2' is not"),
        ("٣", "is not a finite decimal number"),
        ("1,,2", "empty entry"),
        ("1,", "empty entry"),
        ("1,nan", "'nan' is not"),
        ("1:2", "has 2 parts; give start:stop:count"),
        ("1:2:3:4:5", "has 5 parts"),
        ("0:1:5:log", "a log range needs positive ends"),
        ("-1:1:5:log", "a log range needs positive ends"),
        ("1:2:3:lin", "the only spacing to name is 'log'"),
        ("1:2:0", "count '0' is not a positive integer"),
        ("1:2:-3", "count '-3' is not a positive integer"),
        ("1:2:2.5", "count '2.5' is not a positive integer"),
        ("1:2:1", "give count 2 or more"),
        ("1:2:999999999", "give fewer points"),
        ("-1e308:1e308:3", "beyond floating point"),
        ("1:x:3", "'x' is not"),
        ("powerlaw:1.5", "powerlaw:1.5:1000"),
        ("powerlaw:1.5:1:2", "powerlaw:1.5:1000"),
        ("powerlaw:a:10", "'a' is not a number"),
        ("powerlaw:nan:10", "finite"),
        ("powerlaw:1.5:0", "positive whole number or inf"),
        ("powerlaw:1.5:2.5", "positive whole number or inf"),
        ("@", "not a known ending"),
        ("@none.npy", "there is no file 'none.npy'"),
        ("@none.txt", "'.txt' is not a known ending"),
        ("1=2", "'1=2' is not"),
    ],
)
def test_what_is_refused_names_the_value_and_the_repair(text, message):
    with pytest.raises(ParameterError) as caught:
        parse(text, "ridge")
    assert message in str(caught.value)
    assert "ridge" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no number"),
        (b"eta\n1\n2\n", "starts with 'eta', a header"),
        (b"k,eta\n1,2\n", "a header"),
        (b"1,2\n3,4\n", "has 2 rows and 2 columns"),
        (b"1\nnan\n", "line 2: 'nan' is not"),
        (b"1\n\n\nx\n", "line 4: 'x' is not"),
        (b"1,,2\n", "empty entry"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_csv_that_is_no_column_of_numbers_is_refused(tmp_path, content, message):
    (tmp_path / "v.csv").write_bytes(content)
    with pytest.raises(ParameterError, match=message):
        parse(f"@{tmp_path}/v.csv", "eigenvalues")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1.0, np.nan]), r"holds nan at \[1\]"),
        (np.array([[1.0, 2.0], [3.0, np.inf]]), r"holds inf at \[1, 1\]"),
        (np.array([1j]), "dtype complex128; give real numbers"),
        (np.array(["1"]), "give real numbers"),
        (np.array([True]), "dtype bool"),
        (np.array([]), "holds no number"),
    ],
)
def test_an_array_that_is_not_real_and_finite_is_refused(tmp_path, array, message):
    np.save(tmp_path / "v.npy", array)
    with pytest.raises(ParameterError, match=message):
        parse(f"@{tmp_path}/v.npy", "eigenvalues")


def test_a_pickle_is_never_opened(tmp_path):
    np.save(tmp_path / "v.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ParameterError, match=r"no plain \.npy array"):
        parse(f"@{tmp_path}/v.npy")


def test_an_archive_and_a_text_are_no_arrays(tmp_path):
    np.savez(tmp_path / "v.npz", a=1)
    (tmp_path / "v.npz").rename(tmp_path / "v.npy")
    (tmp_path / "w.npy").write_text("1\n2\n")
    with pytest.raises(ParameterError, match="archive"):
        parse(f"@{tmp_path}/v.npy")
    with pytest.raises(ParameterError, match=r"no plain \.npy array"):
        parse(f"@{tmp_path}/w.npy")


def test_assignments_and_names():
    assert assignments(["ridge=1", " P = 10 "]) == {"ridge": 1, "P": 10}
    assert names("N, P", "--zip") == ("N", "P")
    for texts, message in [
        (["ridge"], "not of the form name=value"),
        (["=1"], "not of the form name=value"),
        (["ridge=1", "ridge=1"], "'ridge' is given twice"),
        (["ridge="], "ridge has no value"),
    ]:
        with pytest.raises(ParameterError, match=message):
            assignments(texts)
    for text, message in [("N,,P", "empty name"), ("N,N", "names 'N' twice"), ("", "empty name")]:
        with pytest.raises(ParameterError, match=message):
            names(text, "--zip")
