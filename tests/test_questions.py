"""The ten questions lead to files that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_question_leads_to_a_file():
    rows = re.findall(r"^\| (.+\?) \| (.+) \|$", (ROOT / "docs" / "questions.md").read_text(), re.M)
    assert len(rows) == 10
    for question, answer in rows:
        paths = re.findall(r"`([\w/]+/[\w.]+)`", answer)
        assert paths, question
        assert all((ROOT / path).is_file() for path in paths), question
