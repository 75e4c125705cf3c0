"""Kernels of wide networks and of classical kind, and their spectra on spheres.

A kernel is called on points of shape (n, D): `NTK(depth=3)(X)` is a Gram matrix of shape (n, n). Inner
products are divided by the dimension, so that the sphere of radius sqrt(D) is the natural home of the data.
"""

from solvers.kernels.activations import ACTIVATIONS, Activation
from solvers.kernels.dot_product import DotProduct, LinearKernel, PolynomialKernel
from solvers.kernels.gegenbauer import degeneracy, zonal_polynomials
from solvers.kernels.kernel import Kernel
from solvers.kernels.network import NNGP, NTK
from solvers.kernels.radial import GaussianKernel, LaplaceKernel
from solvers.kernels.relu import ReLU
from solvers.kernels.sphere import SphereSpectrum, gegenbauer_spectrum

__all__ = [
    "ACTIVATIONS",
    "NNGP",
    "NTK",
    "Activation",
    "DotProduct",
    "GaussianKernel",
    "Kernel",
    "LaplaceKernel",
    "LinearKernel",
    "PolynomialKernel",
    "ReLU",
    "SphereSpectrum",
    "degeneracy",
    "gegenbauer_spectrum",
    "zonal_polynomials",
]
