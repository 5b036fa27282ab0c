# SPDX-License-Identifier: Apache-2.0
"""Mutants of HTTP requests, as the bytes that are sent."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from reliability.mutated.requests import Request, sound_request

Change = Callable[[Request, random.Random], Request]

_METHODS = (
    b"get", b"G", b"", b"PATCH", b"TRACE", b"CONNECT", b"PRI", b"PROPFIND", b"GET\0", b"PUT",
    b"A" * 9000, b"DELETE", b"POST", b"HEAD", b"OPTIONS", b"QUERY", b"\xff", b"M-SEARCH",
)  # fmt: skip
_TARGETS = (
    b"", b"*", b"/", b"//", b"///..//", b"http://other.test/dicomweb/studies", b"http://", b"a:b",
    b"/%", b"/%00", b"/%ff%fe", b"/%2e%2e/%2e%2e/etc/passwd", b"/dicomweb/studies/..;/", b"?", b"#",
    b"/dicomweb/studies?" + b"a=1&" * 300, b"/dicomweb/studies?limit=" + b"9" * 5000, b"\\", b"/ /",
    b"/" + b"a" * 70_000, b"/dicomweb/studies?PatientName=%", b"/dicomweb/studies#x", b"host:443",
)  # fmt: skip
_PARTS = (
    b"", b"..", b"%2e%2e", b"%00", b"%", b"%ff", b"0", b"-1", b"1e9", b"9" * 400, b"a" * 3000,
    b"%0d%0aSet-Cookie:a", b"*", b"1,2,3", b"nan", b"%F0%9F%98%80", b"1.2.3", b"\xc3\xa4", b";a=b",
    b"0,0,1e9,1e9", b"pct:0,0,0,0", b"!0,0", b"default.exe", b"-0", b"%252e", b"true", b"1\\2",
)  # fmt: skip
_FIELDS = (
    b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: +5",
    b"Content-Length: 9223372036854775807", b"Content-Length: 99999999999999999999999", b"Host:",
    b"Content-Length: 5, 5", b"Content-Length: 0x5", b"Content-Length: ", b"Host: [::",
    b"Host: other.test", b"Host: 127.0.0.1:99999", b"Host: a@b", b"Host: \xff", b"Host: a b",
    b"Host: " + b"a" * 9000,
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: x",
    b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding : chunked", b"Expect: nonsense",
    b"Expect: 100-continue", b"Connection: upgrade", b"Upgrade: websocket", b"Upgrade: \xff",
    b"Range: bytes=" + b"0-0," * 5000, b"Range: bytes=9-1", b"Range: bytes=-0", b"Range: lines=1-2",
    b"Range: bytes=" + b"9" * 400 + b"-", b"Range: bytes=--", b"Range: bytes=\xc2\xb2-", b"Range:",
    b"Accept: " + b"a/b," * 2000, b"Accept: ;;;=,", b"Accept: a/b;q=nan", b"Accept: */*;q=1e400",
    b'Accept: multipart/related; type="', b"Accept: \xe4", b"Accept: application/dicom;q=-1",
    b'If-None-Match: "', b"If-None-Match: W/", b"If-Match: " + b'"a",' * 3000, b"If-Match:",
    b"If-Modified-Since: Sun, 99 Nov 9999 99:99:99 GMT", b"If-Modified-Since: 0", b"If-Range: \0",
    b"If-Unmodified-Since: Mon, 01 Jan 0001 00:00:00 +9999", b"Origin: null", b"Origin: \xff://",
    b"Origin: http://[", b"Content-Type:", b"Content-Type: multipart/related", b"Content-Type: /",
    b'Content-Type: multipart/related; type="application/dicom"; boundary=' + b"b" * 9000,
    b"Content-Type: multipart/related; boundary=\xff", b"Content-Type: application/dicom; a=\"\\",
    b"Content-Encoding: br", b"Accept-Encoding: gzip;q=x", b"Accept-Charset: \xff, ;q=2",
    b": no name", b"no colon", b" folded", b"N\0me: x", b"Name: a\0b", b"Name: a\rb", b"N m: x",
    b"\xff: \xff", b"X: " + b"y" * 70_000, b"Sec-WebSocket-Key: short", b"X-Forwarded-Proto: \xff",
    b"Sec-WebSocket-Version: 99",
    b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99",
    b"Access-Control-Request-Method: \xff", b"Access-Control-Request-Headers: " + b"a," * 5000,
    b"Forwarded: for=\"[", b"X-HTTP-Method-Override: DELETE", b"Trailer: Content-Length",
)  # fmt: skip
_VERSIONS = (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1", b"http/1.1", b"", b"H")
_JUNK = (
    b"\0" * 50, b"\x16\x03\x01\x02\0\x01\0", b"\r\n" * 500, b"SSH-2.0-x\r\n", b"\n\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x82\xff", b"\x81\x7f" + b"\xff" * 8,
)  # fmt: skip
_SIZES = (b"", b"-1", b"g", b"f" * 17, b"0", b"1", b"7fffffffffffffff")
_TRAILERS = (b"", b"", b"", b"X: y\r\n", b"Content-Length: 1\r\n", b"X\r\n", b"X: \0\r\n")
_OTHER_BODIES = (
    b"", b"[]", b"[" * 5000, b"{}", b"null", b"\xff\xfe", b"<a>", b'"\\ud800"', b"1" * 5000, b"NaN",
    b'[{"00741000":{"vr":"CS","Value":[{}]}}]', b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    b'[{"00080018":{"vr":"UI","Value":["1.2"]},"7FE00010":{"vr":"OW","BulkDataURI":"\\u0000"}}]',
)  # fmt: skip


def message(seed: int) -> bytes:
    """Return what is sent over one connection: mutated requests; the same for a seed."""
    chance = random.Random(seed)
    count = chance.choice([1, 1, 1, 1, 2, 3])
    sent = b"".join(_mutated(chance) for _ in range(count))
    kind = chance.random()
    if kind < 0.08:
        place = chance.randrange(len(sent) + 1)
        sent = sent[:place] + chance.choice(_JUNK) + sent[place:]
    elif kind < 0.2:
        sent = sent[: chance.randrange(len(sent) + 1)]
    elif kind < 0.3:
        sent = _other_bytes(sent, chance)
    return sent


def _mutated(chance: random.Random) -> bytes:
    request = sound_request(chance)
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
        request = chance.choices(_CHANGES, _WEIGHTS)[0](request, chance)
    return _written(request, chance)


def _written(request: Request, chance: random.Random) -> bytes:
    """Return a request as bytes, its framing sound more often than not."""
    version = chance.choice(_VERSIONS) if chance.random() < 0.06 else b"HTTP/1.1"
    headers = list(request.headers)
    body = b"".join(request.chunks)
    is_told = any(b"content-length" in line[:14].lower() for line in headers)
    if len(request.chunks) > 1:
        headers.append(b"Transfer-Encoding: chunked")
        body = _chunked(request.chunks, chance)
    elif request.chunks and not is_told:
        headers.append(b"Content-Length: %d" % len(body))
    end = b"\n" if chance.random() < 0.03 else b"\r\n"
    line = b" ".join((request.method, request.target, version))
    return end.join((line, *headers, b"", b"")) + body


def _chunked(chunks: tuple[bytes, ...], chance: random.Random) -> bytes:
    made = b""
    for chunk in chunks:
        size, end = b"%x" % len(chunk), b"\r\n"
        if chance.random() < 0.1:
            size = chance.choice([*_SIZES, size + b";a=b", b" " + size, size + b";" + b"a" * 9000])
        elif chance.random() < 0.05:
            end = chance.choice([b"", b"\n", b"\r", b"\r\r\n"])
        made += size + b"\r\n" + chunk + end
    return made + b"0\r\n" + chance.choice(_TRAILERS) + b"\r\n"


def _other_method(request: Request, chance: random.Random) -> Request:
    return replace(request, method=chance.choice(_METHODS))


def _other_target(request: Request, chance: random.Random) -> Request:
    return replace(request, target=chance.choice(_TARGETS))


def _other_step(request: Request, chance: random.Random) -> Request:
    """Change a step of the path."""
    path, mark, query = request.target.partition(b"?")
    steps = path.split(b"/")
    steps[chance.randrange(len(steps))] = chance.choice(_PARTS)
    return replace(request, target=b"/".join(steps) + mark + query)


def _other_parameter(request: Request, chance: random.Random) -> Request:
    """Change a value of the query, or add one of another operation."""
    path, _, query = request.target.partition(b"?")
    pairs = query.split(b"&") if query else []
    other = sound_request(chance).target.partition(b"?")[2]
    pairs += other.split(b"&")[:2] if other else [b"PatientName="]
    place = chance.randrange(len(pairs))
    name = pairs[place].partition(b"=")[0]
    pairs[place] = name + chance.choice([b"=", b"", b"==", b"%3d"]) + chance.choice(_PARTS)
    return replace(request, target=path + b"?" + b"&".join(pairs))


def _other_field(request: Request, chance: random.Random) -> Request:
    lines = [*request.headers, chance.choice(_FIELDS)]
    if chance.random() < 0.3:
        chance.shuffle(lines)
    return replace(request, headers=tuple(lines))


def _lost_field(request: Request, chance: random.Random) -> Request:
    lines = list(request.headers)
    if lines:
        del lines[chance.randrange(len(lines))]
    return replace(request, headers=tuple(lines))


def _doubled_field(request: Request, chance: random.Random) -> Request:
    if not request.headers:
        return request
    return replace(request, headers=(*request.headers, chance.choice(request.headers)))


def _many_fields(request: Request, chance: random.Random) -> Request:
    count = chance.choice([200, 2_000, 9_000])
    return replace(request, headers=(*request.headers, *[b"X-%d: y" % n for n in range(count)]))


def _other_body(request: Request, chance: random.Random) -> Request:
    """Change bytes of the body: delimiters and headers of parts, JSON, XML, the instances."""
    body = b"".join(request.chunks)
    kind = chance.randrange(5)
    if kind == 0:
        body = body.replace(b"--test-boundary", chance.choice([b"--test-boundary--", b"--", b"x"]))
    elif kind == 1:
        ends = [b"\r\n", b"\n\n", b"\r\n" + b"A: b\r\n" * 5000]
        body = body.replace(b"\r\n\r\n", chance.choice(ends), 1)
    elif kind == 2:
        body = body[: chance.randrange(len(body) + 1)]
    elif kind == 3:
        body = chance.choice(_OTHER_BODIES)
    else:
        body = _other_bytes(body, chance)
    return replace(request, chunks=(body,))


def _other_bytes(sent: bytes, chance: random.Random) -> bytes:
    found = bytearray(sent)
    for _ in range(chance.choice([1, 1, 3, 10]) if found else 0):
        near = min(int(abs(chance.gauss(0, 80))), len(found) - 1)
        found[chance.choice([near, chance.randrange(len(found))])] = chance.randrange(256)
    return bytes(found)


_WEIGHTED: dict[Change, int] = {
    _other_method: 6, _other_target: 6, _other_step: 14, _other_parameter: 12, _other_field: 24,
    _lost_field: 5, _doubled_field: 5, _many_fields: 1, _other_body: 12,
}  # fmt: skip
_CHANGES, _WEIGHTS = list(_WEIGHTED), list(_WEIGHTED.values())
