"""The folder of one snapshot: what is finished in it, and the manifest that makes it complete.

DIR/snapshot-20261127T124650-3f9c/     one run
    purchase_claims/part-00000.parquet
    _parts/purchase_claims-00000.json  rows, bytes and hash of a finished part
    _begun.json                        which snapshot it is of
    manifest.json                      written last; without it nobody should read the folder
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from claimctl.errors import ClaimctlError
from claimctl.lake import first_line

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

MANIFEST, BEGUN, PARTS = "manifest.json", "_begun.json", "_parts"
PREFIX = "snapshot-"


class Folder:
    """One run's folder."""

    def __init__(self, file_system: FileSystem, path: str) -> None:
        self.file_system = file_system
        self.path = path

    @classmethod
    def new(cls, file_system: FileSystem, lake: str, as_of: datetime) -> Folder:
        """Return a folder whose name nobody has."""
        name = f"{PREFIX}{as_of:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        return cls(file_system, f"{lake}/{name}")

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rsplit("/", 1)[-1]

    def begin(self, identity: dict[str, Any]) -> None:
        """Make the folder, and keep of which snapshot it is."""
        with writing(self.path):
            self.file_system.create_dir(f"{self.path}/{PARTS}")
        self.write_json(BEGUN, identity)

    def begun(self) -> dict[str, Any] | None:
        """Return of which snapshot it is; none where no run of ours has said so."""
        return self.read_json(BEGUN)

    def finished_part(self, name: str) -> dict[str, Any] | None:
        """Return rows, bytes and hash of a part that is finished and still there."""
        part = self.read_json(f"{PARTS}/{name}.json")
        if part is None or part["file"] is None:
            return part
        (there,) = self.file_system.get_file_info([f"{self.path}/{part['file']}"])
        return part if there.size == part["bytes"] else None

    def keep_part(self, name: str, part: dict[str, Any]) -> None:
        """Note that a part is finished: from here on a rerun leaves it alone."""
        self.write_json(f"{PARTS}/{name}.json", part)

    def complete(self, manifest: dict[str, Any]) -> str:
        """Write the manifest, take away what only a rerun needs, and return the manifest's hash."""
        digest = self.write_json(MANIFEST, manifest)
        with writing(self.path):
            self.file_system.delete_dir(f"{self.path}/{PARTS}")
            self.file_system.delete_file(f"{self.path}/{BEGUN}")
        return digest

    def remove(self) -> None:
        """Take the folder away."""
        with writing(self.path):
            self.file_system.delete_dir(self.path)

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return a document, or none where there is no such file, or half of one.

        What cannot be read now is not gone: taken for it, a whole snapshot would be removed.
        """
        try:
            with self.file_system.open_input_stream(f"{self.path}/{name}") as file:
                document = json.loads(file.read())
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            raise ClaimctlError(
                f"{self.path}/{name} could not be read: {first_line(error)}."
            ) from error
        return document if isinstance(document, dict) else None

    def write_json(self, name: str, document: dict[str, Any]) -> str:
        """Write a document and return its hash."""
        content = (json.dumps(document, indent=2, default=str) + "\n").encode()
        with (
            writing(self.path),
            self.file_system.open_output_stream(f"{self.path}/{name}") as file,
        ):
            file.write(content)
        return hashlib.sha256(content).hexdigest()

    @contextmanager
    def part_file(self, name: str) -> Iterator[Hashed]:
        """Open a Parquet file for writing, in its table's folder."""
        with writing(self.path):
            self.file_system.create_dir(f"{self.path}/{name.rsplit('/', 1)[0]}")
            with self.file_system.open_output_stream(f"{self.path}/{name}") as file:
                yield Hashed(file)


def unfinished(file_system: FileSystem, lake: str) -> list[Folder]:
    """Return the folders of runs that have not ended, the newest first."""
    from pyarrow.fs import FileSelector

    with writing(lake):
        file_system.create_dir(lake)
        entries = file_system.get_file_info(FileSelector(lake))
    folders = [
        Folder(file_system, f"{lake}/{entry.base_name}")
        for entry in sorted(entries, key=lambda entry: str(entry.base_name), reverse=True)
        if entry.base_name.startswith(PREFIX)
    ]
    return [folder for folder in folders if folder.read_json(MANIFEST) is None]


class Hashed:
    """A file that is written, with the hash of its bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.closed = False

    def write(self, content: bytes) -> int:
        """Write bytes."""
        self.digest.update(content)
        self.file.write(content)
        self.bytes += len(content)
        return len(content)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.bytes

    def flush(self) -> None:
        """Hand what was written on."""
        self.file.flush()

    def close(self) -> None:
        """Do nothing: whoever opened the file closes it."""


@contextmanager
def writing(place: str) -> Iterator[None]:
    """Turn what a file system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise ClaimctlError(f"{place} could not be written: {first_line(error)}.") from error
