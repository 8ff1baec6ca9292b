"""Keeps web pages out: what a browser asks for one may come from anywhere in the world.

A page cannot choose what its browser says here: the host that it believes to ask, the page's own
origin, and whether both are one site.
"""

from __future__ import annotations

import re

from aiohttp import web

from bridge.server.addresses import as_ip

#: A host and a port as URLs have them, without what else an authority could hold.
_HOST = re.compile(
    r"(?P<host>\[[0-9a-f:.]{2,45}(?:%[\w.~-]{1,32})?\]|[a-z0-9._-]{1,255})(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)

#: The port of URLs that name none.
_USUAL_PORT = 80

#: How a browser says that nobody has sent it here, or the bridge itself.
_OWN_SITES = ("none", "same-origin")

#: What browsers are told of every answer: that it is neither for other pages, nor to be shown in
#: one, run, guessed at or kept, and that the address, which may hold a token, is told nobody.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def host_and_port(request: web.Request) -> tuple[str, int]:
    """Return the host and the port that a request is for, as its sender has it.

    Raises
    ------
    aiohttp.web.HTTPBadRequest
        If it names none, several, or one that no URL can have.
    """
    said = request.headers.getall("Host", [])
    found = _HOST.fullmatch(said[0]) if len(said) == 1 else None
    if found is None or int(port := found["port"] or _USUAL_PORT) > 0xFFFF:
        raise web.HTTPBadRequest(text="Send one Host header, with a host and a port.\n")
    if found["host"].startswith("[") and as_ip(found["host"]) is None:
        raise web.HTTPBadRequest(text="Send one Host header, with a host and a port.\n")
    return found["host"], int(port)


def is_literal(host: str) -> bool:
    """Whether a host is an address, or localhost: a page may give its own name any address."""
    return host.lower().removesuffix(".") == "localhost" or as_ip(host) is not None


def refuse_pages(request: web.Request) -> None:
    """Refuse what a browser asks for a page that is not the bridge's own.

    Raises
    ------
    aiohttp.web.HTTPForbidden
        If it is such a request.
    """
    own = f"http://{request.headers.get('Host', '')}".lower()
    origins = request.headers.getall("Origin", [])
    sites = request.headers.getall("Sec-Fetch-Site", [])
    if any(origin.lower() != own for origin in origins) or any(
        site.lower() not in _OWN_SITES for site in sites
    ):
        raise web.HTTPForbidden(text="Web pages get nothing here.\n")
