from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.protocol import BY_REQUEST, DEEPEST_BUNDLE, LARGEST_REPLY, REPLIES
from bridge.server.packets import (
    MalformedPacket,
    NotUtf8,
    Received,
    read_packet,
    reply,
    request,
)

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
        b"#bundle\0",
        bundle(PING) + b"\0\0",
        b"#bundle\0" + b"\0" * 8 + struct.pack(">i", -4),  # python-osc goes round it for ever
        b"#bundle\0" + b"\0" * 8 + struct.pack(">i", 0),
        b"#bundle\0" + b"\0" * 8 + struct.pack(">i", 2**31 - 1) + PING,
    ],
)
def test_what_is_not_osc_is_malformed(packet: bytes) -> None:
    with pytest.raises(MalformedPacket):
        read_packet(packet)


def osc(tags: str, *arguments: bytes) -> bytes:
    """Make a message of types and of arguments that may not fit them."""
    kinds = f",{tags}\0".encode("latin-1")
    return b"/a\0\0" + kinds + bytes(-len(kinds) % 4) + b"".join(arguments)


def read(packet: bytes) -> Received:
    (found,) = read_packet(packet)
    return found


def test_all_numbers_and_both_kinds_of_string_are_read() -> None:
    packet = osc(
        "ifhdsS",
        struct.pack(">ifqd", -1, 0.5, -(2**40), 1e300),
        b"abc\0",
        "\u00fcber".encode() + b"\0\0\0",
    )
    assert read(packet) == Received("/a", [-1, 0.5, -(2**40), 1e300, "abc", "\u00fcber"])


def test_what_python_osc_writes_is_read_as_it_reads_it() -> None:
    values = [3, -2.5, "x" * 13, "", 2**40, "\U0001f3ba"]
    packet = build_msg("/umtn/render", values).dgram
    assert read(packet).arguments == values == OscMessage(packet).params


@pytest.mark.parametrize(
    "packet", [b"/a\0\0", b"/a\0\0,\0\0\0", b"/a\0\0" + bytes(4), osc("", bytes(8))]
)
def test_a_message_may_have_no_arguments_and_zeros_behind_it(packet: bytes) -> None:
    assert read(packet) == Received("/a", [])


def test_a_string_that_is_not_utf_8_stands_among_the_others() -> None:
    packet = osc("sss", b"job\0", "Fl\u00f6te".encode("latin-1") + bytes(3), b"end\0")
    assert read(packet) == Received("/a", ["job", NotUtf8(b"Fl\xf6te"), "end"])


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("T", "true"),
        ("F", "false"),
        ("N", "nil"),
        ("I", "impulse"),
        ("b", "blob"),
        ("c", "character"),
        ("r", "colour"),
        ("m", "MIDI"),
        ("t", "time tag"),
        ("[", "array"),
        ("]", "array"),
        ("Q", "which OSC does not have"),
        ("\xff", "which OSC does not have"),
    ],
)
def test_types_without_use_are_named_and_what_came_before_is_kept(tag: str, name: str) -> None:
    for rest in (b"", bytes(8)):
        found = read(osc(f"si{tag}s", b"job\0", struct.pack(">i", 7), rest))
        assert found.arguments == ["job", 7]
        assert "argument 3" in found.fault and name in found.fault
        assert ascii(tag) in found.fault


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"/umtn/ping", "address does not end with a zero"),
        (b"/umtn/ping\0", "address is not filled up"),
        (b"/umtn/ping\0\0i\0\0\0" + struct.pack(">i", 9999), "no type tag string"),
        (b"/a\0\0is\0\0\0\0\0\7", "no type tag string"),
        (b"/a\0\0\0\0\0\7", "no type tag string"),
        (b"/a\0x,i\0\0\0\0\0\7", "address is not filled up with zero bytes"),
        (b"/a\0\0,iii", "type tag string does not end"),
        (osc("i"), "ends within its argument 1, of type i"),
        (osc("ih", bytes(8)), "ends within its argument 2, of type h"),
        (osc("f", b"\x3f\x80"), "ends within its argument 1, of type f"),
        (osc("s", b"abcd"), "argument 1 does not end"),
        (osc("s", b"abcde\0"), "argument 1 is not filled up"),
        (osc("ss", b"abc\0"), "argument 2 does not end"),
        (osc("i", struct.pack(">ii", 1, 2)), "4 bytes more than its types say"),
    ],
)
def test_faults_within_a_message_are_named(packet: bytes, reason: str) -> None:
    assert reason in read(packet).fault


@pytest.mark.parametrize("size", [-1, -(2**31), 0, 5, 2**31 - 1])
def test_blobs_of_any_size_are_refused_as_blobs(size: int) -> None:
    assert "blob" in read(osc("b", struct.pack(">i", size), b"xyz\0")).fault


def test_messages_beside_a_faulty_one_are_read() -> None:
    first, second, third = read_packet(bundle(osc("T"), PING, osc("s", b"abcd")))
    assert first.fault and third.fault and second == Received("/umtn/ping", [])


def test_an_address_of_other_bytes_is_none_that_is_known() -> None:
    assert read(b"/umtn/pin\xff\xfe\0").address not in BY_REQUEST


@given(
    st.lists(st.sampled_from("ifhdsSTFNIbcrmt[]Qx\xff"), max_size=8).map("".join),
    st.binary(max_size=120),
)
def test_any_types_over_any_bytes_give_one_message(tags: str, rest: bytes) -> None:
    found = read(osc(tags, rest))
    assert len(found.arguments) <= len(tags)
    if not found.fault:
        assert len(found.arguments) == len(tags) and set(tags) <= set("ifhdsS")
        assert all(isinstance(value, int | float | str | NotUtf8) for value in found.arguments)


@given(st.data())
def test_a_mutated_request_is_read_or_has_a_reason(data: st.DataObject) -> None:
    packet = bytearray(request("/umtn/render", ["job", "in.wav", "flute", "", "seed", 3]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(packet) - 1))
        packet[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        if not packet:
            break
    try:
        found = read_packet(bytes(packet))
    except MalformedPacket as error:
        assert str(error)
        return
    assert len(found) == 1


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
