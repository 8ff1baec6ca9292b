"""How samples are written, by what the `fmt ` chunk of a WAV file says of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from umtn_core.audio.container.found import FLOATS, SIGNED
from umtn_core.errors import UmtnError

_PCM, _FLOAT, _ALAW, _ULAW, MP3, _EXTENSIBLE = 1, 3, 6, 7, 0x55, 0xFFFE
#: What libsndfile unpacks: Microsoft's ADPCM, IMA's, GSM 6.10, NMS's and G.721.
PACKED = frozenset((0x02, 0x11, 0x31, 0x38, 0x40))

#: How identifiers end that stand for format tags: Microsoft's, and those for Ambisonics.
_TAG_ENDS = (
    bytes.fromhex("0000000010008000 00aa00389b71"),
    bytes.fromhex("00002107d3118644 c8c1ca000000"),
)

#: A single byte is no signed number here.
_INTEGERS = {**SIGNED, 1: "PCM_U8"}


@dataclass(frozen=True)
class Format:
    """What a `fmt ` chunk says.

    Attributes
    ----------
    tag
        The coding, by Microsoft's number.
    channels, sample_rate
        The number of channels, and the rate in hertz.
    bits
        The bits of a sample that count.
    subtype
        How a sample is written, by libsndfile's name; None if samples do not stand one by one.
    """

    tag: int
    channels: int
    sample_rate: int
    bits: int
    subtype: str | None


def read_format(body: bytes, *, big: bool, path: object) -> Format:
    """Read a `fmt ` chunk.

    Parameters
    ----------
    body
        The chunk without its header.
    big
        Whether its numbers have their big end first.
    path
        What to call the file.

    Raises
    ------
    UmtnError
        If it is too short, contradicts itself, or names a way of writing that is not known.
    """
    if len(body) < 14:
        raise UmtnError(
            f"{path} is damaged: its fmt chunk has {len(body)} bytes, too few to say how its "
            "samples are written."
        )
    order = ">" if big else "<"
    tag, channels, rate, byte_rate, block = struct.unpack_from(f"{order}HHIIH", body)
    bits = struct.unpack_from(f"{order}H", body, 14)[0] if len(body) >= 16 else 0
    container = bits
    if tag == _EXTENSIBLE and len(body) >= 40:
        valid = struct.unpack_from(f"{order}H", body, 18)[0]
        bits = valid if 0 < valid <= container else container
        tag = struct.unpack_from(f"{order}H", body, 24)[0]
        if body[26:40] not in _TAG_ENDS:
            raise UmtnError(
                f"{path} writes its samples in a way that only its maker knows "
                f"({body[24:40].hex()}); convert it to ordinary WAV."
            )
    elif tag == _EXTENSIBLE:
        raise UmtnError(
            f"{path} is damaged: its fmt chunk ends before it says how its samples are written; "
            "export it again."
        )
    if not channels:
        raise UmtnError(f"{path} has no channels by its header, which is damaged.")
    if tag in (_PCM, _FLOAT):
        width = _width(channels, rate, byte_rate, block, container, path)
        table = _INTEGERS if tag == _PCM else FLOATS
        if tag == _FLOAT and bits not in (0, 8 * width):
            raise UmtnError(
                f"{path} contradicts itself: by its header, floating-point samples of {bits} bits "
                f"take {width} bytes each; export it again."
            )
        if width not in table:
            what = "whole numbers" if tag == _PCM else "floating-point numbers"
            raise UmtnError(
                f"{path} holds {what} of {8 * width} bits, which cannot be read; convert it to "
                "24 bits, or to floating point of 32."
            )
        return Format(tag, channels, rate, bits or 8 * width, table[width])
    if tag in (_ALAW, _ULAW) and container == 8:
        return Format(tag, channels, rate, 8, "ALAW" if tag == _ALAW else "ULAW")
    return Format(tag, channels, rate, bits, None)


def _width(channels: int, rate: int, byte_rate: int, block: int, bits: int, path: object) -> int:
    """Tell how many bytes a sample takes: the block says so, and what of it is plain wrong."""
    by_bits = channels * -(-bits // 8)
    if bits and block == by_bits:
        return by_bits // channels
    padded = block > by_bits and block % channels == 0
    if padded and byte_rate == rate * block:
        return block // channels
    if bits and not padded and (not block or byte_rate == rate * by_bits):
        return by_bits // channels
    raise UmtnError(
        f"{path} contradicts itself: by its header, {channels} channels of {bits} bits are "
        f"{block} bytes and {byte_rate} bytes a second at {rate} Hz; export it again."
    )
