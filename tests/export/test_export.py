"""Export end to end: what is written is what PyTorch does, or nothing is."""

import json
import os

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch")

from export import Description, export_network
from export import parity as parity_module
from umtn_core import Bundle, Translator, UmtnError
from umtn_core.decode.decode import Decode
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream
from umtn_core.networks.generation import generate

DESCRIPTION = Description(
    name="Test", licence="CC0-1.0", training_data="none", reference_loudness=-20.0,
    titles={"flute": "Flute"},
)  # fmt: skip


def test_an_export_opens_translates_and_states_its_parity(network, shape, music, tmp_path):
    path = export_network(network, tmp_path / "model", DESCRIPTION, *music)
    bundle = Bundle.open(path)
    assert bundle.shape == shape
    assert [(d.name, d.title) for d in bundle.manifest.domains] == [
        ("flute", "Flute"), ("violin", None),
    ]  # fmt: skip
    parity = bundle.manifest.parity
    assert parity["steps"] == 2000
    for error in (parity["encoder"], *parity["decoders"].values()):
        assert 0 < error < 1e-5
    audio, rate = music
    translated = Translator(bundle, "violin")(audio[:, :2000], rate)
    assert translated.shape == (2, 2000)


def test_a_free_running_decode_is_that_of_pytorch(network, shape, music, tmp_path):
    """By argmax no random numbers are involved, so every code must agree."""
    bundle = Bundle.open(export_network(network, tmp_path / "model", DESCRIPTION, *music))
    latents = torch.randn(2, shape.latent_channels, 6)
    streams = [Stream(z.numpy(), 6 * shape.output_hop) for z in latents]
    for domain in network.domains:
        decode = Decode(OnnxEngine(bundle, domain, 1), streams, Sampling(temperature=0))
        decode.advance()
        expected = generate(network.decoders[domain], shape, latents, temperature=0)
        assert np.array_equal(np.stack(decode.codes), expected.numpy())
        assert len(np.unique(expected)) > 3


@pytest.mark.parametrize(
    "part",
    ["encoder.dilated_convs.1.conv_1x1.weight", "decoders.violin.layers.2.causal.weight",
     "decoders.violin.layers.1.residual.bias", "decoders.flute.condition.bias"],
)  # fmt: skip
def test_a_difference_is_refused_and_nothing_written(network, music, tmp_path, monkeypatch, part):
    """The network changes between the making of the graphs and the check."""

    def measure(changed, *rest):
        with torch.no_grad():
            changed.get_parameter(part).add_(0.05)
        return parity_module.measure(changed, *rest)

    monkeypatch.setattr("export.export.measure", measure)
    with pytest.raises(UmtnError, match="differ from the network"):
        export_network(network, tmp_path / "model", DESCRIPTION, *music)
    assert os.listdir(tmp_path) == []


def test_weights_that_are_not_numbers_are_refused(network, music, tmp_path):
    with torch.no_grad():
        network.get_parameter("decoders.flute.fc.weight").view(-1)[3] = float("nan")
    with pytest.raises(UmtnError):
        export_network(network, tmp_path / "model", DESCRIPTION, *music)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("audio", [np.zeros((1, 50_000)), np.ones((1, 100)) / 2])
def test_audio_that_proves_nothing_is_refused(network, tmp_path, audio):
    with pytest.raises(UmtnError, match="parity"):
        export_network(network, tmp_path / "m", DESCRIPTION, audio.astype(np.float32), 16_000)
    assert os.listdir(tmp_path) == []


def test_an_existing_bundle_is_replaced_only_when_asked(network, music, tmp_path):
    path = export_network(network, tmp_path / "model", DESCRIPTION, *music)
    with pytest.raises(UmtnError, match="exists"):
        export_network(network, path, DESCRIPTION, *music)
    export_network(network, path, DESCRIPTION, *music, overwrite=True)
    assert json.loads((path / "manifest.json").read_text())["name"] == "Test"
