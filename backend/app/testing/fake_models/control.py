"""The control routes: read what arrived, switch faults on and off while the server runs."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.domain.errors import InvalidInputError
from app.testing.fake_models.desk import Desk
from app.testing.fake_models.faults import Fault, read_fault

FIELDS = {"provider": str, "fault": str, "times": int | None, "after": int, "match": str | None, "path": str}


class Control:
    """Answers under `/_control`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def look(self, _request: Request) -> Response:
        """Answer `GET /_control`: the faults that are on and the requests that arrived."""
        requests = [entry.as_dict() for entry in self._desk.journal.entries]
        return JSONResponse({"faults": self._desk.faults.as_list(), "requests": requests})

    async def add(self, request: Request) -> Response:
        """Answer `POST /_control/faults`."""
        try:
            fault = _fault(await request.body())
        except InvalidInputError as error:
            return JSONResponse({"error": str(error)}, 400)
        self._desk.faults.add(fault)
        return JSONResponse({"faults": self._desk.faults.as_list()}, 201)

    async def clear(self, _request: Request) -> Response:
        """Answer `DELETE /_control/faults`."""
        self._desk.faults.clear()
        return Response(status_code=204)


def _fault(raw: bytes) -> Fault:
    fields = _fields(raw)
    return read_fault(fields.pop("provider", ""), fields.pop("fault", ""), **fields)


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise InvalidInputError('Send a JSON object such as {"provider": "anthropic", "fault": "hang", "times": 1}.')
    for name, value in fields.items():
        if name not in FIELDS or isinstance(value, bool) or not isinstance(value, FIELDS[name]):
            raise InvalidInputError(f"Send only {', '.join(FIELDS)}: times and after are whole numbers, the rest text.")
    return fields
