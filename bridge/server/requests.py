"""What the bridge does about each request."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from bridge.jobs import Job, JobService, RenderRequest, RequestError
from bridge.protocol import BY_REPLY, BY_REQUEST, FINAL, LONGEST_ID, VERSION, Message, Value
from bridge.server.access import Access, Bucket, Buckets, Refused
from bridge.server.addresses import is_here
from bridge.server.arguments import BadRequest, read_arguments
from bridge.server.clients import Client, Target, UdpTarget
from bridge.server.followers import Followers, event
from bridge.server.late_answers import INTERNAL, LateAnswers
from bridge.server.lists import MOST_LISTS, Lists
from bridge.server.metrics import Metrics
from bridge.server.model_list import Model, ModelList
from bridge.server.packets import MalformedPacket, Received, read_packet, reply, token_in
from umtn_core.errors import UmtnError

log = logging.getLogger(__name__)

#: A second to one machine, of answers to what was wrong. Nobody reads more.
_MOST_ERRORS = 200.0

#: The same of who has never shown the token, to one machine and to all together: a sender that is
#: not who it says it is cannot make us send more to somebody else than would come there anyway.
_MOST_TO_STRANGERS = 10.0
_MOST_TO_ALL_STRANGERS = 200.0

#: Requests about one job that may be under way; a sender who repeats faster is told to wait.
_MOST_IN_LINE = 32

Values = dict[str, Value]


class Requests:
    """Reads packets and answers them. Nothing that comes in makes it raise.

    Parameters
    ----------
    service
        What does the jobs.
    followers
        Those who hear of the jobs.
    access
        What knows the token.
    metrics
        What counts the requests and answers.
    version, session_folder
        What a ping is answered with.
    most_waiting
        The number of requests under way at once, at most.
    most_messages
        The messages a second that one machine may send.
    """

    def __init__(
        self,
        service: JobService,
        followers: Followers,
        access: Access,
        metrics: Metrics,
        *,
        version: str,
        session_folder: str,
        most_waiting: int,
        most_messages: float,
    ):
        self._service = service
        self._followers = followers
        self._access = access
        self._metrics = metrics
        self._pong = reply("/umtn/pong", version, VERSION, session_folder)
        self._most_waiting = most_waiting
        self._closed = False
        self._models = ModelList()
        self._errors = Buckets(_MOST_ERRORS, _MOST_ERRORS)
        self._to_strangers = Buckets(_MOST_TO_STRANGERS, 2 * _MOST_TO_STRANGERS)
        self._to_all_strangers = Bucket(_MOST_TO_ALL_STRANGERS, _MOST_TO_ALL_STRANGERS)
        #: What each machine may still send: those of its programs that may come in, and others.
        self._buckets = Buckets(most_messages, 2 * most_messages)
        self._strangers = Buckets(most_messages, 2 * most_messages)
        #: Work under way on each job, of which the next waits for the newest.
        self._lines: dict[str, list[asyncio.Task[None]]] = {}
        #: The newest work on each job that a sender has asked for and that is under way.
        self._asked: dict[Target, dict[str, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lists = Lists()
        self._late = LateAnswers(metrics)
        self._listing = 0
        #: The UDP port that the bridge listens on, once it does.
        self.port = 0
        self._now: dict[str, Callable[[Client, Target, Values], None]] = {
            "/umtn/ping": self._ping,
            "/umtn/status": self._status,
            "/umtn/subscribe": self._subscribe,
            "/umtn/unsubscribe": self._unsubscribe,
        }
        self._later: dict[str, Callable[[Target, Values], Awaitable[None]]] = {
            "/umtn/render": self._render,
            "/umtn/cancel": self._cancel,
            "/umtn/preview": self._preview,
            "/umtn/convert": self._convert,
            "/umtn/status": self._status_in_line,
            "/umtn/models": self._list_models,
            "/umtn/jobs": self._list_jobs,
        }

    def packet(self, client: Client, packet: bytes) -> None:
        """Take a packet as it came in."""
        if self._closed:
            return
        shows_token = self._shows_token(packet)
        if shows_token:
            # However much others of its machine send.
            client.admit()
        bucket = self._bucket_of(client)
        try:
            if not shows_token and not bucket.take():
                self._refuse_rate(client, "")
                return
            for place, received in enumerate(read_packet(packet)):
                if place and not bucket.take():
                    self._refuse_rate(client, _id(received))
                else:
                    self._message(client, received)
        except MalformedPacket as error:
            self.refuse_bytes(client, f"This is no OSC message that the bridge can read: {error}.")
        except Exception:
            log.exception("a packet of %d bytes made trouble", len(packet))
            self._refuse(client, client.answers(), "", "internal", INTERNAL)

    def wait(self, client: Client, packet: bytes) -> float:
        """Seconds until a packet may be taken from a client's machine; 0 if it shows the token."""
        return 0.0 if self._shows_token(packet) else self._bucket_of(client).wait()

    def _bucket_of(self, client: Client) -> Bucket:
        return (self._buckets if client.authorised else self._strangers).of(client.host)

    def is_own(self, address: tuple[Any, ...]) -> bool:
        """Whether an address is one that the bridge itself may be listening on."""
        return bool(address[1] == self.port and is_here(address))

    def refuse_bytes(self, client: Client, text: str) -> None:
        """Say why nothing can be read from what came in; nothing to who may be no OSC program."""
        if client.authorised:
            self._refuse(client, client.answers(), "", "bad_request", text)
        else:
            self._access.refusals.note("packets that are not OSC", client.host)

    def _shows_token(self, packet: bytes) -> bool:
        """Whether a packet begins with the token, where there is one."""
        if self._access.open:
            return False
        token = token_in(packet)
        return token is not None and self._access.is_right(token)

    async def close(self) -> None:
        """Take no more packets, and wait for what is under way."""
        self._closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._late.close()

    def _refuse_rate(self, client: Client, id: str) -> None:
        if not client.authorised:
            self._access.refusals.note(_STRANGE, client.host)
        text = "Too many messages; send more slowly, and this one again."
        self._refuse(client, client.answers(), id, "rate", text)

    def _message(self, client: Client, received: Received) -> None:
        began = time.perf_counter()
        message = BY_REQUEST.get(received.address)
        if message is None:
            if not client.authorised:
                self._access.refusals.note(_STRANGE, client.host)
            elif received.address not in BY_REPLY:
                # An answer to an answer could be answered for ever by another bridge.
                text = f"There is no request {received.address!a}; see /umtn/... in docs/osc.md."
                self._refuse(client, client.answers(), "", "bad_request", text[:400])
            return
        self._metrics.received(received.address)
        if received.address == "/umtn/leave":
            self._leave(client)
            return
        asked = self._answers(client, _port(message, received))
        if not client.authorised and received.address != "/umtn/token":
            self._access.refusals.note(_STRANGE, client.host)
            self._refuse(client, asked, _id(received), "token", _NO_TOKEN)
            return
        if received.fault:
            text = f"The bridge cannot read this {received.address}: {received.fault}."
            self._refuse(client, asked, _id(received), "bad_request", text)
            return
        try:
            values = read_arguments(message, received.arguments)
        except BadRequest as error:
            if not client.authorised:
                self._access.refusals.note("wrong tokens", client.host)
            self._refuse(client, asked, _id(received), "bad_request", str(error))
            return
        if received.address == "/umtn/token":
            self._token(client, str(values["token"]))
            return
        if received.address == "/umtn/reply_port":
            self._reply_port(client, int(values["port"]))
            return
        port = values.pop("reply_port", None)
        if port is not None and self._is_own_port(client, int(port)):
            self._refuse(client, asked, _id(received), "bad_request", _own(int(port)))
            return
        answers = client.answers(None if port is None else int(port))
        if received.address in self._now and values.get("id") not in self._lines:
            self._now[received.address](client, answers, values)
            self._metrics.answered(time.perf_counter() - began)
        else:
            self._start(received.address, client, answers, values, began)

    def _answers(self, client: Client, port: int | None) -> Target:
        """Where a message seems to want its answer, unless that is the bridge."""
        own = port is not None and self._is_own_port(client, port)
        return client.answers(None if own else port)

    def _is_own_port(self, client: Client, port: int) -> bool:
        if not isinstance(client.target, UdpTarget):
            return False
        return self.is_own(client.target.at(port).address)

    def _start(
        self, address: str, client: Client, answers: Target, values: Values, began: float
    ) -> None:
        """Begin what has to wait for something; on the same job, in the order it came."""
        id = str(values.get("id", ""))
        line = self._lines.get(id, ())
        is_list = address in _LISTS
        if (
            len(self._tasks) >= self._most_waiting
            or len(line) >= _MOST_IN_LINE
            or (is_list and self._listing >= MOST_LISTS)
        ):
            text = "The bridge has too many requests to answer; send this one again later."
            self._refuse(client, answers, id, "busy", text)
            return
        # A list is to hold what the same sender has asked for before it.
        before = self._asked.get(client.target, {}).values() if is_list else line[-1:]
        task = asyncio.create_task(self._work(address, client, answers, values, {*before}, began))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if is_list:
            self._listing += 1
            task.add_done_callback(self._is_listed)
        if id:
            self._lines.setdefault(id, []).append(task)
            self._asked.setdefault(client.target, {})[id] = task
            task.add_done_callback(lambda done: self._is_done(id, client.target, done))

    def _is_listed(self, task: asyncio.Task[None]) -> None:
        """One list less is asked for."""
        self._listing -= 1

    def _is_done(self, id: str, sender: Target, task: asyncio.Task[None]) -> None:
        """Take the first of a job's line away: it is the one that is done."""
        del self._lines[id][0]
        if not self._lines[id]:
            del self._lines[id]
        asked = self._asked[sender]
        if asked.get(id) is task:
            del asked[id]
            if not asked:
                del self._asked[sender]

    async def _work(
        self,
        address: str,
        client: Client,
        answers: Target,
        values: Values,
        before: set[asyncio.Task[None]],
        began: float,
    ) -> None:
        if before:
            await asyncio.wait(before)
        id = str(values.get("id", ""))
        try:
            await self._later[address](answers, values)
            self._metrics.answered(time.perf_counter() - began)
        except RequestError as error:
            self._refuse(client, answers, id, error.code, error.message)
        except Exception:
            log.exception("%s made trouble", address)
            self._refuse(client, answers, id, "internal", INTERNAL)

    def _refuse(self, client: Client, answers: Target, id: str, code: str, text: str) -> None:
        self._metrics.refused(code)
        if client.authorised or client.known:
            may = self._errors.of(client.host).take()
        else:
            may = self._to_strangers.of(client.host).take() and self._to_all_strangers.take()
        if may:
            answers.send(reply("/umtn/error", id, code, text))

    def _token(self, client: Client, token: str) -> None:
        try:
            self._access.check(client.host, token)
        except Refused as error:
            client.wrong += 1
            self._refuse(client, client.answers(), "", "denied", f"{error}.")
            return
        if not self._access.open:
            client.admit()
        client.answers().send(reply("/umtn/token", 1))

    def _leave(self, client: Client) -> None:
        """Forget a sender, so that whoever has its port next is nobody."""
        if self._access.open or client.known:
            self._followers.leave(client.target)
            self._late.forget(client.target)
            client.forget(self._access.open)

    def _reply_port(self, client: Client, port: int) -> None:
        if not isinstance(client.target, UdpTarget):
            text = "Over TCP, answers come over the connection; leave /umtn/reply_port out."
            self._refuse(client, client.target, "", "bad_request", text)
            return
        if port and self._is_own_port(client, port):
            self._refuse(client, client.answers(), "", "bad_request", _own(port))
            return
        before, client.reply_to = client.reply_to, client.target.at(port) if port else None
        last, client.reply_to_said = client.reply_to_said, time.monotonic()
        if client.reply_to == before and client.reply_to_said - last < _ECHO:
            # The answer is called like the request: two bridges, or one that is told to answer
            # itself, would say it to each other for ever.
            return
        client.answers().send(reply("/umtn/reply_port", port))

    def _ping(self, client: Client, answers: Target, values: Values) -> None:
        answers.send(self._pong)

    def _subscribe(self, client: Client, answers: Target, values: Values) -> None:
        self._followers.subscribe(answers, client.target)
        answers.send(reply("/umtn/subscribed", 1))

    def _unsubscribe(self, client: Client, answers: Target, values: Values) -> None:
        self._followers.unsubscribe(answers)
        answers.send(reply("/umtn/subscribed", 0))

    def _status(self, client: Client, answers: Target, values: Values) -> None:
        id = str(values["id"])
        try:
            answers.send(_job(self._service.get(id), 0, 1))
        except RequestError as error:
            self._refuse(client, answers, id, error.code, error.message)

    async def _render(self, answers: Target, values: Values) -> None:
        job = await self._service.submit(RenderRequest(**values))  # type: ignore[arg-type]
        answers.send(reply("/umtn/accepted", job.id, job.state, job.note, job.offer))
        now = self._service.get(job.id)
        if now.state not in FINAL:
            self._followers.follow(job.id, answers)
        if now.state != "queued":
            # It may have begun, or been done long ago, when nobody could be told yet.
            answers.send(event(now))

    async def _cancel(self, answers: Target, values: Values) -> None:
        id = str(values["id"])
        was_told = self._service.get(id).state not in FINAL and self._followers.is_told(id, answers)
        job = await self._service.cancel(id)
        if job.state not in FINAL:
            self._followers.follow(id, answers)
        elif not was_told:
            answers.send(event(job))

    async def _preview(self, answers: Target, values: Values) -> None:
        id, model, target = (str(values[name]) for name in ("id", "model", "target"))

        async def made() -> bytes:
            path = await self._service.preview(model, target)
            return reply("/umtn/preview", id, "ready", str(path))

        asked = (id, "/umtn/preview", model, target)
        await self._late.answer(answers, asked, reply("/umtn/preview", id, "making"), made())

    async def _convert(self, answers: Target, values: Values) -> None:
        id, source, output = (str(values[name]) for name in ("id", "input", "output"))

        async def made() -> bytes:
            done = await self._service.convert(id, source, output)
            form = done.sample_rate, done.channels, done.samples
            return reply("/umtn/converted", id, str(done.output), *form)

        asked = (id, "/umtn/convert", source, output)
        await self._late.answer(answers, asked, reply("/umtn/convert", id, "converting"), made())

    async def _status_in_line(self, answers: Target, values: Values) -> None:
        answers.send(_job(self._service.get(str(values["id"])), 0, 1))

    async def _list_models(self, answers: Target, values: Values) -> None:
        try:
            found = await asyncio.to_thread(self._models.find)
        except UmtnError as error:
            raise RequestError("busy", str(error)) from error
        packets = [_model(model, index, len(found)) for index, model in enumerate(found)]
        nothing = reply("/umtn/model", -1, 0, "", "", "", "")
        await self._lists.send(answers, "/umtn/models", lambda: packets or [nothing])

    async def _list_jobs(self, answers: Target, values: Values) -> None:
        await self._lists.send(answers, "/umtn/jobs", self._all_jobs)

    def _all_jobs(self) -> Iterator[bytes]:
        """Write every job as it is when its turn comes: to write thousands at once takes long."""
        ids = self._service.ids()
        if not ids:
            yield reply("/umtn/job", "", "queued", 0, -1, "", "", -1, 0, "", "")
        for index, id in enumerate(ids):
            with contextlib.suppress(RequestError):  # forgotten meanwhile
                yield _job(self._service.get(id), index, len(ids))


