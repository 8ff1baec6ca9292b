"""`umtn send`: asks a running bridge to render, and shows how far it is."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.failures import Failure, Interruption, Misuse
from bridge.cli.options import (
    LEFT_TO_BRIDGE,
    channels_option,
    dynamics_option,
    engine_option,
    json_option,
    mix_option,
    model_option,
    output_option,
    postfilter_option,
    quiet_option,
    seed_option,
    segments_option,
    target_option,
    temperature_option,
    top_p_option,
    transpose_option,
)
from bridge.cli.output import print_json, print_line, say
from bridge.cli.progress import meter
from bridge.cli.stopping import stoppable
from bridge.cli.token import token_options
from bridge.cli.typed_paths import to_read, to_write
from bridge.cli.values import Number, OneOf, Whole, WholeOr
from bridge.protocol import RENDER_KEYS
from bridge.text import shell_word

if TYPE_CHECKING:
    from bridge.client import AsyncBridge, JobStatus

#: Options that are keys of /umtn/render.
KEYS = (
    "model",
    "start",
    "length",
    "unit",
    "seed",
    "temperature",
    "top_p",
    "mix",
    "channels",
    "dynamics",
    "transpose",
    "segments",
    "postfilter",
    "engine",
    "priority",
)

#: Positions beyond this are slips of the keyboard: a day, in samples at 768 kHz.
FARTHEST = 24 * 3600 * 768_000


#: Seconds until Ctrl-C is noticed, and until a bridge that does not answer it is left alone.
_NOTICED, _PATIENCE = 0.05, 2.0
_CANCELLED = "Cancelled; nothing was written."

Stopped = Callable[[], bool]


def _bounds(key: str) -> tuple[int, int]:
    """Return the least and the greatest number that a key of /umtn/render takes."""
    (argument,) = (argument for argument in RENDER_KEYS if argument.name == key)
    assert argument.minimum is not None and argument.maximum is not None
    return int(argument.minimum), int(argument.maximum)


@click.command()
@click.argument("source", metavar="[FILE]", required=False, type=click.Path())
@target_option()
@output_option(
    type=click.Path(),
    metavar="OUT",
    help="File to write; otherwise the bridge chooses one in its session folder.",
)
@model_option(**LEFT_TO_BRIDGE, help="Name of the model.")
@click.option(
    "--start",
    type=Number(0, FARTHEST),
    metavar="X",
    help="Where in the file the region begins.",
)
@click.option(
    "--length", type=Number(0, FARTHEST, min_open=True), metavar="X", help="Of the region."
)
@click.option("--unit", type=OneOf(["seconds", "samples"]), help="Of start and length: seconds.")
@seed_option(
    **LEFT_TO_BRIDGE,
    type=Whole(*_bounds("seed")),
    metavar="N",
    help="Another seed, another performance.",
)
@temperature_option(
    **LEFT_TO_BRIDGE,
    type=Number(*_bounds("temperature")),
    metavar="X",
    help="Lower is cleaner and duller.",
)
@top_p_option(**LEFT_TO_BRIDGE, metavar="X")
@mix_option(**LEFT_TO_BRIDGE, metavar="X")
@channels_option(**LEFT_TO_BRIDGE)
@dynamics_option(**LEFT_TO_BRIDGE, metavar="X")
@transpose_option(**LEFT_TO_BRIDGE)
@segments_option(
    **LEFT_TO_BRIDGE,
    type=WholeOr("auto", *_bounds("segments")),
    metavar="N",
    help="Parts decoded side by side, or auto.",
)
@postfilter_option(**LEFT_TO_BRIDGE, help="Take the decoder's noise out, or leave it.")
@engine_option()
@click.option("--priority", type=Whole(-100, 100), metavar="N", help="Higher goes first.")
@click.option("--id", "id", metavar="ID", help="Name of the job; otherwise a new one.")
@click.option(
    "--wait/--no-wait", default=True, help="Stay until the job has ended, or print its id and go."
)
@click.option("--ping", "ask", flag_value="ping", help="Is a bridge running?")
@click.option("--models", "ask", flag_value="models", help="List the bridge's models.")
@click.option("--jobs", "ask", flag_value="jobs", help="List its jobs.")
@click.option("--status", "status_of", metavar="ID", help="Say how far a job is.")
@click.option("--cancel", "cancelled", metavar="ID", help="Give a job up.")
@click.option("--host", metavar="ADDRESS", help="Of the bridge; otherwise found by itself.")
@click.option("--port", type=Whole(1, 65_535), metavar="N", help="Of the bridge.")
@click.option(
    "--timeout",
    type=Number(0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Without an answer from the bridge.",
)
@token_options
@quiet_option()
@json_option("what is known")
def send(**options: Any) -> None:
    """Have a file rendered by a running bridge.

    Prints the path of the finished file. Ctrl-C cancels the job.
    """
    asked = [options["source"], options["ask"], options["status_of"], options["cancelled"]]
    if sum(one is not None for one in asked) != 1:
        raise Misuse("Name one file, or one of --ping, --models, --jobs, --status and --cancel.")
    if options["source"] is not None and not options["target"]:
        raise Misuse("Say what to play it on with --to; --models lists what there is.")
    if options["source"] == "":
        raise Misuse("FILE is empty; name the file to render.")
    if options["source"] is not None:
        options["source"] = Path(to_read(options["source"]))
    if options["output"] is not None:
        options["output"] = to_write(options["output"])
    asyncio.run(_send(options))


async def _send(options: dict[str, Any]) -> None:
    from bridge.client import AsyncBridge

    async with AsyncBridge(
        options["host"], options["port"], token=options["token"], timeout=options["timeout"]
    ) as bridge:
        if options["source"] is not None:
            await _render(bridge, options)
        elif options["status_of"] is not None:
            _print_job(await bridge.status(options["status_of"]), options["as_json"])
        elif options["cancelled"] is not None:
            _print_job(await bridge.cancel(options["cancelled"]), options["as_json"])
        else:
            await {"ping": _ping, "models": _models, "jobs": _jobs}[options["ask"]](
                bridge, options["as_json"]
            )


async def _render(bridge: AsyncBridge, options: dict[str, Any]) -> None:
    keys = {key: options[key] for key in KEYS if options[key] is not None}
    # Known before the bridge answers, so that Ctrl-C can cancel a job that has only just begun.
    id = uuid.uuid4().hex if options["id"] is None else options["id"]
    with stoppable() as stopped:
        asking = bridge.render(
            options["source"], options["target"], options["output"], id=id, **keys
        )
        job = await _unless_stopped(asking, bridge, id, stopped)
        if not options["wait"]:
            if options["as_json"]:
                print_json(asdict(job))
            else:
                _print_note(job)
                print_line(job.id)
            return
        said = "" if options["as_json"] else _print_note(job)
        name = options["source"].name
        with meter(options["quiet"]) as show:
            async with _cancelled_when(stopped, bridge, id):
                job = await bridge.follow(id, lambda now: show.update(name, now.fraction, 1.0))
    if options["as_json"]:
        print_json(asdict(job))
    elif not said:
        _print_note(job)
    if job.state == "failed":
        raise Failure(job.message)
    if job.state == "cancelled":
        raise Interruption(_CANCELLED)
    if not options["as_json"]:
        print_line(job.output)


def _print_note(job: JobStatus) -> str:
    """Say what of the file the model was not taught, if that is known; return it."""
    if job.note:
        say(job.note)
    return job.note


async def _unless_stopped(
    asking: Coroutine[Any, Any, JobStatus], bridge: AsyncBridge, id: str, stopped: Stopped
) -> JobStatus:
    """Ask for a job; should Ctrl-C come before the answer, give up what may have begun already."""
    from bridge.client import BridgeError

    task = asyncio.create_task(asking)
    while not (task.done() or stopped()):
        await asyncio.wait({task}, timeout=_NOTICED)
    if task.done() and (task.exception() is not None or not stopped()):
        return task.result()
    # It must not be sent again after the cancelling.
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    try:
        job = await asyncio.wait_for(bridge.cancel(id), _PATIENCE)
    except asyncio.TimeoutError:
        raise Interruption(
            "Cancelled; the bridge does not answer: should it have begun, "
            f"`umtn send --cancel {shell_word(id)}` cancels it there."
        ) from None
    except BridgeError as error:
        if error.code != "unknown_id":
            raise
        raise Interruption(_CANCELLED) from None
    if job.state == "cancelled":
        raise Interruption(_CANCELLED)
    return job


@contextlib.asynccontextmanager
async def _cancelled_when(stopped: Stopped, bridge: AsyncBridge, id: str) -> AsyncIterator[None]:
    """Within this block, Ctrl-C cancels the job; whoever follows it sees it end."""

    async def watch() -> None:
        while not stopped():
            await asyncio.sleep(_NOTICED)
        await bridge.cancel(id)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _ping(bridge: AsyncBridge, as_json: bool) -> None:
    pong = await bridge.ping()
    if as_json:
        print_json(asdict(pong))
    else:
        print_line(f"umtn {pong.version}, protocol {pong.protocol}, files in {pong.session_folder}")


async def _models(bridge: AsyncBridge, as_json: bool) -> None:
    models = await bridge.models()
    if as_json:
        print_json([asdict(model) for model in models])
        return
    for model in models:
        print_line(f"{model.name}: {', '.join(model.targets)} ({model.licence})")
    if not models:
        print_line("the bridge has no models", err=True)


async def _jobs(bridge: AsyncBridge, as_json: bool) -> None:
    jobs = await bridge.jobs()
    if as_json:
        print_json([asdict(job) for job in jobs])
        return
    for job in jobs:
        print_line(_line(job))


def _print_job(job: JobStatus, as_json: bool) -> None:
    if as_json:
        print_json(asdict(job))
    else:
        print_line(_line(job))


def _line(job: JobStatus) -> str:
    text = f"{job.id}: {job.state}"
    if job.state == "running":
        left = "" if job.seconds_left is None else f", {job.seconds_left:.0f} s left"
        return f"{text}, {100 * job.fraction:.0f} %{left}"
    if job.state == "failed":
        return f"{text}, {job.message}"
    return f"{text}, {job.output}" if job.state == "done" else text
