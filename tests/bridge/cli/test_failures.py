from __future__ import annotations

from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from bridge.cli.failures import DEBUG, INTERRUPTED, Failure, as_failures, needs_extra
from bridge.cli.main import umtn
from umtn_core.errors import Cancelled, UmtnError


def failing(error: BaseException) -> Failure:
    with pytest.raises(Failure) as caught, as_failures():
        raise error
    return caught.value


def test_an_error_for_the_user_is_passed_on_word_for_word() -> None:
    failure = failing(UmtnError("The file is empty."))
    assert (failure.message, failure.exit_code) == ("The file is empty.", 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Cancelled("stopped"), click.Abort()])
def test_stopping_has_the_exit_code_of_an_interrupt(error: BaseException) -> None:
    assert failing(error).exit_code == INTERRUPTED


def test_anything_else_says_how_to_see_more() -> None:
    message = failing(ZeroDivisionError("division by zero")).message
    assert "ZeroDivisionError: division by zero" in message
    assert f"{DEBUG}=1" in message


def test_the_traceback_is_there_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(ZeroDivisionError())
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv(DEBUG, "1")
    failing(ZeroDivisionError())
    assert "Traceback" in capsys.readouterr().err


def test_a_missing_extra_is_named_with_the_command_that_brings_it() -> None:
    advice = r'Training needs .*pip install "umtn\[train\]"'
    with pytest.raises(UmtnError, match=advice), needs_extra("Training", "train"):
        import_module("a_package_that_is_not_there")


def test_a_missing_module_of_our_own_is_not_taken_for_an_extra() -> None:
    with pytest.raises(ModuleNotFoundError), needs_extra("Training", "train"):
        import_module("umtn_core.not_there")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nonsense"], "--nonsense"),
        (["sing"], "sing"),
        (["translate"], "Missing"),
        (["train", "/nowhere/settings.yaml"], "/nowhere/settings.yaml"),
        (["data", "prepare", "/nowhere", "store"], "/nowhere"),
    ],
)
def test_misuse_is_one_line_on_stderr(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(umtn, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_failure_is_one_line_whatever_it_repeats(capsys: pytest.CaptureFixture[str]) -> None:
    failing(UmtnError("There is no file a\nb\x1b[31m\udce9.wav.")).show()
    assert capsys.readouterr().err == "umtn: There is no file a\\nb\\x1b[31m\\udce9.wav.\n"


@pytest.mark.usefixtures("models_folder")
@pytest.mark.parametrize(
    "arguments",
    ["x", "--x", "edit x --to flute", "translate x --to flute --model tiny",
     "translate take.wav --to x --model tiny", "translate take.wav --model x --to flute",
     "translate take.wav --to flute --model tiny --engine x", "send x --to flute", "models x"],
)  # fmt: skip
def test_of_a_very_long_name_a_part_is_repeated(arguments: str) -> None:
    result = CliRunner().invoke(umtn, arguments.replace("x", 5_000 * "x").split())
    assert result.exit_code in (1, 2)
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 500
