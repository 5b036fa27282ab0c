# SPDX-License-Identifier: Apache-2.0
"""``dicomizer info``: what a slide file holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dicomizer.cli.options import json_option, slide_argument

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.slide import Slide, SlideImage


@click.command()
@slide_argument
@json_option
def info(slide: Path, *, as_json: bool) -> None:
    """Show what SLIDE holds: format, levels, images, scanner.

    Nothing is written. For a file that cannot be converted, each reader's reason is shown.
    """
    from dicomizer.sources.registry import open_source

    with open_source(slide) as source:
        found = source.slide
    if as_json:
        click.echo(json.dumps(_document(found), indent=2))
    else:
        _show(found)


def _show(slide: Slide) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"{slide.path.name}: {slide.format_name}", markup=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("image", "size", "tiles", "tile", "coding", "µm/pixel", "MB", "ICC"):
        table.add_column(heading, justify="right" if heading in ("µm/pixel", "MB") else "left")
    for number, image in enumerate(slide.images):
        table.add_row(_name(slide, number), *_row(image))
    console.print(table)
    for label, value in _facts(slide):
        console.print(f"{label:<12}{value}", markup=False)
    for note in slide.notes:
        console.print(f"note: {note}", markup=False)


def _name(slide: Slide, number: int) -> str:
    if number < len(slide.levels):
        return f"level {number}"
    return slide.images[number].flavor.value.lower()


def _row(image: SlideImage) -> tuple[str, ...]:
    return (
        str(image.size),
        f"{image.number_of_tiles:,}",
        str(image.tile_size),
        f"{image.coding.compression.value} {image.coding.color_space.value}",
        f"{image.spacing.mpp[0]:g}" if image.spacing else "-",
        f"{image.coding.coded_bytes / 1e6:.2f}",
        "yes" if image.icc_profile else "-",
    )


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
        "images": [
            {"name": _name(slide, number), **_image_document(image)}
            for number, image in enumerate(slide.images)
        ],
        "manufacturer": metadata.equipment.manufacturer,
        "model_name": metadata.equipment.model_name,
        "device_serial_number": metadata.equipment.device_serial_number,
        "software_versions": list(metadata.equipment.software_versions),
        "acquisition_datetime": moment.isoformat() if moment else None,
        "objective_power": metadata.optics.objective_power,
        "notes": list(slide.notes),
    }


def _image_document(image: SlideImage) -> dict[str, object]:
    return {
        "flavor": image.flavor.value,
        "columns": image.size.width,
        "rows": image.size.height,
        "tile_columns": image.tile_size.width,
        "tile_rows": image.tile_size.height,
        "tiles": image.number_of_tiles,
        "compression": image.coding.compression.value,
        "color_space": image.coding.color_space.value,
        "lossy": image.coding.lossy,
        "coded_bytes": image.coding.coded_bytes,
        "mpp": list(image.spacing.mpp) if image.spacing else None,
        "icc_profile_bytes": len(image.icc_profile) if image.icc_profile else None,
    }
