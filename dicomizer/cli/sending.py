# SPDX-License-Identifier: Apache-2.0
"""Options of every verb that sends, the call they make, and what is told of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dicomizer.cli.options import GIVEN_PATH, counted, say
from dicomizer.errors import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dicomizer.send import Outcome, SendOptions, SendProgress
    from dicomizer.send.destination import Destination
    from dicomizer.send.peer import Peer

_OPTIONS = (
    click.option(
        "--calling-aet",
        metavar="AET",
        help="Our AE title for dicom:// addresses. Default: DICOMIZER.",
    ),
    click.option(
        "--token-file",
        type=GIVEN_PATH,
        metavar="FILE",
        help="File with a bearer token for https:// addresses; or set DICOMIZER_TOKEN.",
    ),
    click.option(
        "--login-file",
        type=GIVEN_PATH,
        metavar="FILE",
        help="File with name:password for https:// addresses; or set DICOMIZER_LOGIN.",
    ),
    click.option(
        "--ca-file",
        type=GIVEN_PATH,
        metavar="FILE",
        help="Certificates (PEM) that prove who the peer is, instead of the system's.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(1, 3600),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long the peer may be silent.",
    ),
    click.option(
        "--attempts",
        type=click.IntRange(1, 100),
        default=8,
        show_default=True,
        metavar="NUMBER",
        help="Failures in a row after which to give up.",
    ),
    click.option(
        "--journal",
        type=GIVEN_PATH,
        metavar="FILE",
        help="Where to remember what was sent. Default: a file for each peer in "
        "~/.local/state/coverslip.",
    ),
    click.option("--resend", is_flag=True, help="Send what the peer holds already, too."),
)


_ONLY_WITH_ADDRESS = ("calling_aet", "token_file", "login_file", "ca_file", "journal", "resend")
_NAMES = (*_ONLY_WITH_ADDRESS, "timeout", "attempts")


def sending_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of sending."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Sending:
    """A peer that is ready to be talked to, and how."""

    address: str
    _peer: Peer
    _journal: Path
    _options: SendOptions

    @classmethod
    def read(cls, address: str | None, values: dict[str, Any]) -> Sending | None:
        """Take the values of `sending_options` out of those of a command; nothing is sent yet.

        ``None`` stands for no address. Whatever is wrong with an option fails here, before
        minutes of conversion.

        Raises
        ------
        NetworkError
            A secret or certificate cannot be read, or would go out in the clear.
        """
        given = {name: values.pop(name) for name in _NAMES}
        if address is None:
            for name in _ONLY_WITH_ADDRESS:
                if given[name]:
                    raise click.UsageError(f"--{name.replace('_', '-')} is of use with --to only")
            return None
        return cls._opened(_destination(address, given), given)

    @classmethod
    def _opened(cls, destination: Destination, given: dict[str, Any]) -> Sending:
        from dicomizer.send import SendOptions, open_peer
        from dicomizer.send.credentials import read_credentials
        from dicomizer.send.journal import journal_path
        from dicomizer.send.retry import Retry

        credentials = read_credentials(given["token_file"], given["login_file"])
        return cls(
            str(destination),
            open_peer(destination, credentials, given["ca_file"], given["timeout"]),
            given["journal"] or journal_path(destination),
            SendOptions(resend=given["resend"], retry=Retry(attempts=given["attempts"])),
        )

    def send(self, paths: Sequence[Path], *, show: bool) -> tuple[tuple[Outcome, ...], list[str]]:
        """Send files and folders; return what became of each instance, and notes.

        Parameters
        ----------
        show
            Whether to draw a progress bar.
        """
        from dicomizer.send import send
        from dicomizer.send.instances import find_instances

        instances, notes = find_instances(paths)
        try:
            with transfer(show=show) as report:
                outcomes = send(instances, self._peer, self._journal, self._options, report)
        except KeyboardInterrupt as stop:
            stop.add_note("what the peer has taken stays there")
            raise
        unverified = sum(outcome.is_good and not outcome.is_verified for outcome in outcomes)
        if unverified:
            notes.append(
                f"{counted(unverified, 'instance')} acknowledged, but not asked back: "
                "the peer answers no queries"
            )
        return outcomes, notes


def _destination(address: str, given: dict[str, Any]) -> Destination:
    from dicomizer.send.destination import parse_destination
    from dicomizer.send.errors import DestinationError

    try:
        return parse_destination(address, given["calling_aet"])
    except DestinationError as error:
        raise click.BadParameter(str(error), param_hint="'--to'") from error


@dataclass(slots=True)
class Room:
    """A folder for instances.

    Parameters
    ----------
    is_temporary
        Whether it goes when nothing is left to be sent.
    is_whole
        Whether all instances are in it.
    is_sent
        Whether nothing is left to be sent.
    """

    folder: Path
    is_temporary: bool
    is_sent: bool
    is_whole: bool = False


@contextlib.contextmanager
def room_until_sent(slide: Path, out: Path | None, sending: Sending | None) -> Iterator[Room]:
    """Give the folder named, or one that is removed when all in it is sent.

    What could not be sent stays, and the error or a note says where: a conversion may have taken
    hours, and the peer may hold a part of it.
    """
    from dicomizer.errors import TargetError
    from dicomizer.targets.room import remove_room, room_for

    if out is not None:
        room = Room(out, is_temporary=False, is_sent=sending is None)
        goes_on = "" if sending is None else f"dicomizer send {out} --to {sending.address} goes on"
        try:
            yield from _until_sent(room, goes_on)
        except TargetError as error:
            # Of a run that was killed while it sent: another conversion would have other UIDs.
            if sending is not None and not room.is_whole and any(out.glob("*.dcm")):
                error.remedy = f"{goes_on} with what it holds; or {error.remedy}"
            raise
        return
    assert sending is not None
    with room_for([str(slide.resolve()), sending.address]) as folder:
        room = Room(folder, is_temporary=True, is_sent=False)
        try:
            yield from _until_sent(
                room, f"the instances are kept in {folder}: the same command goes on"
            )
        finally:
            if room.is_sent or not any(folder.glob("*.dcm")):
                remove_room(folder)


def _until_sent(room: Room, goes_on: str) -> Iterator[Room]:
    """Give the room, and tell what to do where it is whole but not sent."""
    from dicomizer.errors import DicomizerError

    try:
        yield room
    except DicomizerError as error:
        if room.is_whole:
            error.remedy = f"{error.remedy}; {goes_on}" if error.remedy else goes_on
        raise
    except KeyboardInterrupt as stop:
        if room.is_whole:
            stop.add_note(goes_on)
        raise
    if not room.is_sent:
        say(f"note: {goes_on}", err=True)


@contextlib.contextmanager
def transfer(*, show: bool) -> Iterator[Callable[[SendProgress], None]]:
    """Give a function that draws a progress bar of bytes, or one that does nothing."""
    if not show:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description:<14}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking", total=None)

        def report(progress: SendProgress) -> None:
            bar.update(
                task,
                description=visible(progress.file_name),
                completed=progress.bytes_done,
                total=progress.bytes_total,
            )

        yield report


def show_outcomes(outcomes: Sequence[Outcome], notes: Sequence[str], address: str) -> None:
    """Print what became of instances: those that failed by name, the others by number."""
    for note in notes:
        say(f"note: {note}", err=True)
    for outcome in outcomes:
        if not outcome.is_good:
            say(f"{outcome.state.value}: {_line(outcome)}", err=True)
        elif outcome.reason:
            say(f"note: {_line(outcome)}", err=True)
    good = [outcome for outcome in outcomes if outcome.is_good]
    parts = [
        f"{len(good):,} of {counted(len(outcomes), 'instance')} accepted",
        f"{sum(outcome.is_verified for outcome in good):,} verified",
        f"{sum(outcome.state.value == 'held' for outcome in good):,} held before",
    ]
    size = sum(outcome.instance.size for outcome in outcomes if outcome.state.value == "sent")
    say(f"{', '.join(parts)}; {size / 1e6:.1f} MB sent → {address}")


def _line(outcome: Outcome) -> str:
    return f"{outcome.instance.path}: {outcome.reason}"


def outcomes_document(
    outcomes: Sequence[Outcome], notes: Sequence[str], address: str
) -> dict[str, object]:
    """Return what became of instances, for a script."""
    return {
        "to": address,
        "complete": all(outcome.is_good for outcome in outcomes),
        "notes": list(notes),
        "instances": [
            {
                "file": str(outcome.instance.path),
                "sop_instance_uid": outcome.instance.sop_instance_uid,
                "state": outcome.state.value,
                "verified": outcome.is_verified,
                "reason": outcome.reason,
            }
            for outcome in outcomes
        ],
    }
