"""What `umtn bridge` refuses before it starts."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from bridge.cli.main import umtn


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--keep-gb 1e300", 2, "write a number from 0 to 1000000, not '1e300'"),
        ("--keep-days 1e300", 2, "write a number from 0 to 1000000, not '1e300'"),
        ("--max-minutes 1e308", 2, "write a number above 0, up to 1000000, not '1e308'"),
        ("--max-rate 1e-9", 2, "write 0 for any number, or one from 1 on, not '1e-9'"),
        ("--max-rate -1", 2, "write a number from 0 to 1000000, not '-1'"),
        ("--cores 99999", 2, "write a whole number from 1 to 1024, not '99999'"),
        ("--workers 99999", 2, "write a whole number from 1 to 1024, not '99999'"),
        ("--bind localhost:9471", 1, "There is no address 'localhost:9471' to listen on"),
        ("--bind nope.invalid", 1, "There is no address 'nope.invalid' to listen on"),
        ("--bind 0.0.0.0", 1, "To listen on 0.0.0.0, where other machines can come in"),
        (f"--token {'x' * 1_025}", 1, "The token has 1025 bytes"),
    ],
)
@pytest.mark.usefixtures("models_folder")
def test_what_no_bridge_can_be_is_one_sentence(options: str, code: int, said: str) -> None:
    result = CliRunner().invoke(umtn, ["bridge", *options.split(), "--port", "0"])
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr and len(result.stderr.splitlines()) == 1
