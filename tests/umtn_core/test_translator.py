"""What people may rely on when they translate a recording."""

import copy
import math

import msgspec
import numpy as np
import pytest

from tests.umtn_core.conftest import follower
from umtn_core import Cancelled, Source, Translator, UmtnError
from umtn_core.audio.loudness import loudness
from umtn_core.bundle.scope import Scope
from umtn_core.shape import NetworkShape
from umtn_core.translator import SILENT

RATES = [8_000, 16_000, 44_100, 48_000, 96_000]

#: Cheap to decode, with the paper's hop and rate.
SHAPE = NetworkShape(
    latent_channels=2,
    encoder_blocks=1,
    encoder_layers=1,
    encoder_channels=2,
    decoder_blocks=1,
    decoder_layers=2,
    residual_channels=2,
    skip_channels=4,
)


#: The same in bands, made at twice the rate that is heard.
IN_BANDS = msgspec.structs.replace(
    SHAPE, decoder_sample_rate=32_000, bands=8, decoder_input="embedding"
)


@pytest.fixture(params=[SHAPE, IN_BANDS], ids=["one band", "bands"])
def bundle(random_bundle, request):
    return random_bundle(request.param)


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"decoder_sample_rate": 32_000},
        {"decoder_sample_rate": 8_000, "bands": 2, "decoder_input": "embedding"},
        {"bands": 4, "decoder_input": "embedding"},
        {"decoder_sample_rate": 32_000, "bands": 8, "decoder_input": "embedding"},
    ],
    ids=["as heard", "32 kHz", "8 kHz in 2 bands", "4 bands", "32 kHz in 8 bands"],
)
def any_follower(request):
    """The envelope follower at other rates and in bands."""
    return follower(**request.param)


def tone(rate=16_000, seconds=0.1, channels=1, level=0.3):
    time = np.arange(round(seconds * rate)) / rate
    notes = [level * np.sin(2 * np.pi * 220 * (i + 1) * time) for i in range(channels)]
    return np.array(notes, np.float32)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [1, 2, 799, 800, 801])
def test_any_length_at_any_rate_comes_back_as_long(bundle, rate, samples):
    audio = np.full((2, samples), 0.5, np.float32)
    audio[1, ::2] = -0.25
    translated = Translator(bundle, "a")(audio, rate)
    assert translated.shape == audio.shape
    assert translated.dtype == np.float32
    assert np.isfinite(translated).all()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_second_more_or_less_a_sample_comes_back_as_long(bundle, rate, off):
    samples = (16_000 if rate <= 16_000 else 48_000) + off
    audio = tone(rate, samples / rate)
    assert Translator(bundle, "a")(audio, rate).shape == (1, samples)


def test_a_model_s_own_temperature_is_the_default(bundle):
    cold = copy.copy(bundle)
    cold.manifest = msgspec.structs.replace(bundle.manifest, temperature=0.0)
    audio = tone()
    likeliest = Translator(bundle, "a", temperature=0)(audio, 16_000)
    assert np.array_equal(Translator(cold, "a")(audio, 16_000), likeliest)
    assert not np.array_equal(Translator(bundle, "a")(audio, 16_000), likeliest)


def test_a_model_s_own_factors_on_bands_temperatures_apply_to_any_temperature(random_bundle):
    bundle = random_bundle(IN_BANDS)
    cold = copy.copy(bundle)
    cold.manifest = msgspec.structs.replace(bundle.manifest, band_temperatures=(0.0,) * 8)
    audio = tone()
    likeliest = Translator(bundle, "a", temperature=0)(audio, 16_000)
    for temperature in (None, 0.7):
        assert np.array_equal(
            Translator(cold, "a", temperature=temperature)(audio, 16_000), likeliest
        )
    some = copy.copy(bundle)
    some.manifest = msgspec.structs.replace(bundle.manifest, band_temperatures=(1.0,) * 7 + (0.5,))
    with_factors, without = (Translator(each, "a")(audio, 16_000) for each in (some, bundle))
    assert not np.array_equal(with_factors, without)


@pytest.mark.parametrize("rate", [16_000, 32_000, 44_100])
def test_what_a_model_makes_above_what_it_hears_is_kept(rate):
    """Of noise up to 16 kHz, as much as the file's rate can hold."""
    wide = follower(decoder_sample_rate=32_000, bands=8, decoder_input="embedding")
    (translated,) = Translator(wide)(tone(rate, 1), rate)
    power = np.abs(np.fft.rfft(translated)) ** 2
    hertz = np.fft.rfftfreq(len(translated), 1 / rate)
    highest = min(16_000, rate / 2)
    for low in np.arange(0, highest - 2_000, 2_000):
        assert power[(hertz > low) & (hertz < low + 1_900)].sum() > 1e-4 * power.sum()
    assert power[hertz > 1.05 * highest].sum() < 1e-3 * power.sum()


