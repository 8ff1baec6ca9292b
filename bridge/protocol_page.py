"""Writes docs/osc.md from the protocol: ``python -m bridge.protocol_page > docs/osc.md``."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.protocol import (
    DEEPEST_BUNDLE,
    ERRORS,
    HTTP_PORT,
    LARGEST_PACKET,
    LARGEST_REPLY,
    PORT,
    REPLIES,
    REQUESTS,
    VERSION,
    Argument,
    Message,
)

_BEGINNING = f"""\
# OSC messages of the bridge

Generated from `bridge/protocol.py`; change it there. This is protocol {VERSION}.

`umtn bridge` listens on port {PORT}, UDP and TCP, of both loopback addresses, 127.0.0.1 and ::1,
or of 127.0.0.1 alone where there is no IPv6. Where it really listens is written in `bridge.json` in
the user's run-time folder (`$XDG_RUNTIME_DIR/umtn/` on Linux, or what `$UMTN_BRIDGE_FILE` names),
and the protocol is served as OSCQuery on HTTP port {HTTP_PORT}.

- **Who may come in.** The bridge does only what programs ask that have shown its token: to loopback
  addresses all users of a machine can send, and what they can guess is no secret. It makes up a new
  one whenever it starts, and writes it into `bridge.json` (`token`), which no other user can read:
  `umtn send`, the Python client, the plugin and the scripts in DAWs find it there by themselves.
  Other programs send it first, as `/umtn/token`, from the port, or over the connection, that they
  go on with: give the bridge one that stays, in a file of one line (`--token-file`; or `--token`,
  `$UMTN_TOKEN`), as shown [below](#by-hand). Over UDP it holds until a minute of silence, so
  that whoever has the port then is asked anew; send it again whenever an answer is `/umtn/error`
  with the code `token`, or simply before each request. What sends each message from another port,
  as `oscsend` does, can show no token: for such programs there is `umtn bridge --no-token`, which
  lets in every user and program of the machine, and is refused with `--bind` where other machines
  could come in.
- Over TCP, packets come in SLIP frames (OSC 1.1), or each after its length in four bytes, of which
  the first counts most (OSC 1.0): liblo, SuperCollider and others send the latter. The first byte
  of a connection tells, and answers come framed alike. At the first bytes that are no OSC packet in
  such a frame, a connection is closed and nothing behind them is read, so that no web page can
  speak to the bridge by way of a browser; what has spoken no OSC before is told nothing. One whose
  length no packet may have, and one that is silent for five seconds in the middle of a packet, are
  closed too, as is one that has not shown the token within five seconds, or three wrong ones. There
  are places for a few that have said nothing yet, and many others; when these are taken, the
  longest silent that neither follows a job nor has subscribed gives its place to a new one.
- Who shows the token is let in at once, whatever others show and send. The bridge remembers nothing
  of anybody else, answers them ten times a second at most, and writes one line a minute about them.
- `/umtn/leave` is a client's last message over UDP: its port may be another user's in a moment. One
  that ends without it leaves its port open, until a minute of silence, to whoever binds that next.
- Arguments have the types `i`, `f` and `s`. Wherever a number is expected, an `i`, `f`, `h` or `d`
  will do, since Pure Data has only floats; it must be whole where an `i` is. A number may also come
  as text (`"7"`, `"0.5"`), as text fields and symbols do, and an `S` is an `s`. The words that an
  argument can be, and the names of models and instruments, are known regardless of case.
- Of no other type (`T`, `F`, `N`, `I`, `b`, `c`, `r`, `m`, `t`, arrays) is there a use: the message
  is refused by the type's name, and under its job's id where that came before. So is a message with
  arguments but without a type tag string.
- Text is UTF-8; what is not is refused and told so. Control characters (U+0000 to U+001F, U+007F to
  U+009F) are refused; everything else that file systems hold is allowed in ids and names.
- A path is taken as it is, if there is such a file. Otherwise it may be what other programs make of
  paths: a URI (`file:///music/take%20one.wav`), in quotes, with a shell's backslashes
  (`take\\ one.wav`), with blanks or a line's end around it, below `~/` (the home of the bridge's
  user), or in another of Unicode's normal forms than on the disk.
- Answers go to the port that a request came from. `/umtn/reply_port` changes that for a sender,
  and a `reply_port` at the end of a request for that request alone, as `oscsend` needs, which
  sends each message from another port. Over TCP they come over the connection.
