from __future__ import annotations

import re
import socket

import pytest

from bridge.server.addresses import (
    can_listen,
    is_any,
    is_loopback,
    places,
    places_here,
    reached_at,
)
from umtn_core.errors import UmtnError


def hosts(host: str) -> list[str]:
    return [place.host for place in places(host, 9471)]


def test_localhost_is_both_addresses_whatever_the_machine_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lookup = socket.getaddrinfo

    def numbers_only(host: str, *rest: object, **options: object) -> object:
        assert host[0] in "1:", f"{host} was looked up"
        return lookup(host, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)
    for name in ("localhost", "LocalHost", "localhost.", " localhost "):
        assert hosts(name) == ["127.0.0.1", "::1"]


def test_an_address_is_itself_and_everything_is_of_both_kinds() -> None:
    for host in ("127.0.0.1", "::1", "0.0.0.0", "192.0.2.7", "2001:db8::7"):
        assert hosts(host) == [host]
    assert hosts("[::1]") == ["::1"]
    assert hosts("::") == ["0.0.0.0", "::"]
    (place,) = places("::ffff:127.0.0.1", 9471)
    assert place == (socket.AF_INET, ("127.0.0.1", 9471))


def test_an_address_of_one_interface_keeps_it() -> None:
    name = socket.if_indextoname(1)
    (place,) = places(f"fe80::1%{name}", 9471)
    assert place.address == ("fe80::1", 9471, 0, 1)
    assert place.host == "fe80::1%1"
    assert places(place.host, 9471) == [place]


def test_a_name_is_all_its_addresses_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    four = (socket.AF_INET, 2, 17, "", ("192.0.2.7", 9471))
    six = (socket.AF_INET6, 2, 17, "", ("2001:db8::7", 9471, 0, 0))
    mapped = (socket.AF_INET6, 2, 17, "", ("::ffff:192.0.2.7", 9471, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [six, four, mapped, four])
    assert hosts("studio.example") == ["2001:db8::7", "192.0.2.7"]


@pytest.mark.parametrize("host", ["", "a..b", "x" * 70, "1.2.3.4.5", "fe80::1%nowhere", "a\0b"])
def test_what_is_no_host_is_one_error(host: str) -> None:
    with pytest.raises(OSError):
        places(host, 9471)


@pytest.mark.parametrize("host", ["localhost:9471", "[::1]:9471", "127.0.0.1:80"])
def test_a_port_is_no_part_of_an_address(host: str) -> None:
    with pytest.raises(UmtnError, match=f"no address {re.escape(repr(host))} .*port with --port"):
        places_here(host, 9471)


def test_an_address_that_is_far_too_long_is_shortened() -> None:
    with pytest.raises(UmtnError) as refused:
        places_here("x" * 3_000, 9471)
    assert len(str(refused.value)) < 300


def test_an_address_of_this_machine_is_told_from_others() -> None:
    assert all(map(can_listen, [*places("127.0.0.1", 9471), *places("0.0.0.0", 9471)]))
    assert not any(map(can_listen, places("192.0.2.7", 9471)))


def test_loopback_has_several_names() -> None:
    for host in (
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "::ffff:127.0.0.1",
    ):
        assert is_loopback(host)
    for host in ("0.0.0.0", "::", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1%1", "example.org", ""):
        assert not is_loopback(host)


def test_every_interface_is_told_from_one() -> None:
    assert is_any("0.0.0.0") and is_any("::")
    assert not any(map(is_any, ("127.0.0.1", "::1", "localhost")))


def test_programs_of_this_machine_are_told_an_address_that_they_reach() -> None:
    assert reached_at(["127.0.0.1", "::1"]) == "127.0.0.1"
    assert reached_at(["::1"]) == "::1"
    assert reached_at(["0.0.0.0", "::"]) == "127.0.0.1"
    assert reached_at(["::"]) == "::1"
    assert reached_at(["2001:db8::7", "192.0.2.7"]) == "192.0.2.7"
