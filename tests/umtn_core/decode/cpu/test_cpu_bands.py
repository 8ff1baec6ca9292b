"""The C++ engine's decoders in bands, against a straight evaluation in NumPy."""

import itertools
import threading

import numpy as np
import pytest

from export.graphs import conditioner_graph, decoder_step_graph, encoder_graph
from umtn_core.bundle import Bundle, Domain, Manifest
from umtn_core.bundle.manifest import ENCODER, SCHEMA, conditioner_file, decoder_file
from umtn_core.companding import LEVELS
from umtn_core.decode.cpu import cpu_engine
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.decode.sampling import Sampling, draw
from umtn_core.decode.stream import RingLayout
from umtn_core.errors import UmtnError
from umtn_core.native.calls import targets
from umtn_core.native.library import is_available
from umtn_core.shape import NetworkShape

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not is_available(), reason="installed without a C++ compiler")

#: As in test_cpu_engine.py.
TOLERANCES = {"fp32": 1e-5, "bf16": 0.02, "int8": 0.04}
PRECISIONS = tuple(TOLERANCES)

#: Factors of as many bands as are asked for, none the same as its neighbour's.
FACTORS = (0.5, 1.0, 0.0, 0.9, 2.0, 0.25, 1.0, 1.5)


def banded(bands: int, **options) -> NetworkShape:
    return NetworkShape(
        **{
            "bands": bands, "decoder_input": "embedding", "hop": 16 * bands, "latent_channels": 3,
            "encoder_blocks": 1, "encoder_layers": 1, "encoder_channels": 1, "decoder_blocks": 2,
            "decoder_layers": 4, "residual_channels": 20, "skip_channels": 36, **options,
        }
    )  # fmt: skip


def weights_of(shape, seed=0):
    """Weights that make no two codes or bands alike."""
    from umtn_core.networks.decoder import Decoder

    rng = np.random.default_rng(seed)
    state = {k: v.numpy() for k, v in Decoder(shape).state_dict().items() if k != "band_gains"}
    weights = {k: rng.normal(size=v.shape) / np.sqrt(v[0].size) for k, v in state.items()}
    weights["first_conv.weight"] = rng.normal(size=state["first_conv.weight"].shape)
    weights["logits.weight"] *= 3
    return {k: v.astype(np.float32) for k, v in weights.items()}


def bundle_of(shape, weights):
    from umtn_core.networks.encoder import Encoder

    encoder = {k: v.numpy() for k, v in Encoder(shape).state_dict().items()}
    graphs = {
        ENCODER: encoder_graph(shape, encoder).SerializeToString(),
        conditioner_file("a"): conditioner_graph(shape, weights).SerializeToString(),
        decoder_file("a"): decoder_step_graph(shape, weights).SerializeToString(),
    }
    manifest = Manifest(
        schema=SCHEMA, name="banded", domains=(Domain("a"),), shape=shape, licence="none",
        training_data="none", reference_loudness=-20.0, files={},
    )  # fmt: skip
    return Bundle.in_memory(manifest, graphs)


def straight(shape, weights, conditioning, steps, choose):
    """Logits (steps, bands, 256) and codes (steps, bands) of one stream, in float64.

    ``choose(step, logits)`` gives the codes of a step; conditioning is a row a step.
    """
    w = {k: v.astype(float) for k, v in weights.items()}
    r, bands = shape.residual_channels, shape.bands
    tables = w["first_conv.weight"].reshape(bands, LEVELS, r)
    past = [[np.zeros(r)] * 600 for _ in shape.dilations]
    newest, all_logits, all_codes = np.full(bands, shape.start_code), [], []
    for step in range(steps):
        x = sum(tables[q, code] for q, code in enumerate(newest) if code >= 0) + np.zeros(r)
        skip = w["skip_conv.weight"][:, :, 0] @ x + w["skip_conv.bias"]
        for i, dilation in enumerate(shape.dilations):
            past[i].append(x)
            hidden = conditioning[step][2 * r * i : 2 * r * (i + 1)].astype(float)
            for tap in range(shape.decoder_kernel):
                delay = (shape.decoder_kernel - 1 - tap) * dilation
                hidden = hidden + w[f"layers.{i}.causal.weight"][:, :, tap] @ past[i][-1 - delay]
            gated = np.tanh(hidden[r:]) / (1 + np.exp(-hidden[:r]))
            skip = skip + w[f"layers.{i}.skip.weight"][:, :, 0] @ gated
            skip += w[f"layers.{i}.skip.bias"]
            x = x + w[f"layers.{i}.residual.weight"][:, :, 0] @ gated
            x += w[f"layers.{i}.residual.bias"]
        output = w["fc.weight"][:, :, 0] @ np.maximum(skip, 0) + w["fc.bias"]
        output = np.maximum(output + conditioning[step][2 * r * len(shape.dilations) :], 0)
        logits = w["logits.weight"][:, :, 0] @ output + w["logits.bias"]
        all_logits.append(logits.reshape(bands, LEVELS))
        newest = choose(step, all_logits[-1])
        all_codes.append(newest)
    return np.array(all_logits), np.array(all_codes)


