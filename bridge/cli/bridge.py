"""`umtn bridge`: renders in the background what DAWs and other programs ask for over OSC."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.main import installed_version
from bridge.cli.token import token_options
from bridge.cli.values import Number, Whole
from bridge.protocol import HTTP_PORT, PORT
from bridge.text import is_utf_8, quoted
from umtn_core.errors import UmtnError

if TYPE_CHECKING:
    from bridge.jobs import JobSettings
    from bridge.server.settings import ServerSettings

FOLDER = click.Path(file_okay=False, path_type=Path)

#: Minutes, days, gigabytes or messages beyond this are slips of the keyboard.
MOST = 1_000_000


class Rate(Number):
    """Messages a second: none is any number, and less than one a second would shut clients out."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it, or say which numbers are meant."""
        number = super().convert(value, param, ctx)
        if 0 < number < 1:
            self.fail(
                f"write 0 for any number, or one from 1 on, not {quoted(str(value))}.", param, ctx
            )
        return number


@click.command()
@click.option(
    "--port",
    type=Whole(0, 65_535),
    default=PORT,
    show_default=True,
    help="For OSC over UDP and TCP; 0 chooses a free one.",
)
@click.option(
    "--http-port",
    type=Whole(0, 65_535),
    default=HTTP_PORT,
    show_default=True,
    help="For OSCQuery and /metrics; 0 chooses a free one.",
)
@click.option(
    "--bind",
    "host",
    metavar="ADDRESS",
    default="localhost",
    help="Where to listen: an address, or a name, all addresses of which are listened on. Where "
    "other machines can come in, give a token.  [default: 127.0.0.1 and ::1]",
)
@token_options
@click.option(
    "--no-token",
    is_flag=True,
    help="Let in every user and program of this machine, for programs that can send no token.",
)
@click.option(
    "--allow",
    "allowed",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that files may be read from and written to; may be given several times.",
)
@click.option(
    "--session-folder",
    metavar="DIR",
    type=FOLDER,
    help="Where clients and the bridge put files.  [default: in the user's data folder]",
)
@click.option(
    "--data-folder",
    metavar="DIR",
    type=FOLDER,
    help="Where jobs are remembered.  [default: in the user's data folder]",
)
@click.option("--log-file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--announce/--no-announce", default=True, help="By zeroconf.", show_default=True)
@click.option("--cores", type=Whole(1, 1_024), metavar="N", help="That may render.")
@click.option(
    "--workers",
    type=Whole(1, 1_024),
    default=1,
    show_default=True,
    metavar="N",
    help="Render processes that share the cores.",
)
@click.option(
    "--max-queue",
    type=Whole(1),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Jobs that may wait.",
)
@click.option(
    "--max-minutes",
    type=Number(0, MOST, min_open=True),
    default=60.0,
    show_default=True,
    metavar="N",
    help="Length of one region.",
)
@click.option(
    "--max-rate",
    type=Rate(0, MOST),
    default=2_000.0,
    show_default=True,
    metavar="N",
    help="Messages a second from one machine; 0 for any number.",
)
@click.option(
    "--max-clients",
    type=Whole(1),
    default=256,
    show_default=True,
    metavar="N",
    help="Connections and subscribers.",
)
@click.option(
    "--keep-days",
    type=Number(0, MOST),
    metavar="N",
    help="Forget finished jobs, and their files in the session folder, after so long.",
)
@click.option(
    "--keep-gb",
    type=Number(0, MOST),
    metavar="N",
    help="Delete the oldest results in the session folder beyond this size.",
)
def bridge(**options: Any) -> None:
    """Render in the background what programs ask for over OSC.

    Listens on this machine only, unless told otherwise, and to your own programs only. Jobs that
    were under way when it ended are gone on with when it starts again.
    """
    from bridge.log import begin_log

    with _private_files() as users_umask:
        begin_log(options["log_file"])
        settings, job_settings = _settings(options, users_umask)
        asyncio.run(_run(settings, job_settings))


@contextlib.contextmanager
def _private_files() -> Iterator[int]:
    """Make whatever is made within this block for this user alone, and give the umask before it.

    Who lets others even change files, by a umask wider than the usual one, does so on purpose.
    """
    before = os.umask(0o077)
    try:
        if (before & 0o022) != 0o022:
            os.umask(before)
        yield before
    finally:
        os.umask(before)


def _token(options: dict[str, Any]) -> str | None:
    """Return the token that was given, or a new one; None where none is wanted."""
    from bridge.server.access import checked_token

    given: str | None = options["token"]
    if options["no_token"] and given is not None:
        raise UmtnError(
            "--no-token says that there is no token, but --token, --token-file or $UMTN_TOKEN "
            "gives one; leave one of them out."
        )
    token = checked_token(given, options["host"])
    return token if token is not None or options["no_token"] else secrets.token_urlsafe(24)


def _settings(options: dict[str, Any], users_umask: int) -> tuple[ServerSettings, JobSettings]:
    from bridge.jobs import JobSettings
    from bridge.jobs.previews.kept import default_preview_folder
    from bridge.jobs.settings import default_data_folder, default_session_folder
    from bridge.server.settings import ServerSettings

    settings = ServerSettings(
        host=options["host"],
        port=options["port"],
        http_port=options["http_port"],
        token=_token(options),
        announce=options["announce"],
        most_messages=options["max_rate"],
        most_clients=options["max_clients"],
    )
    keep_gb = options["keep_gb"]
    folders = (options["data_folder"], options["session_folder"], *options["allowed"])
    for folder in map(os.path.abspath, filter(None, folders)):
        if not is_utf_8(folder):
            raise UmtnError(f"{folder} is not UTF-8, as all is that is sent; name another folder.")
    job_settings = JobSettings(
        data_folder=(options["data_folder"] or default_data_folder()).absolute(),
        session_folder=(options["session_folder"] or default_session_folder()).absolute(),
        allowed=tuple(path.absolute() for path in options["allowed"]),
        most_queued=options["max_queue"],
        longest_seconds=60 * options["max_minutes"],
        cores=options["cores"],
        workers=options["workers"],
        keep_days=options["keep_days"],
        keep_bytes=None if keep_gb is None else round(keep_gb * 1e9),
        preview_folder=default_preview_folder(),
        result_mode=0o666 & ~users_umask,
    )
    return settings, job_settings


async def _run(settings: ServerSettings, job_settings: JobSettings) -> None:
    from bridge.app import BridgeApp
    from bridge.screen import Lines, Screen, facts
    from bridge.server.model_list import ModelList, usable_engines

    stop = asyncio.Event()
    _on_signals(stop)
    shown: list[Lines | Screen] = []
    app = BridgeApp(
        settings,
        job_settings,
        installed_version(),
        on_change=lambda job: shown[0].changed(job) if shown else None,
    )
    await app.start()
    try:
        known = facts(app, ModelList().find(), usable_engines())
        with Screen(known, app) if sys.stderr.isatty() else Lines(known) as screen:
            shown.append(screen)
            await stop.wait()
            # Within the block: stopping still has things to show.
            await app.stop()
    finally:
        await app.stop()


def _on_signals(stop: asyncio.Event) -> None:
    """Ctrl-C and termination end the bridge in order; a second one at once.

    So does the end of its terminal, unless that is ignored already, as behind `nohup`. It hurries
    nobody: shells and terminals tell of it several times, and together with termination.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def ask(number: int) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + number)
        asked = True
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(ask, number))
        else:
            loop.add_signal_handler(number, ask, number)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stop.set)
