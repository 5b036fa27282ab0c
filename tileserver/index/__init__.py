# SPDX-License-Identifier: Apache-2.0
"""An SQL index of what is stored; it can always be made anew from the blobs."""

from tileserver.index.index import Index
from tileserver.index.records import Counts, InstanceRecord, StoredFrames, StoredInstance
from tileserver.index.search import Condition, Level, Search

__all__ = [
    "Condition",
    "Counts",
    "Index",
    "InstanceRecord",
    "Level",
    "Search",
    "StoredFrames",
    "StoredInstance",
]
