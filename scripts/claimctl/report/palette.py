"""The colours of page and charts, for light and for dark.

A chart is drawn in the light ones; the page's stylesheet replaces them where it is dark.
"""

from __future__ import annotations

# Each has a contrast of at least 3 to 1 (texts: 4.5 to 1) against the page of its kind.
COLOURS = {
    "paper": ("#ffffff", "#14171c"),
    "card": ("#f6f7f9", "#1d2127"),
    "ink": ("#1b1f24", "#e8eaed"),
    "muted": ("#525a64", "#aab2bd"),
    "line": ("#dfe2e7", "#353b44"),
    "silent": ("#e9ebee", "#2a2f37"),
    "faint": ("#8b949e", "#6d7681"),
    "good": ("#1a7f4b", "#43b97f"),
    "warn": ("#9a5b00", "#f0a93b"),
    "bad": ("#c0262d", "#ff7b7b"),
    "unknown": ("#7443a8", "#bd9bf2"),
    "blue": ("#1f5fbf", "#78aeff"),
    "teal": ("#00747f", "#4ccbd8"),
}


def light(name: str) -> str:
    """Return the colour that a chart is drawn in."""
    return COLOURS[name][0]


def dark_rules() -> str:
    """Return the rules that replace a chart's light colours by the dark ones."""
    return "\n".join(
        f'svg [{attribute}="{of_light}"] {{ {attribute}: {of_dark}; }}'
        for of_light, of_dark in COLOURS.values()
        for attribute in ("fill", "stroke")
    )


def variables(dark: bool) -> str:
    """Return the colours as variables of a stylesheet."""
    return " ".join(f"--{name}: {pair[dark]};" for name, pair in COLOURS.items())
