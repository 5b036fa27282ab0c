# SPDX-License-Identifier: Apache-2.0
"""Attributes of many instances as the body of an answer, made page by page as they are read.

References
----------
PS3.18 10.4.3.3.2 (metadata payload): JSON is one array, XML one part for each instance
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dicomizer.dicom.native_xml import to_xml
from tileserver.content_codings import takes_gzip
from tileserver.dicomweb.media_types import DICOM_XML
from tileserver.dicomweb.responses import Part, beginning, streamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.requests import Request

    from tileserver.index import StoredInstance
    from tileserver.services.packed import PackedTexts

    Pages = Iterable[list[tuple[StoredInstance, str]]]

_LONG = 1 << 20
"""Bytes from which an answer is kept compressed."""
_GZIPPED = {"Content-Encoding": "gzip"}


def json_pieces(pages: Pages) -> Iterator[bytes]:
    """Yield the pieces of a JSON array of all instances."""
    before = b"["
    for page in pages:
        yield before
        # One of many megabytes is encoded without being joined to anything.
        yield ",".join([text for _, text in page]).encode()
        before = b","
    yield b"]"


async def json_answer(
    request: Request,
    texts: PackedTexts,
    pieces: Iterator[bytes],
    media_type: str,
    headers: Mapping[str, str],
) -> Response:
    """Return a JSON array as an answer; what is long is kept compressed for the next one.

    Parameters
    ----------
    headers
        With the entity tag that names the text.
    """
    name, takes = headers["ETag"], takes_gzip(request.headers.get("accept-encoding"))
    known = texts.get(name)
    if known is not None and takes:
        return Response(known.stream, 200, {**headers, **_GZIPPED}, media_type)
    if known is not None:
        length = {"Content-Length": str(known.length)}
        return streamed(request, known.unpacked(), media_type, {**headers, **length})
    begin, is_whole = await run_in_threadpool(beginning, pieces, _LONG)
    if is_whole:
        return Response(b"".join(begin), 200, dict(headers), media_type)
    if takes:
        packed = texts.packing(name, chain(begin, pieces))
        return streamed(request, packed, media_type, {**headers, **_GZIPPED})
    return streamed(request, texts.keeping(name, chain(begin, pieces)), media_type, headers)


def xml_parts(pages: Pages) -> Iterator[Part]:
    """Yield a part for each instance."""
    for page in pages:
        for _, text in page:
            document = to_xml(json.loads(text)).encode()
            yield Part(DICOM_XML, len(document), [document])
