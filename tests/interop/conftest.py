# SPDX-License-Identifier: Apache-2.0
"""Slides converted once for all peers: built ones, and the real ones where they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import slides

from dicomizer.convert import convert
from dicomizer.dicom.schema.files import read_metadata
from dicomizer.options import ConvertOptions
from dicomizer.slide import SpacingMm
from dicomizer.writers import pixel_data


@dataclass(frozen=True)
class Converted:
    """A slide file, and the folder of its instances."""

    source: Path
    folder: Path

    @property
    def instances(self) -> list[Path]:
        return sorted(self.folder.iterdir())


CASES = (
    "ycbcr",
    "rgb",
    "ycbcr444",
    "tiled-tiff",
    "with-metadata",
    "extended-offset-table",
    "aperio/CMU-1-Small-Region.svs",
    "benchmark/mosaic_20k.svs",
    "aperio/small.svs",
    "generic-tiff/wsic-CMU-1-Small-Region.jpeg.tiff",
)


def _build(case: str, folder: Path) -> Path:
    if case == "tiled-tiff":
        return slides.write_tiled_tiff(folder / "slide.tif").path
    color = {"rgb": "rgb", "ycbcr444": "ycbcr444"}.get(case, "ycbcr420")
    return slides.write_svs(folder / "slide.svs", color=color).path


@pytest.fixture(scope="session")
def converted(request, tmp_path_factory, real_slide) -> Converted:
    """Convert the slide that the test's parameter names."""
    case = request.param
    folder = tmp_path_factory.mktemp("interop")
    source = real_slide(case) if "/" in case else _build(case, folder)
    metadata = request.config.rootpath / "samples" / "metadata.json"
    options = ConvertOptions(
        spacing=SpacingMm.from_mpp(0.499, 0.499) if "generic-tiff" in case else None,
        **({"metadata": read_metadata(metadata)} if case == "with-metadata" else {}),
    )
    with pytest.MonkeyPatch.context() as patch:
        if case == "extended-offset-table":
            # What is meant for more than 4 GiB, on a small slide.
            patch.setattr(pixel_data, "_EXTENDED_TABLE_THRESHOLD", 0)
        convert(source, folder / "out", options)
    return Converted(source, folder / "out")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that asks for a converted slide on all of them."""
    if "converted" in metafunc.fixturenames:
        metafunc.parametrize("converted", CASES, indirect=True, scope="session")
