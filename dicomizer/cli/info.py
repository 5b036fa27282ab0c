# SPDX-License-Identifier: Apache-2.0
"""``dicomizer info``: what a slide file holds."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import json_option, say, slide_argument
from dicomizer.errors import visible
from dicomizer.slide import OpticalPath

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dicomizer.errors import UnsupportedSourceError
    from dicomizer.slide import Slide, SlideImage

_WIDTH_OF_PIPE = 1000
_NUMBERS = ("tiles", "µm/pixel", "MB")


@click.command()
@slide_argument
@json_option
def info(slide: Path, *, as_json: bool) -> None:
    """Show what SLIDE holds, or why it cannot be converted.

    SLIDE is one slide file, or the folder of a DICOM slide. Format, levels, other images,
    channels and scanner are shown; for a file of no known format, what each reader missed.
    """
    from dicomizer.errors import UnsupportedSourceError
    from dicomizer.sources.registry import open_source

    try:
        with open_source(slide) as source:
            found = source.slide
    except UnsupportedSourceError as error:
        if not as_json:
            _show_refusals(error)
        raise
    if as_json:
        click.echo(json.dumps(_document(found), indent=2))
    else:
        _show(found)


def _show_refusals(error: UnsupportedSourceError) -> None:
    width = max(map(len, error.refusals), default=0)
    for name, reason in error.refusals.items():
        say(f"{name:<{width}}  {reason}")


def _show(slide: Slide) -> None:
    from rich.console import Console
    from rich.table import Table

    # A pipe has no width that lines would have to be broken for.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_PIPE)
    console.print(visible(f"{slide.path.name}: {slide.format_name}"), markup=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("image", "size", "tiles", "tile size", "coding", "µm/pixel", "MB", "ICC"):
        table.add_column(heading, justify="right" if heading in _NUMBERS else "left")
    for name, image in _named(slide):
        table.add_row(name, *_row(image))
    console.print(table)
    for number, path in enumerate(slide.scans[0].optical_paths, start=1):
        if path != OpticalPath():
            console.print(visible(f"{f'channel {number}':<12}{_path(path)}"), markup=False)
    for label, value in _facts(slide):
        console.print(visible(f"{label:<12}{value}"), markup=False, soft_wrap=True)
    for note in slide.notes:
        console.print(visible(f"note: {note}"), markup=False, soft_wrap=True)


def _named(slide: Slide) -> Iterator[tuple[str, SlideImage]]:
    for number, scan in enumerate(slide.scans, start=1):
        prefix = f"scan {number} " if number > 1 else ""
        for index, image in enumerate(scan.levels):
            yield f"{prefix}level {index}", image
    for image in slide.associated:
        yield image.flavor.value.lower(), image


def _path(path: OpticalPath) -> str:
    told = [path.name] if path.name else []
    told.append(path.illumination.value)
    if path.excitation_nm:
        told.append(f"excitation {path.excitation_nm:g} nm")
    if path.emission_nm:
        told.append(f"emission {path.emission_nm:g} nm")
    if path.exposure_ms:
        told.append(f"{path.exposure_ms:g} ms")
    if path.color:
        told.append("#{:02x}{:02x}{:02x}".format(*path.color))
    return ", ".join(told)


def _row(image: SlideImage) -> tuple[str, ...]:
    return (
        str(image.size),
        f"{image.number_of_frames - len(image.missing):,}",
        str(image.tile_size),
        _coding(image),
        f"{image.spacing.mpp[0]:g}" if image.spacing else "-",
        f"{image.coding.coded_bytes / 1e6:.2f}",
        "yes" if image.icc_profile else "-",
    )


def _coding(image: SlideImage) -> str:
    depth = f" {image.pixel_format.bits} bit" if image.pixel_format.bits > 8 else ""
    layers = f" x {image.paths} channels" if image.paths > 1 else ""
    layers += f" x {image.planes} planes" if image.planes > 1 else ""
    return f"{image.coding.compression.value} {image.coding.color_space.value}{depth}{layers}"


def _facts(slide: Slide) -> list[tuple[str, str]]:
    metadata = slide.metadata
    power = metadata.optics.objective_power
    facts = (
        ("scanner", metadata.equipment.manufacturer),
        ("serial", metadata.equipment.device_serial_number),
        ("software", ", ".join(metadata.equipment.software_versions)),
        ("scanned", metadata.acquisition_datetime and metadata.acquisition_datetime.isoformat(" ")),
        ("objective", f"{power:g}x" if power else None),
    )
    return [(label, value) for label, value in facts if value]


def _document(slide: Slide) -> dict[str, object]:
    metadata = slide.metadata
    moment = metadata.acquisition_datetime
    return {
        "file": str(slide.path),
        "format": slide.format_name,
        "images": [{"name": name, **_image_document(image)} for name, image in _named(slide)],
        "optical_paths": [_path_document(path) for path in slide.scans[0].optical_paths],
        "manufacturer": metadata.equipment.manufacturer,
        "model_name": metadata.equipment.model_name,
        "device_serial_number": metadata.equipment.device_serial_number,
        "software_versions": list(metadata.equipment.software_versions),
        "acquisition_datetime": moment.isoformat() if moment else None,
        "objective_power": metadata.optics.objective_power,
        "notes": list(slide.notes),
    }


def _path_document(path: OpticalPath) -> dict[str, object]:
    return {
        "name": path.name or None,
        "illumination": path.illumination.value,
        "excitation_nm": path.excitation_nm,
        "emission_nm": path.emission_nm,
        "exposure_ms": path.exposure_ms,
        "color": list(path.color) if path.color else None,
    }


def _image_document(image: SlideImage) -> dict[str, object]:
    return {
        "flavor": image.flavor.value,
        "columns": image.size.width,
        "rows": image.size.height,
        "tile_columns": image.tile_size.width,
        "tile_rows": image.tile_size.height,
        "tiles": image.number_of_tiles,
        "focal_planes": image.planes,
        "optical_paths": image.paths,
        "missing_frames": len(image.missing),
        "bits": image.pixel_format.bits,
        "compression": image.coding.compression.value,
        "color_space": image.coding.color_space.value,
        "lossy": image.coding.lossy,
        "coded_bytes": image.coding.coded_bytes,
        "mpp": list(image.spacing.mpp) if image.spacing else None,
        "icc_profile_bytes": len(image.icc_profile) if image.icc_profile else None,
    }
