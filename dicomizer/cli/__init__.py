# SPDX-License-Identifier: Apache-2.0
"""The command ``dicomizer``: one module per verb, imported when the verb is used."""

from dicomizer.cli.program import main

__all__ = ["main"]
