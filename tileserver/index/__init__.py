# SPDX-License-Identifier: Apache-2.0
"""An SQL index of what is stored; it can always be made anew from the blobs."""

from tileserver.index.deletion import Below
from tileserver.index.finding import Found
from tileserver.index.index import Index, set_aside
from tileserver.index.patience import Patience
from tileserver.index.records import (
    Counts,
    InstanceRecord,
    Metadata,
    NamedBlob,
    StoredFrames,
    StoredInstance,
)
from tileserver.index.remembered import Remembered
from tileserver.index.search import (
    Between,
    Condition,
    Empty,
    Level,
    Match,
    Name,
    Number,
    OneOf,
    Pattern,
    Search,
    Words,
)

__all__ = [
    "Below",
    "Between",
    "Condition",
    "Counts",
    "Empty",
    "Found",
    "Index",
    "InstanceRecord",
    "Level",
    "Match",
    "Metadata",
    "Name",
    "NamedBlob",
    "Number",
    "OneOf",
    "Patience",
    "Pattern",
    "Remembered",
    "Search",
    "StoredFrames",
    "StoredInstance",
    "Words",
    "set_aside",
]
