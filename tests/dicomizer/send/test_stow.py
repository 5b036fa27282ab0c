# SPDX-License-Identifier: Apache-2.0
"""STOW-RS: to the real server, over lines that break, and to servers that answer all there is."""

from __future__ import annotations

import json
import time

import instances as build
import pydicom
import pytest
from certificates import server_context
from pydicom.encaps import encapsulate
from sending import CuttingProxy, scripted, write_study

from dicomizer.errors import NetworkError
from dicomizer.send import State, http, qido
from dicomizer.send.credentials import Credentials, read_credentials
from dicomizer.send.errors import BusyError, ConnectionLostError, NotOfferedError
from dicomizer.send.instances import read_instance
from dicomizer.send.retry import Retry

_FOUND_NOTHING = [(200, {}, b"[]")]
_NO_QUERIES = [(501, {}, b"")]


def _reference(uid: str, **codes: int) -> dict[str, object]:
    item: dict[str, object] = {"00081155": {"vr": "UI", "Value": [uid]}}
    return item | {tag.strip("_"): {"vr": "US", "Value": [code]} for tag, code in codes.items()}


def _answer(**sequences: list[dict[str, object]]) -> bytes:
    return json.dumps(
        {t.strip("_"): {"vr": "SQ", "Value": v} for t, v in sequences.items()}
    ).encode()


def _states(outcomes) -> list[State]:
    return [outcome.state for outcome in outcomes]


def test_files_arrive_byte_for_byte_and_are_verified(server, send_to, tmp_path):
    paths = write_study(tmp_path / "in")

    outcomes = send_to(server.root, paths)

    assert _states(outcomes) == [State.SENT] * 5
    assert all(outcome.is_verified for outcome in outcomes)
    stored = {file.read_bytes() for file in server.data.rglob("*") if file.is_file()}
    assert {path.read_bytes() for path in paths} <= stored


def test_what_the_peer_holds_is_not_sent_again(server, send_to, tmp_path):
    paths = write_study(tmp_path / "in")
    send_to(server.root, paths[:2])

    outcomes = send_to(server.root, paths)

    assert _states(outcomes) == [State.HELD] * 2 + [State.SENT] * 3
    assert all(outcome.is_verified for outcome in outcomes)
    assert server.log.read_text().count("method=POST") == 2


def test_another_instance_under_the_uid_is_found_out(server, send_to, tmp_path):
    (path,) = write_study(tmp_path / "in", 1)
    send_to(server.root, [path])
    changed = pydicom.dcmread(path)
    changed.NumberOfFrames = 7
    changed.PixelData = encapsulate([build.jpeg(10)] * 7)
    changed.save_as(path)

    (outcome,) = send_to(server.root, [path])
    (again,) = send_to(server.root, [path], resend=True)

    assert outcome.state is State.FAILED
    assert outcome.reason == (
        "the peer holds this UID otherwise: the peer's has 1 frames, expected 7"
    )
    assert again.state is State.REFUSED
    assert again.reason == "it holds another instance of this UID (0111H)"


