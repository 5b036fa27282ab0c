# SPDX-License-Identifier: Apache-2.0
"""Signatures of webhooks, by the algorithm of the specification and by an example of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from tileserver.errors import ConfigurationError
from tileserver.job_queue.signing import signature, signing_key


def test_the_example_of_the_specification_comes_out():
    """Identifier, moment, body and signature are those of the reference libraries' tests."""
    key = signing_key(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")

    found = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("key", [bytes(range(24)), b"\xfb\xff\xbe" * 11, b"\n key of blanks \n"])
def test_what_follows_whsec_is_the_key_in_base64(key):
    secret = b"whsec_" + base64.b64encode(key)
    body = '{"of": "Müller"}'.encode()
    digest = hmac.new(key, b"job-7.1700000000." + body, hashlib.sha256).digest()

    found = signature(signing_key(b" " + secret + b"\r\n"), "job-7", 1_700_000_000, body)

    assert found == "v1," + base64.b64encode(digest).decode()


@pytest.mark.parametrize("secret", [b"just a text", b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b"\0\xff"])
def test_a_secret_without_the_prefix_is_the_key_itself(secret):
    assert signing_key(b"\n" + secret + b" \n") == secret


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (b" \n", "it is empty"),
        (b"whsec_", "nothing follows whsec_"),
        (b"whsec_no base64!", "no base64 follows whsec_"),
        (b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "no base64 follows whsec_"),
    ],
)
def test_a_broken_secret_is_refused(secret, reason):
    with pytest.raises(ConfigurationError, match=reason):
        signing_key(secret)
