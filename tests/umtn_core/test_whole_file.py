"""What comes in blocks against the same done with whole arrays, step by step."""

import msgspec
import numpy as np
import pytest

from umtn_core import Translator
from umtn_core.audio.level import gain_to_match, limited, to_reference
from umtn_core.audio.loudness import loudness
from umtn_core.audio.resample import resample
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.decode import Decode
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream
from umtn_core.encode.opening import open_encoder
from umtn_core.native.library import is_available
from umtn_core.segments.join import joined
from umtn_core.segments.plan import plan, segment_id
from umtn_core.shape import NetworkShape

ENGINE = "cpu" if is_available() else "onnx"

SHAPE = NetworkShape(
    latent_channels=3, encoder_blocks=1, encoder_layers=2, encoder_channels=4, decoder_blocks=1,
    decoder_layers=3, residual_channels=4, skip_channels=4,
)  # fmt: skip
IN_BANDS = msgspec.structs.replace(
    SHAPE, decoder_sample_rate=32_000, bands=4, decoder_input="embedding"
)


@pytest.fixture(params=[SHAPE, IN_BANDS], ids=["one band", "bands"])
def bundle(random_bundle, request):
    return random_bundle(request.param)


def music(seconds, rate, channels):
    rng = np.random.default_rng(channels)
    time = np.arange(round(seconds * rate)) / rate
    swell = 0.1 + 0.9 * np.square(np.sin(np.pi * time))
    tones = [np.sin(2 * np.pi * 330 * (c + 1) * time) for c in range(channels)]
    return (swell * tones + rng.normal(0, 0.01, (channels, len(time)))).astype(np.float32)


def translated(bundle, signal, rate, number, segments, seed):
    """Translate one signal, all of it at every step."""
    shape, manifest = bundle.shape, bundle.manifest
    engine = open_engine(ENGINE, bundle, "a", 1)
    heard = resample(signal, rate, shape.sample_rate)
    heard = to_reference(heard, shape.sample_rate, manifest.reference_loudness)
    latents = open_encoder(bundle, engine.encoder_precision, 1).encode(heard)
    parts = plan(heard, shape, segments, manifest.context)
    hop = shape.output_hop
    streams = [
        Stream(
            latents[:, part.begin // hop : -(-part.end // hop)],
            part.end - part.begin,
            segment_id(number, i),
            seed,
        )
        for i, part in enumerate(parts)
    ]
    decode = Decode(engine, streams, Sampling(seed, manifest.temperature))
    decode.advance()
    coding = bundle.coding("a")
    made, _ = joined([coding.decode(codes) for codes in decode.codes], parts, shape.output_rate)
    made = resample(made, shape.output_rate, rate, len(signal))
    quietest = manifest.reference_loudness - 20
    return made * gain_to_match(loudness(made, rate), loudness(signal, rate), quietest)


@pytest.mark.parametrize(
    ("rate", "seconds", "segments"), [(44_100, 3.1, 1), (48_000, 3.4, 3), (16_000, 2.0, 2)]
)
@pytest.mark.parametrize("mix", [1.0, 0.3])
def test_without_the_new_options_it_is_what_whole_arrays_gave(bundle, rate, seconds, segments, mix):
    audio = music(seconds, rate, channels=2)
    expected = np.stack(
        [translated(bundle, signal, rate, i, segments, 5) for i, signal in enumerate(audio)]
    )
    expected = limited(expected, rate, max(1.0, float(np.abs(audio).max())))
    if mix < 1:
        expected = np.float32(1 - mix) * audio + np.float32(mix) * expected
    translator = Translator(
        bundle, "a", engine=ENGINE, segments=segments, seed=5, mix=mix,
        channels="per-channel", dynamics=0.0,
    )  # fmt: skip
    assert np.array_equal(translator(audio, rate), expected)


@pytest.mark.parametrize("mode", ["mono", "mid"])
def test_the_mean_is_translated_as_whole_arrays_were(bundle, mode):
    audio = music(2.0, 44_100, channels=2)
    mean = audio.mean(axis=0, dtype=np.float32)
    expected = np.stack([translated(bundle, mean, 44_100, 0, 1, 5)] * 2)
    if mode == "mid":
        expected += audio - mean
    expected = limited(expected, 44_100, max(1.0, float(np.abs(audio).max())))
    translator = Translator(
        bundle, "a", engine=ENGINE, segments=1, seed=5, channels=mode, dynamics=0.0
    )
    assert np.array_equal(translator(audio, 44_100), expected)
