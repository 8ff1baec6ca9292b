"""Outputs appear whole or not at all, and never over something else unasked."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from umtn_core.audio import check_output, read_audio, write_audio
from umtn_core.audio import whole_file as whole_file_module
from umtn_core.audio.whole_file import whole_file
from umtn_core.audio.write import write_blocks
from umtn_core.errors import UmtnError

RATE = 44_100
ROOT = Path(__file__).parents[3]


def noise(samples=5000, channels=2):
    return np.random.default_rng(0).uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)


@pytest.fixture(params=["nameless", "named"])
def either_way(request, monkeypatch):
    """Once as on Linux, once as where files cannot be nameless."""
    if request.param == "named":
        monkeypatch.setattr(whole_file_module, "_open_nameless", lambda folder: None)
    return request.param


@pytest.mark.usefixtures("either_way")
def test_wav_holds_exactly_what_was_written_even_above_full_scale(tmp_path):
    audio = noise() * 5
    write_audio(tmp_path / "a.wav", audio, RATE)
    read, rate = read_audio(tmp_path / "a.wav")
    assert rate == RATE
    assert np.array_equal(read, audio)
    assert os.listdir(tmp_path) == ["a.wav"]


@pytest.mark.parametrize(("ending", "error"), [("flac", 1e-6), ("aiff", 1e-6), ("ogg", 0.1)])
def test_other_formats_hold_it_as_well_as_they_can(tmp_path, ending, error):
    audio = noise()
    write_audio(tmp_path / f"a.{ending}", audio, RATE)
    difference = read_audio(tmp_path / f"a.{ending}")[0] - audio
    assert np.sqrt(np.mean(np.square(difference))) < error


def test_mp3_is_written_at_the_rates_it_knows_only(tmp_path):
    write_audio(tmp_path / "a.mp3", noise(), RATE)
    with pytest.raises(UmtnError, match="MP3"):
        write_audio(tmp_path / "b.mp3", noise(), 96_000)
    assert os.listdir(tmp_path) == ["a.mp3"]


@pytest.mark.usefixtures("either_way")
def test_nothing_is_overwritten_unless_asked(tmp_path):
    path = tmp_path / "a.wav"
    path.write_text("precious")
    with pytest.raises(UmtnError, match="exists"):
        write_audio(path, noise(), RATE)
    assert path.read_text() == "precious"
    write_audio(path, noise(), RATE, overwrite=True)
    assert np.array_equal(read_audio(path)[0], noise())
    assert os.listdir(tmp_path) == ["a.wav"]


@pytest.mark.usefixtures("either_way")
def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "a.wav"
    with pytest.raises(FileExistsError), whole_file(path, overwrite=False) as file:
        file.write(b"new")
        path.write_text("precious")
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == ["a.wav"]


@pytest.mark.usefixtures("either_way")
def test_nothing_can_be_seen_before_the_file_is_whole(tmp_path, either_way):
    path = tmp_path / "a.wav"
    with whole_file(path, overwrite=False) as file:
        file.write(b"half")
        assert not path.exists()
        assert all(name.startswith(".") for name in os.listdir(tmp_path))
        if either_way == "nameless" and hasattr(os, "O_TMPFILE"):
            assert os.listdir(tmp_path) == []
    assert path.read_bytes() == b"half"


@pytest.mark.usefixtures("either_way")
def test_an_error_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a", overwrite=True) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_full_disk_leaves_nothing_and_is_said(tmp_path, ending):
    resource = pytest.importorskip("resource", reason="no limits on file size here")
    audio = noise(200_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(UmtnError, match="Cannot write"):
            write_audio(tmp_path / f"a.{ending}", audio, RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files always have a name here")
def test_a_kill_while_writing_leaves_nothing(tmp_path):
    program = """
        import os, signal, sys
        from pathlib import Path
        from umtn_core.audio.whole_file import whole_file
        with whole_file(Path(sys.argv[1]), overwrite=False) as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "a.wav")]
    assert subprocess.run(command, cwd=ROOT).returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == []


