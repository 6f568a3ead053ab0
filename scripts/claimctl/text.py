"""Text that people read: nothing in it steers a terminal, and nothing in it is endless."""

from __future__ import annotations

from typing import Any

MOST_LETTERS_OF_A_WORD = 200
MOST_LETTERS = 2_000


def printable(value: Any) -> str:
    """Return a value as one line of text in which nothing steers a terminal; null is empty."""
    if value is None:
        return ""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def printable_lines(text: str) -> str:
    """Return a text of several lines in which nothing steers a terminal."""
    return "\n".join(printable(line) for line in text.split("\n"))


def shortened(text: str) -> str:
    """Return a message in which no word, and not the whole, goes on for pages."""
    words = (_beginning_and_end(word, MOST_LETTERS_OF_A_WORD) for word in text.split(" "))
    return _beginning_and_end(" ".join(words), MOST_LETTERS)


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing: blanks, line feeds, letters without a width."""
    return not any(
        c.isprintable() and not c.isspace() and c not in "\u115f\u1160\u2800\u3164\uffa0"
        for c in text
    )


def _beginning_and_end(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[-most // 5 :]}"
