import dataclasses

import numpy as np
import pytest

from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.measures.direction_figures import REFERENCES, Direction, measure
from umtn_core.evaluation.measures.timbre import TimbreClassifier
from umtn_core.evaluation.report.words import LOWER_IS_BETTER

PROGRAMS = {"flute": 73, "trumpet": 56}


def three(figure):
    return figure["value"], figure["ceiling"], figure["floor"]


@pytest.fixture
def classifier(render):
    return TimbreClassifier({d: [render(p, seed=9)[0]] for d, p in PROGRAMS.items()})


@pytest.fixture
def perfect(render):
    """Translations from flute to trumpet as good as the real thing: they are the real thing."""
    truths, notes = zip(*(render(PROGRAMS["trumpet"], seed=s) for s in (0, 1)), strict=True)
    sources = [render(PROGRAMS["flute"], seed=s)[0] for s in (0, 1)]
    return Direction(
        translations=[Heard(0.3 * truth) for truth in truths],
        sources=[Heard(source) for source in sources],
        truths=[Heard(truth) for truth in truths],
        notes=notes,
        target="trumpet",
    )


def test_a_perfect_translation_reaches_every_ceiling(perfect, classifier):
    figures = measure(perfect, classifier)
    assert figures["pitch_within_50"]["value"] == 1.0
    assert figures["pitch_within_50"]["pieces"] == [1.0, 1.0]
    assert 0.8 < figures["pitch_within_50"]["ceiling"] < 1.0
    assert figures["pitch_within_50"]["floor"] < 0.3
    assert figures["pitch_within_50_at_best_lag"]["lag_seconds"] == 0
    assert three(figures["named_as_target"]) == (1.0, 1.0, 0.0)
    assert figures["envelope_db_from_truth"]["value"] < 0.01
    assert figures["envelope_db_from_truth"]["floor"] > 3
    for name in ("pitch_within_50_of_notes", "pitch_within_50_of_source", "note_f1"):
        assert figures[name]["value"] == pytest.approx(figures[name]["ceiling"])
        assert figures[name]["value"] > figures[name]["floor"] + 0.4


def test_an_untouched_source_has_the_pitch_and_not_the_timbre(perfect, classifier):
    figures = measure(dataclasses.replace(perfect, translations=perfect.sources), classifier)
    assert figures["pitch_within_50"]["value"] == figures["pitch_within_50"]["ceiling"]
    assert figures["pitch_within_50_of_source"]["value"] == 1.0
    assert figures["named_as_target"]["value"] == figures["named_as_target"]["floor"] == 0.0
    envelope = figures["envelope_db_from_target_mean"]
    assert envelope["value"] == envelope["floor"] > envelope["ceiling"]


def test_another_piece_has_the_timbre_and_not_the_pitch(perfect, classifier):
    swapped = list(reversed(perfect.truths))
    figures = measure(dataclasses.replace(perfect, translations=swapped), classifier)
    assert figures["pitch_within_50"]["value"] == figures["pitch_within_50"]["floor"] < 0.3
    assert figures["note_f1"]["value"] == figures["note_f1"]["floor"] < 0.3
    assert figures["named_as_target"]["value"] == 1.0


def test_silence_scores_nothing(perfect, classifier):
    silent = [Heard(np.zeros_like(t.samples)) for t in perfect.truths]
    figures = measure(dataclasses.replace(perfect, translations=silent), classifier)
    assert figures["pitch_within_50"]["value"] == 0.0
    assert figures["voiced"]["value"] == 0.0
    assert figures["note_f1"]["value"] == 0.0
    assert figures["named_as_target"]["value"] == 0.0


def test_clips_that_fell_silent_are_not_the_target(perfect, classifier):
    for truth, made in zip(perfect.truths, perfect.translations, strict=True):
        made.samples = np.where(np.arange(len(truth.samples)) < 32_000, truth.samples, 0)
    figures = measure(perfect, classifier)
    assert figures["named_as_target"]["value"] == pytest.approx(1 / 3, abs=1e-3)


@pytest.mark.parametrize("kind", ["truth", "source", "another_piece", "silence"])
def test_every_measure_gives_a_control_its_own_figure(perfect, classifier, kind):
    given = {
        "truth": perfect.truths,
        "source": perfect.sources,
        "another_piece": list(reversed(perfect.truths)),
        "silence": [Heard(np.zeros_like(t.samples)) for t in perfect.truths],
    }
    figures = measure(dataclasses.replace(perfect, translations=given[kind]), classifier)
    for name, figure in figures.items():
        assert figure["value"] == figure["controls"][kind], name
        ceiling, floor = REFERENCES[name]
        if kind == ceiling:
            assert figure["value"] == figure["ceiling"], name
        if kind == floor:
            assert figure["value"] == figure["floor"], name


def test_the_measures_tell_right_from_wrong(perfect, classifier):
    """Every measure sets its ceiling well apart from its floor, on the side that is better."""
    for name, figure in measure(perfect, classifier).items():
        ceiling, floor = figure["ceiling"], figure["floor"]
        # Another piece has pitches too, and these have no rests but at their end.
        if None in (ceiling, floor) or name == "voiced" or name.startswith("rest"):
            continue
        if name == "tempo_within_4":
            assert ceiling >= floor
        elif name in LOWER_IS_BETTER:
            assert ceiling < 0.9 * floor, name
        else:
            assert ceiling > floor + 0.1, name


