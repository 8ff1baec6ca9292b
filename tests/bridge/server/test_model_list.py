from __future__ import annotations

import json
import os
import shutil

import pytest

from bridge.server import model_list


@pytest.mark.parametrize(("own", "gpu"), [(True, False), (False, False), (True, True)])
def test_engines_are_named_where_they_can_run(
    monkeypatch: pytest.MonkeyPatch, own: bool, gpu: bool
) -> None:
    monkeypatch.setattr(model_list, "is_available", lambda: own)
    monkeypatch.setattr(model_list, "is_usable", lambda: gpu)
    found = model_list.usable_engines()
    assert {"auto", "onnx"} <= set(found)
    assert ({"cpu", "cpu-bf16", "cpu-int8"} <= set(found)) == own
    assert ({"cuda", "cuda-fp16", "cuda-bf16"} <= set(found)) == gpu
    assert any(name.startswith("cpu") for name in found) == own
    assert any("cuda" in name for name in found) == gpu


def test_int8_is_offered_only_where_it_is_known_to_lose_little(models_folder, monkeypatch):
    monkeypatch.setattr(model_list, "usable_engines", lambda: ["auto", "cpu", "cpu-int8"])
    (silent,) = (each for each in model_list.ModelList().find() if each.name == "tiny")
    assert silent.engines == ("auto", "cpu")
    monkeypatch.setattr(model_list, "why_not_precise_enough", lambda *_: None)
    (bearing,) = (each for each in model_list.ModelList().find() if each.name == "tiny")
    assert bearing.engines == ("auto", "cpu", "cpu-int8")


def test_a_bad_model_is_left_out_and_a_long_licence_shortened(models_folder, tmp_path, monkeypatch):
    for name in ("bad", "wordy"):
        shutil.copytree(models_folder / "tiny", tmp_path / "models" / name)
    manifest = tmp_path / "models" / "wordy" / "manifest.json"
    said = json.loads(manifest.read_text()) | {"licence": "free\n" + "x" * 3000 + " end"}
    manifest.write_text(json.dumps(said))
    (tmp_path / "models" / "bad" / "manifest.json").unlink()
    os.mkfifo(tmp_path / "models" / "bad" / "manifest.json")
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path / "models"))
    found = {each.name: each for each in model_list.ModelList().find()}
    assert found.keys() == {"wordy", "default"}
    assert found["wordy"].licence.startswith("free xxx")
    assert found["wordy"].licence.endswith("xxx end")
    assert len(found["wordy"].licence) < 250
