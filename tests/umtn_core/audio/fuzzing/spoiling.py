"""How a file is spoilt: mostly in its headers, sometimes in its sound."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise

from tests.umtn_core.audio.fuzzing.bases import Base
from tests.umtn_core.audio.kinds import ogg
from tests.umtn_core.audio.kinds.kind import ape, id3, id3v1, title

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000,
            0xFFFFFFFE, 0xFFFFFFFF)  # fmt: skip

#: What may be put before any file. It is no part of what others are asked to read.
TAGS = (id3(title()), ape(), bytes(100), id3(bytes(9), footer=True))

Spoil = Callable[[random.Random, bytearray, int, int], None]


def _bits(rng: random.Random, octets: bytearray, place: int, step: int) -> None:
    octets[place] ^= 1 << rng.randrange(8)


def _octet(rng: random.Random, octets: bytearray, place: int, step: int) -> None:
    octets[place] = rng.choice((0, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _number(rng: random.Random, octets: bytearray, place: int, step: int) -> None:
    """Another number where one may stand, far off or by a little."""
    width, order = rng.choice((2, 4)), rng.choice(("little", "big"))
    place -= place % 2
    old = int.from_bytes(octets[place : place + width], order)
    new = rng.choice((*_NUMBERS, old + rng.randint(-9, 9), old * 2, old // 2))
    octets[place : place + width] = (new % (1 << 8 * width)).to_bytes(width, order)


def _insert(rng: random.Random, octets: bytearray, place: int, step: int) -> None:
    count = step * rng.choice((1, 1, 2, 3, 4, 16, 500))
    # Nobody can tell noise from sound that stands sample by sample.
    octets[place:place] = rng.choice((bytes(count), rng.randbytes(count) if step == 1 else b""))


def _remove(rng: random.Random, octets: bytearray, place: int, step: int) -> None:
    del octets[place : place + step * rng.choice((1, 1, 2, 3, 4, 16, 500))]


def _end(rng: random.Random, octets: bytearray, place: int, step: int) -> None:
    del octets[rng.randrange(len(octets)) :]


def _tag(rng: random.Random, octets: bytearray, place: int, step: int) -> None:
    if rng.random() < 0.5:
        octets[:0] = rng.choice(TAGS)
    else:
        octets += rng.choice((id3v1(), ape(), bytes(100), rng.randbytes(100), b"\0"))


_SPOILS: tuple[Spoil, ...] = (_bits, _bits, _octet, _octet, _number, _number, _number, _insert,
                              _remove, _end, _tag)  # fmt: skip


def _parts(rng: random.Random, parts: list[bytes]) -> list[bytes]:
    """The parts with one of them gone, there twice, or changed for another."""
    parts = list(parts)
    one, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    what = rng.randrange(3)
    if what == 0 and len(parts) > 1:
        del parts[one]
    elif what == 1:
        parts.insert(other, parts[one])
    else:
        parts[one], parts[other] = parts[other], parts[one]
    return parts


def spoilt(base: Base, seed: int) -> bytes:
    """Spoil a file in one to three ways, the same ones for the same seed."""
    rng = random.Random(f"{base.name} {seed}")
    parts = _parts(rng, base.parts) if rng.random() < 0.15 else base.parts
    octets = bytearray(b"".join(parts))
    ways = rng.choice((1, 1, 1, 2, 3)) if parts is base.parts else rng.choice((0, 0, 1))
    for _ in range(ways):
        if not octets:
            break
        header = min(base.header, len(octets))
        within = header if rng.random() < 0.75 else len(octets)
        place = rng.randrange(within)
        # Up to where the header of the sound itself begins, bytes may come and go one by one.
        in_sound = place > header - 16 or parts is not base.parts
        rng.choice(_SPOILS)(rng, octets, place, base.step if in_sound else 1)
    contents = bytes(octets)
    return _with_true_checksums(contents) if rng.random() < 0.5 else contents


def _with_true_checksums(contents: bytes) -> bytes:
    """The same with pages of Ogg, if any, that are wrong in all but their checksum."""
    begins = [match.start() for match in re.finditer(b"OggS", contents)]
    pages = []
    for begin, following in pairwise([*begins, len(contents)]):
        page = contents[begin:following]
        pages.append(ogg.checked(page) if len(page) > 27 else page)
    return contents[: begins[0]] + b"".join(pages) if begins else contents
