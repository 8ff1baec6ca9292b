"""What `umtn bridge` shows: one live screen, or plain lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bridge.app import BridgeApp
from bridge.discovery.address_file import address_file
from bridge.jobs import Job
from bridge.server.model_list import Model
from bridge.text import on_one_line

#: Jobs shown at once.
_MOST = 12

_STYLES = {"done": "green", "failed": "red", "cancelled": "dim"}


def facts(app: BridgeApp, models: Sequence[Model], engines: Sequence[str]) -> dict[str, str]:
    """Say where the bridge listens and what it has, as headings and texts."""
    address = app.address
    played = "; ".join(f"{m.name} plays {', '.join(m.targets)} ({m.licence})" for m in models)
    return {
        "OSC": f"{app.listens_on} port {address.port}, UDP and TCP",
        "Access": "every user and program of this machine, since there is no token"
        if app.is_open
        else f"your own programs, which find the token in {address_file()}; others with the token",
        "Web": f"http://{_in_url(address.host)}:{address.http_port}/ (OSCQuery), /metrics",
        "Files": ", ".join(app.folders),
        "Models": played or "none; put one into the folder that `umtn doctor` names",
        "Engines": ", ".join(engines),
    }


class Lines:
    """A line for each thing that happens."""

    def __init__(self, facts: dict[str, str]):
        self._facts = facts

    def __enter__(self) -> Lines:
        """Say where the bridge is."""
        for name, text in self._facts.items():
            click.echo(f"{name}: {on_one_line(text)}", err=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Say that it ends."""
        click.echo("ended; what was being rendered is saved", err=True)

    def changed(self, job: Job) -> None:
        """Say what has become of a job."""
        click.echo(on_one_line(_sentence(job)), err=True)


class Screen:
    """Everything on one screen, drawn anew four times a second."""

    def __init__(self, facts: dict[str, str], app: BridgeApp, console: Console | None = None):
        self._facts = facts
        self._app = app
        self._live = Live(
            console=console or Console(stderr=True),
            get_renderable=self.draw,
            refresh_per_second=4,
            transient=True,
        )

    def __enter__(self) -> Screen:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Take the screen away."""
        self._live.stop()
        click.echo("ended; what was being rendered is saved", err=True)

    def changed(self, job: Job) -> None:
        """Do nothing: it will be seen."""

    def draw(self) -> RenderableType:
        """Draw all there is."""
        head = Table.grid(padding=(0, 2))
        head.add_column(style="bold")
        head.add_column(overflow="fold")
        for name, text in self._facts.items():
            head.add_row(name, Text(on_one_line(text)))
        activity = self._app.activity
        counts = activity.counts
        summary = ", ".join(
            f"{counts[state]} {state}"
            for state in ("running", "queued", "done", "failed", "cancelled")
            if counts[state] or state in ("running", "queued")
        )
        # Copies: this runs in the thread that draws.
        running = sorted(activity.running.copy().values(), key=lambda job: job.created)[:_MOST]
        ended = list(activity.ended.copy().values())[::-1]
        return Group(
            Rule(f"umtn bridge {self._app.address.version}"),
            head,
            Rule(summary),
            _jobs(running, ended[: max(0, _MOST - len(running))]),
            Rule("Ctrl-C ends the bridge and saves what is being rendered", style="dim"),
        )


def _jobs(running: Sequence[Job], ended: Sequence[Job]) -> RenderableType:
    if not running and not ended:
        return Text("waiting for requests, from a plug-in, `umtn send` or anything that speaks OSC")
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="ellipsis", no_wrap=True, max_width=20)
    table.add_column(overflow="ellipsis", no_wrap=True)
    table.add_column(width=20)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for job in running:
        left = "" if job.seconds_left is None else f", {job.seconds_left:.0f} s left"
        table.add_row(
            Text(on_one_line(job.id)),
            Text(on_one_line(_what(job))),
            ProgressBar(1.0, job.fraction, width=20),
            f"{100 * job.fraction:.0f} %{left}",
        )
    for job in ended:
        table.add_row(
            Text(on_one_line(job.id)),
            Text(on_one_line(_what(job))),
            Text(job.state, _STYLES[job.state]),
            Text(on_one_line(job.message) if job.state == "failed" else ""),
        )
    return table


def _what(job: Job) -> str:
    name = job.request.input.replace("\\", "/").rpartition("/")[2]
    return f"{name} on {job.request.target}"


def _sentence(job: Job) -> str:
    if job.state == "done":
        return f"{job.id}: done, {job.output}"
    if job.state == "failed":
        return f"{job.id}: failed, {job.message}"
    return f"{job.id}: {job.state}, {_what(job)}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
