"""What every provider over a network promises, shown against servers on this machine that speak the vendors' own."""

import asyncio
import logging
import traceback
from dataclasses import replace

import pytest
import structlog

from app.ai.providers.anthropic import AnthropicProvider
from app.ai.providers.ollama import OllamaProvider
from app.ai.providers.perplexity import PerplexityProvider
from app.domain.completions import Answered, Completion, Heard, Said, ToolAnswer
from app.domain.errors import ProviderError
from app.testing.fake_models.server import FakeModels
from tests.unit.ai.providers.asked import BARS, VOTE, asked, inquiry
from tests.unit.ai.providers.raw_server import answering

KEY = "sk-ant-do-not-show-4711"
QUESTION = "AAPL: rsi_14 is 28 and price is 180."
STATUSES = {
    400: "bad_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "bad_request",
    413: "too_large",
    429: "rate_limited",
    500: "server_error",
    502: "server_error",
    503: "overloaded",
    529: "overloaded",
}


@pytest.fixture
async def fakes():
    async with FakeModels(key=KEY) as running:
        yield running


@pytest.fixture
async def provider(request, fakes):
    made = request.instance.make(fakes)
    yield made
    await made.close()


@pytest.fixture(params=[False, True], ids=["unheard", "heard"])
def heard(request):
    """A list to listen with, or None."""
    return [] if request.param else None


def an_inquiry(heard=None, seconds=20.0):
    return inquiry(seconds, heard=None if heard is None else heard.append)


