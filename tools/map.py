"""The rooms of the house and the arrows between them, as the imports have it.

Usage: python tools/map.py [ROOM]

Rooms stand in docs/architecture.md, in the block that begins with ``rooms, top to bottom``: a line
each that begins with a folder, or with files such as ``folder/{one,two}.py``. A folder's room is
what no narrower room takes out of it. A room may import from rooms below it only. Prints each
room with those that it imports from, or of one room every import that makes its arrows; ends with 1
on an arrow back up, on modules that import each other in a circle, and on a module in no room.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLAN = ROOT / "docs" / "architecture.md"
PACKAGES = ("bridge", "export", "umtn_core")
_HEADING = "rooms, top to bottom"

#: Modules, by name, and the modules that each imports.
Imports = Mapping[str, frozenset[str]]


def rooms(plan: Path = PLAN) -> list[str]:
    """List the rooms from top to bottom, as paths from the root.

    Raises
    ------
    ValueError
        If the plan has none, or one twice.
    """
    _, _, rest = plan.read_text().partition(f"{_HEADING}\n")
    block, _, _ = rest.partition("```")
    found = [line.split()[0].rstrip("/") for line in block.splitlines() if line.strip()]
    if not found:
        raise ValueError(f"{plan} has no block that begins with {_HEADING!r}.")
    if twice := {room for room in found if found.count(room) > 1}:
        raise ValueError(f"{plan} has these rooms twice: {', '.join(sorted(twice))}.")
    return found


def imports(root: Path = ROOT, packages: Iterable[str] = PACKAGES) -> Imports:
    """Read what every module imports, at its top, inside functions, or for types only."""
    paths = {
        _name(path.relative_to(root)): path
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
    }
    return {
        name: frozenset(_imported(ast.parse(path.read_text()), paths)) - {name}
        for name, path in paths.items()
    }


def room_of(module: str, plan: Iterable[str], root: Path | None = None) -> str | None:
    """Find the narrowest room that a module lies in; None, it lies in none."""
    path = module.replace(".", "/")
    path += "/__init__.py" if ((root or ROOT) / path).is_dir() else ".py"
    places = ((place, room) for room in plan for place in _places(room))
    within = (each for each in places if path == each[0] or path.startswith(f"{each[0]}/"))
    return max(within, key=lambda each: len(each[0]), default=(None, None))[1]


def arrows(plan: list[str], modules: Imports) -> dict[str, dict[str, list[str]]]:
    """Gather the imports between rooms: of each room, those it imports from, and by what.

    Raises
    ------
    ValueError
        If a module lies in no room, or a room has no module.
    """
    home = {module: room_of(module, plan) for module in modules}
    if homeless := sorted(module for module, room in home.items() if room is None):
        raise ValueError(f"In no room of {PLAN.name}: {', '.join(homeless)}.")
    if empty := sorted(set(plan) - set(home.values())):
        raise ValueError(f"Nothing lies in these rooms of {PLAN.name}: {', '.join(empty)}.")
    found: dict[str, dict[str, list[str]]] = {room: defaultdict(list) for room in plan}
    for module, others in modules.items():
        for other in others:
            here, there = home[module], home[other]
            if here is not None and there is not None and here != there:
                found[here][there].append(f"{module} -> {other}")
    return found


def back_up(plan: list[str], modules: Imports) -> list[str]:
    """List the imports that go from a room to one above it."""
    height = {room: -i for i, room in enumerate(plan)}
    return [
        one
        for here, others in arrows(plan, modules).items()
        for there, all_ in others.items()
        if height[there] > height[here]
        for one in sorted(all_)
    ]


def circle(modules: Imports) -> list[str]:
    """Find modules that import each other in a circle; empty, there are none.

    A package's own ``__init__`` hands on what lies in it, and does not count as imported by it.
    """
    graph = {
        module: {other for other in others if not module.startswith(f"{other}.")}
        for module, others in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _places(room: str) -> list[str]:
    """Take ``folder/{one,two}.py`` apart; any other room is one place."""
    head, brace, rest = room.partition("{")
    inner, _, tail = rest.partition("}")
    return [f"{head}{each}{tail}" for each in inner.split(",")] if brace else [room]


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imported(tree: ast.Module, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            for name in (f"{node.module}.{alias.name}" for alias in node.names):
                found = name if name in known else str(node.module)
                if found in known:
                    yield found


def main(wanted: list[str]) -> int:
    """Print the map, or one room's arrows, and say what is wrong with it."""
    modules = imports()
    try:
        plan = rooms()
        found = arrows(plan, modules)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    for room in wanted or plan:
        if room.rstrip("/") not in found:
            print(f"There is no room {room}.", file=sys.stderr)
            return 1
        below = found[room.rstrip("/")]
        if wanted:
            for one in sorted(one for all_ in below.values() for one in all_):
                print(one)
        else:
            print(f"{room:34} -> {', '.join(sorted(below, key=plan.index)) or '(nothing)'}")
    wrong = [f"back up: {one}" for one in back_up(plan, modules)]
    if around := circle(modules):
        wrong.append(f"a circle: {' -> '.join(around)}")
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
