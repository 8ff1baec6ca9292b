"""Whether the GPU computes what the reference does, and how fast: all of it, by one command.

Usage: python tools/gpu/check.py [--seconds 600] [--quick] [--tests WORDS] [--shapes NAMES]
                                 [--each SECONDS] [--plan SECONDS] [--pause PROCESS]
                                 [--quiet SECONDS]

Run by `benchmarks/on_gpu.sh`, and by `tools/gpu/run.sh check`. Afterwards $OUT has tests.log,
tests.jsonl, plans.jsonl (the times of every kind of plan), gpu.txt (the engines), and the verdict,
which comes last. Ends with 0 where all of the kernels' tests were run and nothing failed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.gpu.attempts import Account, attempt
from tools.gpu.device import DriverError, find, image
from tools.gpu.verdict import KERNELS, verdicts
from umtn_core.native.cuda.image import OVERRIDE

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("tests/umtn_core/decode", "tests/umtn_core/training")
CLOCKS = ROOT / "benchmarks" / "gpu_clocks.py"
#: Shares of the time that is left at each, for tests, plans and clocks; the engines have the rest.
_TESTS, _PLANS, _CLOCKS = 0.4, 0.6, 0.4
#: Seconds until the first test begins, and a plan's weights are made.
_START = 90.0
#: A share of the cores that is quiet.
_BUSY = 0.15


class Checking:
    """A check under way.

    Parameters
    ----------
    options
        The command's.
    out
        The folder of the logs.
    """

    def __init__(self, options: argparse.Namespace, out: Path):
        self.options, self.out = options, out
        self.until = time.monotonic() + options.seconds
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.until - time.monotonic())

    def test(self) -> Account:
        """Run all tests that need a GPU."""
        report = self.out / "tests.jsonl"
        report.unlink(missing_ok=True)
        command = [
            sys.executable, "-m", "pytest", "-v", "-m", "gpu", "-p", "no:cacheprovider",
            "-p", "tools.gpu.reporting", "-o", "faulthandler_timeout=0",
            # A file of tests that lacks a package of its own stops no other.
            "--continue-on-collection-errors", *TESTS,
        ]  # fmt: skip
        if self.options.tests:
            command += ["-k", self.options.tests]
        return attempt(
            command, report, self.out / "tests.log", each=self.options.each, start=_START,
            seconds=_TESTS * self.left, environment=self.environment,
        )  # fmt: skip

    def time_plans(self) -> bool:
        """Time every kind of plan; returns whether none was lost."""
        report, log = self.out / "plans.jsonl", self.out / "plans.log"
        for file in (report, log):
            file.unlink(missing_ok=True)
        seconds = _PLANS * self.left
        command = [sys.executable, str(ROOT / "benchmarks" / "gpu_plans.py"), *self._shapes()]
        account = attempt(
            command, report, log, each=self.options.plan, start=_START, seconds=seconds,
            environment=self.environment,
        )  # fmt: skip
        print(log.read_text(encoding="utf-8", errors="replace").rstrip())
        for name, why in account.lost.items():
            print(f"no times of {name}: {why}")
        if not account.over:
            print(f"not all plans were timed: {account.why}")
        return not account.lost

    def run(self, script: Path, log: str, seconds: float, *arguments: str) -> int:
        """Run a script, and show and keep what it says; 124 where its time was up."""
        command = [sys.executable, str(script), *arguments]
        with (self.out / log).open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                env=self.environment, start_new_session=True,
            )  # fmt: skip
            limit = subprocess.Popen(
                ["sh", "-c", f"sleep {seconds:.1f}; kill -KILL -{process.pid}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            try:
                for line in process.stdout or ():
                    print(line, end="", flush=True)
                    file.write(line)
                status = process.wait()
            finally:
                os.killpg(limit.pid, signal.SIGKILL)
                limit.wait()
        if status == -signal.SIGKILL:
            print(f"{script.name} was ended: {seconds:.0f} s were up")
            return 124
        return status

    def count_cycles(self, capability: str) -> None:
        """Have the kernels count what their cycles go to."""
        seconds = _CLOCKS * self.left
        report = self.out / "clocks.jsonl"
        report.unlink(missing_ok=True)
        arguments = ["--json", str(report)]
        shape = (self.options.shapes or "released").partition(",")[0]
        arguments += ["--shape", shape]
        if shape == "tiny":
            arguments += ["--streams", "1", "--steps", "8"]
        try:
            counting = image(capability, counting=True)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(error)
            return
        if counting is not None:
            arguments += ["--image", str(counting)]
        self.run(CLOCKS, "clocks.txt", seconds, *arguments)

    def time_engines(self) -> int:
        """Make the table of the engines."""
        arguments = ["--quick"] if self.options.quick else []
        script = ROOT / "benchmarks" / "gpu_engines.py"
        return self.run(script, "gpu.txt", self.left, *arguments, *self._shapes())

    def _shapes(self) -> list[str]:
        return ["--shapes", self.options.shapes] if self.options.shapes else []


def main() -> int:
    """Check, time and judge; returns the exit status."""
    options = _options()
    out = Path(os.environ.get("OUT") or tempfile.mkdtemp(prefix="umtn-gpu-"))
    out.mkdir(parents=True, exist_ok=True)
    checking = Checking(options, out)
    try:
        found = find()
        print(
            f"{found.name}: compute capability {found.capability[:-1]}.{found.capability[-1]}, "
            f"{found.multiprocessors} multiprocessors at {found.megahertz} MHz at most, "
            f"{found.megabytes} MB"
        )
        kernels = image(found.capability)
    except (DriverError, RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"The GPU cannot be used: {error}", file=sys.stderr)
        return 1
    if kernels is not None:
        print(f"kernels: {kernels}")
        checking.environment[OVERRIDE] = str(kernels)
    print("checking against the reference", flush=True)
    judged = verdicts(checking.test())
    with quiet(options.pause, options.quiet):
        print("timing plans", flush=True)
        timed = checking.time_plans()
        print("counting cycles", flush=True)
        checking.count_cycles(found.capability)
        print("timing engines", flush=True)
        timed = checking.time_engines() == 0 and timed
    said = "\n".join(f"{each.engine}: {each.text}" for each in judged)
    (out / "verdict.txt").write_text(said + "\n", encoding="utf-8")
    print(f"logs: {out}\n{said}", flush=True)
    right = all(each.checked or (each.engine != KERNELS and not each.failed) for each in judged)
    return 0 if right and timed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=900.0, help="for everything")
    parser.add_argument("--quick", action="store_true", help="fewer streams in the table")
    parser.add_argument("--tests", help="only those that pytest -k takes for this")
    parser.add_argument("--shapes", help="to time, by name, with commas between")
    parser.add_argument("--each", type=float, default=60.0, help="seconds for a test")
    parser.add_argument("--plan", type=float, default=30.0, help="seconds for a plan")
    parser.add_argument("--pause", type=int, help="a group of processes to stop while timing")
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds to wait for quiet cores")
    return parser.parse_args()


@contextmanager
def quiet(group: int | None, patience: float) -> Iterator[None]:
    """Stop a group of processes that keeps the cores busy, and wait until they are quiet."""

    def tell(what: signal.Signals) -> None:
        if group:
            with suppress(ProcessLookupError):  # it is done
                os.killpg(group, what)

    tell(signal.SIGSTOP)
    try:
        until = time.monotonic() + patience
        while (busy := busy_share()) > _BUSY and time.monotonic() < until:
            pass
        if busy > _BUSY:
            print(f"the cores are {busy:.0%} busy: host times may be too long")
        yield
    finally:
        tell(signal.SIGCONT)


def busy_share(seconds: float = 0.5) -> float:
    """Measure how busy all cores are."""

    def times() -> tuple[int, int]:
        first = Path("/proc/stat").read_text().split("\n", 1)[0]
        numbers = [int(number) for number in first.split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]

    if not Path("/proc/stat").exists():
        return 0.0
    before = times()
    time.sleep(seconds)
    total, idle = (after - first for after, first in zip(times(), before, strict=True))
    return 1 - idle / total if total else 0.0


if __name__ == "__main__":
    sys.exit(main())
