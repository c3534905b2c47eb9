"""Sentences on standard error. Rule: a reader who has left does not end a run."""

from contextlib import suppress

import click


def say(sentence: str) -> None:
    """Prints a sentence."""
    with suppress(OSError, ValueError):
        click.echo(sentence, err=True)


def say_next(hint: str) -> None:
    """Prints what to do next, on a line of its own; nothing where there is no hint."""
    if hint.strip():
        say(f"  next: {hint}")


def warn(sentence: str) -> None:
    """Prints what changes the meaning of a result; `-q` does not silence it."""
    say(f"warning: {sentence}")


def note(sentence: str, *, quiet: bool = False) -> None:
    """Prints what is good to know, unless quiet."""
    if not quiet:
        say(f"note: {sentence}")
