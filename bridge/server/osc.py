"""The OSC server: both transports on one port, and the events of jobs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from bridge.jobs import Job, JobService
from bridge.protocol import FINAL
from bridge.server.access import Access
from bridge.server.clients import UdpClients
from bridge.server.descriptors import connections_at_once
from bridge.server.followers import Followers
from bridge.server.listening import hosts_of, listen
from bridge.server.metrics import Metrics
from bridge.server.requests import Requests
from bridge.server.settings import ServerSettings
from bridge.server.tcp import MOST_STRANGERS, TcpServer
from bridge.server.udp import serve_udp


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

    Attributes
    ----------
    port : int
        Where it listens, once started.
    hosts : list of str
        The addresses that it listens on, once started.
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
        self._udp_clients = UdpClients(settings.most_clients, access.open)
        self._udp: list[asyncio.DatagramTransport] = []
        self._tcp = TcpServer(
            self.requests,
            self.followers,
            access,
            most_clients=connections_at_once(settings.most_clients),
            most_strangers=min(MOST_STRANGERS, settings.most_clients),
            largest=settings.largest_packet,
        )
        self._unsubscribe: Callable[[], None] | None = None
        self.port = settings.port
        self.hosts: list[str] = []

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        UmtnError
            If the port is taken.
        """
        settings = self._settings
        kinds = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
        sockets = listen(settings.host, settings.port, kinds, "--port")
        self.port = self.requests.port = sockets[0].getsockname()[1]
        self.hosts = hosts_of(sockets)
        for listening in sockets:
            if listening.type == socket.SOCK_STREAM:
                await self._tcp.serve(listening)
            else:
                largest = settings.largest_packet
                self._udp.append(
                    await serve_udp(listening, self.requests, self._udp_clients, largest)
                )
        self._unsubscribe = self._service.subscribe(self._on_job)
        self._show_clients()

    async def stop(self) -> None:
        """Take no more requests, answer those under way, and close."""
        await self.requests.close()
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._tcp.stop()
        for transport in self._udp:
            transport.close()
        self._access.refusals.close()

    def _show_clients(self) -> None:
        """Show in the metrics how many clients there are."""
        watch = self._metrics.watch
        watch("umtn_subscribers", "Told of every job.", lambda: self.followers.subscribers)
        watch("umtn_tcp_clients", "TCP connections.", lambda: len(self._tcp))
        watch("umtn_udp_clients", "UDP senders remembered.", lambda: len(self._udp_clients))

    def _on_job(self, job: Job) -> None:
        if job.state in FINAL:
            self._metrics.finished(job.state)
        self.followers.tell(job)
