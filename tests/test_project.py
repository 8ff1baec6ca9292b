"""The rules between the rooms: who may import whom, and what each may need installed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PACKAGES = ("umtn_core", "export", "bridge")

#: Folders that may use what the train extra brings. Everything else is the run time.
NEEDS_TRAINING = (
    "export",
    "umtn_core/networks",
    "umtn_core/training",
    "umtn_core/evaluation",
    "umtn_core/data/synth",
)

#: Where a distribution is not called what is imported.
IMPORT_NAMES = {
    "onnxruntime-gpu": "onnxruntime",
    "python-osc": "pythonosc",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
}


def modules(*folders: str) -> list[str]:
    """Every module in these folders, as a path from the root."""
    found = [
        path.relative_to(ROOT).as_posix() for f in folders for path in (ROOT / f).rglob("*.py")
    ]
    assert found, f"no modules in {folders}"
    return sorted(found)


def imports(module: str) -> Iterator[str]:
    """Every module name that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            assert node.module
            yield node.module


def roots(module: str) -> set[str]:
    return {name.partition(".")[0] for name in imports(module)}


def needs_training(module: str) -> bool:
    return module.startswith(NEEDS_TRAINING)


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def importable(requirements: list[str]) -> set[str]:
    names = {re.match(r"[\w-]+", line)[0].lower() for line in requirements}  # type: ignore[index]
    return {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in names}


def undeclared(module: str, *extras: str) -> set[str]:
    """What a module imports that neither Python nor the named extras bring."""
    requirements = list(project()["dependencies"])
    for extra in extras:
        requirements += project()["optional-dependencies"][extra]
    return roots(module) - set(sys.stdlib_module_names) - set(PACKAGES) - importable(requirements)


@pytest.mark.parametrize(
    ("package", "forbidden"), [("umtn_core", {"export", "bridge"}), ("export", {"bridge"})]
)
def test_arrows_go_one_way(package: str, forbidden: set[str]) -> None:
    backwards = {module: roots(module) & forbidden for module in modules(package)}
    assert not {module: names for module, names in backwards.items() if names}


def test_bridge_uses_export_only_from_the_command_line() -> None:
    users = {module for module in modules("bridge") if "export" in roots(module)}
    assert all(module.startswith("bridge/cli/") for module in users)


def test_the_run_time_imports_only_what_a_musician_installs() -> None:
    wrong = {m: undeclared(m) for m in modules(*PACKAGES) if not needs_training(m)}
    assert not {module: names for module, names in wrong.items() if names}


def test_the_run_time_reaches_training_code_only_from_the_command_line() -> None:
    private = tuple(folder.replace("/", ".") for folder in NEEDS_TRAINING)
    wrong = {
        module: reached
        for module in modules("umtn_core", "bridge")
        if not needs_training(module) and not module.startswith("bridge/cli/")
        if (reached := [name for name in imports(module) if name.startswith(private)])
    }
    assert not wrong


def test_training_imports_only_what_its_extra_brings() -> None:
    wrong = {m: undeclared(m, "train", "evaluate") for m in modules(*PACKAGES) if needs_training(m)}
    assert not {module: names for module, names in wrong.items() if names}


def test_the_tests_import_only_what_make_test_installs() -> None:
    local = {"tests", "examples", "benchmarks", "tools", "conftest"} | {
        p.stem for p in (ROOT / "examples").glob("*.py")
    }
    wrong = {
        m: undeclared(m, "train", "evaluate", "test", "demo", "yardsticks") - local
        for m in modules("tests", "examples")
    }
    assert not {module: names for module, names in wrong.items() if names}


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "onnxruntime-gpu"),
        ("win32", "AMD64", "onnxruntime-gpu"),
        ("linux", "aarch64", "onnxruntime"),
        ("win32", "ARM64", "onnxruntime"),
        ("darwin", "arm64", "onnxruntime"),
        ("darwin", "x86_64", "onnxruntime"),
    ],
)
def test_exactly_one_onnxruntime_on_every_platform(
    system: str, machine: str, expected: str
) -> None:
    from packaging.requirements import Requirement

    environment = {"sys_platform": system, "platform_machine": machine}
    wanted = [
        requirement.name
        for requirement in map(Requirement, project()["dependencies"])
        if requirement.name.startswith("onnxruntime")
        if requirement.marker is None or requirement.marker.evaluate(environment)
    ]
    assert wanted == [expected]


def test_torch_is_an_extra() -> None:
    assert "torch" not in importable(project()["dependencies"])
    assert "torch" in importable(project()["optional-dependencies"]["train"])
