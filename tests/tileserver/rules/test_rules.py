# SPDX-License-Identifier: Apache-2.0
"""Rules: read and checked, tried on what is stored, and set off exactly once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
import uploading as up
from instances import dataset, written
from servers import Server, command, serving

from tileserver.errors import BadRequestError, ConfigurationError
from tileserver.rules import read_rules

KINDS = ("export", "send", "delete", "verify")
SECRET = b"a secret that signs"


def read(tmp_path, text: str):
    path = tmp_path / "rules.toml"
    path.write_text(text)

    def check(kind, parameters):
        if kind not in KINDS:
            raise BadRequestError(f"no kind {kind!r} of job; expected export")

    return read_rules(path, check, KINDS)


RULE = '[[rule]]\nname = "one"\non = "series stable"\njob = { kind = "export" }\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[rule", "is no TOML"),
        ("[rules]", r"found rules, expected \[\[rule\]\]"),
        ("[rule]\nname = 'a'", r"found rule, expected \[\[rule\]\] .* in two brackets"),
        ("[[rule]]\non = 'schedule'", "rule 1: name is missing, expected a text"),
        (RULE.replace("series stable", "tuesday"), r"\(one\): on: found 'tuesday', expected"),
        (RULE.replace("series stable", "series-stable"), "did you mean 'series stable'"),
        (RULE + "stable_secs = 3", "unknown stable_secs, .*did you mean stable_seconds"),
        (RULE + "stable_seconds = -1", "stable_seconds: found -1, expected a whole number"),
        (RULE + "at = '02:00'", "unknown at"),
        (RULE.replace("export", "explode"), r"rule 1 \(one\): job: no kind 'explode' of job"),
        (RULE.replace('"export"', '"export", level = "instance"'), "level: found 'instance', "
         "expected study or series or none"),
        (RULE + "match = { Modalety = 'SM' }", "match: .*Modalety"),
        (RULE + "match = { StudyDate = 'x' }", "match: "),
        (RULE + RULE, "two rules have the name 'one'"),
        ('[[rule]]\nname = "x"\non = "schedule"', "nothing to do; expected job, webhook or call"),
        ('[[rule]]\nname = "x"\non = "schedule"\nevery = "2 weeks"\njob = {kind = "export"}',
         "every: found '2 weeks', expected a time such as 30min"),
        ('[[rule]]\nname = "x"\non = "instance stored"\ncall = "nothing"',
         "call: found 'nothing', expected an entry point of tileserver.actions"),
        ('[[rule]]\nname = "x"\non = "instance stored"\nwebhook = {url = "ftp://x", '
         'secret_file = "s"}', "webhook: url: found 'ftp://x', expected an address"),
        ('[[rule]]\nname = "x"\non = "instance stored"\nwebhook = {url = "https://", '
         'secret_file = "s"}', "webhook: url: found 'https://', expected an address"),
        ('[[rule]]\nname = "x"\non = "job finished"\nkinds = ["exprot"]\njob = {kind = "export"}',
         "kinds: found 'exprot', expected delete or export or send or verify"),
        ('[[rule]]\nname = "x"\non = "job finished"\nstates = ["ok"]\njob = {kind = "export"}',
         "states: found 'ok', expected cancelled or done or failed"),
        (RULE.replace("export", "verify"), "kind: found 'verify', expected it on \"job finished"),

        ('[[rule]]\nname = "x"\non = "instance stored"\nwebhook = {url = "http://x", '
         'secret_file = "s"}', "webhook: secret_file: .*/s: No such file"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path, text, problem):
    with pytest.raises(ConfigurationError, match=problem):
        read(tmp_path, text)


def test_a_broken_secret_of_a_webhook_is_told_with_its_place(tmp_path):
    (tmp_path / "s").write_text("whsec_this is no base64\n")

    with pytest.raises(ConfigurationError, match=r"rule 1 \(x\): webhook: secret_file: .*/s: no "):
        read(
            tmp_path,
            '[[rule]]\nname = "x"\non = "instance stored"\n'
            'webhook = {url = "http://x", secret_file = "s"}',
        )


def test_a_server_with_a_mistake_in_its_rules_does_not_start(tmp_path):
    (tmp_path / "rules.toml").write_text(RULE.replace("export", "explode"))

    done = subprocess.run(
        command("serve", "--data", str(tmp_path / "data"), "--port", "0",
                "--rules", str(tmp_path / "rules.toml")),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.endswith(
        "rules.toml: rule 1 (one): job: no kind 'explode' of job; expected convert, verify, "
        "export, send, transcode, delete, recycle, webhook, call\n"
    )


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes messages, but refuses the first."""

    taken: list[tuple[dict[str, str], bytes]]
    asked = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked += 1
        if self.asked == 1:
            self.send_response(503)
        else:
            self.taken.append((dict(self.headers), body))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def hook() -> Iterator[type[Hook]]:
    Hook.taken = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as listening:
        Hook.port = listening.server_address[1]
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield Hook
        listening.shutdown()


