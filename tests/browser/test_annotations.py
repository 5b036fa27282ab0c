# SPDX-License-Identifier: Apache-2.0
"""Annotations drawn on a slide: drawn, changed, listed, kept, brought in and taken out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from browser.harness import SCREEN, screen_pixels

BLUE = (0x00, 0x57, 0xFF)
MIDDLE = (SCREEN["width"] // 2, SCREEN["height"] // 2)
VIEW = "?x=700&y=500&mpp=0.5&r={turn}&show=annotations"
"""A screen pixel is a pixel of level 0, and (700, 500) is in the middle."""


def on_screen(x, y, turn=0):
    """Return where a pixel of level 0 lies on the screen of a view turned clockwise."""
    right, down = x - 700, y - 500
    angle = np.deg2rad(turn)
    return (
        MIDDLE[0] + right * np.cos(angle) - down * np.sin(angle),
        MIDDLE[1] + right * np.sin(angle) + down * np.cos(angle),
    )


def drag(page, *points):
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def options(page):
    return page.get_by_role("listbox", name="annotations").get_by_role("option")


def listed(page, count):
    page.wait_for_function(
        "count => document.querySelectorAll('[role=option]').length === count", arg=count
    )


def exported(page):
    """Return the features of the file that the reader gets."""
    with page.expect_download() as download:
        page.get_by_role("button", name="export").click()
    return json.loads(download.value.path().read_text())["features"]


def has_colour(page, x, y, colour, reach=3):
    """Tell whether the screen has a colour near a place."""
    rows, columns = (slice(round(at) - reach, round(at) + reach + 1) for at in (y, x))
    patch = screen_pixels(page)[rows, columns].astype(int)
    return bool((abs(patch - colour).max(axis=2) < 40).any())


def coloured(page, x, y, colour, is_there=True):
    """Wait until the screen has a colour near a place, or has it no more."""
    for _ in range(40):
        if has_colour(page, x, y, colour) == is_there:
            return
        page.evaluate("() => new Promise(requestAnimationFrame)")
    pytest.fail(f"{colour} is {'not ' if is_there else ''}at {x}, {y}")


@pytest.fixture
def annotate(open_slide):
    def opened(turn=0):
        page = open_slide("first", VIEW.format(turn=turn))
        page.get_by_role("toolbar", name="drawing tools").wait_for()
        return page

    return opened


def test_shapes_are_drawn_listed_undone_and_kept_over_a_reload(annotate):
    page = annotate()
    page.get_by_label("name", exact=True).last.fill("tumour")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="rectangle").click()
    drag(page, on_screen(500, 400), on_screen(600, 480))
    listed(page, 1)
    page.get_by_role("button", name="ellipse").click()
    drag(page, on_screen(650, 400), on_screen(750, 460))
    listed(page, 2)
    page.get_by_role("button", name="polygon").click()
    for corner in [(500, 550), (600, 550)]:
        page.mouse.click(*on_screen(*corner))
    page.mouse.dblclick(*on_screen(550, 620))
    listed(page, 3)
    page.get_by_role("button", name="point").click()
    page.mouse.click(*on_screen(700, 600))
    listed(page, 4)

    page.keyboard.press("Control+z")
    listed(page, 3)
    page.keyboard.press("Control+Shift+z")
    listed(page, 4)

    features = {
        feature["properties"].get("form", feature["geometry"]["type"]): feature
        for feature in exported(page)
    }
    rectangle = features["rectangle"]["geometry"]["coordinates"][0]
    assert sorted(map(tuple, rectangle[:-1])) == [(500, 400), (500, 480), (600, 400), (600, 480)]
    ring = np.array(features["ellipse"]["geometry"]["coordinates"][0])
    assert ring.min(axis=0).tolist() == [650, 400]
    assert ring.max(axis=0).tolist() == [750, 460]
    assert features["Point"]["geometry"]["coordinates"] == [700, 600]
    assert features["Polygon"]["properties"]["label"] == "tumour"
    page.reload()
    listed(page, 4)
    coloured(page, *on_screen(500, 440), BLUE)
    coloured(page, *on_screen(700, 600), BLUE)


@pytest.mark.parametrize("turn", [90, 217.5])
def test_what_is_drawn_on_a_turned_slide_lies_where_it_was_drawn(annotate, turn):
    page = annotate(turn)
    page.get_by_role("button", name="rectangle").click()

    drag(page, on_screen(640, 440, turn), on_screen(720, 520, turn))

    listed(page, 1)
    (feature,) = exported(page)
    ring = np.array(feature["geometry"]["coordinates"][0][:-1])
    expected = np.array([on_screen(*corner, turn) for corner in ring])
    # Straight on the screen, between the corners of the drag.
    assert len({round(x) for x in expected[:, 0]}) == 2
    assert len({round(y) for y in expected[:, 1]}) == 2
    assert min(np.hypot(*(ring - (640, 440)).T)) < 1.5
    assert min(np.hypot(*(ring - (720, 520)).T)) < 1.5


def square(x, y, side, label, color):
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "objectType": "annotation",
            "classification": {"name": label, "color": color},
        },
    }


def choose_file(page, name, text):
    page.locator(".files input").set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": text.encode()}
    )


def test_a_file_of_qupath_is_drawn_selected_merged_and_cut(annotate):
    page = annotate()
    features = [
        square(500, 400, 100, "Tumor", [200, 0, 0]),
        square(560, 440, 100, "Tumor", [200, 0, 0]),
        square(520, 600, 60, "<img src=x onerror=alert(1)>", [0, 160, 0]),
    ]
    choose_file(page, "q.geojson", json.dumps({"type": "FeatureCollection", "features": features}))
    listed(page, 3)
    coloured(page, *on_screen(500, 450), (200, 0, 0))
    coloured(page, *on_screen(580, 630), (0, 160, 0))
    page.get_by_role("button", name="show annotations").click()
    coloured(page, *on_screen(500, 450), (200, 0, 0), is_there=False)
    page.get_by_role("button", name="show annotations").click()
    coloured(page, *on_screen(580, 630), (0, 160, 0))
    assert options(page).last.inner_text().startswith("<img")

    page.mouse.click(*on_screen(520, 420))
    page.locator("[aria-selected=true]").wait_for()
    page.keyboard.down("Shift")
    page.mouse.click(*on_screen(640, 520))
    page.keyboard.up("Shift")
    page.get_by_role("button", name="merge").click()

    listed(page, 2)
    tumour = next(each for each in exported(page) if each["properties"]["label"] == "Tumor")
    assert len(tumour["geometry"]["coordinates"][0]) == 9
    page.get_by_role("button", name="cut a hole").click()
    for corner in [(570, 450), (590, 450)]:
        page.mouse.click(*on_screen(*corner))
    page.mouse.dblclick(*on_screen(590, 480))
    page.wait_for_selector(".ol-viewport[data-tool=edit]")
    tumour = next(each for each in exported(page) if each["properties"]["label"] == "Tumor")
    assert len(tumour["geometry"]["coordinates"]) == 2


def test_shapes_are_moved_and_their_corners_dragged(annotate):
    page = annotate()
    choose_file(page, "one.json", json.dumps([square(500, 400, 100, "x", [0, 0, 200])]))
    listed(page, 1)
    page.keyboard.press("v")
    page.mouse.click(*on_screen(550, 450))
    page.locator("[aria-selected=true]").wait_for()

    drag(page, on_screen(550, 450), on_screen(590, 480))
    coloured(page, *on_screen(640, 480), (0, 0, 200))
    drag(page, on_screen(640, 530), on_screen(680, 560))
    page.wait_for_function("() => document.querySelectorAll('[data-tip^=undo]:enabled').length")
    page.keyboard.press("Escape")

    (feature,) = exported(page)
    corners = np.array(feature["geometry"]["coordinates"][0][:-1])
    expected = np.array([[540, 430], [640, 430], [680, 560], [540, 530]])
    distances = np.hypot(*(corners[:, None] - expected[None]).transpose(2, 0, 1))
    assert distances.min(axis=0).max() < 2
    for _ in range(3):
        page.keyboard.press("Control+z")
    listed(page, 0)


def test_the_list_is_walked_filtered_and_hidden_by_keys(annotate):
    page = annotate()
    features = [
        square(300 + 20 * (i % 20), 300 + 20 * (i // 20), 12, f"n{i}", [9, 9, 9])
        for i in range(300)
    ]
    choose_file(page, "many.json", json.dumps(features))
    page.get_by_text("300 imported").wait_for()
    rows = page.get_by_role("listbox", name="annotations")
    assert options(page).count() < 60

    rows.focus()
    page.keyboard.press("End")
    last = page.get_by_role("option", name="n299, polygon")
    last.wait_for()
    assert last.get_attribute("aria-posinset") == "300"
    assert rows.get_attribute("aria-activedescendant") == last.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_function("() => /x=686&y=586/.test(location.search)")
    page.get_by_role("searchbox", name="filter").fill("n29")
    listed(page, 11)
    page.get_by_role("option", name="n299").get_by_role("button", name="hide").click()
    page.get_by_role("option", name="n299, polygon, hidden").wait_for()
    page.get_by_role("button", name="delete all").click()
    page.get_by_role("button", name="undo").click()
    page.get_by_role("button", name="undo").click()
    listed(page, 0)


def test_a_file_that_is_no_geojson_is_said_and_changes_nothing(annotate):
    page = annotate()

    choose_file(page, "no.json", "<html>")

    page.get_by_text("no.json could not be read as GeoJSON").wait_for()
    listed(page, 0)
