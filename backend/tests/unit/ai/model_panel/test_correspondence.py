import asyncio
import hashlib
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from app.ai.model_panel.correspondence import Archive, Correspondence
from app.ai.model_panel.request_keys import canonical_request, key_of
from app.ai.providers.scripted import ScriptedProvider
from app.domain.completions import ModelRequest, Said
from app.domain.errors import ProviderError
from app.domain.model_calls import RecordedAnswer, is_true_to_its_id
from tests.builders import START
from tests.unit.ai.model_panel.scenes import (
    USAGE,
    Listening,
    Silent,
    archive,
    assignment,
    correspondence,
    kinds,
    said,
    voice,
    wants,
)
from tests.unit.ai.providers.asked import StillClock

FIRST = ModelRequest("scripted", "m-1", "Judge.", (Said("AAPL?"),), prompt="market_analyst@1.0.0")
SECOND = replace(FIRST, turns=(Said("Really?"),))
BUSY = ProviderError("overloaded", "Busy.", retry_after_s=3.0, status=529)


def recorded(request, completion=None, **others):
    return RecordedAnswer(key_of(canonical_request(request)), completion and completion.as_dict(), **others)


class Retrying(Listening):
    """A guarded provider: `lost` requests brought nothing before the answer came."""

    def __init__(self, script, lost):
        super().__init__(script)
        self.lost = lost

    async def complete(self, request, inquiry):
        inquiry.failed_requests += self.lost
        return await super().complete(request, inquiry)


async def kind_of(letters, request=FIRST):
    with pytest.raises(ProviderError) as caught:
        await letters.ask(request)
    return caught.value.kind


# What is written down


async def test_every_question_is_one_line_of_the_account():
    told, door = assignment(), Listening([said("one"), wants(("get_bars", {}))])
    door.is_billed = True
    letters = correspondence(door, told)
    assert (await letters.ask(FIRST)).text == "one"
    assert (await letters.ask(SECOND)).tool_uses[0].name == "get_bars"
    one, two = told.model_calls
    assert (one.agent_id, one.provider, one.model, one.prompt) == (
        "market_analyst_AAPL",
        "scripted",
        "m-1",
        "market_analyst@1.0.0",
    )
    assert (one.request_key, two.request_key) == tuple(key_of(canonical_request(each)) for each in (FIRST, SECOND))
    assert (one.attempts, one.usage, one.cost) == (1, USAGE, Decimal("0.01"))
    assert (one.started_at, one.error_kind, one.error) == (START, None, None)
    assert [one.exchange_id, two.exchange_id] == [each.id for each in told.exchanges]


async def test_how_long_a_question_took_is_told_in_milliseconds():
    clock, told = StillClock(), assignment()

    def answer(request):
        clock.seconds += 1.25
        return said("late")

    await Correspondence(voice(ScriptedProvider(answer)), told, archive(), clock).ask(FIRST)
    assert told.model_calls[0].duration_ms == 1_250


@pytest.mark.parametrize(("is_billed", "dollars", "cost"), [(True, None, None), (False, "0.01", None), (True, "0", 0)])
async def test_a_cost_that_is_not_known_or_that_nobody_charges_is_none(is_billed, dollars, cost):
    told, door = assignment(), Listening([said("one")])
    door.is_billed = is_billed
    await correspondence(door, told, archive=archive(dollars=dollars)).ask(FIRST)
    assert told.model_calls[0].cost == cost


async def test_the_price_is_that_of_the_model_that_answered():
    asked, door = [], Listening([replace(said("one"), model="m-1-20260101")])
    door.is_billed = True
    prices = Archive(lambda provider, model, usage: asked.append((provider, model, usage)))
    await correspondence(door, archive=prices).ask(FIRST)
    assert asked == [("scripted", "m-1-20260101", USAGE)]


@pytest.mark.parametrize("lost", [0, 1, 2])
async def test_attempts_count_the_requests_that_brought_nothing(lost):
    won, failed = assignment(), assignment()
    await correspondence(Retrying([said("one")], lost), won).ask(FIRST)
    assert await kind_of(correspondence(Retrying([BUSY], lost), failed)) == "overloaded"
    assert (won.model_calls[0].attempts, failed.model_calls[0].attempts) == (lost + 1, lost)


async def test_attempts_of_an_earlier_question_do_not_count_again():
    told, door = assignment(), Retrying([said("one"), said("two")], 1)
    letters = correspondence(door, told)
    await letters.ask(FIRST)
    await letters.ask(SECOND)
    assert [each.attempts for each in told.model_calls] == [2, 2]
    assert letters.inquiry.failed_requests == 2


async def test_the_model_that_stood_in_is_the_one_of_the_account_and_what_was_sent_to_the_other_counts():
    class Hedged(Listening):
        async def complete(self, request, inquiry):
            inquiry.spared_requests += 1
            return replace(await super().complete(request, inquiry), stand_in="m-2")

    told = assignment()
    letters = correspondence(Hedged([said("one"), said("two")]), told)
    await letters.ask(FIRST)
    await letters.ask(SECOND)
    assert [(each.model, each.attempts, each.spared) for each in told.model_calls] == [("m-2", 2, 1)] * 2
    assert letters.inquiry.failed_requests == 0


async def test_a_failure_is_written_down_with_its_kind_and_no_exchange():
    told = assignment()
    assert await kind_of(correspondence(Listening([BUSY]), told)) == "overloaded"
    (call,) = told.model_calls
    assert (call.error_kind, call.error, call.usage, call.cost, call.exchange_id) == (
        "overloaded",
        "Busy.",
        None,
        None,
        None,
    )
    assert told.exchanges == []