@pytest.fixture(scope="module")
def rules(tmp_path_factory, hook):
    folder = tmp_path_factory.mktemp("rules")
    (folder / "secret").write_bytes(b"whsec_" + base64.b64encode(SECRET) + b"\n")
    path = folder / "rules.toml"
    path.write_text(f"""
[[rule]]
name = "tell the LIS"
on = "instance stored"
match = {{ PatientID = "P-HOOK" }}
webhook = {{ url = "http://127.0.0.1:{hook.port}/hook?x=1", secret_file = "secret" }}

[[rule]]
name = "pack what is whole"
on = "series stable"
stable_seconds = 0
match = {{ PatientID = "P-*", Modality = "SM" }}
job = {{ kind = "export", level = "study", priority = 3 }}

[[rule]]
name = "delete what was packed"
on = "job finished"
kinds = ["export"]
match = {{ PatientID = "P-GO" }}
job = {{ kind = "delete" }}
""")
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory, rules) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("ruled") / "data"
    with serving(data, "--rules", str(rules), "--retry-seconds", "0") as running:
        yield running


def store(server: Server, patient: str, study: str) -> None:
    found = dataset(StudyInstanceUID=study, PatientID=patient)
    assert server.store(written(found)).status_code == 200


def jobs_of_rules(server: Server, study: str):
    found = server.http.get("/api/jobs", params={"limit": 1000}).json()["jobs"]
    return [job for job in found if f'"study": "{study}"' in json.dumps(job["parameters"])]


def until(condition, seconds: float = 120.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_a_stable_series_is_packed_and_what_does_not_match_is_not(server):
    store(server, "X-1", "1.2.50")
    store(server, "P-1", "1.2.51")

    (job,) = until(lambda: jobs_of_rules(server, "1.2.51"))

    assert (job["kind"], job["priority"], job["parameters"]) == ("export", 3, {"study": "1.2.51"})
    assert job["cause"].startswith("rule pack what is whole: series stable ")
    assert up.ended(server, job["id"])["state"] == "done"
    assert jobs_of_rules(server, "1.2.50") == []


def test_a_job_that_finished_leads_to_the_next(server):
    store(server, "P-GO", "1.2.52")

    until(lambda: len(jobs_of_rules(server, "1.2.52")) == 2)
    deleting, packing = jobs_of_rules(server, "1.2.52")

    assert (packing["kind"], deleting["kind"]) == ("export", "delete")
    assert up.ended(server, deleting["id"])["result"] == {"was_there": True}


def test_a_webhook_is_signed_and_tried_again(server, hook):
    store(server, "P-HOOK", "1.2.53")

    headers, body = until(lambda: hook.taken)[0]

    told = json.loads(body)
    assert (told["event"], told["study"]) == ("instance stored", "1.2.53")
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["Webhook-Signature"] == f"v1,{digest}"
    job = next(job for job in jobs_of_rules(server, "1.2.53") if job["kind"] == "webhook")
    assert up.ended(server, job["id"])["attempts"] == 2


def test_what_rules_do_no_client_may_ask_for(server):
    body = {"kind": "webhook", "parameters": {"url": "http://127.0.0.1:1/"}}

    answer = server.http.post("/api/jobs", json=body)

    assert answer.json()["message"] == "only rules of the server ask for the kind webhook"


def test_rules_are_tried_on_what_is_stored(server, rules):
    before = server.http.get("/api/jobs").json()["jobs"][0]["id"]

    done = subprocess.run(
        command("rules", "try", "--data", str(server.data), "--rules", str(rules),
                "--rule", "pack what is whole"),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert any(line.endswith('→ job export {"study": "1.2.51"}') for line in lines)
    assert not any("1.2.50" in line for line in lines)
    assert lines[-1].startswith("pack what is whole: ")
    assert server.http.get("/api/jobs").json()["jobs"][0]["id"] == before


def test_a_schedule_that_is_about_no_study_would_be_set_off_once(server, tmp_path):
    text = '[[rule]]\nname = "room"\non = "schedule"\njob = { kind = "recycle" }\n'
    (tmp_path / "rules.toml").write_text(text)
    given = ("--data", str(server.data), "--rules", str(tmp_path / "rules.toml"))

    done = subprocess.run(
        command("rules", "try", *given, "--quota-bytes", "1000"),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "room: schedule once → job recycle {}\nroom: 1 time\n"


def test_rules_are_tried_on_an_archive_that_is_there(tmp_path):
    done = subprocess.run(
        command("rules", "try", "--data", str(tmp_path / "none"), "--rules", str(tmp_path / "r")),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "none: there is no archive to try them on; check --data" in done.stderr
    assert not (tmp_path / "none").exists()
