"""What an export says that lower precisions lose."""

import numpy as np
import pytest

from export import precisions as module
from export.export import Description, export_network
from export.precisions import measure_precisions
from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.native.library import is_available

pytestmark = pytest.mark.skipif(not is_available(), reason="installed without a C++ compiler")


def test_every_precision_of_every_domain_is_measured(network, music, tmp_path):
    path = export_network(
        network, tmp_path / "model", Description("test", "CC0-1.0", "none", -20.0), *music, what="a"
    )
    said = Bundle.open(path).manifest.precisions
    assert said.audio == "a" and said.samples > 0
    assert said.losses.keys() == {"bf16", "int8"}
    for domains in said.losses.values():
        assert domains.keys() == {"flute", "violin"}
        for loss in domains.values():
            assert 0 < loss.logits < 0.2 and abs(loss.nats) < 0.05
    for domain in ("flute", "violin"):
        assert said.losses["bf16"][domain].logits < said.losses["int8"][domain].logits


def test_a_loss_that_is_there_is_seen(network, music, tmp_path, monkeypatch):
    path = export_network(
        network, tmp_path / "model", Description("test", "CC0-1.0", "none", -20.0), *music
    )
    right = module._logits

    def worse(bundle, domain, precision, codes, latents, unscored):
        found = right(bundle, domain, precision, codes, latents, unscored)
        if precision != "int8":
            return found
        scored = codes[:, unscored:].reshape(len(codes), -1)
        np.put_along_axis(found, scored[..., None].astype(np.int64), -20.0, axis=-1)
        return found

    monkeypatch.setattr(module, "_logits", worse)
    losses = measure_precisions(Bundle.open(path), *music, "a").losses
    assert losses["int8"]["flute"].nats > 1 > losses["bf16"]["flute"].nats


def test_a_decoder_hears_its_own_domain_or_what_all_hear(network, music, tmp_path):
    description = Description("test", "CC0-1.0", "none", -20.0)
    bundle = Bundle.open(export_network(network, tmp_path / "model", description, *music))
    audio, rate = music
    other = (audio[:, ::-1].copy(), rate)
    all_hear, own = (
        measure_precisions(bundle, *music, "a", of).losses for of in (None, {"violin": other})
    )
    for precision in ("bf16", "int8"):
        assert own[precision]["flute"] == all_hear[precision]["flute"]
        assert own[precision]["violin"] != all_hear[precision]["violin"]


def test_what_is_known_is_not_measured_again(network, music, tmp_path):
    description = Description("test", "CC0-1.0", "none", -20.0)
    bundle = Bundle.open(export_network(network, tmp_path / "model", description, *music))
    loss = PrecisionLoss(nats=0.5, logits=0.25)
    known = Precisions("tones", 7, {"bf16": {"flute": loss}, "int8": {"flute": loss}})
    found = measure_precisions(bundle, *music, "a", known=known)
    assert found.samples == 7
    for losses in found.losses.values():
        assert losses["flute"] == loss != losses["violin"]


def test_where_there_is_no_cpu_engine_nothing_is_said(network, music, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "is_available", lambda: False)
    path = export_network(
        network, tmp_path / "model", Description("test", "CC0-1.0", "none", -20.0), *music
    )
    assert Bundle.open(path).manifest.precisions is None
