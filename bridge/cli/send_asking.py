"""What the verbs of `umtn send` ask a bridge."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from bridge.cli.failures import Failure
from bridge.cli.output import print_json
from bridge.cli.send_contact import Where, reached
from bridge.cli.send_saying import print_jobs, print_models, print_pong


def ping(where: Where, as_json: bool) -> None:
    """Say that a bridge is there, and what it is."""

    async def ask() -> None:
        async with reached(where) as bridge:
            print_pong(await bridge.ping(), as_json)

    asyncio.run(ask())


def models(where: Where, as_json: bool) -> None:
    """List the models of the bridge."""

    async def ask() -> None:
        async with reached(where) as bridge:
            print_models(await bridge.models(), as_json)

    asyncio.run(ask())


def jobs(where: Where, as_json: bool) -> None:
    """List the jobs of the bridge."""

    async def ask() -> None:
        async with reached(where) as bridge:
            print_jobs(await bridge.jobs(), as_json)

    asyncio.run(ask())


def status(where: Where, ids: Sequence[str], as_json: bool) -> None:
    """Say how jobs are.

    Parameters
    ----------
    where
        Where the bridge is.
    ids
        The jobs' ids, one or more. Of those that there are it is said, whatever is wrong with
        others.
    as_json
        Whether to say it as JSON: of one job itself, of several a list.
    """
    asyncio.run(_each("status", where, ids, as_json))


def cancel(where: Where, ids: Sequence[str], as_json: bool) -> None:
    """Give jobs up, and say how they are then; parameters as of `status`."""
    asyncio.run(_each("cancel", where, ids, as_json))


async def _each(what: str, where: Where, ids: Sequence[str], as_json: bool) -> None:
    from bridge.client import BridgeError

    found, wrong = [], []
    async with reached(where) as bridge:
        ask = {"status": bridge.status, "cancel": bridge.cancel}[what]
        for id in ids:
            try:
                found.append(await ask(id))
            except BridgeError as error:
                if error.code in ("unreachable", "token"):
                    raise
                wrong.append(Failure(str(error)))
    if as_json and len(ids) == 1:
        for job in found:
            print_json(asdict(job))
    elif found:
        print_jobs(found, as_json)
    if wrong:
        for failure in wrong[:-1]:
            failure.show()
        raise wrong[-1]
