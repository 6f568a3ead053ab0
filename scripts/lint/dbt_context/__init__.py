"""What dbt puts into a template, as far as the linter needs it; each name below is one of dbt's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml
from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from sqlfluff.core.templaters.builtins.dbt import DbtMacroWrapper

_PROJECT = yaml.safe_load((Path(__file__).resolve().parents[3] / "dbt_project.yml").read_text())

_compile = Environment.compile
_compiled: dict[tuple[Any, ...], Any] = {}


def _compile_once(environment: Environment, *source: Any, **options: Any) -> Any:
    """Compile a template once a process: each linted file compiles all macros, and twice."""
    key = (type(environment), *source, *options.items())
    if key not in _compiled:
        _compiled[key] = _compile(environment, *source, **options)
    return _compiled[key]


Environment.compile = _compile_once  # type: ignore[assignment, method-assign]


class _Macros:
    """The package's macros, which the linter knows by their bare names."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        @pass_context
        def call(context: Context, *values: Any, **named: Any) -> Any:
            return DbtMacroWrapper(context.resolve(name))(*values, **named)

        return call


class _Adapter:
    """PostgreSQL's ways of writing, without a connection."""

    @staticmethod
    def quote(identifier: str) -> str:
        return f'"{identifier}"'

    @staticmethod
    def get_relation(**place: str) -> None:
        return None

    @staticmethod
    def dispatch(name: str, package: str) -> Callable[..., Any]:
        return cast(Callable[..., Any], getattr(claim_reconciliation, f"default__{name}"))


class _Exceptions:
    """dbt's errors, which become findings."""

    @staticmethod
    def raise_compiler_error(message: str) -> NoReturn:
        raise ValueError(message)


def var(name: str, default: Any = None) -> Any:
    """Return the package's own value of a var: what is linted is what a plain build runs."""
    return _PROJECT["vars"][_PROJECT["name"]].get(name, default)


def tojson(value: Any, sort_keys: bool = False) -> str:
    """Return the value as JSON, as dbt's function does."""
    return json.dumps(value, sort_keys=sort_keys)


def local_md5(value: str) -> str:
    """Return a digest of the text, as dbt's function does."""
    return hashlib.md5(value.encode()).hexdigest()


claim_reconciliation = _Macros()
# The linter sees every optional table and column.
execute = False
target = {"database": "claims", "type": "postgres"}
adapter = _Adapter()
exceptions = _Exceptions()
