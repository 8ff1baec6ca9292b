import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from umtn_core.audio import write_audio
from umtn_core.audio.hushed import hushed


def test_libmpg123_s_lines_alone_are_left_out(capfd):
    with hushed():
        os.write(2, b"before\n[src/libmpg123/layer3.c:f():1] error: this and that\n\nafter\n")
    os.write(2, b"behind\n")
    assert capfd.readouterr().err == "before\nafter\nbehind\n"


def test_several_at_once_leave_the_output_where_it_was(capfd):
    def work(number):
        for _ in range(50):
            with hushed():
                os.write(2, f"{number}\n".encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    os.write(2, b"end\n")
    lines = capfd.readouterr().err.split()
    assert lines[-1] == "end"
    assert sorted(lines[:-1]) == sorted(str(number) for number in range(4) for _ in range(50))


def test_a_damaged_mp3_is_read_without_a_word_of_the_decoder(tmp_path):
    path = tmp_path / "a.mp3"
    rng = np.random.default_rng(0)
    write_audio(path, rng.uniform(-0.3, 0.3, (1, 100_000)).astype(np.float32), 44_100)
    contents = bytearray(path.read_bytes())
    for place in range(2_000, len(contents) - 200, 40):
        if 0xFF not in contents[place : place + 4]:
            contents[place] ^= 0x55
    path.write_bytes(contents)
    script = (
        "import sys\nfrom umtn_core.audio import read_audio\n"
        "try:\n    read_audio(sys.argv[1])\nexcept Exception as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    closed = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *command], timeout=60)
    assert closed.returncode == 0
