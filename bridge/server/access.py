"""Who may speak to the bridge, and how fast: the token, and what each host may send."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable

from bridge.protocol import BY_REQUEST
from bridge.server.addresses import can_listen, is_loopback, places_here
from bridge.server.refusals import Refusals
from bridge.text import CONTROLS, on_one_line, shortened
from umtn_core.errors import UmtnError

#: A token that can be guessed is none.
SHORTEST_TOKEN = 16

#: Hosts whose pace is remembered; over UDP, an address costs its inventor nothing.
_REMEMBERED = 4_096


class Refused(Exception):
    """A token was wrong. Its text says what to do."""


class Access:
    """Knows the token.

    Whoever shows it is let in at once, whatever was shown before: to make those wait who guess
    would let them keep others out, of their own machine or, since a UDP sender can invent its
    address, of any. So guesses are as fast as packets are, some ten thousand a second, and a token
    has to be one that this does not find: of 16 characters drawn at random it takes longer than
    there have been computers.

    Parameters
    ----------
    token
        The secret; None where everyone may come in.

    Attributes
    ----------
    refusals : Refusals
        Where it is counted who was not let in.
    """

    def __init__(self, token: str | None):
        self._token = None if token is None else token.encode()
        self.refusals = Refusals()

    @property
    def open(self) -> bool:
        """Whether there is no token."""
        return self._token is None

    def is_right(self, token: str) -> bool:
        """Whether this is the token, in a time that tells nothing of it; any is where none is."""
        return self._token is None or hmac.compare_digest(
            token.encode("utf-8", "replace"), self._token
        )

    def check(self, host: str, token: str) -> None:
        """Accept a token, or not.

        Parameters
        ----------
        host
            The address of who shows it.
        token
            What was shown.

        Raises
        ------
        Refused
            If it is wrong.
        """
        if not self.is_right(token):
            self.refusals.note("wrong tokens", host)
            raise Refused("The token is wrong; send the right one")


class Bucket:
    """Lets so many through a second, and some more at once after a pause.

    Parameters
    ----------
    rate
        How many pass a second; 0 lets everything through.
    burst
        How many pass at once after a pause.
    clock
        Tells the time in seconds.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic):
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._level = burst
        self._filled = clock()

    def take(self) -> bool:
        """Whether one more may pass."""
        if self.wait() > 0:
            return False
        self._level -= 1
        return True

    def wait(self) -> float:
        """Seconds until one may pass."""
        if not self._rate:
            return 0.0
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._filled) * self._rate)
        self._filled = now
        return max(0.0, (1 - self._level) / self._rate)


class Buckets:
    """A bucket for each host."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic):
        self._rate, self._burst, self._clock = rate, burst, clock
        self._hosts: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, host: str) -> Bucket:
        """Return a host's bucket."""
        bucket = self._hosts.get(host)
        if bucket is None:
            bucket = self._hosts[host] = Bucket(self._rate, self._burst, self._clock)
            if len(self._hosts) > _REMEMBERED:
                self._hosts.popitem(last=False)
        else:
            self._hosts.move_to_end(host)
        return bucket


def checked_token(token: str | None, host: str) -> str | None:
    """Say whether a bridge may listen there with that token.

    Parameters
    ----------
    token
        The secret, if there is one.
    host
        An address or a name, see `bridge.server.addresses.places`.

    Raises
    ------
    UmtnError
        If the token is missing, too short, or none that a client can send, or if there is no such
        host.
    """
    if token is not None:
        _check_sendable(token)
        return token
    outside = [place for place in places_here(host, 0) if not is_loopback(place.host)]
    # Of an address that this machine does not have, whoever listens there says so.
    if any(map(can_listen, outside)):
        raise UmtnError(
            f"To listen on {shortened(on_one_line(host))}, where other machines can come in, give "
            "a --token-file (or a --token) that clients must send."
        )
    return None


def _check_sendable(token: str) -> None:
    """Refuse a token that anybody guesses, or that no client could send."""
    (argument,) = BY_REQUEST["/umtn/token"].arguments
    longest = int(argument.maximum or 0)
    try:
        size = len(token.encode())
    except UnicodeEncodeError:
        raise UmtnError("The token is not UTF-8, which clients send; choose another one.") from None
    if len(token.strip()) < SHORTEST_TOKEN:
        raise UmtnError(
            f"The token must have at least {SHORTEST_TOKEN} characters, for instance those that "
            "`openssl rand -hex 16` prints."
        )
    if size > longest:
        raise UmtnError(
            f"The token has {size} bytes, but clients send {longest} at most; choose a shorter one."
        )
    # A secret is not repeated.
    if any(character in CONTROLS for character in token):
        raise UmtnError(
            "The token has a line end, a tab or another control character inside, which clients "
            "do not send; choose one of a single line."
        )
