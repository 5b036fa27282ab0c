# SPDX-License-Identifier: Apache-2.0
"""Every error that the server raises on purpose, and the HTTP status of each.

The tree::

    TileserverError
    ├── BadRequestError           a parameter or body that makes no sense
    ├── NotFoundError             no such study, series, instance, frame or value
    ├── NotAcceptableError        not to be had in the media type asked for
    ├── UnsupportedMediaTypeError a body of another type than can be read
    ├── TooLargeError             a body over a limit
    ├── ConflictError             an instance of this UID with other bytes is stored
    └── StorageError              the disk does not take or give what it must
"""

from __future__ import annotations


class TileserverError(Exception):
    """An expected failure, told in one line without patient values."""


class BadRequestError(TileserverError):
    """A parameter or body makes no sense."""


class NotFoundError(TileserverError):
    """There is no such study, series, instance, frame or value."""


class NotAcceptableError(TileserverError):
    """What is stored cannot be had in the media type asked for."""


class UnsupportedMediaTypeError(TileserverError):
    """A body is of another type than can be read."""


class TooLargeError(TileserverError):
    """A body goes over a limit."""


class ConflictError(TileserverError):
    """An instance of this UID is stored, with other bytes."""


class StorageError(TileserverError):
    """The disk does not take or give what it must."""


HTTP_STATUS: dict[type[TileserverError], int] = {
    BadRequestError: 400,
    NotFoundError: 404,
    NotAcceptableError: 406,
    ConflictError: 409,
    TooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    StorageError: 507,
}
