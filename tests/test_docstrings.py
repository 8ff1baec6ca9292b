"""What docstrings say of a parameter can be read by itself, without the line above it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(f for p in ("umtn_core", "export", "bridge") for f in (ROOT / p).rglob("*.py"))

#: A text that begins so has no subject: "Of the network.", "That decode at once."
NO_SUBJECT = re.compile(
    r"(?:About|After|Among|As|At|Before|Beside|Between|By|For|From|Into|Of|On|Over|Per|Than|That"
    r"|Through|To|Under|Until|With|Within)\b"
)
_SECTION = re.compile(
    r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", re.MULTILINE | re.DOTALL
)
_ENTRY = re.compile(r"^(\S[^\n]*)\n((?: {4}[^\n]+\n?)+)", re.MULTILINE)


def parameter_texts(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Take what is documented, the parameter, and the text from every docstring that lists any."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for section in _SECTION.findall(ast.get_docstring(node) or ""):
                for name, text in _ENTRY.findall(section + "\n"):
                    yield node.name, name, " ".join(text.split())


def is_fragment(text: str) -> bool:
    return bool(NO_SUBJECT.match(text)) or len(text.split()) < 3


def test_a_fragment_is_told_from_a_phrase():
    source = (
        'def f():\n    """Do.\n\n    Parameters\n    ----------\n    a, b\n        Of the\n'
        "        network.\n    c : int\n        The number of streams.\n\n    Returns\n"
        '    -------\n    int\n        Of it.\n    """\n'
    )
    found = list(parameter_texts(ast.parse(source)))
    assert found == [("f", "a, b", "Of the network."), ("f", "c : int", "The number of streams.")]
    assert [is_fragment(text) for _, _, text in found] == [True, False]
    assert is_fragment("How many.")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_parameters_are_told_of_in_phrases_of_their_own(file: Path) -> None:
    found = parameter_texts(ast.parse(file.read_text()))
    assert not [each for each in found if is_fragment(each[2])]
