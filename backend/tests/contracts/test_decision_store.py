"""What every decision store promises, wherever it keeps the record."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.decisions import GENESIS, ChainHead, Committed, DecisionDraft, EventFilter, SealedRecord
from app.domain.errors import ConflictError, InvalidInputError, StillRunningError
from app.domain.events import Event, EventType
from app.domain.market import Interval, PastVote
from app.domain.spending import Spend
from app.domain.tool_activity import Activity, ToolTotal, activity_of
from app.ports.decision_store import DecisionStore

from .decision_drafts import NOW, a_call, a_draft, a_step, a_vote, an_answer, assert_chain, link_hash, some_bars
from .model_drafts import a_failed_call, a_model_call, a_model_draft, a_model_vote, an_exchange
from .places import Embedded, InMemory, Metered, Server

EVERYTHING = EventFilter(frozenset({"*"}))
ONE_STORE = settings(
    max_examples=8,
    deadline=None,
    # One store serves all examples of a test, and each implementation inherits the same tests: both are meant.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


async def all_events(store: DecisionStore) -> tuple[Event, ...]:
    return await store.events_after(0, 1_000, EVERYTHING)


async def activity(store: DecisionStore, calls: int) -> list[Activity]:
    return [each async for page in store.tool_activity(calls) for each in page]


async def whole_chain(store: DecisionStore, symbol: str = "AAPL") -> list[SealedRecord]:
    return [record async for record in store.chain(symbol)]


async def every_page(store: DecisionStore, limit: int, symbol: str | None = None) -> list[str]:
    page = await store.list(symbol=symbol, limit=limit)
    ids = [record.decision_id for record in page.items]
    while page.next_cursor is not None:
        page = await store.list(symbol=symbol, limit=limit, cursor=page.next_cursor)
        ids += [record.decision_id for record in page.items]
    return ids


async def is_empty(store: DecisionStore) -> bool:
    counts = await store.counts()
    return not any(counts.values()) and await store.last_seq() == 0 and await store.heads() == ()


class DecisionStoreContract:
    """Inherit and give a fixture `store`: open, empty."""

    async def test_a_stored_record_is_read_back_byte_for_byte(self, store: DecisionStore) -> None:
        record = (await store.append(a_draft("d1"))).record

        assert await store.get("d1") == record
        assert record.hash == link_hash(GENESIS, record.body)

    async def test_an_unknown_id_has_no_record_and_no_evidence(self, store: DecisionStore) -> None:
        assert await store.get("nothing") is None
        assert await store.evidence("nothing") is None

    async def test_each_symbol_has_one_chain_without_gaps(self, store: DecisionStore) -> None:
        for number in range(5):
            await store.append(a_draft(f"a{number}", "AAPL"))
            await store.append(a_draft(f"m{number}", "MSFT"))

        apple = await whole_chain(store, "AAPL")
        assert [record.decision_id for record in apple] == [f"a{number}" for number in range(5)]
        assert_chain(apple)
        assert_chain(await whole_chain(store, "MSFT"))
        assert await whole_chain(store, "TSLA") == []

    async def test_a_chain_longer_than_a_page_comes_whole(self, store: DecisionStore) -> None:
        for number in range(203):
            await store.append(a_draft(f"d{number}", events=()))

        chain = await whole_chain(store)
        assert len(chain) == 203
        assert_chain(chain)

    async def test_heads_are_the_last_links_by_symbol(self, store: DecisionStore) -> None:
        await store.append(a_draft("m1", "MSFT"))
        await store.append(a_draft("a1", "AAPL"))
        last = (await store.append(a_draft("a2", "AAPL"))).record

        apple, microsoft = await store.heads()
        assert apple == ChainHead("AAPL", 2, last.hash)
        assert (microsoft.symbol, microsoft.sequence) == ("MSFT", 1)

    async def test_appends_at_the_same_time_queue_up_on_the_chain(self, store: DecisionStore) -> None:
        await asyncio.gather(*(store.append(a_draft(f"d{number}")) for number in range(12)))

        assert_chain(await whole_chain(store))
        assert [event.seq for event in await all_events(store)] == list(range(1, 25))

    async def test_decisions_and_events_at_the_same_time_share_one_numbering(self, store: DecisionStore) -> None:
        drafts = [a_draft(f"d{number}", "AM"[number % 2], bars=some_bars(number, 20)) for number in range(20)]
        both = [part for draft in drafts for part in (store.append(draft), store.append_events([a_step()]))]
        stored = await asyncio.gather(*both)

        committed = [each for each in stored if isinstance(each, Committed)]
        loose = [each for each in stored if not isinstance(each, Committed)]
        numbered = [event for each in [*(each.events for each in committed), *loose] for event in each]
        assert sorted(numbered, key=lambda event: event.seq) == list(await all_events(store))
        assert [event.seq for event in await all_events(store)] == list(range(1, 61))
        for symbol in "AM":
            assert_chain(await whole_chain(store, symbol))
        for draft, each in zip(drafts, committed, strict=True):
            evidence = await store.evidence(each.record.decision_id)
            assert evidence is not None
            assert evidence.bars.digest() == draft.bars.digest()

    async def test_an_append_whose_caller_gives_up_is_stored_whole_or_not_at_all(self, store: DecisionStore) -> None:
        tasks = [asyncio.create_task(store.append(a_draft(f"d{number}"))) for number in range(8)]
        await asyncio.wait([tasks[0]])
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await store.append(a_draft("last"))
        await store.close()
        await store.open()

        chain = await whole_chain(store)
        assert_chain(chain)
        assert {"d0", "last"} <= {record.decision_id for record in chain}
        assert len(await all_events(store)) == 2 * len(chain)

    async def test_a_seal_that_fails_stores_nothing(self, store: DecisionStore) -> None:
        def refuse(_: ChainHead) -> SealedRecord:
            raise ValueError("no seal")

        draft = a_draft("d1", keyed=an_answer("k1"))
        unsealed = DecisionDraft("AAPL", refuse, draft.evidence, draft.bars, draft.events, draft.keyed)
        with pytest.raises(ValueError, match="no seal"):
            await store.append(unsealed)

        assert await is_empty(store)
        assert await store.answer("k1") is None
        assert (await store.append(draft)).record.sequence == 1

    async def test_an_id_is_given_once(self, store: DecisionStore) -> None:
        first = (await store.append(a_draft("d1", final="BUY"))).record

        with pytest.raises(ConflictError):
            await store.append(a_draft("d1", final="SELL", bars=some_bars(scale=2), keyed=an_answer("k1")))

        assert await whole_chain(store) == [first]
        assert await store.answer("k1") is None
        assert await store.last_seq() == 2

    # Evidence

    async def test_evidence_is_what_the_panel_saw(self, store: DecisionStore) -> None:
        draft = a_draft("d1", bars=some_bars(count=40))
        await store.append(draft)

        evidence = await store.evidence("d1")
        assert evidence is not None
        assert evidence.document == draft.evidence
        assert evidence.bars.digest() == draft.bars.digest()
        assert evidence.bars.interval == draft.bars.interval

    async def test_bars_that_slide_are_revised_or_start_earlier_all_come_back(self, store: DecisionStore) -> None:
        windows = [
            some_bars(10, 20),
            some_bars(11, 20),
            some_bars(12, 25),
            some_bars(15, 5),
            some_bars(11, 20, scale=0.5),
            some_bars(12, 20, scale=0.5),
            some_bars(0, 20),
            some_bars(36, 1),
            some_bars(37, 3),
            some_bars(0, 0),
            some_bars(0, 5, interval=Interval.parse("15m")),
        ]
        for number, bars in enumerate(windows):
            await store.append(a_draft(f"d{number}", bars=bars))

        for number, bars in enumerate(windows):
            evidence = await store.evidence(f"d{number}")
            assert evidence is not None
            assert (evidence.bars.digest(), len(evidence.bars)) == (bars.digest(), len(bars))

    @ONE_STORE
    @given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from([1.0, 2.0])), max_size=12))
    async def test_any_windows_in_any_order_come_back(
        self, store: DecisionStore, windows: list[tuple[int, int, float]]
    ) -> None:
        known = (await store.counts())["decisions"]
        for number, (start, count, scale) in enumerate(windows, known):
            await store.append(a_draft(f"d{number}", bars=some_bars(start, count, scale), events=()))

        for number, (start, count, scale) in enumerate(windows, known):
            evidence = await store.evidence(f"d{number}")
            assert evidence is not None
            assert evidence.bars.digest() == some_bars(start, count, scale).digest()

    # The list

    async def test_the_list_is_newest_first_and_of_one_instant_by_id(self, store: DecisionStore) -> None:
        for decision_id, at in (("b", 5), ("c", 5), ("a", 9), ("z", 1)):
            await store.append(a_draft(decision_id, at=at))

        assert await every_page(store, limit=10) == ["a", "c", "b", "z"]

    @ONE_STORE
    @given(ages=st.lists(st.integers(0, 4), max_size=12), limit=st.integers(1, 5))
    async def test_paging_returns_each_record_once_in_order(
        self, store: DecisionStore, ages: list[int], limit: int
    ) -> None:
        known = (await store.counts())["decisions"]
        for number, age in enumerate(ages, known):
            await store.append(a_draft(f"d{number:04}", f"S{age % 2}", at=age, events=()))

        everything = await every_page(store, limit=200)
        assert await every_page(store, limit=limit) == everything
        assert len(everything) == len(set(everything)) == known + len(ages)
        both = sorted(await every_page(store, limit, "S0") + await every_page(store, limit, "S1"))
        assert both == sorted(everything)

    async def test_a_cursor_stays_valid_while_decisions_arrive(self, store: DecisionStore) -> None:
        for number in range(4):
            await store.append(a_draft(f"d{number}", at=number))
        page = await store.list(limit=2)
        await store.append(a_draft("new", at=99))

        rest = await store.list(limit=2, cursor=page.next_cursor)
        assert [record.decision_id for record in rest.items] == ["d1", "d0"]
        assert rest.next_cursor is None

    async def test_the_list_keeps_to_a_symbol_and_a_time(self, store: DecisionStore) -> None:
        for number in range(4):
            await store.append(a_draft(f"a{number}", "AAPL", at=number))
            await store.append(a_draft(f"m{number}", "MSFT", at=number))

        page = await store.list(symbol="MSFT", since=NOW + timedelta(seconds=2))
        assert [record.decision_id for record in page.items] == ["m3", "m2"]
        assert (await store.list(symbol="TSLA")).items == ()

    @pytest.mark.parametrize("cursor", ["", "x", "WzFd", "bm8", "WyJhIiwgImIiXQ", "é", "WzFlOTksICJhIl0"])
    async def test_a_cursor_of_somebody_else_is_refused(self, store: DecisionStore, cursor: str) -> None:
        with pytest.raises(InvalidInputError, match="next_cursor of the page before"):
            await store.list(cursor=cursor)

    @pytest.mark.parametrize("limit", [0, -1, 201])
    async def test_a_page_has_1_to_200_records(self, store: DecisionStore, limit: int) -> None:
        with pytest.raises(InvalidInputError, match="1 to 200"):
            await store.list(limit=limit)

    # Events

    async def test_events_are_numbered_in_order_and_read_back_equal(self, store: DecisionStore) -> None:
        given_events = (a_step("consensus_requested"), a_vote(), a_call(), a_step("consensus_result"))
        committed = await store.append(a_draft(events=given_events))

        assert committed.events == tuple(event._replace(seq=seq) for seq, event in enumerate(given_events, 1))
        assert await all_events(store) == committed.events
        assert await store.last_seq() == 4

    async def test_a_decision_with_any_number_of_events_is_stored_whole(self, store: DecisionStore) -> None:
        for count in (0, 1, 32, 33, 501):
            committed = await store.append(a_draft(f"d{count}", events=[a_vote()] * count))
            assert await store.events_after(await store.last_seq() - count, 600, EVERYTHING) == committed.events

        assert_chain(await whole_chain(store))

    async def test_events_without_a_decision_share_the_numbering(self, store: DecisionStore) -> None:
        await store.append(a_draft(events=[a_vote()]))
        (cancelled,) = await store.append_events([a_step("consensus_cancelled")])
        assert await store.append_events([]) == ()
        last = await store.append(a_draft("d2", events=[a_vote(), a_vote()]))

        assert cancelled.seq == 2
        assert [event.seq for event in last.events] == [3, 4]
        assert (await all_events(store))[1] == cancelled

    async def test_a_replay_begins_after_a_number_and_keeps_to_its_limit(self, store: DecisionStore) -> None:
        await store.append(a_draft(events=[a_vote()] * 6))

        assert [event.seq for event in await store.events_after(2, 3, EVERYTHING)] == [3, 4, 5]
        assert await store.events_after(6, 3, EVERYTHING) == ()
        assert await store.events_after(2**80, 3, EVERYTHING) == ()
        assert await store.events_after(0, 0, EVERYTHING) == ()

    @ONE_STORE
    @given(
        st.frozensets(
            st.sampled_from(
                [
                    "*",
                    "agent_decision",
                    "tool_execution",
                    "alert",
                    "symbol:AAPL",
                    "symbol:",
                    "agent:risk_advisor",
                    "agent:risk_advisor_MSFT",
                    "agent:market_analyst",
                    "agent:",
                    "nonsense",
                ]
            )
        )
    )
    async def test_a_replay_sends_what_the_filter_admits(self, store: DecisionStore, topics: frozenset[str]) -> None:
        if await store.last_seq() == 0:
            nobody = Event(EventType.ALERT, {"text": "disk"}, NOW)
            await store.append_events(
                [a_vote(), a_vote(symbol="MSFT"), a_vote("market_analyst"), a_call(), a_step(symbol="MSFT"), nobody]
            )
        wanted = EventFilter(topics)

        admitted = tuple(event for event in await all_events(store) if wanted.admits(event))
        assert await store.events_after(0, 100, wanted) == admitted

    # Idempotency keys

    async def test_an_answer_is_kept_with_its_decision(self, store: DecisionStore) -> None:
        await store.append(a_draft("d1", keyed=an_answer("k1")))

        assert await store.answer("k1") == an_answer("k1")
        assert await store.answer("k2") is None

    async def test_an_answer_without_a_decision_is_kept_as_given(self, store: DecisionStore) -> None:
        answer = an_answer("k1", decision_id=None, body=b'{"status": "pending"}')
        await store.keep_answer(answer)

        assert await store.answer("k1") == answer

    async def test_a_taken_key_stores_nothing_of_the_draft(self, store: DecisionStore) -> None:
        await store.keep_answer(an_answer("k1", body=b"first"))

        with pytest.raises(StillRunningError):
            await store.append(a_draft("d1", keyed=an_answer("k1", body=b"second")))
        with pytest.raises(StillRunningError):
            await store.keep_answer(an_answer("k1", body=b"third"))

        assert await is_empty(store)
        assert await store.get("d1") is None
        kept = await store.answer("k1")
        assert kept is not None
        assert kept.body == b"first"

    # Figures

    async def test_counts_are_of_decisions_votes_and_tool_calls(self, store: DecisionStore) -> None:
        assert await is_empty(store)
        await store.append(a_draft(events=[a_step(), a_vote(), a_vote(), a_call()]))

        assert await store.counts() == {"decisions": 1, "votes": 2, "tool_executions": 1}

    async def test_tools_are_judged_by_their_calls(self, store: DecisionStore) -> None:
        calls = [a_call("assess_risk", "success", 1.0), a_call("assess_risk", "error", 3.0)]
        await store.append_events([*calls, a_call("score_news", "cached", 0.5), a_vote()])

        assert await store.tool_performance() == (
            {"tool_name": "assess_risk", "calls": 2, "success_rate": 0.5, "average_execution_time_ms": 2.0},
            {"tool_name": "score_news", "calls": 1, "success_rate": 1.0, "average_execution_time_ms": 0.5},
        )

    async def test_tool_activity_is_the_newest_calls_with_the_votes_and_ends_around_them(
        self, store: DecisionStore
    ) -> None:
        happened = (a_call("old"), a_vote(), a_call(), a_step("consensus_requested"), a_call("score_news"), a_step())
        stored = await store.append_events(happened)
        plain = [activity_of(event) for event in stored]

        assert await activity(store, 9) == [*plain[:3], *plain[4:]]
        assert await activity(store, 3) == [*plain[:3], *plain[4:]]
        assert await activity(store, 2) == [plain[2], *plain[4:]]
        assert await activity(store, 1) == plain[4:]

    async def test_tool_activity_without_a_call_is_the_votes_alone(self, store: DecisionStore) -> None:
        assert await activity(store, 5) == []
        (vote,) = await store.append_events([a_vote()])
        assert await activity(store, 5) == [activity_of(vote)]

    async def test_tool_activity_tells_why_a_call_failed(self, store: DecisionStore) -> None:
        kinds = {"success": None, "error": "KeyError", "timeout": "timeout", "denied": "suspended"}
        await store.append_events([a_call(status=status, kind=kind) for status, kind in kinds.items()])

        assert {each.status: each.error_kind for each in await activity(store, 9)} == kinds

    async def test_tool_totals_tell_a_model_and_its_twin_apart_whatever_the_symbol(self, store: DecisionStore) -> None:
        twin = [a_call(symbol=symbol, seat="risk_advisor_rules") for symbol in ("AAPL", "BRK.B")]
        await store.append_events([a_call(), *twin])

        _, totals = await store.tool_totals(0)
        assert [(each.agent_type, each.seat, each.calls) for each in totals] == [
            ("risk_advisor", "risk_advisor", 1),
            ("risk_advisor", "risk_advisor_rules", 2),
        ]

    async def test_a_long_tool_activity_comes_in_pages_that_are_never_empty(self, store: DecisionStore) -> None:
        stored = await store.append_events([a_call(took_ms=float(number)) for number in range(1_203)])
        pages = [page async for page in store.tool_activity(1_201)]

        assert all(pages)
        assert [each for page in pages for each in page] == [activity_of(event) for event in stored[2:]]

    async def test_tool_totals_are_of_all_calls_after_an_event(self, store: DecisionStore) -> None:
        assert await store.tool_totals(0) == (0, ())
        first = [a_call("assess_risk", "success", 1.0), a_call("assess_risk", "success", 3.0), a_vote()]
        await store.append_events([*first, a_call("assess_risk", "timeout", 9.0)])
        await store.append_events([a_call("score_news", "cached", 0.5), a_step()])

        role = "risk_advisor"
        newest, totals = await store.tool_totals(0)
        assert (newest, set(totals)) == (
            6,
            {
                ToolTotal("assess_risk", role, role, "success", 2, 4.0),
                ToolTotal("assess_risk", role, role, "timeout", 1, 9.0),
                ToolTotal("score_news", role, role, "cached", 1, 0.5),
            },
        )
        assert await store.tool_totals(4) == (6, (ToolTotal("score_news", role, role, "cached", 1, 0.5),))
        assert await store.tool_totals(6) == (6, ())

    async def test_agents_agree_when_they_name_the_final_side(self, store: DecisionStore) -> None:
        async def decided(decision_id: str, final: str, **words: str) -> None:
            votes = [a_vote(agent, word, decision_id) for agent, word in words.items()]
            await store.append(a_draft(decision_id, final=final, events=votes))

        await decided("d1", "BUY", market_analyst="STRONG_BUY", risk_advisor="HOLD")
        await decided("d2", "HOLD", market_analyst="BUY", risk_advisor="ABSTAIN")
        await decided("d3", "NO_DECISION", market_analyst="BUY")
        await store.append_events([a_vote("risk_advisor", "SELL", "cancelled")])

        market, risk = await store.agent_performance()
        assert market == {
            "agent_id": "market_analyst_AAPL",
            "agent_type": "market_analyst",
            "votes": 3,
            "abstentions": 0,
            "average_confidence": 0.75,
            "average_latency_ms": 1.5,
            "agreement_rate": 0.5,
        }
        assert (risk["votes"], risk["abstentions"], risk["agreement_rate"]) == (3, 1, 0.0)

    async def test_an_agent_that_only_abstained_has_no_averages(self, store: DecisionStore) -> None:
        await store.append_events([a_vote(word="ABSTAIN")])

        (agent,) = await store.agent_performance()
        assert (agent["average_confidence"], agent["agreement_rate"]) == (None, None)

    async def test_closing_twice_is_fine(self, store: DecisionStore) -> None:
        await store.append(a_draft("d1"))
        await store.close()
        await store.close()
        await store.open()
        assert await store.get("d1") is not None

    # Models

    async def test_what_models_answered_comes_back_with_the_evidence(self, store: DecisionStore) -> None:
        asked = [an_exchange("AAPL?"), an_exchange("Really?", "SELL"), an_exchange("Ünïcode 牛?")]
        await store.append(a_model_draft("d1", *asked))
        await store.append(a_model_draft("d2", an_exchange("MSFT?")))
        await store.append(a_draft("d3"))

        first, second, third = [await store.evidence(each) for each in ("d1", "d2", "d3")]
        assert first is not None
        assert second is not None
        assert third is not None
        assert list(first.exchanges) == asked
        assert second.exchanges == (an_exchange("MSFT?"),)
        assert third.exchanges == ()

    async def test_an_exchange_that_several_decisions_share_is_kept_for_each(self, store: DecisionStore) -> None:
        shared = an_exchange()
        for decision_id in ("d1", "d2"):
            await store.append(a_model_draft(decision_id, shared))

        for decision_id in ("d1", "d2"):
            evidence = await store.evidence(decision_id)
            assert evidence is not None
            assert evidence.exchanges == (shared,)

    async def test_the_newest_answer_to_a_request_is_found_by_its_key(self, store: DecisionStore) -> None:
        old, new, other = an_exchange(response="BUY"), an_exchange(response="SELL"), an_exchange("MSFT?")
        assert await store.exchange(old.request_key) is None
        await store.append(a_model_draft("d1", old, at=1))
        assert await store.exchange(old.request_key) == old
        await store.append(a_model_draft("d2", new, other, at=2))

        assert await store.exchange(old.request_key) == new
        assert await store.exchange(other.request_key) == other
        assert await store.exchange("0" * 64) is None

    async def test_what_models_were_asked_in_vain_is_kept_too(self, store: DecisionStore) -> None:
        asked = an_exchange()
        calls = [a_model_call(asked), a_failed_call(1), a_failed_call(2, "cancelled")]
        await store.append_model_calls("came-to-nothing", calls, [asked])

        assert await store.exchange(asked.request_key) == asked
        assert await store.spent_since(NOW) == Spend(120, Decimal("0.0021"), 4.5)
        assert await is_empty(store)
        assert await store.get("came-to-nothing") is None

    async def test_nothing_asked_is_nothing_to_keep(self, store: DecisionStore) -> None:
        await store.append_model_calls("d1", [], [])

        assert await store.spent_since(NOW - timedelta(days=9_999)) == Spend()

    async def test_what_was_spent_is_counted_from_an_instant_on(self, store: DecisionStore) -> None:
        calls = [a_model_call(at=at, cost=Decimal("0.000000001")) for at in range(4)]
        await store.append_model_calls("d1", calls, [])

        spent = [await store.spent_since(NOW + timedelta(seconds=at)) for at in (0, 2, 2.5, 4)]
        assert [each.tokens for each in spent] == [480, 240, 120, 0]
        assert [each.dollars for each in spent] == [Decimal(count) / 10**9 for count in (4, 2, 1, 0)]
        assert [each.seconds for each in spent] == [6.0, 3.0, 1.5, 0.0]

    async def test_a_price_that_is_not_known_adds_nothing(self, store: DecisionStore) -> None:
        await store.append_model_calls("d1", [a_model_call(cost=None), a_model_call(at=1), a_failed_call(2)], [])

        assert await store.spent_since(NOW) == Spend(240, Decimal("0.0021"), 4.5)

    async def test_what_decisions_cost_is_counted_with_what_came_to_nothing(self, store: DecisionStore) -> None:
        await store.append(a_model_draft("d1", an_exchange("1"), an_exchange("2")))
        await store.append_model_calls("nothing", [a_model_call()], [])

        assert (await store.spent_since(NOW)).tokens == 360

    async def test_earlier_votes_are_those_of_decisions_as_of_an_earlier_instant(self, store: DecisionStore) -> None:
        for number, days in enumerate((0, 5, 3, None)):
            words = [a_vote("market_analyst", "BUY", f"d{number}"), a_vote("risk_advisor", "ABSTAIN", f"d{number}")]
            await store.append(a_model_draft(f"d{number}", days=days, events=[a_step(), *words, a_call()]))
        await store.append(a_model_draft("m1", symbol="MSFT", events=[a_vote(symbol="MSFT", decision_id="m1")]))
        await store.append_events([a_vote(decision_id="came-to-nothing")])

        def past(agent: str, days: int, word: str, confidence: float | None) -> PastVote:
            return PastVote(f"{agent}_AAPL", agent, NOW + timedelta(days=days), word, confidence)

        seen = await store.past_votes("AAPL", NOW + timedelta(days=5), 100)
        assert seen == (
            past("risk_advisor", 3, "ABSTAIN", None),
            past("market_analyst", 3, "BUY", 0.75),
            past("risk_advisor", 0, "ABSTAIN", None),
            past("market_analyst", 0, "BUY", 0.75),
        )
        assert await store.past_votes("AAPL", NOW + timedelta(days=5), 1) == seen[:2]
        assert await store.past_votes("AAPL", NOW, 100) == ()
        assert await store.past_votes("TSLA", NOW + timedelta(days=5), 100) == ()

    async def test_votes_of_models_are_found_with_their_lineage_newest_first(self, store: DecisionStore) -> None:
        await store.append(a_draft("d1", events=[a_model_vote("a"), a_vote("rules"), a_model_vote("b", "ABSTAIN")]))
        other = a_model_vote("c", "SELL", "d2", lineage="ollama:s", model="s", symbol="MSFT")
        of_rules = a_model_vote("d", "SELL", "d2", lineage="rules:d", model=None)
        await store.append(a_draft("d2", "MSFT", events=[other, of_rules, a_step(), a_call()]))

        said = (("ollama:s", "d2", "SELL"), ("anthropic:m-1", "d1", "ABSTAIN"), ("anthropic:m-1", "d1", "BUY"))
        assert await store.lineage_votes(100) == said
        assert await store.lineage_votes(2) == said[:2]
        assert await store.lineage_votes(0) == ()

    async def test_models_are_remembered_when_the_store_is_opened_again(self, store: DecisionStore) -> None:
        asked = an_exchange()
        await store.append(a_model_draft("d1", asked, events=[a_model_vote()]))
        await store.close()
        await store.open()

        assert await store.exchange(asked.request_key) == asked
        assert (await store.spent_since(NOW)).tokens == 120
        assert await store.lineage_votes(1) == (("anthropic:m-1", "d1", "BUY"),)
        assert len(await store.past_votes("AAPL", NOW + timedelta(days=1), 1)) == 1

    async def test_a_draft_that_is_refused_leaves_no_trace_of_its_models(self, store: DecisionStore) -> None:
        await store.append(a_model_draft("d1", an_exchange("1")))
        with pytest.raises(ConflictError):
            await store.append(a_model_draft("d1", an_exchange("2")))

        assert await store.exchange(an_exchange("2").request_key) is None
        assert (await store.spent_since(NOW)).tokens == 120


class TestInMemory(InMemory, DecisionStoreContract):
    """See DecisionStoreContract."""


class TestMetered(Metered, DecisionStoreContract):
    """See DecisionStoreContract."""


class TestEmbedded(Embedded, DecisionStoreContract):
    """See DecisionStoreContract."""


class TestServer(Server, DecisionStoreContract):
    """See DecisionStoreContract."""