def test_one_dimension_stays_one(bundle):
    audio = tone()
    flat = Translator(bundle, "a")(audio[0], 16_000)
    assert flat.shape == audio[0].shape
    assert np.array_equal(flat, Translator(bundle, "a")(audio, 16_000)[0])


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_samples_first_come_back_samples_first(bundle, channels):
    audio = tone(channels=channels)
    translator = Translator(bundle, "a")
    expected = translator(audio, 16_000)
    assert np.array_equal(translator(audio.T, 16_000), expected.T)
    assert np.array_equal(translator(np.ascontiguousarray(audio.T), 16_000), expected.T)
    assert np.array_equal(translator(audio.astype(np.float64), 16_000), expected)


def test_the_input_is_left_alone_and_not_handed_out(bundle):
    audio = tone(channels=2)
    before = audio.copy()
    for mix in (0.0, 0.5, 1.0):
        translated = Translator(bundle, "a", mix=mix)(audio, 16_000)
        assert not np.shares_memory(translated, audio)
    assert np.array_equal(audio, before)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("at", [0.003, 0.42, 0.5, 0.9999])
def test_an_impulse_comes_out_within_a_hop_of_where_it_went_in(any_follower, rate, at):
    audio = np.zeros((1, rate), np.float32)
    place = int(at * rate)
    audio[0, place] = 1
    # With dynamics, a single click is no sound.
    (translated,) = Translator(any_follower, dynamics=0.0)(audio, rate)
    energy = np.square(translated)
    hop = 800 * rate // 16_000
    near = energy[max(0, place - hop) : place + hop + 1].sum()
    assert energy.sum() > 0
    # A resampler's ringing and the network's hum may lie farther off, the sound may not.
    assert near > 0.99 * energy.sum()


