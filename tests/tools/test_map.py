import subprocess
import sys

import pytest

from tools.map import ROOT, arrows, back_up, circle, imports, room_of, rooms

PLAN = ["top", "shared/{one,two}.py", "shared"]


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Makes a small house of modules and returns what they import."""

    def made(**sources):
        for name, text in sources.items():
            path = tmp_path / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        monkeypatch.setattr("tools.map.ROOT", tmp_path)
        return imports(tmp_path, ("top", "shared"))

    return made


def test_every_module_has_a_room_and_every_arrow_goes_down():
    assert back_up(rooms(), imports()) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circle(imports()) == []


def test_an_arrow_back_up_is_found_wherever_the_import_stands(house):
    modules = house(
        top__a="from shared.three import x\n",
        shared__one="def f():\n    import top.a\n",
        shared__two="if TYPE_CHECKING:\n    from top.a import T\n",
        shared__three="from shared import one\n",
    )
    assert set(back_up(PLAN, modules)) == {
        "shared.one -> top.a", "shared.two -> top.a", "shared.three -> shared.one",
    }  # fmt: skip
    assert arrows(PLAN, modules)["top"] == {"shared": ["top.a -> shared.three"]}


def test_a_circle_is_found(house):
    modules = house(
        top__a="import top.b\n", top__b="from top import c\n", top__c="from top.a import x\n"
    )
    around = circle(modules)
    assert around[0] == around[-1]
    assert set(around) == {"top.a", "top.b", "top.c"}


def test_a_package_that_hands_on_what_lies_in_it_is_no_circle(house):
    modules = house(
        top____init__="from top.a import x\n", top__a="from top import b\n", top__b="x = 1\n"
    )
    assert circle(modules) == []


def test_a_module_without_a_room_and_a_room_without_a_module_are_refused(house):
    modules = house(top__a="", shared__one="", shared__three="")
    with pytest.raises(ValueError, match=r"In no room .*top\.a"):
        arrows(PLAN[1:], modules)
    with pytest.raises(ValueError, match=r"Nothing lies in .*nowhere"):
        arrows([*PLAN, "nowhere"], modules)


def test_the_narrowest_room_is_a_modules_own(house):
    house(shared__one="", shared__three="")
    assert [room_of(f"shared.{name}", PLAN) for name in ("one", "three")] == PLAN[1:]


@pytest.mark.parametrize(
    ("text", "why"), [("nothing", "no block"), ("rooms, top to bottom\na b\na c\n```\n", "twice")]
)
def test_a_plan_without_rooms_or_with_one_twice_is_refused(tmp_path, text, why):
    plan = tmp_path / "plan.md"
    plan.write_text(text)
    with pytest.raises(ValueError, match=why):
        rooms(plan)


def test_the_command_prints_the_rooms_and_one_rooms_imports():
    def run(*words):
        command = [sys.executable, "tools/map.py", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert "export" in run().stdout
    assert run().returncode == 0
    assert "export.export -> " in run("export").stdout
    assert run("attic").returncode == 1
    assert "no room attic" in run("attic").stderr
