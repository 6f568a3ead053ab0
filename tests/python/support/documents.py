"""The commands of a page; the shapes of docs/json.md, and where a document departs from one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from support.dbt_project import ROOT

KINDS: dict[str, Any] = {
    "text": str,
    "time": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "map": dict,
    "null": type(None),
}


def commands(text: str, program: str) -> Iterator[str]:
    """Give each command of a text in its order: lines of blocks, and what stands in backticks."""
    text = re.sub(r"\\\n\s*", "", text)
    for block, inline in re.findall(r"^ *```[a-z]*\n(.*?)^ *```|`([^`]+)`", text, re.M | re.S):
        lines = block.splitlines() if block else [" ".join(inline.split())]
        for line in lines:
            command = line.strip().removeprefix("$ ")
            if command.startswith(f"{program} ") and "[" not in command:
                yield command


@cache
def documented() -> dict[str, Any]:
    """Return the shapes by the heading above each; `...` stands for the keys of another."""
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^## (.+?)\n.*?```json\n(.*?)```", text, flags=re.M | re.S)
    shapes = {command: json.loads(shape) for command, shape in blocks}
    return {
        command: {**shapes[shape.pop("...")], **shape} if "..." in shape else shape
        for command, shape in shapes.items()
    }


def departures(value: Any, shape: Any, place: str = "document") -> Iterator[str]:
    """Say where a document is not of a shape: keys, types, times without a zone."""
    if isinstance(shape, dict):
        if not isinstance(value, dict) or value.keys() != shape.keys():
            keys = sorted(value.keys() ^ shape.keys()) if isinstance(value, dict) else value
            yield f"{place}: {keys}"
        else:
            for key, part in shape.items():
                yield from departures(value[key], part, f"{place}.{key}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{place}: {value!r} is no list"
        else:
            for number, each in enumerate(value):
                yield from departures(each, shape[0], f"{place}[{number}]")
    else:
        yield from _departures_of_one(value, str(shape), place)


def _departures_of_one(value: Any, shape: str, place: str) -> Iterator[str]:
    fitting = [
        kind
        for kind in shape.split(" or ")
        if isinstance(value, KINDS[kind]) and isinstance(value, bool) == (kind == "boolean")
    ]
    looks_like_a_time = re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", str(value))
    if not fitting:
        yield f"{place}: {value!r} is no {shape}"
    elif "time" in fitting:
        if value != "infinity" and datetime.fromisoformat(value).tzinfo is None:
            yield f"{place}: {value!r} has no zone"
    elif looks_like_a_time:
        yield f"{place}: {value!r} is documented as {shape}"
