# SPDX-License-Identifier: Apache-2.0
"""An association as requestor: PDUs over one socket, and messages that stream.

pynetdicom encodes and decodes what is negotiated. Its own association is not used: it puts all
fragments of a message into a queue without bound, as fast as the disk gives them, so that all of a
file may wait in memory for a slow network (297 MB on loopback, of 2 GB); and it leaves tracebacks
of threads behind where a connection breaks meanwhile. Here a fragment goes out before the next is
read.

References
----------
PS3.8 9.3 (PDUs), E (message fragments), PS3.7 6.3 (command sets)
"""

from __future__ import annotations

import contextlib
import io
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dicomizer.dicom.uids import IMPLEMENTATION_CLASS_UID
from dicomizer.errors import NetworkError
from dicomizer.send.errors import BusyError, ConnectionLostError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydicom.dataset import Dataset

    from dicomizer.send.destination import EntityDestination

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
_ASSOCIATE_AC, _ASSOCIATE_RJ, _P_DATA, _RELEASE_RQ, _ABORT = 0x02, 0x03, 0x04, 0x05, 0x07
_RELEASE_REQUEST = bytes((_RELEASE_RQ, 0, 0, 0, 0, 4, 0, 0, 0, 0))
_ABORT_REQUEST = bytes((_ABORT, 0, 0, 0, 0, 4, 0, 0, 0, 0))
_OUR_MAXIMUM_LENGTH = 64 << 10
_PDU_LIMIT = 1 << 20
_MESSAGE_LIMIT = 4 << 20
"""Bytes of an answer's command set or data set."""
_LONGEST_FRAGMENT = 256 << 10
"""For peers that take any length."""
_WRITE_BYTES = 1 << 20
_NO_DATA_SET = 0x0101
_REJECTIONS = {
    (1, 2): "it does not take our application context",
    (1, 3): "it does not know our AE title",
    (1, 7): "it does not know the AE title asked for",
    (3, 1): "it is congested",
    (3, 2): "it has too many associations",
}
_CONTEXT_REFUSALS = {
    1: "the user rejects it",
    2: "no reason",
    3: "it does not take the SOP class",
    4: "it does not take the transfer syntax",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A presentation context to ask for."""

    sop_class_uid: str
    transfer_syntax_uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """A presentation context that the peer accepted."""

    number: int
    transfer_syntax_uid: str


class Association:
    """An established association.

    Parameters
    ----------
    timeout
        Seconds that the peer may be silent.

    Raises
    ------
    ConnectionLostError, BusyError
        The peer cannot be reached, or rejects for now.
    NetworkError
        It rejects for good.
    """

    def __init__(
        self,
        destination: EntityDestination,
        proposals: Sequence[Proposal],
        timeout: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._destination = destination
        self._timeout = timeout
        self._message_id = 0
        self.accepted: dict[Proposal, Context] = {}
        self.refused: dict[Proposal, str] = {}
        with self._explained():
            self._socket = self._connected(tls)
        try:
            self._negotiate(proposals)
        except BaseException:
            self._socket.close()
            raise

    def request(
        self,
        context: Context,
        command: Mapping[str, Any],
        data: Iterable[bytes] | None = None,
        *,
        seconds: float = 0.0,
    ) -> None:
        """Send a request; `answer` reads what comes back.

        Parameters
        ----------
        command
            By keyword, the elements beyond those that every request has.
        data
            The data set in chunks, encoded in the context's transfer syntax.
        seconds
            That the peer may be silent afterwards, beyond the usual.
        """
        self._message_id = self._message_id % 0xFFFF + 1
        encoded = _encoded_command(command, self._message_id, has_data=data is not None)
        with self._explained():
            self._socket.settimeout(self._timeout)
            self._send_fragments(context.number, (encoded,), is_command=True)
            if data is not None:
                self._send_fragments(context.number, data, is_command=False)
            self._socket.settimeout(self._timeout + seconds)

    def answer(self) -> tuple[Dataset, bytes]:
        """Return the next command set of the peer, and its encoded data set, which may be empty."""
        from pynetdicom.dsutils import decode

        with self._explained():
            command = decode(
                io.BytesIO(self._read_fragments(is_command=True)),
                is_implicit_vr=True,
                is_little_endian=True,
            )
            if command.get("MessageIDBeingRespondedTo") != self._message_id:
                raise NetworkError("the peer answered another request", file=self._destination)
            has_data = command.get("CommandDataSetType", _NO_DATA_SET) != _NO_DATA_SET
            return command, self._read_fragments(is_command=False) if has_data else b""

    def release(self) -> None:
        """End the association in order, as far as the peer lets us."""
        with contextlib.suppress(NetworkError, OSError):
            self._socket.settimeout(min(self._timeout, 5.0))
            self._socket.sendall(_RELEASE_REQUEST)
            with self._explained():
                self._read_pdu()
        self._socket.close()

    def abort(self) -> None:
        """End the association at once."""
        with contextlib.suppress(OSError):
            self._socket.settimeout(1.0)
            self._socket.sendall(_ABORT_REQUEST)
        self._socket.close()

    def _connected(self, tls: ssl.SSLContext | None) -> socket.socket:
        host, port = self._destination.host, self._destination.port
        found = socket.create_connection((host, port), timeout=self._timeout)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return found
        try:
            return tls.wrap_socket(found, server_hostname=host)
        except BaseException:
            found.close()
            raise

    def _negotiate(self, proposals: Sequence[Proposal]) -> None:
        numbered = {2 * place + 1: proposal for place, proposal in enumerate(proposals)}
        with self._explained():
            self._socket.sendall(_association_request(self._destination, numbered))
            kind, pdu = self._read_pdu()
        if kind == _ASSOCIATE_RJ:
            raise self._rejected(pdu)
        if kind != _ASSOCIATE_AC:
            raise NetworkError(
                f"found PDU type {kind:02X}H, expected A-ASSOCIATE-AC", file=self._destination
            )
        maximum, results = _read_acceptance(pdu)
        self._fragment = _fragment_length(maximum)
        for number, result, syntax in results:
            if number not in numbered:
                continue
            if result == 0:
                self.accepted[numbered[number]] = Context(number, syntax)
            else:
                self.refused[numbered[number]] = _CONTEXT_REFUSALS.get(result, "no reason")

    def _rejected(self, pdu: bytes) -> NetworkError:
        result, source, reason = pdu[7:10] if len(pdu) >= 10 else (1, 0, 0)
        told = _REJECTIONS.get((source, reason), "no reason given")
        problem = f"the peer rejects the association: {told}"
        if result == 2 or source == 3:
            return BusyError(problem, file=self._destination, remedy="try again later")
        return NetworkError(
            problem, file=self._destination, remedy="check both AE titles, and the peer's list"
        )

    def _send_fragments(self, number: int, chunks: Iterable[bytes], *, is_command: bool) -> None:
        """Send chunks of any size as fragments, the last of them marked."""
        control = 1 if is_command else 0
        pending, out, longest = bytearray(), bytearray(), self._fragment
        for chunk in chunks:
            pending += chunk
            # One fragment is kept back, for only the end tells that it was the last.
            start = 0
            while len(pending) - start > longest:
                _append_pdu(out, number, control, memoryview(pending)[start : start + longest])
                start += longest
                if len(out) >= _WRITE_BYTES:
                    self._socket.sendall(out)
                    out.clear()
            del pending[:start]
        _append_pdu(out, number, control | 2, pending)
        self._socket.sendall(out)

    def _read_fragments(self, *, is_command: bool) -> bytes:
        found = bytearray()
        is_last = False
        while not is_last:
            for control, fragment in self._read_values():
                if bool(control & 1) != is_command or is_last:
                    raise NetworkError("fragments are out of order", file=self._destination)
                found += fragment
                is_last = bool(control & 2)
            if len(found) > _MESSAGE_LIMIT:
                raise NetworkError(
                    f"a message is longer than {_MESSAGE_LIMIT >> 20} MiB", file=self._destination
                )
        return bytes(found)

    def _read_values(self) -> list[tuple[int, bytes]]:
        """Return control byte and fragment of each value of the next P-DATA-TF PDU."""
        kind, pdu = self._read_pdu()
        if kind != _P_DATA:
            raise ConnectionLostError(
                "the peer ended the association", file=self._destination, remedy="run it again"
            )
        values, place = [], 6
        while place + 6 <= len(pdu):
            (length,) = struct.unpack_from(">I", pdu, place)
            values.append((pdu[place + 5], pdu[place + 6 : place + 4 + length]))
            place += 4 + max(length, 2)
        return values

    def _read_pdu(self) -> tuple[int, bytes]:
        """Return type and bytes of the next PDU, its header included."""
        header = self._read_exactly(6)
        (length,) = struct.unpack_from(">I", header, 2)
        if length > _PDU_LIMIT:
            raise NetworkError(
                f"found a PDU of {length:,} bytes, expected {_PDU_LIMIT:,} at most",
                file=self._destination,
                remedy="check that a DICOM application entity listens there",
            )
        return header[0], header + self._read_exactly(length)

    def _read_exactly(self, length: int) -> bytes:
        found = bytearray()
        while len(found) < length:
            chunk = self._socket.recv(min(length - len(found), 64 << 10))
            if not chunk:
                raise ConnectionResetError("the peer closed the connection")
            found += chunk
        return bytes(found)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, TimeoutError):
                what = "the peer was silent for too long"
            else:
                what = f"the connection failed: {error.strerror or error}"
            raise ConnectionLostError(
                what,
                file=self._destination,
                remedy="check the address and the network, then run it again",
            ) from error


def _association_request(destination: EntityDestination, numbered: Mapping[int, Proposal]) -> bytes:
    from pynetdicom.pdu import A_ASSOCIATE_RQ
    from pynetdicom.pdu_primitives import (
        A_ASSOCIATE,
        ImplementationClassUIDNotification,
        MaximumLengthNotification,
    )
    from pynetdicom.presentation import PresentationContext

    contexts = []
    for number, proposal in numbered.items():
        context = PresentationContext()
        context.context_id = number
        context.abstract_syntax = proposal.sop_class_uid
        context.transfer_syntax = list(proposal.transfer_syntax_uids)
        contexts.append(context)
    length = MaximumLengthNotification()
    length.maximum_length_received = _OUR_MAXIMUM_LENGTH
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    request = A_ASSOCIATE()
    request.application_context_name = APPLICATION_CONTEXT
    request.calling_ae_title = destination.calling_ae_title
    request.called_ae_title = destination.called_ae_title
    request.presentation_context_definition_list = contexts
    request.user_information = [length, implementation]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(request)
    return pdu.encode()


def _read_acceptance(pdu: bytes) -> tuple[int, list[tuple[int, int, str]]]:
    """Return the peer's maximum length, and number, result and transfer syntax of each context."""
    from pynetdicom.pdu import A_ASSOCIATE_AC

    try:
        acceptance = A_ASSOCIATE_AC()
        acceptance.decode(pdu)
        user = acceptance.user_information
        maximum = user.maximum_length if user else None
        results = [
            (item.context_id or 0, item.result or 0, str(item.transfer_syntax or ""))
            for item in acceptance.presentation_context
        ]
    except Exception as error:  # the parser raises whatever broken bytes provoke
        raise NetworkError("the peer's A-ASSOCIATE-AC cannot be read") from error
    if not results:
        raise NetworkError("the peer's A-ASSOCIATE-AC answers to no presentation context")
    return maximum or 0, results


def _fragment_length(maximum: int) -> int:
    """Return the bytes of a fragment for a peer's maximum length, where 0 is no limit.

    Six bytes of it are the value's header; fragments are of even length (PS3.8 E.1).
    """
    longest = _LONGEST_FRAGMENT if maximum == 0 else min(maximum - 6, _LONGEST_FRAGMENT)
    return max(longest - longest % 2, 2)


def _append_pdu(
    out: bytearray, number: int, control: int, fragment: bytearray | memoryview
) -> None:
    length = len(fragment)
    out += struct.pack(">BBIIBB", _P_DATA, 0, length + 6, length + 2, number, control)
    out += fragment


def _encoded_command(command: Mapping[str, Any], message_id: int, *, has_data: bool) -> bytes:
    from pydicom.dataset import Dataset
    from pynetdicom.dsutils import encode

    elements = Dataset()
    for keyword, value in command.items():
        setattr(elements, keyword, value)
    elements.MessageID = message_id
    elements.CommandDataSetType = 0x0001 if has_data else _NO_DATA_SET
    encoded = encode(elements, is_implicit_vr=True, is_little_endian=True)
    assert encoded is not None
    return struct.pack("<HHII", 0, 0, 4, len(encoded)) + encoded