def test_sound_begins_and_ends_where_it_does_in_the_input(any_follower):
    rate = 44_100
    audio = tone(rate, 2)
    audio[:, : rate // 2] = audio[:, 3 * rate // 2 :] = 0
    (translated,) = Translator(any_follower)(audio, rate)
    loud = np.flatnonzero(np.abs(translated) > 0.1 * np.abs(translated).max())
    hop = 0.05 * rate
    assert abs(loud[0] - rate / 2) <= hop
    assert abs(loud[-1] - 3 * rate / 2) <= hop


@pytest.mark.parametrize("samples", [1, 801, 50_000])
@pytest.mark.parametrize("mode", ["per-channel", "mono", "mid"])
def test_silence_stays_silence(bundle, samples, mode):
    audio = np.zeros((2, samples), np.float32)
    translated = Translator(bundle, "a", channels=mode)(audio, 44_100)
    assert np.array_equal(translated, audio)


def test_a_silent_channel_stays_silent_beside_one_that_sounds(bundle):
    audio = np.concatenate([tone(), np.zeros_like(tone())])
    sounding, silent = Translator(bundle, "a")(audio, 16_000)
    assert not silent.any()
    assert sounding.any()


@pytest.mark.parametrize("level", [0.003, 0.05])
@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize(("dynamics", "within"), [(0.0, 0.1), (1.0, 0.5)])
def test_the_loudness_is_that_of_the_input(bundle, level, rate, dynamics, within):
    audio = tone(rate, 0.5, channels=2, level=level)
    translated = Translator(bundle, "a", dynamics=dynamics)(audio, rate)
    for before, after in zip(audio, translated, strict=True):
        assert loudness(after, rate) == pytest.approx(loudness(before, rate), abs=within)


@pytest.mark.parametrize("dynamics", [0.0, 0.5, 1.0])
def test_a_network_that_makes_nothing_is_not_made_loud(envelope_follower, monkeypatch, dynamics):
    hum = np.full(16_000, 128, np.uint8)
    hum[::2] = 127
    monkeypatch.setattr("umtn_core.decode.decode.Decode.advance", lambda self, **_: None)
    monkeypatch.setattr(
        "umtn_core.coding.Coding.decode_blocks", lambda self, _: iter([self.companding.decode(hum)])
    )
    monkeypatch.setattr("umtn_core.decode.decode.Decode.done", True)
    translated = Translator(envelope_follower, dynamics=dynamics)(tone(seconds=1), 16_000)
    assert 0 < np.abs(translated).max() < 0.02


@pytest.mark.parametrize("level", [0.9, 1.0, 3.0])
def test_the_peak_stays_within_full_scale_or_the_inputs(bundle, level):
    audio = np.sign(tone(seconds=0.2, level=1)) * np.float32(level)
    translated = Translator(bundle, "a")(audio, 16_000)
    assert np.abs(translated).max() <= max(1, level) * (1 + 1e-6)


def test_a_translator_can_be_given_another_mix_between_calls(bundle):
    audio = np.random.default_rng(0).normal(0, 0.1, 3200).astype(np.float32)
    translator = Translator(bundle, "a", mix=0)
    for mix in (0, 1, 0.5):
        translator.mix = mix
        expected = Translator(bundle, "a", mix=mix)(audio, 16_000)
        np.testing.assert_array_equal(translator(audio, 16_000), expected)


def test_dry_and_wet_are_mixed_in_proportion(bundle):
    audio = tone(44_100, channels=2)
    wet = Translator(bundle, "a")(audio, 44_100)
    assert np.array_equal(Translator(bundle, "a", mix=0)(audio, 44_100), audio)
    mixed = Translator(bundle, "a", mix=0.25)(audio, 44_100)
    assert np.abs(mixed - (0.75 * audio + 0.25 * wet)).max() < 1e-6


def test_the_seed_decides_the_samples(bundle):
    audio = tone()
    first = Translator(bundle, "a", seed=1)(audio, 16_000)
    assert np.array_equal(Translator(bundle, "a", seed=1)(audio, 16_000), first)
    assert not np.array_equal(Translator(bundle, "a", seed=2)(audio, 16_000), first)
    assert not np.array_equal(Translator(bundle, "b", seed=1)(audio, 16_000), first)
    likeliest = Translator(bundle, "a", seed=1, temperature=0)(audio, 16_000)
    assert np.array_equal(Translator(bundle, "a", seed=2, temperature=0)(audio, 16_000), likeliest)
    assert not np.array_equal(likeliest, first)


def test_many_together_come_out_as_each_alone(bundle):
    translator = Translator(bundle, "a", threads=2)
    pieces = [
        (tone(16_000, 0.1), 16_000),
        (tone(44_100, 0.13, channels=2), 44_100),
        (np.zeros((2, 500), np.float32), 48_000),
        (tone(8_000, 0.05)[0], 8_000),
        *[(tone(16_000, 0.05 + i / 100, level=0.1), 16_000) for i in range(6)],
    ]
    together = translator.translate_many(pieces)
    for (audio, rate), translated in zip(pieces, together, strict=True):
        assert np.array_equal(translated, translator(audio, rate))


def test_equal_channels_stay_equal(bundle):
    left, right = Translator(bundle, "a")(np.repeat(tone(), 2, axis=0), 16_000)
    assert np.array_equal(left, right)


def test_mono_puts_one_translation_on_both_sides(bundle):
    left, right = Translator(bundle, "a", channels="mono")(tone(channels=2), 16_000)
    assert np.array_equal(left, right)


def test_mid_keeps_what_the_channels_differ_by(bundle):
    audio = tone(channels=2, level=0.05)
    left, right = Translator(bundle, "a", channels="mid")(audio, 16_000)
    assert np.abs((left - right) - (audio[0] - audio[1])).max() < 1e-6
    assert np.abs((left + right) - (audio[0] + audio[1])).max() > 1e-3


def test_progress_reaches_one_and_names_the_time_left(bundle):
    seen = []
    Translator(bundle, "a")(tone(seconds=1), 16_000, progress=seen.append)
    assert seen[0].fraction == 0
    assert seen[-1].fraction == 1
    assert all(p.seconds_left is None or math.isfinite(p.seconds_left) for p in seen)


def test_work_can_be_cancelled_while_it_encodes_and_while_it_decodes(bundle):
    translator = Translator(bundle, "a")
    audio = tone(seconds=120)
    with pytest.raises(Cancelled):
        translator(audio, 16_000, cancelled=lambda: True)
    seen = []
    with pytest.raises(Cancelled):
        translator(
            audio,
            16_000,
            progress=seen.append,
            cancelled=lambda: bool(seen) and seen[-1].fraction > 0,
        )
    assert 0 < seen[-1].fraction < 1


@pytest.mark.parametrize(
    ("audio", "rate"),
    [
        (np.zeros((2, 0), np.float32), 44_100),
        (np.zeros((0, 5), np.float32), 44_100),
        (np.zeros((44_100, 65), np.float32), 44_100),
        (np.full((1, 5), 2e6, np.float32), 44_100),
        (np.full((1, 5), 1e300), 44_100),
        (np.zeros(0, np.float32), 44_100),
        (np.zeros((1, 1, 1), np.float32), 44_100),
        (np.float32(0.5), 44_100),
        (np.full((1, 5), np.nan, np.float32), 44_100),
        (np.full((1, 5), np.inf, np.float32), 44_100),
        (np.ones((1, 5), np.int16), 44_100),
        (np.ones((1, 5), np.float32), 0),
        (np.ones((1, 5), np.float32), -1),
        (np.ones((1, 5), np.float32), 44_100.5),
        (np.ones((1, 5), np.float32), math.nan),
    ],
)
def test_audio_that_is_none_is_refused(bundle, audio, rate):
    with pytest.raises(UmtnError):
        Translator(bundle, "a")(audio, rate)


@pytest.mark.parametrize(
    "options",
    [{"target": "oboe"}, {"target": None}, {"target": 1}, {"engine": "steam"}, {"engine": None},
      {"mix": -0.1}, {"mix": 1.1},
     {"mix": math.nan}, {"channels": "quad"}, {"temperature": -1}, {"top_p": 0}, {"seed": -1}],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused(bundle, options):
    with pytest.raises(UmtnError):
        Translator(bundle, **({"target": "a"} | options))


#: What is no number, no word and no switch.
NEITHER = ["no", None, [1], np.array([1]), np.zeros((99, 99)), 1j, b"1", 10**5000]


@pytest.mark.parametrize(
    ("option", "others"),
    [
        ("mix", [True]),
        ("dynamics", [True]),
        ("temperature", [True]),
        ("top_p", [True]),
        ("seed", [True, 1.5, 2.0, np.float32(1), 2**64]),
        ("segments", [True, 1.5, 2.0, np.int64(0)]),
        ("transpose", [True, 1.5, 2.0, np.int8(37)]),
        ("threads", [True, 1.5, 2.0, 0, -1, 1_000_000]),
        ("postfilter", [0, 1, 0.5]),
        ("channels", [1]),
        ("engine", [1]),
        ("target", [1]),
    ],
)
def test_an_option_of_a_wrong_kind_is_told_so_by_its_name(bundle, option, others):
    defaults = {"temperature", "threads", "target"}  # for which None says that none is given
    for value in [*NEITHER, *others]:
        if value is None and option in defaults:
            continue
        with pytest.raises(UmtnError) as caught:
            Translator(bundle, **({"target": "a"} | {option: value}))
        sentence = str(caught.value)
        assert option.replace("_", "-") in sentence.lower() or "cannot translate to" in sentence
        assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 220


def test_numbers_of_numpy_are_as_good_as_others_and_are_saved(bundle):
    plain = {"seed": 3, "segments": 2, "transpose": 5, "mix": 0.5, "dynamics": 0.5, "top_p": 0.5,
             "temperature": 0.5, "threads": 1}  # fmt: skip
    theirs = {name: np.asarray(value)[()] for name, value in plain.items()}
    assert {type(value) for value in theirs.values()} == {np.int64, np.float64}
    theirs |= {"mix": np.float32(0.5), "seed": np.uint8(3), "segments": np.array(2)}
    sources = [Source(tone(), 16_000, seed=np.uint64(2**63)), Source(tone(), 16_000)]
    translation = Translator(bundle, "a", **theirs, postfilter=np.True_).begin(sources)
    saved = translation.save()
    resumed = Translator(bundle, "a", **plain).resume(sources, saved)
    resumed.advance()
    expected = Translator(bundle, "a", **plain).begin(sources)
    expected.advance()
    for one, other in zip(resumed.finish(), expected.finish(), strict=True):
        assert np.array_equal(one, other)


def test_words_are_known_however_they_are_written(bundle):
    translator = Translator(bundle, "a", segments="Auto ", transpose="OCTAVE", channels="Mid")
    assert (translator.segments, translator.transpose) == ("auto", "octave")
    assert translator.channels == "mid"


@pytest.mark.parametrize("recordings", [None, 3, "a.wav", [tone()], [(tone(),)], [(tone(), 1, 2)]])
def test_recordings_that_are_no_pairs_are_told_so(bundle, recordings):
    with pytest.raises(UmtnError, match="a list of pairs, each of audio and its sample rate, not"):
        Translator(bundle, "a").translate_many(recordings)


@pytest.mark.parametrize("model", [None, 1, b"default", ["default"], object()])
def test_what_names_no_model_is_told_so(model):
    with pytest.raises(UmtnError, match="The model must be a Bundle, a path or a name, not "):
        Translator(model, "a")


def test_a_file_that_is_open_is_no_audio(bundle, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with (tmp_path / "a.wav").open("rb") as file, pytest.raises(UmtnError, match="not "):
        Translator(bundle, "a")(file, 16_000)


def test_a_target_is_found_however_it_is_written_and_called_by_its_own_name(bundle, monkeypatch):
    assert Translator(bundle, "B").target == "b"
    assert Translator(bundle, " a ").target == "a"
    with pytest.raises(UmtnError, match=r"The model test cannot translate to 'c'; it plays a, b\."):
        Translator(bundle, "c")
    monkeypatch.setattr(bundle, "called", "./my model")
    with pytest.raises(UmtnError, match=r"The model ./my model cannot translate to 'oboe'; it"):
        Translator(bundle, "oboe")


def test_the_only_domain_need_not_be_named(envelope_follower):
    assert Translator(envelope_follower).target == "noise"


def test_weights_that_are_not_numbers_are_noticed(random_bundle):
    from umtn_core.bundle import Bundle
    from umtn_core.bundle.onnx_file import GraphFile

    good = random_bundle(SHAPE)
    graphs = {name: good.contents(name) for name in good.manifest.graph_files}
    weight = GraphFile.parse(graphs["decoder.a.onnx"]).weights["logits.bias"].tobytes()
    assert weight in graphs["decoder.a.onnx"]
    damaged = np.frombuffer(weight, np.float32).copy()
    damaged[3] = np.nan
    graphs["decoder.a.onnx"] = graphs["decoder.a.onnx"].replace(weight, damaged.tobytes())
    with pytest.raises(UmtnError, match="not a number"):
        Translator(Bundle.in_memory(good.manifest, graphs), "a")(tone(), 16_000)


def test_of_what_is_silent_it_is_said(bundle):
    for audio in (np.zeros((1, 16_000), np.float32), tone(level=1e-7)):
        translation = Translator(bundle, "a").begin([Source(audio, 16_000)])
        assert translation.remarks == [SILENT]
    assert Translator(bundle, "a").begin([Source(tone(), 16_000)]).remarks == [""]
    nothing = Translator(bundle, "a", mix=0.0).begin([Source(audio, 16_000)])
    assert nothing.remarks == [""]


def test_what_lies_outside_of_what_was_taught_is_said_and_an_octave_helps(bundle):
    scope = Scope(lowest=60, highest=84, voices=1, material="single lines")
    manifest = msgspec.structs.replace(bundle.manifest, scope=scope)
    taught = copy.copy(bundle)
    taught.manifest = manifest
    low = tone(seconds=2)  # a3 lies below c4
    plain = Translator(taught, "a").begin([Source(low, 16_000)])
    raised = Translator(taught, "a", transpose="octave").begin([Source(low, 16_000)])
    assert "octave" in plain.remarks[0] and not raised.remarks[0]
    up = Translator(taught, "a", transpose=12).begin([Source(low, 16_000)])
    for each in (raised, up):
        each.advance()
    assert np.array_equal(raised.finish()[0], up.finish()[0])


def test_a_long_recording_takes_no_more_room_in_what_is_saved(bundle, tmp_path, monkeypatch):
    """What is decoded lies in a file of its own, and goes on from there."""
    monkeypatch.setattr("umtn_core.rows.LARGEST_IN_MEMORY", 1 << 12)
    translator = Translator(bundle, "a", segments=2)
    expected = translator(tone(seconds=3), 16_000)
    sizes = []
    for seconds in (3, 6):
        sources = [Source(tone(seconds=seconds), 16_000)]
        room = {"scratch": tmp_path, "codes_path": tmp_path / f"{seconds}.codes"}
        translation = translator.begin(sources, **room)
        translation.advance(0.05)
        saved = translation.save()
        sizes.append(len(saved))
        resumed = translator.resume(sources, saved, **room)
        resumed.advance()
        if seconds == 3:
            assert np.array_equal(resumed.finish()[0], expected)
    assert abs(sizes[1] - sizes[0]) < 100
    (tmp_path / "6.codes").write_bytes(b"cut off")
    with pytest.raises(UmtnError, match="damaged"):
        translator.resume(sources, saved, **room)
