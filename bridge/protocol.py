"""The OSC protocol: every message, its arguments, their types and ranges, and every error code.

This is its only definition. The server checks requests against it, the client and the OSCQuery
namespace are built on it, and `python -m bridge.protocol_page` generates `docs/osc.md` from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

#: Counts up when a client of the one before would no longer be understood.
VERSION = 1

PORT = 9471
HTTP_PORT = 9472

#: A request may be this long, a reply never is: systems differ in what they send as one datagram,
#: and 9216 bytes is the least that a desktop system sends by default.
LARGEST_PACKET = 16_384
LARGEST_REPLY = 9_000

#: Bundles within bundles are read so deep.
DEEPEST_BUNDLE = 4

#: In bytes of UTF-8, so that whatever is taken can be sent back whole.
LONGEST_ID = 512
LONGEST_PATH = 4_096
LONGEST_NAME = 256
LONGEST_TEXT = 500

Value = str | int | float

#: What a job is doing.
State = Literal["queued", "running", "done", "failed", "cancelled"]
#: States that nothing changes any more.
FINAL: frozenset[State] = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True)
class Argument:
    """One argument of a message.

    Parameters
    ----------
    name, description
        What the documentation calls it, and says of it.
    types
        The types that it may have, of ``i``, ``f`` and ``s``. Where ``i`` or ``f`` is among them,
        any OSC number will do: Pure Data has only floats.
    minimum, maximum
        The limits of a number, both included; the maximum also of a string's length in bytes of
        UTF-8.
    above
        A number must be greater than the minimum, not equal to it.
    choices
        The only strings there are.
    path
        It is a path. What may be in one is decided where files are looked for.
    default
        What leaving it out means, in words, for the documentation.
    """

    name: str
    types: str
    description: str
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    choices: tuple[str, ...] = ()
    path: bool = False
    default: str | None = None

    @property
    def form(self) -> str:
        """As in ``f:seconds``, with what limits it."""
        text = f"{'|'.join(self.types)}:{self.name}"
        limits = list(self.choices)
        if set(self.types) != {"s"} and (self.minimum is not None or self.maximum is not None):
            low = "" if self.minimum is None else f"{self.minimum:g}"
            high = "" if self.maximum is None else f"{self.maximum:.0f}"
            limits.append(f"{'>' if self.above else ''}{low}..{high}")
        return f"{text}({'|'.join(limits)})" if limits else text


@dataclass(frozen=True)
class Message:
    """One message.

    Parameters
    ----------
    address
        The message's OSC address.
    description
        A sentence or two.
    arguments
        Those that must be there, in order.
    optional
        Those that may follow.
    keys
        What may follow in pairs of a name and a value.
    replies
        Addresses of what is sent back.
    """

    address: str
    description: str
    arguments: tuple[Argument, ...] = ()
    optional: tuple[Argument, ...] = ()
    keys: tuple[Argument, ...] = ()
    replies: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """The whole message as one writes it."""
        parts = [self.address, *(argument.form for argument in self.arguments)]
        parts += [f"[{argument.form}]" for argument in self.optional]
        return " ".join(parts) + (" [key value]..." if self.keys else "")


ID = Argument(
    "id",
    "s",
    "Name of the job, or of what else is asked for, chosen by the client.",
    maximum=LONGEST_ID,
)
STATE = Argument("state", "s", "What the job is doing.", choices=get_args(State))
FRACTION = Argument("fraction", "f", "Of the work that is done.", 0, 1)
SECONDS_LEFT = Argument("seconds_left", "f", "Estimate; -1 while there is none.", -1)
OUTPUT = Argument("output", "s", "Path of the finished file.", maximum=LONGEST_PATH)
INPUT = Argument(
    "input", "s", "Path of an audio file in an allowed folder.", maximum=LONGEST_PATH, path=True
)
NEW_OUTPUT = Argument(
    "output",
    "s",
    "Path of the WAV file to write, in an allowed folder; nothing may be there yet.",
    maximum=LONGEST_PATH,
    path=True,
)
INDEX = Argument("index", "i", "Place in the list, from 0; -1 in the one answer of an empty list.")
COUNT = Argument("count", "i", "Length of the list, and number of these answers.", 0)
NOTE = Argument(
    "note",
    "s",
    "What is odd of the input file, what of the region the model was not taught, and what would "
    "help; empty where nothing is known to be amiss. May be missing from older bridges.",
    maximum=LONGEST_TEXT,
)

OFFER = Argument(
    "offer",
    "s",
    "The transposition that the note offers, for the key transpose: octave, a number of "
    "semitones, or empty where none would help. May be missing from older bridges.",
    maximum=16,
)

#: For senders that use a new port for every message, as oscsend does, and so cannot say it once.
REPLY_TO = Argument(
    "reply_port",
    "i",
    "UDP port, on the sender's machine, that everything about this request is sent to.",
    1,
    65_535,
    default="the sender's, or what /umtn/reply_port said",
)

RENDER_KEYS = (
    Argument("model", "s", "Name of the model.", maximum=LONGEST_NAME, default="default"),
    Argument("start", "if", "Where in the input the region begins.", 0, default="0"),
    Argument("length", "if", "Length of the region.", 0, above=True, default="up to the end"),
    Argument(
        "unit",
        "s",
        "What start and length are given in; samples are the input's own.",
        choices=("seconds", "samples"),
        default="seconds",
    ),
    Argument("seed", "i", "Another seed gives another performance.", 0, 2**31 - 1, default="0"),
    Argument(
        "temperature",
        "f",
        "Lower is cleaner and duller; 0, or from 0.001.",
        0,
        1_000,
        default="the model's own",
    ),
    Argument("top_p", "f", "Draw only from this share.", 0, 1, above=True, default="1"),
    Argument("mix", "f", "0 is the input, 1 the translation.", 0, 1, default="1"),
    Argument(
        "channels",
        "s",
        "Translate one player once and place it as it was, every channel, their mean, or the "
        "middle only.",
        choices=("auto", "per-channel", "mono", "mid"),
        default="auto",
    ),
    Argument(
        "dynamics", "f", "Of the input's loud and soft, so much is given back.", 0, 1, default="1"
    ),
    Argument(
        "transpose",
        "is",
        "Semitones that the input is raised by before it is played, or octave: the octaves that "
        "bring most of it into the model's range.",
        -36,
        36,
        choices=("octave",),
        default="0",
    ),
    Argument(
        "segments",
        "is",
        "Parts that a long region is cut into and that are decoded side by side, or auto.",
        1,
        1_024,
        choices=("auto",),
        default="auto",
    ),
    Argument(
        "postfilter",
        "i",
        "1 takes the decoder's noise out, where the model has a post-filter; 0 leaves it in.",
        0,
        1,
        default="1",
    ),
    Argument("engine", "s", "What decodes, as /umtn/models names it.", maximum=64, default="auto"),
    Argument("priority", "i", "Higher goes first.", -100, 100, default="0"),
    REPLY_TO,
)

REQUESTS = (
    Message(
        "/umtn/token",
        "Proves that the sender may use this bridge. A client's first message where the bridge "
        "has a token; harmless elsewhere. Over UDP it holds for the sender's port, until that has "
        "been silent for a minute; then send it again, as whenever the bridge says token.",
        (Argument("token", "s", "The secret.", maximum=1_024),),
        replies=("/umtn/token",),
    ),
    Message(
        "/umtn/ping",
        "Is anybody there?",
        optional=(REPLY_TO,),
        replies=("/umtn/pong",),
    ),
    Message(
        "/umtn/models",
        "Which models there are; one answer for each.",
        optional=(REPLY_TO,),
        replies=("/umtn/model",),
    ),
    Message(
        "/umtn/render",
        "Translate a file, or a region of one. Sending it again changes nothing and is answered "
        "with how far it has come. With an odd number of arguments after the target, the first "
        "of them is the output.",
        (
            ID,
            INPUT,
            Argument("target", "s", "Instrument to play it on.", maximum=LONGEST_NAME),
        ),
        (replace(NEW_OUTPUT, default="a new name in the session folder"),),
        RENDER_KEYS,
        ("/umtn/accepted", "/umtn/progress", "/umtn/done", "/umtn/cancelled", "/umtn/error"),
    ),
    Message(
        "/umtn/cancel",
        "Give a job up. On one that is finished: how it ended, again.",
        (ID,),
        (REPLY_TO,),
        replies=("/umtn/cancelled", "/umtn/done", "/umtn/error"),
    ),
    Message(
        "/umtn/status",
        "How far a job is.",
        (ID,),
        (REPLY_TO,),
        replies=("/umtn/job", "/umtn/error"),
    ),
    Message(
        "/umtn/jobs",
        "All jobs the bridge remembers; one answer for each.",
        optional=(REPLY_TO,),
        replies=("/umtn/job",),
    ),
    Message(
        "/umtn/preview",
        "A short phrase on an instrument, to hear what it is like. It is rendered when it is first "
        "asked for, when no client's job waits, and kept in the user's cache until the model "
        "changes. Ask again, under the same id or another, as often as you like.",
        (
            ID,
            Argument("model", "s", "Name of the model.", maximum=LONGEST_NAME),
            Argument("target", "s", "Instrument to hear.", maximum=LONGEST_NAME),
        ),
        (REPLY_TO,),
        replies=("/umtn/preview", "/umtn/error"),
    ),
    Message(
        "/umtn/convert",
        "Write an audio file anew as floating-point WAV of its rate and channels, for programs "
        "that read fewer formats. The same under the same id is done once, and answered again.",
        (
            ID,
            INPUT,
            NEW_OUTPUT,
        ),
        (REPLY_TO,),
        replies=("/umtn/convert", "/umtn/converted", "/umtn/error"),
    ),
    Message(
        "/umtn/subscribe",
        "Send me the progress and the end of every job, whoever asked for it.",
        optional=(REPLY_TO,),
        replies=("/umtn/subscribed",),
    ),
    Message(
        "/umtn/unsubscribe",
        "No longer.",
        optional=(REPLY_TO,),
        replies=("/umtn/subscribed",),
    ),
    Message(
        "/umtn/reply_port",
        "From now on, send everything meant for this sender to another UDP port of its machine.",
        (Argument("port", "i", "Where the sender listens; 0 for where it sends from.", 0, 65_535),),
        replies=("/umtn/reply_port",),
    ),
    Message(
        "/umtn/leave",
        "Forget me: that I have shown the token, my port for answers, and what I subscribed and "
        "follow. Not answered. A client's last message over UDP, since its port may be another "
        "program's, or another user's, in a moment; over TCP, hanging up does.",
    ),
)

REPLIES = (
    Message(
        "/umtn/token",
        "The token was right.",
        (Argument("accepted", "i", "Always 1.", 1, 1),),
    ),
    Message(
        "/umtn/pong",
        "I am.",
        (
            Argument("version", "s", "Of umtn.", maximum=64),
            Argument("protocol", "i", "Of this page.", 1),
            Argument(
                "session_folder",
                "s",
                "Where inputs may always be put and unnamed outputs go.",
                maximum=LONGEST_PATH,
            ),
        ),
    ),
    Message(
        "/umtn/model",
        "One model.",
        (
            INDEX,
            COUNT,
            Argument("name", "s", "What to ask for it by.", maximum=LONGEST_NAME),
            Argument("targets", "s", "Instruments it plays, between commas.", maximum=4_096),
            Argument("licence", "s", "Of its weights.", maximum=LONGEST_NAME),
            Argument("engines", "s", "That can decode it here, between commas.", maximum=512),
        ),
    ),
    Message("/umtn/accepted", "The job is stored and will be done.", (ID, STATE, NOTE, OFFER)),
    Message(
        "/umtn/progress",
        "How far a job is, at least four times a second while it runs.",
        (ID, FRACTION, SECONDS_LEFT, STATE),
    ),
    Message("/umtn/done", "A job is finished and its file is whole.", (ID, OUTPUT)),
    Message("/umtn/cancelled", "A job was given up; it leaves no file.", (ID,)),
    Message(
        "/umtn/error",
        "A job has failed, or a request was refused.",
        (
            Argument("id", "s", "Of the job, or empty.", maximum=LONGEST_ID),
            Argument("code", "s", "What kind of error, see below.", maximum=32),
            Argument("message", "s", "One sentence that says what to do.", maximum=LONGEST_TEXT),
        ),
    ),
    Message(
        "/umtn/job",
        "One job.",
        (
            ID,
            STATE,
            FRACTION,
            SECONDS_LEFT,
            OUTPUT,
            Argument("message", "s", "Why it failed, or empty.", maximum=LONGEST_TEXT),
            INDEX,
            COUNT,
            NOTE,
            OFFER,
        ),
    ),
    Message(
        "/umtn/preview",
        "The preview is being made, and another answer follows, or it is there.",
        (ID, Argument("state", "s", "How it is.", choices=("making", "ready"))),
        (Argument("path", "s", "Of the WAV file, once it is there.", maximum=LONGEST_PATH),),
    ),
    Message(
        "/umtn/convert",
        "The file is being written, and another answer follows.",
        (ID, Argument("state", "s", "How it is.", choices=("converting",))),
    ),
    Message(
        "/umtn/converted",
        "The file is whole.",
        (
            ID,
            Argument("output", "s", "Its path.", maximum=LONGEST_PATH),
            Argument("rate", "i", "Samples a second.", 1),
            Argument("channels", "i", "Their number.", 1),
            Argument("frames", "i", "Samples of each channel.", 1),
        ),
    ),
    Message(
        "/umtn/subscribed",
        "Whether the sender is subscribed now.",
        (Argument("subscribed", "i", "1 or 0.", 0, 1),),
    ),
    Message(
        "/umtn/reply_port",
        "The first message to the new port.",
        (Argument("port", "i", "Its number.", 0, 65_535),),
    ),
)

#: What can go wrong, and whose move it is.
ERRORS = {
    "bad_request": "The message is not of the expected form, which the answer gives.",
    "unknown_id": "There is no job of this id.",
    "id_in_use": "Another job has this id; choose a new one.",
    "busy": "Too many jobs or clients; try again later.",
    "rate": "Too many messages; send more slowly.",
    "denied": "Not allowed: a path outside the allowed folders, or a wrong token.",
    "token": "Send /umtn/token first.",
    "not_found": "There is no such file.",
    "exists": "There is a file already where the output should go.",
    "audio": "The file cannot be read as audio, or is too long.",
    "model": "There is no such model, target or engine.",
    "disk": "The output cannot be written.",
    "failed": "The job could not be finished.",
    "internal": "A fault of the bridge; its log says more.",
}

BY_REQUEST = {message.address: message for message in REQUESTS}
BY_REPLY = {message.address: message for message in REPLIES}
