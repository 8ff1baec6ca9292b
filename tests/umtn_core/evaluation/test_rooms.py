"""The arrows inside the evaluation: report, its own files, then the four rooms they use."""

import ast
from pathlib import Path

import pytest

import umtn_core.evaluation

FOLDER = Path(umtn_core.evaluation.__file__).parent
NAME = "umtn_core.evaluation"
ROOMS = {
    "listening": set(),
    "material": {"listening"},
    "measures": {"listening"},
    "likelihood": {"listening"},
}


def reached(file):
    """What a file imports of the evaluation, by the name of its room or own file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.startswith(f"{NAME}."):
            yield node.module.split(".")[2]
        elif isinstance(node, ast.ImportFrom) and node.module == NAME:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names)
            yield from (name.split(".")[2] for name in names if name.startswith(f"{NAME}."))


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_know_of_what_lies_below(room):
    files = list((FOLDER / room).glob("*.py"))
    assert files
    for file in files:
        assert set(reached(file)) <= ROOMS[room] | {room}, file


def test_only_the_report_knows_of_the_report():
    for file in FOLDER.glob("*.py"):
        assert "report" not in set(reached(file)), file
