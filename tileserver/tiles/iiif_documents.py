# SPDX-License-Identifier: Apache-2.0
"""The documents of IIIF: what an image service can do, and what a study or series shows; pure.

References
----------
https://iiif.io/api/image/3.0/ section 5, https://iiif.io/api/presentation/3.0/ section 5,
https://iiif.io/api/annex/services/#physical-dimensions
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tileserver.pictures.geometry import MOST_PIXELS, Size
from tileserver.tiles.grid import scale_factors, scaled
from tileserver.tiles.iiif_request import FORMATS, QUALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, object]
IMAGE_CONTEXT = "http://iiif.io/api/image/3/context.json"
PRESENTATION_CONTEXT = "http://iiif.io/api/presentation/3/context.json"
PROFILE = "http://iiif.io/api/image/3/level2.json"
_PHYSICAL = "http://iiif.io/api/annex/services/physdim"
_LONGEST_PAGE_IMAGE = 1024


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """What a document tells of an image.

    Parameters
    ----------
    address
        Of its image service, without a slash at the end.
    tile
        Of its frames, so that a tile of the service is a frame that is stored.
    levels
        Sizes of the levels that are stored.
    mpp
        Micrometres from pixel to pixel, where known and the same both ways.
    """

    address: str
    size: Size
    tile: Size
    levels: Sequence[Size]
    mpp: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """An image and what stands beside it in a manifest."""

    image: ImageDescription
    label: str
    metadata: Sequence[tuple[str, str]] = field(default=())


def image_information(image: ImageDescription) -> Json:
    """Return the info.json of an image."""
    factors = scale_factors(image.size, image.tile)
    found: Json = {
        "@context": IMAGE_CONTEXT,
        "id": image.address,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": image.size.width,
        "height": image.size.height,
        "maxArea": MOST_PIXELS,
        "sizes": [_dimensions(size) for size in preferred_sizes(image, factors)],
        "tiles": [_dimensions(image.tile) | {"scaleFactors": factors}],
        "preferredFormats": ["jpg"],
        "extraFormats": [name for name in FORMATS if name not in ("jpg", "png")],
        "extraQualities": [name for name in QUALITIES if name != "default"],
        "extraFeatures": [
            "canonicalLinkHeader",
            "mirroring",
            "profileLinkHeader",
            "rotationArbitrary",
            "sizeUpscaling",
        ],
    }
    if image.mpp is not None:
        found["service"] = [_physical_dimensions(image)]
    return found


def preferred_sizes(image: ImageDescription, factors: Sequence[int]) -> list[Size]:
    """Return sizes of the whole image that cost little, smallest first."""
    sizes = {*image.levels, *(scaled(image.size, factor) for factor in factors)}
    drawn = [size for size in sizes if size.pixels <= MOST_PIXELS]
    return sorted(drawn, key=lambda size: (size.width, size.height))


def _dimensions(size: Size) -> Json:
    return {"width": size.width, "height": size.height}


def _physical_dimensions(image: ImageDescription) -> Json:
    assert image.mpp is not None
    return {
        "@context": f"{_PHYSICAL}/1/context.json",
        "profile": _PHYSICAL,
        "physicalScale": image.mpp / 1000,
        "physicalUnits": "mm",
    }


def manifest(
    address: str, label: str, metadata: Sequence[tuple[str, str]], pages: Sequence[Page]
) -> Json:
    """Return a manifest with a canvas for each page.

    Parameters
    ----------
    address
        Of the manifest itself.
    """
    folder = address.rpartition("/")[0]
    found: Json = {
        "@context": PRESENTATION_CONTEXT,
        "id": address,
        "type": "Manifest",
        "label": _text(label),
        "items": [
            _canvas(f"{folder}/canvas/{number}", page) for number, page in enumerate(pages, 1)
        ],
    }
    if metadata:
        found["metadata"] = _pairs(metadata)
    if pages:
        found["thumbnail"] = [_picture(pages[0].image, 256)]
    return found


def _text(text: str) -> Json:
    return {"none": [text]}


def _pairs(metadata: Sequence[tuple[str, str]]) -> list[Json]:
    return [{"label": {"en": [name]}, "value": _text(value)} for name, value in metadata]


def _canvas(address: str, page: Page) -> Json:
    image = page.image
    found: Json = {
        "id": address,
        "type": "Canvas",
        "label": _text(page.label),
        **_dimensions(image.size),
        "items": [
            {
                "id": f"{address}/page",
                "type": "AnnotationPage",
                "items": [
                    {
                        "id": f"{address}/image",
                        "type": "Annotation",
                        "motivation": "painting",
                        "target": address,
                        "body": _picture(image, _LONGEST_PAGE_IMAGE),
                    }
                ],
            }
        ],
        "thumbnail": [_picture(image, 256)],
    }
    if page.metadata:
        found["metadata"] = _pairs(page.metadata)
    if image.mpp is not None:
        found["service"] = [_physical_dimensions(image)]
    return found


def _picture(image: ImageDescription, longest: int) -> Json:
    """Return a picture that fits into a square, with the service that has all the others."""
    factor = min(longest / max(image.size.width, image.size.height), 1)
    size = Size(max(round(image.size.width * factor), 1), max(round(image.size.height * factor), 1))
    asked = "max" if size == image.size else f"{size.width},{size.height}"
    return {
        "id": f"{image.address}/full/{asked}/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        **_dimensions(size),
        "service": [{"id": image.address, "type": "ImageService3", "profile": "level2"}],
    }
