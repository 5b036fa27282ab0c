# SPDX-License-Identifier: Apache-2.0
"""Where on the slide is what: the piece of bowel wall that the section goes through.

From the inner surface outwards: mucosa with crypts, submucosa with vessels and fat, muscle; a
tumour grows across them. These are slow fields, computed on a grid of 8 micrometres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_section.noise import Noise, smoothstep
from he_section.window import Axis, Plane, Window, enlarged, sampled

GRID_UM = 8.0
REACH_UM = 460.0


@dataclass(frozen=True, slots=True)
class Slide:
    """What is to be drawn: the size of the slide in pixels, their size, and the randomness."""

    width: int
    height: int
    mpp: float
    noise: Noise

    @property
    def extent_um(self) -> float:
        """The shorter side."""
        return min(self.width, self.height) * self.mpp


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Slow fields around a window, each a plane of the coarse grid."""

    window: Window
    outside: Plane
    """Micrometres from the border of the tissue; negative in it."""
    mucosa: Plane
    tumour: Plane
    muscle: Plane
    fat: Plane
    lymph: Plane
    fold: Plane
    """Micrometres from the middle of the fold."""
    bundle: Plane
    """-1 to 1, near 0 between bundles of muscle."""
    across: Plane
    """Micrometres across the fibres: they run where it stays the same."""
    eosin: Plane
    haematoxylin: Plane

    def full(self, name: str, window: Window) -> Plane:
        """Return a field at the pixels of a window."""
        return enlarged(getattr(self, name), self.window, window)

    def at(self, name: str, x: Axis, y: Axis) -> Plane:
        """Return a field at points."""
        return sampled(getattr(self, name), self.window, x, y)

    def direction(self, name: str, x: Axis, y: Axis) -> Plane:
        """Return the angle in which a field rises fastest at points."""
        step = GRID_UM
        dx = self.at(name, x + step, y) - self.at(name, x - step, y)
        dy = self.at(name, x, y + step) - self.at(name, x, y - step)
        angle: Plane = np.arctan2(dy, dx)
        return angle


def anatomy(slide: Slide, window: Window) -> Anatomy:
    """Return the slow fields around a window."""
    noise, extent = slide.noise, slide.extent_um
    coarse = window.coarse(GRID_UM, REACH_UM)
    p, q = _normal(coarse.x, slide.width * slide.mpp), _normal(coarse.y, slide.height * slide.mpp)
    layer = _layer(slide, coarse, p, q)
    # So small a piece is a biopsy: mostly mucosa, and no outer muscle.
    thin = float(extent < 2000)
    tumour = _tumour(slide, coarse, p, q)
    muscle = smoothstep(layer, 0.36 + thin, 0.42 + thin)
    muscle = np.maximum(muscle, _muscularis_mucosae(layer, thin, extent)) * (1 - tumour)
    mucosa = 1 - smoothstep(layer, -0.12 + 0.3 * thin, -0.07 + 0.3 * thin)
    fat = _fat(slide, coarse, layer) * (1 - mucosa) * (1 - muscle) * (1 - tumour)
    return Anatomy(
        window=coarse,
        outside=_outside(slide, coarse, p, q),
        mucosa=mucosa * (1 - tumour),
        tumour=tumour,
        muscle=muscle,
        fat=fat,
        lymph=_lymph(slide, coarse, mucosa) * (1 - 0.9 * np.maximum(muscle, fat)),
        fold=_fold(slide, coarse),
        bundle=_bundle(slide, coarse),
        across=_across(slide, coarse),
        eosin=1 + 0.16 * noise.field("eosin", coarse, extent / 2.7),
        haematoxylin=1 + 0.12 * noise.field("haematoxylin", coarse, extent / 3.1),
    )


def _normal(position: Axis, size_um: float) -> Plane:
    return (2 * position / size_um - 1).astype(np.float32)


def _layer(slide: Slide, window: Window, p: Plane, q: Plane) -> Plane:
    """How deep in the wall of the bowel, from about -1 at the inner surface to 1."""
    layer: Plane = 0.16 * slide.noise.field("layer", window, slide.extent_um / 2.3)
    layer += 0.05 * slide.noise.field("fine layer", window, slide.extent_um / 9)
    layer += q[:, None] + 0.16 * p[None, :]
    return layer