def test_intervals_hold_the_value_and_come_from_the_seed(perfect, classifier):
    first, again = (measure(perfect, classifier, seed=3) for _ in range(2))
    assert first == again
    for name in ("note_f1", "named_as_target", "chroma_correlation"):
        low, high = first[name]["interval"]
        assert low <= first[name]["value"] <= high
    assert first["note_f1"]["share_of_ceiling"]["value"] == 1.0


def test_a_late_translation_is_told_from_a_wrong_one(perfect, classifier):
    late = [Heard(np.concatenate([np.zeros(960), t.samples[:-960]])) for t in perfect.truths]
    figures = measure(dataclasses.replace(perfect, translations=late), classifier)
    lagged = figures["pitch_within_50_at_best_lag"]
    assert lagged["lag_seconds"] == pytest.approx(0.06)
    assert lagged["value"] > figures["pitch_within_50"]["value"] + 0.05


def test_timbre_ceilings_can_come_from_other_renders(perfect, classifier):
    examples = perfect.sources  # flutes, which a trumpet's classifier names otherwise
    figures = measure(dataclasses.replace(perfect, examples=examples), classifier)
    assert figures["named_as_target"]["ceiling"] == 0.0


def test_polyphonic_scope_uses_transcription_only(perfect, classifier, monkeypatch):
    heard = "umtn_core.evaluation.listening.heard"
    monkeypatch.setattr(f"{heard}.posteriors", lambda *_: ([], []))
    monkeypatch.setattr(f"{heard}.notes_from_posteriors", lambda *_: perfect.notes[0])
    figures = measure(perfect, classifier, polyphonic=True)
    assert [name for name in figures if name.startswith("pitch")] == ["pitch_jaccard"]
    assert figures["pitch_jaccard"]["value"] == 0
    assert not {"vibrato_ratio", "tuning_offset_cents", "harmonics_over_rest_db"} & figures.keys()
    matched = len(perfect.notes[0])
    assert figures["note_f1"]["value"] > matched / (2 * matched + 5)


def test_pieces_must_correspond(perfect, classifier):
    with pytest.raises(ValueError, match="do not correspond"):
        measure(dataclasses.replace(perfect, notes=perfect.notes[:1]), classifier)
    with pytest.raises(ValueError, match="do not correspond"):
        measure(Direction([], [], [], [], "flute"), classifier)


def test_playing_is_judged_beside_the_source(perfect, classifier):
    def played(gain, cents):
        """The sources, as much louder by the end and so far out of tune."""
        made = []
        for source in perfect.sources:
            places = np.arange(len(source.samples)) * 2 ** (cents / 1200)
            bent = np.interp(places, np.arange(len(source.samples)), source.samples)
            made.append(Heard(bent * np.linspace(1, gain, len(bent))))
        return measure(dataclasses.replace(perfect, translations=made), classifier)

    alike, other = played(1.0, 0.0), played(0.05, 13.0)
    assert alike["swell_slope"]["value"] == alike["loudness_correlation"]["value"] == 1.0
    assert alike["tuning_offset_cents"]["value"] == 0.0
    assert alike["pitch_within_20_of_source"]["value"] == 1.0
    assert alike["pitch_contour_distance"]["value"] == alike["pitch_jaccard"]["value"] == 0.0
    assert other["loudness_correlation"]["value"] < 0.9
    assert other["tuning_offset_cents"]["value"] == pytest.approx(13, abs=1)


def test_notes_played_straight_have_no_vibrato_and_are_the_floor_of_it(classifier):
    time = np.arange(32_000) / 16_000

    def tone(cents):
        phase = 2 * np.pi * np.cumsum(440 * 2 ** (cents * np.sin(35 * time) / 1200)) / 16_000
        return Heard(0.3 * np.sin(phase) + 0.1 * np.sin(2 * phase))

    notes = [[(0.0, 2.0, 69, 90)]]
    direction = Direction([tone(20)], [tone(40)], [tone(30)], notes, "trumpet")
    value, ceiling, floor = three(measure(direction, classifier)["vibrato_ratio"])
    assert value == pytest.approx(0.5, rel=0.05)
    assert ceiling == pytest.approx(0.75, rel=0.05)
    assert floor == pytest.approx(0, abs=0.01)


def test_noise_takes_harmonics_away(perfect, classifier):
    random = np.random.default_rng(0)
    clean = measure(perfect, classifier)["harmonics_over_rest_db"]
    noisy = [
        Heard(t.samples + 0.1 * t.samples.std() * random.standard_normal(len(t.samples)))
        for t in perfect.truths
    ]
    found = measure(dataclasses.replace(perfect, translations=noisy), classifier)
    assert clean["value"] == clean["ceiling"] > 25
    assert found["harmonics_over_rest_db"]["value"] == pytest.approx(20, abs=3)