class Work:
    """Conditioning of some frames, codes and uniform numbers for some streams."""

    def __init__(self, shape, streams, seed=1, frames=3):
        rng = np.random.default_rng(seed)
        size = (frames, streams, shape.conditioning_width)
        self.shape, self.streams, self.frames = shape, streams, frames
        self.conditioning = rng.normal(size=size).astype(np.float32)
        made = (streams, frames * shape.output_hop)
        self.codes = rng.integers(0, 256, made).astype(np.uint8)
        self.uniforms = (rng.integers(0, 2**24, made) / 2**24).astype(np.float32)

    def conditions(self, stream):
        """A row for each step of one stream."""
        return np.repeat(self.conditioning[:, stream], self.shape.steps_per_frame, axis=0)

    def opened(self, engine, sampling, threads=1, streams=slice(None)):
        count = len(range(self.streams)[streams])
        layout = RingLayout.of(self.shape)
        rings = [np.zeros((layout.rows, self.shape.residual_channels), np.float32)] * count
        stepper = engine.stepper(count, sampling, threads)
        recent = np.full((count, self.shape.input_codes), self.shape.start_code, np.int64)
        stepper.load(0, recent, rings)
        return stepper

    def scored(self, engine, threads=1, streams=slice(None)):
        stepper = self.opened(engine, Sampling(), threads, streams)
        hop = self.shape.output_hop
        logits = [
            stepper.score(
                np.ascontiguousarray(self.conditioning[f, streams]),
                self.codes[streams, f * hop : (f + 1) * hop],
            )
            for f in range(self.frames)
        ]
        return np.concatenate(logits, axis=1)

    def drawn(self, engine, sampling, threads=1, streams=slice(None), resumed_at=()):
        """Codes; at some steps of each frame, saved and taken over by another batch."""
        shape, bands, hop = self.shape, self.shape.bands, self.shape.output_hop
        stepper = self.opened(engine, sampling, threads, streams)
        codes = np.zeros((len(range(self.streams)[streams]), self.frames * hop), np.uint8)
        for frame in range(self.frames):
            edges = [0, *resumed_at, shape.steps_per_frame]
            for first, last in itertools.pairwise(edges):
                begin, end = frame * hop + first * bands, frame * hop + last * bands
                part = np.zeros((len(codes), end - begin), np.uint8)
                made = stepper.steps(
                    np.ascontiguousarray(self.conditioning[frame, streams]),
                    self.uniforms[streams, begin:end], part, threading.Event(),
                )  # fmt: skip
                assert made == end - begin
                codes[:, begin:end] = part
                if last != edges[-1]:
                    size = (RingLayout.of(shape).rows, shape.residual_channels)
                    rings = [np.empty(size, np.float32) for _ in codes]
                    stepper.store(rings)
                    stepper = engine.stepper(len(codes), sampling, 1)
                    recent = codes[:, end - shape.input_codes : end].astype(np.int64)
                    stepper.load(end // bands, recent, rings)
        return codes


@pytest.fixture
def teams(monkeypatch):
    """Let even the smallest network be shared between threads."""
    monkeypatch.setattr(CpuEngine, "teams", True)
    monkeypatch.setattr(cpu_engine, "WORTH_A_TEAM", 0)


@pytest.mark.parametrize("bands", [2, 4, 8])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_logits_are_those_of_a_straight_evaluation(bands, precision):
    for options in ({}, {"start_code": 7, "decoder_kernel": 3, "skip_channels": 7}):
        shape = banded(bands, **options)
        weights, work = weights_of(shape), Work(shape, 3)
        bundle = bundle_of(shape, weights)
        expected = []
        for stream in range(3):
            given = work.codes[stream].reshape(-1, bands)
            expected.append(
                straight(
                    shape, weights, work.conditions(stream), len(given), lambda t, _, g=given: g[t]
                )[0].reshape(-1, LEVELS)
            )
        for target in targets():
            found = work.scored(CpuEngine(bundle, "a", 1, precision, target))
            assert found.shape == np.shape(expected)
            assert np.abs(found - expected).max() < TOLERANCES[precision] * np.abs(expected).max()


@pytest.mark.parametrize("bands", [2, 8])
def test_logits_are_those_of_the_network_that_is_trained(bands):
    from umtn_core.networks.decoder import Decoder

    shape = banded(bands, conditioning_channels=5)
    weights = weights_of(shape)
    network = Decoder(shape)
    state = {k: torch.from_numpy(v.copy()) for k, v in weights.items()}
    network.load_state_dict(network.state_dict() | state)
    latents = np.random.default_rng(3).normal(size=(shape.latent_channels, 3)).astype(np.float32)
    engine, work = CpuEngine(bundle_of(shape, weights), "a", 1), Work(shape, 1)
    work.conditioning = engine.condition(latents)[:, None]
    with torch.no_grad():
        codes = torch.from_numpy(work.codes.astype(np.int64))
        expected = network(codes, torch.from_numpy(latents)[None]).numpy()
    assert np.abs(work.scored(engine) - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("bands", [2, 4, 8])
@pytest.mark.parametrize("top_p", [1.0, 0.8])
def test_every_band_is_drawn_at_its_own_temperature_by_its_own_number(bands, top_p):
    shape = banded(bands)
    weights, work = weights_of(shape), Work(shape, 3)
    sampling = Sampling(temperature=0.8, top_p=top_p, band_temperatures=FACTORS[:bands])
    alone = [Sampling(temperature=t, top_p=top_p) for t in sampling.temperatures(bands)]
    assert len({each.temperature for each in alone}) > 1
    bundle = bundle_of(shape, weights)
    expected = []
    for stream in range(3):
        numbers = work.uniforms[stream].reshape(-1, bands)

        def choose(step, logits, numbers=numbers):
            rows = logits.astype(np.float32)[:, None]
            return [
                int(draw(row, numbers[step, q : q + 1], alone[q])[0]) for q, row in enumerate(rows)
            ]

        codes = straight(shape, weights, work.conditions(stream), len(numbers), choose)[1]
        expected.append(codes.reshape(-1))
    for target in targets():
        found = work.drawn(CpuEngine(bundle, "a", 1, target=target), sampling)
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("target", targets() if is_available() else ())
def test_a_stream_depends_on_nothing_beside_it_and_on_no_threads(teams, precision, target):
    shape = banded(8)
    work = Work(shape, 9, frames=2)
    engine = CpuEngine(bundle_of(shape, weights_of(shape)), "a", 1, precision, target)
    sampling = Sampling(band_temperatures=FACTORS)
    codes, logits = work.drawn(engine, sampling), work.scored(engine)
    for streams in (slice(0, 1), slice(3, 5), slice(2, 9)):
        for threads in (1, 2, 3):
            assert np.array_equal(work.drawn(engine, sampling, threads, streams), codes[streams])
            assert np.array_equal(work.scored(engine, threads, streams), logits[streams])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("streams", [1, 5])
def test_a_state_saved_within_a_frame_goes_on_as_if_nothing_had_happened(precision, streams):
    shape = banded(4, decoder_kernel=3)
    work, sampling = Work(shape, streams), Sampling(band_temperatures=FACTORS[:4])
    engine = CpuEngine(bundle_of(shape, weights_of(shape)), "a", 1, precision)
    expected = work.drawn(engine, sampling)
    assert np.array_equal(work.drawn(engine, sampling, resumed_at=(1, 2, 9)), expected)


@pytest.mark.parametrize("name", ["first_conv.weight", "logits.weight", "logits.bias"])
def test_a_weight_of_the_last_band_that_is_no_number_is_refused(name):
    shape = banded(8)
    weights = weights_of(shape)
    weights[name].flat[-1] = np.nan
    with pytest.raises(UmtnError, match="weights is not a number"):
        CpuEngine(bundle_of(shape, weights), "a")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_output_that_is_no_number_is_an_error(precision):
    shape = banded(8)
    work = Work(shape, 3, frames=1)
    work.conditioning[:] = 3e38
    with pytest.raises(UmtnError, match="output is not a number"):
        work.drawn(CpuEngine(bundle_of(shape, weights_of(shape)), "a", 1, precision), Sampling())


def test_arrays_of_other_numbers_of_bands_are_refused():
    shape = banded(4)
    work, stop = Work(shape, 2, frames=1), threading.Event()
    stepper = work.opened(CpuEngine(bundle_of(shape, weights_of(shape)), "a", 1), Sampling())
    conditioning, numbers = work.conditioning[0], work.uniforms
    with pytest.raises(UmtnError, match="whole number of steps of 4"):
        stepper.steps(conditioning, numbers[:, :6], np.zeros((2, 6), np.uint8), stop)
    with pytest.raises(UmtnError, match="whole number of steps of 4"):
        stepper.score(conditioning, work.codes[:, :6])
    rings = [np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)] * 2
    for codes, what in ((np.zeros((2, 1)), "given"), (np.full((2, 4), 256), "sizes")):
        with pytest.raises(UmtnError, match=what):
            stepper.load(0, codes.astype(np.int64), rings)
