"""Soundfonts cut down to the instruments that a recipe of music plays.

Usage: python tools/gpu/soundfonts.py RECIPE FOLDER

Looks for the recipe's fonts as `umtn data synth` does, and writes each under its own name into the
folder, with the programs that the recipe names and what sounds in them. They play as in the whole
font.
"""

from __future__ import annotations

import struct
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from umtn_core.data.synth.recipe import Recipe
from umtn_core.data.synth.recipe_file import load_recipe
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError

#: Bytes of a record of each table (SoundFont 2.04, section 7).
_RECORD = {
    "phdr": 38, "pbag": 4, "pmod": 10, "pgen": 4, "inst": 22,
    "ibag": 4, "imod": 10, "igen": 4, "shdr": 46,
}  # fmt: skip
#: Generators that name an instrument and a sample.
_INSTRUMENT, _SAMPLE = 41, 53
#: Bits of a sample's type: linked to another one; packed by itself, as in ``.sf3``.
_LINKED, _PACKED = 0x0E, 0x10
#: Samples of silence after each, which the format asks for.
_SILENCE = 46


def programs(recipe: Recipe) -> dict[str, set[int]]:
    """List the programs of each soundfont that a recipe plays."""
    found: dict[str, set[int]] = defaultdict(set)
    played = [make for domain in recipe.domains.values() for make in domain.instruments]
    if recipe.others is not None:
        groups = (*recipe.others.sustained, *recipe.others.struck)
        played += [(group.font, program) for group in groups for program in group.programs]
    if recipe.pairs.count or recipe.pairs.chords:
        sources = {source.program for source in recipe.pairs.sources.values()}
        targets = {domain.instruments[0][1] for domain in recipe.domains.values()}
        played += [(font, one) for font in recipe.pairs.soundfonts for one in sources | targets]
    for font, program in played:
        found[font].add(program)
    return dict(found)


def cut(font: bytes, wanted: set[int]) -> bytes:
    """Cut a soundfont down to some programs of bank 0.

    Raises
    ------
    UmtnError
        If it is no soundfont, or has none of the programs.
    """
    lists = {font[at : at + 4]: (at + 4, end) for name, at, end in _chunks(font, 12, len(font))
             if name == b"LIST"}  # fmt: skip
    try:
        info = font[slice(*lists[b"INFO"])]
        data = {name: (at, end) for name, at, end in _chunks(font, *lists[b"sdta"])}
        tables = {
            name.decode(): [font[i : i + size] for i in range(at, end, size)]
            for name, at, end in _chunks(font, *lists[b"pdta"])
            for size in (_RECORD[name.decode()],)
        }
        samples = font[slice(*data[b"smpl"])]
    except KeyError as error:
        raise UmtnError("A soundfont lacks one of its parts: install it again.") from error
    made = _Cut(tables, samples, wanted)
    parts = [
        _chunk(b"LIST", b"INFO" + info),
        _chunk(b"LIST", b"sdta" + _chunk(b"smpl", bytes(made.samples))),
        _chunk(b"LIST", b"pdta" + b"".join(
            _chunk(name.encode(), b"".join(made.tables[name])) for name in _RECORD
        )),
    ]  # fmt: skip
    return _chunk(b"RIFF", b"sfbk" + b"".join(parts))


