"""The console entry under its name of 1.0.9."""

from pyforge_cli.__main__ import main

cli = main

__all__ = ["cli", "main"]
