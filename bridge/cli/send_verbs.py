"""The verbs of `umtn send`, commands each of their own."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli import send_asking as asking
from bridge.cli.failures import Misuse
from bridge.cli.options import json_option
from bridge.cli.send_contact import Where, where_options


@click.command()
@where_options
@json_option("what it is")
def ping(where: Where, as_json: bool) -> None:
    """Say whether a bridge is running, and where its files are."""
    asking.ping(where, as_json)


@click.command()
@where_options
@json_option("all")
def models(where: Where, as_json: bool) -> None:
    """List the bridge's models, and the instruments that each plays."""
    asking.models(where, as_json)


@click.command()
@where_options
@json_option("all that is known of them")
def jobs(where: Where, as_json: bool) -> None:
    """List the bridge's jobs, a line each, the newest last."""
    asking.jobs(where, as_json)


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1)
@where_options
@json_option("all that is known")
def status(ids: tuple[str, ...], **options: Any) -> None:
    """Say how far jobs are, and where their results are.

    A job that has failed is no failure of this command; one that the bridge does not know is. With
    several IDs, --json prints a list.
    """
    asking.status(ids=_named(ids, "status"), **options)


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1)
@where_options
@json_option("what has become of them")
def cancel(ids: tuple[str, ...], **options: Any) -> None:
    """Give jobs up.

    Jobs that have ended already stay as they are, which is no failure; one that the bridge does not
    know is. With several IDs, --json prints a list.
    """
    asking.cancel(ids=_named(ids, "cancel"), **options)


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("target", metavar="TARGET")
@where_options
@json_option("where it is")
def preview(model: str, target: str, **options: Any) -> None:
    """Have a short phrase played on an instrument, and print its file.

    It is rendered once, behind all jobs, and kept in your cache until the model changes.
    """
    asking.preview(model=model, target=target, **options)


@click.command()
@click.argument("source", metavar="FILE", type=click.Path())
@click.argument("output", metavar="OUT", type=click.Path())
@where_options
@json_option("what it has become")
def convert(source: str, output: str, **options: Any) -> None:
    """Have FILE written anew as the WAV file OUT, whatever audio it holds.

    Both lie in folders that the bridge may use; nothing is overwritten.
    """
    asking.convert(source=source, output=output, **options)


#: In the order of the help, with what follows each.
VERBS = {
    "status": (status, "ID..."),
    "jobs": (jobs, ""),
    "cancel": (cancel, "ID..."),
    "models": (models, ""),
    "preview": (preview, "MODEL TARGET"),
    "convert": (convert, "FILE OUT"),
    "ping": (ping, ""),
}


def _named(ids: tuple[str, ...], verb: str) -> tuple[str, ...]:
    if not ids:
        raise Misuse(f"Name the job: `umtn send {verb} ID`; `umtn send jobs` lists them.")
    return tuple(dict.fromkeys(ids))
