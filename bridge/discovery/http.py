"""The HTTP side: OSCQuery for programs that look around, metrics for Prometheus."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bridge.discovery.namespace import ATTRIBUTES, EXTENSIONS, find, namespace
from bridge.protocol import Value
from bridge.server.access import Access, Buckets, Refused
from bridge.server.addresses import as_ip, is_any, is_loopback, reached_at
from bridge.server.listening import hosts_of, listen
from bridge.server.metrics import Metrics

#: Requests a second from one machine.
_MOST_REQUESTS = 100.0

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """Answers GET only, and changes nothing.

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
        self._runner: web.AppRunner | None = None
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
        sockets = listen(self._host, self.port, [socket.SOCK_STREAM], "--http-port")
        self.port = sockets[0].getsockname()[1]
        hosts = hosts_of(sockets)
        self._is_local = all(map(is_loopback, hosts))
        if not any(map(is_any, hosts)):
            self._host_info["OSC_IP"] = reached_at(hosts)
        # Its access log would write tokens in queries down.
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=1.0
        )
        await self._runner.setup()
        for listening in sockets:
            await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self._buckets.of(request.remote or "").take():
            raise web.HTTPTooManyRequests(text="Too many requests; ask more slowly.\n")
        if self._is_local and not _is_literal(_host_of(request)):
            # A web page may give its own name our address, and read what we answer.
            raise web.HTTPForbidden(text="Ask by address, or as localhost.\n")
        return await handler(request)

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
        """Whether a request came with the token; a wrong one is an error, none is not."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.query.get("token", "")
        if not token:
            return False
        try:
            self._access.check(request.remote or "", token.strip())
        except Refused as error:
            raise web.HTTPForbidden(text=f"{error}.\n") from error
        return True

    def _check_token(self, request: web.Request) -> None:
        if not self._access.open and not self._shows_token(request):
            raise web.HTTPUnauthorized(
                text="Send the bridge's token: Authorization: Bearer TOKEN\n",
                headers={"WWW-Authenticate": "Bearer"},
            )


def _host_of(request: web.Request) -> str | None:
    """Return the host that a request names, which may be written as no host is."""
    try:
        return request.url.host
    except ValueError as error:
        raise web.HTTPBadRequest(text="The Host header names no host and port.\n") from error


def _is_literal(host: str | None) -> bool:
    return host is None or host in ("localhost", "localhost.") or as_ip(host) is not None
