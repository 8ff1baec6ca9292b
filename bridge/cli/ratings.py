"""`umtn ratings`: what listeners said on the sheet of an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bridge.cli.failures import needs_extra
from bridge.cli.options import json_option, seed_option
from bridge.cli.output import print_json, print_line


@click.command()
@click.argument("report", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument(
    "files",
    metavar="CSV...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@seed_option(help="Of intervals.")
@json_option("everything")
def ratings(report: Path, files: tuple[Path, ...], seed: int, as_json: bool) -> None:
    """Turn ratings of REPORT's listening sheet into win rates against the real render."""
    with needs_extra("Reading ratings", "evaluate"):
        from umtn_core.evaluation.report.ratings import win_rates

        found = win_rates(report, files, seed)
    if as_json:
        print_json(found)
        return
    print_line(f"{found.pop('model')}: how often the translation was preferred to a real render")
    for question, directions in found.items():
        for direction, rate in directions.items():
            print_line(f"  {question}, {direction}: {_words(rate)}")


def _words(rate: dict[str, Any]) -> str:
    if rate["wins"] is None:
        return "no answers"
    margin = "" if rate["interval"] is None else " ({:.0%} to {:.0%})".format(*rate["interval"])
    return (
        f"{rate['wins']:.0%}{margin}, {rate['answers']} answers of {rate['raters']} raters "
        f"to {rate['trials']} trials"
    )
