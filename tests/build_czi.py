# SPDX-License-Identifier: Apache-2.0
"""Zeiss CZI written by pylibCZIrw itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slides
from pylibCZIrw import czi


def brightfield(
    path: Path, *, scenes: int = 1, compression: str = "uncompressed:"
) -> list[slides.Pixels]:
    """Write scenes of 700 x 600 pixels in colour, far apart, and return their pixels."""
    pictures = []
    with czi.create_czi(str(path)) as file:
        for scene in range(scenes):
            picture = np.roll(slides.picture(700, 600), 50 * scene, axis=1)
            pictures.append(picture)
            file.write(
                data=np.ascontiguousarray(picture[..., ::-1]),
                location=(scene * 5000 + 30, 10),
                scene=scene,
                compression_options=compression,
            )
        file.write_metadata(scale_x=0.22e-6, scale_y=0.22e-6)
    return pictures


def sparse(path: Path) -> None:
    """Write one scene with two tiles in opposite corners."""
    with czi.create_czi(str(path)) as file:
        for place in (0, 1300):
            file.write(data=slides.picture(200, 200), location=(place, place))
        file.write_metadata(scale_x=0.22e-6, scale_y=0.22e-6)


def fluorescence(path: Path, *, bits: int = 16) -> None:
    """Write two channels in three planes."""
    display = {
        number: czi.ChannelDisplaySettingsDataClass(
            True, czi.TintingMode.Color, czi.Rgb8Color(*color), 0.0, 1.0
        )
        for number, color in enumerate([(0, 0, 255), (0, 255, 0)])
    }
    with czi.create_czi(str(path)) as file:
        for channel in range(2):
            for plane in range(3):
                file.write(
                    data=plane_pixels(channel, plane, bits), plane={"C": channel, "Z": plane}
                )
        file.write_metadata(
            channel_names={0: "DAPI", 1: "FITC"},
            scale_x=0.5e-6,
            scale_y=0.25e-6,
            scale_z=2e-6,
            display_settings=display,
        )


def plane_pixels(channel: int, plane: int, bits: int = 16) -> np.ndarray:
    """Return (300, 400, 1), different for each channel and plane."""
    y, x = np.mgrid[0:300, 0:400]
    values = x * 17 + y * 31 + channel * 5000 + plane * 900
    return values.astype(np.uint16 if bits == 16 else np.uint8)[..., None]
