"""Who may call: Host, Origin, key; and under which correlation id."""

import httpx
import pytest
import structlog

from app.domain.identifiers import is_id
from tests.system.web_desk import BASE, a_question, an_app, calling

KEY = "CANARY-key-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
async def client(tmp_path):
    app = an_app(tmp_path, allowed_hosts="desk.example,proxy.example:8443", allowed_origins="https://desk.example")
    async with calling(app) as client:
        yield client


@pytest.fixture
async def locked(tmp_path):
    async with calling(an_app(tmp_path, api_key=KEY)) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9999", "127.0.0.1:8000", "[::1]", "[::1]:8000", "LOCALHOST", "desk.example",
             "desk.example:80", "proxy.example:8443"],
)  # fmt: skip
async def test_loopback_and_allowed_hosts_may_call(client, host):
    assert (await client.get("/health/ready", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost@evil.example",
             "evil.example#localhost", "proxy.example:1", "proxy.example", "", "[::1", "localhost:port", "a b", "\xff"],
)  # fmt: skip
async def test_any_other_host_is_refused_and_told_what_to_set(client, host):
    answer = await client.get("/health/ready", headers=[(b"Host", host.encode("latin-1"))])

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "CONCLAVE_ALLOWED_HOSTS" in answer.json()["detail"]
    assert "evil" not in answer.text


async def test_two_hosts_are_refused(client):
    answer = await client.get("/health/live", headers=[("Host", "localhost"), ("Host", "localhost")])

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1", "https://[::1]:8", "https://desk.example"]
)
async def test_pages_from_loopback_and_allowed_origins_may_call(client, origin):
    assert (await client.post("/api/v1/agents/analyze", json=a_question(), headers={"Origin": origin})).is_success


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://localhost.evil.example", "file://localhost", "http://[",
               "http://desk.example", "https://desk.example:444"],
)  # fmt: skip
async def test_pages_from_elsewhere_are_refused_and_change_nothing(client, origin):
    answer = await client.post("/api/v1/agents/analyze", json=a_question(), headers={"Origin": origin})

    assert answer.status_code == 403
    assert "CONCLAVE_ALLOWED_ORIGINS" in answer.json()["detail"]
    assert (await client.get("/api/v1/decisions")).json()["items"] == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_form_of_a_web_page_is_not_a_request(client, content_type):
    answer = await client.post("/api/v1/agents/analyze", content=b"{}", headers={"Content-Type": content_type})

    assert answer.status_code == 415


async def test_without_the_key_nothing_but_liveness_is_told(locked):
    for address in ("/health", "/api/v1/decisions", "/openapi.json", "/docs", "/nowhere"):
        answer = await locked.get(address)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (await locked.get("/health/live")).status_code == 200
    assert (await locked.get("/health/ready")).status_code == 200


@pytest.mark.parametrize("shown", [f"Bearer {KEY}x", f"Basic {KEY}", KEY, "Bearer", "Bearer ", "", "Bearer \xff\xfe"])
async def test_a_wrong_key_is_no_key(locked, shown):
    answer = await locked.get("/api/v1/agents", headers=[(b"Authorization", shown.encode("latin-1"))])

    assert answer.status_code == 401
    assert KEY not in answer.text


async def test_the_key_opens_and_never_shows_up(tmp_path):
    lines: list[str] = []

    def keep(_logger, _name, fields):
        lines.append(repr(fields))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.contextvars.merge_contextvars, keep])
    try:
        async with calling(an_app(tmp_path, api_key=KEY), headers=BEARER) as client:
            answers = [
                await client.get("/api/v1/agents"),
                await client.get("/openapi.json"),
                await client.get(f"/api/v1/decisions/{KEY}"),
                await client.post("/api/v1/agents/analyze", json={"symbol": KEY}),
                await client.post("/api/v1/agents/analyze", json=a_question()),
            ]
    finally:
        structlog.reset_defaults()

    assert [answer.status_code for answer in answers] == [200, 200, 404, 422, 200]
    assert not any(KEY in answer.text or KEY in str(answer.headers) for answer in answers)
    assert lines
    assert not any(KEY in line for line in lines)


async def test_a_correlation_id_goes_through_to_the_record(client):
    answer = await client.post("/api/v1/agents/analyze", json=a_question(), headers={"X-Correlation-ID": "trade-7.a_b"})

    assert answer.headers["x-correlation-id"] == "trade-7.a_b"
    assert answer.json()["correlation_id"] == "trade-7.a_b"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\u00ff", "<script>", "a/b"])
async def test_an_unsafe_correlation_id_is_replaced(client, given):
    answer = await client.get("/health/live", headers=[(b"X-Correlation-ID", given.encode("latin-1"))])

    assert is_id(answer.headers["x-correlation-id"])


async def test_a_refusal_carries_a_correlation_id_too(client):
    answer = await client.get("/health/live", headers={"Host": "evil.example", "X-Correlation-ID": "mine"})

    assert answer.headers["x-correlation-id"] == "mine"


async def test_the_address_listened_on_may_be_called(tmp_path):
    async with calling(an_app(tmp_path, host="192.0.2.7", api_key=KEY), headers=BEARER) as client:
        assert (await client.get("/health", headers={"Host": "192.0.2.7:8000"})).status_code == 200


async def test_a_desk_that_cannot_start_is_unready_without_a_trace(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    app = an_app(blocked)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        answer = await client.get("/health/ready")

    assert answer.status_code >= 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
