"""Runs of the published implementation, against a NumPy evaluation of their layout."""

import argparse
import json
import os
import pathlib

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch")

from click.testing import CliRunner

from bridge.cli.main import umtn
from export import import_checkpoint
from export.scope import StatedScope
from tests.export.reference_files import (
    KERNEL_3,
    RELEASED,
    SMALL,
    Decoder,
    arguments,
    code,
    latents,
    write_domain,
    write_run,
)
from umtn_core import Bundle, UmtnError
from umtn_core.bundle.scope import Scope
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.decode import Decode
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream
from umtn_core.decode.uniform import uniforms
from umtn_core.encode.onnx_encoder import OnnxEncoder

ENGINES = ["onnx", "cpu"]


def imported(folder, layout, names=("cello", "piano"), **options):
    states = write_run(folder / "run", layout, len(names))
    made = import_checkpoint(folder / "run", folder / "bundle", names, name="Six", **options)
    return Bundle.open(made), *states


def tune(samples):
    time = np.arange(samples) / 16_000
    audio = 0.4 * np.sin(2 * np.pi * 311 * time) + 0.2 * np.sin(2 * np.pi * 523 * time)
    return (audio * (0.2 + 0.8 * np.abs(np.sin(7 * time)))).astype(np.float32)


def relative(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("layout", [SMALL, KERNEL_3], ids=["kernel 2", "kernel 3"])
def test_the_encoder_is_the_published_one(tmp_path, layout):
    bundle, encoder, _ = imported(tmp_path, layout)
    audio = tune(25 * layout.pool)
    found = OnnxEncoder(bundle).encode(audio)
    assert relative(found, latents(encoder, layout, code(audio))) < 1e-4


@pytest.mark.parametrize("domain", [0, 1])
@pytest.mark.parametrize("layout", [SMALL, KERNEL_3], ids=["kernel 2", "kernel 3"])
def test_teacher_forced_logits_are_the_published_ones(tmp_path, layout, domain):
    bundle, _, decoders = imported(tmp_path, layout)
    check_logits(bundle, decoders[domain], layout, ("cello", "piano")[domain], 400)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("layout", [SMALL, KERNEL_3], ids=["kernel 2", "kernel 3"])
def test_a_free_running_decode_is_the_published_one(tmp_path, layout, engine):
    bundle, encoder, decoders = imported(tmp_path, layout)
    check_decode(bundle, encoder, decoders[1], layout, "piano", engine, 400)


@pytest.mark.long
def test_the_released_shape(tmp_path):
    bundle, encoder, decoders = imported(tmp_path, RELEASED, ("cello",))
    assert bundle.shape.decoder_parameters == sum(value.size for value in decoders[0].values())
    audio = tune(4 * RELEASED.pool)
    found = OnnxEncoder(bundle).encode(audio)
    assert relative(found, latents(encoder, RELEASED, code(audio))) < 1e-4
    check_logits(bundle, decoders[0], RELEASED, "cello", 1_600)
    for engine in ENGINES:
        check_decode(bundle, encoder, decoders[0], RELEASED, "cello", engine, 1_600)


def check_logits(bundle, weights, layout, domain, samples):
    """Every engine's network, by the PyTorch network that export has compared them with."""
    from umtn_core.networks import Decoder as Network

    rng = np.random.default_rng(1)
    codes = code(tune(samples))
    latent = rng.normal(size=(layout.latent, samples // layout.pool))
    network = Network(bundle.shape)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    with torch.no_grad():
        found = network.eval()(
            torch.from_numpy(codes)[None], torch.from_numpy(latent.astype(np.float32))[None]
        )[0].numpy()
    straight = Decoder(weights, layout)
    inputs = np.concatenate([[0.0], codes[:-1] / 255 - 0.5])
    wanted = [straight.logits(inputs[t], latent[:, t // layout.pool]) for t in range(samples)]
    assert relative(found, np.stack(wanted)) < 1e-4


def check_decode(bundle, encoder, weights, layout, domain, engine, samples):
    """Sample by sample; once two codes' edge lies within rounding the two may part."""
    latent = latents(encoder, layout, code(tune(samples)))
    decode = Decode(
        open_engine(engine, bundle, domain, 1),
        [Stream(latent.astype(np.float32), samples)],
        Sampling(seed=5),
    )
    decode.advance()
    (found,) = decode.codes
    straight, value = Decoder(weights, layout), 128 / 255 - 0.5
    numbers = uniforms(5, [0], 0, samples)[0]
    for t in range(samples):
        logits = straight.logits(value, latent[:, t // layout.pool])
        probabilities = np.exp(logits - logits.max())
        cumulative = np.cumsum(probabilities / probabilities.sum())
        drawn = int(np.count_nonzero(cumulative <= numbers[t]))
        if drawn != found[t]:
            assert np.abs(cumulative - numbers[t]).min() < 1e-5, f"sample {t}"
            assert t > samples // 10, "too early to be rounding"
            return
        value = drawn / 255 - 0.5


def test_the_manifest_says_what_it_is(tmp_path):
    bundle, _, _ = imported(tmp_path, SMALL, titles={"cello": "Violoncello"})
    manifest = bundle.manifest
    assert manifest.licence == "CC-BY-NC-4.0"
    assert [domain.name for domain in manifest.domains] == ["cello", "piano"]
    assert manifest.domains[0].title == "Violoncello"
    assert manifest.shape.companding == "truncated"
    assert manifest.shape.start_code == 128
    assert max(manifest.parity["decoders"].values()) < 1e-4


@pytest.mark.parametrize("said", [{"seq_len": 12_000}, {}], ids=["said", "not said"])
def test_segments_warm_up_over_what_the_run_was_trained_on(tmp_path, said):
    write_run(tmp_path / "run", SMALL, **said)
    made = import_checkpoint(tmp_path / "run", tmp_path / "b", ["a", "b"], name="Two")
    assert Bundle.open(made).manifest.context == said.get("seq_len")


def test_the_scope_is_what_is_said(tmp_path):
    silent, _, _ = imported(tmp_path / "a", SMALL)
    assert silent.manifest.scope is None
    said, _, _ = imported(tmp_path / "b", SMALL, scope=StatedScope((36, 84), 4, "chamber music"))
    assert said.manifest.scope == Scope(lowest=36, highest=84, voices=4, material="chamber music")


def test_a_domain_can_be_left_out(tmp_path):
    write_run(tmp_path / "run", SMALL, 3)
    (tmp_path / "run" / "bestmodel_1.pth").unlink()
    made = import_checkpoint(tmp_path / "run", tmp_path / "b", ["a", "-", "c"], name="Two")
    assert Bundle.open(made).domains == ("a", "c")


def test_domains_are_called_as_the_run_calls_them(tmp_path):
    data = ["datasets/preprocessed/Bach_Solo_Cello", "D:\\music\\Cambini_Wind_Quintet"]
    write_run(tmp_path / "run", SMALL, data=[pathlib.PosixPath(path) for path in data])
    made = import_checkpoint(tmp_path / "run", tmp_path / "b", name="Two")
    assert Bundle.open(made).domains == ("bach_solo_cello", "cambini_wind_quintet")


@pytest.mark.parametrize("data", [["a"], ["a b", "c"], None, ["x", "x"]])
def test_where_the_run_has_no_good_names_they_must_be_given(tmp_path, data):
    write_run(tmp_path / "run", SMALL, data=data)
    with pytest.raises(UmtnError, match=r"name them|same name"):
        import_checkpoint(tmp_path / "run", tmp_path / "b", name="Two")


def test_other_encoders_in_other_files_are_said(tmp_path):
    encoder, decoders = write_run(tmp_path / "run", SMALL)
    changed = {name: value * 1.5 for name, value in encoder.items()}
    write_domain(tmp_path / "run" / "bestmodel_1.pth", 1, changed, decoders[1])
    said = []
    import_checkpoint(
        tmp_path / "run", tmp_path / "b", ["a", "b"], name="Two", warn=said.append
    )  # fmt: skip
    assert len(said) == 1
    assert "bestmodel_1.pth" in said[0]


class Evil:
    def __reduce__(self):
        return os.system, ("echo ran > evil",)


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


BROKEN = {
    "no arguments": (lambda run, e, d: (run / "args.pth").unlink(), "no file"),
    "missing domain": (lambda run, e, d: (run / "bestmodel_1.pth").unlink(), "bestmodel_1.pth (b)"),
    "not a pickle": (lambda run, e, d: (run / "bestmodel_0.pth").write_bytes(b"x"), "damaged"),
    "truncated": (
        lambda run, e, d: os.truncate(run / "bestmodel_0.pth", 1000), "damaged",
    ),
    "a stranger's code": (
        lambda run, e, d: torch.save({"encoder_state": Evil()}, run / "bestmodel_0.pth"),
        "stranger's code",
    ),
    "a stranger's arguments": (
        lambda run, e, d: torch.save([Evil(), 1], run / "args.pth"), "stranger's code",
    ),
    "another activation": (
        lambda run, e, d: torch.save([arguments(SMALL, 2, encoder_func="elu"), 1],
                                     run / "args.pth"),
        "'elu'",
    ),
    "another shape": (
        lambda run, e, d: torch.save([arguments(SMALL, 2, residual_channels=16), 1],
                                     run / "args.pth"),
        "args.pth asks for (16,",
    ),
    "other layers": (
        lambda run, e, d: torch.save([arguments(SMALL, 2, blocks=3), 1], run / "args.pth"),
        "lacks layers.6.",
    ),
    "arguments of something else": (
        lambda run, e, d: torch.save([argparse.Namespace(lr=1), 1], run / "args.pth"),
        "do not describe a network",
    ),
    "excerpts of no length": (
        lambda run, e, d: torch.save([arguments(SMALL, 2, seq_len=0), 1], run / "args.pth"),
        "seq_len",
    ),
    "an impossible shape": (
        lambda run, e, d: torch.save([arguments(SMALL, 2, encoder_pool=0), 1], run / "args.pth"),
        "is not valid",
    ),
    "no list": (lambda run, e, d: torch.save({"a": 1}, run / "args.pth"), "does not begin"),
    "files changed round": (
        lambda run, e, d: write_domain(run / "bestmodel_0.pth", 1, e, d[1]), "of domain 1",
    ),
    "no decoder": (
        lambda run, e, d: torch.save({"encoder_state": {}}, run / "bestmodel_0.pth"),
        "states of an encoder and a decoder",
    ),
    "missing weight": (
        lambda run, e, d: write_domain(run / "bestmodel_0.pth", 0, without(e, "start.bias"), d[0]),
        "lacks start.bias",
    ),
    "unknown weight": (
        lambda run, e, d: write_domain(
            run / "bestmodel_0.pth", 0, e, d[0] | {"extra.weight": e["start.bias"]}),
        "extra.weight",
    ),
    "weights that are not numbers": (
        lambda run, e, d: write_domain(
            run / "bestmodel_0.pth", 0, e | {"start.bias": e["start.bias"] * np.nan}, d[0]),
        "not numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_is_named_and_leaves_nothing(tmp_path, monkeypatch, spoil, says):
    monkeypatch.chdir(tmp_path)
    encoder, decoders = write_run(tmp_path / "run", SMALL)
    spoil(tmp_path / "run", encoder, decoders)
    with pytest.raises(UmtnError) as error:
        import_checkpoint(tmp_path / "run", tmp_path / "bundle", ["a", "b"], name="Two")
    assert says in str(error.value)
    assert not (tmp_path / "bundle").exists()
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a"], "2 domains, but 1 names"),
        (["a", "a"], "same name"),
        (["-", "-"], "left out"),
        (["a", "b c"], "'b c' cannot name a domain"),
        (["a", "../b"], "cannot name a domain"),
    ],
)
def test_names_must_fit_the_domains(tmp_path, names, says):
    write_run(tmp_path / "run", SMALL)
    with pytest.raises(UmtnError, match=says):
        import_checkpoint(tmp_path / "run", tmp_path / "bundle", names, name="Two")
    assert not (tmp_path / "bundle").exists()


def test_the_command(tmp_path, monkeypatch):
    write_run(tmp_path / "run", SMALL)
    place = tmp_path / "models" / "six"
    arguments = ["import-checkpoint", str(tmp_path / "run"), "--names", "cello,piano",
                 "-o", str(place), "--json"]  # fmt: skip
    result = CliRunner().invoke(umtn, arguments)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["parity"]["encoder"] < 1e-4
    monkeypatch.setenv("UMTN_MODELS", str(place.parent))
    listed = CliRunner().invoke(umtn, ["models"]).stdout
    assert "CC-BY-NC-4.0" in listed
    assert CliRunner().invoke(umtn, arguments).exit_code == 1  # never over another bundle
