"""Who is remembered among those who send datagrams."""

from __future__ import annotations

import pytest

from bridge.server.clients import Client, UdpClients, UdpTarget


def known(clients: UdpClients, port: int) -> Client:
    return clients.of(("127.0.0.1", port), None)


@pytest.mark.parametrize("is_open", [False, True])
def test_strangers_push_out_nobody_who_has_introduced_himself(is_open: bool) -> None:
    clients = UdpClients(4, lambda: is_open)
    one, other = known(clients, 1), known(clients, 2)
    one.authorised = True
    one.reply_to = UdpTarget(("127.0.0.1", 9), None)
    other.authorised = True
    if is_open:  # where everyone may come in, that alone is no introduction
        other.reply_to = one.reply_to
    for port in range(100, 400):
        stranger = known(clients, port)
        assert len(clients) <= 4
        # Nor does one stranger push out another at once.
        assert known(clients, port) is stranger
    assert known(clients, 1) is one and known(clients, 2) is other


def test_of_those_who_have_the_longest_silent_is_forgotten() -> None:
    clients = UdpClients(2, lambda: False)
    for port in (1, 2):
        known(clients, port).authorised = True
    first, second = known(clients, 1), known(clients, 2)
    known(clients, 1)
    newest = known(clients, 3)
    assert known(clients, 3) is newest and known(clients, 1) is first
    assert known(clients, 2) is not second