def test_a_line_that_breaks_is_taken_up_where_it_broke(server, send_to, tmp_path):
    paths = write_study(tmp_path / "in", 40)
    size = sum(path.stat().st_size for path in paths)
    port = int(server.address.rsplit(":", 1)[1])
    # The first connection is cut within the answer's request, the others within the body.
    with CuttingProxy(port, [100, size // 2, size // 4, 20_000, 0]) as proxy:
        outcomes = send_to(f"http://127.0.0.1:{proxy.port}/dicomweb", paths)

        assert proxy.cut == 5
        assert _states(outcomes) == [State.SENT] * 40
        assert all(outcome.is_verified for outcome in outcomes)
        # What had arrived did not go out again: only what was cut, and the questions.
        largest = max(path.stat().st_size for path in paths)
        assert proxy.sent_bytes < size * 1.1 + 5 * (largest + 300_000)
    assert len(list(server.get("/instances?limit=1000").json())) == 40


def test_a_line_that_never_holds_ends_in_an_error_that_names_all(server, send_to, tmp_path):
    paths = write_study(tmp_path / "in", 3)
    port = int(server.address.rsplit(":", 1)[1])
    with CuttingProxy(port, [10_000] * 100) as proxy:
        proxy_url = f"http://127.0.0.1:{proxy.port}/dicomweb"
        outcomes = send_to(proxy_url, [*paths, *write_study(tmp_path / "more", 40)])

    assert State.FAILED in _states(outcomes)
    assert {o.reason.split(":")[0] for o in outcomes if o.state is State.FAILED} <= {
        "the connection failed",
        "the connection broke before the answer",
    }


def test_nobody_there_is_an_error(send_to, tmp_path):
    with pytest.raises(ConnectionLostError, match=r"127.0.0.1:1/x: the connection failed"):
        send_to("http://127.0.0.1:1/x", write_study(tmp_path / "in", 1))


def test_part_of_a_request_may_be_refused(send_to, tmp_path):
    paths = write_study(tmp_path / "in", 3)

    good, warned, bad = (read_instance(path).sop_instance_uid for path in paths)
    body = _answer(
        _00081199=[_reference(good), _reference(warned, _00081196=0xB000)],
        _00081198=[_reference(bad, _00081197=0xA900)],
    )
    with scripted([(202, {}, body)], _NO_QUERIES) as peer:
        outcomes = send_to(peer.url, paths)

    assert _states(outcomes) == [State.SENT, State.SENT, State.REFUSED]
    assert [outcome.reason for outcome in outcomes] == [
        None,
        "it changed data elements (B000H)",
        "data set does not match SOP class (A900H)",
    ]
    assert not any(outcome.is_verified for outcome in outcomes)


def test_a_peer_that_cannot_be_asked_is_sent_nothing_twice(send_to, tmp_path):
    paths = write_study(tmp_path / "in", 2)
    with scripted([(200, {}, b"{}")], _NO_QUERIES) as peer:
        send_to(peer.url, paths[:1])
        outcomes = send_to(peer.url, paths)

        assert _states(outcomes) == [State.HELD, State.SENT]
        assert len(peer.stored) == 2
        assert peer.stored[1].body.count(b"DICM") == 1


def test_an_acceptance_that_asking_back_does_not_confirm_has_failed(send_to, tmp_path):
    with scripted([(200, {}, b"")], _FOUND_NOTHING) as peer:
        (outcome,) = send_to(peer.url, write_study(tmp_path / "in", 1))

    assert outcome.state is State.FAILED
    assert outcome.reason == "the peer accepted it, but does not have it when asked"


def test_a_busy_peer_is_waited_for(send_to, tmp_path):
    script = [
        (429, {"Retry-After": "0"}, b""),
        (503, {"Retry-After": "0"}, b""),
        (500, {}, b""),
        (200, {}, b"{}"),
    ]
    with scripted(script, _NO_QUERIES) as peer:
        (outcome,) = send_to(peer.url, write_study(tmp_path / "in", 1))

        assert outcome.state is State.SENT
        assert len(peer.stored) == 4


def test_a_connection_that_the_peer_ended_while_we_waited_is_opened_again(send_to, tmp_path):
    """Servers end one that is idle, uvicorn after 5 s: each long wait cost an attempt, and all."""
    paths = write_study(tmp_path / "in", 1)
    answers = [(503, {}, b""), (503, {}, b""), (200, {}, b"{}")]
    retry = Retry(attempts=3, first_seconds=0.8, longest_seconds=0.8)
    with scripted(answers, _NO_QUERIES, idle_seconds=0.1) as peer:
        (outcome,) = send_to(peer.url, paths, retry=retry)

    assert outcome.state is State.SENT
    assert len(peer.stored) == 3


def test_an_instance_that_the_peer_breaks_on_spoils_no_other(send_to, tmp_path):
    script = [(500, {}, b"")] * 4 + [(200, {}, b"{}")]
    with scripted(script, _NO_QUERIES) as peer:
        outcomes = send_to(peer.url, write_study(tmp_path / "in", 3))

    assert _states(outcomes) == [State.FAILED, State.SENT, State.SENT]
    assert outcomes[0].reason == "the peer answered 500 Internal Server Error"


def test_a_request_that_is_too_large_is_divided(send_to, tmp_path):
    good, bad = (200, {}, b"{}"), (413, {}, b"")
    with scripted([bad, good, bad, bad, good], _NO_QUERIES) as peer:
        outcomes = send_to(peer.url, write_study(tmp_path / "in", 4))

    assert _states(outcomes) == [State.SENT, State.REFUSED, State.REFUSED, State.SENT]
    assert outcomes[1].reason == "the peer answered 413 Request Entity Too Large"


@pytest.mark.parametrize(
    ("status", "error", "remedy"),
    [
        (401, NetworkError, "--token-file"),
        (403, NetworkError, "ask for the right"),
        (307, NetworkError, "give the address that it sends others to"),
        (503, BusyError, "try again later"),
    ],
)
def test_a_peer_that_lets_nobody_in_is_an_error(send_to, tmp_path, status, error, remedy):
    told = [(status, {"Location": "http://127.0.0.1:1/", "Retry-After": "0"}, b"")]
    with (
        scripted(told, told) as peer,
        pytest.raises(error, match=f"the peer answered {status} .*{remedy}"),
    ):
        send_to(peer.url, write_study(tmp_path / "in", 1))


def test_an_address_without_stow_fails_all_at_once(send_to, tmp_path):
    with scripted([(404, {}, b"")], _FOUND_NOTHING) as peer:
        outcomes = send_to(peer.url, write_study(tmp_path / "in", 3))

        assert len(peer.stored) == 1
    assert {(o.state, o.reason) for o in outcomes} == {
        (State.FAILED, "the peer answered 404 and so stores nothing at this address")
    }
    assert issubclass(NotOfferedError, NetworkError)


def test_a_peer_that_wants_it_is_told_the_transfer_syntax_of_each_part(send_to, tmp_path):
    with scripted([(415, {}, b""), (200, {}, b"{}")], _NO_QUERIES) as peer:
        (outcome,) = send_to(peer.url, write_study(tmp_path / "in", 1))

        plain, named = (request.body.split(b"\r\n\r\n")[0] for request in peer.stored)
    assert outcome.state is State.SENT
    assert plain.endswith(b"Content-Type: application/dicom")
    assert named.endswith(
        b"Content-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50"
    )


def test_the_length_of_a_body_is_known_before_it_is_sent(send_to, tmp_path):
    with scripted([(200, {}, b"{}")], _NO_QUERIES) as peer:
        send_to(peer.url, write_study(tmp_path / "in", 3))

        (request,) = peer.stored
    assert request.headers["Content-Length"] == str(len(request.body))
    assert "Transfer-Encoding" not in request.headers
    assert request.body.endswith(b"--\r\n")


def test_a_file_that_changes_meanwhile_fails_alone(send_to, tmp_path):
    paths = write_study(tmp_path / "in", 3)
    from dicomizer.send import SendOptions, open_peer, send
    from dicomizer.send.destination import parse_destination
    from dicomizer.send.instances import find_instances

    instances, _ = find_instances(paths)
    paths[1].write_bytes(paths[1].read_bytes() + b"more")
    with scripted([(200, {}, b"{}")], _NO_QUERIES) as peer:
        opened = open_peer(parse_destination(peer.url), Credentials(), None, 10)
        outcomes = send(instances, opened, None, SendOptions())

    assert _states(outcomes) == [State.SENT, State.FAILED, State.SENT]
    assert outcomes[1].reason == "has changed while it was being sent"


def test_credentials_are_sent_and_never_told(send_to, tmp_path, monkeypatch):
    (tmp_path / "login").write_text("jane:hunter2\n")
    monkeypatch.setenv("DICOMIZER_TOKEN", "hunter3")
    login = read_credentials(login_file=tmp_path / "login")
    token = read_credentials()
    paths = write_study(tmp_path / "in", 1)
    with scripted([(200, {}, b"{}")], _NO_QUERIES) as peer:
        send_to(peer.url, paths, credentials=login)
        send_to(peer.url, paths, credentials=token, resend=True)

        told = [request.headers["Authorization"] for request in peer.stored]
    assert told == ["Basic amFuZTpodW50ZXIy", "Bearer hunter3"]
    assert "hunter" not in repr(login) + repr(token)
    with pytest.raises(NetworkError, match="would cross the network in the clear") as error:
        send_to("http://192.0.2.1/x", paths, credentials=token)
    assert "hunter3" not in str(error.value)


@pytest.mark.parametrize("content", ["", "hunter2\nlines", "hunter2"])
def test_a_secret_that_is_none_is_refused_without_repeating_it(tmp_path, content):
    (tmp_path / "login").write_text(content)

    with pytest.raises(NetworkError) as error:
        read_credentials(login_file=tmp_path / "login")

    assert "hunter2" not in str(error.value)


def test_a_certificate_must_be_trusted(server, send_to, tmp_path):
    context, certificate = server_context(tmp_path)
    paths = write_study(tmp_path / "in", 2)
    port = int(server.address.rsplit(":", 1)[1])
    with CuttingProxy(port, [], context) as proxy:
        url = f"https://localhost:{proxy.port}/dicomweb"
        with pytest.raises(NetworkError, match=r"its certificate is not trusted.*--ca-file"):
            send_to(url, paths)
        with pytest.raises(NetworkError, match="its certificate is not trusted"):
            send_to(url.replace("localhost", "127.0.0.1"), paths, ca_file=certificate)

        outcomes = send_to(url, paths, ca_file=certificate)

    assert all(outcome.is_verified for outcome in outcomes)


def _wait_for_gets(server, count: int) -> None:
    """Wait for the log, whose lines come when nobody waits for an answer any more."""
    deadline = time.monotonic() + 10
    while (found := server.log.read_text().count("method=GET")) < count:
        assert time.monotonic() < deadline, found
    assert found == count


def test_a_long_series_is_asked_for_page_by_page(server, send_to, tmp_path, monkeypatch):
    monkeypatch.setattr(qido, "_PAGE", 2)
    paths = write_study(tmp_path / "in")

    send_to(server.root, paths)
    outcomes = send_to(server.root, paths)

    assert _states(outcomes) == [State.HELD] * 5
    # Three pages each time: before sending the first is empty.
    _wait_for_gets(server, 1 + 3 + 3)


def test_a_peer_without_search_is_asked_for_metadata(send_to, tmp_path):
    (path,) = write_study(tmp_path / "in", 1)
    uid = read_instance(path).sop_instance_uid
    found = [{"00080018": {"vr": "UI", "Value": [uid]}, "00280008": {"vr": "IS", "Value": [1]}}]
    script = [(501, {}, b""), (404, {}, b""), (200, {}, json.dumps(found).encode())]
    with scripted([(200, {}, b"{}")], script) as peer:
        (outcome,) = send_to(peer.url, [path])

        assert [request.path.rpartition("/")[2] for request in peer.asked[1:]] == [
            "metadata",
            "studies",
            "metadata",
        ]
    assert outcome.state is State.SENT
    assert outcome.is_verified


def test_an_answer_without_end_is_not_kept(send_to, tmp_path, monkeypatch):
    monkeypatch.setattr(http, "ANSWER_LIMIT", 1000)
    with (
        scripted([(200, {}, b"{}")], [(200, {}, b" " * 2000)]) as peer,
        pytest.raises(NetworkError, match="the answer is longer"),
    ):
        send_to(peer.url, write_study(tmp_path / "in", 1))


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"[" * 100_000, b'[{"00280008": 3}]'])
def test_an_answer_that_is_no_dicom_json_is_an_error(send_to, tmp_path, body):
    with (
        scripted([(200, {}, b"{}")], [(200, {}, body)]) as peer,
        pytest.raises(NetworkError, match="is no DICOM JSON; check the path"),
    ):
        send_to(peer.url, write_study(tmp_path / "in", 1))


def test_what_arrived_before_a_gateway_gave_up_is_not_sent_again(send_to, tmp_path):
    (path,) = write_study(tmp_path / "in", 1)
    uid = read_instance(path).sop_instance_uid
    found = json.dumps([{"00080018": {"vr": "UI", "Value": [uid]}}]).encode()
    with scripted([(504, {}, b"")], [(200, {}, b"[]"), (200, {}, found)]) as peer:
        (outcome,) = send_to(peer.url, [path])

        assert len(peer.stored) == 1
    assert outcome.state is State.SENT
    assert outcome.is_verified
