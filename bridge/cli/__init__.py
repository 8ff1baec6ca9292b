"""The `umtn` command line: one module for each sub-command."""

from bridge.cli.start import main

__all__ = ["main"]
