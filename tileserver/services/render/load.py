# SPDX-License-Identifier: Apache-2.0
"""The image of an instance, out of the attributes that the index keeps as text.

The functional groups of 100,000 sparse frames are 40 MB of JSON, which take a second and half a
gigabyte to parse. So they are cut out of a long text, and the few values that are needed are found
in them by how the index writes them. The rest must then be whole JSON with nothing in place of
them at its top level; where it is not, or there is not one value for each frame, all is parsed.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from tileserver.errors import NotFoundError
from tileserver.services.render import attributes as read
from tileserver.services.render.image import StoredImage, read_image
from tileserver.services.render.positions import FramePositions, positions_of

if TYPE_CHECKING:
    from tileserver.index import Index, StoredInstance
    from tileserver.services.render.attributes import Attributes

_LONG = 2_000_000
"""Characters from which on a text is not parsed whole."""
_GROUPS = '"52009230":'
_NOTHING = '{"vr":"SQ"}'
_SEQUENCE_END = ',"vr":"SQ"}'
_ENDS = 64
"""Places tried as end of the sequence, from the end of the text."""
_COLUMN = re.compile(r'"0048021E":\{"Value":\[(\d{1,10})\]')
_ROW = re.compile(r'"0048021F":\{"Value":\[(\d{1,10})\]')
_Z_UM = re.compile(r'"0040074A":\{"Value":\["?([-+.0-9eE]{1,24})"?\]')
_PATH = re.compile(r'"00480106":\{"Value":\["([^"\\]{0,64})"\]')


def load_image(index: Index, found: StoredInstance) -> StoredImage:
    """Describe an instance as a picture.

    Raises
    ------
    NotFoundError
        It is not in the index any more.
    UnrenderableError
        It has no pixels, or none that can be shown.
    """
    text = attributes_text(index, found)
    cut = cut_positions(text) if len(text) > _LONG else None
    if cut is not None:
        return read_image(found, *cut)
    attributes = json.loads(text)
    positions = positions_of(read.items(attributes, "PerFrameFunctionalGroupsSequence"))
    return read_image(found, attributes, positions)


def load_attributes(index: Index, found: StoredInstance) -> Attributes:
    """Return the attributes of an instance; where they are very many, without those of frames.

    Raises
    ------
    NotFoundError
        It is not in the index any more.
    """
    text = attributes_text(index, found)
    cut = cut_positions(text) if len(text) > _LONG else None
    attributes: Attributes = json.loads(text) if cut is None else cut[0]
    return attributes


def attributes_text(index: Index, found: StoredInstance) -> str:
    """Return the attributes of an instance as DICOM JSON text.

    Raises
    ------
    NotFoundError
        It is not in the index any more.
    """
    texts = index.metadata(
        found.study_instance_uid, found.series_instance_uid, found.sop_instance_uid
    )
    if not texts:
        raise NotFoundError("there is no such instance")
    return texts[0][1]


def cut_positions(text: str) -> tuple[Attributes, FramePositions] | None:
    """Take the positions of frames out of a text.

    Returns
    -------
    attributes
        Without the functional groups of frames.
    positions
        Of all frames.
    None
        Where there are none, or not one for each frame: the text must be parsed.
    """
    start = text.find(_GROUPS)
    if start < 0:
        return None
    start += len(_GROUPS)
    found: tuple[Attributes, int] | None = None
    end = len(text)
    for _ in range(_ENDS):
        end = text.rfind(_SEQUENCE_END, start, end)
        if end < 0:
            break
        behind = end + len(_SEQUENCE_END)
        attributes = _without_groups(text[:start], text[behind:])
        # The first end that fits; a later one takes in what follows the functional groups.
        found = found if attributes is None else (attributes, behind)
    if found is None:
        return None
    attributes, behind = found
    positions = _scan(text[start:behind])
    if positions is None or len(positions) != read.whole(attributes, "NumberOfFrames"):
        return None
    return attributes, positions


def _without_groups(before: str, behind: str) -> Attributes | None:
    """Return the rest as JSON, if what was cut out stood at its top level."""
    try:
        rest = json.loads(before + _NOTHING + behind)
    except ValueError:
        return None
    is_top = isinstance(rest, dict) and rest.get(_GROUPS[1:-2]) == {"vr": "SQ"}
    return rest if is_top else None


def _scan(groups: str) -> FramePositions | None:
    columns, rows = _COLUMN.findall(groups), _ROW.findall(groups)
    count = len(columns)
    heights = _Z_UM.findall(groups) or ["0"] * count
    paths = _PATH.findall(groups) or [""] * count
    if not count or not len(rows) == len(heights) == len(paths) == count:
        return None
    try:
        z_um = {value: float(value) for value in set(heights)}
    except ValueError:
        return None
    if not all(map(math.isfinite, z_um.values())):
        return None
    names = {value: value.strip() or None for value in set(paths)}
    return FramePositions(
        np.array(columns, np.int64),
        np.array(rows, np.int64),
        [z_um[value] for value in heights],
        [names[value] for value in paths],
    )
