"""A model in bands at 32 kHz, evaluated on a store at 32 kHz: everything at its own rate."""

import json

import numpy as np
import pytest

from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.data.files import write_audio, write_json
from umtn_core.data.store import FileEntry, Index, PairEntry, Store, write_index
from umtn_core.evaluation.evaluate import evaluate
from umtn_core.evaluation.likelihood.cost import network_nats
from umtn_core.evaluation.likelihood.likelihood_figures import likelihood_figures
from umtn_core.evaluation.likelihood.linear_prediction import linear_prediction_nats
from umtn_core.evaluation.likelihood.teacher_forcing import excerpt_codes, teacher_forced_nats
from umtn_core.evaluation.listening.heard import RATE
from umtn_core.evaluation.material.held_out import excerpts
from umtn_core.evaluation.report.write import write_report
from umtn_core.evaluation.settings import EvaluationSettings
from umtn_core.shape import NetworkShape

STORE_RATE = 32_000
SHAPE = NetworkShape(
    decoder_sample_rate=STORE_RATE,
    bands=8,
    hop=400,
    latent_channels=4,
    encoder_blocks=1,
    encoder_layers=2,
    encoder_channels=8,
    encoder_stride=8,
    decoder_blocks=1,
    decoder_layers=3,
    residual_channels=8,
    skip_channels=8,
    decoder_input="embedding",
    conditioning_channels=6,
)
#: Partials that fall off at different rates: two instruments, as good as any.
FALLS = {"a": 1.0, "b": 2.5}


def melody(domain, seed, seconds=3.0):
    random = np.random.default_rng(seed)
    notes, parts, now = [], [], 0.0
    while now < seconds:
        pitch = int(random.integers(60, 80))
        time = np.arange(round(0.3 * STORE_RATE)) / STORE_RATE
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        tone = sum(
            k ** -FALLS[domain] * np.sin(2 * np.pi * k * hertz * time)
            for k in range(1, int(15_000 / hertz))
        )
        parts.append(0.2 * tone * np.minimum(1, np.minimum(time, time[::-1]) / 0.01))
        notes.append((now, now + 0.29, pitch, 90))
        now += 0.3
    audio = np.concatenate(parts)
    return (audio + random.normal(0, 1e-4, len(audio))).astype(np.float32), notes


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    files, pairs = [], []
    for domain in FALLS:
        for split, seed in (("train", 8), ("train", 9), ("test", 7)):
            path = f"audio/{domain}/{seed}.npy"
            samples = write_audio(folder / path, melody(domain, seed)[0])
            common = {"domain": domain, "source": "", "licence": ""}
            files.append(FileEntry(split=split, path=path, samples=samples, **common))
    for seed in (0, 1):
        renders = {domain: f"pairs/{seed}.{domain}.npy" for domain in FALLS}
        for domain, path in renders.items():
            write_audio(folder / path, melody(domain, seed)[0])
        write_json(folder / f"pairs/{seed}.notes.json", melody("a", seed)[1])
        pairs.append(
            PairEntry(
                piece=str(seed), split="test", licence="", source="", soundfont="made",
                notes=f"pairs/{seed}.notes.json", renders=renders,
            )
        )  # fmt: skip
    write_index(folder, Index(sample_rate=STORE_RATE, files=files, pairs=pairs))
    return Store.open(folder)


@pytest.fixture(scope="module")
def network():
    import torch

    from umtn_core.networks import UniversalMusicTranslationNetwork

    torch.manual_seed(0)
    made = UniversalMusicTranslationNetwork(SHAPE, tuple(FALLS))
    for decoder in made.decoders.values():
        decoder.band_gains[:] = torch.tensor([1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0])
    return made


@pytest.fixture(scope="module")
def bundle(network):
    from export.export import bundle_graphs
    from umtn_core.bundle import Domain, Manifest

    gains = {name: tuple(d.band_gains.tolist()) for name, d in network.decoders.items()}
    manifest = Manifest(
        schema=1,
        name="wide",
        domains=tuple(Domain(name, band_gains=gains[name]) for name in FALLS),
        shape=SHAPE,
        licence="CC0-1.0",
        training_data="none",
        reference_loudness=-20.0,
        files={},
    )
    return Bundle.in_memory(manifest, bundle_graphs(network))


SETTINGS = EvaluationSettings(
    recordings=False, excerpts=2, excerpt_seconds=0.3, training_excerpts=4, seconds=2.4
)


