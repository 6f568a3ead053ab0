"""Which tests place something in time, so that they are run on other days too."""

from __future__ import annotations

import inspect
import re
import types
from typing import Any

import pytest

PLACES = re.compile(
    r"hours_ago|now\(|_timestamp\(|timedelta|interval '|datetime|as_of|to_date|date_trunc"
)


def places_times(item: pytest.Item) -> bool:
    """Return whether a test, or what it calls or is given in its own file, places a time."""
    if not isinstance(item, pytest.Function):
        return False
    given = repr(item.callspec.params) if hasattr(item, "callspec") else ""
    if PLACES.search(given):
        return True
    module, names = item.module, [item.function.__name__, *item.fixturenames]
    seen: set[str] = set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        value = getattr(module, name, None)
        text, more = _read(value)
        if PLACES.search(text):
            return True
        names.extend(more)
    return False


def _read(value: Any) -> tuple[str, list[str]]:
    """Return the text of what a name stands for, and the names that it uses."""
    value = getattr(value, "_get_wrapped_function", lambda: value)()
    if isinstance(value, types.FunctionType):
        code = [value.__code__]
        names: list[str] = []
        while code:
            part = code.pop()
            names.extend(part.co_names)
            code.extend(each for each in part.co_consts if isinstance(each, types.CodeType))
        return inspect.getsource(value), names
    return (repr(value) if isinstance(value, (str, tuple, list, dict)) else ""), []
