"""`claimctl report`: one page, whose figures are the models' and which names nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from claimctl.report import palette
from claimctl.report.charts import WIDE, OverTime, Series
from claimctl.report.words import percent
from support.browser import (
    CHROMIUM,
    NO_CHROMIUM,
    browser_page,
    keep_screenshot,
    serious_faults,
)
from support.claimctl import claimctl, on
from support.databases import MODELS_SCHEMA
from support.dbt_project import ROOT, DbtProject
from support.guard import Guard
from support.guard_templates import NOTHING_OPTIONAL, Guards
from support.weeks import PURCHASES, REQUESTS, USER

REPAIRED = "put-right"
# What the tables of the page say, asked in another way than the page asks.
LAST_DAYS = "'{now}'::timestamptz - {days} * interval '1 day'"
QUERIES = {
    "rpt_error_budget": "select *, good::float8 / nullif(total, 0) as good_share from {model}",
    "rpt_claim_service_health": f"""
        select *, errors::float8 / total_requests as error_rate from {{model}}
        where hour > {LAST_DAYS}""",
    "v_claim_conflicts_rolling": f"select * from {{model}} where hour > {LAST_DAYS}",
    "rpt_slo_windows": f"""
        select
            window_start::date::timestamptz as day, sum((state = 'met')::int) as met,
            sum((state = 'missed')::int) as missed,
            sum((state = 'low_traffic')::int) as low_traffic,
            sum((state = 'no_data')::int) as no_data, min(slo_latency_ms) as slo_latency_ms
        from {{model}} where window_start > {LAST_DAYS} group by 1""",
    "rpt_wallet_balance_health": "select * from {model}",
    "fct_wallet_balance_history": """
        select * from {model} as each where not exists (
            select from {model} as later
            where later.item = each.item and later.built_at > each.built_at
                and date_trunc('hour', later.built_at) = date_trunc('hour', each.built_at)
        )""",
    "fct_wallet_discrepancies": """
        select
            item, discrepancy_type, is_settled, is_accepted, count(user_id) as balances,
            sum(wallet_quantity - expected_quantity) as net_quantity,
            min(last_activity_at) as oldest_activity_at
        from {model} group by 1, 2, 3, 4""",
    "fct_discrepancy_causes": """
        select
            probable_cause, discrepancy_type, count(user_id) as balances,
            sum(is_settled::int) as settled, min(cause_at) as first_cause_at,
            max(cause_at) as last_cause_at
        from {model} group by 1, 2""",
    "rpt_drift_causes": "select * from {model}",
    "rpt_time_to_repair": "select * from {model}",
    "rpt_revenue_at_stake": "select * from {model}",
    "fct_cap_violations": f"""
        select
            sku, window_type, cap, count(tx_id) as claims_beyond_cap,
            sum(is_excused::int) as excused, count(distinct user_id) as users
        from {{model}} where claimed_at > {LAST_DAYS} group by 1, 2, 3""",
}
# Views show another minute a minute later: the page and the test read copies.
FROZEN = "frozen"
Rows = list[tuple[Any, ...]]
COPIED = (
    *(*QUERIES, "rpt_alerts", "rpt_wallet_build", "escalation_contacts"),
    "stg_claim_ops__unapproved_break_glass",
)


@dataclass
class Table:
    """A table of the page: its model, its columns, and the value of each cell."""

    model: str
    columns: list[str]
    cells: list[list[str]]

    @property
    def rows(self) -> Rows:
        """Its rows, in an order that does not depend on the page's."""
        return sorted(tuple(map(_comparable, row)) for row in self.cells)


