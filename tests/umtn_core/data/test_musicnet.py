"""Small data sets laid out exactly as MusicNet is."""

import csv

import numpy as np
import pytest

from tests.umtn_core.data.packed import pack, save, spoil, tone
from umtn_core.data.collection import SPOOL
from umtn_core.data.musicnet import DOMAINS, METADATA, prepare_musicnet
from umtn_core.data.store import INDEX, Store
from umtn_core.errors import UmtnError

COLUMNS = ["id", "composer", "composition", "movement", "ensemble", "source", "transcriber",
           "catalog_name", "seconds"]  # fmt: skip


@pytest.fixture
def unpacked(tmp_path):
    """Four recordings a domain, one of each tested with, and one of no domain."""
    root, rows, number = tmp_path / "musicnet", [], 1727
    kinds = [*DOMAINS.values(), ("Schubert", "Solo Piano")]
    for composer, ensemble in kinds:
        for take in range(4):
            part = "test" if take == 3 and composer != "Cambini" else "train"
            save(root / f"{part}_data" / f"{number}.wav", tone(1.0, 200 + number % 300, 44_100),
                 44_100)  # fmt: skip
            (root / f"{part}_labels").mkdir(exist_ok=True)
            (root / f"{part}_labels" / f"{number}.csv").write_text("start_time,end_time\n1,2\n")
            rows.append([number, composer, "Suite, No. 1", f"{take}. Air", ensemble, "Museum",
                         "mutopia", "BWV1", 1])  # fmt: skip
            number += 1
    with (tmp_path / METADATA).open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return root


@pytest.fixture
def archive(unpacked):
    return pack(unpacked, unpacked.parent / "musicnet.tar.gz")


def test_the_six_domains_and_its_own_test_recordings(archive, tmp_path):
    store = prepare_musicnet(archive, tmp_path / "store")
    assert store.domains == tuple(sorted(DOMAINS))
    assert store.index.skipped == []
    for domain in DOMAINS:
        counts = {s: len(store.files(domain, s)) for s in ("train", "valid", "test")}
        assert counts == {"train": 2, "valid": 1, "test": 1}
        (tested,) = store.files(domain, "test")
        assert ("test_data" in tested.source) == (domain != "cambini_wind_quintet")
        assert "CC BY 4.0" in tested.licence and "Museum" in tested.licence
        assert "Suite, No. 1" in tested.credits
        assert store.read(tested).shape == (16_000,)
    assert not (store.path / SPOOL).exists()


def test_folder_and_archive_give_the_same_audio(archive, unpacked, tmp_path):
    packed = prepare_musicnet(archive, tmp_path / "one", workers=2)
    folder = prepare_musicnet(unpacked, tmp_path / "two")
    for one, two in zip(packed.index.files, folder.index.files, strict=True):
        assert (one.domain, one.split, one.samples) == (two.domain, two.split, two.samples)
        np.testing.assert_array_equal(packed.read(one), folder.read(two))


def test_an_interrupted_run_goes_on(archive, tmp_path):
    class Stop(Exception):
        pass

    def stop_at_five(stage, done, total, name):
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        prepare_musicnet(archive, tmp_path / "store", progress=stop_at_five)
    assert not (tmp_path / "store" / INDEX).exists()
    assert not (tmp_path / "store" / SPOOL).exists()
    made = {file: file.stat().st_mtime_ns for file in (tmp_path / "store").rglob("*.npy")}
    seen = []
    store = prepare_musicnet(archive, tmp_path / "store", progress=lambda *a: seen.append(a))
    assert (seen[0][1], seen[-1][1:3]) == (6, (24, 24))
    assert all(file.stat().st_mtime_ns == time for file, time in made.items())
    assert len(store.index.files) == 24


def test_only_some_domains(archive, tmp_path):
    store = prepare_musicnet(archive, tmp_path / "store", domains=("Bach Solo Cello",))
    assert store.domains == ("bach_solo_cello",)
    with pytest.raises(UmtnError, match="MusicNet has no domain 'tuba'"):
        prepare_musicnet(archive, tmp_path / "store", domains=("tuba",))


@pytest.mark.parametrize("kind", ["cut off", "changed"])
def test_a_damaged_archive_makes_no_store(archive, tmp_path, kind):
    spoil(archive, kind)
    with pytest.raises(UmtnError, match="damaged or cut off"):
        prepare_musicnet(archive, tmp_path / "store")
    with pytest.raises(UmtnError):
        Store.open(tmp_path / "store")


def test_recordings_that_are_missing_or_too_short_are_named(unpacked, tmp_path):
    (unpacked / "train_data" / "1727.wav").unlink()
    save(unpacked / "train_data" / "1728.wav", tone(3.0, 300, 44_100), 44_100)
    store = prepare_musicnet(unpacked, tmp_path / "store")
    reasons = {item.source: item.reason for item in store.index.skipped}
    assert "not in musicnet" in reasons["1727.wav"]
    assert "3.0 s long" in reasons["train_data/1728.wav"]


def test_a_domain_without_recordings_is_an_error(unpacked, tmp_path):
    for file in unpacked.rglob("17[23][0-9].wav"):
        if int(file.stem) < 1731:
            file.unlink()
    with pytest.raises(UmtnError, match="bach_solo_cello"):
        prepare_musicnet(unpacked, tmp_path / "store")


@pytest.mark.parametrize(
    ("table", "says"),
    [(None, "table of recordings"), ("id,composer\n1,Bach\n", "not MusicNet's table"),
     (b"\xff\xfe", "not MusicNet's table")],
)  # fmt: skip
def test_a_table_that_is_missing_or_another(archive, tmp_path, table, says):
    place = tmp_path / METADATA
    place.unlink()
    if table is not None:
        place.write_bytes(table if isinstance(table, bytes) else table.encode())
    with pytest.raises(UmtnError, match=says):
        prepare_musicnet(archive, tmp_path / "store")


def test_the_table_may_lie_elsewhere(archive, tmp_path):
    elsewhere = tmp_path / "tables" / "m.csv"
    elsewhere.parent.mkdir()
    (tmp_path / METADATA).rename(elsewhere)
    store = prepare_musicnet(
        archive, tmp_path / "store", metadata=elsewhere, domains=("bach_solo_piano",)
    )
    assert store.domains == ("bach_solo_piano",)