class _Cut:
    """The tables and samples that are left of a soundfont."""

    def __init__(self, tables: dict[str, list[bytes]], samples: bytes, wanted: set[int]):
        self._old, self._old_samples = tables, samples
        self.tables: dict[str, list[bytes]] = {name: [] for name in _RECORD}
        self.samples = bytearray()
        kept = [
            row
            for row, record in enumerate(tables["phdr"][:-1])
            if struct.unpack_from("<HH", record, 20) in {(program, 0) for program in wanted}
        ]
        if not kept:
            raise UmtnError("A soundfont has none of the recipe's programs in it.")
        instruments = self._named(kept, "phdr", "pbag", "pgen", _INSTRUMENT, 24)
        sounding = self._named(instruments, "inst", "ibag", "igen", _SAMPLE, 20)
        for row in sounding[:]:
            link, kind = struct.unpack_from("<HH", tables["shdr"][row], 42)
            if kind & _LINKED and link not in sounding:
                sounding.append(link)
        self._copy(kept, "phdr", "pbag", "pgen", "pmod", 24, _INSTRUMENT, instruments)
        self._copy(instruments, "inst", "ibag", "igen", "imod", 20, _SAMPLE, sounding)
        for row in sounding:
            self._copy_sample(row, sounding)
        self.tables["shdr"].append(tables["shdr"][-1])

    def _zones(self, row: int, head: str, bags: str, at: int) -> Iterator[tuple[slice, slice]]:
        """Give each zone's generators and modulators."""
        begin, end = (struct.unpack_from("<H", self._old[head][row + i], at)[0] for i in (0, 1))
        for bag in range(begin, end):
            first = struct.unpack("<HH", self._old[bags][bag])
            after = struct.unpack("<HH", self._old[bags][bag + 1])
            yield slice(first[0], after[0]), slice(first[1], after[1])

    def _named(
        self, rows: list[int], head: str, bags: str, generators: str, kind: int, at: int
    ) -> list[int]:
        """List what generators of a kind name, each once."""
        found: dict[int, None] = {}
        for row in rows:
            for own, _ in self._zones(row, head, bags, at):
                for generator in self._old[generators][own]:
                    operator, value = struct.unpack("<HH", generator)
                    if operator == kind:
                        found[value] = None
        return list(found)

    def _copy(
        self, rows: list[int], head: str, bags: str, generators: str, modulators: str, at: int,
        kind: int, named: list[int],
    ) -> None:  # fmt: skip
        """Copy heads with all that is theirs, renumbered, and the record that ends each table."""
        new = self.tables

        def begin(record: bytes) -> None:
            bag = struct.pack("<H", len(new[bags]))
            new[head].append(record[:at] + bag + record[at + 2 :])

        for row in rows:
            begin(self._old[head][row])
            for own, changes in self._zones(row, head, bags, at):
                new[bags].append(struct.pack("<HH", len(new[generators]), len(new[modulators])))
                for generator in self._old[generators][own]:
                    operator, value = struct.unpack("<HH", generator)
                    value = named.index(value) if operator == kind else value
                    new[generators].append(struct.pack("<HH", operator, value))
                new[modulators] += self._old[modulators][changes]
        begin(self._old[head][-1])
        new[bags].append(struct.pack("<HH", len(new[generators]), len(new[modulators])))
        new[generators].append(bytes(_RECORD[generators]))
        new[modulators].append(bytes(_RECORD[modulators]))

    def _copy_sample(self, row: int, sounding: list[int]) -> None:
        record = self._old["shdr"][row]
        start, end, loop, loop_end = struct.unpack_from("<IIII", record, 20)
        link, kind = struct.unpack_from("<HH", record, 42)
        if kind & _PACKED:
            # Bytes, and a loop that counts from the sample's own beginning.
            place = len(self.samples)
            self.samples += self._old_samples[start:end]
            moved = (place, len(self.samples), loop, loop_end)
        else:
            place = len(self.samples) // 2
            self.samples += self._old_samples[2 * start : 2 * end] + bytes(2 * _SILENCE)
            moved = (place, place + end - start, place + loop - start, place + loop_end - start)
        link = sounding.index(link) if kind & _LINKED else 0
        self.tables["shdr"].append(
            record[:20]
            + struct.pack("<IIII", *moved)
            + record[36:42]
            + struct.pack("<HH", link, kind)
        )


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Give the name, the beginning and the end of each chunk of a RIFF list."""
    while at + 8 <= end:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at + 8, at + 8 + size
        at += 8 + size + size % 2


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)


def main() -> None:
    """Cut the fonts of the recipe that the command line names."""
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        recipe = load_recipe(sys.argv[1])
        for name, wanted in sorted(programs(recipe).items()):
            font = find_soundfont(name)
            (folder / font.path.name).write_bytes(cut(font.path.read_bytes(), wanted))
    except UmtnError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
