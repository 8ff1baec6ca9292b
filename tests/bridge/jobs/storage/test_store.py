"""The store: what was acknowledged is there again, whatever happened to the files."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import zlib

import msgspec
import pytest

from bridge.jobs.record import Record
from bridge.jobs.rendering.saved_batch import WorkFolder
from bridge.jobs.request import RenderRequest, RequestError
from bridge.jobs.storage.database import SCHEMA, Database
from bridge.jobs.storage.journal import Journal, read_journal
from bridge.jobs.storage.store import DATABASE, JOURNAL, JobStore
from tests.bridge.jobs.conftest import running
from umtn_core.errors import UmtnError


def record(id, state="queued", created=0.0, **options):
    request = RenderRequest(id=id, input="/in.wav", target="trumpet", output=f"/{id}.wav")
    return Record(request, request, state, created=created, updated=created, **options)


def written(folder, *calls):
    """Write to a store, and leave its files as a killed process would."""

    async def work():
        store = JobStore(folder)
        for kept, forgotten in calls:
            await store.write(*kept, forgotten=forgotten)
        return store

    folder.mkdir(exist_ok=True)
    store = asyncio.run(work())
    copy = folder.with_name(f"{folder.name}-killed")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    store._close()
    store._thread.shutdown()
    return copy


def opened(folder):
    store = JobStore(folder)
    found = {record.id: record for record in store.records}
    store._close()
    store._thread.shutdown()
    return found


def lines(path):
    """What a journal holds, without the space ahead."""
    return path.read_bytes().rstrip(b"\0")


def many(count=200):
    return [record(f"job {i}", created=float(i), message="x" * 200) for i in range(count)]


def test_records_come_back_after_a_kill_in_their_order(tmp_path):
    records = many(5)
    folder = written(tmp_path / "a", (records, ()), ([records[1]], ("job 3",)))
    found = opened(folder)
    assert list(found) == ["job 0", "job 1", "job 2", "job 4"]
    assert found["job 2"] == records[2]
    assert opened(folder) == found, "and again"


def test_writes_at_once_are_one_transaction(tmp_path):
    async def work():
        store = JobStore(tmp_path)
        await asyncio.gather(*(store.write(each) for each in many(500)))
        await store.close()

    asyncio.run(work())
    assert len(opened(tmp_path)) == 500


@pytest.mark.parametrize("file", [DATABASE, f"{DATABASE}-wal"])
@pytest.mark.parametrize("cut", [1, 100, 4096, 4097, 3 * 4096, 10**9])
def test_a_database_cut_short_loses_nothing(tmp_path, file, cut):
    records = many()
    done = [record(r.id, "done", r.created + 0.5, output_size=7) for r in records[::2]]
    folder = written(tmp_path / "a", (records, ()), (done, ()))
    if file == DATABASE:  # with everything in the one file
        Database(folder / DATABASE).close()
    size = (folder / file).stat().st_size
    with open(folder / file, "r+b") as damaged:
        damaged.truncate(max(0, size - cut))
    expected = {r.id: r for r in records} | {r.id: r for r in done}
    assert opened(folder) == expected
    assert opened(folder) == expected, "and what was mended is sound"


@pytest.mark.parametrize("at", [0, 50, 4096, 4096 * 5 + 3])
def test_a_database_with_rubbish_in_it_loses_nothing(tmp_path, at):
    folder = written(tmp_path / "a", (many(), ()))
    Database(folder / DATABASE).close()
    with open(folder / DATABASE, "r+b") as damaged:
        damaged.seek(at)
        damaged.write(b"\xa5" * 3000)
    assert opened(folder) == {r.id: r for r in many()}
    assert (folder / f"damaged-{DATABASE}").exists()


@pytest.mark.parametrize("cut", [1, 57, 5000, 10**9])
def test_a_journal_cut_short_loses_nothing(tmp_path, cut):
    folder = written(tmp_path / "a", (many(), ()))
    with open(folder / JOURNAL, "r+b") as damaged:
        damaged.truncate(max(0, len(lines(folder / JOURNAL)) - cut))
    assert opened(folder) == {r.id: r for r in many()}


def test_what_was_forgotten_stays_so(tmp_path):
    folder = written(tmp_path / "a", (many(3), ()), ((), ("job 1",)))
    (folder / DATABASE).unlink()
    for ending in ("-wal", "-shm"):
        (folder / f"{DATABASE}{ending}").unlink(missing_ok=True)
    assert list(opened(folder)) == ["job 0", "job 2"]


def test_a_journal_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.jobs.storage.store.LARGEST_JOURNAL", 10_000)
    calls = [([record("a", created=float(i))], ()) for i in range(200)]
    folder = written(tmp_path / "a", *calls)
    assert len(lines(folder / JOURNAL)) < 20_000
    assert opened(folder)["a"].created == 199


def test_what_could_not_be_written_is_not_there_later(tmp_path):
    """A job that was refused since the disk was full must not be rendered after all."""

    class Full:
        def write(self, kept, forgotten=()):
            raise sqlite3.OperationalError("database or disk is full")

    async def work():
        store = JobStore(tmp_path)
        await store.write(record("a"))
        whole, store._database = store._database, Full()
        with pytest.raises(sqlite3.OperationalError):
            await store.write(record("b"))
        store._database = whole
        await store.write(record("c"))
        await store.close()

    asyncio.run(work())
    assert list(opened(tmp_path)) == ["a", "c"]
    assert list(read_journal(tmp_path / JOURNAL).records) == ["a", "c"]


def test_a_journal_goes_on_after_a_full_disk(tmp_path, monkeypatch):
    """Lines that do not reach the disk are taken off; space ahead is only a wish."""
    path = tmp_path / JOURNAL
    journal = Journal(path, [record("a")])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bridge.jobs.storage.journal.sync_data", full)
        with pytest.raises(OSError, match="No space"):
            journal.append([record("b")])
    assert list(read_journal(path).records) == ["a"]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        journal.append([record("c")])
    assert list(read_journal(path).records) == ["a", "c"]
    journal.append([record("d")])
    assert list(read_journal(path).records) == ["a", "c", "d"]
    journal.close()
    assert path.read_bytes() == lines(path)


def test_half_a_line_does_not_spoil_the_next(tmp_path):
    path = tmp_path / JOURNAL
    journal = Journal(path, [])
    journal.append([record("a")])
    journal.close()
    with open(path, "ab") as file:
        file.write(b"0badc0de {half a li")
    folder = tmp_path
    assert list(opened(folder)) == ["a"]
    copy = written(folder, ([record("b", created=1.0)], ()))
    (copy / DATABASE).unlink()
    (copy / f"{DATABASE}-wal").unlink(missing_ok=True)
    (copy / f"{DATABASE}-shm").unlink(missing_ok=True)
    assert list(opened(copy)) == ["a", "b"]


def test_a_record_that_makes_no_sense_is_left_out(tmp_path):
    folder = written(tmp_path / "a", (many(2), ()))
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("INSERT INTO jobs VALUES ('z', 'queued', 0, '{}')")
    connection.close()
    assert list(opened(folder)) == ["job 0", "job 1"]


def later(id, state="queued", updated=5.0, **more):
    """What a later version has written: a record with something in it that nobody knows yet."""
    plain = msgspec.to_builtins(record(id, state, updated))
    return msgspec.json.encode({**plain, "mood": "merry", **more})


def insert(folder, id, text):
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("INSERT OR REPLACE INTO jobs VALUES (?, 'queued', 5.0, ?)", (id, text))
    connection.close()


def journalled(folder, text):
    entry = b'{"type":"Kept","record":' + text + b"}"
    whole = lines(folder / JOURNAL)
    (folder / JOURNAL).write_bytes(whole + b"%08x %s\n" % (zlib.crc32(entry), entry))


def stored(folder):
    """All that lies in the database, by id."""
    with sqlite3.connect(folder / DATABASE) as connection:
        found = dict(connection.execute("SELECT id, record FROM jobs"))
    connection.close()
    return found


@pytest.mark.parametrize("lost", [None, DATABASE, JOURNAL])
def test_a_record_of_a_later_version_outlives_an_earlier_one(tmp_path, monkeypatch, caplog, lost):
    """Through starts, writes and new journals, and whichever file it is lost from."""
    monkeypatch.setattr("bridge.jobs.storage.store.LARGEST_JOURNAL", 1000)
    folder = written(tmp_path / "a", (many(2), ()))
    text = later("new")
    insert(folder, "new", text)
    journalled(folder, text)
    for i in range(3):
        copy = written(folder, ([record("job 0", created=float(i))] * 5, ("job 1",)))
        assert set(opened(folder)) == {"job 0"}
        assert "1 stored jobs" in caplog.text
        caplog.clear()
        if lost is not None and i == 0:
            # The other one has it all.
            for name in [lost, *([f"{lost}-wal", f"{lost}-shm"] if lost == DATABASE else [])]:
                (copy / name).unlink(missing_ok=True)
        folder = copy
    assert stored(folder)["new"] == text
    assert b'{"type":"Kept","record":' + text + b"}" in lines(folder / JOURNAL)


def test_a_record_of_a_later_version_outlives_a_damaged_database(tmp_path):
    folder = written(tmp_path / "a", (many(2), ()))
    text = later("new")
    journalled(folder, text)
    (folder / DATABASE).write_bytes(b"\xa5" * 5000)
    assert set(opened(folder)) == {"job 0", "job 1"}
    assert stored(folder)["new"] == text


def test_the_newest_of_two_copies_is_the_one(tmp_path):
    """Of a job that two versions have written to, one of them to one file only."""
    for in_database, in_journal, readable in [
        (later("x", updated=5.0), msgspec.json.encode(record("x", created=6.0)), True),
        (later("x", updated=5.0), msgspec.json.encode(record("x", created=4.0)), False),
        (msgspec.json.encode(record("x", created=6.0)), later("x", updated=5.0), True),
        (msgspec.json.encode(record("x", created=4.0)), later("x", updated=5.0), False),
        (b"{damaged", msgspec.json.encode(record("x", created=4.0)), True),
    ]:
        folder = written(tmp_path / "a", (many(1), ()))
        insert(folder, "x", in_database)
        journalled(folder, in_journal)
        assert ("x" in opened(folder)) == readable, (in_database, in_journal)
        assert ("x" in opened(folder)) == readable, "and again"
        shutil.rmtree(tmp_path / "a")


@pytest.mark.parametrize(
    "text",
    [b"", b"rubbish", b'{"job":{"id":"x"},"form":2}', later("y"), b'{"asked":\n{"id":"x"}}'],
)
def test_a_record_that_does_not_say_whose_it_is_keeps_its_id(tmp_path, caplog, text):
    """In both files, whichever of them is lost, and in neither of them twice."""
    folder = written(tmp_path / "a", (many(1), ()))
    insert(folder, "x", text)
    opened(folder)
    whole = (folder / JOURNAL).read_bytes()
    for lost in (None, DATABASE, JOURNAL, None):
        if lost is not None:
            (folder / lost).unlink()
        caplog.clear()
        assert set(opened(folder)) == {"job 0"}
        assert "1 stored jobs" in caplog.text
        assert stored(folder).keys() == {"job 0", "x"} and stored(folder)["x"] == text
        assert sorted((folder / JOURNAL).read_bytes().split()) == sorted(whole.split())


def test_copies_of_what_means_nothing_become_one(tmp_path):
    folder = written(tmp_path / "a", (many(1), ()))
    for _ in range(6):
        journalled(folder, b'{"job":{"id":"x"}}')
    opened(folder)
    assert lines(folder / JOURNAL).count(b'{"job":{"id":"x"}}') == 1


def test_ids_that_another_tool_has_stored_as_bytes(tmp_path):
    """Those of jobs that can be read, of others, and of those that are there as text as well."""
    folder = written(tmp_path / "a", (many(2), ()))
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("UPDATE jobs SET id = CAST(id AS BLOB) WHERE id = 'job 0'")
    connection.close()
    insert(folder, b"new", later("new"))
    insert(folder, b"rubbish", b"rubbish")
    insert(folder, b"job 1", msgspec.json.encode(record("job 1", "failed", created=-9.0)))
    (folder / JOURNAL).unlink()
    for _ in range(2):
        found = opened(folder)
        assert {id: r.state for id, r in found.items()} == {"job 0": "queued", "job 1": "queued"}
        ids = stored(folder).keys()
        assert ids == {"job 0", "job 1", "new", "rubbish", b"job 1"}


def test_an_entry_that_means_nothing_yet_stays_in_the_journal(tmp_path):
    folder = written(tmp_path / "a", (many(2), ()))
    entry = b'{"type":"Archived","ids":["x"]}'
    with open(folder / JOURNAL, "r+b") as file:
        file.truncate(len(lines(folder / JOURNAL)))
        file.seek(0, os.SEEK_END)
        file.write(b"%08x %s\n" % (zlib.crc32(entry), entry))
    for _ in range(3):
        assert set(opened(folder)) == {"job 0", "job 1"}
        assert lines(folder / JOURNAL).count(entry) == 1


def test_the_journal_of_a_later_version_is_left_alone(tmp_path):
    folder = written(tmp_path / "a", (many(2), ()))
    whole = lines(folder / JOURNAL).replace(b"umtn-jobs 1", b"umtn-jobs 2")
    (folder / JOURNAL).write_bytes(whole)
    with pytest.raises(UmtnError, match="later version"):
        JobStore(folder)
    assert (folder / JOURNAL).read_bytes() == whole


def test_nothing_is_done_to_a_job_of_a_later_version(settings, music):
    """Nor is its id or output given to another, nor deleted what was saved for it."""
    music()
    output = str(settings.session_folder / "theirs.wav")
    settings.data_folder.mkdir()
    plain = msgspec.to_builtins(record("new"))
    plain["request"]["output"] = output
    theirs = msgspec.json.encode({**plain, "batch": "saved", "mood": "merry"})
    opened(settings.data_folder)
    insert(settings.data_folder, "new", theirs)
    work = WorkFolder(settings.data_folder / "work")
    work.make()
    work.batch("saved").make()
    work.batch("saved").save_state(b"state")
    work.result("new").write_bytes(b"announced")

    async def code(doing):
        try:
            await doing
        except RequestError as error:
            assert error.code == "exists" or "damaged" in error.message, "nobody can tell which"
            return error.code
        return None

    async def act(number):
        async with running(settings) as jobs:
            asked = RenderRequest(id="new", input="in.wav", target="trumpet")
            codes = [await code(jobs.service.submit(asked)), await code(jobs.service.cancel("new"))]
            id = f"ours {number}"
            other = RenderRequest(id=id, input="in.wav", target="trumpet", output=output)
            codes.append(await code(jobs.service.submit(other)))
            await jobs.service.submit(msgspec.structs.replace(other, output=f"{id}.wav"))
            await jobs.ended(id)
            await jobs.service.prune()
            return codes

    for number in range(2):
        assert asyncio.run(act(number)) == ["id_in_use", "unknown_id", "exists"]
    assert stored(settings.data_folder)["new"] == theirs
    assert set(work.saved()) == {"saved"} and work.result("new").exists()


def test_the_database_of_a_later_version_is_left_alone(tmp_path):
    folder = written(tmp_path / "a", (many(2), ()))
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()
    before = (folder / DATABASE).read_bytes()
    with pytest.raises(UmtnError, match="later version"):
        JobStore(folder)
    assert (folder / DATABASE).read_bytes()[:4096] == before[:4096]


def test_a_folder_that_cannot_be_used_is_said_in_a_sentence(tmp_path):
    with pytest.raises(UmtnError, match="job store"):
        JobStore(tmp_path / "none")


def test_everything_of_a_record_is_kept(tmp_path):
    full = msgspec.structs.replace(
        record("ä\U0001f3ba", "failed", 3.5, input_size=2**40, input_mtime_ns=2**60, crashes=1),
        code="audio", message="Why.", batch="b", output_size=1, output_mtime_ns=2,
    )  # fmt: skip
    assert opened(written(tmp_path / "a", ([full], ()))) == {full.id: full}


def test_a_job_from_before_an_option_was_known_is_as_it_was(tmp_path):
    plain = msgspec.to_builtins(record("old"))
    for request in (plain["asked"], plain["request"]):
        del request["dynamics"], request["transpose"]
        request["channels"] = "per-channel"
    del plain["note"], plain["offer"]
    (tmp_path / "jobs").mkdir()
    with_table = Database(tmp_path / "jobs" / DATABASE)
    with_table._connection.execute(
        "INSERT INTO jobs VALUES (?, ?, ?, ?)", ("old", "queued", 0.0, msgspec.json.encode(plain))
    )
    with_table.close()
    found = opened(tmp_path / "jobs")["old"]
    assert (found.request.channels, found.request.dynamics, found.request.transpose) == (
        "per-channel", 1.0, 0,
    )  # fmt: skip
    assert (found.note, found.offer) == ("", "")
