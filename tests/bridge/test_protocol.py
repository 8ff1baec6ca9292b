from __future__ import annotations

from pathlib import Path

import pytest

from bridge.protocol import BY_REPLY, ERRORS, RENDER_KEYS, REPLIES, REQUESTS, Message
from bridge.protocol_page import page

ROOT = Path(__file__).parents[2]


def test_the_page_is_current() -> None:
    written = (ROOT / "docs" / "osc.md").read_text()
    assert written == page(), "run: python -m bridge.protocol_page > docs/osc.md"


@pytest.mark.parametrize("message", [*REQUESTS, *REPLIES], ids=lambda m: m.address)
def test_messages_are_described_and_their_arguments_named_once(message: Message) -> None:
    assert message.description.endswith((".", "?"))
    arguments = [*message.arguments, *message.optional, *message.keys]
    assert len({argument.name for argument in arguments}) == len(arguments)
    assert all(argument.description.endswith(".") for argument in arguments)
    assert all(argument.types and set(argument.types) <= set("ifs") for argument in arguments)
    assert all(reply in BY_REPLY for reply in message.replies)


def test_all_requests_but_goodbye_are_answered() -> None:
    assert [message.address for message in REQUESTS if not message.replies] == ["/umtn/leave"]


def test_the_keys_are_the_fields_of_a_request_for_rendering() -> None:
    from bridge.jobs import RenderRequest

    keys = {key.name for key in RENDER_KEYS} - {"reply_port"}
    assert keys | {"id", "input", "target", "output"} == set(RenderRequest.__struct_fields__)
    for key in RENDER_KEYS:
        if key.default is not None and key.name not in ("length", "temperature", "reply_port"):
            default = RenderRequest("a", "b", "c").__getattribute__(key.name)
            assert str(default).removesuffix(".0") == key.default


def test_everybody_has_the_same_limits_and_choices() -> None:
    from bridge.cli import options
    from bridge.jobs import request
    from umtn_core import options as of_translator
    from umtn_core.audio.channels import CHANNEL_MODES

    keys = {key.name: key for key in RENDER_KEYS}
    assert keys["channels"].choices == CHANNEL_MODES
    limits = {options.FARTHEST, request.FARTHEST_TRANSPOSITION, of_translator.FARTHEST}
    assert limits == {keys["transpose"].maximum} == {-keys["transpose"].minimum}  # type: ignore


def test_the_job_service_knows_no_other_errors() -> None:
    from typing import get_args

    from bridge.jobs.request import Code

    assert set(get_args(Code)) == set(ERRORS)
