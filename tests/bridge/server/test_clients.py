"""Who is remembered among those who send datagrams."""

from __future__ import annotations

import pytest

from bridge.server.clients import SILENCE, Client, UdpClients, UdpTarget

THERE = UdpTarget(("127.0.0.1", 9), None)


def said(clients: UdpClients, port: int) -> Client:
    """Take something from a port that changes nothing about it."""
    client = clients.of(("127.0.0.1", port), None)
    clients.remember(client)
    return client


def introduced(clients: UdpClients, port: int, is_open: bool) -> Client:
    """Take the token from a port, or the port for its answers where there is none."""
    client = clients.of(("127.0.0.1", port), None)
    if is_open:
        client.reply_to = THERE
    else:
        client.admit()
    clients.remember(client)
    return client


@pytest.mark.parametrize("is_open", [False, True])
def test_of_strangers_nothing_is_kept(is_open: bool) -> None:
    clients = UdpClients(4, is_open)
    one, other = introduced(clients, 1, is_open), introduced(clients, 2, is_open)
    for port in range(100, 10_000):
        assert said(clients, port).authorised is is_open
        assert len(clients) == 2
    assert said(clients, 1) is one and said(clients, 2) is other
    assert one.authorised and other.authorised


@pytest.mark.parametrize("is_open", [False, True])
def test_of_those_who_are_remembered_the_longest_silent_is_forgotten(is_open: bool) -> None:
    clients = UdpClients(2, is_open)
    first, second = introduced(clients, 1, is_open), introduced(clients, 2, is_open)
    assert said(clients, 1) is first
    newest = introduced(clients, 3, is_open)
    assert said(clients, 3) is newest and said(clients, 1) is first
    assert said(clients, 2) is not second


def test_a_token_holds_until_a_minute_of_silence() -> None:
    now = [0.0]
    clients = UdpClients(4, False, lambda: now[0])
    client = introduced(clients, 1, False)
    client.reply_to = THERE
    for _ in range(5):
        now[0] += SILENCE
        assert said(clients, 1).authorised
    now[0] += SILENCE + 0.1
    # Whoever speaks from there now is nobody, for as long as he likes.
    for _ in range(5):
        assert not said(clients, 1).authorised
        now[0] += 1.0
    # But is told so where the client that showed it listens, and only once it shows it again in.
    assert said(clients, 1) is client and client.reply_to is THERE
    client.admit()
    clients.remember(client)
    assert said(clients, 1).authorised


@pytest.mark.parametrize("is_open", [False, True])
def test_who_leaves_is_nobody(is_open: bool) -> None:
    clients = UdpClients(4, is_open)
    client = introduced(clients, 1, is_open)
    client.forget(is_open)
    clients.remember(client)
    assert not len(clients)
    assert said(clients, 1) is not client and said(clients, 1).authorised is is_open
    assert said(clients, 1).answers() == UdpTarget(("127.0.0.1", 1), None)
