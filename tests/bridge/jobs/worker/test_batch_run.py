"""A batch whose results are filtered: as asked for, and stopped without what was decoded lost."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the test's model needs torch")

from bridge.jobs.rendering.messages import Setup
from bridge.jobs.rendering.renderer import JobBatch, Order, Rendered
from bridge.jobs.rendering.saved_batch import WorkFolder
from bridge.jobs.request import RenderRequest
from bridge.jobs.worker.batch_run import BatchRun
from bridge.jobs.worker.control import Control
from bridge.jobs.worker.open_translators import OpenTranslators
from export.export import postfilter_graphs
from tests.bridge.jobs.conftest import RATE, heard, tone
from umtn_core.bundle import Bundle, write_bundle
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter import Postfilter
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.translation import Translation
from umtn_core.translator import Translator


@pytest.fixture
def filtered(tiny_bundle, tmp_path):
    """The model `tiny` with a post-filter for the violin."""
    old = Bundle.open(tiny_bundle)
    torch.manual_seed(0)
    network = PostfilterNetwork(PostfilterShape(window=512, bins=257, channels=2, dilations=(1,)))
    torch.nn.init.normal_(network.last.weight)
    domains = tuple(
        msgspec.structs.replace(each, postfilter=network.shape if each.name == "violin" else None)
        for each in old.manifest.domains
    )
    graphs = {name: old.contents(name) for name in old.manifest.graph_files}
    return write_bundle(
        tmp_path / "filtered",
        msgspec.structs.replace(old.manifest, domains=domains),
        graphs | postfilter_graphs({"violin": network}),
    )


@pytest.fixture
def run(filtered, settings, music, tmp_path):
    """Render a file, with options of the request, by a control of its own."""
    source = music(seconds=0.2)

    def render(name, before=lambda control: None, **options):
        output = settings.session_folder / f"{name}.wav"
        request = RenderRequest(
            name, str(source), "violin", str(output), model=str(filtered), engine="onnx", **options
        )
        found = source.stat()
        batch = JobBatch("batch", (Order(request, found.st_size, found.st_mtime_ns),))
        told = []
        control = Control(told.append)
        control.begin([name])
        before(control)
        work = settings.data_folder / "work"
        WorkFolder(work).make()
        setup = Setup(settings.session_folder, (), work, 1, 60.0, 1e9)
        ending = BatchRun(setup, OpenTranslators(1), control, batch, told.append).run()
        return ending, told, output

    return render


def test_results_are_filtered_unless_the_request_says_not(run, tiny_bundle):
    results = {}
    for name, options in {"on": {}, "off": {"postfilter": 0}}.items():
        ending, told, output = run(name, **options)
        assert ending == "finished" and isinstance(told[-1], Rendered), told
        results[name] = heard(output)
    plain = Translator(tiny_bundle, "violin", engine="onnx")(tone(0.2), RATE)
    np.testing.assert_array_equal(results["off"], plain)
    assert np.abs(results["on"] - plain).max() > 1e-4


def test_a_pause_while_it_filters_saves_what_was_decoded(run, monkeypatch):
    whole = heard(run("whole")[2])
    paused = []

    def pausing(self, samples, cancelled):
        paused[0].pause()
        return filtering(self, samples, cancelled)

    filtering = Postfilter.stage
    with monkeypatch.context() as patch:
        patch.setattr(Postfilter, "stage", pausing)
        ending, _, output = run("a", before=paused.append)
        assert ending == "paused"
        assert not output.exists()

    def decoded_before(self, *arguments, **options):
        assert self.done
        advance(self, *arguments, **options)

    advance = Translation.advance
    monkeypatch.setattr(Translation, "advance", decoded_before)
    ending, told, output = run("a")
    assert ending == "finished" and isinstance(told[-1], Rendered), told
    np.testing.assert_array_equal(heard(output), whole)
