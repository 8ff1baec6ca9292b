import json

import numpy as np
import pytest
from pedalboard.io import AudioFile

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.report.listening_sheet import KEY, PAGE, read_key, write_sheet
from umtn_core.evaluation.report.ratings import win_rates
from umtn_core.evaluation.translating import Example

#: What each kind of sound holds, so that files can be told apart by ear.
HERTZ = {"source": 300.0, "translation": 500.0, "truth": 800.0}


def example(source, target, piece, kinds=("source", "translation", "truth")):
    time = np.arange(4_000) / 16_000
    sounds = {
        kind: Heard(level * np.sin(2 * np.pi * HERTZ[kind] * time))
        for level, kind in zip((0.2, 0.05, 0.5), kinds, strict=False)
    }
    return Example(1, "Font", source, target, piece, sounds)


@pytest.fixture
def examples():
    ways = (("flute", "violin"), ("violin", "flute"))
    made = [example(*way, str(k)) for way in ways for k in range(6)]
    return [*made, example("flute", "violin", "a player", ("source", "translation"))]


def pitch(path):
    with AudioFile(str(path)) as file:
        audio, rate = file.read(file.frames)[0], file.samplerate
    return np.abs(np.fft.rfft(audio)).argmax() * rate / len(audio), np.sqrt(np.mean(audio**2))


def test_the_key_says_what_the_letters_hide(tmp_path, examples):
    write_sheet(tmp_path, "Tiny", examples, seed=4)
    key = read_key(tmp_path)
    assert len(key.trials) == 12
    assert all(trial.piece != "a player" for trial in key.trials)
    for trial in key.trials:
        for letter, kind in (("a", trial.a), ("b", trial.b), ("source", "source")):
            found, level = pitch(tmp_path / f"listen/{trial.id}-{letter}.flac")
            assert found == pytest.approx(HERTZ[kind], abs=5)
            assert level == pytest.approx(0.08, rel=0.01)
    assert {trial.a for trial in key.trials} == {"translation", "truth"}


def test_order_and_sides_come_from_the_seed(tmp_path, examples):
    sheets = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sheet(tmp_path / name, "Tiny", examples, seed)
        sheets.append(((tmp_path / name / PAGE).read_text(), read_key(tmp_path / name).trials))
    assert sheets[0] == sheets[1]
    assert sheets[0][1] != sheets[2][1]


def test_the_page_gives_nothing_away(tmp_path, examples):
    write_sheet(tmp_path, "Tiny", examples, seed=0)
    page = (tmp_path / PAGE).read_text()
    assert "translation" not in page and "truth" not in page and "Tiny" not in page
    assert page.count("<fieldset>") == 12


def rate(folder, key, rater, choose):
    rows = ["rater,trial,question,answer"]
    for trial in key.trials:
        for question in ("melody", "instrument"):
            rows.append(f'"{rater}",{trial.id},{question},{choose(trial, question)}')
    file = folder / f"{rater}.csv"
    file.write_text("\r\n".join(rows) + "\r\n")
    return file


def test_ratings_become_win_rates(tmp_path, examples):
    write_sheet(tmp_path, "Tiny", examples, seed=0)
    key = read_key(tmp_path)

    def fan(trial, question):
        return "A" if (trial.a == "translation") == (question == "melody") else "B"

    one = rate(tmp_path, key, "fan", fan)
    other = rate(tmp_path, key, "undecided", lambda trial, question: "same")
    alone = win_rates(tmp_path, [one])
    assert alone["melody"]["all"] == {
        "wins": 1.0,
        "interval": [1.0, 1.0],
        "answers": 12,
        "trials": 12,
        "raters": 1,
    }
    assert alone["instrument"]["flute->violin"]["wins"] == 0.0
    # The same file twice says nothing more.
    both = win_rates(tmp_path, [one, one, other])
    assert both["melody"]["all"]["wins"] == 0.75
    assert both["melody"]["all"]["answers"] == 24
    assert both["melody"]["all"]["raters"] == 2
    json.dumps(both)


def test_chance_is_within_the_interval_of_guesses(tmp_path, examples):
    write_sheet(tmp_path, "Tiny", examples, seed=0)
    random = np.random.default_rng(0)
    files = [
        rate(tmp_path, read_key(tmp_path), f"r{k}", lambda *_: random.choice(["A", "B"]))
        for k in range(6)
    ]
    low, high = win_rates(tmp_path, files)["melody"]["all"]["interval"]
    assert low < 0.5 < high
    assert high - low < 0.4


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no ratings"),
        ("rater,trial,question,answer\nx,99,melody,A\n", "Line 2 of .* is not a rating"),
        ("rater,trial,question,answer\nx,01,melody,C\n", "Line 2 of .* is not a rating"),
        ("\x00\xff", "not a rating|Cannot read|holds no ratings"),
    ],
)
def test_what_is_no_rating_is_said(tmp_path, examples, text, complaint):
    write_sheet(tmp_path, "Tiny", examples, seed=0)
    file = tmp_path / "bad.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(UmtnError, match=complaint):
        win_rates(tmp_path, [file])


def test_a_missing_or_damaged_key_is_said(tmp_path):
    with pytest.raises(UmtnError, match="umtn evaluate"):
        win_rates(tmp_path, [tmp_path / "x.csv"])
    (tmp_path / KEY).write_text("{")
    with pytest.raises(UmtnError, match="damaged"):
        win_rates(tmp_path, [tmp_path / "x.csv"])
