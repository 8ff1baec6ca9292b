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


#: In the order of the help, with what follows each.
VERBS = {
    "status": (status, "ID..."),
    "jobs": (jobs, ""),
    "cancel": (cancel, "ID..."),
    "models": (models, ""),
    "ping": (ping, ""),
}


def _named(ids: tuple[str, ...], verb: str) -> tuple[str, ...]:
    if not ids:
        raise Misuse(f"Name the job: `umtn send {verb} ID`; `umtn send jobs` lists them.")
    return tuple(dict.fromkeys(ids))
