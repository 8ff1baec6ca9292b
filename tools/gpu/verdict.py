"""What the tests on a GPU say of the engines: one verdict each, and none blamed for another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tools.gpu.attempts import Account

#: Whose tests lie where; what is in no such folder is of the kernels.
KERNELS, ONNX, TRAINING = "cuda", "onnx-cuda", "training"
_PLACES = {"/decode/onnx/": ONNX, "/training/": TRAINING}
#: What the errors of a GPU that has failed hold, umtn's and PyTorch's.
LOST = ("The GPU failed at", "CUDA error")


class Verdict(NamedTuple):
    """What is to be said of an engine, and whether all of it was checked and found right."""

    engine: str
    text: str
    checked: bool
    failed: bool


def verdicts(account: Account) -> list[Verdict]:
    """Judge each engine by its own tests, the kernels first.

    A test that was skipped, hung or not run has checked nothing.
    """
    names = account.listed or [*account.done, *account.lost]
    groups: dict[str, list[str]] = {KERNELS: [], ONNX: [], TRAINING: []}
    for name in names:
        groups[_engine(name)].append(name)
    return [_verdict(engine, tests, account) for engine, tests in groups.items()]


def _engine(test: str) -> str:
    return next((engine for place, engine in _PLACES.items() if place in test), KERNELS)


def _verdict(engine: str, tests: list[str], account: Account) -> Verdict:
    outcomes = {name: account.done.get(name, {}) for name in tests}

    def those(outcome: str) -> list[str]:
        return [name for name, entry in outcomes.items() if entry.get("outcome") == outcome]

    passed, failed, skipped = those("passed"), those("failed"), those("skipped")
    lost = [name for name in tests if name in account.lost]
    unrun = [name for name in tests if not outcomes[name] and name not in lost]
    checked = bool(tests) and len(passed) == len(tests)
    if checked:
        return Verdict(engine, f"checked, all {len(tests)} tests passed", True, False)
    if not tests:
        why = account.why or "none was found"
        return Verdict(engine, f"NOT CHECKED, no tests: {why} (tests.log)", False, False)
    wrong = bool(failed or lost)
    parts = [f"{'WRONG' if wrong else 'NOT CHECKED'}, of {len(tests)} tests {len(passed)} passed"]
    parts += [f"{len(failed)} failed"] * bool(failed) + [f"{len(lost)} hung or died"] * bool(lost)
    parts += [f"{len(skipped)} were skipped"] * bool(skipped)
    parts += [f"{len(unrun)} were not run ({account.why})"] * bool(unrun)
    lines = [", ".join(parts)]
    lines += [f"  hung or died: {_short(name)}: {account.lost[name]}" for name in lost]
    errors: dict[str, list[str]] = {}
    for name in failed:
        errors.setdefault(_error(outcomes[name]["text"]), []).append(_short(name))
    for error, alike in errors.items():
        more = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
        lines.append(f"  failed: {alike[0]}{more}: {error}")
    lines += [f"  skipped: {reason}" for reason in _reasons(skipped, outcomes)]
    if wrong and engine == KERNELS:
        lines.append("  do not believe the figures of this engine")
    if wrong and engine == ONNX:
        lines.append("  this is ONNX Runtime on the GPU; it says nothing of umtn's own kernels")
    return Verdict(engine, "\n".join(lines), False, wrong)


def _short(test: str) -> str:
    return test.rpartition("::")[2]


def _error(text: str) -> str:
    """The line of a failed test that says why."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    of_driver = [line for line in lines if any(sign in line for sign in LOST)]
    return (of_driver or lines or text.strip().splitlines()[-1:] or ["no text"])[0]


def _reasons(tests: list[str], outcomes: dict[str, dict[str, str]]) -> Iterator[str]:
    yield from sorted({outcomes[name]["text"] for name in tests})
