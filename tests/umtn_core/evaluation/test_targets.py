import pytest

from umtn_core.evaluation.targets import verdict


def figures(content, target):
    return {
        "note_f1": {"share_of_ceiling": {"value": content, "interval": None}},
        "named_as_target": {"value": target, "interval": [0.8, 1.0]},
    }


@pytest.mark.parametrize(
    ("tier", "content", "target", "reached"),
    [
        (1, 0.6, 0.9, (True, True)),
        (1, 0.59, 0.9, (False, True)),
        (2, 0.59, 0.8, (True, True)),
        (2, 0.39, 0.79, (False, False)),
        (1, None, 1.0, (False, True)),
    ],
)
def test_bounds_belong_to_tiers(tier, content, target, reached):
    found = verdict(tier, figures(content, target))
    assert (found["content"]["reached"], found["target"]["reached"]) == reached
