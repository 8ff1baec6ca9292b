"""Small data sets laid out exactly as NSynth is."""

import json
import shutil

import pytest

from tests.umtn_core.data.packed import pack, save, spoil, tone
from umtn_core.data.collection import SPOOL
from umtn_core.data.nsynth import prepare_nsynth
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError

NOTES = {
    "train": ["bass_synthetic_033-022-050", "bass_synthetic_033-023-050",
              "synth_lead_synthetic_001-060-127", "flute_acoustic_002-077-100"],
    "valid": ["bass_electronic_018-022-100", "flute_acoustic_005-077-100"],
    "test": ["bass_electronic_019-030-075", "flute_synthetic_000-055-025"],
}  # fmt: skip


@pytest.fixture
def parts(tmp_path):
    root = tmp_path / "nsynth"
    for split, notes in NOTES.items():
        part = root / f"nsynth-{split}"
        for note in notes:
            save(part / "audio" / f"{note}.wav", tone(4.0, 100.0 + int(note[-7:-4])))
        listed = {note: {"pitch": int(note[-7:-4]), "instrument_family": 0} for note in notes}
        (part / "examples.json").write_text(json.dumps(listed))
    return root


@pytest.fixture
def archives(parts):
    for split in NOTES:
        pack(parts / f"nsynth-{split}", parts / f"nsynth-{split}.jsonwav.tar.gz")
        shutil.rmtree(parts / f"nsynth-{split}")
    return parts


@pytest.mark.parametrize("kind", ["parts", "archives"])
def test_families_are_domains_in_its_own_splits(request, kind, tmp_path):
    store = prepare_nsynth(
        request.getfixturevalue(kind), tmp_path / "store", families=("bass", "flute")
    )
    assert store.domains == ("bass", "flute")
    assert store.index.skipped == []
    counts = {s: len(store.files("bass", s)) for s in NOTES}
    assert counts == {"train": 2, "valid": 1, "test": 1}
    entry = store.files("bass", "train")[0]
    assert entry.path.startswith("audio/bass/bass_synthetic_033/")
    assert entry.licence.startswith("CC BY 4.0")
    assert store.read(entry).shape == (64_000,)
    assert not (store.path / SPOOL).exists()


def test_names_with_an_underscore(parts, tmp_path):
    store = prepare_nsynth(parts, tmp_path / "store", families=("synth_lead",))
    assert store.domains == ("synth_lead",)


def test_only_notes_made_in_one_way(parts, tmp_path):
    store = prepare_nsynth(parts, tmp_path / "store", families=("flute",), sources=("acoustic",))
    assert {s: len(store.files("flute", s)) for s in NOTES} == {"train": 1, "valid": 1, "test": 0}


def test_an_interrupted_run_goes_on(archives, tmp_path):
    seen = []

    def stop_at_two(stage, done, total, name):
        seen.append(name)
        if len(seen) == 2:
            raise KeyboardInterrupt

    chosen = {"families": ("bass", "flute")}
    with pytest.raises(KeyboardInterrupt):
        prepare_nsynth(archives, tmp_path / "store", progress=stop_at_two, **chosen)
    with pytest.raises(UmtnError):
        Store.open(tmp_path / "store")
    later = []
    prepare_nsynth(archives, tmp_path / "store", progress=lambda *a: later.append(a[3]), **chosen)
    assert not set(seen) & set(later)
    assert len(seen) + len(later) == 7


def test_notes_that_are_missing_short_or_unknown_are_named(parts, tmp_path):
    audio = parts / "nsynth-train" / "audio"
    (audio / "bass_synthetic_033-022-050.wav").unlink()
    save(audio / "bass_synthetic_033-023-050.wav", tone(2.0))
    save(audio / "kazoo.wav", tone(4.0))
    store = prepare_nsynth(parts, tmp_path / "store", families=("bass",))
    reasons = {item.source: item.reason for item in store.index.skipped}
    assert "not in nsynth-train" in reasons["bass_synthetic_033-022-050"]
    assert "2.0 s long" in reasons["audio/bass_synthetic_033-023-050.wav"]
    assert "not called" in reasons["kazoo"]


@pytest.mark.parametrize("kind", ["cut off", "changed"])
def test_a_damaged_archive_makes_no_store(archives, tmp_path, kind):
    spoil(archives / "nsynth-train.jsonwav.tar.gz", kind)
    with pytest.raises(UmtnError, match=r"damaged or cut off|neither a folder"):
        prepare_nsynth(archives, tmp_path / "store", families=("bass",))
    with pytest.raises(UmtnError):
        Store.open(tmp_path / "store")


@pytest.mark.parametrize(
    ("options", "says"),
    [({"families": ("tuba",)}, "no family 'tuba'"), ({"sources": ("magic",)}, "no source 'magic'"),
     ({"families": ("organ",)}, "no usable note of organ")],
)  # fmt: skip
def test_what_is_not_there(parts, tmp_path, options, says):
    with pytest.raises(UmtnError, match=says):
        prepare_nsynth(parts, tmp_path / "store", **options)


def test_a_folder_without_any_part(tmp_path):
    with pytest.raises(UmtnError, match="none of nsynth-train"):
        prepare_nsynth(tmp_path, tmp_path / "store")


def test_a_list_that_is_none(parts, tmp_path):
    (parts / "nsynth-valid" / "examples.json").write_text("[1, 2")
    with pytest.raises(UmtnError, match="not NSynth's list"):
        prepare_nsynth(parts, tmp_path / "store", families=("bass",))
