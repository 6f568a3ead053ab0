"""The project's vars: those of its dbt_project.yml over the package's own defaults.

dbt's order is kept: the project's vars under `claim_reconciliation:`, then its global ones, then
the defaults of the package, which `dbt deps` puts below the project, or which is the project.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claimctl.errors import WrongUsageError
from claimctl.options import Options

PACKAGE = "claim_reconciliation"
PROJECT_FILE = "dbt_project.yml"


@dataclass(frozen=True)
class Project:
    """The vars that decide, and those set for the package that it does not know."""

    settings: dict[str, Any]
    unknown_vars: list[str]


def find_project(options: Options) -> Project | None:
    """Resolve the vars, or return none where nobody named a folder and this one is no project."""
    is_named = options.project_dir is not None or "DBT_PROJECT_DIR" in os.environ
    return load_project(options) if is_named or Path(PROJECT_FILE).is_file() else None


def load_project(options: Options) -> Project:
    """Resolve the vars as dbt does, without dbt."""
    folder = project_folder(options)
    project_file = folder / PROJECT_FILE
    project = _read(project_file)
    is_package = project.get("name") == PACKAGE
    defaults = _vars(project if is_package else _read(_package_file(folder, project)), project_file)
    given = _vars(project, project_file)
    known = {name: value for name, value in given.items() if name in defaults}
    for name, value in known.items():
        _check_kind(project_file, name, value, defaults[name])
    scoped = _scoped(project, project_file)
    return Project(defaults | known, sorted(scoped.keys() - defaults.keys()))


def project_folder(options: Options) -> Path:
    """Return the folder of the dbt project, which was named or is this one."""
    folder = options.project_dir or Path(os.environ.get("DBT_PROJECT_DIR", "."))
    if not (folder / PROJECT_FILE).is_file():
        raise WrongUsageError(
            f"There is no {PROJECT_FILE} in {folder.absolute()}: "
            "name your dbt project's folder by --project-dir."
        )
    return folder


def package_folder(folder: Path) -> Path:
    """Return where the package lies: in a project that installed it, or the project itself."""
    project = _read(folder / PROJECT_FILE)
    return folder if project.get("name") == PACKAGE else _package_file(folder, project).parent


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise WrongUsageError(f"{path} is no valid YAML{place}: {error.problem}.") from error
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise WrongUsageError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    if not isinstance(document, dict):
        raise WrongUsageError(
            f"{path} is no dbt project: it must be a mapping with name, vars and so on."
        )
    return document


def _package_file(folder: Path, project: dict[str, Any]) -> Path:
    packages = folder / str(project.get("packages-install-path", "dbt_packages"))
    path = packages / PACKAGE / PROJECT_FILE
    if not path.is_file():
        raise WrongUsageError(
            f"The package {PACKAGE} is not in {packages}: name it in packages.yml, and run there:",
            "dbt deps",
        )
    return path


def _vars(project: dict[str, Any], path: Path) -> dict[str, Any]:
    return _global(project, path) | _scoped(project, path)


def _global(project: dict[str, Any], path: Path) -> dict[str, Any]:
    return _mapping(path, "vars", project.get("vars"))


def _scoped(project: dict[str, Any], path: Path) -> dict[str, Any]:
    return _mapping(path, f"vars: {PACKAGE}", _global(project, path).get(PACKAGE))


def _mapping(path: Path, name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongUsageError(f"{name} in {path} must be a mapping of names to values.")
    return value


def _check_kind(path: Path, name: str, value: Any, default: Any) -> None:
    """Refuse a value of another kind than the default's: SQL's error would not name the var."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "a text"),
        (list, "a list"),
        (dict, "a mapping"),
    )
    # Null lets the package look; what it looks for is there or not.
    if name.startswith("has_"):
        if value is None:
            return
        default = False
    for kind, description in kinds:
        if isinstance(default, kind):
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise WrongUsageError(
                    f"The var {name} in {path} must be {description}, not {value!r}."
                )
            return