async def test_being_cancelled_is_written_down_and_passes_on():
    told, door = assignment(), Silent()
    asking = asyncio.create_task(correspondence(door, told).ask(FIRST))
    await door.was_asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert kinds(told.model_calls) == ["cancelled"]
    assert told.exchanges == []


async def test_without_a_door_nobody_is_asked():
    told = assignment()
    assert await kind_of(correspondence(None, told)) == "not_recorded"
    assert kinds(told.model_calls) == ["not_recorded"]


# What is kept


async def test_an_exchange_is_named_by_its_content_and_says_all_of_it():
    told, answer = assignment(), said("one")
    await correspondence(Listening([answer]), told).ask(FIRST)
    (kept,) = told.exchanges
    assert is_true_to_its_id(kept)
    assert kept.request == canonical_request(FIRST)
    assert orjson.loads(kept.response) == orjson.loads(orjson.dumps(answer.as_dict()))
    assert kept.id == hashlib.sha256(kept.request_key.encode() + kept.response).hexdigest()


async def test_where_nothing_is_kept_the_account_still_is():
    told = assignment()
    await correspondence(Listening([said("one")]), told, archive=archive(keeps=False)).ask(FIRST)
    assert told.exchanges == []
    assert (told.model_calls[0].exchange_id, told.model_calls[0].usage) == (None, USAGE)


class Keyed(Listening):
    """A provider that holds a key, as vendors' adapters do."""

    def __init__(self, script):
        super().__init__(script)
        self.key = "sk-SECRET"
        self.headers = {"Authorization": "Bearer sk-SECRET"}


async def test_no_key_and_no_header_is_in_an_exchange_or_in_the_account():
    told = assignment()
    letters = correspondence(Keyed([said("one"), BUSY]), told)
    await letters.ask(FIRST)
    await kind_of(letters, SECOND)
    assert "SECRET" not in f"{told.exchanges} {told.model_calls}"
    assert set(orjson.loads(told.exchanges[0].request)) == {
        "provider",
        "model",
        "system",
        "turns",
        "tools",
        "schema",
        "max_tokens",
        "options",
        "prompt",
        "sample",
    }


async def test_the_provider_is_told_for_whom_it_works_and_until_when():
    heard, seen = [], []

    class Curious(Listening):
        async def complete(self, request, inquiry):
            seen.append(inquiry)
            return await super().complete(request, inquiry)

    await correspondence(Curious([said("one")]), assignment(think=heard.append)).ask(FIRST)
    (inquiry,) = seen
    assert (inquiry.symbol, inquiry.agent_id, inquiry.decision_id, inquiry.deadline) == (
        "AAPL",
        "market_analyst_AAPL",
        "d-1",
        130.0,
    )
    assert heard == ["one"]


# What is taken from the record


async def test_recorded_answers_are_taken_in_their_order_and_nobody_is_asked():
    told = assignment(recorded=[recorded(FIRST, said("one")), recorded(SECOND, said("two"))])
    door = Listening([])
    letters = correspondence(door, told)
    assert [(await letters.ask(each)).text for each in (FIRST, SECOND)] == ["one", "two"]
    assert await kind_of(letters) == "not_recorded"
    assert (door.requests, told.model_calls, told.exchanges) == ([], [], [])


async def test_a_recorded_answer_comes_back_whole():
    answer = wants(("get_bars", {"count": 3}), text="Let me look.")
    letters = correspondence(None, assignment(recorded=[recorded(FIRST, answer)]))
    assert await letters.ask(FIRST) == answer


async def test_who_stood_in_is_part_of_what_is_recorded():
    answer = replace(said("one"), stand_in="m-2")
    letters = correspondence(None, assignment(recorded=[recorded(FIRST, answer)]))
    assert await letters.ask(FIRST) == answer


async def test_an_answer_to_another_question_is_not_taken():
    letters = correspondence(None, assignment(recorded=[recorded(FIRST, said("one"))]))
    assert await kind_of(letters, SECOND) == "not_recorded"
    assert (await letters.ask(FIRST)).text == "one"


async def test_equal_questions_get_their_answers_in_turn():
    told = assignment(recorded=[recorded(FIRST, said("one")), recorded(FIRST, said("two"))])
    letters = correspondence(None, told)
    assert [(await letters.ask(FIRST)).text for _ in range(2)] == ["one", "two"]


async def test_a_recorded_failure_happens_again():
    told = assignment(recorded=[recorded(FIRST, error_kind="overloaded", error="Busy.", failed=1)])
    letters = correspondence(None, told)
    with pytest.raises(ProviderError) as caught:
        await letters.ask(FIRST)
    assert (caught.value.kind, caught.value.public) == ("overloaded", "Busy.")
    assert letters.inquiry.failed_requests == 1


async def test_an_answer_that_was_not_kept_cannot_be_given():
    letters = correspondence(None, assignment(recorded=[recorded(FIRST)]))
    assert await kind_of(letters) == "not_recorded"


async def test_nothing_recorded_is_not_the_same_as_asking():
    door = Listening([said("live")])
    assert await kind_of(correspondence(door, assignment(recorded=()))) == "not_recorded"
    assert door.requests == []


async def test_two_models_of_one_analyst_share_one_order_of_answers():
    searching = replace(FIRST, provider="perplexity")
    told = assignment(recorded=[recorded(searching, said("news")), recorded(FIRST, said("vote"))])
    letters = correspondence(None, told)
    search = letters.with_voice(replace(voice(None), provider="perplexity"))
    assert (await search.ask(searching)).text == "news"
    assert (await letters.ask(FIRST)).text == "vote"


async def test_what_the_other_model_failed_at_does_not_count_against_this_one():
    letters = correspondence(Listening([said("one")]))
    await kind_of(letters.with_voice(voice(Retrying([BUSY], 2))))
    assert letters.inquiry.failed_requests == 0
