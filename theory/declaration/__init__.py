"""The language in which a model is declared: dimensions, disorder, state, law, observables. It holds nothing derived.

A scalar is a SymPy expression; a dimension is a symbol and its own size; a vector is a SymPy expression at the generic site of its
dimension, whose atoms stand for leaves and local fields; matrices are a noncommutative tree. Indices are never written.

>>> import sympy as sp
>>> M, P = Dim("M", "eta"), Dim("P")
>>> (eta,), (ridge, noise) = M.spectra, sp.symbols("lambda sigma2", positive=True)
>>> X, w0, w = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), State("w", M)
>>> y = X @ w0 + Noise("eps", P, variance=noise)
>>> model = Energy((X @ w - y).square()/2 + ridge*w.square()/2, over=w, observe={"E_g": sum_over(M, eta*(w - w0)**2)})
>>> [p.domain for p in model.parameters]
['P > 0', 'lambda_ > 0', 'sigma2 > 0', 'eta >= 0', 'w0 real']
"""

from theory.declaration.classes import Labels, softmax
from theory.declaration.copies import redrawn
from theory.declaration.descent import Descent
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.elementwise import absolute, cos, cosh, erf, exp, heaviside, log, relu, sign, sin, sqrt, tanh, wall
from theory.declaration.energy import Energy
from theory.declaration.ensembles import Deterministic, Gaussian
from theory.declaration.expression import Expression
from theory.declaration.gradients import affine, gradient
from theory.declaration.laws import Model
from theory.declaration.learning import Outer, hebb, outer
from theory.declaration.linearised import differential, linearised
from theory.declaration.mapped import Mapped, centred
from theory.declaration.matrices import Diag, Inv, Prod, Root, Sum
from theory.declaration.matrix import Mat
from theory.declaration.mixtures import Atom, Density, Mixture, Normal
from theory.declaration.observables import Contribution
from theory.declaration.parameters import Parameter
from theory.declaration.scalars import Average, Over, QuadraticForm, Tr, Trace, average, mean, quadratic_form, sum_over
from theory.declaration.sites import Dot, Leaf, Site, batch, generic, sites, tops, varies
from theory.declaration.step import Step
from theory.declaration.tensors import Contraction, Tensor
from theory.declaration.vectors import Drawn, Noise, Quenched, Signs, State, Vec
from theory.declaration.walks import collect, leaves, linear_coefficients, partial, replace_tops, substitute, symbols, terms

__all__ = [
    # dimensions and the objects that live on them
    "Dim", "Spectrum", "Vec", "Quenched", "Noise", "Signs", "Drawn", "Labels", "softmax", "State", "Mat", "Gaussian",
    "Deterministic", "Tensor", "Diag", "Sum", "Prod", "Inv", "Root", "Mapped", "Outer", "hebb", "outer",
    "Mixture", "Atom", "Normal", "Density",
    # scalars and functions
    "sum_over", "mean", "average", "Tr", "quadratic_form", "redrawn", "Over", "Average", "QuadraticForm", "Trace", "Contraction",
    "tanh", "erf", "relu", "heaviside", "sign", "sqrt", "exp", "log", "cosh", "sin", "cos", "absolute", "centred", "wall",
    # laws
    "Model", "Energy", "Expression", "Step", "differential", "linearised", "Descent", "Parameter", "Contribution",
    # walks
    "Leaf", "Dot", "Site", "tops", "sites", "generic", "varies", "batch", "leaves", "symbols", "partial",
    "replace_tops", "substitute", "collect", "linear_coefficients", "terms", "gradient", "affine",
]  # fmt: skip
