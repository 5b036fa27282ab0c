# SPDX-License-Identifier: Apache-2.0
"""Options and arguments that several verbs have."""

from __future__ import annotations

from pathlib import Path

import click

slide_argument = click.argument("slide", type=click.Path(path_type=Path))

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
)
