# SPDX-License-Identifier: Apache-2.0
"""The command ``tileserver``: one module per verb, imported when the verb is used."""

from tileserver.cli.program import main

__all__ = ["main"]
