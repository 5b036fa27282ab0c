# SPDX-License-Identifier: Apache-2.0
"""The image of an instance, out of the attributes that the index keeps as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tileserver.errors import NotFoundError
from tileserver.services.render import attributes as read
from tileserver.services.render.image import StoredImage, read_image
from tileserver.services.render.positions import positions_of

if TYPE_CHECKING:
    from tileserver.index import Index, StoredInstance


def load_image(index: Index, found: StoredInstance) -> StoredImage:
    """Describe an instance as a picture.

    Raises
    ------
    NotFoundError
        It is not in the index any more.
    UnrenderableError
        It has no pixels, or none that can be shown.
    """
    texts = index.metadata(
        found.study_instance_uid, found.series_instance_uid, found.sop_instance_uid
    )
    if not texts:
        raise NotFoundError("there is no such instance")
    attributes = json.loads(texts[0][1])
    positions = positions_of(read.items(attributes, "PerFrameFunctionalGroupsSequence"))
    return read_image(found, attributes, positions)
