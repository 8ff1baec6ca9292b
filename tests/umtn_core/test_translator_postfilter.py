"""What a translator does about a model's post-filter, and about a model that has none."""

import msgspec
import numpy as np
import pytest

from export.graphs import postfilter_graph
from umtn_core import Bundle, Cancelled, Source, Translator, UmtnError
from umtn_core.bundle import write_bundle
from umtn_core.bundle.manifest import postfilter_file
from umtn_core.finishing import Finish
from umtn_core.postfilter import Postfilter
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import NetworkShape

PLAIN = NetworkShape(
    latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2, decoder_blocks=1,
    decoder_layers=2, residual_channels=2, skip_channels=4,
)  # fmt: skip
IN_BANDS = msgspec.structs.replace(
    PLAIN, decoder_sample_rate=32_000, bands=8, decoder_input="embedding"
)
SHAPE = PostfilterShape(window=512, bins=129, channels=2, dilations=(1,))


def with_postfilter(bundle, bias=0.0):
    """The same model, with a post-filter for domain a."""
    rng = np.random.default_rng(0)
    sizes = {"first": (2, 2, 5, 3), "layers.0": (2, 2, 5, 3), "last": (1, 2, 1, 1)}
    weights = {f"{name}.weight": rng.normal(0, 0.3, size) for name, size in sizes.items()}
    weights |= {f"{name}.bias": np.full(size[0], bias) for name, size in sizes.items()}
    graphs = {name: bundle.contents(name) for name in bundle.manifest.graph_files}
    graphs[postfilter_file("a")] = postfilter_graph(SHAPE, weights).SerializeToString()
    domains = tuple(
        msgspec.structs.replace(domain, postfilter=SHAPE if domain.name == "a" else None)
        for domain in bundle.manifest.domains
    )
    manifest = msgspec.structs.replace(bundle.manifest, domains=domains)
    return Bundle.in_memory(manifest, graphs)


@pytest.fixture(params=[PLAIN, IN_BANDS], ids=["one band", "bands"])
def without(random_bundle, request):
    return random_bundle(request.param)


@pytest.fixture
def filtered(without):
    return with_postfilter(without)


def music(seconds=0.3, channels=1):
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.1, (channels, round(seconds * 16_000))).astype(np.float32)


def test_a_model_that_has_one_is_filtered_unless_told_not_to_be(without, filtered):
    plain = Translator(without, "a")(music(), 16_000)
    made = Translator(filtered, "a")(music(), 16_000)
    assert made.shape == plain.shape and made.dtype == np.float32
    assert np.abs(made - plain).max() > 0.01
    unfiltered = Translator(filtered, "a", postfilter=False)(music(), 16_000)
    np.testing.assert_array_equal(unfiltered, plain)


def test_a_model_or_domain_that_has_none_stays_as_it_was_to_the_last_bit(without, filtered):
    for bundle, domain in ((without, "a"), (filtered, "b")):
        plain = Translator(without, domain, postfilter=False)(music(), 16_000)
        np.testing.assert_array_equal(Translator(bundle, domain)(music(), 16_000), plain)


def test_it_is_opened_when_there_is_something_to_filter(filtered, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("umtn_core.translator.Postfilter", refuse)
    Translator(filtered, "a", mix=0)(music(), 16_000)
    Translator(filtered, "a")(np.zeros((1, 800), np.float32), 16_000)
    Translator(filtered, "a").begin([Source(music(), 16_000)]).advance()
    with pytest.raises(AssertionError):
        Translator(filtered, "a")(music(), 16_000)


def test_it_filters_what_was_joined_before_anything_else(filtered):
    """At the decoders' rate, by the bundle's graph; rate and loudness are matched afterwards."""
    translator = Translator(filtered, "a", segments=1)
    translation = translator.begin([Source(music(), 16_000)])
    translation.advance()
    (parts, segments) = translation.parts()[0]
    recording = translation._recordings[0][0]
    filtered_part = Postfilter(*filtered.postfilter("a"))(parts[0])
    plain = Finish(filtered.shape.output_rate, -50.0, 1.0, None)
    blocks = plain.signal(recording.sounding[0], [[filtered_part]], segments)
    expected = np.concatenate(list(plain.recording(recording, [blocks])), axis=-1)
    np.testing.assert_array_equal(np.atleast_2d(translation.finish()[0]), expected)


@pytest.mark.parametrize("samples", [2, 3, 255, 256, 257])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_any_length_comes_back_as_long(filtered, samples, rate):
    audio = np.full((2, samples), 0.5, np.float32)
    audio[1] = 0
    made = Translator(filtered, "a")(audio, rate)
    assert made.shape == audio.shape
    assert np.isfinite(made).all()
    assert not made[1].any()


def test_work_goes_by_another_name_only_where_there_is_a_post_filter(without, filtered):
    pieces = [Source(music(), 16_000)]

    def name(bundle, domain, **options):
        return Translator(bundle, domain, **options).begin(pieces)._name()

    assert name(without, "a") == name(without, "a", postfilter=False)
    assert name(filtered, "b") == name(filtered, "b", postfilter=False)
    assert name(filtered, "a") != name(filtered, "a", postfilter=False)


def test_saved_work_goes_on_with_the_same_choice_only(filtered):
    pieces = [Source(music(), 16_000)]
    translator = Translator(filtered, "a")
    saved = translator.begin(pieces).save()
    resumed = Translator(filtered, "a").resume(pieces, saved)
    resumed.advance()
    np.testing.assert_array_equal(resumed.finish()[0], translator(music(), 16_000))
    with pytest.raises(UmtnError, match="other options"):
        Translator(filtered, "a", postfilter=False).resume(pieces, saved)


def test_filtering_stops_when_asked_and_nothing_decoded_is_lost(filtered):
    translation = Translator(filtered, "a").begin([Source(music(), 16_000)])
    translation.advance()
    with pytest.raises(Cancelled):
        translation.finish(cancelled=lambda: True)
    np.testing.assert_array_equal(
        translation.finish()[0], Translator(filtered, "a")(music(), 16_000)
    )


def test_a_bundle_on_the_disk_is_the_same(filtered, tmp_path):
    graphs = {name: filtered.contents(name) for name in filtered.manifest.graph_files}
    path = write_bundle(tmp_path / "model", filtered.manifest, graphs)
    read = Bundle.open(path)
    assert read.postfilter("a") == filtered.postfilter("a")
    assert read.postfilter("b") is None
    np.testing.assert_array_equal(
        Translator(read, "a")(music(), 16_000), Translator(filtered, "a")(music(), 16_000)
    )
