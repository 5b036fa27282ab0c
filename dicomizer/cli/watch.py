# SPDX-License-Identifier: Apache-2.0
"""``dicomizer watch``: a folder into which slides come, how it is doing, what rules would tell."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from dicomizer.cli.conversion import conversion_options, read_options
from dicomizer.cli.given import given_options, without_options
from dicomizer.cli.options import GIVEN_PATH, counted, json_option, say, slide_argument
from dicomizer.cli.sending import Sending, sending_options
from dicomizer.cli.watch_journal import default_journal, journal_option, known_journal
from dicomizer.cli.watch_retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dicomizer.watch.journal import Journal, Record
    from dicomizer.watch.look import Look
    from dicomizer.watch.options import WatchOptions
    from dicomizer.watch.service import Service

_CONVERT = frozenset(
    {
        "mpp", "magnification", "levels", "codec", "quality", "tile_size", "max_instance_size",
        "fill_missing", "on_bad_tile", "dual", "no_label", "uids", "uid_key",
    }
)  # fmt: skip
_VERIFY = frozenset({"mpp", "magnification", "levels", "quality", "on_bad_tile", "no_label"})
_SEND = frozenset({"calling_aet", "token_file", "login_file", "ca_file", "timeout", "attempts"})


class _Group(click.Group):
    """A group whose first verb may be left out: ``watch INBOX`` is ``watch run INBOX``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
def watch() -> None:
    """Convert the slides that come into a folder, each once, when it is whole.

    dicomizer watch INBOX --out DIR is short for dicomizer watch run INBOX --out DIR; see
    dicomizer watch run --help for all options. A folder that is called like a verb is written
    with ./ before it.
    """


watch.add_command(retry)


def _seconds(
    *names: str, default: float, text: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        *names,
        type=click.FloatRange(0, 7 * 86400),
        default=default,
        show_default=True,
        metavar="SECONDS",
        help=text,
    )


