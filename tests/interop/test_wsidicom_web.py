# SPDX-License-Identifier: Apache-2.0
"""wsidicom's web client opens a slide from the server as wsidicom does from the folder."""

from __future__ import annotations

import io
import subprocess

import numpy as np
import openslide
import pydicom
import pytest
import requests
import slides
from servers import command, serving
from wsidicom import WsiDicom, WsiDicomWebClient

from dicomizer.convert import convert

# The web client knows neither concatenations nor HTJ2K.
VARIANTS = ("jpeg_full_pyramid", "jpeg_eot", "jpeg_sparse", "j2k_lossless", "jpegls_lossless")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("wsidicom") / "data") as running:
        yield running


# wsidicom hands pydicom a frame of odd length, cut from a file that is padded as it must be.
@pytest.mark.filterwarnings("ignore:The odd length pixel data is missing a trailing padding byte")
# It does not follow addresses of bulk data either, so that ICC profiles stay behind.
@pytest.mark.filterwarnings("ignore:No bulk data URI handler provided")
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_level_is_that_of_the_folder(server, real_slide, variant):
    folder = real_slide(f"dicom/variants/{variant}")
    subprocess.run(
        command("ingest", str(folder), "--data", str(server.data)),
        check=True,
        capture_output=True,
        timeout=60,
    )
    header = pydicom.dcmread(next(folder.glob("*.dcm")), stop_before_pixels=True)

    with requests.Session() as session, WsiDicom.open(folder) as local:
        client = WsiDicomWebClient.create_client(server.root, auth=session)
        with WsiDicom.open_web(client, header.StudyInstanceUID, header.SeriesInstanceUID) as remote:
            assert [level.size for level in remote.levels] == [level.size for level in local.levels]
            for number, level in enumerate(local.levels):
                size = (min(level.size.width, 700), min(level.size.height, 500))
                expected = local.read_region((0, 0), level.level, size)
                found = remote.read_region((0, 0), remote.levels[number].level, size)

                assert np.array_equal(np.asarray(found), np.asarray(expected))
            if variant == "jpeg_full_pyramid":
                assert np.array_equal(
                    np.asarray(remote.read_label()), np.asarray(local.read_label())
                )
                assert remote.read_overview().size == local.read_overview().size


@pytest.mark.filterwarnings("ignore:The odd length pixel data is missing a trailing padding byte")
@pytest.mark.filterwarnings("ignore:No bulk data URI handler provided")
@pytest.mark.parametrize("color", ["ycbcr420", "rgb"])
def test_what_dicomizer_has_converted_is_had_from_the_server(server, tmp_path, color):
    built = slides.write_svs(tmp_path / "slide.svs", color=color)
    convert(built.path, tmp_path / "out")
    files = [path.read_bytes() for path in sorted((tmp_path / "out").iterdir())]
    assert server.store(*files).status_code == 200
    header = pydicom.dcmread(io.BytesIO(files[0]), stop_before_pixels=True)

    with requests.Session() as session, WsiDicom.open(tmp_path / "out") as local:
        client = WsiDicomWebClient.create_client(server.root, auth=session)
        with WsiDicom.open_web(client, header.StudyInstanceUID, header.SeriesInstanceUID) as remote:
            assert [(level.size.width, level.size.height) for level in remote.levels] == [
                (300, 200),
                (75, 50),
            ]
            found = np.asarray(remote.read_region((100, 50), 0, (150, 100)))
            assert np.array_equal(found, local.read_region((100, 50), 0, (150, 100)))
            expected = built.levels[0][50:150, 100:250].astype(int)
            assert np.abs(found - expected).mean() < 3
        # Not read_label: pydicom takes the bytearray of an uncompressed frame for several values.
        label = pydicom.dcmread(tmp_path / "out" / "label.dcm")
        (frame,) = client.get_frames(
            label.StudyInstanceUID,
            label.SeriesInstanceUID,
            label.SOPInstanceUID,
            [1],
            label.file_meta.TransferSyntaxUID,
        )
        assert frame == slides.picture(87, 63).tobytes()


@pytest.mark.filterwarnings("ignore:The odd length pixel data is missing a trailing padding byte")
@pytest.mark.filterwarnings("ignore:No bulk data URI handler provided")
def test_a_scanner_slide_has_the_colours_that_openslide_reads(server, real_slide, tmp_path):
    source = real_slide("aperio/CMU-1-Small-Region.svs")
    convert(source, tmp_path / "out")
    files = [path.read_bytes() for path in sorted((tmp_path / "out").iterdir())]
    assert server.store(*files).status_code == 200
    header = pydicom.dcmread(io.BytesIO(files[0]), stop_before_pixels=True)

    with requests.Session() as session, openslide.OpenSlide(source) as expected:
        client = WsiDicomWebClient.create_client(server.root, auth=session)
        with WsiDicom.open_web(client, header.StudyInstanceUID, header.SeriesInstanceUID) as remote:
            sizes = [(level.size.width, level.size.height) for level in remote.levels]
            assert sizes[0] == expected.dimensions
            for place in [(0, 0), (1000, 1400), (2220 - 300, 2967 - 200)]:
                found = np.asarray(remote.read_region(place, 0, (300, 200))).astype(int)
                region = expected.read_region(place, 0, (300, 200)).convert("RGB")
                assert np.abs(found - np.asarray(region)).max() <= 2
            macro = expected.associated_images["macro"]
            assert remote.read_overview().size == macro.size
