import json
import zipfile

import numpy as np
import pytest

from solvers.manifests import SCHEMA
from solvers.modes.power_law import PowerLaw
from solvers.results import Curve
from solvers.sweeps import solve, sweep
from tests.unit.solvers.example_theories import kernel_regression
from theory.errors import ParameterError

TASK = {"eigenvalues": [1.0, 0.25, 0.04], "target_power": [1.0, 0.5, 0.2]}


def curve(**change):
    return sweep(
        kernel_regression(), **{"P": [1.0, 2.0, 3.0], "ridge": [0.0, 1e-3], "noise": 0.1, **TASK, "on_failure": "mask", **change}
    )


def test_json_is_strict_and_says_why_a_number_is_missing():
    text = json.dumps(curve().to_json(), allow_nan=False)
    read = json.loads(text)
    tables = ["parameters", "axes", "order_parameters", "observables", "error", "status", "verdicts"]
    assert list(read) == ["schema", "model", *tables, "manifest"]
    assert read["observables"]["E_g"][2][0] is None and read["status"][2][0] == "infinite"
    assert read["parameters"]["eigenvalues"]["shape"] == [3] and read["parameters"]["noise"] == 0.1
    assert read["axes"]["P"] == [1.0, 2.0, 3.0] and read["manifest"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"observables": ["mode_errors"]},
        {"P": [1.0, 2.0], "zip": ("P", "ridge")},
        {"ridge": 1.0, "P": 2.0},
        {"eigenvalues": PowerLaw(2.0, 9), "target_power": PowerLaw(2.0, 9)},
    ],
)
def test_saved_curves_come_back(tmp_path, change):
    found = curve(**change)
    path = found.save(tmp_path / "named.curve")
    assert path.name == "named.curve" and [p.name for p in tmp_path.iterdir()] == ["named.curve"]
    again = Curve.load(path)
    for table in ("axes", "order_parameters", "observables", "errors"):
        assert list(getattr(again, table)) == list(getattr(found, table))
        for name, values in getattr(found, table).items():
            np.testing.assert_array_equal(getattr(again, table)[name], values)
    np.testing.assert_array_equal(again.status, found.status)
    assert again.groups == found.groups and again.manifest == found.manifest and again.to_json() == found.to_json()
    with pytest.raises(ParameterError, match=r"sweep it again"):
        again.gradient("ridge")


def test_files_that_are_no_curves_are_named(tmp_path):
    with pytest.raises(ParameterError, match=r"absent.npz: no such file"):
        Curve.load(tmp_path / "absent.npz")
    for name, content in {"text.npz": b"hello", "empty.npz": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ParameterError, match=rf"{name}: not a curve"):
            Curve.load(tmp_path / name)
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    with pytest.raises(ParameterError, match=r"other.npz: not a curve"):
        Curve.load(tmp_path / "other.npz")
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ParameterError, match=r"pickle.npy: not a curve"):
        Curve.load(tmp_path / "pickle.npy")


def test_a_damaged_curve_is_refused(tmp_path):
    path = curve().save(tmp_path / "a.npz")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "b.npz", "w") as target:
        for name in source.namelist():
            if name != "error.npy":
                target.writestr(name, source.read(name))
    with pytest.raises(ParameterError, match=r"b.npz: a damaged curve"):
        Curve.load(tmp_path / "b.npz")
    content = path.read_bytes()
    (tmp_path / "c.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ParameterError, match=r"c.npz: not a curve"):
        Curve.load(tmp_path / "c.npz")


def test_a_newer_layout_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr("solvers.results.SCHEMA", SCHEMA + 1)
    path = curve().save(tmp_path / "new.npz")
    monkeypatch.undo()
    with pytest.raises(ParameterError, match=rf"new.npz: schema {SCHEMA + 1} is newer than {SCHEMA}"):
        Curve.load(path)


def test_xarray_has_the_axes_as_coordinates():
    found = curve(observables=["E_g", "mode_errors"])
    data = found.to_xarray()
    assert data["E_g"].dims == ("P", "ridge") and data["mode_errors"].dims[:2] == ("P", "ridge")
    assert float(data["E_g"].sel(P=1.0, ridge=1e-3)) == found["E_g"][0, 1]
    zipped = curve(P=[1.0, 2.0], zip=("P", "ridge")).to_xarray()
    assert zipped["E_g"].dims == ("P",) and zipped["ridge"].dims == ("P",)


def test_results_print_shortly_and_name_what_they_lack():
    found = curve()
    assert "P: 3, ridge: 2" in repr(found) and "1 infinite" in repr(found) and len(repr(found)) < 300
    point = solve(kernel_regression(), P=2.0, ridge=1.0, **TASK)
    assert "converged" in str(point) and "E_g" in str(point)
    with pytest.raises(ParameterError, match=r"did you mean 'E_g'"):
        point["E_h"]
