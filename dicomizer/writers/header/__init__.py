# SPDX-License-Identifier: Apache-2.0
"""All of an instance but its pixels, from the plan: one module for each part of the header.

`dataset` puts the parts together; `encoded` makes the bytes that begin a file of them.
"""

from dicomizer.writers.header.dataset import instance_dataset
from dicomizer.writers.header.encoded import Header, Part

__all__ = ["Header", "Part", "instance_dataset"]
