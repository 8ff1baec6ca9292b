"""Which engine `auto` means, and that it means the same again."""

import json

import msgspec
import numpy as np
import pytest

from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.decode.choosing import auto as module
from umtn_core.decode.choosing import throughput
from umtn_core.decode.choosing.auto import candidates, choose, open_for
from umtn_core.errors import Cancelled
from umtn_core.native.library import is_available
from umtn_core.shape import NetworkShape
from umtn_core.translator import Source, Translator

pytestmark = pytest.mark.skipif(not is_available(), reason="installed without a C++ compiler")

SHAPE = NetworkShape(
    hop=40, latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
    decoder_blocks=1, decoder_layers=2, residual_channels=2, skip_channels=4,
)  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(throughput, "TURN_SECONDS", 0.003)


@pytest.fixture
def bearing(random_bundle):
    """Make a model that says what each precision loses with domain a."""

    def make(**nats: float) -> Bundle:
        bundle = random_bundle(SHAPE)
        losses = {name: {"a": PrecisionLoss(lost, 0.1)} for name, lost in nats.items()}
        manifest = msgspec.structs.replace(
            bundle.manifest, precisions=Precisions("noise", 100, losses)
        )
        return Bundle.in_memory(manifest, {name: bundle.contents(name) for name in manifest.files})

    return make


@pytest.fixture
def rates(monkeypatch):
    """Let engines be as fast as a test says, by precision."""

    def set_to(**by_precision):
        monkeypatch.setattr(
            module, "raced", lambda engines, *_: [by_precision[e.precision] for e in engines]
        )

    return set_to


def test_only_what_loses_little_is_compared(bearing, random_bundle):
    assert candidates(random_bundle(SHAPE), "a") == ("cpu",)
    assert candidates(bearing(bf16=0.001, int8=0.02), "a") == ("cpu", "cpu-bf16")
    assert candidates(bearing(bf16=0.001, int8=0.002), "a") == ("cpu", "cpu-bf16", "cpu-int8")
    assert candidates(bearing(bf16=0.001, int8=0.002), "b") == ("cpu",)


def test_nothing_is_timed_where_there_is_no_choice(random_bundle, monkeypatch):
    monkeypatch.setattr(module, "raced", None)
    chosen = choose(random_bundle(SHAPE), "a")
    assert chosen.engine == "cpu" and "nothing else" in chosen.reason


def test_the_fastest_is_chosen(bearing, rates):
    bundle = bearing(bf16=0.001, int8=0.002)
    rates(fp32={1: 100.0}, bf16={1: 250.0}, int8={1: 200.0})
    chosen = choose(bundle, "a")
    assert chosen.engine == "cpu-bf16"
    assert chosen.seconds["cpu"] == pytest.approx(30 * 16_000 / 100)
    assert "cpu-bf16 1920.0 s" in chosen.reason


def test_precision_is_not_given_away_for_little(bearing, rates):
    rates(fp32={1: 100.0}, bf16={1: 105.0}, int8={1: 109.0})
    assert choose(bearing(bf16=0.001, int8=0.002), "a").engine == "cpu"


def test_it_depends_on_how_many_streams_there_are_to_be(bearing, rates):
    bundle = bearing(bf16=0.001)
    rates(fp32={1: 100.0, 16: 1000.0}, bf16={1: 150.0, 16: 800.0})
    assert choose(bundle, "a", 1).engine == "cpu-bf16"
    assert choose(bundle, "a", 16).engine == "cpu"
    assert choose(bundle, "a", "auto").engine == "cpu"


def test_it_is_timed_once(bearing, tmp_path, monkeypatch):
    bundle, file = bearing(bf16=0.001, int8=0.002), tmp_path / "t.json"
    first = choose(bundle, "a", file=file)
    monkeypatch.setattr(throughput, "Run", None)
    throughput._OF_THIS_PROCESS.clear()
    assert choose(bundle, "a", file=file) == first


@pytest.mark.parametrize("contents", [b"", b"nonsense", b'{"a": {"x": 1}}', b"[]", b"\xff"])
def test_a_damaged_memory_is_written_anew(bearing, tmp_path, contents):
    bundle, file = bearing(bf16=0.001, int8=0.002), tmp_path / "t.json"
    file.write_bytes(contents)
    first = choose(bundle, "a", file=file)
    throughput._OF_THIS_PROCESS.clear()
    assert len(json.loads(file.read_bytes())) == 3
    assert choose(bundle, "a", file=file) == first


def test_where_nothing_can_be_written_a_process_still_stays_with_its_choice(
    bearing, tmp_path, monkeypatch
):
    bundle = bearing(bf16=0.001, int8=0.002)
    (tmp_path / "file").touch()
    file = tmp_path / "file" / "t.json"
    first = choose(bundle, "a", file=file)
    monkeypatch.setattr(throughput, "Run", None)
    assert choose(bundle, "a", file=file) == first


def test_what_another_process_wrote_meanwhile_is_gone_by(bearing, tmp_path, monkeypatch):
    bundle, file = bearing(bf16=0.001, int8=0.002), tmp_path / "t.json"
    choose(bundle, "a", file=file)
    others = {key: {"1": 1.0} for key in json.loads(file.read_bytes())}
    file.unlink()
    throughput._OF_THIS_PROCESS.clear()
    right = throughput.Run

    def run(*args):
        file.write_text(json.dumps(others))
        return right(*args)

    monkeypatch.setattr(throughput, "Run", run)
    assert set(choose(bundle, "a", file=file).seconds.values()) == {30.0 * 16_000}


@pytest.fixture
def piece():
    return Source(np.random.default_rng(0).normal(0, 0.1, (1, 4000)).astype(np.float32), 16_000)


@pytest.mark.parametrize(("name", "fastest"), [("cpu-int8", "fp32"), ("cpu", "int8")])
def test_a_saved_translation_goes_on_in_its_precision(bearing, rates, piece, name, fastest):
    slow = {precision: {1: 100.0} for precision in ("fp32", "bf16", "int8")}
    rates(**slow | {fastest: {1: 1000.0}})
    bundle = bearing(bf16=0.001, int8=0.002)
    expected = Translator(bundle, "a", engine=name)(piece.audio, piece.sample_rate)
    begun = Translator(bundle, "a", engine=name).begin([piece])
    begun._decode.advance(until=1500)
    resumed = Translator(bundle, "a").resume([piece], begun.save())
    resumed.advance()
    np.testing.assert_array_equal(resumed.finish()[0], expected)


def test_it_can_be_cancelled_while_engines_are_timed(bearing, piece, tmp_path, monkeypatch):
    monkeypatch.setenv(throughput.FILE, str(tmp_path / "t.json"))
    asked = []

    def cancelled():
        asked.append(None)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        choose(bearing(bf16=0.001, int8=0.002), "a", cancelled=cancelled)
    assert len(asked) == 4 and not (tmp_path / "t.json").exists()


def test_auto_takes_what_was_chosen(bearing, rates, piece):
    rates(fp32={1: 100.0}, bf16={1: 100.0}, int8={1: 1000.0})
    bundle = bearing(bf16=0.001, int8=0.002)
    expected = Translator(bundle, "a", engine="cpu-int8")(piece.audio, piece.sample_rate)
    found = Translator(bundle, "a")(piece.audio, piece.sample_rate)
    np.testing.assert_array_equal(found, expected)


def test_each_precision_has_an_engine_to_go_on_with(random_bundle):
    for precision in ("fp32", "bf16", "int8"):
        assert open_for(precision, random_bundle(SHAPE), "a", 1).precision == precision