class Page(HTMLParser):
    """The tables and figures of a page, with what is written beside each value."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self.figures: list[tuple[str, str]] = []
        self.stack: list[str] = []
        self.read_at = ""
        self.text = text
        self.feed(text)
        self.close()
        assert self.stack == []

    def of(self, model: str) -> list[Table]:
        """Return the tables of a model."""
        return [table for table in self.tables if table.model == model]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: str(value) for name, value in attrs}
        if tag not in ("meta", "br"):
            self.stack.append(tag)
        if tag == "table":
            self.tables.append(Table(values["data-model"], [], []))
        elif tag == "th":
            self.tables[-1].columns.append(values["data-column"])
        elif tag == "tr" and "tbody" in self.stack:
            self.tables[-1].cells.append([])
        elif tag == "td":
            self.tables[-1].cells[-1].append("")
        elif tag == "time":
            self.read_at = values["datetime"]
        elif tag == "data":
            self.figures.append((values["value"], ""))
            if "td" in self.stack:
                self.tables[-1].cells[-1][-1] = values["value"]

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] == "data":
            self.figures[-1] = (self.figures[-1][0], data)
        elif self.stack and self.stack[-1] == "td":
            self.tables[-1].cells[-1][-1] = data


def _comparable(value: Any) -> str:
    """Return a value of the page or of the database in one form."""
    if value is None or value == "\N{EN DASH}":
        return ""
    if value in ("yes", "no"):
        return str(value == "yes")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", str(value)):
        return f"{float(value):.10g}"
    return str(value)


def asked(guard: Guard, page: Page, model: str, days: int, schema: str = FROZEN) -> list[Rows]:
    """Return what the model itself says, in the columns of each of its tables."""
    names = {"model": f"{schema}.{model}", "days": days, "now": page.read_at}
    records = guard.records(QUERIES[model].format(**names))
    return [
        sorted(tuple(_comparable(row[column]) for column in table.columns) for row in records)
        for table in page.of(model)
    ]


def written(folder: Path, guard: Guard, *arguments: str) -> Page:
    """Let the page be written, and read it."""
    file = folder / "page.html"
    answer = claimctl("report", str(file), *arguments, *on(guard))
    assert answer.exit_code == 0, answer.stderr
    return Page(file.read_text())


@dataclass(frozen=True)
class Reported:
    """The pages of one service, what its models say, and the alerts without a first command."""

    pages: dict[int, Page]
    models: dict[int, dict[str, list[Rows]]]
    with_users: Page
    alerts_without_command: list[str]


@pytest.fixture(scope="module")
def reported(guards: Guards, dbt: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """A service of 34 days with a repaired wallet, wrong ones and an open plan."""
    guard = guards.fresh()
    guard.add_short_wallet(REPAIRED, claims=3, shields=1)
    guard.apply(guard.approve(guard.plan()))
    guard.add_short_wallet("owed-to")
    guard.add_wallet("too-much", 4)
    guard.execute(REQUESTS + PURCHASES)
    outcome = dbt.run(
        *("build", "--resource-type", "model", "--resource-type", "seed"), vars=NOTHING_OPTIONAL
    )
    assert outcome.success, outcome.explain()
    guard.plan()
    guard.execute(f"create schema {FROZEN}")
    for model in COPIED:
        guard.execute(f"create table {FROZEN}.{model} as table {MODELS_SCHEMA}.{model}")
    # An episode ends in the build after the repair; there is only one here.
    guard.execute(
        f"insert into {FROZEN}.rpt_time_to_repair"
        " values (date_trunc('week', now(), 'UTC'), 'repaired', 2, 3.25, 4.5, 4.5, 4.5)"
    )
    folder = tmp_path_factory.mktemp("report")
    frozen = ("--models-schema", FROZEN)
    pages = {days: written(folder, guard, "--days", str(days), *frozen) for days in (1, 35)}
    models = {
        days: {model: asked(guard, page, model, days) for model in QUERIES}
        for days, page in pages.items()
    }
    sql = (ROOT / "scripts" / "claimctl" / "sql" / "report" / "alerts.sql").read_text()
    alerts = guard.records(sql.replace("{models}", FROZEN))
    return Reported(
        pages,
        models,
        written(folder, guard, "--with-users", "--days", "1", *frozen),
        [row["alert"] for row in alerts if not row["command"]],
    )


@pytest.mark.parametrize("days", [1, 35])
def test_every_figure_is_the_models(reported: Reported, days: int) -> None:
    page = reported.pages[days]
    for model, expected in reported.models[days].items():
        # The claims beyond the cap are four days old.
        assert (expected != []) == ((model, days) != ("fct_cap_violations", 1))
        for table, rows in zip(page.of(model), expected, strict=True):
            assert len(rows) > 0, model
            assert table.rows == rows, (model, table.columns)
    models = {table.model for table in page.tables}
    assert models | {"fct_cap_violations"} == {"claim_ops.plans", "claim_ops.line_states", *QUERIES}


def test_what_is_written_is_the_value_rounded(reported: Reported) -> None:
    for value, text in reported.pages[35].figures:
        number = re.fullmatch(r"(-?[0-9,.]+)( %)?", text)
        if not re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", value) or number is None:
            continue
        exact = Decimal(value) * (100 if number[2] else 1)
        shown = Decimal(number[1].replace(",", ""))
        _, _, decimals = number[1].partition(".")
        assert abs(shown - exact) <= Decimal(1).scaleb(-len(decimals)) / 2, (value, text)


def test_the_top_says_what_to_do(reported: Reported) -> None:
    text = reported.pages[35].text
    assert "<strong>On fire</strong>" in text
    assert "<code>claimctl plan wallets --reason &#39;what went wrong&#39;</code>" in text
    assert "docs/runbook.md#wallets-are-wrong" in text
    assert re.search(r"built \d{4}-\d\d-\d\d \d\d:\d\d UTC, (less than a|\d+) minutes? ago", text)


def test_each_alert_has_its_first_command(reported: Reported) -> None:
    assert reported.alerts_without_command == []


def test_no_user_is_named_unless_asked_for(reported: Reported) -> None:
    text = reported.pages[35].text
    assert [user for user in (REPAIRED, "owed-to", "too-much", USER) if user in text] == []
    users = {row[0] for row in reported.with_users.of("fct_wallet_discrepancies")[-1].cells}
    assert users == {"owed-to", "too-much", USER}


def test_repairs_have_before_and_after(reported: Reported) -> None:
    page = reported.pages[35]
    (table,) = page.of("claim_ops.line_states")
    (repair,) = table.cells
    shown = dict(zip(table.columns, repair, strict=True))
    assert (shown["wallets"], shown["quantity_before"], shown["quantity_after"]) == ("1", "1", "3")
    (plans,) = page.of("claim_ops.plans")
    assert [plan[1] for plan in plans.cells] == ["claimctl approve 2"]


def test_nothing_is_fetched_and_nothing_runs(reported: Reported) -> None:
    text = reported.with_users.text
    addresses = set(re.findall(r"https?://[^\"' <)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert re.findall(r"<script|<link|<img|<iframe|@import|\son\w+=|url\((?!#)", text) == []


def test_each_chart_has_words_a_table_and_names_of_its_own(reported: Reported) -> None:
    text = reported.pages[35].text
    alternatives = re.findall(r'<figure role="img" aria-label="([^"]+)"', text)
    assert len(alternatives) == 10
    assert all(len(words) > 60 for words in alternatives)
    assert text.count('<svg aria-hidden="true"') == 2 * 10
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(names)


def test_no_row(guards: Guards, tmp_path: Path) -> None:
    guard = guards.fresh()
    page = written(tmp_path, guard)
    # A build of no wallet is a build, in which no balance was wrong.
    assert re.findall(
        r'<section id="([^"]+)">[^§]*?</section>', page.text.replace("<svg", "§")
    ) == [
        *("requests", "requests-errors", "requests-latency", "windows", "conflicts"),
        *("history", "discrepancies", "causes", "revenue"),
    ]
    for sentence in ("No wallet is wrong.", "No plan is open.", "No plan has been applied."):
        assert f'<p class="empty">{sentence}</p>' in page.text
    assert "<strong>Unknown</strong>" in page.text
    answer = claimctl("report", str(tmp_path / "no" / "page.html"), *on(guard))
    assert answer.exit_code == 1
    assert "page.html could not be written: No such file or directory." in answer.sentence


def test_one_row(guards: Guards, tmp_path: Path) -> None:
    guard = guards.fresh()
    guard.execute(
        'insert into function_metrics ("timestamp", function_name, status_code, duration_ms)'
        " values (now() - interval '2 minutes', 'claim', 200, 42)"
    )
    page = written(tmp_path, guard)
    expected = asked(guard, page, "rpt_claim_service_health", 7, MODELS_SCHEMA)
    assert [table.rows for table in page.of("rpt_claim_service_health")] == expected
    assert "p95: last 42" in page.text


def test_without_a_guard(guards: Guards, tmp_path: Path) -> None:
    page = written(tmp_path, guards.with_models())
    assert "The guard is not installed here" in page.text


def test_missing_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claimctl.commands.report.LIBRARIES", ("json", "altair_of_tomorrow"))
    answer = claimctl("report", "page.html")
    assert answer.exit_code == 2
    assert "(altair_of_tomorrow): install claim-reconciliation[report]" in answer.sentence


def test_what_is_not_all_is_never_written_as_all() -> None:
    shares = (0.0, 0.000012, 0.5, 0.99995, 0.9999999, 1.0)
    assert [percent(share) for share in shares] == [
        *("0.00 %", "0.001 %", "50.00 %", "99.995 %", "99.99999 %", "100.00 %"),
    ]


def bars(svg: str, colour: str) -> Iterator[tuple[float, float]]:
    """Yield where each bar of a colour begins, and its height."""
    for path in re.findall(rf'<path [^>]*fill="{palette.light(colour)}"[^>]*>', svg):
        if found := re.search(r'd="M([\d.]+),[\d.]+h[\d.]+v([\d.]+)h-', path):
            yield float(found[1]), float(found[2])


def test_bars_are_as_high_as_their_counts() -> None:
    counts = [(3, 1), (10, 0), (6, 2)]
    start = datetime(2026, 11, 24, tzinfo=UTC)
    rows = [
        {"hour": start + timedelta(hours=number), "good": good, "bad": bad}
        for number, (good, bad) in enumerate(counts)
    ]
    series = (Series("good", "good", "good"), Series("bad", "bad", "bad"))
    svg = OverTime("hour", series, "requests", step=timedelta(hours=1)).svg(rows, WIDE)
    good, bad = list(bars(svg, "good")), list(bars(svg, "bad"))
    heights = [height for _, height in good]
    assert [round(height / heights[1] * 10) for height in heights] == [3, 10, 6]
    assert [round(height / heights[1] * 10) for _, height in bad if height] == [1, 2]
    widths = {round(after[0] - before[0]) for before, after in pairwise(good)}
    assert len(widths) == 1


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason=f"not run: {NO_CHROMIUM}")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser(reported: Reported, tmp_path: Path, scheme: str, width: int) -> None:
    """The page asks for nothing, fits, and axe-core finds nothing serious, tables open or not."""
    file = tmp_path / "page.html"
    file.write_text(reported.with_users.text)
    with browser_page(scheme, width) as page:
        asked_for: list[str] = []
        page.on("request", lambda request: asked_for.append(request.url))
        page.goto(file.as_uri())
        assert asked_for == [file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_faults(page) == []
        keep_screenshot(page, f"report-{scheme}-{width}")
        if (scheme, width) == ("light", 390):
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert serious_faults(page) == []
