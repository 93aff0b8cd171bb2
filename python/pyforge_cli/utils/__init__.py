"""Helpers of 1.0.9 that have a counterpart."""
