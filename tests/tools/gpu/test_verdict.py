from tools.gpu.attempts import Account
from tools.gpu.verdict import verdicts

CUDA = [f"tests/umtn_core/decode/cuda/test_cuda_engine.py::test_{i}[gpu]" for i in range(38)]
ONNX = [f"tests/umtn_core/decode/onnx/test_onnx_device_engine.py::test_{i}" for i in range(5)]
TRAINING = ["tests/umtn_core/training/test_captured.py::test_a_graph"]


def account(outcomes, *, lost=None, why="", texts=None):
    done = {
        name: {"done": name, "outcome": outcome, "text": (texts or {}).get(name, "")}
        for name, outcome in outcomes.items()
    }
    listed = CUDA + ONNX + TRAINING
    return Account(listed=listed, done=done, lost=lost or {}, over=not why, why=why)


def judged(*arguments, **options):
    return {each.engine: each for each in verdicts(account(*arguments, **options))}


def test_what_passed_as_a_whole_is_checked():
    found = judged(dict.fromkeys(CUDA + ONNX + TRAINING, "passed"))
    assert list(found) == ["cuda", "onnx-cuda", "training"]
    assert all(each.checked and not each.failed for each in found.values())
    assert found["cuda"].text == "checked, all 38 tests passed"


def test_a_skip_has_checked_nothing():
    reason = dict.fromkeys(CUDA, "no g++")
    cuda = judged(dict.fromkeys(CUDA, "skipped"), texts=reason)["cuda"]
    assert not cuda.checked and not cuda.failed
    assert cuda.text.startswith("NOT CHECKED, of 38 tests 0 passed, 38 were skipped")
    assert "skipped: no g++" in cuda.text
    most = dict.fromkeys(CUDA, "passed") | {CUDA[3]: "skipped"}
    assert not judged(most, texts=reason)["cuda"].checked


def test_onnx_runtime_that_fails_does_not_blame_the_kernels():
    error = "E   umtn_core.errors.UmtnError: libcudnn.so.9: cannot open shared object file"
    outcomes = dict.fromkeys(CUDA, "passed") | dict.fromkeys(ONNX, "failed")
    found = judged(outcomes, texts=dict.fromkeys(ONNX, f"def test():\n{error}\n"))
    assert found["cuda"].checked
    onnx = found["onnx-cuda"]
    assert (
        onnx.failed and "5 failed" in onnx.text and "failed: test_0 and 4 more: umtn" in onnx.text
    )
    assert "libcudnn.so.9: cannot open shared object file" in onnx.text
    assert "says nothing of umtn's own kernels" in onnx.text
    assert "do not believe" not in onnx.text


def test_a_hung_test_is_named_and_what_was_not_run_is_counted():
    outcomes = dict.fromkeys(CUDA[:30], "passed")
    lost = {CUDA[30]: "there was no answer for 60 s"}
    cuda = judged(outcomes, lost=lost, why="the time was up")["cuda"]
    assert cuda.failed and not cuda.checked
    assert "30 passed, 1 hung or died, 7 were not run (the time was up)" in cuda.text
    assert "hung or died: test_30[gpu]: there was no answer for 60 s" in cuda.text
    assert "do not believe the figures of this engine" in cuda.text


def test_where_there_were_no_tests_nothing_is_checked():
    found = verdicts(Account(why="the program ended with status 4"))
    assert not any(each.checked for each in found)
    assert "NOT CHECKED, no tests: the program ended with status 4" in found[0].text
