# SPDX-License-Identifier: Apache-2.0
"""OpenSeadragon shows slides by their IIIF and their Deep Zoom sources, with their colours."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import openslide
import pytest
from browser.conftest import REPOSITORY
from browser.harness import SCREEN
from PIL import Image

WIDTH, HEIGHT = 600, 400
"""Of the viewer on the page."""
PATCH = 24
_DRIVER = "GL Driver Message"
"""What WebGL without a graphics card says of its speed when pixels are read."""
_PEERS = REPOSITORY / "tests" / "browser" / "peers" / "node_modules"
_SCRIPT = _PEERS / "openseadragon" / "build" / "openseadragon"
_PAGE = f"""<!doctype html>
<html><head><link rel="icon" href="data:,"><script src="openseadragon.min.js"></script></head>
<body style="margin:0"><div id="viewer" style="width:{WIDTH}px;height:{HEIGHT}px"></div></body>
</html>"""
_OPEN = """async source => {
  const viewer = OpenSeadragon({
    id: 'viewer', tileSources: source, drawer: 'webgl', showNavigationControl: false,
    immediateRender: true, blendTime: 0, animationTime: 0, visibilityRatio: 0,
    minZoomImageRatio: 0, maxZoomPixelRatio: 100,
  })
  window.viewer = viewer
  await new Promise((done, failed) => {
    viewer.addOnceHandler('open', done)
    viewer.addOnceHandler('open-failed', event => failed(new Error(event.message)))
  })
  const { x, y } = viewer.world.getItemAt(0).getContentSize()
  return [x, y]
}"""
_SHOW = """async ([x, y, width, height]) => {
  const item = viewer.world.getItemAt(0)
  viewer.viewport.fitBounds(item.imageToViewportRectangle(x, y, width, height), true)
  viewer.forceRedraw()
  await new Promise(done => {
    const look = () => (item.getFullyLoaded() ? done() : setTimeout(look, 20))
    requestAnimationFrame(() => requestAnimationFrame(look))
  })
  await new Promise(requestAnimationFrame)
  return viewer.drawer.canvas.toDataURL('image/png')
}"""


@pytest.fixture
def osd(browser, archive):
    """Give a page with OpenSeadragon on it, of the origin of the server; its console is clean."""
    if not _SCRIPT.exists():
        pytest.skip("the peers are not installed: run `python hatch_build.py peers`")
    script = (_SCRIPT / "openseadragon.min.js").read_text()
    context = browser.new_context(viewport=SCREEN)
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type in ("error", "warning") and _DRIVER not in message.text
            else None
        ),
    )
    page.route("**/openseadragon/", lambda r: r.fulfill(body=_PAGE, content_type="text/html"))
    page.route(
        "**/openseadragon.min.js",
        lambda r: r.fulfill(body=script, content_type="text/javascript"),
    )
    page.goto(f"{archive.address}/openseadragon/")
    yield page
    context.close()
    assert complaints == []


def shown(page, box):
    """Return what the viewer shows of a box of the image: (HEIGHT, WIDTH, 3)."""
    address = page.evaluate(_SHOW, box)
    png = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def source(path, level, left, top, size):
    """Return (rows, columns, 3) of a level as OpenSlide reads it."""
    with openslide.OpenSlide(str(path)) as slide:
        factor = slide.level_downsamples[level]
        corner = (round(left * factor), round(top * factor))
        return np.asarray(slide.read_region(corner, level, size).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [("iiif/info.json", 3), ("slide.dzi", 3), ("slide.dzi?format=png", 0.01)],
)
@pytest.mark.parametrize("name", ["first", "second"])
def test_the_slide_has_its_size_and_its_colours(archive, osd, name, kind, allowed):
    served = archive.slides[name]
    size = osd.evaluate(_OPEN, f"{archive.address}/tiles/{served.study}/{served.series}/{kind}")

    with openslide.OpenSlide(str(served.source)) as slide:
        assert tuple(size) == slide.dimensions
    found = shown(osd, [200, 150, WIDTH, HEIGHT])
    expected = source(served.source, 0, 200, 150, (WIDTH, HEIGHT))
    for x, y in [(10, 10), (290, 190), (540, 350), (100, 330), (470, 40)]:
        patch = np.s_[y : y + PATCH, x : x + PATCH]
        assert abs(found[patch].mean(axis=(0, 1)) - expected[patch].mean(axis=(0, 1))).max() < 3
        assert abs(found[patch] - expected[patch]).mean() < allowed


@pytest.mark.parametrize("kind", ["iiif/info.json", "slide.dzi"])
def test_a_coarse_view_is_made_of_the_coarser_level(archive, osd, kind):
    served = archive.slides["first"]
    osd.evaluate(_OPEN, f"{archive.address}/tiles/{served.study}/{served.series}/{kind}")

    # A quarter: the second level as it is, 375 x 250.
    found = shown(osd, [0, 0, 4 * WIDTH, 4 * HEIGHT])

    expected = source(served.source, 1, 0, 0, (375, 250))
    for x, y in [(20, 20), (190, 120), (340, 30), (60, 220), (340, 220)]:
        patch = np.s_[y : y + PATCH, x : x + PATCH]
        assert abs(found[patch].mean(axis=(0, 1)) - expected[patch].mean(axis=(0, 1))).max() < 3
        assert abs(found[patch] - expected[patch]).mean() < 8


def test_a_deep_zoom_source_with_parameters_asks_its_tiles_with_them(archive, osd):
    served = archive.slides["first"]
    asked: list[str] = []
    osd.on("request", lambda request: asked.append(request.url))
    address = f"{archive.address}/tiles/{served.study}/{served.series}/slide.dzi?quality=60"

    osd.evaluate(_OPEN, address)
    shown(osd, [0, 0, WIDTH, HEIGHT])

    tiles = [url for url in asked if "/slide_files/" in url]
    assert tiles
    assert all(url.endswith(".jpg?quality=60") for url in tiles), json.dumps(tiles)
