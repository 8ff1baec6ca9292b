"""Which addresses a host stands for, and what kinds of addresses there are."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

from bridge.text import quoted, shortened
from umtn_core.errors import UmtnError

#: A port after a name, or an address of IPv4; addresses of IPv6 have several colons.
HAS_PORT = re.compile(r"^[^:]+:[0-9]+$|\]:[0-9]+$")

#: What means the same on every machine, whatever its own list of names says. Programs that say
#: localhost try one of its two addresses, and not all the same one.
_SETTLED = {"localhost": ("127.0.0.1", "::1"), "::": ("0.0.0.0", "::")}


class Place(NamedTuple):
    """An address and a port as sockets take them.

    Attributes
    ----------
    family : int
        The number of IPv4, or that of IPv6.
    address : tuple
        The host, the port, and what else IPv6 has.
    """

    family: int
    address: tuple[Any, ...]

    @property
    def host(self) -> str:
        """The address alone, with the number of its interface if it holds for that one only."""
        host: str = self.address[0]
        return f"{host}%{scope}" if (scope := (*self.address, 0, 0)[3]) else host


def places(host: str, port: int) -> list[Place]:
    """Look up where a host is.

    Parameters
    ----------
    host
        An address, one of IPv6 also in brackets as URLs have it, or a name. ``localhost`` is both
        loopback addresses, ``0.0.0.0`` every IPv4 address of this machine and ``::`` every address
        of both kinds.
    port
        The port there.

    Returns
    -------
    list of Place
        One or more, each once, the best first.

    Raises
    ------
    OSError
        If there is no such host.
    """
    found: dict[Place, None] = {}
    bare = _bare(host)
    for name in _SETTLED.get(bare.lower().removesuffix("."), (bare,)):
        try:
            infos = socket.getaddrinfo(name, port, type=socket.SOCK_DGRAM)
        except ValueError as error:
            # What can be no name at all.
            raise socket.gaierror(socket.EAI_NONAME, "not a name of a host") from error
        for family, _, _, _, address in infos:
            ip = as_ip(str(address[0]))
            if family == socket.AF_INET6 and isinstance(ip, ipaddress.IPv4Address):
                found[Place(socket.AF_INET, (str(ip), port))] = None
            else:
                found[Place(family, address)] = None
    return list(found)


def places_here(host: str, port: int) -> list[Place]:
    """Look up where this machine is to listen.

    Parameters
    ----------
    host, port
        What they are for `places`.

    Raises
    ------
    UmtnError
        If this is no address, nor a name that has one.
    """
    try:
        return places(host, port)
    except OSError as error:
        advice = "choose another one with --bind"
        if HAS_PORT.search(host):
            advice = "give the port with --port, and the address alone with --bind"
        raise UmtnError(
            f"There is no address {shortened(quoted(host))} to listen on "
            f"({(error.strerror or str(error)).lower()}); {advice}."
        ) from error


def can_listen(place: Place) -> bool:
    """Whether this machine has an address."""
    try:
        with socket.socket(place.family, socket.SOCK_DGRAM) as tried:
            host, _, *rest = place.address
            tried.bind((host, 0, *rest))
    except OSError:
        return False
    return True


def is_here(address: tuple[Any, ...]) -> bool:
    """Whether what comes from an address, a host and a port as sockets give it, is from here."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    return is_loopback(address[0]) or can_listen(Place(family, address))


def as_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address; one of IPv4 written as one of IPv6 is the former, a name is None."""
    try:
        ip = ipaddress.ip_address(_bare(host).partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine can reach an address."""
    ip = as_ip(host)
    return host.lower() == "localhost" if ip is None else ip.is_loopback


def is_any(host: str) -> bool:
    """Whether this is an address that means every interface."""
    ip = as_ip(host)
    return ip is not None and ip.is_unspecified


def reached_at(hosts: Sequence[str]) -> str:
    """Say by which address this machine's own programs reach what listens on some addresses.

    Parameters
    ----------
    hosts
        The addresses, one or more.

    Returns
    -------
    str
        One of IPv4 if there is one, since some programs know no other.
    """
    host = min(hosts, key=lambda host: ":" in host)
    if not is_any(host):
        return host
    return "::1" if ":" in host else "127.0.0.1"


def _bare(host: str) -> str:
    """Take the brackets away that IPv6 addresses have in URLs, and blanks around it all."""
    host = host.strip(" ")
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host
