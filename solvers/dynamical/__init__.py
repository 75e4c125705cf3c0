"""Dynamical mean field theory in numbers: linear dynamics by inverse transforms, nonlinear ones by causal sampling."""