class ProviderContract:
    """Inherit, name the vendor and make a provider; faults of a stream alone strike vendors that stream."""

    vendor: str
    model: str
    streams = True

    def at(self, url, **settings):
        """Return a provider that asks the server there."""
        raise NotImplementedError

    def make(self, fakes, **settings):
        return self.at(getattr(fakes, f"{self.vendor}_url"), **settings)

    def asking(self, *turns, **others):
        others = {"provider": self.vendor, "model": self.model, **others}
        return asked(*(turns or (Said(QUESTION),)), **others)

    async def failure(self, provider, heard=None, seconds=20.0, **others):
        with pytest.raises(ProviderError) as caught:
            await provider.complete(self.asking(**others), an_inquiry(heard, seconds))
        return caught.value

    async def warmed(self, provider):
        """The first request imports the vendor's library, which is not what a test of time is about."""
        await provider.complete(self.asking(), an_inquiry())

    async def test_text_is_answered_with_text(self, provider, heard):
        answer = await provider.complete(self.asking(), an_inquiry(heard))

        assert "28" in answer.text
        assert (answer.stop, answer.tool_uses, answer.model) == ("end", (), self.model)
        assert answer.usage.input_tokens > 0 < answer.usage.output_tokens

    async def test_it_is_asked_once_with_the_question(self, fakes, provider, heard):
        await provider.complete(self.asking(), an_inquiry(heard))

        (received,) = fakes.asked(self.vendor)
        assert QUESTION in str(received.body["messages"])
        assert received.stream is (heard is not None and self.streams)

    async def test_a_heard_answer_equals_an_unheard_one_and_was_heard_whole(self, provider):
        heard = []

        unheard = await provider.complete(self.asking(), an_inquiry())

        assert await provider.complete(self.asking(), an_inquiry(heard)) == unheard
        assert "".join(heard).endswith(unheard.text)

    async def test_the_conversation_goes_on_with_what_was_heard(self, provider):
        first = await provider.complete(self.asking(), an_inquiry())

        turns = (Said(QUESTION), Heard(first.content), Said("And if rsi_14 is 80?"))

        assert (await provider.complete(self.asking(*turns), an_inquiry())).stop == "end"

    async def test_an_answer_can_be_kept_and_read_again(self, provider):
        answer = await provider.complete(self.asking(), an_inquiry())

        assert Completion.from_dict(answer.as_dict()) == answer

    async def test_an_answer_at_the_token_limit_says_so(self, fakes, provider, heard):
        fakes.fault(self.vendor, "max_tokens")

        assert (await provider.complete(self.asking(), an_inquiry(heard))).stop == "length"

    @pytest.mark.parametrize(("status", "kind"), STATUSES.items())
    async def test_every_status_has_its_kind_and_nothing_is_tried_again(self, fakes, provider, heard, status, kind):
        fakes.fault(self.vendor, f"status:{status}")

        error = await self.failure(provider, heard)

        assert (error.kind, error.status, error.retry_after_s) == (kind, status, None)
        assert len(fakes.asked(self.vendor)) == 1

    async def test_the_wait_a_vendor_asks_for_is_told_and_not_kept(self, fakes, provider, heard):
        fakes.fault(self.vendor, "retry_after:900")

        error = await self.failure(provider, heard)

        assert (error.kind, error.retry_after_s) == ("rate_limited", 900.0)

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ("drop", "unreachable"),
            ("cut", "cut_short"),
            ("html", "invalid_response"),
            ("empty_json", "invalid_response"),
            ("wrong_shape", "invalid_response"),
            ("bad_json", "invalid_response"),
        ],
    )
    async def test_what_is_not_an_answer_has_its_kind(self, fakes, provider, heard, fault, kind):
        fakes.fault(self.vendor, fault)

        assert (await self.failure(provider, heard)).kind == kind

    async def test_an_answer_that_never_ends_is_refused_early(self, heard):
        head = b"content-type: text/event-stream\r\ntransfer-encoding: chunked"
        async with answering(head, endless=True) as flood:
            flooded = self.at(flood.url)
            error = await self.failure(flooded, heard)
            await flooded.close()

        assert error.kind == "too_large"
        assert flood.sent < 10_000_000
        assert b"accept-encoding: identity" in flood.heard.lower()

    async def test_a_redirection_is_not_followed(self, heard):
        head = b"location: http://127.0.0.1:9/\r\ncontent-length: 0"
        async with answering(head, status=b"307 Temporary Redirect") as elsewhere:
            sent_away = self.at(elsewhere.url)
            error = await self.failure(sent_away, heard)
            await sent_away.close()

        assert (error.kind, error.status) == ("invalid_response", 307)

    async def test_a_server_that_is_not_there_cannot_be_reached(self, fakes, provider, heard):
        await fakes.__aexit__(None, None, None)

        assert (await self.failure(provider, heard)).kind == "unreachable"

    @pytest.mark.parametrize("fault", ["hang", "slow:0.05"])
    async def test_the_deadline_ends_an_attempt_that_takes_too_long(self, fakes, provider, heard, fault):
        await self.warmed(provider)
        fakes.fault(self.vendor, fault)

        async with asyncio.timeout(5):
            error = await self.failure(provider, heard, seconds=0.5)
            await fakes.settled()

        assert error.kind == "timeout"
        assert len(fakes.asked(self.vendor)) == 2

    async def test_an_attempt_has_its_own_limit(self, fakes, heard):
        impatient = self.make(fakes, attempt_timeout_s=0.3)
        await impatient._client.get()
        fakes.fault(self.vendor, "hang")

        error = await self.failure(impatient, heard)
        await impatient.close()

        assert error.kind == "timeout"
        assert len(fakes.asked(self.vendor)) == 1

    @pytest.mark.parametrize("fault", ["hang", "slow:0.05"])
    async def test_being_cancelled_leaves_no_connection_open(self, fakes, provider, heard, fault):
        await self.warmed(provider)
        fakes.fault(self.vendor, fault)
        task = asyncio.create_task(provider.complete(self.asking(), an_inquiry(heard)))
        await fakes.received(2)

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await fakes.settled()

    async def test_many_can_ask_at_once(self, fakes, provider, heard):
        questions = [self.asking(Said(f"AAPL: rsi_14 is {each}.")) for each in range(1, 31)]

        answers = await asyncio.gather(*(provider.complete(each, an_inquiry(heard)) for each in questions))

        assert all(f"rsi_14 {each}." in answer.text for each, answer in enumerate(answers, 1))

    async def test_closing_twice_is_fine_and_asking_again_too(self, provider):
        await self.warmed(provider)
        await provider.close()
        await provider.close()

        assert (await provider.complete(self.asking(), an_inquiry())).stop == "end"

    @pytest.mark.parametrize("fault", ["status:400", "status:401", "drop", "cut", "html", "wrong_shape", "hang"])
    async def test_neither_error_nor_log_shows_key_or_question(self, fakes, provider, heard, fault, caplog):
        caplog.set_level(logging.INFO)
        await self.warmed(provider)
        fakes.fault(self.vendor, fault)

        with structlog.testing.capture_logs() as lines:
            error = await self.failure(provider, heard, seconds=0.5)

        told = "".join([*traceback.format_exception(error), repr(error), caplog.text, str(lines)])
        assert KEY not in told
        assert QUESTION not in told
        assert error.__cause__ is error.__context__ is None
        assert "site-packages" not in told

    async def test_even_the_chattiest_log_does_not_show_the_key(self, provider, heard, caplog):
        caplog.set_level(logging.DEBUG)

        await provider.complete(self.asking(), an_inquiry(heard))

        assert KEY not in caplog.text
        assert KEY not in repr(provider)


