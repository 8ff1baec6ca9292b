"""`umtn evaluate` and `umtn ratings`, end to end on a model of random weights."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bridge.cli.main import umtn
from umtn_core.data.files import write_audio, write_json
from umtn_core.data.store import FileEntry, Index, PairEntry, write_index

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

RATE = 16_000
#: How strong each partial of a made-up instrument is.
TIMBRES = {"flute": (1.0, 0.2, 0.05), "violin": (0.4, 0.6, 0.5, 0.4, 0.3)}


def tune(domain: str, seed: int, seconds: float) -> tuple[np.ndarray, list[tuple]]:
    random = np.random.default_rng(seed)
    audio, notes, start = np.zeros(round(seconds * RATE)), [], 0.0
    while start < seconds - 0.3:
        pitch = int(random.integers(65, 80))
        time = np.arange(round(0.25 * RATE)) / RATE
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        wave = sum(
            a * np.sin(2 * np.pi * hertz * (k + 1) * time) for k, a in enumerate(TIMBRES[domain])
        )
        first = round(start * RATE)
        audio[first : first + len(time)] = 0.2 * wave * np.minimum(1, 40 * (0.25 - time))
        notes.append((start, start + 0.25, pitch, 90))
        start += 0.3
    return audio, notes


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    files, pairs = [], []
    for domain in TIMBRES:
        for split, seed in (("train", 8), ("test", 7)):
            path = f"audio/{domain}/{seed}.npy"
            samples = write_audio(folder / path, tune(domain, seed, 6.0)[0])
            files.append(
                FileEntry(
                    domain=domain, split=split, path=path, samples=samples, source="", licence=""
                )
            )
    for font in ("one", "other"):
        for piece in range(2):
            renders = {domain: f"pairs/{font}/{piece}.{domain}.npy" for domain in TIMBRES}
            for domain, path in renders.items():
                audio, notes = tune(domain, piece, 2.0)
                write_audio(folder / path, audio)
            write_json(folder / f"pairs/{font}/{piece}.notes.json", notes)
            pairs.append(
                PairEntry(
                    piece=f"piece {piece} <b>",
                    split="test",
                    licence="",
                    source="",
                    soundfont=font,
                    notes=f"pairs/{font}/{piece}.notes.json",
                    renders=renders,
                )
            )
    write_index(folder, Index(files=files, pairs=pairs))
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(umtn, list(map(str, arguments)), standalone_mode=True)


@pytest.fixture(scope="module")
def made(store: Path, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = tmp_path_factory.mktemp("reports") / "report"
    found = run(
        "evaluate", tiny_bundle, store, "-o", report, "--quick", "--seconds", 1,
        "--no-recordings", "--threads", 1, "--json", "--quiet",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout) == json.loads((report / "report.json").read_text())
    return report


class References(HTMLParser):
    """Everything an HTML file would load or lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [v or "" for name, v in attributes if name in ("src", "href", "srcset")]
        assert tag not in ("iframe", "object", "embed", "link", "base")


@pytest.mark.parametrize("name", ["index.html", "listen.html"])
def test_the_pages_need_nothing_from_outside(made: Path, name: str) -> None:
    text = (made / name).read_text()
    found = References(text).found
    assert len(found) >= 6
    for reference in found:
        assert not re.match(r"(?i)[a-z]+:|//|/", reference), reference
        assert (made / reference).is_file(), reference
    assert not re.search(r"(?i)https?://|@import|fetch\(|XMLHttp|sendBeacon|import\(", text)
    assert "url(" not in text
    swells = "Where the source swells it follows by" in text
    assert swells == (name == "index.html") == ("A swell, to violin" in text)
    assert "<b>, flute" not in text, "names from a data set must not become markup"


