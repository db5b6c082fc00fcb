"""The OpenAPI page is complete, and every answer is what it says."""

import asyncio
from threading import Thread

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import data
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from app.web.server import ReadyServer, listen_on, server_config, url_of
from tests.system.web_desk import an_app, calling, some_settings

CASES_PER_OPERATION = 12
ACCEPTED = ["2xx", "401", "403", "404", "409", "422"]
"""422 too: high >= low and the like cannot be said in JSON Schema."""
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]
"""413 too: a body may be wrong by being too long to be read."""
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ACCEPTED},
            "negative_data_rejection": {"expected-statuses": REFUSED},
        }
    }
)


@pytest.fixture
async def page(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        return (await client.get("/openapi.json")).json()


def operations(page):
    return [(f"{method} {path}", each) for path, item in page["paths"].items() for method, each in item.items()]


def test_every_route_of_the_contract_is_there(page):
    assert {name for name, _ in operations(page)} >= {
        "post /api/v1/agents/analyze",
        "post /api/v1/agents/consensus",
        "get /api/v1/agents/consensus/{consensus_id}",
        "delete /api/v1/agents/consensus/{consensus_id}",
        "post /api/v1/consensus/tally",
        "get /api/v1/decisions",
        "get /api/v1/decisions/{decision_id}",
        "get /api/v1/decisions/{decision_id}/canonical",
        "get /api/v1/decisions/{decision_id}/replay",
        "get /api/v1/agents",
        "get /api/v1/agents/status",
        "get /api/v1/indicators",
        "get /api/v1/tools/performance",
        "get /health",
        "get /health/live",
        "get /health/ready",
    }


def test_every_operation_says_what_it_does_and_what_can_go_wrong(page):
    for name, operation in operations(page):
        assert operation["summary"], name
        assert operation["description"], name
        assert any(status.startswith("2") for status in operation["responses"]), name
        for status, answer in operation["responses"].items():
            if status.startswith(("4", "5")) and "health" not in name:
                assert answer["content"].keys() == {"application/problem+json"}, (name, status)


def test_every_body_has_an_example_and_every_post_a_key(page):
    for name, operation in operations(page):
        if name.startswith("post"):
            assert operation["requestBody"]["content"]["application/json"]["examples"], name
            named = {each["name"] for each in operation["parameters"]}
            assert named >= {"Idempotency-Key", "X-Correlation-ID"}, name


async def test_a_locked_desk_says_how_to_show_the_key(tmp_path):
    app = an_app(tmp_path, api_key="a-key-of-some-length")
    page = app.openapi()

    assert page["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert page["paths"]["/api/v1/agents"]["get"]["security"] == [{"key": []}]
    assert page["paths"]["/health/live"]["get"]["security"] == []


@pytest.fixture(scope="module")
def served_page(tmp_path_factory):
    """Serve in a thread, so that the tool can call from its own."""
    home = tmp_path_factory.mktemp("desk")
    listener = listen_on("127.0.0.1", 0)
    server = ReadyServer(server_config(an_app(home), some_settings(home)), listener)
    thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="server under test")
    thread.start()
    yield schemathesis.openapi.from_url(f"{url_of(listener)}/openapi.json", config=CONFIG)
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_what_the_page_says(served_page, mode):
    @settings(
        max_examples=CASES_PER_OPERATION, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(data())
    def every_case_fits(operation, drawn):
        drawn.draw(operation.as_strategy(generation_mode=mode)).call_and_validate()

    for found in served_page.get_all_operations():
        if mode is GenerationMode.POSITIVE or can_be_called_wrongly(found.ok().definition.raw):
            every_case_fits(found.ok())


def can_be_called_wrongly(operation):
    return "requestBody" in operation or any(each["in"] != "header" for each in operation["parameters"])
