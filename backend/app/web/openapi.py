"""The OpenAPI page: what every route shares is said here once, so that it is complete for each."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.web.routes.common import PROBLEM_CONTENT
from app.web.schemas import Problem

TITLE = "Conclave"
SUMMARY = "A panel of analysts votes, a named rule decides, everything is recorded and can be replayed."
DESCRIPTION = """\
Send market data, get one decision with the votes and reasons behind it. `status` and `resolved_by` belong to every
decision: a HOLD by tie, veto or floor is not an opinion, and `NO_DECISION` means that nobody could vote or too few did.

Errors are problem documents (RFC 9457) that name what is wrong and never repeat what was sent. A POST may carry an
`Idempotency-Key`. Every answer carries `X-Correlation-ID`. Live events are on the WebSocket `/ws/agents`.
"""
TAGS = [
    {"name": "agents", "description": "The panel: ask it now or in the background, see who is on it."},
    {"name": "consensus", "description": "The engine alone, for votes of your own agents."},
    {"name": "decisions", "description": "The record, its hashes and its replay."},
    {"name": "simulations", "description": "Markets that never were, and what the panel makes of them."},
    {"name": "indicators", "description": "What indicators are called and mean."},
    {"name": "tools", "description": "How the analysts' tools do."},
    {"name": "health", "description": "For people and orchestrators."},
]
CORRELATION = {
    "name": "X-Correlation-ID",
    "in": "header",
    "required": False,
    "description": "1 to 64 of letters, digits, . _ -: your own id, kept in logs, events and record.",
    "schema": {"type": "string"},
}
CORRELATION_BACK = {
    "X-Correlation-ID": {"description": "the id of this request in logs and records", "schema": {"type": "string"}}
}
SHARED_PROBLEMS = {
    "401": "A key is set and was not shown.",
    "403": "Host or Origin is not on the allow-list.",
    "500": "Something failed in the server; its log says what.",
}


def describe(app: FastAPI, needs_key: bool) -> Callable[[], dict[str, Any]]:
    """Return the function that builds the page on first use."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            page = get_openapi(
                title=TITLE,
                version=app.version,
                summary=SUMMARY,
                description=DESCRIPTION,
                routes=app.routes,
                tags=TAGS,
            )
            app.openapi_schema = _completed(page, needs_key)
        return app.openapi_schema

    return openapi


def _completed(page: dict[str, Any], needs_key: bool) -> dict[str, Any]:
    parts = page.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "the value of CONCLAVE_API_KEY, where it is set"}
    }
    for path, operations in page["paths"].items():
        for operation in operations.values():
            _complete(operation, needs_key and path not in ("/health/live", "/health/ready"))
    return page


def _complete(operation: dict[str, Any], needs_key: bool) -> None:
    operation.setdefault("parameters", []).append(CORRELATION)
    operation["security"] = [{"key": []}] if needs_key else []
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422")):
        answers.update({"404": {"description": "There is nothing under that id.", "content": PROBLEM_CONTENT}})
        del answers["422"]
    for status, description in SHARED_PROBLEMS.items():
        answers.setdefault(status, {"description": description, "content": PROBLEM_CONTENT})
    for answer in answers.values():
        answer.setdefault("headers", {}).update(CORRELATION_BACK)
