"""How the time of a build grows with the claims: on Spark, and on PostgreSQL where asked for."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Protocol

import click
from rich.console import Console
from support.databases import MODELS_SCHEMA
from support.lake import SERVICE, Lake
from support.spark_cluster import Spark, running_spark, why_not

from benchmarks.audit_data import fill_audit
from benchmarks.data import Sizes
from benchmarks.figures import Figure, table_of
from benchmarks.lake_data import SCANNED, TABLES, drop_lake, fill_lake
from benchmarks.service import PROJECT, Service, places_of_dbt, run_program, seconds_of_nodes
from benchmarks.spark_memory import Events

# What both engines build; PostgreSQL's other models of the wallets stand on what Spark has not.
MODELS = ("rpt_wallet_build", "purchases", "caps", "wallets,+rpt_wallet_balance_health")
PARTS = ("wallets", "purchases", "caps")
ALL = "all models"
# A server that has run for a while has compiled its own code: it builds a little before it counts.
WARM_UP = 20_000
SCANS = 3
WRONG = f"select count(distinct user_id) from {MODELS_SCHEMA}.fct_wallet_discrepancies"
# Linear growth, and a tenth for noise.
NOISE = 1.1
CONSOLE = Console()


class Engine(Protocol):
    """What is measured: filled with one size after the other."""

    name: str
    schema: str

    def fill(self, sizes: Sizes) -> None:
        """Make the data of a size, in the place of those before."""

    def dbt(self, *arguments: str) -> dict[str, float]:
        """Run dbt, and return the seconds of each node."""

    def ask(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query."""

    def figures(self, title: str) -> Iterator[Figure]:
        """Return what else the build of a size showed."""

    def clear(self) -> None:
        """Remove the data."""


@dataclass(frozen=True)
class Times:
    """Seconds at one size: of the parts of the models, and of the scan."""

    claims: int
    parts: dict[str, float]
    scan: float


