from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import build_msg

from bridge.protocol import DEEPEST_BUNDLE, LARGEST_REPLY, REPLIES
from bridge.server.packets import MalformedPacket, read_packet, reply, request

PING = build_msg("/umtn/ping", []).dgram


def bundle(*parts: bytes, time: bytes = b"\0" * 7 + b"\1") -> bytes:
    return b"#bundle\0" + time + b"".join(struct.pack(">i", len(p)) + p for p in parts)


def test_bundles_are_taken_apart_in_order() -> None:
    builder = OscBundleBuilder(IMMEDIATELY)
    builder.add_content(build_msg("/a", [1]))
    inner = OscBundleBuilder(IMMEDIATELY)
    inner.add_content(build_msg("/b", ["x"]))
    builder.add_content(inner.build())
    builder.add_content(build_msg("/c", [0.5]))
    found = read_packet(builder.build().dgram)
    assert [(m.address, m.arguments) for m in found] == [("/a", [1]), ("/b", ["x"]), ("/c", [0.5])]


def test_a_time_tag_in_the_far_future_is_now() -> None:
    assert len(read_packet(bundle(PING, time=b"\xff" * 8))) == 1


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0",
        b"hello",
        b"/umtn/ping",  # no zero at its end
        b"/umtn/pin\xff\xfe\0",
        b"#bundle\0",
        bundle(PING) + b"\0\0",
        b"#bundle\0" + b"\0" * 8 + struct.pack(">i", -4),  # python-osc goes round it for ever
        b"#bundle\0" + b"\0" * 8 + struct.pack(">i", 0),
        b"#bundle\0" + b"\0" * 8 + struct.pack(">i", 2**31 - 1) + PING,
        b"/a\0\0,i\0\0",
        b"/a\0\0,s\0\0\xff\xff\0\0",
        b"/a\0\0,Q\0\0\0\0\0\0",
        b"/a\0\0,[[[",
        b"/a\0\0is\0\0\0\0\0\0",
    ],
)
def test_what_is_not_osc_is_malformed(packet: bytes) -> None:
    with pytest.raises(MalformedPacket):
        read_packet(packet)


def test_bundles_are_not_followed_for_ever() -> None:
    packet = PING
    for _ in range(DEEPEST_BUNDLE):
        packet = bundle(packet)
    assert len(read_packet(packet)) == 1
    for _ in range(500):
        packet = bundle(packet)
    with pytest.raises(MalformedPacket, match="deep"):
        read_packet(packet)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(packet: bytes) -> None:
    for whole in (packet, b"/umtn/render\0\0\0\0," + packet, b"#bundle\0" + packet):
        try:
            found = read_packet(whole)
        except MalformedPacket:
            continue
        assert all(message.address.startswith("/") for message in found)


@pytest.mark.parametrize("message", REPLIES, ids=lambda m: m.address)
def test_replies_fit_a_datagram_whatever_is_in_them(message) -> None:  # type: ignore[no-untyped-def]
    long = "\u2026" * 100_000
    values = [
        1 if "s" not in a.types else a.choices[-1] if a.choices else long for a in message.arguments
    ]
    packet = reply(message.address, *values)
    assert len(packet) <= LARGEST_REPLY
    (found,) = read_packet(packet)
    assert len(found.arguments) == len(message.arguments)


def test_replies_have_the_types_that_are_promised() -> None:
    packet = reply("/umtn/progress", "a", 1, -1, "running")
    assert b",sffs\0" in packet
    assert b",sii" not in packet


def test_strings_that_osc_cannot_carry_are_mended() -> None:
    (found,) = read_packet(reply("/umtn/error", "a\0b", "failed", "no \udcff name"))
    assert found.arguments == ["a?b", "failed", "no ? name"]


def test_requests_keep_their_values_types() -> None:
    (found,) = read_packet(request("/umtn/render", ["a", "i", "t", "", "seed", 3, "mix", 0.5]))
    assert found.arguments == ["a", "i", "t", "", "seed", 3, "mix", 0.5]