def test_it_runs_and_everything_keeps_its_rate(bundle, store, tmp_path):
    evaluation = evaluate(bundle, store, SETTINGS)
    report = evaluation.report
    json.dumps(report, allow_nan=False)
    assert report["sample_rates"] == {
        "store": 32_000, "heard": 16_000, "made": 32_000, "judged": 16_000
    }  # fmt: skip
    for example in evaluation.examples:
        for heard in example.sounds.values():
            assert heard.rate == STORE_RATE
            assert len(heard.full) == round(2.4 * STORE_RATE)
            assert len(heard.samples) == round(2.4 * RATE)
    # The truth is judged to be the truth: its notes are found at the rate that judges hear.
    for figures in report["directions"]["made"].values():
        assert figures["note_f1"]["ceiling"] > 0.9
        assert figures["pitch_within_50_of_source"]["ceiling"] > 0.9
    for blend in evaluation.blends:
        assert all(heard.rate == STORE_RATE for heard in blend.mixtures)
        assert all(abs(heard.seconds - 2.4) < 0.001 for heard in blend.mixtures)
    for nats in report["likelihood"].values():
        assert nats["network"] > nats["linear_prediction_adaptive"]
    page = write_report(tmp_path / "report", evaluation)
    from umtn_core.audio.read import read_audio

    for file in (page.parent / "audio").glob("*.flac"):
        audio, rate = read_audio(file)
        assert rate == STORE_RATE
        assert abs(audio.shape[1] / rate - 2.4) < 0.001


def test_a_perfect_translator_is_found_perfect(bundle, store):
    truths = {}
    for pair in store.index.pairs:
        read = {d: np.asarray(store.read(p), np.float32) / 32767 for d, p in pair.renders.items()}
        truths |= {audio.tobytes(): read for audio in read.values()}
    settings = EvaluationSettings(
        recordings=False, excerpts=2, excerpt_seconds=0.3, training_excerpts=4
    )
    report = evaluate(
        bundle, store, settings,
        translate=lambda target, sources: [truths[a.tobytes()][target] for a in sources],
    ).report  # fmt: skip
    assert report["summary"]["made"]["note_f1"]["value"] > 0.9
    assert report["summary"]["made"]["stft_distance"]["value"] == 0
    assert report["summary"]["made"]["named_as_target"]["value"] == 1


def test_teacher_forced_nats_are_what_pytorch_pays_a_code(network, bundle, store):
    import torch

    audio = excerpts(store, "a", "test", 2, 0.1)
    codes = np.stack([excerpt_codes(bundle, "a", each) for each in audio]).astype(np.int64)
    assert codes.shape == (2, 3_200 - bundle.coding("a").tail)
    law = bundle.coding("a").companding
    heard = np.stack([resample(each, STORE_RATE, RATE) for each in audio])
    heard = law.encode(heard).astype(np.float32)[:, None] / 255 - 0.5
    with torch.no_grad():
        latents = network.encoder(torch.from_numpy(heard))
        padded = np.pad(codes, ((0, 0), (0, 3_200 - codes.shape[1])))
        logits = network.decoders["a"](torch.from_numpy(padded), latents).numpy()
    field = SHAPE.receptive_field
    scored = slice(field, codes.shape[1])
    expected = network_nats(logits[:, scored], codes[:, scored])
    assert teacher_forced_nats(bundle, "a", audio) == pytest.approx(expected, rel=1e-4)
    figures = likelihood_figures(bundle, "a", audio, audio)
    assert figures["network"] == pytest.approx(expected, abs=1e-3)
    assert figures["samples"] == 2 * (codes.shape[1] - field)


def test_linear_prediction_of_bands_is_the_mean_over_them(bundle, store):
    judged, fitted = (
        [excerpt_codes(bundle, "a", each) for each in excerpts(store, "a", split, 2, 0.3)]
        for split in ("test", "train")
    )
    found = linear_prediction_nats(judged, fitted, unscored=80, bands=8)
    alone = [
        linear_prediction_nats(
            [codes[band::8] for codes in judged], [codes[band::8] for codes in fitted], unscored=10
        )
        for band in range(8)
    ]
    assert found.samples == sum(each.samples for each in alone)
    for name in ("unigram", "fixed", "adaptive"):
        mean = np.mean([getattr(each, name) for each in alone])
        assert getattr(found, name) == pytest.approx(mean)


def test_a_model_that_makes_what_it_hears_can_be_judged_by_a_wider_store(store, random_bundle):
    shape = NetworkShape(
        latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
        decoder_blocks=1, decoder_layers=2, residual_channels=2, skip_channels=4,
    )  # fmt: skip
    evaluation = evaluate(random_bundle(shape), store, SETTINGS)
    assert evaluation.report["sample_rates"]["made"] == 16_000
    assert {heard.rate for e in evaluation.examples for heard in e.sounds.values()} == {32_000}
    assert {heard.rate for blend in evaluation.blends for heard in blend.mixtures} == {16_000}
