# SPDX-License-Identifier: Apache-2.0
"""What a page may load and whom it may ask (Content Security Policy Level 3)."""

from __future__ import annotations


def content_security_policy(connected: str = "") -> str:
    """Return the policy of a page.

    Parameters
    ----------
    connected
        Another origin that its scripts may ask, such as ``https://pacs.example.org``.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            f"connect-src 'self' {connected}".rstrip(),
            "font-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
