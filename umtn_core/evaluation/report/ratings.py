"""Ratings that came back from the listening sheet, turned into win rates."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from umtn_core.errors import UmtnError
from umtn_core.evaluation.measures.share import Share, rounded
from umtn_core.evaluation.report.listening_sheet import (
    ANSWERS,
    KEY,
    QUESTIONS,
    Key,
    Trial,
    read_key,
)

Rating = tuple[str, Trial, str, str]


def win_rates(report: Path, files: Sequence[Path], seed: int = 0) -> dict[str, Any]:
    """How often listeners prefer the translation to the real render.

    Parameters
    ----------
    report
        The folder of the report whose sheet was rated.
    files
        The files that listeners have downloaded.
    seed
        The seed of the bootstrap over trials.

    Returns
    -------
    dict
        For each question, overall and for each direction: ``wins``, the share of answers for the
        translation, "no difference" counting half, so that 0.5 means as good as real; its
        ``interval``; and the number of ``answers``, ``trials`` and ``raters``.

    Raises
    ------
    UmtnError
        If the report has no key, or a file is not a sheet's.
    """
    key = _key(report)
    trials = {trial.id: trial for trial in key.trials}
    given: dict[tuple[str, str, str], Rating] = {}
    for file in files:
        for rating in _read(file, trials):
            # The last word of a rater counts, also where a file is given twice.
            given[rating[0], rating[1].id, rating[2]] = rating
    result: dict[str, Any] = {"model": key.model}
    for question in QUESTIONS:
        answers = [each for each in given.values() if each[2] == question]
        ways = sorted({(trial.source, trial.target) for _, trial, _, _ in answers})
        result[question] = {
            "all": _rate(answers, seed),
            **{
                f"{source}->{target}": _rate(
                    [each for each in answers if (each[1].source, each[1].target) == way], seed
                )
                for way in ways
                for source, target in [way]
            },
        }
    return result


def _rate(ratings: Sequence[Rating], seed: int) -> dict[str, Any]:
    points: dict[str, list[float]] = {}
    for _, trial, _, answer in ratings:
        won = {"A": trial.a, "B": trial.b}.get(answer)
        points.setdefault(trial.id, []).append(0.5 if won is None else float(won == "translation"))
    share = Share.of_pairs((sum(each), len(each)) for each in points.values())
    return {
        "wins": rounded(share.value),
        "interval": share.interval(seed),
        "answers": len(ratings),
        "trials": len(points),
        "raters": len({rater for rater, _, _, _ in ratings}),
    }


def _key(report: Path) -> Key:
    try:
        return read_key(report)
    except OSError as error:
        raise UmtnError(
            f"{report} is not a report with a listening sheet (no {KEY}): "
            "make one with `umtn evaluate`."
        ) from error
    except msgspec.MsgspecError as error:
        raise UmtnError(f"{report / KEY} is damaged ({error}): evaluate again.") from error


def _read(file: Path, trials: dict[str, Trial]) -> list[Rating]:
    found = []
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            for line, row in enumerate(csv.DictReader(text), 2):
                trial = trials.get(row.get("trial") or "")
                question, answer = row.get("question"), row.get("answer")
                if trial is None or question not in QUESTIONS or answer not in ANSWERS:
                    raise UmtnError(f"Line {line} of {file} is not a rating of this report.")
                found.append((row.get("rater") or file.name, trial, question, answer))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UmtnError(f"Cannot read {file} ({error}).") from error
    if not found:
        raise UmtnError(f"{file} holds no ratings: has it been downloaded from the sheet?")
    return found
