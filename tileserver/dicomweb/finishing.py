# SPDX-License-Identifier: Apache-2.0
"""The end of store requests: what they brought is stored, and their files are let go.

Small bodies of several requests are finished together (`tileserver.together`), so that their
instances share the flushes of the disk as those of one request do. All waits for the disk.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dicomizer.net.multipart import MultipartError
from tileserver.dicomweb.store_parts import store_together
from tileserver.errors import TileserverError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tileserver.dicomweb.store_body import Body
    from tileserver.dicomweb.store_parts import InstanceParts, Outcome, Parts

SMALL = 256 << 10
"""Bytes of a body up to which others may wait for it."""
MOST_TOGETHER = 32


def finish(body: Body[Parts]) -> Outcome:
    """Store what a body brought.

    Raises
    ------
    MultipartError
        It is no multipart message.
    """
    try:
        body.end()
        return body.parts.finish()
    finally:
        body.parts.close()


def finish_together(bodies: Sequence[Body[InstanceParts]]) -> list[Outcome | Exception]:
    """Store what several bodies brought; return what `finish` would return or raise for each."""
    try:
        errors = [_end(body) for body in bodies]
        whole = [body for body, error in zip(bodies, errors, strict=True) if error is None]
        _store(whole)
        outcomes = [_outcome(body) for body in whole]
        left = iter(outcomes)
        return [next(left) if error is None else error for error in errors]
    finally:
        for body in bodies:
            body.parts.close()


def _end(body: Body[InstanceParts]) -> Exception | None:
    try:
        body.end()
    except (MultipartError, TileserverError) as error:
        return error
    return None


def _store(bodies: Sequence[Body[InstanceParts]]) -> None:
    """Store together what can be; what cannot is left, and tried by `_outcome` alone."""
    with contextlib.suppress(Exception):  # found again, and told, with the one that it is of
        store_together([body.parts for body in bodies])


def _outcome(body: Body[InstanceParts]) -> Outcome | Exception:
    try:
        return body.parts.finish()
    except Exception as error:  # noqa: BLE001 - handed to the request
        return error
