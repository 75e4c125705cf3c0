"""Descents of linear models in numbers: closed recursions, Volterra equations, stable learning rates."""
