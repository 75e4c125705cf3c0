"""Functions of every entry of a random matrix, typed as ``tanh(X @ W)``: the features of a network that are not learned."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.matrix import Mat
from theory.declaration.sites import ENTRY


class Mapped(Mat):
    """A function ``body`` of every entry of a matrix; ``centred``: less its mean over the entries' Gaussian law.

    A matrix that is a product of Gaussian matrices has Gaussian entries of one variance, which the declaration fixes.
    """

    def __init__(self, matrix: Mat, body, centred=sp.S.false) -> None:
        self.matrix, self.body, self.centred = matrix, body, sp.S(bool(centred))
        self.rows, self.cols, self.args = matrix.rows, matrix.cols, (matrix, body, self.centred)

    T = property(lambda self: Mapped(self.matrix.T, self.body, self.centred))
    free_symbols = property(lambda self: self.matrix.free_symbols | (self.body.free_symbols - {ENTRY}))

    def map(self, function) -> Mapped:
        """A further function of the entries."""
        if self.centred:
            refuse("function of centred entries", self, "centre last")
        return Mapped(self.matrix, scalar(function(self.body), "function of the entries"))

    def __repr__(self) -> str:
        text = str(self.body.xreplace({ENTRY: sp.Symbol(str(self.matrix))}))
        return f"centred({text})" if self.centred else text

    def _latex(self, printer) -> str:
        text = printer._print(self.body.xreplace({ENTRY: sp.Symbol(f"{{{self.matrix._latex(printer)}}}")}))
        return rf"\left[{text}\right]_{{\mathrm{{centred}}}}" if self.centred else text


def mapped(matrix: Mat, function) -> Mapped:
    """The function of every entry of a matrix."""
    if isinstance(matrix, Mapped):
        return matrix.map(function)
    return Mapped(matrix, scalar(function(ENTRY), "function of the entries"))


def centred(features) -> Mapped:
    """Features less the mean of their entries: ``centred(relu(X @ W))``. DeclarationError for what is no function of a matrix."""
    if not isinstance(features, Mapped):
        refuse("centred", features, "pass a function of a matrix, such as relu(X @ W)")
    return Mapped(features.matrix, features.body, sp.S.true)
