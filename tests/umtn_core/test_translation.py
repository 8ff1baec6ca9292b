"""What the bridge relies on: a translation can be put aside at any time, and jobs share a batch."""

import copy
import math
import threading
import time

import msgspec
import numpy as np
import pytest

from umtn_core import Cancelled, Source, Translator, UmtnError
from umtn_core.bundle import Domain
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.native.library import is_available
from umtn_core.shape import NetworkShape

#: Cheap to decode, with the paper's hop and rate.
SHAPE = NetworkShape(
    latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2, decoder_blocks=1,
    decoder_layers=2, residual_channels=2, skip_channels=4,
)  # fmt: skip

ENGINES = ["onnx", *(["cpu", "cpu-bf16"] if is_available() else [])]


#: The same in bands, made at twice the rate that is heard.
IN_BANDS = msgspec.structs.replace(
    SHAPE, decoder_sample_rate=32_000, bands=4, decoder_input="embedding"
)


@pytest.fixture(params=[SHAPE, IN_BANDS], ids=["one band", "bands"])
def bundle(random_bundle, request):
    return random_bundle(request.param)


def music(seconds, seed, rate=16_000, channels=1):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, (channels, round(seconds * rate))).astype(np.float32)


def pieces(seconds=0.3):
    return [
        Source(music(seconds, 1), 16_000, seed=5),
        Source(music(0.2, 2, 44_100, channels=2), 44_100, seed=2**64 - 1),
        Source(np.zeros((2, 100), np.float32), 48_000),
        Source(music(0.1, 3)[0], 16_000),
        Source(music(0.3, 1), 16_000, seed=6),
    ]


def whole(translator, wanted):
    translation = translator.begin(wanted)
    assert not translation.done
    translation.advance()
    assert translation.done
    return translation.finish()


def same(actual, expected):
    return len(actual) == len(expected) and all(map(np.array_equal, actual, expected))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_batch_gives_each_piece_what_it_gets_alone(bundle, engine):
    translator = Translator(bundle, "a", engine=engine, seed=7, threads=2)
    together = whole(translator, pieces())
    for piece, translated in zip(pieces(), together, strict=True):
        alone = Translator(bundle, "a", engine=engine, seed=piece.seeded(7))
        assert translated.shape == piece.audio.shape
        assert np.array_equal(translated, alone(piece.audio, piece.sample_rate))
    assert not np.array_equal(together[0], together[4])


