"""Which model and target a request means."""

import errno
from pathlib import Path

import pytest

from bridge.jobs.accepting.installed_models import InstalledModels
from bridge.jobs.request import RequestError

pytestmark = pytest.mark.usefixtures("models_folder")


@pytest.mark.parametrize(
    ("model", "target"), [("tiny", "flute"), ("Tiny", "Flute"), ("TINY", " flute ")]
)
def test_they_are_found_however_they_are_written_and_given_by_their_own_names(
    model: str, target: str
) -> None:
    found_model, found_target, manifest = InstalledModels().check(model, target)
    assert (found_model, found_target, manifest.name) == ("tiny", "flute", "Tiny")


@pytest.mark.parametrize(
    ("model", "target", "sentence"),
    [
        ("tinny", "flute", "No model 'tinny' is installed (did you mean tiny?); there is tiny"),
        ("tiny", "flut", "The model tiny cannot translate to 'flut' (did you mean flute?); it"),
        ("", "flute", "No model '' is installed; there is tiny"),
    ],
)
def test_a_refusal_says_what_there_is(model: str, target: str, sentence: str) -> None:
    with pytest.raises(RequestError) as caught:
        InstalledModels().check(model, target)
    assert caught.value.code == "model"
    assert caught.value.message.startswith(sentence)


def test_paths_are_no_names(models_folder: Path) -> None:
    with pytest.raises(RequestError, match="is installed"):
        InstalledModels().check(str(models_folder / "tiny"), "flute")


def test_a_model_that_is_not_whole_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models" / "torn").mkdir(parents=True)
    (tmp_path / "models" / "torn" / "manifest.json").write_text("{")
    monkeypatch.setenv("UMTN_MODELS", str(tmp_path / "models"))
    with pytest.raises(RequestError) as caught:
        InstalledModels().check("torn", "flute")
    sentence = caught.value.message
    assert sentence.startswith("The model torn is not whole: The manifest of the model bundle torn")
    assert sentence.endswith(".") and not sentence.endswith("..")


def test_where_no_model_can_be_looked_for_it_is_not_said_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def scandir(folder: Path) -> None:
        raise OSError(errno.EMFILE, "Too many open files", str(folder))

    models = InstalledModels()
    with monkeypatch.context() as full:
        full.setattr("os.scandir", scandir)
        with pytest.raises(RequestError, match="Too many open files; try again") as caught:
            models.check("tiny", "flute")
        assert caught.value.code == "busy"
    assert models.check("tiny", "flute")[:2] == ("tiny", "flute")