class VotingContract(ProviderContract):
    """Inherit for a vendor that takes tools and schemas; `opening` is the beginning of a stream with a word in it."""

    opening: bytes

    async def test_a_schema_is_followed(self, provider, heard):
        answer = await provider.complete(self.asking(schema=VOTE), an_inquiry(heard))

        assert answer.text.startswith('{"decision":')
        assert '"confidence":' in answer.text

    async def test_a_tool_is_wished_for_and_its_answer_read(self, provider, heard):
        request = self.asking(tools=(BARS,))
        wish = await provider.complete(request, an_inquiry(heard))
        (use,) = wish.tool_uses
        answers = Answered((ToolAnswer(use.id, use.name, '{"rsi_14": 77.5}'),))

        turns = (*request.turns, Heard(wish.content), answers)
        answer = await provider.complete(replace(request, turns=turns), an_inquiry(heard))

        assert (wish.stop, use.name) == ("tool_use", "get_bars")
        assert isinstance(use.arguments["count"], int)
        assert (answer.stop, answer.tool_uses) == ("end", ())
        assert "77.5" in answer.text

    async def test_several_wishes_are_answered_in_their_order(self, provider, heard):
        tools = (BARS, replace(BARS, name="score_news", description="Returns the mood of the news."))
        request = self.asking(tools=tools)
        wish = await provider.complete(request, an_inquiry(heard))
        told = [ToolAnswer(use.id, use.name, f'{{"rsi_14": {70 + place}}}') for place, use in enumerate(wish.tool_uses)]

        turns = (*request.turns, Heard(wish.content), Answered(tuple(told)), Said("Now vote."))
        answer = await provider.complete(self.asking(*turns, schema=VOTE), an_inquiry(heard))

        assert [use.name for use in wish.tool_uses] == ["get_bars", "score_news"]
        assert len({use.id for use in wish.tool_uses}) == 2
        assert answer.stop == "end"

    async def test_arguments_the_schema_does_not_know_are_left_for_the_tool_to_refuse(self, fakes, provider, heard):
        fakes.fault(self.vendor, "bad_tool_arguments")

        wish = await provider.complete(self.asking(tools=(BARS,)), an_inquiry(heard))

        assert wish.tool_uses[0].arguments == {"no_such_argument": ["not", "asked", "for"]}

    async def test_an_error_in_the_middle_of_a_stream_ends_it(self, fakes, provider):
        fakes.fault(self.vendor, "stream_error")

        error = await self.failure(provider, [])

        assert error.kind in {"overloaded", "server_error"}
        assert error.status is None

    async def test_a_stream_whose_socket_closes_was_cut_short(self, fakes, provider):
        fakes.fault(self.vendor, "cut:socket")
        heard = []

        error = await self.failure(provider, heard)

        assert error.kind == "cut_short"
        assert heard

    async def test_a_stream_is_let_go_of_when_its_listener_fails(self):
        def choke(_piece):
            raise ValueError("enough")

        head = b"content-type: text/event-stream\r\ntransfer-encoding: chunked"
        opening = b"%x\r\n%s\r\n" % (len(self.opening), self.opening)
        async with answering(head, opening, endless=True) as flood:
            listened = self.at(flood.url)
            with pytest.raises(ProviderError):
                await listened.complete(self.asking(), replace(an_inquiry(), heard=choke))
            async with asyncio.timeout(5):
                await flood.left.wait()
            await listened.close()


