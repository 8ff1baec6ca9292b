"""The client under asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge.client.answers import BridgeError, Converted, JobStatus, Model, Pong
from bridge.client.link import Link, reason_of
from bridge.client.sending import path_for_bridge
from bridge.discovery.address_file import read_address
from bridge.protocol import PORT, Value
from bridge.server.addresses import HAS_PORT
from bridge.server.packets import Received
from bridge.text import on_one_line, shortened

#: Seconds without a word about a job after which the bridge is asked.
SILENCE = 2.0

#: Seconds that a bridge which is just being started is waited for.
_UNTIL_STARTED = 0.3

#: Codes of errors that no job ends with.
_REFUSALS = ("unknown_id", "busy", "internal")

OnStatus = Callable[[JobStatus], None]


class AsyncBridge:
    """Talks to a running bridge: ``async with AsyncBridge() as bridge: ...``.

    Requests are sent again until they are answered; the bridge does each only once.

    Parameters
    ----------
    host, port
        Where it is; both left out, where its address file says, which it writes when it starts.
    token
        The secret, if the bridge has one; left out, what the address file says, if it is that
        bridge's.
    timeout
        Seconds without an answer after which there is none.

    Raises
    ------
    BridgeError
        From every method, if there is no bridge or it refuses.
    RuntimeError
        From every method, if it is not open. It can be opened again once it is closed.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        *,
        token: str | None = None,
        timeout: float = 5.0,
    ):
        self._is_given = host is not None or port is not None
        # By whichever of its addresses.
        self._host = "localhost" if host is None else host
        self._port = PORT if port is None else port
        self._token = token
        self._timeout = timeout
        self._link = Link(token, timeout)
        self._following = 0

    async def __aenter__(self) -> AsyncBridge:
        """Open the socket."""
        if not self._is_given:
            await self._find()
        try:
            await self._link.open(self._host, _port(self._port))
        except socket.gaierror as error:
            port = ", and its port by itself" if HAS_PORT.search(self._host) else ""
            raise BridgeError(
                "unreachable",
                f"There is no such machine as {self._shown} ({reason_of(error)}); give the name or "
                f"the address of one alone{port}.",
            ) from error
        except OSError as error:
            raise BridgeError(
                "unreachable", f"There is no way to {self._shown} ({reason_of(error)})."
            ) from error
        return self

    async def _find(self) -> None:
        """Look up where the bridge is.

        Where it does not say so, nothing is sent anywhere: at the usual port may be anybody.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + min(self._timeout, _UNTIL_STARTED)
        while (known := read_address()) is None:
            if loop.time() > until:
                raise BridgeError(
                    "unreachable",
                    "No bridge of yours runs on this machine; start one with `umtn bridge`, or "
                    "say where it is with --host and --port.",
                )
            await asyncio.sleep(0.05)
        self._host, self._port = known.host, known.port

    @property
    def was_there(self) -> bool:
        """Whether a bridge has answered anything so far, and be it that it refuses."""
        return self._link.was_there

    @property
    def _shown(self) -> str:
        return shortened(on_one_line(self._host)) or "''"

    async def __aexit__(self, *_: object) -> None:
        """Close the socket; jobs go on."""
        self._link.close()

    async def ping(self) -> Pong:
        """Ask whether the bridge is there."""
        answer = await self._link.ask("/umtn/ping", (), lambda m: m.address == "/umtn/pong")
        return Pong(*answer.arguments)

    async def models(self) -> list[Model]:
        """List the models that the bridge has."""
        return [
            Model(name, _names(targets), licence, _names(engines))
            for name, targets, licence, engines in await self._list(
                "/umtn/models", "/umtn/model", lambda a: (a[0], a[1], a[2:])
            )
        ]

    async def jobs(self) -> list[JobStatus]:
        """List the jobs that the bridge remembers."""
        self._link.check_open()
        # A socket of its own: over this one may come answers about single jobs, which look alike.
        other = AsyncBridge(self._host, self._port, token=self._token, timeout=self._timeout)
        other._link.was_there = self._link.was_there
        other._link.had_token = self._link.had_token
        async with other as bridge:
            return [
                _status(arguments)
                for arguments in await bridge._list(
                    "/umtn/jobs", "/umtn/job", lambda a: (a[6], a[7], a)
                )
            ]

    async def render(
        self,
        source: str | Path,
        target: str,
        output: str | Path | None = None,
        *,
        id: str | None = None,
        **options: Value,
    ) -> JobStatus:
        """Ask for a file, or a region of one, to be translated.

        Parameters
        ----------
        source
            The audio file.
        target
            Instrument to play it on.
        output
            File to write; left out, the bridge chooses a name in its session folder.
        id
            Name of the job; left out, a new one.
        **options
            Keys of /umtn/render, see `bridge.protocol.RENDER_KEYS`; all but ``reply_port``.

        Returns
        -------
        JobStatus
            With the id and the note. The bridge will do the job whether or not anybody follows it.
        """
        if "reply_port" in options:
            raise BridgeError(
                "bad_request", "A client hears what it asked for itself; leave reply_port out."
            )
        id = uuid.uuid4().hex if id is None else id
        pairs = [part for pair in options.items() for part in pair]
        place = "" if output is None else path_for_bridge(output, "output")
        answer = await self._link.ask(
            "/umtn/render",
            (id, path_for_bridge(source, "input"), target, place, *pairs),
            lambda m: m.address in ("/umtn/accepted", "/umtn/error") and m.arguments[0] == id,
        )
        if answer.address == "/umtn/error":
            raise BridgeError(*answer.arguments[1:3])
        state, note, offer = _padded(answer.arguments[1:], 3)
        return JobStatus(id, state, note=note, offer=offer)

    async def status(self, id: str) -> JobStatus:
        """Ask how far a job is."""
        # The end of the job may come before the answer, which follows all the same.
        answer = await self._link.ask(
            "/umtn/status",
            (id,),
            lambda m: (m.address == "/umtn/job" or _refuses(m)) and m.arguments[0] == id,
        )
        if _refuses(answer):
            raise BridgeError(*answer.arguments[1:3])
        return _status(answer.arguments)

    async def cancel(self, id: str) -> JobStatus:
        """Give a job up; one that is finished already stays so.

        Returns
        -------
        JobStatus
            As it is now.
        """
        answer = await self._link.ask(
            "/umtn/cancel",
            (id,),
            lambda m: (
                m.address in ("/umtn/cancelled", "/umtn/done", "/umtn/error")
                and m.arguments[0] == id
            ),
        )
        if _refuses(answer):
            raise BridgeError(*answer.arguments[1:3])
        return await self.status(id)

    async def follow(self, id: str, on_status: OnStatus | None = None) -> JobStatus:
        """Wait for a job to end, whoever asked for it.

        Parameters
        ----------
        id
            The job's id.
        on_status
            Called several times a second while it runs.

        Returns
        -------
        JobStatus
            ``done``, ``failed`` or ``cancelled``.
        """
        with self._link.listening() as inbox:
            self._following += 1
            try:
                while True:
                    # Events can be lost, and the bridge be started anew: now and then, ask.
                    self._link.send("/umtn/subscribe")
                    status = await self.status(id)
                    if on_status is not None:
                        on_status(status)
                    if status.finished:
                        return status
                    await self._listen(inbox, id, on_status)
            finally:
                self._following -= 1
                if not self._following:
                    self._link.send("/umtn/unsubscribe")

    async def preview(self, model: str, target: str) -> Path:
        """Return a short phrase on an instrument, once the bridge has made it.

        Parameters
        ----------
        model
            The model's name.
        target
            The instrument to hear.

        Returns
        -------
        Path
            A WAV file of the bridge's own, to be left as it is.
        """
        id = uuid.uuid4().hex
        answer = await self._late_answer("/umtn/preview", (id, model, target), "/umtn/preview")
        return Path(answer.arguments[2])

    async def convert(self, source: str | Path, output: str | Path) -> Converted:
        """Have an audio file written anew as floating-point WAV.

        Parameters
        ----------
        source
            The audio file.
        output
            File to write; nothing may be there yet.
        """
        id = uuid.uuid4().hex
        paths = path_for_bridge(source, "input"), path_for_bridge(output, "output")
        answer = await self._late_answer("/umtn/convert", (id, *paths), "/umtn/converted")
        return Converted(*answer.arguments[1:5])

    async def _late_answer(self, address: str, values: tuple[str, ...], last: str) -> Received:
        """Ask for what may take its time, and again now and then, until it is there."""
        loop = asyncio.get_running_loop()

        def is_answer(message: Received) -> bool:
            known = message.address in (address, last, "/umtn/error")
            return known and message.arguments[:1] == [values[0]]

        with self._link.listening() as inbox:
            while True:
                message = await self._link.ask(address, values, is_answer)
                until = loop.time() + SILENCE
                with contextlib.suppress(asyncio.TimeoutError):
                    while not is_answer(message) or len(message.arguments) < 3:
                        message = await asyncio.wait_for(inbox.get(), until - loop.time())
                    if message.address != "/umtn/error":
                        return message
                    if message.arguments[1] not in ("rate", "token"):  # asked for again
                        raise BridgeError(*message.arguments[1:3])

    async def _listen(
        self, inbox: asyncio.Queue[Received], id: str, on_status: OnStatus | None
    ) -> None:
        """Pass events of a job on until it ends, or nothing is heard for a while."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SILENCE
        with contextlib.suppress(asyncio.TimeoutError):
            while True:
                message = await asyncio.wait_for(inbox.get(), until - loop.time())
                if message.arguments[:1] != [id]:
                    continue
                if message.address in ("/umtn/done", "/umtn/cancelled", "/umtn/error"):
                    return
                if message.address == "/umtn/progress":
                    until = loop.time() + SILENCE
                    if on_status is not None:
                        fraction, left, state = message.arguments[1:4]
                        on_status(JobStatus(id, state, fraction, None if left < 0 else left))

    async def _list(
        self, address: str, reply: str, place: Callable[[list[Any]], tuple[int, int, list[Any]]]
    ) -> list[list[Any]]:
        """Gather a list that comes in one message for each entry, some perhaps lost."""
        found: dict[int, list[Any]] = {}
        total: int | None = None
        async with contextlib.aclosing(
            self._link.ask_many(address, (), lambda m: m.address == reply)
        ) as answers:
            async for answer in answers:
                index, count, entry = place(answer.arguments)
                if index < 0:
                    return []
                if count != total:
                    # It has changed since the request was sent before.
                    found, total = {}, count
                found[index] = entry
                if len(found) == total:
                    break
        return [found[index] for index in sorted(found)]


def _port(port: Any) -> int:
    """Return a port as a number of those that there are."""
    try:
        number = int(port)
    except (TypeError, ValueError):
        number = 0
    if not 1 <= number <= 65_535:
        raise BridgeError(
            "unreachable", f"A port is a whole number from 1 to 65535, not {port!r:.40}."
        )
    return number


def _refuses(message: Received) -> bool:
    """Whether this is not how a job ended, but that nothing is said of it."""
    return message.address == "/umtn/error" and message.arguments[1] in _REFUSALS


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _status(arguments: list[Any]) -> JobStatus:
    id, state, fraction, left, output, message, _, _, note, offer = _padded(arguments, 10)
    left = None if left < 0 else left
    return JobStatus(id, state, fraction, left, output, "", message, note, offer)


def _padded(arguments: list[Any], count: int) -> list[Any]:
    """Return so many arguments: an older bridge sends no note and no offer, a newer one more."""
    return [*arguments, "", ""][:count]
