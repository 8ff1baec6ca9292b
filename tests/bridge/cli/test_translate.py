from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from pedalboard.io import AudioFile

import bridge.cli.many_files
import umtn_core.rows
from bridge.cli.failures import FAILED, INTERRUPTED, MISUSED
from bridge.cli.main import umtn
from umtn_core.audio.read import read_audio, take_audio
from umtn_core.audio.sound import SoundRows
from umtn_core.audio.write import write_audio
from umtn_core.native.cuda.presence import has_driver
from umtn_core.translator import Translator

ROOT = Path(__file__).parents[3]

MakeRecording = Callable[..., Path]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(umtn, ["translate", *map(str, arguments), "--model", "tiny"])


def audio(path: Path) -> tuple[NDArray[np.float32], float]:
    with AudioFile(str(path)) as file:
        return file.read(file.frames), file.samplerate


def refused(result: Result, *words: str) -> None:
    """The command failed with one sentence that has these words, and wrote nothing."""
    assert result.exit_code in (FAILED, MISUSED)
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert result.stdout == ""


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


pytestmark = pytest.mark.usefixtures("models_folder")


def test_the_result_lies_beside_the_input_and_has_its_form(recording: MakeRecording) -> None:
    source = recording("song.wav", seconds=0.05, rate=44_100)
    result = run(source, "--to", "violin")
    assert result.exit_code == 0, result.stderr
    heard, rate = audio(source)
    played, played_rate = audio(source.with_name("song.violin.wav"))
    assert (played.shape, played_rate) == (heard.shape, rate)
    assert np.abs(played).max() > 0
    assert not np.allclose(played, heard)


