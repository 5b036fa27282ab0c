# SPDX-License-Identifier: Apache-2.0
"""The group of verbs, and what all of them do alike: logging, errors, exit codes.

Exit codes: 0 done, 1 failed, 2 usage, 3 some of several failed, 130 interrupted.
"""

from __future__ import annotations

import logging
import sys
from typing import NoReturn

import click

from dicomizer import __version__
from tileserver.cli.check import check
from tileserver.cli.config import config
from tileserver.cli.ingest import ingest
from tileserver.cli.logs import configure_logs
from tileserver.cli.reindex import reindex
from tileserver.cli.rules import rules
from tileserver.cli.serve import serve
from tileserver.errors import TileserverError

FAILED = 1
INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tileserver")
@click.option("--debug", is_flag=True, help="Show tracebacks and detailed logs.")
def group(*, debug: bool) -> None:
    """Keep DICOM instances and serve them over DICOMweb, with a viewer."""
    configure_logs(debug=debug)


group.add_command(serve)
group.add_command(ingest)
group.add_command(check)
group.add_command(reindex)
group.add_command(rules)
group.add_command(config)


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        sys.exit(group.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except TileserverError as error:
        if "--debug" in sys.argv:
            logging.getLogger(__name__).error("failed", exc_info=error)
        click.echo(f"tileserver: {error}", err=True)
        sys.exit(FAILED)
