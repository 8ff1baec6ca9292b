"""The exceptions that users are meant to see: one, and kinds of it."""

from __future__ import annotations


class UmtnError(Exception):
    """A failure the user can act on.

    Its text is one plain sentence that says what is wrong and what to do. The
    command line prints it and exits non-zero; the bridge sends it as an OSC error.
    """


class DiskError(UmtnError):
    """What is too long for the memory cannot be kept on the disk."""


class Cancelled(UmtnError):
    """Long work was stopped because its caller asked for it."""