#: What is counted of strangers.
_STRANGE = "messages without the token"

#: Requests that are answered with a list.
_LISTS = frozenset({"/umtn/models", "/umtn/jobs"})

#: Seconds in which the same reply port is confirmed once.
_ECHO = 0.5

_NO_TOKEN = (
    "Send /umtn/token with the token first: the one of --token-file, or in bridge.json; what "
    "can send none needs `umtn bridge --no-token`."
)


def _own(port: int) -> str:
    return f"The bridge itself listens on port {port}; name the one that you listen on."


def _model(model: Model, index: int, count: int) -> bytes:
    about = (model.name, ",".join(model.targets), model.licence, ",".join(model.engines))
    return reply("/umtn/model", index, count, *about)


def _job(job: Job, index: int, count: int) -> bytes:
    left = -1.0 if job.seconds_left is None else job.seconds_left
    about = (job.state, job.fraction, left, job.output, job.message, index, count)
    return reply("/umtn/job", job.id, *about, job.note, job.offer)


def _id(received: Received) -> str:
    """Return the id that a wrong message seems to be about, if it can be sent back whole."""
    first: Any = received.arguments[0] if received.arguments else ""
    message = BY_REQUEST.get(received.address)
    about_jobs = message.arguments[:1] if message else ()
    is_id = isinstance(first, str) and any(argument.name == "id" for argument in about_jobs)
    return first if is_id and len(first.encode()) <= LONGEST_ID else ""


def _port(message: Message, received: Received) -> int | None:
    """Return the reply port that a message, be it wrong, seems to ask for."""
    rest = received.arguments[len(message.arguments) :]
    if message.keys:
        rest = [value for name, value in itertools.pairwise(rest) if name == "reply_port"]
    is_port = bool(rest) and isinstance(rest[-1], int | float) and 1 <= rest[-1] <= 65_535
    return int(rest[-1]) if is_port else None
