"""The per-mode data of a dimension: spectra, power laws, compression, and sums over modes."""