def _outside(slide: Slide, window: Window, p: Plane, q: Plane) -> Plane:
    noise, extent = slide.noise, slide.extent_um
    power = np.float32(2.7)
    radius = (np.abs(p[None, :]) ** power + np.abs(q[:, None]) ** power) ** (1 / power)
    outside: Plane = ((radius - 0.74) * (extent / 2)).astype(np.float32)
    for divisor, part in ((2.9, 0.13), (7.0, 0.05), (17.0, 0.022)):
        outside += part * extent * noise.field(f"outline {divisor}", window, extent / divisor)
    # The scanned area goes a little beyond the tissue on every side.
    side = np.maximum(np.abs(p[None, :]), np.abs(q[:, None])) - np.float32(0.93)
    np.maximum(outside, side * np.float32(extent / 2), out=outside)
    outside += min(26.0, 0.03 * extent) * noise.field("outline lobes", window, 120)
    outside += 10 * noise.field("outline villi", window, 42)
    return outside


def _tumour(slide: Slide, window: Window, p: Plane, q: Plane) -> Plane:
    middle = slide.noise.uniform("tumour", np.arange(2), np.zeros(2, np.int64)) - 0.5
    square = (p[None, :] - middle[0]) ** 2 * 2.2 + (q[:, None] + 0.05 - 0.4 * middle[1]) ** 2 * 2.2
    swell = 0.75 - square + 0.55 * slide.noise.field("tumour", window, slide.extent_um / 4)
    swell += 0.18 * slide.noise.field("tumour edge", window, slide.extent_um / 14)
    return smoothstep(swell, 0.30, 0.42)


def _muscularis_mucosae(layer: Plane, thin: float, extent: float) -> Plane:
    """The thin muscle below the mucosa, about 60 micrometres."""
    half = 70 / extent
    middle = 0.3 * thin - 0.07 + half
    return 1 - smoothstep(np.abs(layer - np.float32(middle)), 0.6 * half, 1.2 * half)


def _fat(slide: Slide, window: Window, layer: Plane) -> Plane:
    band = 1 - np.abs(layer - np.float32(0.17)) * 3
    lobes = slide.noise.field("fat", window, min(420.0, slide.extent_um / 4))
    lobes += 0.35 * slide.noise.field("lobes", window, 90)
    lobes += 0.16 * slide.noise.field("small lobes", window, 34)
    return smoothstep(band + lobes, 1.0, 1.12)


def _lymph(slide: Slide, window: Window, mucosa: Plane) -> Plane:
    field = slide.noise.field("lymph", window, min(210.0, slide.extent_um / 4))
    wide = slide.noise.field("wide lymph", window, slide.extent_um / 3)
    rough = slide.noise.field("rough lymph", window, 40)
    border = 4 * mucosa * (1 - mucosa)
    return smoothstep(field + 0.5 * wide + 0.25 * border + 0.25 * rough, 0.65, 1.25)


def _bundle(slide: Slide, window: Window) -> Plane:
    noise = slide.noise
    return noise.field("bundle", window, 190) + 0.45 * noise.field("small bundle", window, 70)


def _fold(slide: Slide, window: Window) -> Plane:
    """A bent line through the tissue, ending by a growing distance."""
    noise, extent = slide.noise, slide.extent_um
    x, y = window.x.astype(np.float32)[None, :], window.y.astype(np.float32)[:, None]
    turn, place = noise.uniform("fold", np.arange(2), np.ones(2, np.int64))
    angle = np.float32(0.9) + turn
    dx = x - np.float32(slide.width * slide.mpp * (0.22 + 0.12 * place))
    dy = y - np.float32(slide.height * slide.mpp * 0.55)
    across = dx * np.sin(angle) - dy * np.cos(angle)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    bend = np.float32(0.05 * extent) * noise.field("fold", window, extent / 4)
    bend += 9 * noise.field("fold edge", window, 60)
    tip = np.maximum(np.abs(along) - np.float32(0.16 * extent), 0) * np.float32(0.5)
    fold: Plane = np.abs(across + bend) + tip
    return fold


def _across(slide: Slide, window: Window) -> Plane:
    noise = slide.noise
    across: Plane = 300 * noise.field("fibres 700", window, 700)
    across += 0.8 * window.y.astype(np.float32)[:, None]
    across += 75 * noise.field("fibres 170", window, 170)
    across += 14 * noise.field("fibres 40", window, 40)
    return across
