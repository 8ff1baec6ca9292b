"""The bridge as a whole: jobs, OSC, discovery, put together and taken apart in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from bridge.activity import Activity
from bridge.client import AsyncBridge, BridgeError
from bridge.discovery.address_file import (
    Address,
    prepare_address_file,
    read_address,
    remove_address,
    write_address,
)
from bridge.discovery.announce import Announcement
from bridge.discovery.http import HttpServer
from bridge.discovery.living import living_bridge
from bridge.jobs import Job, JobService, JobSettings
from bridge.protocol import VERSION, Value
from bridge.server.access import Access, checked_token
from bridge.server.addresses import reached_at
from bridge.server.metrics import Metrics
from bridge.server.osc import OscServer
from bridge.server.settings import ServerSettings
from umtn_core.errors import UmtnError

log = logging.getLogger(__name__)

#: What people see in lists of OSC servers.
NAME = "umtn bridge"


class BridgeApp:
    """A running bridge, once started.

    Parameters
    ----------
    settings
        Where the bridge listens, and what it puts up with.
    job_settings
        The folders and limits of its jobs.
    version
        The version of umtn, which clients are told.
    on_change
        Called whenever a job is in another state.

    Attributes
    ----------
    address : Address
        Where it listens.
    activity : Activity
        What it is doing.
    """

    def __init__(
        self,
        settings: ServerSettings,
        job_settings: JobSettings,
        version: str,
        on_change: Callable[[Job], None] = lambda job: None,
    ):
        checked_token(settings.token, settings.host)
        self._settings = settings
        self._job_settings = job_settings
        self._version = version
        self._on_change = on_change
        self._closing = contextlib.AsyncExitStack()
        self._stopped = False
        self._pong: list[Value] = [version, VERSION, str(job_settings.session_folder)]

    @property
    def listens_on(self) -> str:
        """The address that was asked for."""
        return self._settings.host

    @property
    def is_open(self) -> bool:
        """Whether there is no token."""
        return self._settings.token is None

    @property
    def folders(self) -> list[str]:
        """Where files may be read and written."""
        return [str(self._job_settings.session_folder), *map(str, self._job_settings.allowed)]

    async def start(self) -> None:
        """Start everything.

        Raises
        ------
        UmtnError
            If another bridge runs already, a port is taken, or a folder or the place of the
            address file cannot be used.
        """
        prepare_address_file()
        await _refuse_second()
        try:
            await self._start()
        except BaseException:
            await self._closing.aclose()
            raise

    async def _start(self) -> None:
        access, metrics = Access(self._settings.token), Metrics()
        service = await self._start_jobs(metrics)
        osc = await self._start_osc(service, access, metrics)
        http = await self._start_http(osc.port, access, metrics)
        self._write_address(osc, http.port)
        if self._settings.announce:
            self._announce(osc, http.port)
        log.info("listening", extra={"hosts": osc.hosts, "port": osc.port})

    async def _start_jobs(self, metrics: Metrics) -> JobService:
        """Go on with the jobs, and begin to keep count of them."""
        service = JobService(self._job_settings)
        await service.start()
        self._closing.push_async_callback(service.stop)
        self.activity = Activity(service.jobs())
        self._closing.callback(service.subscribe(self._on_job))
        for state in ("queued", "running"):
            metrics.watch(f"umtn_jobs_{state}", f"Jobs {state} now.", self._counter(state))
        return service

    async def _start_osc(self, service: JobService, access: Access, metrics: Metrics) -> OscServer:
        """Take requests."""
        osc = OscServer(
            service,
            self._settings,
            access,
            metrics,
            version=self._version,
            session_folder=str(self._job_settings.session_folder),
        )
        await osc.start()
        self._closing.push_async_callback(osc.stop)
        for host in osc.hosts:
            # A name may mean another address than when it was first looked up.
            checked_token(self._settings.token, host)
        return osc

    async def _start_http(self, osc_port: int, access: Access, metrics: Metrics) -> HttpServer:
        """Let programs look around, and Prometheus count."""
        http = HttpServer(
            self._settings.host,
            self._settings.http_port,
            osc_port=osc_port,
            name=NAME,
            values=self._values,
            access=access,
            metrics=metrics,
        )
        await http.start()
        self._closing.push_async_callback(http.stop)
        return http

    def _write_address(self, osc: OscServer, http_port: int) -> None:
        """Let this user's programs find the bridge."""
        self.address = Address(
            protocol=VERSION,
            version=self._version,
            pid=os.getpid(),
            host=reached_at(osc.hosts),
            port=osc.port,
            http_port=http_port,
            session_folder=str(self._job_settings.session_folder),
            started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            token=self._settings.token or "",
            hosts=tuple(osc.hosts),
        )
        write_address(self.address)
        self._closing.callback(remove_address, self.address)

    def _announce(self, osc: OscServer, http_port: int) -> None:
        """Let other machines' programs find the bridge, in a while."""
        announcement = Announcement(osc.hosts, osc.port, http_port, NAME)
        # It takes a second to see that nobody else has the name; nobody need wait for that.
        task = asyncio.create_task(announcement.start())
        self._closing.push_async_callback(_end, task, announcement)

    async def stop(self) -> None:
        """Save what is being rendered, and close everything; a second time does nothing."""
        if self._stopped:
            return
        self._stopped = True
        began = time.monotonic()
        await self._closing.aclose()
        log.info("stopped", extra={"took_s": round(time.monotonic() - began, 3)})

    def _on_job(self, job: Job) -> None:
        if not self.activity.update(job):
            return
        log.info(
            "job %s is %s",
            job.id,
            job.state,
            extra={
                "job": job.id,
                "state": job.state,
                "input": job.request.input,
                "target": job.request.target,
                "output": job.output,
                "code": job.code,
                "reason": job.message,
            },
        )
        self._on_change(job)

    def _counter(self, state: str) -> Callable[[], float]:
        return lambda: self.activity.counts[state]

    def _values(self) -> Mapping[str, list[Value]]:
        return {"/umtn/pong": self._pong}


async def _end(task: asyncio.Task[bool], announcement: Announcement) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await announcement.stop()


async def _refuse_second() -> None:
    """See whether the bridge of the address file is there, whether or not it answers."""
    known = read_address()
    if known is None or known.pid == os.getpid():
        return
    try:
        async with AsyncBridge(known.host, known.port, timeout=1.0) as bridge:
            await bridge.ping()
    except BridgeError as error:
        # Whatever else it says, it is there.
        if error.code == "unreachable":
            if await asyncio.to_thread(living_bridge) is None:
                return
            raise UmtnError(
                f"A bridge is running already, as process {known.pid} on port {known.port}, but it "
                "does not answer, as if it were stopped or stuck; if it stays so, end it, with "
                f"`{_ending(known.pid)}`."
            ) from error
    raise UmtnError(
        f"A bridge is running already, as process {known.pid} on port {known.port}; "
        "use that one, or end it first."
    )


def _ending(pid: int) -> str:
    """Write the command that ends a process which does not listen."""
    return f"taskkill /F /PID {pid}" if os.name == "nt" else f"kill -KILL {pid}"
