"""No sentence in which a file is refused stands without a file that really has that fault.

The sentences are read from the sources of `read` and `container`; a new one without a file fails.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import umtn_core.audio.read as module
from tests.umtn_core.audio.kinds.all import KINDS
from tests.umtn_core.audio.kinds.kind import MONO, Refused
from umtn_core.audio import read_audio
from umtn_core.audio.read import take_audio
from umtn_core.audio.write import write_audio
from umtn_core.errors import UmtnError

SOURCES = [Path(module.__file__), *sorted(Path(module.__file__).parent.glob("container/*.py"))]


def sentences() -> dict[str, re.Pattern[str]]:
    """All texts of refusals, by where they stand, as patterns of what may come of them."""
    found = {}
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != "UmtnError":
                continue
            (text,) = node.args
            assert isinstance(text, ast.JoinedStr | ast.Constant), ast.unparse(node)
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            pattern = "".join(
                re.escape(part.value) if isinstance(part, ast.Constant) else ".*" for part in parts
            )
            found[f"{source.name}:{node.lineno}"] = re.compile(pattern)
    return found


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(UmtnError) as refused:
        act()
    return str(refused.value)


def of_kinds(folder: Path) -> list[str]:
    """What is said of each kind of file that is refused."""
    said = []
    for kind in KINDS:
        if isinstance(kind.right, Refused):
            path = folder / kind.name
            path.write_bytes(kind.contents)
            said.append(refusal(lambda path=path: read_audio(path)))
    return said


def of_circumstances(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said where the fault is not in the file's bytes."""
    path = folder / "whole.wav"
    write_audio(path, MONO.astype(np.float32), 44_100)
    said = [
        refusal(lambda: read_audio(folder / "none.wav")),
        refusal(lambda: read_audio(folder)),
    ]
    (folder / "link.wav").symlink_to("nowhere.wav")
    said.append(refusal(lambda: read_audio(folder / "link.wav")))
    os.mkfifo(folder / "pipe.wav")
    said.append(refusal(lambda: read_audio(folder / "pipe.wav")))

    def meanwhile() -> bool:
        path.write_bytes(path.read_bytes() + b"\0")
        return False

    said.append(refusal(lambda: take_audio(path, cancelled=meanwhile)))
    if Path("/proc/self/mem").is_file():  # whose first byte nobody can read
        said.append(refusal(lambda: read_audio(Path("/proc/self/mem"))))
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise MemoryError

        patch.setattr(module.np, "empty", full)
        said.append(refusal(lambda: read_audio(path)))
    return said


def test_each_sentence_has_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [*of_kinds(tmp_path), *of_circumstances(tmp_path, monkeypatch)]
    missing = [
        f"{place} {pattern.pattern}"
        for place, pattern in sentences().items()
        if not any(pattern.fullmatch(sentence) for sentence in said)
    ]
    assert not missing, "\n".join(missing)


def test_there_are_sentences_to_be_found() -> None:
    assert len(sentences()) > 30
