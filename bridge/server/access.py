"""Who may speak to the bridge: the token, and patience with those who guess it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.protocol import BY_REQUEST
from bridge.server.addresses import can_listen, is_loopback, places_here
from bridge.text import CONTROLS, on_one_line, shortened
from umtn_core.errors import UmtnError

#: A token that can be guessed is none.
SHORTEST_TOKEN = 16

#: Seconds to wait after the first wrong token, doubled with each further one.
FIRST_WAIT = 1.0
LONGEST_WAIT = 300.0

#: Hosts whose failures are remembered; over UDP, an address costs its inventor nothing.
_REMEMBERED = 4_096
#: Wrong tokens of one host that are known again: who repeats one has not guessed anew.
_KNOWN_WRONG = 8
#: Wrong tokens a second from all hosts together, beyond which nobody's is looked at.
_TOGETHER = 20.0


class Refused(Exception):
    """A token was wrong, or came too soon after a wrong one. Its text says what to do."""


@dataclass
class _Failures:
    count: int = 0
    until: float = 0.0
    wrong: deque[bytes] = field(default_factory=lambda: deque(maxlen=_KNOWN_WRONG))


class Access:
    """Compares tokens, and makes every further guess wait longer.

    Parameters
    ----------
    token
        The secret; None where everyone may come in, as on the loopback interface.
    clock
        Tells the time in seconds; another one for tests.
    """

    def __init__(self, token: str | None, clock: Callable[[], float] = time.monotonic):
        self._token = None if token is None else token.encode()
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._everyone = Bucket(_TOGETHER, _TOGETHER, clock)

    @property
    def open(self) -> bool:
        """Whether there is no token."""
        return self._token is None

    def is_right(self, token: str) -> bool:
        """Whether this is the token; only for who has shown it already, since nobody waits."""
        return self._token is None or hmac.compare_digest(
            token.encode("utf-8", "replace"), self._token
        )

    def check(self, host: str, token: str) -> None:
        """Accept a token, or not.

        Raises
        ------
        Refused
            If it is wrong, or if this host must still wait: then it is not even looked at. One
            that was wrong before makes nobody wait again: a program that has an old token and
            repeats it keeps no other of its machine out.
        """
        if self._token is None:
            return
        now = self._clock()
        failures = self._failures.get(host, _Failures())
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        if digest in failures.wrong:
            raise Refused("This token was wrong before; send the right one")
        if now < failures.until:
            raise Refused(f"Too many wrong tokens; wait {failures.until - now:.0f} s and try again")
        if self.is_right(token):
            failures.count = 0
            return
        if not self._everyone.take():
            raise Refused("Too many wrong tokens from everywhere; try again in a second")
        failures.count += 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures.count - 1, 30))
        failures.until = now + wait
        failures.wrong.append(digest)
        self._failures[host] = failures
        self._failures.move_to_end(host)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        raise Refused(f"The token is wrong; wait {wait:.0f} s and send the right one")


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
