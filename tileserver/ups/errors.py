# SPDX-License-Identifier: Apache-2.0
"""Why a request about a workitem is refused, with the warnings that the standard has for it.

References
----------
PS3.18 11.6.3.2 and 11.7.3.2 (the texts of warnings), PS3.4 tables CC.2.1-2, CC.2.2-2, CC.2.6-1
"""

from __future__ import annotations

from tileserver.errors import BadRequestError, ConflictingStateError

UID_MISSING = "The Transaction UID is missing."
UID_INCORRECT = "The Transaction UID is incorrect."
NOT_CLAIMED = "The target URI did not reference a claimed Workitem."
INCONSISTENT_WITH_WORKITEM = (
    "The submitted request is inconsistent with the current state of the Workitem."
)
INCONSISTENT_WITH_STATE = (
    "The submitted request is inconsistent with the state of the UPS Instance."
)


class InvalidRequestError(BadRequestError):
    """A request that makes no sense for this workitem."""

    def __init__(self, problem: str, *warnings: str) -> None:
        super().__init__(problem)
        self.warnings = warnings


class WrongStateError(ConflictingStateError):
    """A request that a workitem in this state does not allow."""

    def __init__(self, problem: str, *warnings: str) -> None:
        super().__init__(problem)
        self.warnings = warnings
