"""Whether the bridge of the address file is there, though it may not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil

from bridge.discovery.address_file import Address, read_address


def living_bridge() -> Address | None:
    """Return what the address file says, if the process that it names holds the port it names.

    Such a bridge is there, and be it that it is stopped, stuck or busy.

    Returns
    -------
    Address or None
        None also where the number of a bridge that is gone has come to another process.
    """
    known = read_address()
    if known is None:
        return None
    try:
        process = psutil.Process(known.pid)
        ask: Callable[..., list[Any]] = getattr(process, "net_connections", process.connections)
        ports = {connection.laddr.port for connection in ask(kind="udp") if connection.laddr}
    except psutil.AccessDenied:
        return known
    except psutil.Error:
        return None
    return known if known.port in ports else None
