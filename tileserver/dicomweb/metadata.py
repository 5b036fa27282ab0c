# SPDX-License-Identifier: Apache-2.0
"""Attributes of many instances as the body of an answer, made page by page as they are read.

References
----------
PS3.18 10.4.3.3.2 (metadata payload): JSON is one array, XML one part for each instance
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dicomizer.dicom.native_xml import to_xml
from tileserver.dicomweb.media_types import DICOM_XML
from tileserver.dicomweb.responses import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tileserver.index import StoredInstance

    Pages = Iterable[list[tuple[StoredInstance, str]]]


def json_pieces(pages: Pages) -> Iterator[bytes]:
    """Yield the pieces of a JSON array of all instances."""
    before = b"["
    for page in pages:
        yield before
        # One of many megabytes is encoded without being joined to anything.
        yield ",".join([text for _, text in page]).encode()
        before = b","
    yield b"]"


def xml_parts(pages: Pages) -> Iterator[Part]:
    """Yield a part for each instance."""
    for page in pages:
        for _, text in page:
            document = to_xml(json.loads(text)).encode()
            yield Part(DICOM_XML, len(document), [document])
