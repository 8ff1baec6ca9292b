"""The translator that an evaluation opens is the one its settings name."""

from umtn_core.bundle import Bundle
from umtn_core.evaluation.settings import EvaluationSettings
from umtn_core.evaluation.translating import translator_of
from umtn_core.translator import Translator


def test_the_settings_reach_the_translator(tiny_bundle):
    settings = EvaluationSettings(channels="mono", dynamics=0.25, transpose=-12, seed=7, top_p=0.9)
    found = translator_of(Bundle.open(tiny_bundle), "violin", settings, 3)
    assert (found.channels, found.dynamics, found.transpose) == ("mono", 0.25, -12)
    assert (found.sampling.seed, found.sampling.top_p) == (7, 0.9)
    assert (found.target, found.segments) == ("violin", 3)


def test_what_is_not_said_is_what_a_translator_does_by_itself(tiny_bundle):
    bundle = Bundle.open(tiny_bundle)
    found = translator_of(bundle, "flute", EvaluationSettings(), "auto")
    own = Translator(bundle, "flute")
    for name in ("channels", "dynamics", "transpose", "sampling", "segments", "mix"):
        assert getattr(found, name) == getattr(own, name), name