class TestAnthropic(VotingContract):
    vendor = "anthropic"
    model = "claude-haiku-4-5"
    opening = (
        b'data: {"type": "message_start", "message": {"content": [], "usage": {}}}\n\n'
        b'data: {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}\n\n'
        b'data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "BUY"}}\n\n'
    )

    def at(self, url, **settings):
        return AnthropicProvider(KEY, url, **settings)

    async def test_tools_and_schema_go_in_one_request_and_nothing_is_forced(self, fakes, provider, heard):
        await provider.complete(self.asking(tools=(BARS,), schema=VOTE), an_inquiry(heard))

        (received,) = fakes.asked(self.vendor)
        assert received.body["tool_choice"] == {"type": "auto"}
        assert received.body["output_config"]["format"]["type"] == "json_schema"
        assert received.body["cache_control"] == {"type": "ephemeral"}

    async def test_thinking_is_heard_and_goes_back_with_its_signature(self, fakes, provider):
        heard = []
        request = self.asking(tools=(BARS,))
        wish = await provider.complete(request, an_inquiry(heard))
        answers = Answered((ToolAnswer(wish.tool_uses[0].id, "get_bars", "[1]"),))

        await provider.complete(replace(request, turns=(*request.turns, Heard(wish.content), answers)), an_inquiry())

        assert wish.content[0]["type"] == "thinking"
        assert wish.content[0]["thinking"] in "".join(heard)
        assert fakes.asked(self.vendor)[-1].body["messages"][1]["content"] == wish.content

    async def test_a_refusal_is_an_error_of_its_own(self, fakes, provider, heard):
        fakes.fault(self.vendor, "refusal")

        assert (await self.failure(provider, heard)).kind == "refusal"

    async def test_a_wrong_key_is_refused_without_being_shown(self, fakes, heard):
        stranger = AnthropicProvider("sk-wrong-0815", fakes.anthropic_url)

        error = await self.failure(stranger, heard)
        await stranger.close()

        assert str(error) == "Anthropic answered 401 (authentication)."

    async def test_a_schema_that_is_refused_is_told_in_words_and_that_is_remembered(self, fakes, provider, heard):
        wide = {**VOTE, "properties": {f"field_{each}": {"type": "string"} for each in range(30)}, "required": []}

        for _ in range(2):
            assert (await provider.complete(self.asking(schema=wide), an_inquiry(heard))).stop == "end"

        assert [each.status for each in fakes.asked(self.vendor)] == [400, 200, 200]
        refused, told, _ = (each.body for each in fakes.asked(self.vendor))
        assert "output_config" in refused and "output_config" not in told
        assert "field_29" in told["messages"][-1]["content"][-1]["text"]

    async def test_a_schema_that_is_refused_even_in_words_is_an_error(self, fakes, provider, heard):
        broken = replace(BARS, parameters={"type": "array"})

        error = await self.failure(provider, heard, tools=(broken,))

        assert (error.kind, len(fakes.asked(self.vendor))) == ("schema_refused", 2)

    async def test_a_400_about_something_else_is_not_tried_again(self, fakes, provider, heard):
        error = await self.failure(provider, heard, max_tokens=-1, schema=VOTE)

        assert (error.kind, len(fakes.asked(self.vendor))) == ("bad_request", 1)


