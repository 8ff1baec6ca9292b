"""What every sub-command prints alike."""

from __future__ import annotations

import json
from typing import Any

import click


def print_json(value: Any) -> None:
    """Print one JSON value on stdout, for scripts."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # Names of files may hold bytes that are no text: these alone are escaped.
    click.echo(text.encode("utf-8", "backslashreplace").decode())
