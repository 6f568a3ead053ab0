"""The charts, drawn by Altair and written as SVG by vl-convert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from claimctl.report.palette import light

if TYPE_CHECKING:
    import altair as alt

Row = Mapping[str, Any]

WIDE, NARROW, HEIGHT = 880, 350, 240
FONT = "Helvetica Neue, Helvetica, Arial, sans-serif"
# Few enough that each is shown as a point too; of a single one a line would show nothing.
MOST_POINTS = 60
# A day where one begins, else the time of day; in UTC.
TIME_LABEL = (
    "utcFormat(datum.value, utchours(datum.value) + utcminutes(datum.value) == 0"
    " ? '%d %b' : '%H:%M')"
)


@dataclass(frozen=True)
class Series:
    """A column of the rows, what it is called and its colour in the palette."""

    column: str
    label: str
    colour: str


@dataclass(frozen=True)
class Threshold:
    """A line that the series should not cross, and what it means."""

    value: float
    label: str


@dataclass(frozen=True)
class OverTime:
    """A chart over time: stacked bars of counts, or a line for each series."""

    time: str
    series: tuple[Series, ...]
    unit: str
    form: str = ",d"
    step: timedelta | None = None
    thresholds: tuple[Threshold, ...] = ()
    least: float = 0.0
    most: float | None = None

    def svg(self, rows: Sequence[Row], width: int) -> str:
        """Draw the chart; bars where a step says how wide they are, else lines."""
        import altair as alt

        first, last = rows[0][self.time], rows[-1][self.time]
        end = last + (self.step or timedelta())
        if end == first:
            first, end = first - timedelta(hours=1), end + timedelta(hours=1)
        scale = alt.Scale(type="utc", domain=[_iso(first), _iso(end)], nice=False)
        x = alt.X("from:T", scale=scale, title=None, axis=alt.Axis(labelExpr=TIME_LABEL))
        values = self._values(rows)
        layers: list[alt.Chart] = [self._silence(rows, x)]
        layers += self._bars(values, x) if self.step else self._lines(values, x)
        for threshold in self.thresholds:
            is_top = all(value["value"] <= threshold.value for value in values)
            layers += _threshold(threshold, first, is_top)
        return _svg(layers, self.unit, width, HEIGHT)

    def _values(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return a value for each mark; bars stand on those before them."""
        values = []
        for row in rows:
            top = 0.0
            for series in self.series:
                if row[series.column] is None:
                    continue
                base, top = top if self.step else 0.0, float(row[series.column])
                top += base
                at = row[self.time]
                values.append(
                    {
                        "from": _iso(at),
                        "to": _iso(at + (self.step or timedelta())),
                        "series": series.label,
                        "base": base,
                        "value": top,
                    }
                )
        return values

    def _silence(self, rows: Sequence[Row], x: alt.X) -> alt.Chart:
        silent = [
            {"from": _iso(row[self.time]), "to": _iso(row[self.time] + timedelta(hours=1))}
            for row in rows
            if row.get("state") == "no_data"
        ]
        chart = _chart(silent).mark_rect(color=light("silent"), clip=True)
        return cast("alt.Chart", chart.encode(x=x, x2="to:T"))

    def _y(self) -> alt.Y:
        import altair as alt

        scale = alt.Scale(nice=True, zero=self.least == 0, domainMin=self.least)
        if self.most is not None:
            scale = alt.Scale(nice=False, zero=False, domain=[self.least, self.most])
        return alt.Y(
            "value:Q",
            title=None,
            axis=alt.Axis(format=self.form, tickCount=5, tickMinStep=1 if "d" in self.form else 0),
            scale=scale,
        )

    def _bars(self, values: list[dict[str, Any]], x: alt.X) -> list[alt.Chart]:

        chart = _chart(values).mark_rect(clip=True)
        return [chart.encode(x=x, x2="to:T", y=self._y(), y2="base:Q", color=_colour(self.series))]

    def _lines(self, values: list[dict[str, Any]], x: alt.X) -> list[alt.Chart]:

        chart = _chart(_with_gaps(values)).encode(x=x, y=self._y(), color=_colour(self.series))
        is_dense = len(values) > 10 * MOST_POINTS * len(self.series)
        lines = [chart.mark_line(strokeWidth=0.9 if is_dense else 1.8, clip=True)]
        if len(values) <= MOST_POINTS * len(self.series):
            lines.append(chart.mark_point(filled=True, size=36, opacity=1))
        return lines


