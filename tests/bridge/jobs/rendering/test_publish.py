"""Results get their names whole, or not at all."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import numpy as np
import pytest

from bridge.jobs.paths import AllowedFolders
from bridge.jobs.rendering.publish import WavForm, leftover, publish, published
from bridge.jobs.request import RequestError
from tests.bridge.jobs.conftest import heard, running
from umtn_core.audio.whole_file import whole_file
from umtn_core.errors import UmtnError


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "session").mkdir()
    return AllowedFolders(tmp_path / "session")


AUDIO = np.linspace(-1.5, 1.5, 2000, dtype=np.float32).reshape(2, 1000)


def published_as(folders, output, note, blocks=(AUDIO[:, :300], AUDIO[:, 300:]), wanted=True):
    form = WavForm(channels=2, sample_rate=48_000)
    return publish(folders, "a", output, form, blocks, note, lambda: wanted)


def test_what_is_not_wanted_any_more_when_it_is_whole_leaves_nothing(folders, tmp_path):
    output, note = folders.session / "out.wav", tmp_path / "note"
    assert published_as(folders, output, note, wanted=False) is None
    assert not note.exists() and not list(folders.session.iterdir())


def test_where_making_it_fails_there_is_nothing_and_the_failure_is_told(folders, tmp_path):
    def broken():
        yield AUDIO
        raise UmtnError("the network is no more")

    output, note = folders.session / "out.wav", tmp_path / "note"
    with pytest.raises(UmtnError, match="no more"):
        published_as(folders, output, note, blocks=broken())
    assert not note.exists() and not list(folders.session.iterdir())


@pytest.mark.parametrize("nameless", [True, False])
def test_what_is_written_is_what_was_made(folders, tmp_path, monkeypatch, nameless):
    if not nameless:
        monkeypatch.setattr("umtn_core.audio.whole_file._open_nameless", lambda folder: None)
    output, note = folders.session / "out.wav", tmp_path / "note"
    made = published_as(folders, output, note)
    np.testing.assert_array_equal(heard(output), AUDIO)
    assert published(folders, "a", output, note) == made
    assert made.size == output.stat().st_size
    assert [path.name for path in folders.session.iterdir()] == ["out.wav"]
    with pytest.raises(RequestError) as caught:
        published_as(folders, output, note)
    assert caught.value.code == "exists"
    assert [path.name for path in folders.session.iterdir()] == ["out.wav"]


@pytest.mark.parametrize("nameless", [True, False])
def test_who_waits_for_a_result_may_take_it_at_once(folders, tmp_path, monkeypatch, nameless):
    """It is moved away as soon as it has its name, before anybody looks at it again."""
    if not nameless:
        monkeypatch.setattr("umtn_core.audio.whole_file._open_nameless", lambda folder: None)
    output, taken = folders.session / "out.wav", tmp_path / "taken.wav"

    @contextlib.contextmanager
    def watched(*arguments, **options):
        with whole_file(*arguments, **options) as file:
            yield file
        output.rename(taken)

    monkeypatch.setattr("bridge.jobs.rendering.publish.whole_file", watched)
    made = published_as(folders, output, tmp_path / "note")
    status = taken.stat()
    assert (made.size, made.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_what_somebody_else_put_there_is_not_taken_for_ours(folders, tmp_path):
    output, note = folders.session / "out.wav", tmp_path / "note"
    assert published(folders, "a", output, note) is None
    published_as(folders, output, note)
    assert published(folders, "a", folders.session / "other.wav", note) is None
    note.write_bytes(b"half")
    assert published(folders, "a", output, note) is None


class Killed(BaseException):
    """No code of the product's expects it."""


@pytest.fixture(params=[True, False])
def killed(request, folders, tmp_path, monkeypatch):
    """A result that is announced, with a kill before or behind its name and before the mark."""
    if not request.param:
        monkeypatch.setattr("umtn_core.audio.whole_file._open_nameless", lambda folder: None)
    output, note = folders.session / "out.wav", tmp_path / "note"

    def kill(named):
        @contextlib.contextmanager
        def watched(*arguments, **options):
            with whole_file(*arguments, **options) as file:
                yield file
                if not named:
                    raise Killed
            raise Killed

        monkeypatch.setattr("bridge.jobs.rendering.publish.whole_file", watched)
        with pytest.raises(Killed):
            published_as(folders, output, note)
        return output, note

    return kill


