import json

import msgspec
import numpy as np
import pytest

from umtn_core.data.files import write_audio, write_json
from umtn_core.data.store import FileEntry, Index, PairEntry, Store, write_index
from umtn_core.errors import UmtnError


@pytest.fixture
def folder(tmp_path):
    entries = []
    for domain in ("violin", "flute"):
        for split in ("train", "train", "valid"):
            path = f"audio/{domain}/{len(entries)}.npy"
            samples = write_audio(tmp_path / path, np.linspace(0, 1, 100 + len(entries)))
            entries.append(
                FileEntry(
                    domain=domain,
                    split=split,
                    path=path,
                    samples=samples,
                    source="s",
                    licence="CC0",
                )
            )
    write_audio(tmp_path / "pairs/Font/tune.flute.npy", np.zeros(50))
    write_json(tmp_path / "pairs/Font/tune.notes.json", [[0.0, 0.5, 60, 90]])
    pair = PairEntry(
        piece="tune", split="test", licence="CC0", source="s", soundfont="Font",
        notes="pairs/Font/tune.notes.json", renders={"flute": "pairs/Font/tune.flute.npy"},
    )  # fmt: skip
    write_index(tmp_path, Index(files=entries, pairs=[pair]))
    return tmp_path


def test_reading_back(folder):
    store = Store.open(folder)
    assert store.domains == ("flute", "violin")
    assert store.sample_rate == 16_000
    assert [e.path for e in store.files("flute", "train")] == [
        "audio/flute/3.npy",
        "audio/flute/4.npy",
    ]
    assert store.files("flute", "test") == []
    audio = store.read(store.files("violin", "valid")[0])
    assert isinstance(audio, np.memmap)
    assert audio.shape == (102,) and audio.dtype == np.int16 and audio[-1] == 32767
    with pytest.raises(ValueError, match="read-only"):
        audio[0] = 1


def test_pairs_and_their_notes(folder):
    store = Store.open(folder)
    (pair,) = store.pairs("Font")
    assert store.pairs("Font", "valid") == [] == store.pairs("Other")
    assert store.notes(pair) == [(0.0, 0.5, 60, 90)]
    assert store.read(pair.renders["flute"]).shape == (50,)


def test_what_a_store_of_old_does_not_say(folder):
    store = Store.open(folder)
    assert store.heard_rate is None
    assert all(entry.others == [] for entry in store.index.files)
    (pair,) = store.index.pairs
    assert pair.sources == {} and pair.texture is None and store.curves(pair) is None


def test_curves_of_a_pair(folder):
    store = Store.open(folder)
    (pair,) = store.index.pairs
    pair = msgspec.structs.replace(pair, curves="pairs/tune.curves.npz")
    bend = np.linspace(0, 1, 50, dtype=np.float32)
    np.savez(folder / pair.curves, bend=bend, gain=bend, tuning=np.float32(0.25))
    found = store.curves(pair)
    assert found.tuning == 0.25
    np.testing.assert_array_equal(found.bend, bend)
    np.testing.assert_array_equal(found.gain, bend)
    for damage in (b"", (folder / pair.curves).read_bytes()[:-30], b"no curves"):
        (folder / pair.curves).write_bytes(damage)
        with pytest.raises(UmtnError, match="make the store again"):
            store.curves(pair)


def test_unknown_domains_are_named_with_those_there_are(folder):
    with pytest.raises(UmtnError, match="no domain 'oboe': it has flute, violin"):
        Store.open(folder).files("oboe", "train")


def test_no_store(tmp_path):
    with pytest.raises(UmtnError, match="umtn data"):
        Store.open(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 99}, "schema 99"),
        ({"surprise": 1}, "not a valid index"),
        ({"files": [{"domain": "a"}]}, "not a valid index"),
        (None, "not a valid index"),
    ],
)
def test_a_broken_index_is_refused(folder, change, says):
    file = folder / "index.json"
    text = "{" if change is None else json.dumps(json.loads(file.read_text()) | change)
    file.write_text(text)
    with pytest.raises(UmtnError, match=says):
        Store.open(folder)


@pytest.mark.parametrize("damage", ["missing", "short", "cut", "text"])
def test_damaged_audio_is_refused(folder, damage):
    store = Store.open(folder)
    entry = store.files("flute", "train")[0]
    file = folder / entry.path
    if damage == "missing":
        file.unlink()
    elif damage == "short":
        write_audio(file, np.zeros(entry.samples - 1))
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        file.write_text("not audio")
    with pytest.raises(UmtnError, match="make the store again"):
        store.read(entry)
