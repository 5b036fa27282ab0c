# SPDX-License-Identifier: Apache-2.0
"""What readers of formats on TIFF have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.sources.base import FileSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.images import TiffImages


class TiffSource(FileSource):
    """An open slide whose frames are those of its directories.

    A constructor sets ``_images``, and ``_slide``.
    """

    _images: TiffImages

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        return self._images.frames(image, indices)

    def close(self) -> None:
        """Close the file."""
        self._images.close()
