import json

import numpy as np
import pytest
from click.testing import CliRunner

from umtn_core.bundle import Bundle
from umtn_core.data.files import write_audio, write_json
from umtn_core.data.store import FileEntry, Index, PairEntry, Store, write_index
from umtn_core.errors import UmtnError
from umtn_core.evaluation.__main__ import main
from umtn_core.evaluation.evaluate import evaluate
from umtn_core.evaluation.settings import EvaluationSettings

PROGRAMS = {"flute": 73, "violin": 40}
FONTS = ("FluidR3_GM", "TimGM6mb")
QUICK = EvaluationSettings(recordings=False, excerpts=2, excerpt_seconds=0.2, training_excerpts=6)


@pytest.fixture
def store(tmp_path, render):
    """Two domains, two pieces on two soundfonts, all really rendered."""
    folder = tmp_path / "store"
    files, pairs = [], []
    for domain, program in PROGRAMS.items():
        for split, seed in (("train", 8), ("train", 9), ("test", 7)):
            path = f"audio/{domain}/{seed}.npy"
            samples = write_audio(folder / path, render(program, FONTS[0], seed)[0])
            files.append(
                FileEntry(
                    domain=domain, split=split, path=path, samples=samples, source="", licence=""
                )
            )
    for font in FONTS:
        for seed in (0, 1):
            renders = {}
            for domain, program in PROGRAMS.items():
                audio, notes = render(program, font, seed)
                renders[domain] = f"pairs/{font}/{seed}.{domain}.npy"
                write_audio(folder / renders[domain], audio)
            write_json(folder / f"pairs/{font}/{seed}.notes.json", notes)
            pairs.append(
                PairEntry(
                    piece=str(seed),
                    split="test",
                    licence="",
                    source="",
                    soundfont=font,
                    notes=f"pairs/{font}/{seed}.notes.json",
                    renders=renders,
                )
            )
    write_index(folder, Index(files=files, pairs=pairs))
    return Store.open(folder)


class Oracle:
    """Answers every held-out render with the paired truth, and remembers what it was asked."""

    def __init__(self, store):
        self.calls = []
        self.truths = {}
        for pair in store.index.pairs:
            for path in pair.renders.values():
                audio = np.asarray(store.read(path), np.float32) / 32767
                self.truths[audio.tobytes()] = {
                    domain: np.asarray(store.read(other), np.float32) / 32767
                    for domain, other in pair.renders.items()
                }

    def __call__(self, target, sources):
        self.calls.append((target, len(sources)))
        return [self.truths[np.asarray(audio).tobytes()][target] for audio in sources]


def test_a_perfect_translator_reaches_the_ceilings(store, tiny_bundle):
    oracle, stages = Oracle(store), []
    report = evaluate(
        Bundle.open(tiny_bundle),
        store,
        QUICK,
        translate=oracle,
        progress=lambda stage, _: stages.append(stage),
    )
    # One decode a target: two pieces of two soundfonts from the one other domain.
    assert oracle.calls == [("flute", 4), ("violin", 4)]
    assert stages == ["learning the instruments", "measuring", "teacher forcing"]
    assert list(report["directions"]) == list(FONTS)
    assert sorted(report["directions"]["TimGM6mb"]) == ["flute->violin", "violin->flute"]
    main = report["summary"]["FluidR3_GM"]
    assert main["pitch_within_50"]["value"] == 1.0
    assert main["named_as_target"] == {"value": 1.0, "ceiling": 1.0, "floor": 0.0}
    # On the second soundfont the ceiling of timbre is still the first one's instrument.
    second = report["directions"]["TimGM6mb"]["flute->violin"]["envelope_db_from_target_mean"]
    assert second["value"] > second["ceiling"]
    assert set(report["likelihood"]) == {"flute", "violin"}
    assert report["domain_read_off_latents"]["floor"] == 0.5
    assert report["recordings"] == {"unavailable": "not asked for"}
    json.dumps(report, allow_nan=False)


def test_recordings_that_cannot_be_had_are_reported_not_fatal(store, tiny_bundle, monkeypatch):
    def refuse(instrument):
        raise UmtnError("no network today")

    monkeypatch.setattr("umtn_core.evaluation.evaluate.real_recording", refuse)
    settings = EvaluationSettings(excerpts=2, excerpt_seconds=0.2, training_excerpts=6)
    report = evaluate(Bundle.open(tiny_bundle), store, settings, translate=Oracle(store))
    assert report["recordings"] == {"unavailable": "no network today"}


def test_a_store_of_other_instruments_is_refused(store, random_bundle, shape):
    with pytest.raises(UmtnError, match="knows a, b, and the store has none of these"):
        evaluate(random_bundle(shape), store, QUICK)


def test_the_command_translates_and_writes_everything(store, tiny_bundle, tmp_path):
    output = tmp_path / "figures.json"
    options = ["--pieces", "1", "--seconds", "0.5", "--no-recordings", "--threads", "1"]
    run = CliRunner().invoke(main, [str(tiny_bundle), str(store.path), "-o", str(output), *options])
    assert run.exit_code == 0, run.output
    report = json.loads(output.read_text())
    assert report["pieces"] == {font: ["0"] for font in FONTS}
    assert report["seconds_a_domain"] == 0.5
    # Random weights play no instrument.
    assert report["summary"]["FluidR3_GM"]["pitch_within_50"]["value"] < 0.3
    assert report["likelihood"]["flute"]["network"] > 4
    assert "flute->violin" in run.output


def test_the_command_says_what_is_wrong_in_a_sentence(store, tiny_bundle, tmp_path):
    for arguments in ([str(tmp_path / "none"), str(store.path)], [str(tiny_bundle), str(tmp_path)]):
        run = CliRunner().invoke(main, arguments)
        assert run.exit_code == 1
        assert run.output.startswith("Error: ")
        assert len(run.output.strip().splitlines()) == 1
