"""Judges of claims, one file for each sort of evidence, and what they share: readings, random points, exact evaluation."""
