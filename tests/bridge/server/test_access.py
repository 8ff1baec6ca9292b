from __future__ import annotations

import socket

import pytest

from bridge.server.access import Access, Bucket, Buckets, Refused, checked_token
from umtn_core.errors import UmtnError

TOKEN = "0123456789abcdef"


def test_other_machines_come_in_by_token_only() -> None:
    assert checked_token(None, "127.0.0.1") is None
    assert checked_token(None, "::1") is None
    assert checked_token(TOKEN, "0.0.0.0") == TOKEN
    for host in ("0.0.0.0", "::"):
        with pytest.raises(UmtnError, match=f"To listen on {host}, where other .*--token"):
            checked_token(None, host)


@pytest.mark.parametrize("host", ["localhost.", "127.1", "0x7f000001", " ::1 ", "127.0.0.2"])
def test_this_machine_by_any_name_needs_no_token(host: str) -> None:
    assert checked_token(None, host) is None


def test_a_name_needs_a_token_where_one_of_its_addresses_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def named(*addresses: str) -> None:
        found = [(socket.AF_INET, 2, 17, "", (address, 0)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    named("127.0.0.1", "127.0.0.7")
    assert checked_token(None, "studio.example") is None
    named("127.0.0.1", "0.0.0.0")
    with pytest.raises(UmtnError, match=r"To listen on studio\.example, where other machines"):
        checked_token(None, "studio.example")
    # Not of this machine: what listens there says so.
    named("192.0.2.7")
    assert checked_token(None, "studio.example") is None


@pytest.mark.parametrize("host", ["", "nope.invalid", "http://localhost", "a\nb", "\udcff"])
def test_what_is_no_address_is_not_asked_for_a_token(host: str) -> None:
    with pytest.raises(UmtnError, match=r"There is no address .*choose another one with --bind"):
        checked_token(None, host)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("short", "16 characters"),
        (" " * 20, "16 characters"),
        ("x" * 1_025, "1025 bytes, but clients send 1024 at most"),
        ("\u00e9" * 513, "1026 bytes"),
        ("abcdefgh\tijklmnop", "a tab or another control"),
        ("abcdefghijklmnop\r\nsecond", "a line end"),
        ("abcdefgh\0ijklmnop", "control character"),
        ("\udcff" * 16, "not UTF-8"),
    ],
)
def test_a_token_that_no_client_can_send_is_refused(token: str, said: str) -> None:
    with pytest.raises(UmtnError, match=said):
        checked_token(token, "127.0.0.1")


def test_a_token_that_clients_can_send_is_taken() -> None:
    from bridge.client.sending import packet_of

    for token in (TOKEN, "x" * 1_024, "\u00e9" * 512, "two words of sixteen"):
        assert checked_token(token, "0.0.0.0") == token
        assert packet_of("/umtn/token", [token])


def test_a_right_token_is_let_in_whatever_was_shown_before() -> None:
    access = Access(TOKEN)
    for number in range(1_000):
        with pytest.raises(Refused, match="The token is wrong"):
            access.check("10.0.0.1", f"guess {number}")
        access.check("10.0.0.1", TOKEN)
        access.check(f"10.0.1.{number}", TOKEN)


def test_only_the_token_itself_is_right() -> None:
    access = Access(TOKEN)
    for wrong in ("", TOKEN[:-1], TOKEN + " ", TOKEN + "\0", TOKEN.upper(), "\udcff" * 16):
        assert not access.is_right(wrong)
    assert access.is_right(TOKEN) and not access.open
    assert Access(None).is_right("anything") and Access(None).open


def test_a_token_of_any_letters_is_compared() -> None:
    access = Access("gr\u00fcn und blau \u266b")
    access.check("a", "gr\u00fcn und blau \u266b")
    with pytest.raises(Refused):
        access.check("b", "\udcff")


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    bucket = Bucket(10, 5, clock=lambda: now[0])
    assert [bucket.take() for _ in range(7)] == [True] * 5 + [False] * 2
    assert bucket.wait() == pytest.approx(0.1)
    now[0] += 0.25
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] += 100
    assert sum(bucket.take() for _ in range(10)) == 5
    assert all(Bucket(0, 0).take() for _ in range(100))


def test_buckets_of_hosts_are_not_kept_for_ever() -> None:
    buckets = Buckets(1, 1, clock=lambda: 0.0)
    assert buckets.of("a").take() and not buckets.of("a").take()
    for number in range(10_000):
        buckets.of(f"host {number}")
    assert len(buckets._hosts) <= 5_000
