"""What the verbs of `umtn send` ask a bridge."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bridge.cli.failures import Failure
from bridge.cli.output import print_json, print_line
from bridge.cli.send_contact import Where, reached
from bridge.cli.send_saying import print_jobs, print_models, print_pong
from bridge.cli.typed_paths import to_read, to_write


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


def preview(where: Where, model: str, target: str, as_json: bool) -> None:
    """Have a phrase played on an instrument, and say where it is."""

    async def ask() -> None:
        async with reached(where) as bridge:
            path = str(await bridge.preview(model, target))
        print_json({"path": path}) if as_json else print_line(path)

    asyncio.run(ask())


def convert(where: Where, source: str, output: str, as_json: bool) -> None:
    """Have a file written anew as WAV, and say what it has become."""

    async def ask() -> None:
        async with reached(where) as bridge:
            done = await bridge.convert(Path(to_read(source)), to_write(output))
        print_json(asdict(done)) if as_json else print_line(done.output)

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
