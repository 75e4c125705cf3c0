import hashlib
import json

import numpy as np

from solvers.manifests import described, manifest
from solvers.modes.power_law import PowerLaw
from solvers.sweeps import sweep
from tests.unit.solvers.example_theories import kernel_regression


def test_arrays_are_described_by_their_bytes():
    values = np.array([1.0, 2.0])
    found = described(values)
    assert found == {"shape": [2], "sha256": hashlib.sha256(values.tobytes()).hexdigest()}
    assert described([1, 2]) == found != described([1, 3])
    assert described(np.ones((4, 2))[:, 0]) == described(np.ones(4))


def test_manifests_are_small_json_whatever_was_given():
    law = PowerLaw(2.0)
    found = manifest("model", "digest", {"P": 3.0, "eigenvalues": law, "target_power": np.ones(1000)}, seed=7)
    assert len(json.dumps(found, allow_nan=False)) < 2000
    assert found["seed"] == 7 and found["parameters"]["eigenvalues"]["modes"] == "inf"
    assert {"schema", "quenched", "python", "packages", "blas", "model", "signature", "parameters", "time"} <= set(found)


def test_every_curve_says_what_it_came_from():
    curve = sweep(
        kernel_regression(), P=[1.0, 2.0], noise=[0.1, 0.2], ridge=0.1, eigenvalues=[1.0], target_power=[1.0], zip=("P", "noise")
    )
    assert curve.manifest["signature"] == kernel_regression().signature
    assert curve.manifest["zip"] == [["P", "noise"]] and curve.manifest["parameters"]["ridge"] == 0.1
