import numpy as np
import pytest

from umtn_core.data.files import write_audio, write_json
from umtn_core.data.store import FileEntry, Index, PairEntry, Store, write_index
from umtn_core.errors import UmtnError
from umtn_core.evaluation.material.held_out import excerpts, held_out_pieces, soundfonts

NOTES = [[0.1, 0.4, 60, 90], [0.4, 0.9, 62, 90]]


@pytest.fixture
def store(tmp_path):
    files, pairs = [], []
    for k, samples in enumerate((16_000, 40_000, 5_000)):
        path = f"audio/flute/{k}.npy"
        write_audio(tmp_path / path, np.arange(samples) / 100_000)
        common = {"domain": "flute", "source": "", "licence": ""}
        files.append(FileEntry(split="test", path=path, samples=samples, **common))
    write_json(tmp_path / "notes.json", NOTES)
    for font in ("Main", "Second"):
        for piece, split in (("a", "test"), ("b", "valid"), ("c", "test")):
            renders = {}
            for domain in ("flute", "violin") if piece != "c" else ("flute",):
                renders[domain] = f"pairs/{font}/{piece}.{domain}.npy"
                write_audio(tmp_path / renders[domain], np.full(16_000, 0.25))
            pairs.append(
                PairEntry(
                    piece=piece,
                    split=split,
                    licence="",
                    source="",
                    soundfont=font,
                    notes="notes.json",
                    renders=renders,
                )
            )
    write_index(tmp_path, Index(files=files, pairs=pairs))
    return Store.open(tmp_path)


def test_pieces_are_of_one_soundfont_and_split_and_complete(store):
    assert soundfonts(store) == ("Main", "Second")
    (piece,) = held_out_pieces(store, ("flute", "violin"), "Second")
    assert piece.name == "a"
    assert sorted(piece.renders) == ["flute", "violin"]
    assert piece.renders["flute"].samples[0] == pytest.approx(0.25, abs=1e-4)
    assert [p.name for p in held_out_pieces(store, ("flute",), "Main")] == ["a", "c"]
    assert [p.name for p in held_out_pieces(store, ("flute",), "Main", pieces=1)] == ["a"]


def test_seconds_cut_the_audio_and_its_notes(store):
    (piece,) = held_out_pieces(store, ("violin",), "Main", seconds=0.3)
    assert len(piece.renders["violin"].samples) == 4_800
    assert piece.notes == [(0.1, 0.3, 60, 90)]


def test_no_pieces_is_an_error(store):
    with pytest.raises(UmtnError, match="no test pieces played by Main in flute, tuba"):
        held_out_pieces(store, ("flute", "tuba"), "Main")


def test_excerpts_are_spread_and_do_not_overlap(store):
    found = excerpts(store, "flute", "test", 3, 0.5)
    assert [len(e) for e in found] == [8_000] * 3
    # Of seven places (two in the first file, five in the second): first, middle and last.
    assert [round(float(e[0]) * 100_000) for e in found] == pytest.approx([0, 8_000, 32_000], abs=4)
    assert len(excerpts(store, "flute", "test", 100, 0.5)) == 7


def test_excerpts_longer_than_every_file_are_an_error(store):
    with pytest.raises(UmtnError, match="lasts 9 s"):
        excerpts(store, "flute", "test", 3, 9)