- Datagrams get lost. Every request may be sent again: a render whose id is known is not done twice
  but answered with how far it is. Another request under a known id is an error.
- Bundles are taken apart, {DEEPEST_BUNDLE} deep at most, and done at once, in order; time tags are
  not waited for. A message that cannot be read holds up none beside it. Addresses are not patterns.
- A packet may have {LARGEST_PACKET} bytes; answers have at most {LARGEST_REPLY}.
- Audio never travels over OSC, paths do. Files are read and written only inside the session folder
  and the folders that the bridge was started with (`--allow`), and nothing is ever overwritten.
- What is not understood is answered with `/umtn/error` and the form that was expected.
"""

_WITH_OSCSEND = f"""\
## By hand

With `oscdump` and `oscsend` (Debian: `liblo-tools`), which can show no token, start
`umtn bridge --no-token` in one terminal, and in another, once the first says where it listens:

```sh
oscdump -L 9999 &
oscsend localhost {PORT} /umtn/ping i 9999
oscsend localhost {PORT} /umtn/render ssssisi take-1 /path/melody.wav trumpet \\
    seed 7 reply_port 9999
```

Everything else shows it first. Make a token once, in a file that nobody else can read, and start
the bridge with it:

```sh
(umask 077; openssl rand -hex 16 > ~/.umtn-token)
umtn bridge --token-file ~/.umtn-token
```

What is in that file goes into the first message, and may be sent again before each request, which
the minute of silence asks for:

- In Pure Data, `[connect localhost {PORT}(` to a `[netsend -u -b]`, and send it lists that went
  through `[oscformat umtn token]`, with the token after `list` in a message box, and then through
  `[oscformat umtn render]` and its like, each before a `[list prepend send]` and a `[list trim]`;
  answers come out of its right outlet, for `[oscparse]`. A token of digits alone is a number there.
- In SuperCollider:

  ```supercollider
  n = NetAddr("localhost", {PORT});
  n.sendMsg('/umtn/token', "9f86d081884c7d659a2feaa0c55ad015");
  n.sendMsg('/umtn/ping');
  ```

  Over TCP the same after `n.connect`.
- In TouchOSC and other surfaces, a button that sends `/umtn/token` with the token as its string. On
  another device they reach the bridge only with `--bind` (and this machine's address) beside
  `--token-file`.
- Prometheus asks `http://localhost:{HTTP_PORT}/metrics` with the token as `Authorization: Bearer`,
  from its `authorization: credentials_file`.
"""


def page() -> str:
    """Write the page."""
    return "\n".join(
        [
            _BEGINNING,
            "## Requests\n",
            *(_section(message) for message in REQUESTS),
            "## Answers\n",
            *(_section(message) for message in REPLIES),
            "## Errors\n",
            *_table(("code", "meaning"), ((f"`{c}`", text) for c, text in ERRORS.items())),
            "",
            _WITH_OSCSEND,
        ]
    )


def _section(message: Message) -> str:
    parts = [f"### `{message.form}`\n", f"{message.description}\n"]
    if message.replies:
        parts.append("Answered by " + ", ".join(f"`{a}`" for a in message.replies) + ".\n")
    rows = [(argument, "") for argument in message.arguments]
    rows += [(argument, "optional") for argument in message.optional]
    rows += [(argument, "key") for argument in message.keys]
    if rows:
        parts += _table(("argument", "type", "range", "meaning"), (_row(*row) for row in rows))
        parts.append("")
    return "\n".join(parts)


def _row(argument: Argument, kind: str) -> tuple[str, ...]:
    meaning = argument.description
    if argument.default is not None:
        meaning += f" Without it: {argument.default}."
    name = f"`{argument.name}`" + (f" ({kind})" if kind else "")
    types = " or ".join(f"`{kind}`" for kind in argument.types)
    return name, types, _range(argument), meaning


def _range(argument: Argument) -> str:
    choices = ", ".join(f"`{choice}`" for choice in argument.choices)
    if set(argument.types) == {"s"}:
        return choices or (f"to {argument.maximum} bytes of UTF-8" if argument.maximum else "")
    low, high = argument.minimum, argument.maximum
    limits = []
    if low is not None:
        limits.append(f"above {low:g}" if argument.above else f"from {low:g}")
    if high is not None:
        limits.append(f"to {high:.0f}")
    return ", or ".join(filter(None, [" ".join(limits), choices]))


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


if __name__ == "__main__":
    print(page(), end="")
