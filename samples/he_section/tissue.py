# SPDX-License-Identifier: Apache-2.0
"""How much of each stain is where: stroma, muscle, fat, epithelium, nuclei and blood together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from he_section import cells, gland_planes, glands, vessels
from he_section.noise import Noise, smoothstep
from he_section.stamps import stamped

if TYPE_CHECKING:
    from he_section.anatomy import Anatomy, Slide
    from he_section.gland_planes import GlandPlanes
    from he_section.window import Plane, Window

_FAT_PITCH_UM = 62.0


@dataclass(slots=True)
class Stains:
    """Amounts of stain at the pixels of a window; about 1 is strong."""

    haematoxylin: Plane
    eosin: Plane
    blood: Plane


def stains(slide: Slide, fields: Anatomy, window: Window) -> Stains:
    """Return what the section holds at the pixels of a window."""
    noise = slide.noise
    found_glands = glands.glands(noise, fields, window, cells.REACH_UM)
    found_vessels = vessels.vessels(noise, fields, window, cells.REACH_UM)
    scene = cells.Scene(noise, fields, found_glands, found_vessels, window)
    planes = gland_planes.drawn(found_glands, window)
    ground = _stroma(noise, fields, window, planes)
    _add_fat(ground, noise, fields, window)
    _add_vessels(ground, scene)
    if len(found_glands):
        _add_epithelium(ground, scene, planes)
    _add_surface(ground, scene)
    _add_nuclei(ground, scene)
    return ground


def _stroma(noise: Noise, fields: Anatomy, window: Window, planes: GlandPlanes) -> Stains:
    """Collagen in wavy bundles with clefts, and muscle, denser and straighter."""
    across = fields.full("across", window)
    across += 3 * noise.field("crimp", window, 14)
    across += 0.45 * np.clip(planes.depth + 20, 0, 20)
    along = np.broadcast_to(window.x.astype(np.float32)[None, :], window.shape)
    along = along + across * np.float32(0.3)
    bundles = noise.streaks(along * np.float32(1 / 48), across * np.float32(1 / 6.5))
    fibres = noise.streaks(along * np.float32(1 / 15), across * np.float32(1 / 1.7))
    muscle = fields.full("muscle", window)
    tumour = fields.full("tumour", window)
    mucosa = fields.full("mucosa", window)
    density = 0.62 * bundles + 0.38 * fibres
    collagen = smoothstep(density, 0.16, 0.62) * (0.42 + 0.55 * fibres)
    collagen *= 1 - 0.42 * mucosa
    collagen += 0.10 * tumour
    bulk = 0.52 + 0.22 * fibres + 0.16 * smoothstep(bundles, 0.08, 0.3)
    if muscle.any():
        septum = smoothstep(np.abs(fields.full("bundle", window)), 0.02, 0.11)
        bulk *= 0.35 + 0.65 * septum
    eosin = collagen + muscle * (bulk - collagen)
    haze = 0.03 + 0.05 * bundles + 0.07 * mucosa + 0.04 * tumour + 0.03 * muscle
    return Stains(haze.astype(np.float32), eosin, np.zeros(window.shape, np.float32))


def _add_fat(ground: Stains, noise: Noise, fields: Anatomy, window: Window) -> None:
    """Fat cells, emptied by the solvents: only their thin walls are left."""
    fat = smoothstep(fields.full("fat", window), 0.3, 0.6)
    if not fat.any():
        return
    wall = _fat_walls(noise, window)
    ground.eosin += fat * (0.04 + 0.75 * wall - ground.eosin)
    ground.haematoxylin *= 1 - fat * (1 - wall)


def _fat_walls(noise: Noise, window: Window) -> Plane:
    """Return 1 where the two nearest of scattered middles are equally far."""
    points = noise.scattered("fat cell", window, _FAT_PITCH_UM, 2 * _FAT_PITCH_UM, jitter=0.75)
    nearest = np.full(window.shape, 1e6, np.float32)
    second = nearest.copy()
    reach = 1.6 * _FAT_PITCH_UM
    for x, y in zip(points.x, points.y, strict=True):
        rows = slice(*np.searchsorted(window.y, (y - reach, y + reach)))
        columns = slice(*np.searchsorted(window.x, (x - reach, x + reach)))
        dx = (window.x[columns] - x).astype(np.float32)[None, :]
        dy = (window.y[rows] - y).astype(np.float32)[:, None]
        distance = np.sqrt(dx * dx + dy * dy)
        first, other = nearest[rows, columns], second[rows, columns]
        np.minimum(other, np.maximum(first, distance), out=other)
        np.minimum(first, distance, out=first)
    return 1 - smoothstep(second - nearest, 0.8, 3.2)


def _add_vessels(ground: Stains, scene: cells.Scene) -> None:
    if not len(scene.vessels.x):
        return
    wall, lumen = vessels.drawn(scene.vessels, scene.window)
    ground.eosin += wall * (0.68 - ground.eosin)
    ground.eosin *= 1 - 0.97 * lumen
    ground.haematoxylin *= 1 - 0.97 * lumen
    red = vessels.red_cells(scene.noise, scene.vessels, scene.window)
    if len(red):
        ground.blood = stamped(scene.window, red) * lumen


def _add_epithelium(ground: Stains, scene: cells.Scene, planes: GlandPlanes) -> None:
    noise, window = scene.noise, scene.window
    grain = noise.field("cytoplasm", window, 3.4)
    inside = smoothstep(planes.depth, -0.7, 0.9)
    lumen = smoothstep(planes.depth - planes.wall + 0.9 * grain, -0.9, 0.9)
    rise = np.clip(planes.depth / planes.wall, 0, 1)
    streaks = noise.streaks(planes.around * np.float32(1 / 3.1), rise * np.float32(1.3))
    eosin = 0.36 + 0.14 * streaks + 0.05 * grain + 0.09 * planes.of_tumour
    eosin += 0.16 * smoothstep(rise, 0.86, 0.99)
    haematoxylin = 0.10 + 0.06 * streaks + 0.13 * planes.of_tumour * (1 - 0.5 * rise)
    drops = stamped(window, cells.vacuoles(scene))
    eosin = eosin * (1 - 0.80 * drops)
    haematoxylin = haematoxylin * (1 - 0.55 * drops) + 0.05 * drops
    secretion = _secretion(noise, window, planes)
    eosin += lumen * (secretion - eosin)
    haematoxylin += lumen * (0.45 * secretion - haematoxylin)
    rim = smoothstep(planes.depth, -3.2, -1.2) * (1 - inside)
    ground.eosin += rim * (0.5 - ground.eosin) * 0.7 + inside * (eosin - ground.eosin)
    ground.haematoxylin += inside * (haematoxylin - ground.haematoxylin)


def _secretion(noise: Noise, window: Window, planes: GlandPlanes) -> Plane:
    """Wisps of mucin in crypts, denser debris in glands of the tumour."""
    clouds = noise.field("secretion", window, 17) + 0.5 * noise.field("wisps", window, 4.5)
    secretion: Plane = smoothstep(clouds, 0.25, 1.1) * (0.13 + 0.2 * planes.of_tumour)
    secretion += np.float32(0.02)
    return secretion


def _add_surface(ground: Stains, scene: cells.Scene) -> None:
    """The epithelium on the mucosa, 25 micrometres from the border of the tissue."""
    outside = scene.fields.full("outside", scene.window)
    mucosa = scene.fields.full("mucosa", scene.window)
    cover = smoothstep(outside, -26, -24) * smoothstep(mucosa, 0.3, 0.6)
    if not cover.any():
        return
    edge = smoothstep(outside, -4, -1)
    ground.eosin += cover * (0.36 + 0.2 * edge - ground.eosin)
    ground.haematoxylin += cover * (0.12 - ground.haematoxylin)


def _add_nuclei(ground: Stains, scene: cells.Scene) -> None:
    drawn = stamped(scene.window, cells.nuclei(scene))
    chromatin = scene.noise.field("chromatin", scene.window, 1.5)
    drawn *= 1 + 0.32 * chromatin
    ground.haematoxylin = np.maximum(ground.haematoxylin, 1.15 * drawn)
    ground.eosin *= 1 - 0.35 * np.minimum(drawn, 1)
