import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.observability.metrics.http import HttpMetrics, expect_routes
from app.observability.metrics.registry import Metrics
from tests.unit.observability.metrics.figures import risen, value


async def found(request):
    return PlainTextResponse("here")


async def broken(request):
    raise RuntimeError("oops")


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def app(metrics):
    app = Starlette(routes=[Route("/things/{name}", found, methods=["GET"]), Route("/broken", broken)])
    expect_routes(metrics, [app.router])
    return HttpMetrics(app, metrics)


async def call(app, path, method="GET", kind="http", leaves=False):
    async def receive():
        return {"type": "http.disconnect" if leaves else "http.request", "body": b"", "more_body": False}

    async def send(message):
        if leaves:
            raise OSError("nobody there")

    scope = {"type": kind, "method": method, "path": path, "headers": [], "query_string": b"", "http_version": "1.1"}
    await app(scope, receive, send)


async def test_a_request_is_counted_under_the_template_of_its_route(app, metrics):
    await call(app, "/things/apple")
    await call(app, "/things/pear")
    assert risen(metrics, "conclave_http_requests_total") == {("GET", "/things/{name}", "2xx"): 2}
    assert risen(metrics, "conclave_http_request_duration_seconds_count") == {("GET", "/things/{name}", "2xx"): 2}


async def test_addresses_that_lead_nowhere_and_made_up_methods_share_a_series(app, metrics):
    for number in range(20):
        await call(app, f"/nowhere/{number}", method=f"BREW{number}")
    assert risen(metrics, "conclave_http_requests_total") == {("other", "none", "4xx"): 20}


async def test_a_failure_counts_as_5xx(app, metrics):
    with pytest.raises(RuntimeError, match="oops"):
        await call(app, "/broken")
    assert risen(metrics, "conclave_http_requests_total") == {("GET", "/broken", "5xx"): 1}


async def test_an_answer_that_nobody_waited_for_is_counted_by_what_was_answered(app, metrics):
    with pytest.raises(OSError, match="nobody"):
        await call(app, "/things/apple", leaves=True)
    assert risen(metrics, "conclave_http_requests_total") == {("GET", "/things/{name}", "2xx"): 1}


async def test_no_answer_at_all_counts_as_4xx(metrics):
    async def silent(scope, receive, send):
        """The client has left; nothing is sent."""

    await call(HttpMetrics(silent, metrics), "/x")
    assert [status for _, _, status in risen(metrics, "conclave_http_requests_total")] == ["4xx"]


async def test_sockets_are_left_alone(metrics):
    seen = []

    async def socket(scope, receive, send):
        seen.append(scope["type"])

    await call(HttpMetrics(socket, metrics), "/ws", kind="websocket")
    assert seen == ["websocket"]
    assert risen(metrics, "conclave_http_requests_total") == {}


async def test_the_series_of_every_route_are_there_before_anybody_calls(app, metrics):
    labels = {"method": "GET", "route": "/things/{name}", "status_class": "5xx"}
    assert value(metrics, "conclave_http_requests_total", **labels) == 0
    assert value(metrics, "conclave_http_request_duration_seconds_count", **labels) == 0
