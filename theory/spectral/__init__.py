"""Spectral theory of random matrices: Green's functions of declared matrices, their Hermitisation, spikes."""

from theory.spectral.green import GreenFunction, green_function

__all__ = ["GreenFunction", "green_function"]
