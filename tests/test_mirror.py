"""The rule that tests mirror the tree, as CONTRIBUTING.md has it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_test_lies_where_what_it_tests_lies(file: Path) -> None:
    """In the folder of its name; and named after a module there, or saying what it is of."""
    folder = ROOT / file.parent.relative_to("tests")
    assert folder.is_dir(), f"{file} lies in a folder that mirrors none"
    named = (folder / file.name.removeprefix("test_")).exists()
    assert named or ast.get_docstring(ast.parse((ROOT / file).read_text())), (
        f"{file} is named after no module of {folder.relative_to(ROOT)}, and does not begin with a "
        "docstring that says what it tests"
    )
