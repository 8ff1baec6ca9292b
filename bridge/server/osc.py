"""The OSC server: both transports on one port, and the events of jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.jobs import Job, JobService
from bridge.protocol import FINAL
from bridge.server.access import Access
from bridge.server.clients import UdpClients
from bridge.server.followers import Followers
from bridge.server.metrics import Metrics
from bridge.server.requests import Requests
from bridge.server.settings import ServerSettings
from bridge.server.tcp import TcpServer
from bridge.server.udp import serve_udp
from umtn_core.errors import UmtnError

#: Ports that are tried where any will do.
_PORT_TRIES = 10


class OscServer:
    """Listens for requests and answers them.

    Parameters
    ----------
    service
        What does the jobs; started already.
    settings
        Where to listen.
    access
        What knows the token.
    metrics
        What counts the requests and clients.
    version, session_folder
        What a ping is answered with.
    """

    def __init__(
        self,
        service: JobService,
        settings: ServerSettings,
        access: Access,
        metrics: Metrics,
        *,
        version: str,
        session_folder: str,
    ):
        self._service = service
        self._settings = settings
        self._access = access
        self._metrics = metrics
        self.followers = Followers(settings.most_clients)
        self.requests = Requests(
            service,
            self.followers,
            access,
            metrics,
            version=version,
            session_folder=session_folder,
            most_waiting=settings.most_waiting,
            most_messages=settings.most_messages,
        )
        self._udp_clients = UdpClients(settings.most_clients, lambda: access.open)
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: TcpServer | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self.port = settings.port

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        UmtnError
            If the port is taken.
        """
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                await self._listen()
                break
            except OSError as error:
                self._give_up()
                # A port that is free for UDP may be taken for TCP.
                if self._settings.port or not tries_left:
                    raise cannot_listen(self._settings.host, self.port, error, "--port") from error
        self._unsubscribe = self._service.subscribe(self._on_job)
        self._show_clients()

    async def stop(self) -> None:
        """Take no more requests, answer those under way, and close."""
        await self.requests.close()
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._tcp is not None:
            await self._tcp.stop()
        if self._udp is not None:
            self._udp.close()

    async def _listen(self) -> None:
        """Listen over UDP, at a free port if none is asked for, and over TCP at the same."""
        settings = self._settings
        self._udp = await serve_udp(
            settings.host,
            settings.port,
            self.requests,
            self._udp_clients,
            settings.largest_packet,
        )
        self.port = self._udp.get_extra_info("sockname")[1]
        self._tcp = TcpServer(
            settings.host,
            self.port,
            self.requests,
            self.followers,
            self._access,
            settings.most_clients,
            settings.largest_packet,
        )
        await self._tcp.start()

    def _give_up(self) -> None:
        """Let go of what listens already, for another port to be tried."""
        if self._udp is not None:
            self._udp.close()
            self._udp = None
        self._tcp = None

    def _show_clients(self) -> None:
        """Show in the metrics how many clients there are."""
        watch = self._metrics.watch
        watch("umtn_subscribers", "Told of every job.", lambda: self.followers.subscribers)
        watch("umtn_tcp_clients", "TCP connections.", lambda: len(self._tcp or ()))
        watch("umtn_udp_clients", "UDP senders remembered.", lambda: len(self._udp_clients))

    def _on_job(self, job: Job) -> None:
        if job.state in FINAL:
            self._metrics.finished(job.state)
        self.followers.tell(job)


def cannot_listen(host: str, port: int, error: OSError, option: str) -> UmtnError:
    """Say why there is no listening on a port, and what to do."""
    reason = (error.strerror or str(error)).lower()
    return UmtnError(
        f"Cannot listen on {host} port {port} ({reason}); choose another one with {option}."
    )