@watch.command()
@click.argument("inbox", type=GIVEN_PATH)
@click.option("--out", type=GIVEN_PATH, metavar="DIR", help="Folder for the results.")
@click.option(
    "--to",
    "address",
    metavar="URL",
    help="Send the results, as dicomizer send does; without --out they are kept only until then.",
)
@click.option(
    "--after",
    type=click.Choice(("move", "keep", "delete")),
    default="move",
    show_default=True,
    help="What becomes of a slide that is done: it is moved to INBOX/done, kept where it is, or "
    "deleted. With keep, nothing in INBOX is touched, whatever comes of a slide.",
)
@click.option(
    "--rules",
    type=GIVEN_PATH,
    metavar="FILE",
    help="Where metadata come from: file names, barcodes, tables, a worklist, files beside the "
    "slides; see samples/watch.toml.",
)
@journal_option
@_seconds("--settle", default=10, text="For which a slide must not change before it is taken.")
@_seconds(
    "--patience",
    default=300,
    text="For which a slide that cannot be read may still be on its way, before it has failed.",
)
@_seconds(
    "--poll", default=10, text="After which the folder is looked at even if nothing was told of it."
)
@_seconds("--lookup-again", default=60, text="After which an unmatched slide is looked up again.")
@_seconds(
    "--retry-first",
    default=15,
    text="After which a failure that may pass is tried again; then twice as long, up to an hour.",
)
@click.option(
    "--tries",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    metavar="NUMBER",
    help="Attempts, where a disk is full or memory is short. A peer that is away is waited for.",
)
@click.option(
    "--no-events",
    is_flag=True,
    help="Only look every --poll seconds; as on file servers, which tell of no changes.",
)
@click.option("--no-verify", is_flag=True, help="Do not compare each result with its slide.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="NUMBER", help="Slides at a time.")
@click.option(
    "--status-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Answer /status (JSON), /metrics (Prometheus) and /healthz there; 0 chooses a port.",
)
@click.option(
    "--status-host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="And where."
)
@click.option(
    "--once", is_flag=True, help="End when nothing is left to be done, as for a nightly run."
)
@without_options(conversion_options, "metadata", "overwrite", "threads")
@without_options(sending_options, "journal", "resend")
@click.pass_context
def run(context: click.Context, /, inbox: Path, **values: Any) -> None:
    """Convert the slides that come into INBOX; until it is stopped.

    A slide is taken when it is whole: unchanged for a while, open for writing nowhere, complete by
    its own structure, with the files that belong to it. It is converted, compared with the result,
    stored in --out and sent by --to; then it is moved to INBOX/done. One that fails goes to
    INBOX/failed with the reason beside it; one that a rule which is required does not find, to
    INBOX/unmatched, where it is looked up again. To try one again: dicomizer watch retry.

    Slides are known by their content: neither a crash at any moment nor a copy or another name
    makes one twice.
    """
    options = _options(context, inbox, values)

    from dicomizer.watch.journal import Journal
    from dicomizer.watch.rules import read_rules
    from dicomizer.watch.service import watching

    if options.rules is not None:
        read_rules(options.rules)  # what is wrong is told now
    try:
        with (
            contextlib.closing(Journal(options.journal)) as journal,
            watching(options, journal, _tell) as service,
            _status(values, journal, service),
        ):
            once = values["once"]
            service.run(lambda is_idle: once and is_idle)
    except KeyboardInterrupt as stop:
        stop.add_note("the same command goes on")
        raise
    counts = _counts(options.journal)
    context.exit(3 if counts["failed"] else 0)


def _counts(path: Path) -> dict[str, int]:
    from dicomizer.watch.journal import Journal

    with contextlib.closing(Journal(path, is_read_only=True)) as journal:
        return journal.counts()


@contextlib.contextmanager
def _status(values: dict[str, Any], journal: Journal, service: Service) -> Iterator[None]:
    """Answer questions about the service where that is asked for, and say where."""
    from dicomizer.watch.status import answering

    host, port = values["status_host"], values["status_port"]
    if port is None:
        yield
        return
    with answering(journal, host, port, lambda: service.waiting) as port:
        say(f"dicomizer: status at http://{host}:{port}/status", err=True)
        yield


def _options(context: click.Context, inbox: Path, values: dict[str, Any]) -> WatchOptions:
    from dicomizer.watch.options import After, WatchOptions

    out, address = values["out"], values["address"]
    if out is None and address is None:
        raise click.UsageError("say where results go: --out DIR, --to URL, or both")
    told = {**values, "journal": None, "resend": False}
    Sending.read(address, told)
    read_options({**values, "metadata": None, "overwrite": False, "threads": None})
    return WatchOptions(
        inbox=inbox.absolute(),
        out=out and out.absolute(),
        address=address,
        journal=(values["journal"] or default_journal(inbox)).absolute(),
        arguments=given_options(context, _CONVERT),
        verify_arguments=None if values["no_verify"] else given_options(context, _VERIFY),
        send_arguments=given_options(context, _SEND),
        rules=values["rules"] and values["rules"].absolute(),
        after=After(values["after"]),
        settle_seconds=values["settle"],
        patience_seconds=values["patience"],
        poll_seconds=max(values["poll"], 0.05),
        lookup_seconds=values["lookup_again"],
        first_retry_seconds=values["retry_first"],
        attempts=values["tries"],
        jobs=values["jobs"],
        has_events=not values["no_events"],
    )


def _tell(event: str, record: Record) -> None:
    """Print what happened to a slide: a line for a person, JSON for a program."""
    if not sys.stdout.isatty():
        told = {
            "event": event,
            "slide": record.name,
            "sha256": record.content,
            "out": record.out,
            "seconds": record.seconds,
            "attempts": record.attempts,
            "reason": record.reason,
        }
        click.echo(json.dumps({key: value for key, value in told.items() if value is not None}))
    else:
        say(_line(event, record))


def _line(event: str, record: Record) -> str:
    clock = dt.datetime.now().astimezone().strftime("%H:%M:%S")
    told = {
        "begun": f"{record.slide_bytes / 1e6:,.1f} MB",
        "done": f"{record.seconds:.1f} s → {record.out}",
        "retry": f"{record.reason}; again {_until(record.next_try)}",
    }.get(event, record.reason or "")
    return f"{clock}  {event:<9} {record.name}  {told}"


def _until(moment: float) -> str:
    seconds = max(moment - dt.datetime.now(dt.UTC).timestamp(), 0)
    return f"in {seconds:.0f} s" if seconds < 120 else f"in {seconds / 60:.0f} min"


@watch.command()
@click.argument("inbox", type=GIVEN_PATH)
@journal_option
@json_option
def status(inbox: Path, journal: Path | None, *, as_json: bool) -> None:
    """Show how the watch folder INBOX is doing; its service may run or not."""
    from dicomizer.watch.journal import Journal
    from dicomizer.watch.status import document

    path = known_journal(inbox, journal)
    with contextlib.closing(Journal(path, is_read_only=True)) as found:
        told = document(found)
        open_records = found.unsettled(200)
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    counts = ", ".join(f"{number:,} {state}" for state, number in told["slides"].items() if number)
    say(f"{inbox}: {counts or 'no slide has come yet'}")
    for record in open_records:
        again = f"; again {_until(record.next_try)}" if record.next_try else ""
        reason = f": {record.reason}{again}" if record.reason else ""
        say(f"  {record.state:<9} {record.path}{reason}")


@watch.command(name="try")
@slide_argument
@click.option("--rules", type=GIVEN_PATH, metavar="FILE", help="See samples/watch.toml.")
@click.option(
    "--came-as",
    type=GIVEN_PATH,
    metavar="FILE",
    help="Where it lay when it came: that name counts, and files beside it do, too.",
)
@json_option
def try_rules(slide: Path, rules: Path | None, came_as: Path | None, *, as_json: bool) -> None:
    """Show what the rules tell of SLIDE: barcodes, what is known, and what is missing.

    Nothing is converted. Worklists are asked.
    """
    from dicomizer.dicom.schema.json import metadata_to_json
    from dicomizer.watch.look import look_at
    from dicomizer.watch.rules import Rules, read_rules

    found = look_at(slide, read_rules(rules) if rules else Rules(), came_as)
    metadata = metadata_to_json(found.metadata)
    if as_json:
        click.echo(json.dumps(_look_document(slide, found, metadata), indent=2))
        return
    say(f"{slide}: {found.format_name}, {counted(len(found.barcodes), 'barcode')}")
    for barcode in found.barcodes:
        say(f"  {barcode.format}: {barcode.text}")
    click.echo(json.dumps(metadata, indent=2, ensure_ascii=False))
    say(f"unmatched: {found.unmatched}" if found.unmatched else "all that is required is there")


def _look_document(slide: Path, look: Look, metadata: object) -> dict[str, object]:
    return {
        "slide": str(slide),
        "format": look.format_name,
        "barcodes": [{"format": item.format, "text": item.text} for item in look.barcodes],
        "metadata": metadata,
        "unmatched": look.unmatched,
    }