def test_the_report_says_every_figure_with_its_bounds(made: Path) -> None:
    report = json.loads((made / "report.json").read_text())
    assert report["tiers"]["1"] == ["one"] and report["tiers"]["2"] == ["other"]
    for directions in report["directions"].values():
        for figures in directions.values():
            for name, figure in figures.items():
                assert {"value", "ceiling", "floor", "interval", "controls"} <= figure.keys()
                assert name in report["legend"]
            # Random weights make no music.
            assert figures["note_f1"]["value"] < 0.5 < figures["note_f1"]["ceiling"]
    assert not report["verdicts"]["one"]["flute->violin"]["content"]["reached"]
    assert [each["target"] for each in report["blending"]] == ["flute", "violin"]
    assert report["joins"].keys() == report["controlled"].keys() == {"flute", "violin"}
    for found in report["controlled"].values():
        assert found["kinds"] == ["room", "panned"]
        place = found["figures"]["stereo_correlation_error"]
        assert place["ceiling"] < 0.1 < place["floor"]
    assert len(list((made / "pictures").glob("*.png"))) == 6 + 2


def test_figures_can_be_recorded_in_the_bundle(
    store: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(tiny_bundle, tmp_path / "models" / "copy")
    found = run(
        "evaluate", copy, store, "-o", tmp_path / "report", "--no-recordings", "--record",
        "--pieces", 1, "--seconds", 0.5, "--threads", 1, "--quiet", "--dynamics", 0.5,
        "--channels", "mono", "--transpose", "octave",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    monkeypatch.setenv("UMTN_MODELS", str(copy.parent))
    listed = run("models", "copy").stdout
    assert "one, flute->violin, named_as_target: 0" in listed
    (described,) = [m for m in json.loads(run("models", "--json").stdout) if m["name"] == "copy"]
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["options"] == {"channels": "mono", "dynamics": 0.5, "transpose": "octave"}
    assert report["controlled"].keys() == described["quality"]["controlled"].keys()
    figure = described["quality"]["figures"]["other"]["violin->flute"]["note_f1"]
    assert figure["ceiling"] == report["directions"]["other"]["violin->flute"]["note_f1"]["ceiling"]


def test_the_sheet_of_a_report_can_be_rated(made: Path, tmp_path: Path) -> None:
    key = json.loads((made / "listening-key.json").read_text())
    rows = [f"me,{t['id']},instrument,{'A' if t['a'] == 'truth' else 'B'}" for t in key["trials"]]
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("\n".join(["rater,trial,question,answer", *rows]))
    found = run("ratings", made, ratings, "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["instrument"]["all"]["wins"] == 0.0
    assert "instrument, all: 0%" in run("ratings", made, ratings).stdout


def test_what_cannot_be_done_is_one_sentence(
    made: Path, store: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "index.json").write_text("{")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "song.wav").touch()
    for arguments in (
        (tmp_path / "none", store),
        (tiny_bundle, tmp_path / "none"),
        (tiny_bundle, damaged),
        (tiny_bundle, store, "-o", made),
        (tiny_bundle, store, "-o", mine, "--force"),
    ):
        found = run("evaluate", *arguments, "--no-recordings", "--quiet")
        assert found.exit_code == 1, found.output
        assert len(found.stderr.strip().splitlines()) == 1
        assert found.stderr.startswith("umtn: ")
    found = run("evaluate", tiny_bundle, store, "-o", tmp_path / "r", "--engine", "tuba")
    assert found.exit_code == 2 and "not 'tuba'" in found.stderr
    assert not (tmp_path / "r").exists()


def test_a_damaged_render_is_one_sentence_and_leaves_nothing(
    store: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(store, tmp_path / "copy")
    render = copy / "pairs/one/0.flute.npy"
    render.write_bytes(render.read_bytes()[:200])
    found = run("evaluate", tiny_bundle, copy, "-o", tmp_path / "report", "--no-recordings")
    assert found.exit_code == 1
    assert "0.flute.npy" in found.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy"]


def test_an_interrupted_evaluation_leaves_nothing(
    store: Path, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("umtn_core.evaluation.report.write.draw_spectrograms", interrupt)
    found = run(
        "evaluate", tiny_bundle, store, "-o", tmp_path / "report", "--no-recordings",
        "--pieces", 1, "--seconds", 0.5, "--threads", 1, "--quiet",
    )  # fmt: skip
    assert found.exit_code == 130
    assert found.stderr.strip() == "umtn: Cancelled."
    assert not list(tmp_path.iterdir())
