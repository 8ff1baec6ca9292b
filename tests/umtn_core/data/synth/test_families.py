from umtn_core.data.synth.families import families
from umtn_core.data.synth.score import Note, Score


def names(groups):
    return sorted([score.name for score in group] for group in groups)


def transposed(score, name, title, by):
    notes = [Note(n.onset, n.duration, n.pitch + by) for n in score.notes]
    return Score(name, title, score.licence, None, score.bar, notes)


def test_titles_and_beginnings_tell_relatives(tune):
    first = tune(1, name="a", title="The Rose-Tree")
    scores = [
        tune(4, name="e"),
        first,
        tune(2, name="b", title="Rose Tree"),  # same title, another setting
        transposed(first, "c", "Portlaw Lasses", 5),  # same tune under another name
        tune(3, name="d"),
    ]
    assert names(families(scores)) == [["a", "b", "c"], ["d"], ["e"]]


def test_short_pieces_are_not_taken_for_each_other(tune):
    scores = [tune(1, notes=6, name="a"), tune(1, notes=6, name="b", title="Other")]
    assert names(families(scores)) == [["a"], ["b"]]
