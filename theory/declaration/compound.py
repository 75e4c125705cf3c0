"""Gaussian matrices with a given matrix as a mean or covariance: sums and products of that matrix and a standard one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from theory.declaration.checks import refuse
from theory.declaration.dimensions import Dim
from theory.declaration.matrices import Diag, Prod, Root, Sum
from theory.declaration.matrix import Mat, shape

GIVEN = ("mean", "row_covariance", "column_covariance")


def compound(kind: type, args: tuple, how: Mapping) -> Mat | None:
    """``mean + row_covariance^(1/2) X column_covariance^(1/2)`` where one of them is a matrix, None otherwise."""
    names = [p for p in inspect.signature(kind.__init__).parameters if p != "self"]
    bound = {**dict(zip(names, args, strict=False)), **how}
    from theory.declaration.ensembles import Deterministic

    given = {key: bound[key] for key in GIVEN if isinstance(bound.get(key), Mat)}
    name, rows, cols = (bound.get(key) for key in ("name", "rows", "cols"))
    if not given or len(args) > len(names) or not isinstance(rows, Dim) or not isinstance(cols, Dim):
        return None
    for key, matrix in given.items():
        what = f"{key.replace('_', ' ')} of {name}"
        _check_given(what, matrix)
        wanted = {"mean": (rows, cols), "row_covariance": (rows, rows), "column_covariance": (cols, cols)}[key]
        if (matrix.rows, matrix.cols) != wanted:
            refuse(f"shape mismatch: {what}", f"{shape(matrix)}, {name} is {rows}x{cols}", f"it needs {wanted[0]}x{wanted[1]}")
        if key != "mean" and not isinstance(matrix, (Diag, Deterministic)):
            refuse(what, matrix, "pass a Deterministic matrix, or Diag of a spectrum")
    spectra = {key: m.vector.expr for key, m in given.items() if key != "mean" and isinstance(m, Diag)}
    bound, given = {**bound, **spectra}, {key: m for key, m in given.items() if key not in spectra}
    for key in ("symmetry", "correlation", "fresh"):
        if bound.get(key) is not None and set(given) - {"mean"}:
            refuse(f"{key} of {name}", "a given matrix is its covariance", "multiply a white matrix by what it needs")
    matrix: Mat = kind(**{key: value for key, value in bound.items() if key not in given})
    if "row_covariance" in given:
        matrix = Prod(Root(given["row_covariance"]), matrix)
    if "column_covariance" in given:
        matrix = Prod(matrix, Root(given["column_covariance"]))
    return Sum(given["mean"], matrix) if "mean" in given else matrix


def _check_given(what: str, matrix: Mat) -> None:
    from theory.declaration.walks import leaves

    drawn = [leaf for leaf in leaves(matrix) if leaf.kind not in ("deterministic", "quenched")]
    if drawn:
        refuse(what, f"{matrix} holds {drawn[0]}, which is drawn", "add or multiply it yourself")
