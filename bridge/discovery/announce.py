"""Announces the bridge by zeroconf, as OSCQuery and plain OSC servers are announced."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence

import psutil
from zeroconf import InterfaceChoice, IPVersion, NonUniqueNameException, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from bridge.server.addresses import is_any

log = logging.getLogger(__name__)

OSCQUERY = "_oscjson._tcp.local."
OSC = "_osc._udp.local."

_LOOPBACK = "127.0.0.1"


class Announcement:
    """Says where the bridge is, on the interfaces where it listens and on no other.

    A bridge that listens on the loopback interface is announced there only: whoever
    hears of it can reach it. Where it has addresses of both kinds, IPv4's are announced.

    Parameters
    ----------
    hosts
        Addresses that the bridge listens on, one or more.
    port, http_port
        The ports of OSC and of OSCQuery.
    name
        The name that people will see.
    """

    def __init__(self, hosts: Sequence[str], port: int, http_port: int, name: str):
        self._is_6 = all(":" in host for host in hosts)
        self._hosts = [host for host in hosts if (":" in host) == self._is_6]
        self._ports = {OSCQUERY: http_port, OSC: port}
        self._name = name
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self) -> bool:
        """Announce.

        Returns
        -------
        bool
            False where there is no multicast: the bridge can do without.
        """
        everywhere = any(map(is_any, self._hosts))
        addresses = _own_addresses() if everywhere else self._hosts
        try:
            self._zeroconf = AsyncZeroconf(
                interfaces=InterfaceChoice.All if everywhere else self._hosts,
                ip_version=IPVersion.V6Only if self._is_6 else IPVersion.V4Only,
            )
            for kind, port in self._ports.items():
                await self._register(kind, port, addresses)
        except (OSError, NonUniqueNameException, RuntimeError) as error:
            log.info("not announced by zeroconf: %s", error)
            await self.stop()
            return False
        return True

    async def stop(self) -> None:
        """Take the announcement back."""
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()
            self._zeroconf = None

    async def _register(self, kind: str, port: int, addresses: list[str]) -> None:
        assert self._zeroconf is not None
        server = socket.gethostname().partition(".")[0] or "umtn"
        info = ServiceInfo(
            kind,
            f"{self._name}.{kind}",
            port,
            properties={"txtvers": "1"},
            server=f"{server}-umtn.local.",
            parsed_addresses=addresses,
        )
        # Two bridges in one network get different names.
        await (await self._zeroconf.async_register_service(info, allow_name_change=True))


def _own_addresses() -> list[str]:
    """List the IPv4 addresses that others may know this machine by."""
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and address.address != _LOOPBACK
    ] or [_LOOPBACK]
