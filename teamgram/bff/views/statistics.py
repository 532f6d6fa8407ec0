"""Numbers and graphs of channels.

A graph is JSON in the form that apps draw (read by ``statistics_data_deserialize.cpp`` of Telegram Desktop and
``apiBuilders/statistics.ts`` of Web A): columns that begin with their key, ``x`` in milliseconds; of each other key a
kind, a name and a colour with its name in the theme.
"""

import json
from itertools import cycle
from typing import Any

from teamgram.domain.statistics.numbers import Graph, Trend
from teamgram.mtproto.tl import tl

_COLOURS = (
    "BLUE#327FE5",
    "GREEN#61C752",
    "RED#E05356",
    "GOLDEN#DEBA08",
    "LIGHTBLUE#58A8ED",
    "LIGHTGREEN#8FCF39",
    "ORANGE#E3B727",
    "INDIGO#7F79F3",
    "PURPLE#9F79E8",
    "CYAN#40D0CA",
)
_FORMATS = {"day": "statsFormat('day')", "hour": "statsFormat('hour')", "week": "statsFormat('week')"}


def trend_view(change: Trend) -> Any:
    """``statsAbsValueAndPrev``."""
    return tl.statsAbsValueAndPrev(current=change.current, previous=change.previous)


def no_graph() -> Any:
    """``statsGraphError``: apps leave such a graph out."""
    return tl.statsGraphError(error="Not enough data to display.")


def graph_view(graph: Graph, title: str, *, kind: str = "line", unit: str = "day") -> Any:
    """``statsGraph``, or ``statsGraphError`` where there is nothing to draw.

    Args:
        kind: "line", "bar" or "area"; the last two stand on each other.
        unit: what the graph's times are: days, weeks, or the numbers of hours.
    """
    if graph.is_empty:
        return no_graph()
    # Apps know by the step of 1 that these are hours.
    times = list(graph.times) if unit == "hour" else [1000 * time for time in graph.times]
    keys = [f"y{number}" for number in range(len(graph.lines))]
    drawn = {
        "columns": [["x", *times], *([key, *line.values] for key, line in zip(keys, graph.lines, strict=True))],
        "types": {**dict.fromkeys(keys, kind), "x": "x"},
        "names": {key: line.name.capitalize() for key, line in zip(keys, graph.lines, strict=True)},
        "colors": dict(zip(keys, cycle(_COLOURS), strict=False)),
        "title": title,
        "hidden": [],
        "stacked": kind != "line",
        "percentage": kind == "area",
        "subchart": {"show": unit != "hour", "defaultZoom": [times[0], times[-1]]},
        "xTickFormatter": _FORMATS[unit],
        "xTooltipFormatter": _FORMATS[unit],
        "xRangeFormatter": "null",
    }
    return tl.statsGraph(json=tl.dataJSON(data=json.dumps(drawn, ensure_ascii=False)))
