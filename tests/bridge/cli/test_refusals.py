"""Every sub-command with wrong input of each kind: one sentence, what to do, nothing made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn

#: Arguments, the exit code, and words of the sentence. The working folder has: take.wav, a tone;
#: text.txt; an empty folder.
REFUSALS: list[tuple[str, int, str]] = [
    # What is not there, or not what it should be.
    ("translate none.wav --to flute --model tiny", 1, "There is no file none.wav"),
    ("translate folder --to flute --model tiny", 1, "There is no audio in folder"),
    ("translate text.txt --to flute --model tiny", 1, "text.txt is not audio"),
    ("edit none.wav --to flute --model tiny", 1, "There is no file none.wav"),
    ("evaluate tiny none", 1, "none holds no data store (no index.json): make one with `umtn data"),
    ("export none -o x", 2, "'none' does not exist; see `umtn export --help`"),
    ("export text.txt -o x", 1, "text.txt is not a checkpoint of a training run; name a .ckpt"),
    ("import-checkpoint folder -o x", 1, "no file folder/args.pth; name the folder of a run"),
    ("ratings folder text.txt", 1, "folder is not a report with a listening sheet"),
    ("train none", 2, "'none' does not exist; see `umtn train --help`"),
    ("train take.wav", 1, "The settings file take.wav is not valid: it is not text."),
    ("train-postfilter none -o x", 1, "none holds no data store"),
    ("data prepare none x", 2, "'none' does not exist; see `umtn data prepare --help`"),
    ("send ping --token-file none", 1, "Cannot read the token file none"),
    ("bridge --allow none", 2, "'none' does not exist; see `umtn bridge --help`"),
    ("bridge --session-folder text.txt/x --port 0 --http-port 0 --no-announce --data-folder ../x",
     1,
     "text.txt/x cannot be made (Not a directory); name another one with --session-folder."),
    ("bridge --data-folder text.txt/x --port 0 --http-port 0 --no-announce", 1,
     "text.txt/x cannot be used (Not a directory); name another one with --data-folder."),
    # What is missing.
    ("translate", 2, "Missing argument 'IN...'; see `umtn translate --help`."),
    ("translate take.wav --model tiny", 1, "such as --to flute on the command line; the model t"),
    ("edit take.wav --model tiny", 1, "such as --to flute on the command line; the model tiny"),
    ("send", 2, "Name one file to render, or say one of status, jobs"),
    ("send take.wav", 2, "Say what to play it on with --to"),
    ("train folder", 2, "Name a settings file, or a store and --add-domain"),
    # Names of models, instruments, engines and modes.
    ("translate take.wav --to Flut --model tiny", 1, "to 'Flut' (did you mean flute?); it plays"),
    ("edit take.wav --to Flut --model Tiny", 1, "The model Tiny cannot translate to 'Flut' (did y"),
    ("translate take.wav --to flute --model tinny", 1, "'tinny' is installed (did you mean tiny?)"),
    ("bench --model tinny", 1, "No model 'tinny' is installed (did you mean tiny?)"),
    ("evaluate tinny folder", 1, "No model 'tinny' is installed (did you mean tiny?)"),
    ("translate take.wav --to flute --model ./none", 1, "There is no model bundle at ./none"),
    ("translate take.wav --to flute --model folder", 1, "folder is not a model bundle: it has no"),
    ("translate take.wav --to flute --model take.wav", 1, "is not a model bundle: it is neither a"),
    ("translate take.wav --to flute --engine onxx", 2, "not 'onxx' (did you mean onnx?)"),
    ("send take.wav --to flute --engine onxx", 2, "not 'onxx' (did you mean onnx?)"),
    ("bench --engines cpu,onxx", 2, "not 'onxx' (did you mean onnx?)"),
    ("evaluate tiny folder --engine onxx", 2, "not 'onxx' (did you mean onnx?)"),
    ("translate take.wav --to flute --channels stereo", 2, "write auto, per-channel, mono or mid"),
    ("send take.wav --to flute --unit secs", 2, "write seconds or samples, not 'secs'"),
    ("evaluate tiny folder --split vaild", 2, "write valid or test, not 'vaild' (did you mean"),
    # Numbers.
    ("translate take.wav --to flute --seed x", 2, "write a whole number from 0 to 1844"),
    ("translate take.wav --to flute --seed 99999999999999999999", 2, "0 to 18446744073709551615"),
    ("translate take.wav --to flute --dynamics loud", 2, "write a number from 0 to 1, not 'loud'"),
    ("send take.wav --to flute --dynamics loud", 2, "write a number from 0 to 1, not 'loud'"),
    ("send take.wav --to flute --dynamics 2", 2, "write a number from 0 to 1, not '2'"),
    ("send take.wav --to flute --start -1", 2, "write a number from 0 to 66355200000, not"),
    ("send take.wav --to flute --priority 101", 2, "write a whole number from -100 to 100, n"),
    ("send take.wav --to flute --transpose oktave", 2, "'oktave' (did you mean octave?)"),
    ("send ping --port 0", 2, "write a whole number from 1 to 65535, not '0'"),
    ("bench --streams many", 2, "write a whole number from 1 to 4096, not 'many'"),
    ("bridge --port 70000", 2, "write a whole number from 0 to 65535, not '70000'"),
    ("train text.txt --minutes 0", 2, "write a number above 0, not '0'"),
    ("data prepare folder x --workers 0", 2, "write a whole number of at least 1, not '0'"),
    ("export take.wav -o x --range C9", 1, "write the lowest and the highest, such as C4-C6"),
    ("import-checkpoint folder -o x --which newest", 2, "write best or last, not 'newest'"),
    # Where results cannot go.
    ("translate take.wav --to flute --model tiny -o take.txt", 1, ".wav, .aiff, "),
    ("translate take.wav --to flute --model tiny -o text.txt/x.wav", 1, "text.txt"),
    ("bridge --bind 0.0.0.0 --port 0 --http-port 0", 1, "give a --token-file (or a --token)"),
    ("bridge --session-folder \udcff --port 0 --http-port 0", 1, "\\udcff is not UTF-8, as all is"),
    ("bridge --token " + 16 * "\udcff", 1, "The token is not UTF-8, as all is that is"),
    ("send ping --token " + 16 * "\udcff", 1, "The token is not UTF-8, as all is that is"),
    ("bridge --token short --port 0 --http-port 0", 1, "at least 16 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSALS)
def test_a_refusal_is_one_sentence_and_leaves_nothing(
    recording: Callable[..., Path],
    models_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(recording("work/take.wav").parent)
    Path("text.txt").write_text("some text")
    Path("folder").mkdir()
    before = sorted(Path().rglob("*"))
    result = CliRunner().invoke(umtn, arguments.split())
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("umtn: ") and len(result.stderr.splitlines()) == 1
    assert words in result.stderr
    assert sorted(Path().rglob("*")) == before
