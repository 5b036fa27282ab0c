# SPDX-License-Identifier: Apache-2.0
"""Options that all verbs have."""

from __future__ import annotations

from pathlib import Path

import click

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    envvar="TILESERVER_DATA",
    show_envvar=True,
    help="Folder of the stored instances and their index; made when it does not exist.",
)
