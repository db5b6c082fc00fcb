"""What several routes share: the running desk, path ids, documented problems."""

from typing import Annotated, Any

from fastapi import Path
from starlette.requests import Request

from app.composition import Desk
from app.domain.errors import NotFoundError
from app.domain.identifiers import is_id

PathId = Annotated[
    str, Path(description="UUIDv7, as the answer that created it said", json_schema_extra={"format": "uuid"})
]

PROBLEM_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS = {
    400: "The body is not JSON.",
    404: "There is nothing under that id.",
    409: "It does not fit the present state; with Retry-After, ask again.",
    413: "The body is too large.",
    415: "The body does not say that it is JSON.",
    422: "The input cannot be used; `errors` says what and why.",
    503: "Part of the service is not available now; with Retry-After, ask again.",
}
WITH_BODY = (400, 413, 415, 422)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the problems a route may answer with."""
    return {status: {"description": PROBLEMS[status], "content": PROBLEM_CONTENT} for status in statuses}


async def desk_of(request: Request) -> Desk:
    """Return the running desk, starting it if nothing has yet."""
    desk: Desk = await request.app.state.system.start()
    return desk


def known_form(some_id: str) -> str:
    """Return the id.

    Raises:
        NotFoundError: nothing can be kept under a text of that form.
    """
    if not is_id(some_id):
        raise NotFoundError("There is nothing under this id; ids are UUIDs.")
    return some_id
