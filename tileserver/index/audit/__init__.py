# SPDX-License-Identifier: Apache-2.0
"""An index looked at from outside: what it says, and where it contradicts itself.

Nothing is written, no version is upgraded, and others read and write meanwhile.
"""

from tileserver.index.audit.audit import Audit, Contradiction
from tileserver.index.audit.integrity import integrity_problems
from tileserver.index.audit.rows import AuditedRow, NamedRow, differences

__all__ = [
    "Audit",
    "AuditedRow",
    "Contradiction",
    "NamedRow",
    "differences",
    "integrity_problems",
]
