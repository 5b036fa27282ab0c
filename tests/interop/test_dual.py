# SPDX-License-Identifier: Apache-2.0
"""Instances that are TIFF as well, as readers of either format open them."""

from __future__ import annotations

import io

import build_instance as build
import highdicom
import imagecodecs
import numpy as np
import openslide
import peers
import pytest
import tifffile
from PIL import Image
from pydicom import dcmread
from wsidicom import WsiDicom

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.format import GREY_8, GREY_16
from dicomizer.slide import Flavor, SizePx
from dicomizer.writers import tiff

JPEG, JPEG_2000, NATIVE = (
    TransferSyntax.JPEG_BASELINE,
    TransferSyntax.JPEG_2000_LOSSLESS,
    TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
)
LABEL = SizePx(75, 53)


def jpeg_rgb(index, of):
    """Return a frame whose JPEG stream is not transformed, with the marker that tells so."""
    return imagecodecs.jpeg8_encode(
        build.pixels(index, of), level=95, colorspace="RGB", outcolorspace="RGB"
    )


KINDS = {
    "jpeg": (build.image(), JPEG, build.jpeg, {}),
    "jpeg-rgb": (build.image(), JPEG, jpeg_rgb, {"photometric_interpretation": "RGB"}),
    "jpeg-grey": (build.image(pixel_format=GREY_8), JPEG, build.jpeg, {}),
    "jpeg2000": (build.image(), JPEG_2000, build.jpeg2000, {}),
    "native": (build.image(), NATIVE, build.native, {}),
    "native-16-bit": (build.image(pixel_format=GREY_16), NATIVE, build.native, {}),
    "label": (
        build.image(LABEL, tile_size=LABEL, flavor=Flavor.LABEL),
        JPEG,
        build.jpeg,
        {},
    ),
    "label-native": (
        build.image(LABEL, tile_size=LABEL, flavor=Flavor.LABEL),
        NATIVE,
        build.native,
        {},
    ),
}


def dual(kind, folder):
    of, syntax, frame, changes = KINDS[kind]
    plan = build.instance(of, syntax, dual=True, **changes)
    (file,) = build.write(plan, folder, lambda index: frame(index, of))
    return folder / file.name, of


@pytest.fixture(params=KINDS)
def written(request, tmp_path):
    return dual(request.param, tmp_path)


def check(found, of):
    assert np.abs(np.asarray(found).astype(int) - peers.picture(of)[0]).max() <= peers.JPEG_ERROR


def as_tiff_only(path):
    """Return a copy that no reader takes for DICOM."""
    data = bytearray(path.read_bytes())
    assert data[128:132] == b"DICM"
    data[128:132] = b"TIFF"
    copy = path.with_suffix(".tif")
    copy.write_bytes(data)
    return copy


def test_tifffile_reads_the_picture(written):
    path, of = written

    with tifffile.TiffFile(path) as found:
        (page,) = found.pages
        check(page.asarray(), of)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"jpeg2000"}))
def test_libtiff_reads_the_picture(tmp_path, kind):
    path, of = dual(kind, tmp_path)

    check(imagecodecs.tiff_decode(path.read_bytes()), of)


@pytest.mark.parametrize("kind", ["jpeg", "jpeg-rgb", "jpeg-grey", "native", "label-native"])
def test_pillow_reads_the_picture(tmp_path, kind):
    path, of = dual(kind, tmp_path)

    with Image.open(io.BytesIO(path.read_bytes()), formats=["TIFF"]) as found:
        check(found, of)


@pytest.mark.parametrize("kind", ["jpeg", "jpeg-rgb", "native"])
def test_openslide_reads_the_picture_as_either(tmp_path, kind):
    path, of = dual(kind, tmp_path)

    for file, vendor in ((path, "dicom"), (as_tiff_only(path), "generic-tiff")):
        with openslide.OpenSlide(file) as slide:
            assert slide.properties[openslide.PROPERTY_NAME_VENDOR] == vendor
            assert float(slide.properties[openslide.PROPERTY_NAME_MPP_X]) == pytest.approx(0.25)
            check(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"), of)


def test_pydicom_reads_the_frames(written):
    path, of = written

    frames = (
        dcmread(path).pixel_array.reshape(-1, of.tile_size.height, of.tile_size.width, 3)
        if (of.pixel_format.samples == 3)
        else dcmread(path).pixel_array
    )

    assert len(frames) == of.number_of_frames
    for index, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - build.pixels(index, of)).max() <= peers.JPEG_ERROR


def test_wsidicom_and_highdicom_read_the_picture(tmp_path):
    path, of = dual("jpeg", tmp_path)

    with WsiDicom.open(tmp_path) as slide:
        check(slide.read_region((0, 0), 0, (300, 200)).convert("RGB"), of)
    check(highdicom.imread(path).get_total_pixel_matrix(apply_icc_profile=False), of)


def test_validators_find_nothing(written):
    path, _ = written

    assert peers.dciodvfy(path.parent) == []
    assert peers.dciodvfy(path.parent, "WG26SP2025") == []
    assert peers.dcentvfy(path.parent) == []


def test_tiff_readers_leave_missing_tiles_blank(tmp_path):
    of = build.image(missing=(0, 7))
    build.write(build.instance(of, dual=True), tmp_path, lambda index: build.jpeg(index, of))
    path = tmp_path / "level-0.dcm"
    expected, present = peers.picture(of)

    with tifffile.TiffFile(path) as file:
        found = file.pages[0].asarray()
    with openslide.OpenSlide(as_tiff_only(path)) as slide:
        shown = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))

    for picture in (found, shown):
        assert np.abs(picture.astype(int) - expected)[present].max() <= peers.JPEG_ERROR


def test_each_plane_of_each_path_is_a_page(tmp_path):
    of = build.image(pixel_format=GREY_16, planes=2, paths=2)
    plan = build.instance(of, JPEG_2000, dual=True)
    build.write(plan, tmp_path, lambda index: build.jpeg2000(index, of))

    with tifffile.TiffFile(tmp_path / "level-0.dcm") as found:
        pages = [page.asarray() for page in found.pages]

    expected = [peers.picture(of, plane=z, path=p)[0] for p in (0, 1) for z in (0, 1)]
    assert np.array_equal(pages, expected)


def test_bigtiff_is_read_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff, "_CLASSIC_LIMIT", 1000)

    path, of = dual("jpeg", tmp_path)

    with tifffile.TiffFile(path) as found:
        assert found.is_bigtiff
        check(found.pages[0].asarray(), of)
    check(imagecodecs.tiff_decode(path.read_bytes()), of)
    with openslide.OpenSlide(as_tiff_only(path)) as slide:
        check(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"), of)
