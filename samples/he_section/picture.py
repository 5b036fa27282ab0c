# SPDX-License-Identifier: Apache-2.0
"""The picture that a scanner takes of the section: stain, light, glass, dust and a little blur.

Stains absorb as Beer and Lambert say: each takes its part of red, green and blue, and amounts
add up. The vectors of absorption are typical of haematoxylin and eosin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from he_section.anatomy import Anatomy, Slide, anatomy
from he_section.noise import smoothstep
from he_section.stamps import Ellipses, stamped
from he_section.tissue import Stains, stains
from he_section.window import Plane, Window

Pixels = NDArray[np.uint8]

HAEMATOXYLIN = (1.15, 1.32, 0.62)
EOSIN = (0.12, 1.02, 0.52)
BLOOD = (0.14, 1.05, 1.02)
DUST = (1.0, 1.05, 1.1)
GLASS = (243.0, 243.0, 244.0)
Vector = tuple[float, float, float]

_BLUR = 1
# No tissue is farther outside of its coarse border.
_FRINGE_UM = 10.0


def picture(slide: Slide, left: int, top: int, width: int, height: int) -> Pixels:
    """Return a rectangle of the slide, (height, width, 3) uint8 RGB."""
    window = Window(left, top, width, height, slide.mpp)
    wide = window.grown(_BLUR)
    fields = anatomy(slide, wide)
    dust = _dust(slide, wide)
    absorbers = [(dust, DUST)]
    if fields.full("outside", wide).min() < _FRINGE_UM:
        amounts = _seen(slide, fields, wide)
        absorbers += [(amounts.haematoxylin, HAEMATOXYLIN), (amounts.eosin, EOSIN)]
        absorbers += [(amounts.blood, BLOOD)]
    blurred = [(_blurred(plane), vector) for plane, vector in absorbers if plane.any()]
    return _exposed(slide, window, blurred)


def _seen(slide: Slide, fields: Anatomy, window: Window) -> Stains:
    """Return the stains, cut off at the border of the tissue and doubled in the fold."""
    amounts = stains(slide, fields, window)
    outside = fields.full("outside", window)
    outside += 4 * slide.noise.field("fringe", window, 13)
    outside += 1.3 * slide.noise.field("edge", window, 3.1)
    border = smoothstep(-outside, -0.3, 1.6)
    border *= 1 + 0.25 * smoothstep(outside, -9, -1)
    thick = border
    fold = fields.full("fold", window)
    if fold.min() < 50:
        thick = border * (1 + 0.65 * (1 - smoothstep(fold, 26, 30)) - 0.12 * _beside(fold))
    amounts.eosin *= thick * fields.full("eosin", window)
    amounts.haematoxylin *= thick * fields.full("haematoxylin", window)
    amounts.blood *= border
    return amounts


def _beside(fold: Plane) -> Plane:
    """The section is stretched thin next to the fold."""
    return smoothstep(fold, 28, 33) * (1 - smoothstep(fold, 33, 50))


def _dust(slide: Slide, window: Window) -> Plane:
    """Rare specks and fibres on the glass."""
    points = slide.noise.scattered("dust", window, 420, 30)

    def number(name: str) -> Plane:
        return slide.noise.uniform(f"dust {name}", points.column, points.row)

    kept = number("kept") < 0.10
    long = (number("long") < 0.3).astype(np.float32)
    specks = Ellipses(
        x=points.x,
        y=points.y,
        half_length=1.5 + 3 * number("size") + 14 * long * number("length"),
        half_width=1.0 + 1.2 * number("width") * (1 - long),
        angle=np.float32(np.pi) * number("angle"),
        bend=6 * long * (number("bend") - 0.5),
        ink=0.25 + 0.45 * number("ink"),
        rim=0.3 * number("rim"),
    )[kept]
    return stamped(window, specks)


def _blurred(plane: Plane) -> Plane:
    """Return the plane without its margin, smoothed a little as by a lens."""
    tall = plane[:-2] + 1.6 * plane[1:-1] + plane[2:]
    smooth: Plane = tall[:, :-2] + np.float32(1.6) * tall[:, 1:-1] + tall[:, 2:]
    smooth *= np.float32(1 / 3.6**2)
    return smooth


def _exposed(slide: Slide, window: Window, absorbers: list[tuple[Plane, Vector]]) -> Pixels:
    light = 1 + 0.006 * slide.noise.field("shading", window, 2600)
    light += 0.004 * slide.noise.field("sensor", window, 1.4 * slide.mpp)
    pixels = np.empty((*window.shape, 3), np.uint8)
    for channel, white in enumerate(GLASS):
        absorbed = np.zeros(window.shape, np.float32)
        for plane, vector in absorbers:
            absorbed -= plane * np.float32(vector[channel])
        value = np.exp(absorbed) * light * np.float32(white)
        pixels[..., channel] = np.clip(value + np.float32(0.5), 0, 255)
    return pixels
