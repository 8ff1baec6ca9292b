"""What every sub-command prints alike."""

from __future__ import annotations

import json
from typing import Any

import click

from bridge.text import escaped_in_json, on_one_line, sentence


def print_line(text: str = "", err: bool = False) -> None:
    """Print one line on stdout or stderr, and no more, whatever names and texts it repeats."""
    click.echo(on_one_line(text), err=err)


def say(text: str) -> None:
    """Tell whoever is looking something in a sentence on stderr."""
    click.echo(sentence(f"umtn: {text}"), err=True)


def print_json(value: Any) -> None:
    """Print one JSON value on stdout, for scripts."""
    lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    text = "\n".join(map(escaped_in_json, lines))
    # Names of files may hold bytes that are no text: these alone are escaped.
    click.echo(text.encode("utf-8", "backslashreplace").decode())