@click.command(context_settings={"show_default": True})
@click.option(
    "--claims",
    multiple=True,
    type=click.IntRange(min=10_000),
    default=(5_000_000, 20_000_000, 50_000_000),
    help="Repeatable; a fifth as many wallets.",
)
@click.option("--wrong-share", default=0.009)
@click.option("--executor-memory", default="2g", help="Of each of two executors of one core.")
@click.option(
    "--engine",
    "engines",
    multiple=True,
    type=click.Choice(["spark", "postgres"]),
    default=("spark",),
    help="Repeatable; Spark comes first.",
)
def main(
    claims: tuple[int, ...], wrong_share: float, executor_memory: str, engines: tuple[str, ...]
) -> None:
    """Make data, scan them and build the models, at each size; a miss is no failure."""
    if "spark" in engines and (missing := why_not()):
        raise click.UsageError(f"Spark does not run here: {missing}.")
    sizes = [Sizes(each, each // 5, wrong_share, "text", ()) for each in sorted(claims)]
    figures: list[Figure] = []
    try:
        if "spark" in engines:
            _say("Spark", "starts, and warms up", WARM_UP)
            with _running_on_spark(executor_memory) as on_spark:
                warm_up = Sizes(WARM_UP, WARM_UP // 5, wrong_share, "text", ())
                _measure(on_spark, [warm_up], [])
                _measure(on_spark, sizes, figures)
        if "postgres" in engines:
            _measure(OnPostgres(), sizes, figures)
    finally:
        # The figures of a run that fails at its largest size are shown, too.
        CONSOLE.print(table_of(figures))


def _say(engine: str, what: str, claims: int) -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    place = f"{time.strftime('%H:%M:%S')} {engine}, {claims:,} claims"
    CONSOLE.print(f"{place}: {what} … ({free:.0f} GB of disk are free)", highlight=False)


def _measure(engine: Engine, all_sizes: Sequence[Sizes], figures: list[Figure]) -> None:
    """Add the figures of each size, and how the largest compares with the others."""
    curve: list[Times] = []
    for sizes in all_sizes:
        _say(engine.name, "data are made", sizes.claims)
        engine.fill(sizes)
        engine.dbt("seed")
        staging = [f"+{each.replace('wallets,+', '')}" for each in MODELS]
        engine.dbt("run", "--select", *staging, "--exclude", *PARTS)
        _say(engine.name, "data are scanned", sizes.claims)
        scan = median(_scan_seconds(engine) for _ in range(SCANS))
        list(engine.figures(""))
        _say(engine.name, "models are built", sizes.claims)
        start = time.perf_counter()
        parts = _parts(engine.dbt("run", "--full-refresh", "--select", *MODELS))
        wall = time.perf_counter() - start
        _say(engine.name, "models are there", sizes.claims)
        title = f"{engine.name}, {sizes.claims / 1e6:g} M"
        for part, seconds in parts.items():
            figures.append(Figure(f"{title}: {part} / scan", seconds, None, reference=scan))
        figures.append(Figure(f"{title}: dbt by the clock", wall, None))
        figures.extend(engine.figures(title))
        # A missing wallet of a user without claims is no fault: 7 of 10,000.
        found, made = engine.ask(WRONG)[0], int(sizes.wallets * sizes.wrong_share)
        name = f"{title}: wrong wallets found / made"
        figures.append(Figure(name, found, 0.98, reference=made, unit="", sign="≥"))
        engine.clear()
        curve.append(Times(sizes.claims, parts, scan))
    figures.extend(_growth(engine.name, curve))


def _growth(engine: str, curve: list[Times]) -> Iterator[Figure]:
    *smaller, largest = curve
    for times in smaller:
        goal = NOISE * largest.claims / times.claims if engine == OnSpark.name else None
        title = f"{engine}, {largest.claims / 1e6:g} M / {times.claims / 1e6:g} M"
        for part, seconds in largest.parts.items():
            yield Figure(f"{title}: {part}", seconds, goal, reference=times.parts[part])
        yield Figure(f"{title}: scan", largest.scan, None, reference=times.scan)


def _scan_seconds(engine: Engine) -> float:
    """Read each value of the tables that the models read."""
    start = time.perf_counter()
    for table in SCANNED:
        columns = [column.split()[0] for column in TABLES[table].split(", ")]
        values = ", ".join(["count(*)", *(f"max({name})" for name in columns)])
        engine.ask(f"select {values} from {engine.schema}.{table}")
    return time.perf_counter() - start


def _parts(nodes: dict[str, float]) -> dict[str, float]:
    """Sum the seconds of the models by the folder that they lie in."""
    folders = {path.stem: path.parent.name for path in PROJECT.glob("models/**/*.sql")}
    seconds = dict.fromkeys(PARTS, 0.0)
    for node, each in nodes.items():
        kind, _, name = node.split(".")
        if kind == "model":
            seconds[folders[name]] += each
    return {**seconds, ALL: sum(seconds.values())}


class OnSpark:
    """A cluster whose tables are filled again for each size."""

    name = "Spark"
    schema = SERVICE

    def __init__(self, spark: Spark, events: Events) -> None:
        self.spark, self.events = spark, events
        self.lake = Lake("127.0.0.1", spark.port, spark.folder / "lake", spark)
        self.dbt_folder = spark.folder / "dbt"
        self.dbt_folder.mkdir()
        shutil.copy(PROJECT / "profiles.example.yml", self.dbt_folder / "profiles.yml")
        self._losses: Counter[str] = Counter()

    def fill(self, sizes: Sizes) -> None:
        """Make Parquet tables."""
        fill_lake(self.lake, sizes)

    def dbt(self, *arguments: str) -> dict[str, float]:
        """Run dbt on one thread, through the Thrift server."""
        port = {"SPARK_THRIFT_PORT": str(self.spark.port)}
        variables = json.dumps({"claim_service_schema": SERVICE})
        options = ("--quiet", "--threads", "1", "--target", "spark", "--vars", variables)
        environment = {**os.environ, **places_of_dbt(self.dbt_folder), **port}
        run_program(environment, "dbt", *arguments, *options)
        return seconds_of_nodes(self.dbt_folder / "target")

    def ask(self, query: str) -> tuple[Any, ...]:
        """Ask the Thrift server."""
        return self.lake.rows(query)[1][0]

    def figures(self, title: str) -> Iterator[Figure]:
        """Return what became of memory since the last call."""
        memory = self.events.since_last_look()
        lost = max(self.tell_losses(), memory.lost_executors)
        yield Figure(f"{title}: executors lost, memory run out", lost, 0, unit="", sign="=")
        yield Figure(f"{title}: tasks failed", memory.failed_tasks, 0, unit="", sign="=")
        yield Figure(f"{title}: shuffled", memory.shuffled_bytes / 1e6, None, unit="MB")
        yield Figure(f"{title}: spilled to disk", memory.spilled_bytes / 1e6, None, unit="MB")
        yield Figure(f"{title}: garbage collected", memory.collecting_share, None, unit="%")
        tables = _megabytes(self.spark.folder / "warehouse")
        yield Figure(f"{title}: tables", tables, None, unit="MB")

    def tell_losses(self) -> int:
        """Print what the logs say of losses since the last call; return how many lines."""
        losses = Counter(self.spark.losses()) - self._losses
        self._losses += losses
        for line in losses:
            CONSOLE.print(line, markup=False, highlight=False)
        return losses.total()

    def clear(self) -> None:
        """Drop the tables of the service and the models."""
        drop_lake(self.lake)


@contextlib.contextmanager
def _running_on_spark(executor_memory: str) -> Iterator[OnSpark]:
    with tempfile.TemporaryDirectory(prefix="claim_reconciliation_events_") as folder:
        events = Events(Path(folder))
        # The files of shuffles that nobody reads any more go with the collector's next run.
        settings = {**events.settings, "spark.cleaner.periodicGC.interval": "1min"}
        with running_spark(
            is_cluster=True,
            worker_memory=executor_memory,
            executor_memory=executor_memory,
            more=settings,
        ) as spark:
            engine = OnSpark(spark, events)
            try:
                yield engine
            finally:
                engine.tell_losses()


class OnPostgres:
    """A durable server of its own for each size."""

    name = "PostgreSQL"
    schema = "public"

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()

    def fill(self, sizes: Sizes) -> None:
        """Start a server with the tables and indexes that the service has."""
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
        self.service = self._open.enter_context(Service.running(self.folder, sizes, 1))
        self.connection = self._open.enter_context(self.service.connect())
        for index in self.service.claims_indexes:
            self.connection.execute(index.encode())
        fill_audit(self.connection)

    def dbt(self, *arguments: str) -> dict[str, float]:
        """Run dbt on one thread."""
        return self.service.dbt(*arguments)

    def ask(self, query: str) -> tuple[Any, ...]:
        """Ask the server."""
        return self.connection.execute(query.encode()).fetchall()[0]

    def figures(self, title: str) -> Iterator[Figure]:
        """Return what the data take."""
        yield Figure(f"{title}: tables, indexes, log", _megabytes(self.folder), None, unit="MB")

    def clear(self) -> None:
        """End the server, whose folder goes with it."""
        self._open.close()


def _megabytes(folder: Path) -> float:
    """Return what lies in a folder; what goes meanwhile counts for nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).stat().st_size
    return total / 1e6


if __name__ == "__main__":
    main()
