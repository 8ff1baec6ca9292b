"""Segments of several bands, heard at another rate than they are made at."""

import msgspec
import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from umtn_core import filter_bank
from umtn_core.companding import MU, Companding
from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, Store, write_index
from umtn_core.errors import UmtnError
from umtn_core.training import adding
from umtn_core.training.adding import adding_settings
from umtn_core.training.band_gains import LARGEST, LEVEL, measure_band_gains
from umtn_core.training.checkpoint import load_network
from umtn_core.training.clips import Cut, DomainAudio, band_samples, heard_audio
from umtn_core.training.segments import SegmentDataset
from umtn_core.training.train import train

RATE = 32_000
WIDE = {
    "hop": 80, "decoder_sample_rate": RATE, "bands": 8, "decoder_input": "embedding",
    "latent_channels": 4, "encoder_blocks": 1, "encoder_layers": 3, "encoder_channels": 8,
    "decoder_blocks": 1, "decoder_layers": 4, "residual_channels": 8, "skip_channels": 8,
    "conditioning_channels": 8, "classifier_channels": 8,
}  # fmt: skip
GAINS = np.full(8, 0.9, np.float32)


def _entry(path, domain, number, audio, others=()):
    name = f"audio/{domain}/{number}.npy"
    samples = write_audio(path / name, audio)
    fields = {"others": list(others)} if others else {}
    return FileEntry(
        domain=domain, split=("train", "valid", "test")[number % 3], path=name, samples=samples,
        source="test tone", licence="CC0", **fields,
    )  # fmt: skip


