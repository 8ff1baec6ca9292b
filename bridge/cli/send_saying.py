"""How jobs, models and the bridge itself are told of, a line each or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from bridge.cli.output import print_json, print_line

if TYPE_CHECKING:
    from bridge.client import JobStatus, Model, Pong

#: Ids beyond are not waited for by the lines of others.
_WIDEST_ID = 40


def print_pong(pong: Pong, as_json: bool) -> None:
    """Print what a bridge says of itself."""
    if as_json:
        print_json(asdict(pong))
    else:
        print_line(f"umtn {pong.version}, protocol {pong.protocol}, files in {pong.session_folder}")


def print_models(models: Sequence[Model], as_json: bool) -> None:
    """Print the models that a bridge has."""
    if as_json:
        print_json([asdict(model) for model in models])
        return
    for model in models:
        print_line(f"{model.name}: {', '.join(model.targets)} ({model.licence})")
    if not models:
        print_line("the bridge has no models", err=True)


def print_jobs(jobs: Sequence[JobStatus], as_json: bool) -> None:
    """Print jobs, a line each: the id and a colon, the state, and what else there is to say of it.

    On a terminal, states stand below each other; programs find them after one blank.

    Parameters
    ----------
    jobs
        In the order in which they are printed.
    as_json
        Whether to print them as JSON.
    """
    if as_json:
        print_json([asdict(job) for job in jobs])
        return
    widths = (min(len(job.id), _WIDEST_ID) for job in jobs) if sys.stdout.isatty() else ()
    width = max(widths, default=0)
    for job in jobs:
        print_line(f"{f'{job.id}:':<{width + 1}} {how_it_is(job)}")
    if not jobs:
        print_line("the bridge has no jobs", err=True)


def how_it_is(job: JobStatus) -> str:
    """Say how a job is, and what there is to say besides: its result, why not, how far."""
    if job.state == "running":
        left = "" if job.seconds_left is None else f", {job.seconds_left:.0f} s left"
        return f"running, {100 * job.fraction:.0f} %{left}"
    more = {"failed": job.message, "done": job.output}.get(job.state)
    return f"{job.state}, {more}" if more else job.state
