from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from bridge.cli.main import umtn

pytestmark = pytest.mark.usefixtures("models_folder")


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(umtn, ["bench", "--model", "tiny", "--seconds", "0.1", *arguments])


def test_a_line_for_each_engine_and_number_of_streams() -> None:
    result = bench("--engines", "onnx", "--streams", "1,3", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [(line["engine"], line["streams"]) for line in found["lines"]] == [
        ("onnx", 1), ("onnx", 3),
    ]  # fmt: skip
    for line in found["lines"]:
        assert line["precision"] == "fp32"
        assert line["real_time"] == pytest.approx(line["samples_a_second"] / 16_000)
        assert line["of_peak"] is None or 0 < line["of_peak"] < 1


def test_of_bands_real_time_is_that_of_what_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from export.export import bundle_graphs
    from tests.conftest import TINY
    from umtn_core.bundle import Domain, Manifest, write_bundle
    from umtn_core.networks import UniversalMusicTranslationNetwork

    torch.manual_seed(0)
    shape = msgspec.structs.replace(TINY, decoder_sample_rate=32_000, bands=4)
    network = UniversalMusicTranslationNetwork(shape, ("flute",))
    manifest = Manifest(
        schema=1, name="Wide", domains=(Domain("flute", band_gains=(1.0,) * 4),), shape=shape,
        licence="", training_data="", reference_loudness=-20.0, files={},
    )  # fmt: skip
    write_bundle(tmp_path / "tiny", manifest, bundle_graphs(network))
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path))
    (line,) = json.loads(bench("--engines", "onnx", "--streams", "1", "--json").stdout)["lines"]
    assert line["real_time"] == pytest.approx(line["samples_a_second"] / 32_000)
    assert line["of_peak"] is None or 0 < line["of_peak"] < 1
    assert "multiply-adds a step of 4 samples" in bench("--engines", "onnx").stdout


def test_the_table_says_what_cannot_run_here() -> None:
    result = bench("--streams", "2")
    assert result.exit_code == 0, result.stderr
    assert "samples/s" in result.stdout and "onnx" in result.stdout
    from umtn_core.native.cuda.driver import is_usable

    assert ("cuda-fp16" in result.stderr) != is_usable()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--engines", "abacus"), ("--engines", "auto"), ("--engines", ","),
     ("--streams", "0"), ("--streams", "many"), ("--seconds", "0")],
)  # fmt: skip
def test_nonsense_is_one_sentence(option: str, value: str) -> None:
    result = bench(option, value)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


def test_only_engines_that_cannot_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from umtn_core.decode.choosing import engines
    from umtn_core.errors import UmtnError

    def refuse(*_: object) -> None:
        raise UmtnError("Not here.")

    monkeypatch.setitem(engines._OPENERS, "onnx", refuse)
    result = bench("--engines", "onnx")
    assert result.exit_code == 1
    assert "Not here." in result.stderr
