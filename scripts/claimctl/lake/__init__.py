"""From PostgreSQL to Parquet and back: snapshots of the service's tables, and proposals of keys."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

from claimctl.errors import WrongUsageError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


def require_library() -> None:
    """Refuse where pyarrow is missing, with the command that installs it."""
    if importlib.util.find_spec("pyarrow") is None:
        raise WrongUsageError(
            "Parquet needs the library pyarrow, which is not installed: "
            "pip install 'claim-reconciliation[lake]'."
        )


def open_place(place: str) -> tuple[FileSystem, str]:
    """Return the file system and the path of a folder or a URL such as s3://bucket/lake."""
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem, LocalFileSystem

    if "://" not in place:
        return LocalFileSystem(), str(Path(place).absolute())
    try:
        file_system, path = FileSystem.from_uri(place)
    except (ArrowException, OSError, ValueError) as error:
        raise WrongUsageError(f"{shown(place)} cannot be opened: {first_line(error)}.") from error
    return file_system, path


def shown(place: str) -> str:
    """Return a place as it may be kept and printed: without a login and a password of a URL."""
    return (
        re.sub(r"(://)[^/@]*@|[?].*$", r"\1", place, flags=re.DOTALL) if "://" in place else place
    )


def first_line(error: Exception) -> str:
    """Return the first line of what a library says, which may go on for pages."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
