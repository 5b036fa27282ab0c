# SPDX-License-Identifier: Apache-2.0
"""The cells: whose nuclei stand where, of what form, and how dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from he_section import vessels
from he_section.noise import Noise, Scattered
from he_section.stamps import Ellipses
from he_section.window import Plane, Window, sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from he_section.anatomy import Anatomy
    from he_section.glands import Glands
    from he_section.vessels import Vessels

REACH_UM = 14.0


@dataclass(frozen=True, slots=True)
class Form:
    """Ranges from which a nucleus of one kind is drawn; lengths in micrometres."""

    name: str
    half_length: tuple[float, float]
    half_width: tuple[float, float]
    bend: float
    ink: tuple[float, float]
    rim: tuple[float, float]
    spread: float
    """How far its angle may be off, in radians to either side."""


CRYPT = Form("crypt nucleus", (3.3, 4.6), (2.1, 2.8), 0.3, (0.62, 0.9), (0.15, 0.45), 0.25)
TUMOUR = Form("tumour nucleus", (4.2, 7.0), (2.3, 3.6), 0.35, (0.6, 1.0), (0.25, 0.65), 0.4)
SURFACE = Form("surface nucleus", (3.4, 4.8), (1.9, 2.4), 0.3, (0.65, 0.9), (0.15, 0.4), 0.2)
SPINDLE = Form("spindle nucleus", (4.5, 9.5), (0.9, 1.7), 0.7, (0.55, 0.95), (0.0, 0.3), 0.35)
CIGAR = Form("cigar nucleus", (6.0, 10.0), (1.2, 1.9), 0.35, (0.45, 0.75), (0.1, 0.4), 0.15)
LYMPHOCYTE = Form("lymphocyte", (2.7, 3.6), (2.5, 3.2), 0.1, (0.85, 1.0), (0.0, 0.25), 3.2)
LINING = Form("lining nucleus", (4.0, 6.5), (0.9, 1.3), 0.2, (0.7, 0.95), (0.0, 0.2), 0.15)
GOBLET = Form("goblet", (4.6, 7.2), (3.2, 4.8), 0.3, (0.7, 1.0), (0.0, 0.25), 0.25)


@dataclass(frozen=True, slots=True)
class Scene:
    """What decides where cells are, around one window."""

    noise: Noise
    fields: Anatomy
    glands: Glands
    vessels: Vessels
    window: Window


def nuclei(scene: Scene) -> Ellipses:
    """Return the nuclei in a window and a little around it."""
    parts = [_of_stroma(scene), _of_lymphocytes(scene), _of_surface(scene), _of_lining(scene)]
    parts += [_of_gland(scene, gland) for gland in range(len(scene.glands))]
    return Ellipses.joined(parts)


def vacuoles(scene: Scene) -> Ellipses:
    """Return the drops of mucin in the goblet cells."""
    crypts = np.flatnonzero(~scene.glands.of_tumour)
    return Ellipses.joined([_drops(scene, int(gland)) for gland in crypts])


def _shaped(noise: Noise, form: Form, points: Scattered, angle: Plane | float) -> Ellipses:
    def number(name: str) -> Plane:
        return noise.uniform(f"{form.name} {name}", points.column, points.row)

    def within(name: str, bounds: tuple[float, float]) -> Plane:
        return np.float32(bounds[0]) + np.float32(bounds[1] - bounds[0]) * number(name)

    return Ellipses(
        x=points.x,
        y=points.y,
        half_length=within("length", form.half_length),
        half_width=within("width", form.half_width),
        angle=(angle + form.spread * (2 * number("angle") - 1)).astype(np.float32),
        bend=form.bend * (2 * number("bend") - 1),
        ink=within("ink", form.ink),
        rim=within("rim", form.rim),
    )


def _candidates(scene: Scene, form: Form, pitch_um: float) -> tuple[Scattered, Plane]:
    """Return points, one a cell, and for each a chance to compare with a density."""
    points = scene.noise.scattered(form.name, scene.window, pitch_um, REACH_UM, jitter=0.9)
    return points, scene.noise.uniform(f"{form.name} chance", points.column, points.row)


def _free(scene: Scene, points: Scattered, gland_um: float) -> NDArray[np.bool_]:
    """Tell which points are in tissue, ``gland_um`` off the glands, and in no vessel."""
    outside = scene.fields.at("outside", points.x, points.y)
    covered = (outside > -27) & (scene.fields.at("mucosa", points.x, points.y) > 0.5)
    free = (outside < -3) & ~covered & (scene.fields.at("fat", points.x, points.y) < 0.4)
    free &= scene.glands.depth_at(points.x, points.y) < -gland_um
    free &= vessels.depth_at(scene.vessels, points.x, points.y) < -2
    return free


def _along_fibres(scene: Scene, points: Scattered) -> Plane:
    fields = scene.fields
    turned = fields.direction("across", points.x, points.y) + np.float32(np.pi / 2)
    return turned.astype(np.float32)


def _of_stroma(scene: Scene) -> Ellipses:
    points, chance = _candidates(scene, SPINDLE, 15.0)
    fields = scene.fields
    muscle = fields.at("muscle", points.x, points.y)
    density = 0.42 + 0.35 * fields.at("tumour", points.x, points.y)
    density += 0.2 * fields.at("mucosa", points.x, points.y)
    density = density * (1 - muscle) + 0.62 * muscle
    points = points[(chance < density) & _free(scene, points, 2.5)]
    angle = _along_fibres(scene, points)
    spindle = _shaped(scene.noise, SPINDLE, points, angle)
    cigar = _shaped(scene.noise, CIGAR, points, angle)
    of_muscle = fields.at("muscle", points.x, points.y) > 0.5
    return Ellipses.joined([spindle[~of_muscle], cigar[of_muscle]])


def _of_lymphocytes(scene: Scene) -> Ellipses:
    points, chance = _candidates(scene, LYMPHOCYTE, 8.2)
    fields = scene.fields
    patchy = scene.noise.field("patchy", fields.window, 55)
    density = 0.9 * fields.at("lymph", points.x, points.y)
    mucosa = fields.at("mucosa", points.x, points.y)
    loose = np.float32(0.02) + 0.30 * mucosa + 0.06 * fields.at("tumour", points.x, points.y)
    loose = loose * np.clip(1 + 1.6 * sampled(patchy, fields.window, points.x, points.y), 0.1, 3)
    calm = 1 - 0.85 * fields.at("muscle", points.x, points.y)
    density = np.maximum(density, loose * calm)
    points = points[(chance < density) & _free(scene, points, 3.5)]
    return _shaped(scene.noise, LYMPHOCYTE, points, 0.0)


def _of_surface(scene: Scene) -> Ellipses:
    """The epithelium that covers the mucosa, where it meets the lumen of the bowel."""
    points, chance = _candidates(scene, SURFACE, 4.6)
    fields = scene.fields
    outside = fields.at("outside", points.x, points.y)
    chosen = (np.abs(outside + 19) < 2.6) & (fields.at("mucosa", points.x, points.y) > 0.5)
    chosen &= chance < 0.9
    points = points[chosen]
    return _shaped(scene.noise, SURFACE, points, fields.direction("outside", points.x, points.y))


def _of_lining(scene: Scene) -> Ellipses:
    """Flat nuclei in the walls of vessels."""
    points, chance = _candidates(scene, LINING, 5.5)
    angle = np.zeros(len(points.x), np.float32)
    chosen = np.zeros(len(points.x), bool)
    found = scene.vessels
    for vessel in range(len(found.x)):
        dx = (points.x - found.x[vessel]).astype(np.float32)
        dy = (points.y - found.y[vessel]).astype(np.float32)
        depth = found.radius[vessel] - found.radius_at(vessel, dx, dy)
        here = (depth > 0.5) & (depth < 1 + 0.3 * found.radius[vessel]) & (chance < 0.4)
        angle[here] = (np.arctan2(dy, dx) + np.float32(np.pi / 2))[here]
        chosen |= here
    return _shaped(scene.noise, LINING, points[chosen], angle[chosen])


def _of_gland(scene: Scene, gland: int) -> Ellipses:
    """Rows of nuclei along the base of the epithelium; in the tumour up to three, crowded."""
    crowded = bool(scene.glands.of_tumour[gland])
    form = TUMOUR if crowded else CRYPT
    spacing, rows = (5.6, 3) if crowded else (5.9, 1)
    parts = []
    for row in range(rows):
        points, place, angle = _around(scene, gland, spacing, row)
        jitter = scene.noise.uniform(f"{form.name} depth", points.column, points.row)
        kept = scene.noise.uniform(f"{form.name} kept", points.column, points.row)
        wall = scene.glands.wall[gland].take(place)
        base = 5.2 if crowded else 4.9
        depth = base + (3.4 if crowded else 2.2) * (jitter - 0.5) + row * 6.3
        room = (depth < 0.8 * wall) & (kept < (1.0, 0.75, 0.45)[row])
        shapes = _at_depth(scene, gland, (points, place, angle, depth), form)
        own = scene.glands.depth_at(shapes.x, shapes.y) < depth + 1
        parts.append(shapes[room & own])
    return Ellipses.joined(parts)


def _around(
    scene: Scene, gland: int, spacing_um: float, row: int
) -> tuple[Scattered, NDArray[np.intp], Plane]:
    """Return numbered places around a gland, evenly along its border."""
    radius = scene.glands.radius[gland]
    step = np.hypot(np.diff(radius, append=radius[:1]), radius * np.float32(2 * np.pi / 256))
    length = np.concatenate([[0.0], np.cumsum(step, dtype=np.float64)])
    count = int(length[-1] / spacing_um)
    column = np.arange(count, dtype=np.int64) + 4096 * scene.glands.column[gland]
    lane = np.full(count, scene.glands.row[gland] * 8 + row, np.int64)
    offset = 0.5 * (scene.noise.uniform("around", column, lane) - 0.5) + 0.5 * (row % 2)
    position = np.interp((np.arange(count) + offset) * spacing_um, length, np.arange(257))
    angle = (position * (2 * np.pi / 256)).astype(np.float32)
    nowhere = np.zeros(count)
    return Scattered(nowhere, nowhere, column, lane), position.astype(np.intp) % 256, angle


def _at_depth(
    scene: Scene,
    gland: int,
    place: tuple[Scattered, NDArray[np.intp], Plane, Plane],
    form: Form,
) -> Ellipses:
    """Return ellipses pointing to the lumen, some micrometres within the border."""
    points, index, angle, depth = place
    table = scene.glands.radius[gland]
    distance = (
        np.interp(angle, np.arange(257) * (2 * np.pi / 256), np.append(table, table[0])) - depth
    )
    slope = (np.roll(table, -2) - np.roll(table, 2)) * np.float32(256 / (8 * np.pi))
    inward = angle - np.arctan2(slope, table).take(index)
    points = Scattered(
        x=np.asarray(scene.glands.x[gland] + distance * np.cos(angle), np.float64),
        y=np.asarray(scene.glands.y[gland] + distance * np.sin(angle), np.float64),
        column=points.column,
        row=points.row,
    )
    return _shaped(scene.noise, form, points, inward)


def _drops(scene: Scene, gland: int) -> Ellipses:
    points, place, angle = _around(scene, gland, 8.4, 5)
    kept = scene.noise.uniform("goblet kept", points.column, points.row) < 0.72
    wall = scene.glands.wall[gland].take(place)
    depth = wall * (0.58 + 0.14 * scene.noise.uniform("goblet depth", points.column, points.row))
    return _at_depth(scene, gland, (points, place, angle, depth), GOBLET)[kept]