@pytest.fixture(scope="module")
def wide_store(tmp_path_factory):
    """Two domains at 32 kHz; the flute's performances are there by another instrument too."""
    path = tmp_path_factory.mktemp("wide")
    random = np.random.default_rng(0)
    entries = []
    for domain in ("flute", "violin"):
        for number in range(4):
            time = np.arange(RATE) / RATE
            wave = 0.3 * np.sin(2 * np.pi * random.uniform(200, 900) * time)
            wave = wave + 0.01 * random.standard_normal(RATE)
            others = []
            if domain == "flute":
                others = [f"others/{number}.npy"]
                ramp = np.arange(RATE // 2) / RATE
                write_audio(path / others[0], ramp)
            entries.append(_entry(path, domain, number, wave, others))
    write_index(path, Index(sample_rate=RATE, heard_rate=RATE // 2, files=entries))
    return path


@pytest.fixture
def wide(make_settings, tmp_path, wide_store):
    def make(**fields):
        options = make_settings(tmp_path, **{"shape": WIDE, **fields})
        return msgspec.structs.replace(options, store=str(wide_store))

    return make


def test_what_is_heard_and_what_is_made_are_of_the_same_instant(wide):
    """An impulse lies at the same time in the clip, the resampled audio and the bands."""
    shape = wide().network_shape
    cut = Cut.of(shape, 480, 160)
    at = cut.front + cut.context + 400
    clip = np.zeros(cut.samples, np.float32)
    clip[at] = 1.0
    heard = heard_audio(clip, cut, shape)
    assert len(heard) == 480 + 2 * 160 and heard.argmax() == 160 + 200
    bands = band_samples(clip, cut, shape, cut.front + cut.context)
    assert bands.shape == (1 + 960 // 8, 8)
    # One step earlier is there too; the bands are those of the audio as a whole.
    whole = filter_bank.analyse(clip[(cut.front + cut.context) % 8 :], 8)
    first = (cut.front + cut.context) // 8
    np.testing.assert_allclose(bands, whole[first - 1 : first + 120], atol=1e-6)
    made = filter_bank.synthesise(bands[1:], 8)
    assert np.abs(made).argmax() == 400


def test_the_target_is_the_audio_in_bands_and_the_past_a_step_earlier(wide, wide_store):
    options = wide()
    data = SegmentDataset(options, ("flute", "violin"), "valid", [GAINS, GAINS])
    segment = data[0].widened()
    codes = 2 * options.segment
    assert segment.target.shape == segment.past.shape == segment.scored.shape == (2, codes)
    assert segment.heard.shape == (2, 1, options.segment + 2 * options.context)
    assert torch.equal(segment.past[:, 8:], segment.target[:, :-8])
    assert (segment.past >= 0).all()
    assert not segment.scored[:, : 2 * options.unscored].any()
    assert segment.scored[:, 2 * options.unscored :].all()
    # Made audio again, the target is what was heard.
    levels = Companding().decode(segment.target[0].numpy()).reshape(-1, 8) / GAINS
    made = filter_bank.synthesise(levels, 8)[::2][80:-80]
    heard = Companding().decode(((segment.heard[0, 0] + 0.5) * MU).round().long().numpy())
    inner = heard[options.context + 80 : options.context + options.segment - 80]
    assert np.sqrt(np.mean((made - inner) ** 2)) < 0.03 < np.sqrt(np.mean(inner**2))


def test_without_context_the_first_step_has_nothing_yet(wide):
    segment = SegmentDataset(wide(context=0), ("flute",), "valid")[0]
    assert (segment.past[:, :8] == -1).all() and (segment.past[:, 8:] >= 0).all()


def test_the_encoder_hears_the_same_place_of_another_instrument(wide, wide_store):
    data = DomainAudio(Store.open(wide_store), "flute", "train", 4000, 2)
    random = np.random.default_rng(0)
    place = data.place(random)
    assert place.start % 2 == 0
    other = data.other(place.file, place.start // 2, 100, random)
    # The other instrument's value is its time.
    np.testing.assert_allclose(other, (place.start // 2 + np.arange(100)) / RATE, atol=1e-4)
    beyond = data.other(place.file, RATE // 2 - 10, 100, random)
    assert len(beyond) == 100 and not beyond[10:].any()


def test_reorchestration_changes_what_is_heard_and_not_the_target(wide):
    none = {"corruption": {}, "perturbation": {"probability": 0.0}}
    always = {"corruption": {}, "perturbation": {"probability": 0.0, "reorchestration": 1.0}}
    plain = SegmentDataset(wide(**none), ("flute", "violin"), "train")[3]
    other = SegmentDataset(wide(**always), ("flute", "violin"), "train")[3]
    assert torch.equal(plain.target, other.target)
    assert torch.equal(plain.spectrum, other.spectrum)
    assert not torch.equal(plain.heard[0], other.heard[0])
    # The violin has no other instruments.
    assert torch.equal(plain.heard[1], other.heard[1])


def test_validation_hears_the_instrument_itself(wide):
    always = wide(perturbation={"reorchestration": 1.0})
    first, second = (SegmentDataset(o, ("flute",), "valid")[1] for o in (wide(), always))
    assert torch.equal(first.heard, second.heard)


def test_a_store_at_another_rate_is_refused(wide, store):
    options = msgspec.structs.replace(wide(), store=str(store))
    with pytest.raises(UmtnError, match="16000 Hz and the network makes 32000"):
        SegmentDataset(options, ("flute",), "train")


def test_gains_take_the_loudest_of_a_band_to_the_level(wide_store):
    gains = measure_band_gains(Store.open(wide_store), "violin", 8)
    assert gains.shape == (8,) and (gains == measure_band_gains(
        Store.open(wide_store), "violin", 8)).all()  # fmt: skip
    audio = Store.open(wide_store).read("audio/violin/0.npy").astype(np.float32) / 32767
    loudest = np.abs(filter_bank.analyse(audio, 8)[20:-20]).max(0) * gains
    assert 0.6 < loudest[0] < 0.75 and gains.max() <= LARGEST and LEVEL == 0.7


def test_a_run_in_bands_learns_keeps_its_gains_and_goes_on_exactly(wide, tmp_path, wide_store):
    common = {"domains": ["flute", "violin"], "optimiser": {"average": 0.9}}
    whole = train(wide(output=str(tmp_path / "whole"), steps=6, **common), progress=False)
    train(wide(output=str(tmp_path / "half"), steps=3, **common), progress=False)
    half = train(wide(output=str(tmp_path / "half"), steps=6, **common), progress=False)
    expected, found = (load_network(path)[0] for path in (whole, half))
    for name, weight in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], weight), name
    measured = measure_band_gains(Store.open(wide_store), "flute", 8)
    assert np.array_equal(expected.decoders["flute"].band_gains.numpy(), measured)
    # A run that begins from another keeps its gains, and so does a copy of a decoder.
    with torch.no_grad():
        content = torch.load(whole, weights_only=True)
        content["state_dict"]["network.decoders.flute.band_gains"][:] = 3.0
        torch.save(content, tmp_path / "other.ckpt")
    begun = train(
        wide(output=str(tmp_path / "begun"), steps=1, domains=["flute", "violin"]),
        start=tmp_path / "other.ckpt", progress=False,
    )  # fmt: skip
    assert (load_network(begun)[0].decoders["flute"].band_gains == 3.0).all()


def test_an_added_domain_has_gains_of_its_own(wide, tmp_path, wide_store, monkeypatch):
    old = train(wide(output=str(tmp_path / "old"), domains=["flute"], steps=1), progress=False)
    base = adding_settings(old, ["violin"], wide_store, tmp_path / "added")
    options = msgspec.structs.replace(base, steps=1)
    gains = {name: measure_band_gains(Store.open(wide_store), name, 8) for name in options.domains}
    assert (gains["violin"] != gains["flute"]).any()
    used = []

    def dataset(*arguments):
        used.extend(arguments[3:])
        return SegmentDataset(*arguments)

    # What the old decoder is tried on is what its copy will be taught.
    monkeypatch.setattr(adding, "SegmentDataset", dataset)
    added = load_network(train(options, start=old, progress=False))[0]
    assert len(used) == 1 and np.array_equal(used[0], [gains["violin"]])
    for domain, measured in gains.items():
        assert np.array_equal(added.decoders[domain].band_gains.numpy(), measured)


def test_sounds_of_bands_are_logged(wide):
    train(wide(steps=2, listen_every=2, listen_seconds=0.02), progress=False)


def test_mixed_precision_learns_as_float32_does(wide, tmp_path):
    """The passes by hand, through a whole run: the same losses but for rounding."""
    found = {}
    for precision in ("32-true", "bf16-mixed"):
        options = wide(
            output=str(tmp_path / precision), steps=25, validate_every=25,
            machine={"precision": precision}, optimiser={"decoder_rate": 0.01},
        )  # fmt: skip
        train(options, progress=False)
        log = EventAccumulator(str(tmp_path / precision / "log"))
        log.Reload()
        found[precision] = log.Scalars("valid/nats")[-1].value
    assert found["bf16-mixed"] == pytest.approx(found["32-true"], abs=0.03) and (
        found["32-true"] < 5.4
    )