@pytest.mark.parametrize("engine", ENGINES)
def test_interrupted_again_and_again_it_gives_the_undisturbed_samples(bundle, engine):
    # Long enough that no machine is done before it is stopped for the first time.
    sources = pieces(1.0)
    expected = whole(Translator(bundle, "a", engine=engine), sources)
    translator = Translator(bundle, "a", engine=engine, threads=2)
    translation = translator.begin(sources)
    rounds = 0
    while not translation.done:
        translation.advance(0)
        translation = translator.resume(sources, translation.save())
        rounds += 1
        if rounds == 20:
            translation.advance()
    assert rounds > 1
    assert same(translation.finish(), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_another_translator_of_the_same_precision_can_go_on(bundle, engine):
    begun = Translator(bundle, "a", engine=engine, threads=1).begin(pieces())
    begun.advance(0)
    resumed = Translator(bundle, "a", engine=engine, threads=3).resume(pieces(), begun.save())
    resumed.advance()
    assert same(resumed.finish(), whole(Translator(bundle, "a", engine=engine), pieces()))


@pytest.mark.skipif(not is_available(), reason="the cpu engine is not built here")
def test_another_engine_of_the_same_precision_can_go_on(bundle):
    begun = Translator(bundle, "a", engine="onnx").begin(pieces())
    begun.advance(0)
    resumed = Translator(bundle, "a", engine="cpu").resume(pieces(), begun.save())
    assert isinstance(resumed._decode.engine, CpuEngine)
    resumed.advance()
    assert [each.shape for each in resumed.finish()] == [each.audio.shape for each in pieces()]
    with pytest.raises(UmtnError, match=r"fp32.*bf16"):
        Translator(bundle, "a", engine="cpu-bf16").resume(pieces(), begun.save())


def test_a_finished_translation_can_be_saved_too(bundle):
    translator = Translator(bundle, "a")
    translation = translator.begin(pieces())
    translation.advance()
    resumed = translator.resume(pieces(), translation.save())
    assert resumed.done
    assert same(resumed.finish(), translation.finish())


@pytest.mark.parametrize(
    "options",
    [{"target": "b"}, {"seed": 1}, {"temperature": 0.5}, {"top_p": 0.5}, {"mix": 0.5},
     {"channels": "mono"}],
)  # fmt: skip
def test_what_was_saved_of_other_work_is_refused(bundle, options):
    translator = Translator(bundle, "a")
    saved = translator.begin(pieces()).save()
    translator.resume(pieces(), saved)
    with pytest.raises(UmtnError, match="other"):
        Translator(bundle, **({"target": "a"} | options)).resume(pieces(), saved)


def test_what_was_saved_of_other_audio_or_an_other_model_is_refused(bundle, random_bundle):
    translator = Translator(bundle, "a")
    saved = translator.begin(pieces()).save()
    others = pieces()
    others[0].audio[0, 5] += 1e-3
    for wrong in (others, pieces()[1:], pieces()[::-1], []):
        with pytest.raises(UmtnError, match="other audio"):
            translator.resume(wrong, saved)
    other_shape = NetworkShape(
        latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
        decoder_blocks=1, decoder_layers=1, residual_channels=2, skip_channels=4,
    )  # fmt: skip
    with pytest.raises(UmtnError, match="other"):
        Translator(random_bundle(other_shape), "a").resume(pieces(), saved)


@pytest.mark.parametrize("what", ["gains", "temperatures"])
def test_what_was_saved_with_other_bands_is_refused(random_bundle, what):
    bundle = random_bundle(IN_BANDS)
    saved = Translator(bundle, "a").begin(pieces()).save()
    other, manifest = copy.copy(bundle), bundle.manifest
    if what == "gains":
        domains = (Domain("a", band_gains=(1.0, 1.0, 1.0, 1.0)), manifest.domains[1])
        other.manifest = msgspec.structs.replace(manifest, domains=domains)
    else:
        other.manifest = msgspec.structs.replace(manifest, band_temperatures=(1.0, 1.0, 1.0, 0.9))
    with pytest.raises(UmtnError, match="other"):
        Translator(other, "a").resume(pieces(), saved)


@pytest.mark.parametrize("damage", [b"", b"nonsense"])
def test_what_was_never_saved_is_refused(bundle, damage):
    with pytest.raises(UmtnError, match="damaged"):
        Translator(bundle, "a").resume(pieces(), damage)
    saved = Translator(bundle, "a").begin(pieces()).save()
    with pytest.raises(UmtnError, match="damaged"):
        Translator(bundle, "a").resume(pieces(), saved[: len(saved) // 2])


def test_progress_is_of_the_whole_work_and_goes_on_after_a_pause(bundle):
    audio = music(8, 4)
    translator = Translator(bundle, "a", engine="onnx", segments=1)
    translation = translator.begin([Source(audio, 16_000)])
    first, second = [], []
    translation.advance(0.3, progress=first.append)
    assert not translation.done
    translation = translator.resume([Source(audio, 16_000)], translation.save())
    translation.advance(progress=second.append)
    fractions = [progress.fraction for progress in first + second]
    assert fractions == sorted(fractions)
    assert 0 < first[-1].fraction < 1
    assert fractions[-1] == 1
    assert all(p.seconds_left is None or math.isfinite(p.seconds_left) for p in first + second)


def test_time_and_a_wish_to_stop_are_heeded(bundle):
    translation = Translator(bundle, "a", engine="onnx", segments=1).begin(
        [Source(music(40, 5), 16_000)]
    )
    began = time.monotonic()
    translation.advance(0.2)
    with pytest.raises(Cancelled):
        translation.advance(cancelled=lambda: True)
    # Generous: the machine that runs this may be busy with other things.
    assert time.monotonic() - began < 3
    assert not translation.done
    with pytest.raises(UmtnError, match="not finished"):
        translation.finish()


@pytest.mark.parametrize("channels", ["auto", "per-channel", "mid"])
@pytest.mark.parametrize("dynamics", [0.0, 1.0])
def test_finishing_ends_when_asked(bundle, channels, dynamics):
    translator = Translator(bundle, "a", engine="onnx", channels=channels, dynamics=dynamics)
    translation = translator.begin([Source(music(0.2, 2, channels=2), 16_000)])
    translation.advance()
    before = threading.active_count()
    with pytest.raises(Cancelled):
        translation.finish(cancelled=lambda: True)
    assert threading.active_count() == before
    assert len(translation.finish()) == 1


def test_nothing_to_do_is_done_at_once(bundle):
    assert Translator(bundle, "a").begin([]).finish() == []
    silence = Source(np.zeros((2, 50), np.float32), 16_000)
    for mix in (0.0, 1.0):
        translation = Translator(bundle, "a", mix=mix).begin([silence])
        assert translation.done
        seen = []
        translation.advance(progress=seen.append)
        assert seen[-1].fraction == 1
        assert same(translation.finish(), [silence.audio])


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_cannot_be_is_refused(bundle, seed):
    with pytest.raises(UmtnError, match="seed"):
        Translator(bundle, "a").begin([Source(music(0.1, 1), 16_000, seed=seed)])
