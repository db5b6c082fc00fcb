"""`/metrics`: who may read it, what it says, at a port of its own and for several processes together."""

import asyncio
import signal
import sqlite3
from contextlib import AsyncExitStack

import httpx
import pytest
from websockets.asyncio.client import connect

from app.agent_system import AgentSystem
from app.config import Settings
from app.domain.errors import InvalidInputError
from app.web.metrics_port import metrics_port
from tests.builders import request_fields
from tests.system.model_desk_processes import running
from tests.system.test_socket_feed import settle
from tests.system.web_desk import Broken, Buyer, Seer, a_question, an_app, calling
from tests.unit.observability.metrics.figures import read, risen

ANALYZE = "/api/v1/agents/analyze"
KEY = "CANARY-key-0123456789"


async def figures(client, url="/metrics"):
    answer = await client.get(url)
    assert answer.status_code == 200
    return read(answer.text)


def of(page, name, **labels):
    return page.get((name, frozenset(labels.items())))


async def test_what_is_decided_is_counted_from_request_to_bus(tmp_path):
    async with calling(an_app(tmp_path, Buyer(), Seer())) as client:
        before = await figures(client)
        await client.post(ANALYZE, json=a_question())
        page = await figures(client)

    assert of(before, "conclave_decisions_total", action="BUY", outcome="ok") == 0
    assert of(page, "conclave_decisions_total", action="BUY", outcome="ok") == 1
    assert of(page, "conclave_http_requests_total", method="POST", route=ANALYZE, status_class="2xx") == 1
    assert of(page, "conclave_agent_duration_seconds_count", agent="risk_advisor") == 1
    assert of(page, "conclave_bus_published_total", queue="feed") == 4


async def test_a_failing_analyst_is_counted_and_its_decision_is_degraded(tmp_path):
    async with calling(an_app(tmp_path, Broken(), Seer())) as client:
        await client.post(ANALYZE, json=a_question())
        page = await figures(client)

    assert of(page, "conclave_agent_failures_total", agent="market_analyst", reason="failed") == 1
    assert of(page, "conclave_decisions_total", action="BUY", outcome="degraded") == 1


