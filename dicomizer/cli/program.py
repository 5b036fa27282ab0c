# SPDX-License-Identifier: Apache-2.0
"""The group of verbs, and what all of them do alike: logging, errors, exit codes.

Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted. With ``--json`` an error is a document on
standard output too, whichever of them it is.
"""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from dicomizer import __version__
from dicomizer.cli.convert import convert
from dicomizer.cli.export import export
from dicomizer.cli.info import info
from dicomizer.cli.metadata import metadata
from dicomizer.cli.options import say
from dicomizer.cli.send import send
from dicomizer.cli.validate import validate
from dicomizer.cli.verify import verify
from dicomizer.cli.watch import watch
from dicomizer.errors import DicomizerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from dicomizer.cli.supervised import Supervision

FAILED = 1
INTERRUPTED = 130


def _print_versions(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - the signature is click's
    if not value:
        return
    from dicomizer.cli.versions import versions

    for name, version in versions():
        say(f"{name} {version}")
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dicomizer")
@click.option(
    "--versions",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of all libraries, for reports, and exit.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks and detailed logs.")
def group(*, debug: bool) -> None:
    """Convert whole-slide images to DICOM, look into them, and check the result."""
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    if not debug:
        # Parsers report what is odd in a file; what matters of it becomes an error of ours.
        for name in ("tifffile", "pydicom", "pynetdicom", "PIL"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


group.add_command(convert)
group.add_command(export)
group.add_command(info)
group.add_command(metadata)
group.add_command(send)
group.add_command(validate)
group.add_command(verify)
group.add_command(watch)


def main() -> NoReturn:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _interrupt)
    # Of a terminal that was closed; nohup has it ignored, and Windows does not know it.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], supervision: Supervision | None = None) -> int:
    """Run the command line and return the exit code; errors are told.

    Parameters
    ----------
    supervision
        Of a verb that another process runs.
    """
    try:
        code: int = group.main(list(arguments), standalone_mode=False, obj=supervision) or 0
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        _show_usage(error)
        _show_as_json(_usage_as_json(error))
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as stop:
        _tell_interrupted(stop)
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except DicomizerError as error:
        _tell(error)
        code = FAILED
    except (OSError, UnicodeError) as error:
        # Only the output is left to fail: everything else is explained where it is read or written.
        say(f"dicomizer: the output cannot be written: {error}", err=True)
        code = FAILED
    return code


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _tell_interrupted(stop: BaseException) -> None:
    """Say what stays, which whoever leaves something has noted."""
    cause = stop.__cause__ or stop
    left = "; ".join(getattr(cause, "__notes__", ())) or "nothing was left behind"
    say(f"dicomizer: interrupted; {left}", err=True)
    problem = f"interrupted; {left}"
    _show_as_json(_document("Interrupted", problem, remedy="start it again"))


def _tell(error: DicomizerError) -> None:
    if "--debug" in sys.argv:
        logging.getLogger(__name__).error("failed", exc_info=error)
    say(f"dicomizer: {error}", err=True)
    _show_as_json(error.document())


def _show_as_json(document: dict[str, str | None]) -> None:
    """Print an error for the script that asked for JSON, even where its usage was wrong."""
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": document}))


def _show_usage(error: click.ClickException) -> None:
    told = io.StringIO()
    error.show(told)
    for line in told.getvalue().split("\n")[:-1]:
        say(line, err=True)


def _usage_as_json(error: click.ClickException) -> dict[str, str | None]:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "dicomizer"
    problem = error.format_message().rstrip(".")
    return _document("UsageError", problem, remedy=f"see {command} --help")


def _document(kind: str, problem: str, *, remedy: str) -> dict[str, str | None]:
    """Return what an error's `document` does for a failure that is not about a file."""
    return {
        "type": kind,
        "message": f"{problem}; {remedy}",
        "file": None,
        "place": None,
        "problem": problem,
        "remedy": remedy,
    }
