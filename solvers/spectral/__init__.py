"""Eigenvalue laws of declared matrices in numbers: densities, atoms, ends, outliers, and clouds of complex eigenvalues."""
