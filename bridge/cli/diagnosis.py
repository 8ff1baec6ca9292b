"""Looks at the machine: what is installed, what is missing, and what to do about it."""

from __future__ import annotations

import platform
import shutil
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.cli.main import installed_version
from bridge.cli.packages import installed, onnxruntimes, required

if TYPE_CHECKING:
    from umtn_core.bundle import Bundle


@dataclass(frozen=True)
class Problem:
    """Something missing or wrong.

    Parameters
    ----------
    what, advice
        One sentence that says what is wrong, and one that says what to do.
    stops
        What cannot be done because of it: ``everything``, ``training`` or ``nothing``.
    """

    what: str
    advice: str
    stops: str = "everything"


@dataclass
class Diagnosis:
    """What was found."""

    umtn: str
    python: str
    platform: str
    packages: dict[str, str | None] = field(default_factory=dict)
    training_packages: dict[str, str | None] = field(default_factory=dict)
    execution_providers: list[str] = field(default_factory=list)
    nvidia_driver: bool = False
    cuda_engine: str = ""
    models: list[dict[str, Any]] = field(default_factory=list)
    fluidsynth: str | None = None
    soundfonts: dict[str, str | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    def stops(self, what: str) -> bool:
        """Whether some problem is in the way of this."""
        return any(problem.stops == what for problem in self.problems)


def diagnose() -> Diagnosis:
    """Look at everything."""
    found = Diagnosis(installed_version(), sys.version.split()[0], platform.platform())
    _look_at_packages(found)
    _look_at_onnxruntime(found)
    if not found.stops("everything"):
        # Reading a bundle needs the packages just looked at.
        _look_at_models(found)
        _look_at_cuda_engine(found)
    _look_at_training(found)
    _look_at_synthesis(found)
    return found


def _look_at_packages(found: Diagnosis) -> None:
    found.packages = {**required(), **onnxruntimes()}
    if installed("umtn") is None:
        found.problems.append(
            Problem(
                "umtn runs from its sources but is not installed, so what it needs is not known.",
                "In the folder of the sources, run: pip install --editable .",
                stops="nothing",
            )
        )
    missing = [name for name, version in found.packages.items() if version is None]
    if missing:
        found.problems.append(
            Problem(f"Packages are missing: {', '.join(missing)}.", "Run: pip install umtn")
        )


def _look_at_onnxruntime(found: Diagnosis) -> None:
    builds = onnxruntimes()
    if not builds:
        found.problems.append(Problem("onnxruntime is not installed.", "Run: pip install umtn"))
        return
    if len(builds) > 1:
        both = " ".join(builds)
        found.problems.append(
            Problem(
                "onnxruntime and onnxruntime-gpu are both installed and overwrite each other.",
                f"Run: pip uninstall --yes {both} && pip install umtn",
            )
        )
    try:
        import onnxruntime
    except Exception as error:
        found.problems.append(
            Problem(
                f"onnxruntime cannot be loaded ({error}).",
                "Run: pip install --force-reinstall onnxruntime",
            )
        )
        return
    found.execution_providers = list(onnxruntime.get_available_providers())
    from umtn_core.native.cuda.presence import has_driver

    found.nvidia_driver = has_driver()
    if found.nvidia_driver and "CUDAExecutionProvider" not in found.execution_providers:
        found.problems.append(
            Problem(
                "There is an NVIDIA GPU, but this build of onnxruntime cannot use it.",
                "Run: pip uninstall --yes onnxruntime && pip install 'umtn[cuda]'",
                stops="nothing",
            )
        )


def _look_at_cuda_engine(found: Diagnosis) -> None:
    """Say whether the cuda engine can be used, and where its kernels come from, or why not."""
    from umtn_core.native.cuda.driver import open_device, why_not_usable
    from umtn_core.native.cuda.image import built_image

    if not found.nvidia_driver:
        found.cuda_engine = "no NVIDIA driver on this machine"
        return
    reason = why_not_usable()
    if reason is None:
        kernels = "built with umtn" if built_image() else "compiled at first use"
        found.cuda_engine = f"{open_device().name}, kernels {kernels}"
        return
    found.cuda_engine = "not usable"
    found.problems.append(
        Problem("There is an NVIDIA driver, but the cuda engine cannot be used.", reason, "nothing")
    )


def _look_at_models(found: Diagnosis) -> None:
    from bridge.cli.models import describe_all
    from umtn_core.bundle import Bundle
    from umtn_core.errors import UmtnError

    found.models = describe_all()
    for model in found.models:
        try:
            # A manifest can be whole where the weights are not.
            model["auto"] = _look_at_auto(Bundle.open(Path(model["path"])))
        except UmtnError as error:
            model["error"] = str(error)
            found.problems.append(
                Problem(
                    f"The model {model['name']} is broken: {model['error']}",
                    f"Remove or replace {model['path']}",
                    stops="nothing",
                )
            )
    if not any("error" not in model for model in found.models):
        found.problems.append(
            Problem(
                "There is no model to translate with.",
                "Put a bundle in a folder that UMTN_MODELS names, or make one with `umtn export`",
            )
        )


def _look_at_auto(bundle: Bundle) -> dict[str, dict[str, str]]:
    """Say which engine auto takes for each domain, and why."""
    from umtn_core.decode.choosing.auto import choose

    chosen = {domain: choose(bundle, domain) for domain in bundle.domains}
    return {
        domain: {"engine": each.engine, "reason": each.reason} for domain, each in chosen.items()
    }


def _look_at_training(found: Diagnosis) -> None:
    found.training_packages = {**required("train"), **required("evaluate")}
    missing = [name for name, version in found.training_packages.items() if version is None]
    if missing:
        found.problems.append(
            Problem(
                f"Training packages are missing: {', '.join(missing)}.",
                'To train or export, run: pip install "umtn[train]"',
                stops="training",
            )
        )


def _look_at_synthesis(found: Diagnosis) -> None:
    from umtn_core.data.synth.soundfonts import KNOWN, find_soundfont
    from umtn_core.errors import UmtnError

    found.fluidsynth = shutil.which("fluidsynth")
    if found.fluidsynth is None:
        found.problems.append(
            Problem(
                "FluidSynth is not installed.",
                "To make training data from scores, run: apt install fluidsynth",
                stops="nothing",
            )
        )
    for name in KNOWN:
        try:
            found.soundfonts[name] = str(find_soundfont(name).path)
        except UmtnError:
            found.soundfonts[name] = None
    if not any(found.soundfonts.values()):
        packages = ", ".join(font.package for font in KNOWN.values())
        found.problems.append(
            Problem(
                "No known soundfont is installed.",
                f"To make training data from scores, install one of: {packages}",
                stops="nothing",
            )
        )
