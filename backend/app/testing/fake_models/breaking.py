"""Answers broken on their way: cut, torn, or with an error in the middle."""

from dataclasses import replace
from typing import Final

from app.testing.fake_models.answers import Answer, Vendor, document
from app.testing.fake_models.fault_kinds import STREAM_ONLY
from app.testing.fake_models.faults import Fault

A_SECOND: Final = 1.0
A_WEB_PAGE: Final = b"<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


def failed(fault: Fault, vendor: Vendor) -> Answer:
    """Return what is answered instead of an answer."""
    match fault.kind:
        case "status":
            return vendor.failure(int(fault.value))
        case "retry_after":
            return replace(vendor.failure(429), headers={"retry-after": fault.value})
        case "html":
            return Answer((A_WEB_PAGE,), media_type="text/html; charset=utf-8")
        case "wrong_shape":
            return document(vendor.misshapen())
    return document({})


def can_break(fault: Fault, answer: Answer) -> bool:
    """Whether the fault would show in this answer."""
    return answer.streamed or fault.kind not in STREAM_ONLY


def broken(fault: Fault, answer: Answer, vendor: Vendor) -> Answer:
    """Return the answer as the fault leaves it."""
    first = _half(answer)
    match fault.kind:
        case "slow":
            return replace(answer, pace_s=fault.number(A_SECOND))
        case "cut":
            return replace(first, breaks_off=not answer.streamed or fault.value == "socket")
        case "stream_error":
            return replace(first, pieces=(*first.pieces, vendor.stream_failure()))
        case "blank_line":
            return replace(answer, pieces=(answer.pieces[0], b"\n", *answer.pieces[1:]))
        case "bad_json" if answer.streamed:
            return replace(first, pieces=(*first.pieces, _torn(answer.pieces[len(first.pieces)])))
    return first


def _torn(piece: bytes) -> bytes:
    return piece[: -len(piece) // 3] + b"\n\n"


def _half(answer: Answer) -> Answer:
    if answer.streamed:
        return replace(answer, pieces=answer.pieces[: len(answer.pieces) // 2])
    return replace(answer, pieces=(answer.pieces[0][: len(answer.pieces[0]) // 2],))
