# SPDX-License-Identifier: Apache-2.0
"""An SQL index of what is stored; it can always be made anew from the blobs."""

from tileserver.index.deletion import Below
from tileserver.index.index import Index
from tileserver.index.records import InstanceRecord, StoredFrames, StoredInstance
from tileserver.index.search import Condition, Level, Search

__all__ = [
    "Below",
    "Condition",
    "Index",
    "InstanceRecord",
    "Level",
    "Search",
    "StoredFrames",
    "StoredInstance",
]
