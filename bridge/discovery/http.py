"""The HTTP side: OSCQuery for programs that look around, metrics for Prometheus."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.http import HttpProcessingError

from bridge.discovery.connections import HAS_ASKED, HAS_SHOWN_THE_TOKEN, Connections
from bridge.discovery.namespace import ATTRIBUTES, EXTENSIONS, find, namespace
from bridge.discovery.web_pages import HEADERS, host_and_port, is_literal, refuse_pages
from bridge.protocol import Value
from bridge.server.access import Access, Buckets, Refused
from bridge.server.addresses import is_any, is_loopback, reached_at
from bridge.server.listening import hosts_of, listen
from bridge.server.metrics import Metrics

#: Requests a second from one machine, of those that do not show the token.
_MOST_REQUESTS = 100.0

#: Bytes of a body, which nobody wants, that are read so that the answer arrives: to close on bytes
#: that nobody has read takes it back. They are waited for so many seconds.
_MOST_BODY = 1 << 16
_BODY_PATIENCE = 1.0

_METHODS = ("GET", "HEAD")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """Answers GET and HEAD only, changes nothing, and tells web pages nothing.

    Parameters
    ----------
    host, port
        Where to listen; 0 chooses a port.
    osc_port
        The port of the OSC server, which has the same host.
    name
        The name of this bridge, for HOST_INFO.
    values
        What OSC nodes that can be read hold now, by address.
    access
        What knows the token; with one, values and metrics need it.
    metrics
        What /metrics shows.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        osc_port: int,
        name: str,
        values: Callable[[], Mapping[str, list[Value]]],
        access: Access,
        metrics: Metrics,
    ):
        self._host = host
        self._access = access
        self._metrics = metrics
        self._values = values
        self._buckets = Buckets(_MOST_REQUESTS, 2 * _MOST_REQUESTS)
        self._host_info = {
            "NAME": name,
            "OSC_PORT": osc_port,
            "OSC_TRANSPORT": "UDP",
            "EXTENSIONS": EXTENSIONS,
        }
        self._is_local = False
        self._connections = Connections()
        self._runner: web.AppRunner | None = None
        self._servers: list[asyncio.Server] = []
        self.port = port

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        UmtnError
            If the port is taken.
        """
        app = web.Application(middlewares=[self._guard], client_max_size=1024)
        app.router.add_get("/metrics", self._show_metrics)
        app.router.add_get("/{path:.*}", self._show_node)
        app.on_response_prepare.append(_add_headers)
        sockets = listen(self._host, self.port, [socket.SOCK_STREAM], "--http-port")
        self.port = sockets[0].getsockname()[1]
        hosts = hosts_of(sockets)
        self._is_local = all(map(is_loopback, hosts))
        if not any(map(is_any, hosts)):
            self._host_info["OSC_IP"] = reached_at(hosts)
        # Its access log would write tokens in queries down.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=1.0,
            logger=_quiet_logger(),
            auto_decompress=False,
            lingering_time=0,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        protocols = self._connections.counted(self._runner.server)
        loop = asyncio.get_running_loop()
        for listening in sockets:
            self._servers.append(await loop.create_server(protocols, sock=listening))

    async def stop(self) -> None:
        """Close."""
        for server in self._servers:
            server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self._connections.asks(request.transport, HAS_ASKED)
        await _read_past_body(request)
        try:
            if request.method not in _METHODS:
                raise web.HTTPMethodNotAllowed(request.method, _METHODS)
            host, port = host_and_port(request)
            refuse_pages(request)
            if self._shows_token(request):
                self._connections.asks(request.transport, HAS_SHOWN_THE_TOKEN)
            else:
                self._admit(request)
                self._refuse_names(host, port)
            return await handler(request)
        except web.HTTPError as error:
            if request.method not in _METHODS:
                error.force_close()
            raise

    def _refuse_names(self, host: str, port: int) -> None:
        """Refuse what may be asked by a web page under its own name, which has our address.

        A name of this machine's is as good as any for those who show the token, and so is another
        port that leads here.
        """
        if not is_literal(host) or (self._is_local and port != self.port):
            raise web.HTTPForbidden(
                text=f"Ask by address or as localhost, at port {self.port}, or with the token.\n"
            )

    async def _show_metrics(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return web.Response(
            body=self._metrics.text(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    async def _show_node(self, request: web.Request) -> web.Response:
        asked = [name for name in request.query if name != "token"]
        if "HOST_INFO" in asked:
            return web.json_response(self._host_info)
        secret = not self._access.open and not self._shows_token(request)
        root = namespace({} if secret else self._values())
        node = find(root, request.path)
        if node is None:
            raise web.HTTPNotFound(text=f"There is no OSC node {request.path}.\n")
        if not asked:
            return web.json_response(node)
        if not ATTRIBUTES.issuperset(asked):
            raise web.HTTPBadRequest(text="One of these attributes is not known here.\n")
        found = {name: node[name] for name in asked if name in node}
        if not found:
            raise web.HTTPNoContent
        return web.json_response(found)

    def _shows_token(self, request: web.Request) -> bool:
        """Whether a request came with the token, if there is one."""
        return not self._access.open and self._access.is_right(_token_of(request))

    def _admit(self, request: web.Request) -> None:
        """Refuse who does not show the token: for too many requests, or for a wrong token."""
        host = request.remote or ""
        if not self._buckets.of(host).take():
            raise web.HTTPTooManyRequests(text="Too many requests; ask more slowly.\n")
        token = _token_of(request)
        if token:
            try:
                self._access.check(host, token)
            except Refused as error:
                raise web.HTTPForbidden(text=f"{error}.\n") from error

    def _check_token(self, request: web.Request) -> None:
        if not self._access.open and not self._shows_token(request):
            raise web.HTTPUnauthorized(
                text="Send the bridge's token, the one of --token-file or in bridge.json: "
                "Authorization: Bearer TOKEN\n",
                headers={"WWW-Authenticate": "Bearer"},
            )


def _token_of(request: web.Request) -> str:
    """Return the token that a request came with, or an empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.query.get("token", "")
    return token.strip()


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


async def _read_past_body(request: web.Request) -> None:
    """Read a body that came with the request, if it is small; of others the connection ends."""
    left = _MOST_BODY
    with contextlib.suppress(asyncio.TimeoutError, web.RequestPayloadError):
        until = asyncio.get_running_loop().time() + _BODY_PATIENCE
        while left > 0 and not request.content.at_eof():
            wait = until - asyncio.get_running_loop().time()
            left -= len(await asyncio.wait_for(request.content.readany(), wait))


def _quiet_logger() -> logging.Logger:
    """Make a logger for aiohttp that passes over what is no HTTP: that is the sender's fault."""
    logger = logging.getLogger(f"{__name__}.aiohttp")
    logger.addFilter(
        lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
    )
    return logger
