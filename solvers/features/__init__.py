"""Ridge regression on features of a user's own: their spectra, what the theory predicts, what splits and cross-validation say."""
