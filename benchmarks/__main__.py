"""Measure and print every figure; a miss is no failure."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console

from benchmarks import (
    command_line,
    guard,
    increments,
    purchase_models,
    service_health,
    wallet_models,
)
from benchmarks.data import Sizes
from benchmarks.figures import Figure, table_of
from benchmarks.service import Service

BENCHMARKS: dict[str, Callable[[Service], Iterator[Figure]]] = {
    "wallet-models": wallet_models.measure,
    "increments": increments.measure,
    "command-line": command_line.measure,
    "guard": guard.measure,
    "purchases": purchase_models.measure,
    "service": service_health.measure,
}


@click.command(context_settings={"show_default": True})
@click.argument("names", nargs=-1, metavar=f"[{'|'.join(BENCHMARKS)}]...")
@click.option("--claims", default=5_000_000)
@click.option("--wallets", default=1_000_000)
@click.option("--wrong-share", default=0.009)
@click.option("--user-id-type", type=click.Choice(["text", "uuid"]), default="text")
@click.option(
    "--requests",
    multiple=True,
    default=(10_000_000, 50_000_000),
    help="Rows of the metrics' history; repeatable.",
)
@click.option("--runs", default=3, help="Each figure is the median of so many runs.")
def main(
    names: tuple[str, ...],
    claims: int,
    wallets: int,
    wrong_share: float,
    user_id_type: str,
    requests: tuple[int, ...],
    runs: int,
) -> None:
    """Measure all benchmarks, or those named, on a claim service made for it."""
    if unknown := set(names) - set(BENCHMARKS):
        raise click.UsageError(f"no such benchmark: {', '.join(sorted(unknown))}")
    sizes = Sizes(claims, wallets, wrong_share, user_id_type, requests)
    console = Console()
    figures: list[Figure] = []
    console.print(f"{claims:,} claims, {wallets:,} wallets, {wrong_share:.1%} wrong, loading …")
    with (
        tempfile.TemporaryDirectory() as folder,
        Service.running(Path(folder), sizes, runs) as service,
    ):
        service.dbt("seed")
        service.dbt("run", "--select", "staging", "wallets")
        try:
            for name in names or BENCHMARKS:
                console.print(f"{name} …")
                figures.extend(BENCHMARKS[name](service))
        finally:
            # The figures of a run that fails in its last part are shown, too.
            console.print(table_of(figures))


if __name__ == "__main__":
    main()
