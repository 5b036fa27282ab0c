# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between here and a peer, by what may be done about it."""

from __future__ import annotations

from dicomizer.errors import NetworkError


class DestinationError(NetworkError):
    """The address given is none that instances can be sent to."""


class TransientError(NetworkError):
    """The same request may well succeed when it is made again.

    Parameters
    ----------
    retry_after
        Seconds to wait, where the peer told them.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: object = None,
        remedy: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(problem, file=file, remedy=remedy)
        self.retry_after = retry_after


class ConnectionLostError(TransientError):
    """The peer was not reached, fell silent, or the connection broke."""


class BusyError(TransientError):
    """The peer answered that it cannot now."""


class RequestRefusedError(NetworkError):
    """The peer refuses this request, but may take another."""


class NotOfferedError(NetworkError):
    """The peer does not offer the service."""


class LongAnswerError(NetworkError):
    """The peer's answer is longer than what is kept of one."""
