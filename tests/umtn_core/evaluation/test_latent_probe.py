import sys

import numpy as np
import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.latent_probe import latent_probe


def excerpts(amplitudes, seed):
    random = np.random.default_rng(seed)
    return {
        name: [(a * random.uniform(-1, 1, 3_200)).astype(np.float32) for _ in range(12)]
        for name, a in amplitudes.items()
    }


def test_reads_off_what_the_latent_shows(envelope_follower):
    # This encoder tells loudness and nothing else.
    loud = {"quiet": 0.1, "loud": 0.6}
    found = latent_probe(envelope_follower, excerpts(loud, 0), excerpts(loud, 1)).value
    assert found == 1.0


def test_finds_nothing_where_there_is_nothing(envelope_follower):
    same = {"one": 0.4, "other": 0.4}
    found = latent_probe(envelope_follower, excerpts(same, 0), excerpts(same, 1)).value
    assert found < 0.8


def test_says_what_to_install(envelope_follower, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(UmtnError, match="scikit-learn"):
        latent_probe(envelope_follower, {}, {})