class TestOllama(VotingContract):
    vendor = "ollama"
    model = "llama3.2"
    opening = b'{"model": "llama3.2", "message": {"role": "assistant", "content": "BUY"}, "done": false}\n'

    def at(self, url, **settings):
        return OllamaProvider(url, **settings)

    async def test_a_schema_is_never_sent_beside_tools(self, fakes, provider, heard):
        wish = await provider.complete(self.asking(tools=(BARS,), schema=VOTE), an_inquiry(heard))

        assert wish.stop == "tool_use"
        assert "format" not in fakes.asked(self.vendor)[0].body

    async def test_what_the_model_runs_with_is_said_every_time(self, fakes, provider):
        await provider.complete(self.asking(), an_inquiry())

        body = fakes.asked(self.vendor)[0].body
        assert body["options"] == {"num_ctx": 8_192, "seed": 1, "temperature": 0.0, "num_predict": 2_048}
        assert body["keep_alive"] == "5m"

    async def test_a_context_that_is_nearly_full_is_warned_of(self, fakes, provider, heard):
        tokens = (await provider.complete(self.asking(), an_inquiry(heard))).usage.input_tokens

        with structlog.testing.capture_logs() as lines:
            for size in (2 * tokens, tokens):
                await provider.complete(self.asking(options={"num_ctx": size}), an_inquiry(heard))

        assert [line["num_ctx"] for line in lines if line["event"] == "context nearly full"] == [tokens]

    async def test_a_proxy_does_not_come_between_us_and_this_machine(self, provider, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.delenv("NO_PROXY", raising=False)

        assert (await provider.complete(self.asking(), an_inquiry())).stop == "end"
        assert await provider.models()

    async def test_an_empty_line_in_a_stream_is_not_an_answer(self, fakes, provider):
        fakes.fault(self.vendor, "blank_line")

        assert (await self.failure(provider, [])).kind == "invalid_response"

    async def test_it_tells_its_models_and_which_use_tools(self, provider):
        models = dict(await provider.models())

        assert models["llama3.2:latest"] is True
        assert models["gemma2:2b"] is False

    async def test_a_model_that_is_not_described_is_taken_to_use_no_tools(self, fakes, provider):
        fakes.fault(self.vendor, "status:500", path="/api/show", match="llama3.2")

        models = dict(await provider.models())

        assert (models["llama3.2:latest"], models["llama3.1:latest"]) == (False, True)

    @pytest.mark.parametrize("fault", ["hang", "status:500", "html", "empty_json", "drop"])
    async def test_a_server_that_does_not_list_its_models_is_not_there(self, fakes, provider, fault):
        fakes.fault(self.vendor, fault, path="/api/tags")

        async with asyncio.timeout(5):
            with pytest.raises(ProviderError) as caught:
                await provider.models()

        assert caught.value.kind == "unreachable"


class TestPerplexity(ProviderContract):
    vendor = "perplexity"
    model = "sonar"
    streams = False

    def at(self, url, **settings):
        return PerplexityProvider(KEY, url, **settings)

    async def test_sources_are_named(self, provider):
        answer = await provider.complete(self.asking(), an_inquiry())

        assert all(each.title and each.url.startswith("https://") and each.date for each in answer.citations)
        assert len(answer.citations) == 3

    async def test_the_recency_of_sources_can_be_limited(self, fakes):
        recent = self.make(fakes, options={"search_recency_filter": "week"})

        await recent.complete(self.asking(), an_inquiry())
        await recent.close()

        assert fakes.asked(self.vendor)[0].body["search_recency_filter"] == "week"

    @pytest.mark.parametrize("others", [{"tools": (BARS,)}, {"schema": VOTE}], ids=["tools", "schema"])
    async def test_neither_tools_nor_a_schema_are_taken(self, fakes, provider, others):
        error = await self.failure(provider, **others)

        assert (error.kind, fakes.requests) == ("unsupported", [])