async def test_a_replay_counts_for_nothing(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        record = (await client.post(ANALYZE, json=a_question())).json()
        await client.get(f"/api/v1/decisions/{record['decision_id']}/replay")
        page = await figures(client)

    assert of(page, "conclave_agent_duration_seconds_count", agent="risk_advisor") == 1
    assert of(page, "conclave_decisions_total", action="BUY", outcome="ok") == 1


async def test_every_route_has_its_series_from_the_start(tmp_path):
    app = an_app(tmp_path)
    async with calling(app) as client:
        page = await figures(client)
        documented = (await client.get("/openapi.json")).json()["paths"]

    for route, operations in documented.items():
        for method in operations:
            labels = {"method": method.upper(), "route": route, "status_class": "5xx"}
            assert of(page, "conclave_http_requests_total", **labels) == 0, labels


async def test_a_key_that_is_set_must_be_shown_and_refusals_are_counted(tmp_path):
    app = an_app(tmp_path, api_key=KEY)
    async with calling(app) as client:
        refused = await client.get("/metrics")
        await client.get("/metrics", headers={"Host": "elsewhere.example"})
        await client.get("/metrics", headers={"Origin": "https://elsewhere.example"})
        client.headers["Authorization"] = f"Bearer {KEY}"
        page = await figures(client)

    assert refused.status_code == 401
    refusals = {reason: of(page, "conclave_auth_failures_total", reason=reason) for reason in ("key", "host", "origin")}
    assert refusals == {"key": 1, "host": 1, "origin": 1}
    assert of(page, "conclave_http_requests_total", method="GET", route="none", status_class="4xx") == 3


async def test_figures_outlive_a_stop_and_a_start_of_the_desk(tmp_path):
    async with AgentSystem(Settings(home=tmp_path), {"risk_advisor": Seer()}) as system:
        await system.run_real_time_analysis(**a_question())
    async with system:
        await system.run_real_time_analysis(**a_question())
        await system.metrics.refresh()
    assert risen(system.metrics, "conclave_decisions_total") == {("BUY", "ok"): 2}


async def test_a_broken_record_shows_on_the_page_and_in_the_health(tmp_path):
    app = an_app(tmp_path)
    async with calling(app) as client:
        await client.post(ANALYZE, json=a_question())
        desk = await app.state.system.start()
        await asyncio.to_thread(_change, tmp_path)
        await desk.auditor.look()
        page, health = await figures(client), (await client.get("/health")).json()

    assert of(page, "conclave_audit_chain_valid") == 0
    assert of(page, "conclave_audit_last_look_timestamp_seconds") > 1.7e9
    assert (health["status"], health["component_health"]["audit"]["status"]) == ("degraded", "down")
    assert health["component_health"]["audit"]["reason"].startswith("AAPL #1: ")


def _change(home):
    """Turn a stored decision around behind the desk's back."""
    with sqlite3.connect(Settings(home=home).store_path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE decisions SET body = CAST(replace(CAST(body AS TEXT), 'BUY', 'SELL') AS BLOB)")
    connection.close()


async def test_no_port_of_its_own_is_opened_unless_it_is_asked_for(tmp_path):
    system = AgentSystem(Settings(home=tmp_path))
    async with metrics_port(Settings(home=tmp_path), system.metrics):
        names = {task.get_name() for task in asyncio.all_tasks()}
    assert "metrics port" not in names


async def test_a_port_of_its_own_beyond_this_machine_needs_a_key(tmp_path):
    settings = Settings(home=tmp_path, metrics_port=0, metrics_host="0.0.0.0")
    with pytest.raises(InvalidInputError, match="CONCLAVE_API_KEY"):
        async with metrics_port(settings, AgentSystem(settings).metrics):
            """It must not come to this."""


async def test_a_port_that_is_taken_is_told_with_the_settings_that_choose_another(tmp_path):
    async with asyncio.timeout(30):
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = taken.sockets[0].getsockname()[1]
        settings = Settings(home=tmp_path, metrics_port=port)
        with pytest.raises(InvalidInputError, match="CONCLAVE_METRICS_PORT"):
            async with metrics_port(settings, AgentSystem(settings).metrics):
                """It must not come to this."""
        taken.close()
        await taken.wait_closed()


async def served(stack, home, **variables):
    """Start a server; return it, where it serves and where its figures are."""
    variables = {"CONCLAVE_PROVIDER": "rules", "CONCLAVE_METRICS_PORT": "0", **variables}
    process = await stack.enter_async_context(running("serve", "--port", "0", home=home, **variables))
    figures_at = await process.says("err", "Figures are at ")
    url = (await process.says("err", "ready on ")).split()[0]
    return process, url, figures_at


async def test_a_process_shows_its_own_figures_at_its_own_port(tmp_path):
    async with AsyncExitStack() as stack, httpx.AsyncClient(timeout=60) as client:
        _, url, figures_at = await served(stack, tmp_path)
        await client.post(f"{url}{ANALYZE}", json=request_fields(agents=["risk_advisor"]))
        page = await figures(client, figures_at)
        elsewhere = await client.get(figures_at.replace("/metrics", "/api/v1/decisions"))
        refused = await client.get(figures_at, headers={"Host": "elsewhere.example"})

    assert sum(value for (name, _), value in page.items() if name == "conclave_decisions_total") == 1
    assert (elsewhere.status_code, refused.status_code) == (404, 403)


async def test_two_processes_with_one_folder_show_the_same_figures_and_a_killed_one_leaves_its_counts(
    tmp_path,
):
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "figures")}
    async with AsyncExitStack() as stack, httpx.AsyncClient(timeout=60) as client:
        first, second = [await served(stack, tmp_path / "home", **shared) for _ in range(2)]
        for _, url, _ in (first, second, second):
            await client.post(f"{url}{ANALYZE}", json=request_fields(agents=["risk_advisor"]))
        async with connect(first[1].replace("http", "ws") + "/ws/agents") as one:
            await settle(one)
            async with connect(second[1].replace("http", "ws") + "/ws/agents") as other:
                await settle(other)
                pages = [await figures(client, figures_at) for _, _, figures_at in (first, second)]
                second[0]._process.send_signal(signal.SIGKILL)
                await second[0]._process.wait()
                after = await figures(client, first[2])

    for page in pages:
        assert sum(value for (name, _), value in page.items() if name == "conclave_decisions_total") == 3
        assert of(page, "conclave_agent_duration_seconds_count", agent="risk_advisor") == 3
        assert of(page, "conclave_stream_clients", transport="websocket") == 2
        assert of(page, "conclave_audit_chain_valid") == 1
        assert of(page, "process_open_fds") > 0
    assert sum(value for (name, _), value in after.items() if name == "conclave_decisions_total") == 3
    assert of(after, "conclave_stream_clients", transport="websocket") == 1
