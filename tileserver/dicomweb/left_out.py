# SPDX-License-Identifier: Apache-2.0
"""Answers about several things of which one cannot be made: the others are given all the same.

What is known before the answer begins makes it 206 with a Warning; what shows later, when 200 is
sent, is told in the log alone.

References
----------
PS3.18 10.4.3.1 (206: some of what was asked for, but not all), 8.3.4.4.1 (form of a warning)
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tileserver.dicomweb.responses import warn
from tileserver.errors import BadRequestError, LostBlobError, NotAcceptableError, NotFoundError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tileserver.errors import TileserverError
    from tileserver.index import StoredInstance

_logger = logging.getLogger(__name__)
_OF_ONE = (BadRequestError, LostBlobError, NotAcceptableError, NotFoundError)
"""Errors of one thing; after any other, such as a full disk, the next would fail as well."""


class LeftOut:
    """Counts and logs what is left out of an answer."""

    def __init__(self) -> None:
        self.count = 0
        self.first: TileserverError | None = None

    def takes(self, item: StoredInstance, error: TileserverError) -> bool:
        """Leave out what an error is of; tell whether it is an error of that one thing."""
        if not isinstance(error, _OF_ONE):
            return False
        self.count += 1
        self.first = self.first or error
        _logger.warning("left out of an answer: %s: %s", item.path, error)
        return True

    def tell(self, request: Request, answer: Response) -> Response:
        """Return an answer that is about to begin, which tells what was left out by now."""
        if self.count and answer.status_code == 200:
            answer.status_code = 206
            # The same address may give all of it once what is broken was sent again.
            answer.headers["Cache-Control"] = "no-store"
            del answer.headers["ETag"]
            warn(request, answer, f"{self.count} of what was asked for cannot be given so")
        return answer
