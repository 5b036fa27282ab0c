# SPDX-License-Identifier: Apache-2.0
"""Who may do what: asked about every request before a byte of it is answered.

There are no users yet, so that everybody may do everything. The one place to ask is here, since
two ways lead to an answer: the ASGI application, and the fast path of stored frames beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send


class Policy(Protocol):
    """Tells whether a request may be answered."""

    def may(self, scope: Scope) -> bool:
        """Tell whether a request may be answered, by its method, path and headers.

        It is asked in the event loop, for every frame: it must not wait, and takes microseconds.
        """
        ...


class Everybody:
    """Everybody may do everything."""

    def may(self, scope: Scope) -> bool:  # noqa: ARG002 - all the same to it
        """Return true."""
        return True


class Permission:
    """Refuses what the policy does not allow."""

    def __init__(self, app: ASGIApp, policy: Policy, answer: Response) -> None:
        self._app = app
        self._policy = policy
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or self._policy.may(scope):
            await self._app(scope, receive, send)
        else:
            await self._answer(scope, receive, send)