def test_what_is_done_to_a_result_before_its_name_is_noted(killed, folders, tmp_path):
    """The same file is known by whatever it is changed to, and the same bytes by themselves."""
    output, note = killed(named=True)
    before = output.stat()
    found = published(folders, "a", output, note)
    assert (found.size, found.mtime_ns) == (before.st_size, before.st_mtime_ns)
    moved = folders.session / "moved.wav"
    output.rename(moved)
    assert published(folders, "a", output, note) is None
    output.symlink_to(moved)
    assert published(folders, "a", output, note) == found
    output.unlink()
    output.write_bytes(moved.read_bytes())
    assert published(folders, "a", output, note) == found
    output.unlink()
    moved.rename(output)
    with open(output, "ab") as file:
        file.write(b"LIST and more of a tag")
    assert published(folders, "a", output, note) == found
    output.unlink()
    outside = tmp_path / "theirs.wav"
    outside.write_bytes(b"of another")
    output.symlink_to(outside)
    assert published(folders, "a", output, note) is None


def test_what_appears_where_a_kill_came_before_the_name_is_a_strangers(killed, folders):
    """Even where it has the number that ours had, as file systems give them again at once."""
    output, note = killed(named=False)
    assert published(folders, "a", output, note) is None
    announced = msgspec.json.decode(note.read_bytes())
    for i in range(100):
        path = folders.session / f"{i}.wav"
        path.write_bytes(b"a stranger's")
        if path.stat().st_ino == announced["identity"][1]:
            break
    path.rename(output)
    assert published(folders, "a", output, note) is None


@pytest.mark.parametrize("then", ["nothing", "moved", "replaced"])
def test_what_had_its_name_is_made_whatever_became_of_it(folders, tmp_path, then):
    output, note = folders.session / "out.wav", tmp_path / "note"
    made = published_as(folders, output, note)
    if then != "nothing":
        output.rename(tmp_path / "taken.wav")
    if then == "replaced":
        output.write_bytes(b"of another")
    assert published(folders, "a", output, note) == made


def test_a_result_is_made_even_if_that_cannot_be_noted(folders, tmp_path, monkeypatch):
    output, note = folders.session / "out.wav", tmp_path / "note"

    def full_by_then(path, contents):
        if output.exists():
            raise OSError(28, "No space left on device")
        path.write_bytes(contents)

    monkeypatch.setattr("bridge.jobs.rendering.publish.write_whole", full_by_then)
    made = published_as(folders, output, note)
    assert made is not None and published(folders, "a", output, note) == made


def test_what_a_kill_left_beside_an_output_is_taken_away(settings, music):
    """Where files without a name are not to be had, they have a hidden one until they are whole."""
    from bridge.jobs import RenderRequest
    from bridge.jobs.record import Record
    from bridge.jobs.storage.store import JobStore

    source = music()
    output = settings.session_folder / "out.wav"
    asked = RenderRequest(id="a", input="in.wav", output="out.wav", target="trumpet")
    real = msgspec.structs.replace(asked, input=str(source), output=str(output))
    status = source.stat()

    async def as_after_a_kill():
        settings.data_folder.mkdir()
        store = JobStore(settings.data_folder)
        sizes = {"input_size": status.st_size, "input_mtime_ns": status.st_mtime_ns}
        await store.write(Record(asked, real, "running", **sizes))
        await store.close()
        leftover("a", output).write_bytes(b"RIFF, half of it")

    async def start():
        async with running(settings) as jobs:
            return (await jobs.ended("a"))[0]

    asyncio.run(as_after_a_kill())
    assert asyncio.run(start()).state == "done"
    assert {path.name for path in settings.session_folder.iterdir()} == {"in.wav", "out.wav"}