@dataclass(frozen=True)
class ByName:
    """Horizontal bars, one a name, parted by a second column."""

    name: str
    part: str
    column: str
    parts: tuple[Series, ...]
    unit: str
    form: str = ",d"

    def svg(self, rows: Sequence[Row], width: int) -> str:
        """Draw the chart."""
        import altair as alt

        known = {part.column: part for part in self.parts}
        values = [
            {
                "name": str(row[self.name]),
                "part": known[row[self.part]].label,
                "value": float(row[self.column]),
            }
            for row in rows
            if row[self.column] is not None
        ]
        names = list(dict.fromkeys(str(row[self.name]) for row in rows))
        chart = (
            _chart(values)
            .mark_bar(height={"band": 0.7})
            .encode(
                y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(ticks=False)),
                x=alt.X(
                    "sum(value):Q",
                    title=None,
                    axis=alt.Axis(format=self.form, tickCount=4, tickMinStep=1),
                ),
                color=_colour(self.parts, "part:N"),
            )
        )
        return _svg([chart], self.unit, width, 90 + 34 * len(names))


def _chart(values: list[dict[str, Any]]) -> alt.Chart:
    import altair as alt

    data: alt.Data = alt.Data(values=values)  # type: ignore[no-untyped-call]
    return alt.Chart(data)


def _threshold(threshold: Threshold, first: datetime, is_top: bool) -> list[alt.Chart]:

    value = {"from": _iso(first), "value": threshold.value, "label": threshold.label}
    chart = _chart([value]).encode(y="value:Q")
    label = chart.encode(x="from:T", text="label:N")
    # Below a line that is the highest: above it stands the legend.
    place: dict[str, Any] = {"align": "left", "dx": 4, "fontSize": 12}
    place |= {"baseline": "top", "dy": 4} if is_top else {"baseline": "bottom", "dy": -3}
    return [
        chart.mark_rule(color=light("bad"), strokeDash=[5, 4], strokeWidth=1.4),
        # Lines that run behind the words do not run through them.
        label.mark_text(stroke=light("paper"), strokeWidth=4, **place),
        label.mark_text(color=light("bad"), **place),
    ]


def _colour(series: Sequence[Series], field: str = "series:N") -> alt.Color:
    import altair as alt

    scale = alt.Scale(
        domain=[each.label for each in series], range=[light(each.colour) for each in series]
    )
    return alt.Color(field, title=None, scale=scale)


def _with_gaps(values: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """End a line where more than two hours are missing, and begin it anew after them."""
    ended: dict[str, datetime] = {}
    whole: list[dict[str, Any]] = []
    for value in values:
        at = datetime.fromisoformat(value["from"])
        last = ended.get(value["series"])
        if last and at - last > timedelta(hours=2):
            whole.append({**value, "from": _iso(last + timedelta(minutes=1)), "value": None})
        ended[value["series"]] = at
        whole.append(value)
    return whole


def _svg(layers: Sequence[alt.Chart], unit: str, width: int, height: int) -> str:
    import altair as alt
    import vl_convert

    is_narrow = width < WIDE
    chart = (
        alt.LayerChart(layer=list(layers))
        .properties(
            title=unit,
            width=width,
            height=height,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
            padding={"left": 14, "right": 12, "top": 2, "bottom": 2},
            background="transparent",
        )
        .configure(aria=False, font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=light("muted"),
            gridColor=light("line"),
            domainColor=light("line"),
            tickColor=light("line"),
            labelFontSize=12,
            labelLimit=150 if is_narrow else 300,
        )
        .configure_axisX(
            grid=False, labelFlush=True, labelOverlap=True, tickCount=4 if is_narrow else 9
        )
        .configure_axisY(domain=False, ticks=False)
        .configure_legend(
            orient="top",
            columns=2 if is_narrow else 0,
            labelColor=light("ink"),
            labelFontSize=12,
            symbolType="square",
            labelLimit=0,
            columnPadding=24,
        )
        .configure_title(
            anchor="start", color=light("muted"), fontSize=12, fontWeight="normal", offset=4
        )
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
