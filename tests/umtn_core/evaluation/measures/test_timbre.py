import sys

import numpy as np
import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.measures.timbre import TimbreClassifier, sounding_clips

RATE = 16_000


@pytest.fixture
def classifier(render):
    return TimbreClassifier(
        {"flute": [render(73, seed=s)[0] for s in (0, 1)], "trumpet": [render(56, seed=2)[0]]}
    )


def names(classifier, samples):
    """Name the instrument of each sounding clip of a recording."""
    return [classifier.domains[k] for k in classifier.probabilities(samples).argmax(axis=1)]


def test_names_instruments_by_real_renders_at_any_level(render, classifier):
    for program, name in [(73, "flute"), (56, "trumpet")]:
        for gain in (1.0, 0.02):
            found = names(classifier, gain * render(program, seed=3)[0])
            assert found == [name] * 3


def test_hiss_does_not_change_the_name(render, classifier):
    audio = render(56, seed=3)[0]
    audio = audio + np.random.default_rng(0).normal(0, 0.01, audio.shape)
    assert set(names(classifier, audio)) == {"trumpet"}


def test_probabilities_are_in_the_order_of_the_domains(render, classifier):
    assert classifier.domains == ("flute", "trumpet")
    table = classifier.probabilities(render(73, seed=3)[0])
    np.testing.assert_allclose(table.sum(axis=1), 1)
    assert (table[:, 0] > 0.5).all()


def test_silence_has_no_name(classifier):
    assert names(classifier, np.zeros(RATE * 4)) == []
    assert classifier.probabilities(np.zeros(0)).shape == (0, 2)


def test_keeps_the_mean_envelope_of_each_instrument(render, classifier):
    from umtn_core.evaluation.listening.spectra import envelope, envelope_distance

    other = envelope(render(73, seed=3)[0])
    near, far = (envelope_distance(other, classifier.envelopes[d]) for d in classifier.domains)
    assert near < far


def test_clips_are_whole_and_sound():
    audio = np.concatenate([np.ones(RATE * 2), np.zeros(RATE * 2), np.ones(RATE * 3)])
    assert [len(clip) for clip in sounding_clips(audio)] == [2 * RATE, 2 * RATE]
    assert [len(clip) for clip in sounding_clips(np.ones(100))] == [100]
    assert sounding_clips([]) == []


def test_refuses_what_it_cannot_learn_from(render):
    audio = render(73)[0]
    with pytest.raises(UmtnError, match="at least two"):
        TimbreClassifier({"flute": [audio]})
    with pytest.raises(UmtnError, match="no sounding clip of violin"):
        TimbreClassifier({"flute": [audio], "violin": [np.zeros(RATE * 2)]})


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(UmtnError, match="scikit-learn"):
        TimbreClassifier({})
