"""Whether a bridge is there, said within a second; and how one that is there is asked."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bridge.cli.failures import Failure
from bridge.cli.options import Command
from bridge.cli.output import say
from bridge.cli.token import token_options, token_source
from bridge.cli.values import Number, Whole

if TYPE_CHECKING:
    from bridge.client import AsyncBridge
    from bridge.discovery.address_file import Address

#: Seconds that a bridge which is there, and has nothing else to do, needs by far not.
PROMPT = 0.4
#: Seconds without an answer after which there is none, where nobody says otherwise.
TIMEOUT = 5.0


class Where(NamedTuple):
    """Where the bridge is.

    Attributes
    ----------
    host, port
        The address and the port as they were given; None, they were not.
    token : str or None
        The secret, if one was given.
    timeout : float or None
        The seconds to wait for an answer, if any were given.
    token_source : str
        What gave the secret: ``--token``, ``--token-file`` or ``$UMTN_TOKEN``.
    """

    host: str | None
    port: int | None
    token: str | None
    timeout: float | None
    token_source: str = "--token"


def where_options(command: Command) -> Command:
    """Give a command the options that say where the bridge is; it gets them as ``where``."""

    @click.option("--host", metavar="ADDRESS", help="Of the bridge; otherwise found by itself.")
    @click.option("--port", type=Whole(1, 65_535), metavar="N", help="Of the bridge.")
    @click.option(
        "--timeout",
        type=Number(0, min_open=True),
        metavar="SECONDS",
        help=f"Without an answer from the bridge.  [default: {TIMEOUT:g}]",
    )
    @token_options
    @functools.wraps(command)
    def with_where(
        *args: Any, host: str | None, port: int | None, token: str | None, timeout: float | None,
        **others: Any,
    ) -> Any:  # fmt: skip
        return command(*args, where=Where(host, port, token, timeout, token_source()), **others)

    return with_where


@contextlib.asynccontextmanager
async def reached(where: Where) -> AsyncIterator[AsyncBridge]:
    """Talk to the bridge within this block, once it has answered at all.

    A bridge that is there may be busy, and is waited for. Where nothing speaks for there being one,
    that is said at once.

    Parameters
    ----------
    where
        Where it is.

    Raises
    ------
    BridgeError, Failure
        If there is none, or it does not answer.
    """
    from bridge.client import AsyncBridge, BridgeError

    timeout = TIMEOUT if where.timeout is None else where.timeout
    bridge = AsyncBridge(where.host, where.port, token=where.token, timeout=timeout)
    async with contextlib.AsyncExitStack() as stack:
        first = asyncio.create_task(_first(bridge, stack))
        try:
            await _answered(first, bridge, where, timeout)
        except BridgeError as error:
            if where.token is None or error.code not in ("denied", "token"):
                raise
            raise Failure(_wrong_token(where)) from error
        finally:
            first.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await first
        yield bridge


async def _first(bridge: AsyncBridge, stack: contextlib.AsyncExitStack) -> None:
    await stack.enter_async_context(bridge)
    await bridge.ping()


async def _answered(
    first: asyncio.Task[None], bridge: AsyncBridge, where: Where, timeout: float
) -> None:
    """Wait for the first answer as long as somebody may give one."""
    await asyncio.wait({first}, timeout=PROMPT)
    if first.done() or bridge.was_there:
        return await first
    known = await asyncio.to_thread(_bridge_at, where.host, where.port)
    if known is None and where.timeout is None and _is_here(where.host):
        raise Failure(
            f"No bridge answers at {where.host or 'localhost'} port {where.port}; start one with "
            "`umtn bridge`, or say with --timeout how long to wait for that one."
        )
    if timeout > PROMPT:
        say(f"The bridge does not answer yet; waiting for it up to {timeout:g} s.")
    await first


def _wrong_token(where: Where) -> str:
    """Say which of the places that a token can come from gave the wrong one."""
    known = _bridge_at(where.host, where.port)
    if known is not None and known.token and known.token != where.token:
        leave = "unset it" if where.token_source.startswith("$") else "leave it out"
        advice = f"{leave}: the token of this bridge, which is yours, is found by itself"
    else:
        advice = "give the one that the bridge was started with"
    return f"The token that {where.token_source} gives is not this bridge's; {advice}."


def _is_here(host: str | None) -> bool:
    """Whether what answers there is on this machine, if the host itself says so."""
    from bridge.server.addresses import is_loopback

    return host is None or is_loopback(host)


def _bridge_at(host: str | None, port: int | None) -> Address | None:
    """Return what the address file says of a bridge that lives, if it is that one."""
    from bridge.discovery.living import living_bridge

    known = living_bridge()
    return known if known is not None and _is_here(host) and port in (None, known.port) else None
