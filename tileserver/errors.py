# SPDX-License-Identifier: Apache-2.0
"""Every error that the server raises on purpose, and the HTTP status of each.

The tree::

    TileserverError
    ├── BadRequestError           a parameter or body that makes no sense
    ├── ForbiddenError            what the server is set not to do
    ├── NotFoundError             no such study, series, instance, frame or value
    │   └── GoneError                 there was one, and it was deleted
    ├── NotAcceptableError        not to be had in the media type asked for
    │   └── UnrenderableError         stored pixels, if any, that cannot be made a picture
    │       └── NoPixelsError             it has no pixels at all
    ├── PreconditionFailedError   it is not what If-Match says
    ├── RangeNotSatisfiableError  no such bytes, or too many ranges
    ├── UnsupportedMediaTypeError a body of another type than can be read
    ├── TooLargeError             a body over a limit
    ├── TooBroadError             a search that takes longer than allowed
    ├── ConflictingStateError     what is stored is in a state that does not allow it
    ├── RefusedInstanceError      an instance that is not stored
    │   ├── InvalidInstanceError      no Part 10 file, or one that contradicts itself
    │   │   └── UnsupportedSyntaxError    bulk data of an unknown transfer syntax
    │   ├── WrongStudyError           sent to another study than its own
    │   └── ConflictError             one of this UID is stored with other bytes
    ├── BusyError                 not now; the same request may do later
    ├── OriginError               another server does not give what is passed on from it
    │   ├── OriginAwayError           it does not answer
    │   ├── OriginSlowError           it does not answer in time
    │   ├── OriginLoginError          it wants another login than it was given
    │   └── OriginForeignError        what answers there is no DICOMweb service
    ├── AbandonedError            who asked is gone, so that it was not finished
    ├── JobError                  a job that cannot be done, for good or for now
    ├── StorageError              the disk does not take or give what it must
    │   ├── FullDiskError             there is no room on the disk
    │   ├── LostBlobError             a stored file is gone, or another than the index knows
    │   └── DamagedIndexError         the index must be made anew from the stored files
    └── ConfigurationError        a setting makes no sense; never the fault of a request
"""

from __future__ import annotations


class TileserverError(Exception):
    """An expected failure, told in one line without patient values."""


class BadRequestError(TileserverError):
    """A parameter or body makes no sense."""


class ForbiddenError(TileserverError):
    """The server is set not to do what is asked."""


class NotFoundError(TileserverError):
    """There is no such study, series, instance, frame or value."""


class GoneError(NotFoundError):
    """There was one, and it was deleted."""


class NotAcceptableError(TileserverError):
    """What is stored cannot be had in the media type asked for."""


class UnrenderableError(NotAcceptableError):
    """There are no pixels, or pixels that are damaged or of a kind that is not shown."""


class NoPixelsError(UnrenderableError):
    """There are no pixels: it is no picture at all."""


class PreconditionFailedError(TileserverError):
    """What is stored is not the version that the client expects."""


class RangeNotSatisfiableError(TileserverError):
    """None of the bytes asked for are there, or the ranges are too many.

    Parameters
    ----------
    size
        Of the whole, in bytes.
    """

    def __init__(self, problem: str, size: int = 0) -> None:
        super().__init__(problem)
        self.size = size


class UnsupportedMediaTypeError(TileserverError):
    """A body is of another type than can be read."""


class TooLargeError(TileserverError):
    """A body goes over a limit."""


class TooBroadError(TileserverError):
    """A search takes longer than the server is set to allow."""


class ConflictingStateError(TileserverError):
    """What is stored is in a state that does not allow what is asked."""


class RefusedInstanceError(TileserverError):
    """An instance is not stored.

    Parameters
    ----------
    problem
        Why not.
    uids
        SOP Class UID and SOP Instance UID, where they could be read.
    """

    def __init__(self, problem: str, uids: tuple[str, str] | None = None) -> None:
        super().__init__(problem)
        self.uids = uids


class InvalidInstanceError(RefusedInstanceError):
    """The bytes are no instance that could be stored."""


class UnsupportedSyntaxError(InvalidInstanceError):
    """Bulk data are of a transfer syntax that is not known."""


class WrongStudyError(RefusedInstanceError):
    """An instance was sent to another study than its own."""


class ConflictError(RefusedInstanceError):
    """An instance of this UID is stored, with other bytes."""


class BusyError(TileserverError):
    """What is asked cannot be done now; the same request may do later."""


class OriginError(TileserverError):
    """Another server does not give what is passed on from it."""


class OriginAwayError(OriginError):
    """It does not answer."""


class OriginSlowError(OriginError):
    """It does not answer in time."""


class OriginLoginError(OriginError):
    """It wants another login than it was given, or one at all."""


class OriginForeignError(OriginError):
    """What answers at its address is no DICOMweb service."""


class AbandonedError(TileserverError):
    """Who asked for it is gone, so that it was not finished."""


class JobError(TileserverError):
    """A job cannot be done.

    Parameters
    ----------
    may_pass
        Whether trying again later may do.
    """

    def __init__(self, problem: str, *, may_pass: bool = False) -> None:
        super().__init__(problem)
        self.may_pass = may_pass


class StorageError(TileserverError):
    """The disk does not take or give what it must.

    Parameters
    ----------
    problem
        What happened.
    uids
        SOP Class UID and SOP Instance UID, where it is about an instance that is known.
    """

    def __init__(self, problem: str, uids: tuple[str, str] | None = None) -> None:
        super().__init__(problem)
        self.uids = uids


class FullDiskError(StorageError):
    """There is no room on the disk, or the quota is used up."""


class LostBlobError(StorageError):
    """A stored file is gone, or another than the index knows.

    Where it was deleted or replaced since the index was asked, asking again tells the truth.
    """


class DamagedIndexError(StorageError):
    """The index cannot be used any more, and must be made anew from the stored files."""


class ConfigurationError(TileserverError):
    """A setting makes no sense or is missing."""


HTTP_STATUS: dict[type[TileserverError], int] = {
    BadRequestError: 400,
    ForbiddenError: 403,
    NotFoundError: 404,
    GoneError: 410,
    NotAcceptableError: 406,
    ConflictingStateError: 409,
    RefusedInstanceError: 409,
    PreconditionFailedError: 412,
    TooLargeError: 413,
    TooBroadError: 413,
    UnsupportedMediaTypeError: 415,
    RangeNotSatisfiableError: 416,
    AbandonedError: 499,  # of no RFC, but what proxies log for a client that is gone
    BusyError: 503,
    OriginError: 502,
    OriginSlowError: 504,
    JobError: 500,
    StorageError: 507,
    LostBlobError: 500,  # more room would not bring it back
    ConfigurationError: 500,
}


def http_status(error: TileserverError) -> int:
    """Return the HTTP status of an error: its own, or that of the kind it belongs to."""
    return next(HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)
