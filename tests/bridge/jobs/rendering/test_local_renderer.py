import pytest

from bridge.jobs.rendering import local_renderer
from bridge.jobs.rendering.local_renderer import LocalRenderer
from bridge.jobs.settings import JobSettings


@pytest.mark.parametrize("driver", [False, True])
def test_what_may_take_a_gpu_is_rendered_in_one_process(tmp_path, monkeypatch, driver):
    monkeypatch.setattr(local_renderer, "has_driver", lambda: driver)
    for name in ("session", "data"):
        (tmp_path / name).mkdir()
    settings = JobSettings(
        session_folder=tmp_path / "session", data_folder=tmp_path / "data", workers=2, cores=4
    )
    renderer = LocalRenderer(settings)
    assert renderer.slots_for("cpu-int8") == ["cpu-0", "cpu-1"]
    assert renderer.slots_for("cuda-fp16") == ["accelerator"]
    assert renderer.slots_for("auto") == (["accelerator"] if driver else ["cpu-0", "cpu-1"])
    # It may take the processor all the same, and then all of it.
    threads = renderer._workers["accelerator"]._setup.threads
    assert threads == (4 if driver else 1)
