# SPDX-License-Identifier: Apache-2.0
"""dicom-microscopy-viewer, which Slim and OHIF show slides with, shows ours with their colours."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import openslide
import pytest
from browser.conftest import REPOSITORY
from browser.harness import Archive, Served, screen_pixels
from browser.test_slide import PATCH, source_pixels
from PIL import Image
from servers import serving
from wsidicom import WsiDicom

WIDTH, HEIGHT = 800, 600
"""Of the viewer on the page; its upper left corner has an overview, the lower right a scale."""
PLACES = ((0, 0), (-180, -90), (250, -250), (-300, 200), (200, 150))
"""From the middle of the view, in pixels."""
PEERS = REPOSITORY / "tests" / "browser" / "peers" / "node_modules"
_VIEWER = PEERS / "dicom-microscopy-viewer" / "dist" / "dynamic-import"
_CLIENT = PEERS / "dicomweb-client" / "build"
_PAGE = f"""<!doctype html>
<html><head><meta charset="utf-8"><link rel="icon" href="data:,">
<script src="/peers/dicomweb-client.js"></script>
<script src="/peers/dicomMicroscopyViewer.min.js"></script></head>
<body style="margin:0"><div id="viewer" style="width:{WIDTH}px;height:{HEIGHT}px"></div></body>
</html>"""
# Slim's way to a slide: the metadata of the series, and of these the images of the pyramid. The
# map of OpenLayers within is private; its view is what a reader moves with the mouse.
_OPEN = """async ([studyInstanceUID, seriesInstanceUID, origin = location.origin]) => {
  const { metadata, viewer } = dicomMicroscopyViewer
  const client = new DICOMwebClient.api.DICOMwebClient({ url: `${origin}/dicomweb` })
  const found = await client.retrieveSeriesMetadata({ studyInstanceUID, seriesInstanceUID })
  const images = found.map(item => new metadata.VLWholeSlideMicroscopyImage({ metadata: item }))
  const volume = images.filter(image => ['VOLUME', 'THUMBNAIL'].includes(image.ImageType[2]))
  const shown = new viewer.VolumeImageViewer({ client, metadata: volume, controls: [] })
  const map = shown[Object.getOwnPropertySymbols(shown).find(one => one.description === 'map')]
  window.drawn = () => new Promise((done, failed) => {
    map.once('rendercomplete', done)
    setTimeout(() => failed(new Error('not drawn within 20 seconds')), 20_000)
  })
  window.view = map.getView()
  const first = drawn()
  shown.render({ container: 'viewer' })
  await first
  return shown.numLevels
}"""
# Slim's strip of slides: overview and label come as rendered pictures, made smaller by the server.
_OPEN_ASSOCIATED = """async ([studyInstanceUID, seriesInstanceUID, flavor, resizeFactor]) => {
  const { metadata, viewer } = dicomMicroscopyViewer
  const client = new DICOMwebClient.api.DICOMwebClient({ url: `${location.origin}/dicomweb` })
  const found = await client.retrieveSeriesMetadata({ studyInstanceUID, seriesInstanceUID })
  const image = found
    .map(item => new metadata.VLWholeSlideMicroscopyImage({ metadata: item }))
    .find(item => item.ImageType[2] === flavor)
  const Viewer = flavor === 'LABEL' ? viewer.LabelImageViewer : viewer.OverviewImageViewer
  const shown = new Viewer({ client, metadata: image, includeIccProfile: true, resizeFactor })
  const map = shown[Object.getOwnPropertySymbols(shown).find(one => one.description === 'map')]
  const view = map.getView()
  const [left, bottom, right, top] = view.getProjection().getExtent()
  const container = document.getElementById('viewer')
  container.style.width = `${(right - left) / view.getMaxResolution()}px`
  container.style.height = `${(top - bottom) / view.getMaxResolution()}px`
  view.setRotation(0)
  const after = new Promise((done, failed) => {
    map.once('rendercomplete', done)
    setTimeout(() => failed(new Error('not drawn within 20 seconds')), 20_000)
  })
  shown.render({ container })
  await after
  return [container.clientWidth, container.clientHeight]
}"""
# Columns go right from 0, rows go down from -1.
_SHOW = """async ([x, y, resolution]) => {
  const after = drawn()
  view.setRotation(0)
  view.setCenter([x, -1 - y])
  view.setResolution(resolution)
  await after
}"""


@pytest.fixture
def viewer_page(page: Any, archive: Archive) -> Iterator[Any]:
    """Give a page with the viewer on it, of the origin of the server, which answers it all."""
    if not _VIEWER.exists():
        pytest.skip("the peers are not installed: run `python hatch_build.py peers`")
    log = archive.work / "server.log"
    before = log.stat().st_size

    def give(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        route.fulfill(path=(_CLIENT if name.startswith("dicomweb") else _VIEWER) / name)

    page.route("**/peers/*", give)
    # Where the viewer looks for its worker and for the decoders of the worker.
    page.route("**/static/js/*", give)
    page.route("**/peers/", lambda route: route.fulfill(body=_PAGE, content_type="text/html"))
    page.goto(f"{archive.address}/peers/")
    yield page
    answered = re.findall(r"path=(/dicomweb\S*) status=(\d+)", log.read_text()[before:])
    assert {status for _, status in answered} <= {"200"}


def opened(page: Any, served: Served) -> int:
    """Open a slide; return the number of levels that the viewer sees."""
    return int(page.evaluate(_OPEN, [served.study, served.series]))


def assert_same_colours(page: Any, x: int, y: int, read: Callable[[int, int], Any]) -> None:
    """Compare patches around a place of the finest level with what another reader gives."""
    drawn = screen_pixels(page).astype(int)
    for right, down in PLACES:
        column, row = WIDTH // 2 + right, HEIGHT // 2 + down
        patch = drawn[row : row + PATCH, column : column + PATCH]
        expected = read(x + right, y + down)
        assert abs(patch.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max() < 3
        assert abs(patch - expected).mean() < 4


def openslide_reader(served: Served) -> Callable[[int, int], Any]:
    return lambda left, top: source_pixels(served.source, 0, left, top, PATCH)


@pytest.mark.parametrize("name", ["first", "second"])
def test_pixels_at_full_resolution_are_those_of_the_source(archive, viewer_page, name):
    served = archive.slides[name]

    assert opened(viewer_page, served) == 2
    viewer_page.evaluate(_SHOW, [450, 350, 1])

    assert_same_colours(viewer_page, 450, 350, openslide_reader(served))


def test_a_scanner_slide_has_its_colours(archive, viewer_page, real_slide):
    source = real_slide("aperio/CMU-1-Small-Region.svs")
    served = archive.add("cmu-peer", source, {"container": {"identifier": "CMU-1"}})

    opened(viewer_page, served)
    viewer_page.evaluate(_SHOW, [1400, 1200, 1])

    assert_same_colours(viewer_page, 1400, 1200, openslide_reader(served))


# wsidicom hands pydicom a frame of odd length, cut from a file that is padded as it must be.
@pytest.mark.filterwarnings("ignore:The odd length pixel data is missing a trailing padding byte")
@pytest.mark.parametrize("variant", ["jpeg_full_pyramid", "jpegls_lossless"])
def test_dicom_of_another_converter_has_its_colours(archive, viewer_page, real_slide, variant):
    folder = real_slide(f"dicom/variants/{variant}")
    served = archive.ingest(f"{variant}-peer", folder, folder)

    opened(viewer_page, served)
    viewer_page.evaluate(_SHOW, [700, 500, 1])

    with WsiDicom.open(folder) as slide:
        assert_same_colours(
            viewer_page,
            700,
            500,
            lambda left, top: np.asarray(slide.read_region((left, top), 0, (PATCH, PATCH))),
        )


def test_a_page_of_another_origin_shows_a_slide(archive, viewer_page, tmp_path):
    served = archive.slides["first"]
    # The page is not from the network at all, which is no local one to the browser.
    viewer_page.context.grant_permissions(["local-network-access"])
    with serving(tmp_path / "data", "--cors-origins", archive.address) as server:
        files = [path.read_bytes() for path in served.folder.glob("*.dcm")]
        assert server.store(*files).status_code == 200

        viewer_page.evaluate(_OPEN, [served.study, served.series, server.address])
        viewer_page.evaluate(_SHOW, [450, 350, 1])

        assert_same_colours(viewer_page, 450, 350, openslide_reader(served))
        log = server.log.read_text()
    assert set(re.findall(r"path=/dicomweb/\S* status=(\d+)", log)) == {"200"}


@pytest.mark.parametrize(
    ("flavor", "name", "factor"), [("OVERVIEW", "macro", 0.5), ("LABEL", "label", 1)]
)
def test_overview_and_label_are_rendered_pictures(archive, viewer_page, flavor, name, factor):
    served = archive.slides["first"]
    with openslide.OpenSlide(str(served.source)) as slide:
        source = slide.associated_images[name].convert("RGB")
    size = (int(source.width * factor), int(source.height * factor))

    with viewer_page.expect_response("**/rendered*") as answered:
        shape = viewer_page.evaluate(
            _OPEN_ASSOCIATED, [served.study, served.series, flavor, factor]
        )

    picture = Image.open(io.BytesIO(answered.value.body()))
    assert (picture.format, picture.size) == ("PNG", size)
    expected = np.asarray(source.resize(size, Image.Resampling.BOX)).astype(int)
    assert abs(np.asarray(picture) - expected).mean() < 3
    # The viewer shows small pictures magnified.
    drawn = Image.fromarray(screen_pixels(viewer_page)[: shape[1], : shape[0]])
    again = np.asarray(drawn.resize(size, Image.Resampling.BOX))
    assert abs(again - expected).mean() < 8
