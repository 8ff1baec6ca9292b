from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc import slip

from bridge.server.framing import BrokenFraming, LengthFraming, SlipFraming, framing_of

LARGEST = 64
FRAMINGS = [SlipFraming, LengthFraming]

#: Only such are packets; a stream with anything else in it is given up.
some_packets = st.lists(
    st.binary(max_size=LARGEST - 8).flatmap(
        lambda rest: st.sampled_from([b"/", b"#bundle\0"]).map(lambda b: b + rest)
    ),
    min_size=1,
    max_size=6,
)
some_cuts = st.lists(st.integers(0, 400), max_size=12)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """Cut a stream into the chunks that it comes in."""
    ends = sorted({min(place, len(stream)) for place in places} | {0, len(stream)})
    return [stream[begin:end] for begin, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("kind", FRAMINGS)
@given(packets=some_packets, cuts=some_cuts)
def test_what_is_framed_is_found_again_however_it_comes(
    kind: type[SlipFraming] | type[LengthFraming], packets: list[bytes], cuts: list[int]
) -> None:
    framing = kind(LARGEST)
    stream = b"".join(map(framing.encode, packets))
    found = [packet for chunk in cut(stream, cuts) for packet in framing.packets(chunk)]
    assert found == packets
    assert not framing.unfinished


@pytest.mark.parametrize("kind", FRAMINGS)
@given(stream=st.binary(max_size=600), cuts=some_cuts)
def test_any_stream_gives_packets_or_an_end_and_little_is_gathered(
    kind: type[SlipFraming] | type[LengthFraming], stream: bytes, cuts: list[int]
) -> None:
    framing = kind(LARGEST)
    for chunk in cut(stream, cuts):
        try:
            for packet in framing.packets(chunk):
                assert 0 < len(packet) <= len(stream)
        except BrokenFraming as error:
            assert str(error).endswith(".")
            return
        assert len(framing._rest) <= 2 * LARGEST


def test_the_first_byte_tells() -> None:
    for first in (b"\0", b"\0\0\0\x0c/umtn"):
        assert isinstance(framing_of(first, LARGEST), LengthFraming)
    for first in (slip.END, b"/", b"#bundle\0", slip.END + b"\0\0"):
        assert isinstance(framing_of(first, LARGEST), SlipFraming)
    # A length the wrong way round, a web browser, a negative length, an escape.
    for first in (b"\x0c\0\0\0/umtn", b"GET / HTTP/1.1", b"\xff\xff\xff\xff", slip.ESC):
        with pytest.raises(BrokenFraming, match="the byte C0, or each after its length"):
            framing_of(first, LARGEST)


@pytest.mark.parametrize("size", [0, -1, -(2**31), LARGEST + 1, 2**31 - 1])
def test_a_length_that_no_packet_has_ends_the_stream_at_once(size: int) -> None:
    framing = LengthFraming(LARGEST)
    reason = "bytes; send shorter ones" if size > 0 else f"No packet is {size} bytes long"
    found = []
    with pytest.raises(BrokenFraming, match=reason):
        for packet in framing.packets(framing.encode(b"/abc") + struct.pack(">i", size)):
            found.append(packet)
    assert found == [b"/abc"]


def test_the_middle_of_a_packet_is_known() -> None:
    for framing, begun, rest in (
        (SlipFraming(LARGEST), slip.END + b"/a", b"\0\0" + slip.END),
        (LengthFraming(LARGEST), b"\0\0", b"\0\4/a\0\0"),
    ):
        assert not framing.unfinished
        assert not list(framing.packets(begun))
        assert framing.unfinished
        assert list(framing.packets(rest)) == [b"/a\0\0"]
        assert not framing.unfinished


@pytest.mark.parametrize("kind", FRAMINGS)
@pytest.mark.parametrize(
    "wrong", [b"nonsense", b"#bund", b"#bundler", b"\xfeSMB", b" /a", b"\0\0\0\4/a\0\0"]
)
@pytest.mark.parametrize("before", [[], [b"/a\0\0"]])
def test_nothing_is_read_behind_what_is_no_osc(
    kind: type[SlipFraming] | type[LengthFraming], wrong: bytes, before: list[bytes]
) -> None:
    framing = kind(LARGEST)
    stream = b"".join(map(framing.encode, [*before, wrong, b"/b\0\0"]))
    for size in (1, 3, len(stream)):  # however it comes
        framing, found = kind(LARGEST), []
        with pytest.raises(BrokenFraming, match="OSC packets and nothing else"):
            for place in range(0, len(stream), size):
                for packet in framing.packets(stream[place : place + size]):
                    found.append(packet)
        assert found == before


@pytest.mark.parametrize("kind", FRAMINGS)
def test_a_beginning_that_is_no_osc_is_not_waited_for(
    kind: type[SlipFraming] | type[LengthFraming],
) -> None:
    for begun in (b"#bundle\0", b"#bu", b"/"):
        framing = kind(LARGEST)
        before = framing.encode(begun + b"/" * 20).partition(begun)[0]
        assert not list(framing.packets(before + begun))
        assert framing.begun == begun
    with pytest.raises(BrokenFraming):
        list(kind(LARGEST).packets(kind(LARGEST).encode(b"POST /" + b"/" * 20)[:6]))


def test_a_wrong_escape_is_no_frame() -> None:
    framing = SlipFraming(LARGEST)
    with pytest.raises(BrokenFraming):
        list(framing.packets(slip.END + b"/a\xdb\0" + slip.END + b"/b\0\0" + slip.END))