def test_files_are_readable_to_whom_the_user_allows(tmp_path):
    previous = os.umask(0o027)
    try:
        write_audio(tmp_path / "a.wav", noise(), RATE)
    finally:
        os.umask(previous)
    assert (tmp_path / "a.wav").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["a.xyz", "a", "missing/a.wav", "folder.wav"])
def test_places_that_cannot_be_written_are_refused_early(tmp_path, name):
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(UmtnError):
        check_output(tmp_path / name, overwrite=True)
    with pytest.raises(UmtnError):
        write_audio(tmp_path / name, noise(), RATE, overwrite=True)


def test_no_audio_is_not_written(tmp_path):
    with pytest.raises(UmtnError):
        write_audio(tmp_path / "a.wav", np.zeros((2, 0), np.float32), RATE)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [500, 16_001])
def test_an_mp3_begins_and_ends_with_the_audio(tmp_path, rate, channels, samples):
    smooth = np.ones(9) / 9
    audio = np.stack([np.convolve(each, smooth, "same") for each in noise(samples, channels)])
    write_audio(tmp_path / "a.mp3", audio.astype(np.float32), rate)
    # Another decoder, which leaves out the encoder's delay and padding where the file says them.
    heard, heard_rate = soundfile.read(tmp_path / "a.mp3", always_2d=True)
    assert (heard.T.shape, heard_rate) == (audio.shape, rate)
    spectrum = np.fft.rfft(heard[:, 0], 2 * samples) * np.fft.rfft(audio[0], 2 * samples).conj()
    assert np.argmax(np.fft.irfft(spectrum)) == 0


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.mp3", (96_000, 1)), ("a.mp3", (44_100, 6)), ("a.flac", (44_100, 9)), ("a.wav", (0, 1))],
)
def test_what_the_format_cannot_hold_is_refused_before_there_is_audio(tmp_path, name, form):
    rate, channels = form
    with pytest.raises(UmtnError, match=name) as early:
        check_output(tmp_path / name, sample_rate=rate, channels=channels)
    taken = iter([noise(100, channels)])
    with pytest.raises(UmtnError) as late:
        write_blocks(tmp_path / name, taken, channels, rate)
    assert str(late.value) == str(early.value)
    assert next(taken).shape == (channels, 100)
    assert os.listdir(tmp_path) == []


def test_what_does_not_fit_on_the_disk_is_refused_before_there_is_audio(tmp_path, monkeypatch):
    usage = SimpleNamespace(total=2_000, used=1_000, free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    form = {"channels": 2, "sample_rate": 44_100}
    check_output(tmp_path / "a.wav", samples=120, **form)
    with pytest.raises(UmtnError, match="make room"):
        check_output(tmp_path / "a.wav", samples=130, **form)
    # How well it can be packed is not known.
    check_output(tmp_path / "a.flac", samples=130, **form)


def test_a_link_that_is_overwritten_stays_and_leads_to_the_new_file(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far/a.wav").write_text("old")
    (tmp_path / "a.wav").symlink_to("far/a.wav")
    write_audio(tmp_path / "a.wav", noise(), RATE, overwrite=True)
    assert os.readlink(tmp_path / "a.wav") == "far/a.wav"
    assert np.array_equal(read_audio(tmp_path / "far/a.wav")[0], noise())
    assert os.listdir(tmp_path / "far") == ["a.wav"]


@pytest.mark.parametrize("channels", [2, 3, 5, 6, 7, 8])
def test_channels_of_ogg_come_back_in_order_and_stand_as_vorbis_has_them(tmp_path, channels):
    level = np.linspace(0.1, 0.8, channels, dtype=np.float32)[:, None]
    tone = np.sin(2 * np.pi * 60 * np.arange(48_000) / 48_000).astype(np.float32)
    path = tmp_path / "a.ogg"
    write_audio(path, level * tone, 48_000)

    def by_level(audio):
        return np.argsort(np.mean(audio[:, 8_000:40_000] ** 2, axis=1)).tolist()

    assert by_level(read_audio(path)[0]) == list(range(channels))
    if channels == 6:  # libsndfile hands them on as they stand: left, centre, right, ..., bass
        assert by_level(soundfile.read(path, dtype="float32")[0].T) == [0, 2, 1, 5, 3, 4]
