"""Pictures are valid SVG, draw what they are given, and escape names."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from foundry_engine.reporting.charts import bars, curves, heat_map

NASTY = "<script>\"&'中文"


def parsed(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    assert root.tag == "svg" and root.get("aria-label")
    width, height = map(float, root.get("viewBox", "").split()[2:])
    for element in root.iter():
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        assert -1 <= x <= width + 1 and -1 <= y <= height + 1, ElementTree.tostring(element)
        assert float(element.get("width", 1)) >= 0 and float(element.get("height", 1)) >= 0
        assert not {name for name in element.attrib if name.startswith("on") or name.endswith("href")}
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter("text")]


@pytest.mark.parametrize(
    ("values", "widths"),
    [
        ([10, 5, 0], [340.0, 170.0, 0.0]),
        ([0, 0], [0.0, 0.0]),
        ([1], [340.0]),
        ([100_000, 1], [340.0, 1.0]),
        ([0.5, 0.25], [340.0, 170.0]),
    ],
)
def test_bars_are_as_long_as_their_values(values: list[float], widths: list[float]) -> None:
    root = parsed(bars([(f"row {i}", value, f"{value:,}") for i, value in enumerate(values)]))
    assert [float(rect.get("width", -1)) for rect in root.iter("rect")] == pytest.approx(widths, abs=0.06)
    assert [t for t in texts(root) if t.startswith("row")] == [f"row {i}" for i in range(len(values))]


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([[3, 1], [0, 4]], ["75.0%", "25.0%", "0.0%", "100.0%"]),
        ([[0, 0], [0, 0]], ["0.0%"] * 4),
        ([[7]], ["100.0%"]),
    ],
)
def test_heat_map_shows_counts_and_shares(counts: list[list[int]], shares: list[str]) -> None:
    root = parsed(heat_map(["Yes", "No"][: len(counts)], counts))
    assert [t for t in texts(root) if t.endswith("%")] == shares
    assert [t for t in texts(root) if t.isdigit()] == [str(count) for row in counts for count in row]
    opacity = [float(rect.get("fill-opacity", -1)) for rect in root.iter("rect")]
    part = [float(share[:-1]) for share in shares]
    assert sorted(range(len(part)), key=opacity.__getitem__) == sorted(range(len(part)), key=part.__getitem__)
    assert max(opacity) <= 0.65, "the figures must stay readable on their shade"


@pytest.mark.parametrize(
    "points",
    [
        [(1.0, 0.9), (0.5, 0.95), (0.02, 1.0)],
        [(1.0, 1.0), (0.5, 1.0)],
        [(1.0, 0.0), (0.1, 0.0)],
        [(1.0, 0.73)],
    ],
)
def test_curves_stay_inside_and_rise_where_accuracy_rises(points: list[tuple[float, float]]) -> None:
    root = parsed(curves([("withheld zh", points), ("nothing", [])]))
    (line,) = root.iter("polyline")
    places = [tuple(map(float, place.split(","))) for place in line.get("points", "").split()]
    assert len(places) == len(points)
    assert all(56 <= x <= 490 and 12 <= y <= 260 for x, y in places)
    for (x, y), (coverage, accuracy) in zip(places, points, strict=True):
        for (other_x, other_y), (other_coverage, other_accuracy) in zip(places, points, strict=True):
            assert (x < other_x) == (coverage < other_coverage)
            assert (y < other_y) == (accuracy > other_accuracy)
    assert "withheld zh" in texts(root) and "nothing" not in texts(root)


def test_many_series_have_a_name_each() -> None:
    root = parsed(curves([(f"series {i}", [(1.0, 0.5 + i / 20)]) for i in range(8)]))
    assert [t for t in texts(root) if t.startswith("series")] == [f"series {i}" for i in range(8)]


def test_nothing_to_draw_is_no_picture() -> None:
    assert bars([]) == curves([]) == curves([("empty", [])]) == ""


def test_names_are_escaped() -> None:
    for svg in (bars([(NASTY, 1, NASTY)]), heat_map([NASTY], [[1]]), curves([(NASTY, [(1.0, 1.0)])])):
        assert NASTY in texts(parsed(svg)) and "<script>" not in svg
