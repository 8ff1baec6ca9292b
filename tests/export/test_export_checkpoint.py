"""Export from a training run's checkpoint and store."""

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch")
pytest.importorskip("yaml", reason="training settings need the train extra")

from export import export_checkpoint
from export.scope import StatedScope
from umtn_core import Bundle, UmtnError, write_audio
from umtn_core.audio.loudness import loudness
from umtn_core.data.files import write_audio as write_samples
from umtn_core.data.files import write_json
from umtn_core.data.store import RECIPE, FileEntry, Index, write_index
from umtn_core.data.synth.recipe import Domain, Recipe
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.training.settings import Settings

SHAPE = {
    "hop": 80, "latent_channels": 4, "encoder_blocks": 1, "encoder_layers": 3,
    "encoder_channels": 8, "decoder_blocks": 1, "decoder_layers": 4, "residual_channels": 8,
    "skip_channels": 8, "conditioning_channels": 0,
}  # fmt: skip
SAYS = {"name": "Tiny", "licence": "CC0-1.0", "training_data": "test tones"}
LEVELS = {"flute": 0.2, "violin": 0.05}


def tone(level):
    return (level * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store"
    entries = []
    for domain, level in LEVELS.items():
        for split in ("train", "valid"):
            name = f"audio/{domain}/{split}.npy"
            samples = write_samples(path / name, tone(level))
            entries.append(
                FileEntry(
                    domain=domain, split=split, path=name, samples=samples,
                    source=f"{domain} tone", licence="CC0-1.0",
                )
            )  # fmt: skip
    write_index(path, Index(files=entries))
    return path


@pytest.fixture
def checkpoint(store, tmp_path):
    """What a run leaves, as far as export reads it."""

    def make(**fields):
        values = {"store": str(store), "output": str(tmp_path), "shape": SHAPE} | fields
        settings = msgspec.convert(values, Settings)
        torch.manual_seed(0)
        network = UniversalMusicTranslationNetwork(settings.network_shape, tuple(LEVELS))
        weights = {f"network.{name}": value for name, value in network.state_dict().items()}
        content = {
            "state_dict": weights,
            "hyper_parameters": {
                "settings": msgspec.to_builtins(settings), "domains": list(LEVELS),
            },
            "batches": 3,
        }  # fmt: skip
        torch.save(content, tmp_path / "last.ckpt")
        return tmp_path / "last.ckpt"

    return make


def test_the_manifest_tells_what_the_store_holds(checkpoint, tmp_path):
    path = export_checkpoint(checkpoint(), tmp_path / "model", **SAYS, titles={"Flute": "Flute"})
    manifest = Bundle.open(path).manifest
    assert (manifest.name, manifest.licence, manifest.training_data) == tuple(SAYS.values())
    assert [domain.title for domain in manifest.domains] == ["Flute", None]
    expected = [("flute tone", "CC0-1.0"), ("violin tone", "CC0-1.0")]
    assert [(s.source, s.licence) for s in manifest.sources] == expected
    measured = [loudness(tone(level), 16_000) for level in LEVELS.values()]
    assert manifest.reference_loudness == pytest.approx(np.mean(measured), abs=0.02)


def test_gains_in_training_move_the_reference_loudness(checkpoint, tmp_path):
    plain = export_checkpoint(checkpoint(), tmp_path / "a", **SAYS)
    varied = checkpoint(gain_quietest=0.25, gain_loudest=0.75)
    quieter = export_checkpoint(varied, tmp_path / "b", **SAYS)
    difference = [Bundle.open(p).manifest.reference_loudness for p in (plain, quieter)]
    assert difference[0] - difference[1] == pytest.approx(6.02, abs=0.02)


@pytest.mark.parametrize(("preset", "made"), [("small", 1_600), ("wideband", 3_200)])
def test_the_context_is_what_the_decoders_were_taught_to_make_at_a_time(
    checkpoint, tmp_path, preset, made
):
    trained = checkpoint(preset=preset, segment=1_600, context=80)
    path = export_checkpoint(trained, tmp_path / "model", **SAYS)
    assert Bundle.open(path).manifest.context == made


def test_the_scope_is_the_stores_unless_it_is_said(checkpoint, store, tmp_path):
    plain = export_checkpoint(checkpoint(), tmp_path / "a", **SAYS)
    assert Bundle.open(plain).manifest.scope is None
    domains = {name: Domain(minutes=1, programs=[0], pitch=(50, 70)) for name in LEVELS}
    recipe = Recipe(name="tones", scope="mono", collections=["ryans"], domains=domains)
    write_json(store / RECIPE, recipe)
    known = export_checkpoint(checkpoint(), tmp_path / "b", **SAYS)
    wider = StatedScope(pitch_range=(40, 70))
    said = export_checkpoint(checkpoint(), tmp_path / "c", **SAYS, scope=wider)
    scopes = [Bundle.open(path).manifest.scope for path in (known, said)]
    assert [(scope.lowest, scope.highest) for scope in scopes] == [(50, 70), (40, 70)]
    assert {scope.material for scope in scopes} == {"single lines of flute and violin"}


def test_a_recording_can_be_named_for_the_check(checkpoint, tmp_path):
    recording = tmp_path / "a.wav"
    write_audio(recording, np.tile(tone(0.3), (2, 3)), 16_000)
    path = export_checkpoint(checkpoint(), tmp_path / "model", **SAYS, audio=recording)
    assert Bundle.open(path).manifest.parity["seconds_encoded"] == 3


@pytest.mark.parametrize("broken", ["checkpoint", "store", "audio"])
def test_what_cannot_be_read_is_named(checkpoint, tmp_path, broken):
    arguments = {"checkpoint": checkpoint()} | {broken: tmp_path / "nowhere"}
    with pytest.raises(UmtnError, match="nowhere"):
        export_checkpoint(output=tmp_path / "model", **arguments, **SAYS)
    assert not (tmp_path / "model").exists()


def test_a_title_of_no_domain_is_refused_and_nothing_written(checkpoint, tmp_path):
    with pytest.raises(UmtnError, match=r"no domain 'flut' \(did you mean flute\?\)"):
        export_checkpoint(checkpoint(), tmp_path / "model", **SAYS, titles={"flut": "Flute"})
    assert not (tmp_path / "model").exists()