def test_the_same_seed_plays_the_same_and_another_does_not(
    recording: MakeRecording, tmp_path: Path
) -> None:
    source = recording()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        place = tmp_path / f"{name}.wav"
        assert run(source, "--to", "flute", "--seed", seed, "-o", place).exit_code == 0
    a, b, c = (audio(tmp_path / f"{name}.wav")[0] for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_mix_0_is_the_input(recording: MakeRecording, tmp_path: Path) -> None:
    source = recording()
    assert run(source, "--to", "flute", "--mix", 0, "-o", tmp_path / "dry.wav").exit_code == 0
    assert np.array_equal(read_audio(tmp_path / "dry.wav")[0], read_audio(source)[0])


def test_a_folder_becomes_a_folder_of_the_same_form(
    recording: MakeRecording, tmp_path: Path
) -> None:
    for name in ("in/one.wav", "in/deep/two.wav", "in/.hidden/three.wav"):
        recording(name)
    (tmp_path / "in/notes.txt").write_text("not audio")
    result = run(tmp_path / "in", "--to", "flute", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert files(tmp_path / "out") == {"one.flute.wav", "deep/two.flute.wav"}


def test_files_decoded_together_play_as_each_by_itself(
    recording: MakeRecording, tmp_path: Path
) -> None:
    sources = [recording("a.wav", seconds=0.03), recording("b.wav", seconds=0.06)]
    assert run(*sources, "--to", "flute", "-o", tmp_path / "both").exit_code == 0
    for source in sources:
        assert run(source, "--to", "flute", "-o", tmp_path / "alone").exit_code == 0
        name = f"{source.stem}.flute.wav"
        together, alone = audio(tmp_path / "both" / name), audio(tmp_path / "alone" / name)
        assert np.array_equal(together[0], alone[0])


def test_a_folder_translated_again_does_not_translate_its_results(
    recording: MakeRecording, tmp_path: Path
) -> None:
    recording("in/one.wav")
    assert run(tmp_path / "in", "--to", "flute").exit_code == 0
    assert run(tmp_path / "in", "--to", "flute", "--force").exit_code == 0
    assert files(tmp_path / "in") == {"one.wav", "one.flute.wav"}


def test_a_result_is_replaced_only_by_force(recording: MakeRecording, tmp_path: Path) -> None:
    source, result = recording(), tmp_path / "tone.flute.wav"
    result.write_bytes(b"precious")
    refused(run(source, "--to", "flute"), "tone.flute.wav", "exists")
    assert result.read_bytes() == b"precious"
    assert run(source, "--to", "flute", "--force").exit_code == 0
    assert audio(result)[0].shape == audio(source)[0].shape


def test_an_input_is_never_replaced(recording: MakeRecording) -> None:
    source = recording()
    before = source.read_bytes()
    link, other_name = source.with_name("link.wav"), source.with_name("other.wav")
    link.symlink_to(source)
    os.link(source, other_name)
    for place in (source, link, other_name):
        refused(run(source, "--to", "flute", "-o", place, "--force"), "input")
    assert source.read_bytes() == before


def test_two_inputs_of_one_name_are_refused(recording: MakeRecording, tmp_path: Path) -> None:
    pair = recording("a/x.wav"), recording("b/x.wav")
    result = run(*pair, "--to", "flute", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.count("x.flute.wav") == 2 and "one at a time" in result.stderr
    assert not (tmp_path / "out").exists()


def test_one_name_for_two_results_does_not_keep_others_from_being_done(
    recording: MakeRecording, tmp_path: Path
) -> None:
    for name in ("in/x.wav", "in/y.wav"):
        recording(name)
    write_audio(tmp_path / "in/x.flac", np.zeros((1, 800), np.float32), 16_000)
    result = run(tmp_path / "in", "--to", "flute", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.count("one at a time") == 2
    assert files(tmp_path / "out") == {"y.flute.wav"}


@pytest.mark.parametrize(
    ("name", "form", "words"),
    [
        ("a.mp3", (1, 96_000), "96000 samples a second"),
        ("a.mp3", (3, 44_100), "3 channels"),
        ("a.flac", (9, 44_100), "9 channels"),
    ],
)
@pytest.mark.parametrize("mix", [1, 0.5])
def test_what_the_format_cannot_hold_is_refused_before_anything_is_rendered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    form: tuple[int, int],
    words: str,
    mix: float,
) -> None:
    source = tmp_path / "source.wav"
    write_audio(source, np.zeros((form[0], 800), np.float32), form[1])
    monkeypatch.setattr(Translator, "begin", lambda *_, **__: pytest.fail("it was rendered"))
    refused(run(source, "--to", "flute", "--mix", mix, "-o", tmp_path / name), words, ".wav")
    assert files(tmp_path) == {"source.wav"}


def test_a_file_that_finds_no_room_beside_others_is_refused_before_anything_is_rendered(
    recording: MakeRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [recording(f"{name}.wav", seconds=0.1) for name in "abc"]
    # Each result takes 6,400 bytes.
    usage = SimpleNamespace(total=20_000, used=5_000, free=15_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    result = run(*sources, "--to", "flute")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1 and "c.flute.wav" in result.stderr
    assert {"a.flute.wav", "b.flute.wav"} < files(tmp_path)
    assert "c.flute.wav" not in files(tmp_path)


def test_a_name_that_would_be_too_long_is_refused_and_the_cure_named(
    recording: MakeRecording, tmp_path: Path
) -> None:
    long = recording("in/" + "x" * 250 + ".wav")
    refused(run(long, "--to", "flute"), "too long", "with -o.")
    recording("in/short.wav")
    result = run(tmp_path / "in", "--to", "flute")
    assert result.exit_code == 1
    assert "too long" in result.stderr and len(result.stderr.splitlines()) == 1
    assert files(tmp_path / "in") == {long.name, "short.wav", "short.flute.wav"}
    assert run(long, "--to", "flute", "-o", tmp_path / "fine.wav").exit_code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none/a.wav", "There is no file"),
        ("lost.wav", "There is no file"),
        ("x" * 300 + ".wav", "too long"),
        ("loop.wav", "symbolic links"),
        ("file/a.wav", "Not a directory"),
    ],
)
def test_an_input_that_is_not_there_is_one_sentence(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    (tmp_path / "lost.wav").symlink_to("gone.wav")
    refused(run(tmp_path / name, "--to", "flute"), words, tmp_path.name)


def test_an_empty_name_is_not_the_folder_one_is_in(
    recording: MakeRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = recording()
    monkeypatch.chdir(tmp_path)
    refused(run("", "--to", "flute"), "empty")
    refused(run(source, "--to", "flute", "-o", ""), "-o")
    assert files(tmp_path) == {source.name}


def test_several_inputs_do_not_become_one_file(recording: MakeRecording, tmp_path: Path) -> None:
    pair = recording("in/a.wav"), recording("in/b.wav")
    for inputs in (pair, [tmp_path / "in"]):
        refused(run(*inputs, "--to", "flute", "-o", tmp_path / "one.wav"), "one.wav", "folder")
        assert not (tmp_path / "one.wav").exists()
    assert run(*pair, "--to", "flute", "-o", f"{tmp_path}/one.wav/").exit_code == 0
    assert files(tmp_path / "one.wav") == {"a.flute.wav", "b.flute.wav"}


@pytest.mark.parametrize("folder", ["new/", "v1.2/", "there.wav", "bare"])
def test_a_single_result_goes_into_what_is_a_folder(
    recording: MakeRecording, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "there.wav").mkdir()
    assert run(recording(), "--to", "flute", "-o", f"{tmp_path}/{folder}").exit_code == 0
    assert files(tmp_path / folder) == {"tone.flute.wav"}


def test_a_folder_translated_to_another_target_does_not_translate_its_results(
    recording: MakeRecording, tmp_path: Path
) -> None:
    for name in ("one.wav", "one.original.wav", "solo.violin.wav", "solo.original.wav"):
        recording(f"in/{name}")
    music = {"one", "solo.violin", "solo.original"}
    for target in ("flute", "violin"):
        result = run(tmp_path / "in", "--to", target)
        assert result.exit_code == 0, result.stderr
    assert "one.flute.wav" in result.stderr and "one.original.wav" in result.stderr
    assert len(result.stderr.splitlines()) == 1 and "Left out 4 files" in result.stderr
    made = {f"{name}.{target}.wav" for name in music for target in ("flute", "violin")}
    assert files(tmp_path / "in") == made | {f"{name}.wav" for name in music} | {"one.original.wav"}
    # Named, it is translated.
    assert run(tmp_path / "in/one.flute.wav", "--to", "violin").exit_code == 0
    assert "one.flute.violin.wav" in files(tmp_path / "in")


def test_results_in_a_folder_inside_the_folder_are_not_translated(
    recording: MakeRecording, tmp_path: Path
) -> None:
    recording("in/one.wav")
    recording("in/deep/two.wav")
    for options in ([], ["--force"]):
        result = run(tmp_path / "in", "--to", "flute", "-o", tmp_path / "in/out", *options)
        assert result.exit_code == 0, result.stderr
    assert files(tmp_path / "in") == {
        "one.wav", "deep/two.wav", "out/one.flute.wav", "out/deep/two.flute.wav",
    }  # fmt: skip


def test_a_file_is_translated_once_however_often_it_is_met(
    recording: MakeRecording, tmp_path: Path
) -> None:
    source = recording("in/one.wav")
    (tmp_path / "in/another.wav").symlink_to("one.wav")
    os.link(source, tmp_path / "in/third.wav")
    (tmp_path / "link").symlink_to("in")
    result = run(source, tmp_path / "in", tmp_path / "link", source, "--to", "flute", "--json")
    assert result.exit_code == 0, result.stderr
    (written,) = json.loads(result.stdout)
    assert written["output"] == str(tmp_path / "in/one.flute.wav")
    assert "2 files translated under another name" in result.stderr
    # Both names are used if both are given.
    both = run(source, tmp_path / "in/third.wav", "--to", "flute", "-o", tmp_path / "out")
    assert both.exit_code == 0
    assert files(tmp_path / "out") == {"one.flute.wav", "third.flute.wav"}


def test_audio_that_cannot_be_read_is_not_passed_over(
    recording: MakeRecording, tmp_path: Path
) -> None:
    recording("in/one.wav")
    (tmp_path / "in/two.m4a").write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(2_000))
    (tmp_path / "in/lost.wav").symlink_to("gone.wav")
    result = run(tmp_path / "in", "--to", "flute")
    assert result.exit_code == 1
    lost, foreign = result.stderr.splitlines()
    assert "There is no file" in lost and "lost.wav" in lost
    assert "two.m4a" in foreign and "MPEG-4" in foreign and "convert it to WAV or FLAC" in foreign
    assert "one.flute.wav" in files(tmp_path / "in")


def test_names_that_are_no_text_or_have_two_lines_are_shown_on_one(
    recording: MakeRecording, tmp_path: Path
) -> None:
    for name in (b"caf\xe9.wav", b"two\nlines.wav"):
        recording().rename(tmp_path / os.fsdecode(name))
    command = [sys.executable, "-m", "bridge.cli", "translate", str(tmp_path), "--to", "flute"]
    for options in ([], ["--json", "--force"]):
        done = subprocess.run(
            [*command, "--model", "tiny", *options],
            cwd=ROOT,
            env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        if not options:
            assert len(done.stdout.decode().splitlines()) == 2
    outputs = [os.path.basename(each["output"]) for each in json.loads(done.stdout)]
    assert outputs == [os.fsdecode(b"caf\xe9.flute.wav"), "two\nlines.flute.wav"]


@pytest.mark.parametrize("typed", ["Flute", "FLUTE"])
def test_the_result_is_called_by_the_name_that_the_target_has(
    recording: MakeRecording, tmp_path: Path, typed: str
) -> None:
    assert run(recording(), "--to", typed).exit_code == 0
    assert files(tmp_path) == {"tone.wav", "tone.flute.wav"}


def test_what_is_odd_of_a_file_is_said_with_what_the_model_was_not_taught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "silent.wav"
    write_audio(source, np.zeros((1, 8_000), np.float32), 16_000)

    def odd(*arguments: Any, **options: Any) -> SoundRows:
        sound = take_audio(*arguments, **options)
        sound.remark = "It is odd."
        return sound

    monkeypatch.setattr(bridge.cli.many_files, "take_audio", odd)
    result = run(source, "--to", "flute", "--json")
    (written,) = json.loads(result.stdout)
    assert written["remark"].startswith("It is odd. Nothing in this recording")
    assert f"{source}: It is odd. Nothing in this recording" in result.stderr


def test_an_unknown_target_names_the_known_ones(recording: MakeRecording) -> None:
    refused(run(recording(), "--to", "kazoo"), "kazoo", "flute", "violin")


def test_an_unknown_model_names_the_installed_ones(recording: MakeRecording) -> None:
    result = CliRunner().invoke(
        umtn, ["translate", str(recording()), "--to", "flute", "--model", "huge"]
    )
    refused(result, "huge", "tiny")


@pytest.mark.parametrize("option", [("-o", "out.xyz"), ("--engine", "steam")])
def test_options_that_mean_nothing_are_refused(
    recording: MakeRecording, tmp_path: Path, option: tuple[str, str]
) -> None:
    before = files(tmp_path)
    name, value = option
    place = tmp_path / value if name == "-o" else value
    source = recording()
    refused(run(source, "--to", "flute", name, place))
    assert files(tmp_path) - before == {source.name}


def test_what_is_no_audio_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("this is not audio")
    refused(run(text, "--to", "flute", "-o", tmp_path / "new/out.wav"), "text.wav")
    refused(run(tmp_path / "none.wav", "--to", "flute"), "none.wav")
    assert files(tmp_path) == {"text.wav"}
    assert not (tmp_path / "new").exists()


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    refused(run(tmp_path, "--to", "flute"), str(tmp_path))


def test_one_bad_file_does_not_keep_the_others_from_being_done(
    recording: MakeRecording, tmp_path: Path
) -> None:
    recording("in/good.wav")
    (tmp_path / "in/bad.wav").write_text("this is not audio")
    result = run(tmp_path / "in", "--to", "flute", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "bad.wav" in result.stderr
    assert files(tmp_path / "out") == {"good.flute.wav"}


def test_what_finds_no_room_does_not_keep_others_from_being_done(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = {"a": 0.05, "b": 0.1, "c": 0.05}
    sources = [recording(f"{name}.wav", seconds, 8_000) for name, seconds in lengths.items()]
    monkeypatch.setattr(bridge.cli.many_files, "TOGETHER", 1)
    # Of the second, what is heard, 6,400 bytes, lies in a file.
    monkeypatch.setattr(umtn_core.rows, "LARGEST_IN_MEMORY", 5_000)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwritev", full)
    result = run(*sources, "--to", "violin")
    assert result.exit_code == 1
    assert "No space left" in result.stderr and str(sources[1]) in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert files(sources[0].parent) == {"a.wav", "b.wav", "c.wav", "a.violin.wav", "c.violin.wav"}


def test_json_says_what_was_written_and_what_was_not(
    recording: MakeRecording, tmp_path: Path
) -> None:
    good, missing = recording(seconds=0.05), tmp_path / "none.wav"
    result = run(good, missing, "--to", "flute", "--json")
    assert result.exit_code == 1
    written, failed = sorted(json.loads(result.stdout), key=lambda item: "error" in item)
    assert written["input"] == str(good)
    assert written["output"] == str(tmp_path / "tone.flute.wav")
    assert written["target"] == "flute"
    assert written["seconds"] == 0.05
    assert "none.wav" in failed["error"]


@pytest.mark.parametrize("as_json", [False, True])
def test_what_is_silent_is_written_and_a_word_said_of_it(tmp_path: Path, as_json: bool) -> None:
    source = tmp_path / "silent.wav"
    write_audio(source, np.zeros((1, 8_000), np.float32), 16_000)
    result = run(source, "--to", "flute", *(["--json"] if as_json else []))
    assert result.exit_code == 0
    assert f"{source}: Nothing in this recording is long and loud enough" in result.stderr
    assert (tmp_path / "silent.flute.wav").exists()
    if as_json:
        (written,) = json.loads(result.stdout)
        assert written["remark"].startswith("Nothing in this recording")


@pytest.mark.parametrize(
    ("option", "value"), [("--transpose", "5.5"), ("--transpose", "40"), ("--dynamics", "2")]
)
def test_options_out_of_range_are_refused(
    recording: MakeRecording, option: str, value: str
) -> None:
    result = run(recording(), "--to", "flute", option, value)
    assert result.exit_code == 2 and value in result.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_nothing(
    recording: MakeRecording, tmp_path: Path, how: signal.Signals
) -> None:
    source = recording("in/long.wav", seconds=600)
    command = [sys.executable, "-m", "bridge.cli", "translate", str(source), "--to", "flute"]
    process = subprocess.Popen(
        [*command, "--model", "tiny", "-o", str(tmp_path / "out/long.wav")],
        cwd=ROOT,
        env=os.environ | {"UMTN_PROGRESS_S": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert "long.wav" in first and "%" in first, first + process.stderr.read()
        process.send_signal(how)
        began = time.monotonic()
        _, errors = process.communicate(timeout=60)
        assert time.monotonic() - began < 30
    finally:
        process.kill()
    assert process.returncode == INTERRUPTED
    assert errors.splitlines()[-1] == "umtn: Cancelled; nothing was written."
    told_to_others = {"data/umtn/umtn-command"}  # where umtn lies, which every command leaves
    assert files(tmp_path) - told_to_others == {"in/long.wav"}
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(has_driver(), reason="this machine has a GPU")
def test_a_missing_gpu_is_one_sentence(recording: MakeRecording) -> None:
    command = [sys.executable, "-m", "bridge.cli", "translate", str(recording()), "--to", "flute"]
    # As a process: libraries write to stderr without asking Python.
    done = subprocess.run(
        [*command, "--model", "tiny", "--engine", "onnx-cuda"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "CUDA" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_it_runs_where_torch_cannot_be_imported(recording: MakeRecording) -> None:
    source = recording()
    script = (
        "import sys\n"
        "for name in ('torch', 'lightning', 'onnx', 'scipy', 'sklearn', 'music21', 'matplotlib',\n"
        "             'yaml', 'mido', 'tensorboard', 'librosa'):\n"
        "    sys.modules[name] = None\n"
        "from bridge.cli import main\n"
        f"sys.argv = ['umtn', 'translate', {str(source)!r}, '--to', 'flute', '--model', 'tiny']\n"
        "main()\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
    assert source.with_name("tone.flute.wav").is_file()


def test_what_a_format_cannot_hold_as_loud_as_it_is_is_said(tmp_path: Path) -> None:
    loud = tmp_path / "loud.wav"
    tone = 4 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 16_000, dtype=np.float32)
    write_audio(loud, tone[None], 16_000)
    for ending, said in (("flac", "louder than .flac holds"), ("wav", "")):
        place = tmp_path / f"out.{ending}"
        result = run(loud, "--to", "flute", "-o", place, "--mix", "0", "--json")
        (written,) = json.loads(result.stdout)
        assert said in written["remark"] and ("louder than" in written["remark"]) == bool(said)
