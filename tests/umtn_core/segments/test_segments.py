"""What translating in segments must hold to."""

import msgspec
import numpy as np
import pytest

from umtn_core import Bundle, Source, Translator, UmtnError
from umtn_core.segments.plan import Margins
from umtn_core.shape import NetworkShape

RATE = 16_000
SHAPE = NetworkShape(
    latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2, decoder_blocks=1,
    decoder_layers=2, residual_channels=2, skip_channels=4,
)  # fmt: skip


#: The same in bands, made at twice the rate that is heard.
IN_BANDS = msgspec.structs.replace(
    SHAPE, decoder_sample_rate=32_000, bands=8, decoder_input="embedding"
)


@pytest.fixture(params=[SHAPE, IN_BANDS], ids=["one band", "bands"])
def bundle(random_bundle, request):
    return random_bundle(request.param)


def music(seconds, seed=0, channels=1, rate=RATE):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, (channels, round(seconds * rate))).astype(np.float32)


def test_before_the_first_join_it_is_the_unbroken_stream(bundle):
    audio = music(8)
    (cut,), (whole,) = (decoded(bundle, audio, segments) for segments in (6, 1))
    parts, segments = cut
    assert len(segments) == 6
    unbroken = whole[0][0]
    # Of bands, the last samples of a part miss what later steps would add.
    first = len(parts[0]) - bundle.coding("a").tail
    assert first > 0
    np.testing.assert_allclose(parts[0][:first], unbroken[:first], atol=1e-6)
    for part, segment in zip(parts[1:], segments[1:], strict=True):
        assert not np.array_equal(part, unbroken[segment.begin : segment.end])


def decoded(bundle, audio, segments, **options):
    translator = Translator(bundle, "a", segments=segments, **options)
    translation = translator.begin([Source(audio, RATE)])
    translation.advance()
    return translation.parts()


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_every_piece_and_channel_comes_out_as_it_does_alone(bundle, rate):
    translator = Translator(bundle, "a", segments=4, threads=2)
    pieces = [
        Source(music(4, 1, 2, rate), rate),
        Source(music(0.2, 2, 1, rate), rate),
        Source(np.zeros((1, 3 * rate), np.float32), rate),
        Source(music(3, 3, 1, rate)[0], rate, seed=9),
        Source(np.full(1, 0.5, np.float32), rate),
    ]
    translation = translator.begin(pieces)
    translation.advance(0.01)
    translation = Translator(bundle, "a", segments=4, threads=1).resume(pieces, translation.save())
    translation.advance()
    for piece, found in zip(pieces, translation.finish(), strict=True):
        alone = Translator(bundle, "a", segments=4, seed=piece.seeded(0))
        expected = alone(piece.audio, rate)
        assert found.shape == piece.audio.shape
        assert np.isfinite(found).all()
        assert np.array_equal(found, expected)


def test_channels_are_random_by_themselves_in_every_segment(bundle):
    audio = np.repeat(music(4), 2, axis=0)
    audio[1, 0] += 1e-6
    left, right = decoded(bundle, audio, 4, channels="per-channel")
    for one, other in zip(left[0], right[0], strict=True):
        assert not np.array_equal(one, other)


def test_what_was_saved_in_other_segments_is_refused(bundle):
    pieces = [Source(music(4), RATE)]
    saved = Translator(bundle, "a", segments=4).begin(pieces).save()
    for segments in (1, 5, "auto"):
        with pytest.raises(UmtnError, match="other"):
            Translator(bundle, "a", segments=segments).resume(pieces, saved)


@pytest.mark.parametrize("segments", [0, -1, 1.5, "many", None, True])
def test_segments_that_cannot_be_are_refused(bundle, segments):
    with pytest.raises(UmtnError, match="whole number"):
        Translator(bundle, "a", segments=segments)


def test_only_so_much_more_is_decoded_as_the_margins_say(bundle):
    ((_, segments),) = decoded(bundle, music(10), 8)
    shape = bundle.shape
    extra = sum(segment.end - segment.begin for segment in segments) - 10 * shape.output_rate
    margins = Margins.of(shape)
    assert 0 < extra <= 7 * (margins.before + margins.after + shape.output_hop)
    assert all(segment.begin % shape.output_hop == 0 for segment in segments)
    assert all(segment.end % shape.bands == 0 for segment in segments)


def test_segments_warm_up_no_longer_than_the_bundle_says_its_decoders_were_taught(random_bundle):
    unknown = random_bundle(msgspec.structs.replace(SHAPE, decoder_layers=12))
    manifest = msgspec.structs.replace(unknown.manifest, context=400)
    graphs = {name: unknown.contents(name) for name in manifest.files}
    made = []
    for bundle in (unknown, Bundle.in_memory(manifest, graphs)):
        ((_, segments),) = decoded(bundle, music(4), 3)
        made.append(sum(segment.end - segment.begin for segment in segments))
    spared = 2 * (unknown.shape.receptive_field - 400)
    assert made[0] - made[1] == pytest.approx(spared, abs=4 * unknown.shape.output_hop)
