"""`claimctl report`: one page for everybody."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from claimctl.options import Command, Options, global_options
from claimctl.output import say

LIBRARIES = ("altair", "jinja2", "vl_convert")


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--days",
    type=click.IntRange(1, 400),
    default=7,
    show_default=True,
    help="How many days back the charts go.",
)
@click.option("--with-users", is_flag=True, help="Name users whose wallets are wrong.")
@global_options
@click.pass_obj
def report(options: Options, file: Path, days: int, with_users: bool) -> None:
    """Write one page with what fires, objectives, charts, open plans and the last repairs.

    The page needs no network and runs no script; it shows well on a phone, on paper and in the
    dark. Each chart has a table with its figures. No user is named without --with-users. It needs
    the extra `report` of the package.

    Exit code 0: written, 1: the file cannot be written, 2: wrong usage, 3: no connection or no
    models, 4: no right to look.

    \b
    Example:
      claimctl report claims.html --days 35
    """
    from claimctl.database import reading
    from claimctl.errors import ClaimctlError
    from claimctl.output import print_json

    _require_libraries()
    from claimctl.report.figures import read
    from claimctl.report.page import VERDICTS, render

    with reading(options) as connection:
        figures = read(connection, options, days, with_users)
    page = render(figures)
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ClaimctlError(f"{file} could not be written: {error.strerror}.") from error
    verdict = VERDICTS[figures.verdict["exit_code"]][0]
    if options.as_json:
        print_json({"file": str(file), "bytes": len(page.encode()), "verdict": verdict})
    else:
        say(f"{file} is written ({len(page.encode()) // 1024:,} kB). {verdict}.")


def _require_libraries() -> None:
    from claimctl.errors import WrongUsageError

    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise WrongUsageError(
            f"The report needs libraries that are not installed ({', '.join(missing)}): install "
            "claim-reconciliation[report] with pip instead of claim-reconciliation."
        )
