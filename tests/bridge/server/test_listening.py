from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.server.listening import hosts_of, listen
from umtn_core.errors import UmtnError

BOTH = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="needs the address ::1")


@contextlib.contextmanager
def listening(host: str, port: int = 0) -> Iterator[list[socket.socket]]:
    sockets = listen(host, port, BOTH, "--port")
    try:
        yield sockets
    finally:
        for opened in sockets:
            opened.close()


def ports(sockets: list[socket.socket]) -> set[int]:
    return {opened.getsockname()[1] for opened in sockets}


def answers(kind: socket.SocketKind, sockets: list[socket.socket], host: str, port: int) -> bool:
    """Whether a program that sends to an address is heard at one of the sockets."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as client:
        try:
            client.connect((host, port))
            client.send(b"hello")
        except OSError:
            return False
        for opened in sockets:
            if opened.type == kind and opened.family == family:
                opened.settimeout(5)
                if kind == socket.SOCK_DGRAM:
                    return opened.recv(99) == b"hello"
                opened.accept()[0].close()
                return True
    return False


@needs_ipv6
def test_localhost_is_one_port_on_both_addresses_for_udp_and_tcp() -> None:
    with listening("localhost") as sockets:
        assert hosts_of(sockets) == ["127.0.0.1", "::1"]
        assert len(sockets) == 4
        (port,) = ports(sockets)
        for kind in BOTH:
            for host in ("127.0.0.1", "::1"):
                assert answers(kind, sockets, host, port)


@needs_ipv6
def test_everything_is_both_kinds_side_by_side() -> None:
    with listening("::") as sockets:
        assert hosts_of(sockets) == ["0.0.0.0", "::"]
        (port,) = ports(sockets)
        for host in ("127.0.0.1", "::1"):
            assert answers(socket.SOCK_STREAM, sockets, host, port)
    with listening("0.0.0.0") as sockets, listening("::1", next(iter(ports(sockets)))) as others:
        assert hosts_of(sockets + others) == ["0.0.0.0", "::1"]


@needs_ipv6
def test_a_port_that_is_taken_on_one_address_is_passed_over_or_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening("::1") as taken:
        (port,) = ports(taken)
        with pytest.raises(UmtnError) as refused:
            listen("localhost", port, BOTH, "--port")
        assert str(refused.value) == (
            f"Cannot listen on ::1 port {port} (address already in use); choose another one with "
            "--port."
        )
        # Nothing is left behind: the other address of that port is free still.
        with listening("127.0.0.1", port):
            pass

        tried = []
        bind = socket.socket.bind

        class Socket(socket.socket):
            """A system that offers the taken port first."""

            def bind(self, address: Any) -> None:
                if address[1] == 0:
                    address = (address[0], 0 if tried else port, *address[2:])
                    tried.append(address[1])
                bind(self, address)

        monkeypatch.setattr(socket, "socket", Socket)
        with listening("localhost") as sockets:
            assert len(sockets) == 4
            assert len(ports(sockets)) == 1 and port not in ports(sockets)
        assert tried == [port, 0]


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_where_there_is_no_ipv6_the_other_address_does(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    class Socket(socket.socket):
        def bind(self, address: Any) -> None:
            if ":" in address[0]:
                raise OSError(number, "not here")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Socket)
    for host, left in (("localhost", "127.0.0.1"), ("::", "0.0.0.0")):
        with listening(host) as sockets:
            assert hosts_of(sockets) == [left]
            assert len(sockets) == 2
    with pytest.raises(UmtnError, match=r"Cannot listen on ::1 .*choose another one with --bind"):
        listen("::1", 0, BOTH, "--port")


def test_what_is_no_address_of_this_machine_is_one_sentence() -> None:
    for host, words in (
        ("192.0.2.7", "Cannot listen on 192.0.2.7 port"),
        ("nowhere.invalid", "There is no address 'nowhere.invalid' to listen on"),
        ("a..b", "There is no address 'a..b'"),
    ):
        with pytest.raises(UmtnError) as refused:
            listen(host, 0, BOTH, "--port")
        assert str(refused.value).startswith(words)
        assert str(refused.value).endswith("choose another one with --bind.")
