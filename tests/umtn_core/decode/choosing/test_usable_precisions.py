"""Which precisions a model is offered in: those that it is known to bear."""

import msgspec
import pytest

from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.bundle.manifest import Manifest, read_manifest
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.usable_precisions import is_good_enough
from umtn_core.errors import UmtnError
from umtn_core.native.library import is_available
from umtn_core.shape import NetworkShape

needs_cpu_engine = pytest.mark.skipif(not is_available(), reason="installed without a C++ compiler")

TINY = NetworkShape(
    latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2, decoder_blocks=1,
    decoder_layers=2, residual_channels=2, skip_channels=4,
)  # fmt: skip


@pytest.fixture
def saying(random_bundle):
    """Make a model that says what each precision loses with domain a."""

    def make(**nats: float) -> Bundle:
        bundle = random_bundle(TINY)
        losses = {name: {"a": PrecisionLoss(lost, 0.1)} for name, lost in nats.items()}
        manifest = msgspec.structs.replace(
            bundle.manifest, precisions=Precisions("noise", 100, losses) if nats else None
        )
        graphs = {name: bundle.contents(name) for name in manifest.files}
        return Bundle.in_memory(manifest, graphs)

    return make


@needs_cpu_engine
def test_what_loses_little_is_opened(saying):
    bundle = saying(bf16=0.001, int8=-0.009)
    assert open_engine("cpu-int8", bundle, "a", 1).precision == "int8"
    assert open_engine("cpu-bf16", bundle, "a", 1).precision == "bf16"


@pytest.mark.parametrize("lost", [0.01, 0.2, -0.2])
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_what_loses_too_much_is_refused(saying, precision, lost):
    with pytest.raises(UmtnError, match=r"loses 0\..* nats a sample by cpu-.*; use"):
        open_engine(f"cpu-{precision}", saying(**{precision: lost}), "a", 1)


@pytest.mark.parametrize("said", [{}, {"bf16": 0.001}])
def test_int8_is_refused_where_nobody_measured_it(saying, said):
    with pytest.raises(UmtnError, match="export it again"):
        open_engine("cpu-int8", saying(**said), "a", 1)


@needs_cpu_engine
def test_a_domain_without_figures_has_not_been_measured(saying):
    bundle = saying(bf16=0.001, int8=0.001)
    manifest = bundle.manifest
    assert is_good_enough("cpu-int8", manifest, "a")
    assert not is_good_enough("cpu-int8", manifest, "b")
    assert not is_good_enough("cpu-bf16", manifest, "b")
    with pytest.raises(UmtnError, match="does not say"):
        open_engine("cpu-int8", bundle, "b", 1)


@needs_cpu_engine
def test_a_silent_model_still_decodes_in_bfloat16_for_who_asks(saying):
    assert open_engine("cpu-bf16", saying(), "a", 1).precision == "bf16"


@needs_cpu_engine
def test_timing_asks_for_no_quality(saying):
    engine = open_engine("cpu-int8", saying(int8=0.5), "a", 1, whatever_it_loses=True)
    assert engine.precision == "int8"


def test_a_manifest_keeps_what_was_measured_and_may_lack_it(saying):
    for bundle in (saying(bf16=0.001, int8=0.002), saying()):
        text = msgspec.json.encode(bundle.manifest)
        assert read_manifest(text, "model").precisions == bundle.manifest.precisions
    older = msgspec.to_builtins(saying().manifest)
    del older["precisions"]
    assert msgspec.convert(older, Manifest).precisions is None
