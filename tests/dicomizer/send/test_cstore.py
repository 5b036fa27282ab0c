# SPDX-License-Identifier: Apache-2.0
"""C-STORE to pynetdicom's own application entity, and over lines that break."""

from __future__ import annotations

import socket
import threading

import pytest
from sending import CuttingProxy, entity, write_study

from dicomizer.errors import NetworkError
from dicomizer.send import State
from dicomizer.send.association import _fragment_length
from dicomizer.send.errors import ConnectionLostError

_JPEG, _EXPLICIT = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.1"


def _data_set(path) -> bytes:
    from pynetdicom.dsutils import split_dataset

    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]


@pytest.mark.parametrize("maximum_pdu", [0, 4096, 16384, 1_000_000])
def test_data_sets_arrive_byte_for_byte(send_to, tmp_path, maximum_pdu):
    paths = write_study(tmp_path / "in")
    with entity([_JPEG], maximum_pdu=maximum_pdu) as peer:
        outcomes = send_to(f"{peer.url}?calling=OURS", paths)

    assert [outcome.state for outcome in outcomes] == [State.SENT] * 5
    assert [data for _, _, data in peer.stored] == [_data_set(path) for path in paths]
    assert {syntax for _, syntax, _ in peer.stored} == {_JPEG}
    assert peer.calling == {"OURS"}


def test_a_peer_that_answers_queries_is_asked_back(send_to, tmp_path):
    paths = write_study(tmp_path / "in", 3)
    with entity([_JPEG], answers_queries=True) as peer:
        first = send_to(peer.url, paths[:1])
        outcomes = send_to(peer.url, paths)

    assert first[0].is_verified
    assert [outcome.state for outcome in outcomes] == [State.HELD, State.SENT, State.SENT]
    assert all(outcome.is_verified for outcome in outcomes)
    assert len(peer.stored) == 3


def test_a_peer_that_answers_none_is_sent_nothing_twice(send_to, tmp_path):
    paths = write_study(tmp_path / "in", 3)
    with entity([_JPEG]) as peer:
        send_to(peer.url, paths[:1])
        outcomes = send_to(peer.url, paths)

    assert [outcome.state for outcome in outcomes] == [State.HELD, State.SENT, State.SENT]
    assert not any(outcome.is_verified for outcome in outcomes)
    assert len(peer.stored) == 3


def test_nothing_is_sent_in_another_transfer_syntax(send_to, tmp_path):
    with entity([_EXPLICIT]) as peer:
        (outcome,) = send_to(peer.url, write_study(tmp_path / "in", 1))

    assert outcome.state is State.REFUSED
    assert outcome.reason == (
        "VL Whole Slide Microscopy Image Storage in JPEG Baseline (Process 1) is not taken: "
        "it does not take the transfer syntax"
    )
    assert peer.stored == []


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (0xB000, State.SENT, "it changed data elements (B000H)"),
        (0xA900, State.REFUSED, "data set does not match SOP class (A900H)"),
        (0xC123, State.REFUSED, "it does not understand it (C123H)"),
        (0x0124, State.REFUSED, "not authorised (0124H)"),
    ],
)
def test_a_status_is_told(send_to, tmp_path, status, state, reason):
    paths = write_study(tmp_path / "in", 2)
    with entity([_JPEG]) as peer:
        peer.statuses = [status]
        outcomes = send_to(peer.url, paths)

    assert (outcomes[0].state, outcomes[0].reason) == (state, reason)
    assert outcomes[1].state is State.SENT


def test_a_peer_out_of_resources_is_tried_again(send_to, tmp_path):
    with entity([_JPEG]) as peer:
        peer.statuses = [0xA700, 0xA700]
        (outcome,) = send_to(peer.url, write_study(tmp_path / "in", 1))

    assert outcome.state is State.SENT
    assert len(peer.stored) == 1


def test_a_peer_that_stays_out_of_resources_refuses(send_to, tmp_path):
    with entity([_JPEG]) as peer:
        peer.statuses = [0xA700] * 100
        (outcome,) = send_to(peer.url, write_study(tmp_path / "in", 1))

    assert outcome.state is State.FAILED
    assert outcome.reason == "the peer refuses it: out of resources (A700H)"


def test_a_line_that_breaks_is_taken_up_where_it_broke(send_to, tmp_path):
    paths = write_study(tmp_path / "in", 30)
    with (
        entity([_JPEG], answers_queries=True) as peer,
        CuttingProxy(peer.port, [50, 20_000, 9_000, 100, 15_000]) as proxy,
    ):
        outcomes = send_to(peer.url.replace(str(peer.port), str(proxy.port)), paths)

        assert proxy.cut == 5
    assert [outcome.state for outcome in outcomes] == [State.SENT] * 30
    assert all(outcome.is_verified for outcome in outcomes)
    assert sorted(data for _, _, data in peer.stored) == sorted(map(_data_set, paths))


def test_titles_that_the_peer_does_not_know_are_an_error(send_to, tmp_path):
    with (
        entity([_JPEG]) as peer,
        pytest.raises(NetworkError, match="does not know the AE title asked for; check both"),
    ):
        send_to(peer.url.replace("STORE", "OTHER"), write_study(tmp_path / "in", 1))


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x02\0\0\0\0\x04\0\0\0\0", b"", b"\x04\0"]
)
def test_what_is_no_application_entity_is_an_error(send_to, tmp_path, answer):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(1 << 16)
                client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        with pytest.raises(NetworkError):
            send_to(
                f"dicom://A@127.0.0.1:{listener.getsockname()[1]}",
                write_study(tmp_path / "in", 1),
                timeout=2.0,
            )
    finally:
        listener.close()


def test_a_peer_that_is_silent_is_given_up(send_to, tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(ConnectionLostError, match="was silent for too long"),
    ):
        send_to(
            f"dicom://A@127.0.0.1:{listener.getsockname()[1]}",
            write_study(tmp_path / "in", 1),
            timeout=0.1,
        )


@pytest.mark.parametrize(
    ("maximum", "expected"), [(0, 262144), (16384, 16378), (16383, 16376), (7, 2), (10**9, 262144)]
)
def test_fragments_fit_what_the_peer_takes_and_are_even(maximum, expected):
    assert _fragment_length(maximum) == expected
