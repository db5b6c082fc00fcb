import orjson
import pytest

from app.ai.providers.anthropic_stream import streamed_message
from app.domain.errors import ProviderError

START = {"type": "message_start", "message": {"model": "m", "content": [], "stop_reason": None, "usage": {"in": 1}}}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"out": 9, "in": None}}
STOP = {"type": "message_stop"}


class Streamed:
    """A response that arrives in the chunks it is given."""

    def __init__(self, chunks, content_type="text/event-stream; charset=utf-8"):
        self.headers = {"content-type": content_type}
        self._chunks = chunks

    async def aiter_bytes(self):
        for chunk in self._chunks:
            yield chunk


def lines(*events):
    return b"".join(b"event: %s\ndata: %s\n\n" % (each["type"].encode(), orjson.dumps(each)) for each in events)


def delta(index=0, **fields):
    return {"type": "content_block_delta", "index": index, "delta": fields}


async def joined(*events, heard=None):
    return await streamed_message(Streamed([lines(*events)]), heard or (lambda _piece: None))


async def test_text_is_put_together_and_heard_as_it_comes():
    heard = []

    message = await joined(
        START, TEXT, delta(type="text_delta", text="BU"), delta(type="text_delta", text="Y"), END, heard=heard.append
    )

    assert message["content"] == [{"type": "text", "text": "BUY"}]
    assert heard == ["BU", "Y"]
    assert message["stop_reason"] == "end_turn"


async def test_thinking_is_heard_and_keeps_its_signature():
    heard = []
    block = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "thinking", "thinking": "", "signature": ""},
    }

    message = await joined(
        START,
        block,
        delta(type="thinking_delta", thinking="hm"),
        delta(type="signature_delta", signature="c2ln"),
        END,
        heard=heard.append,
    )

    assert message["content"] == [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]
    assert heard == ["hm"]


async def test_the_arguments_of_a_tool_are_read_when_they_are_all_there():
    use = {"type": "tool_use", "id": "t", "name": "get_bars", "input": {}}
    start = {"type": "content_block_start", "index": 0, "content_block": use}
    pieces = [delta(type="input_json_delta", partial_json=each) for each in ("", '{"cou', 'nt": 5}')]

    assert (await joined(START, start, *pieces, END))["content"] == [{**use, "input": {"count": 5}}]
    assert (await joined(START, start, pieces[0], END))["content"] == [use]


async def test_citations_are_kept():
    found = delta(type="citations_delta", citation={"url": "https://example.org"})

    content = (await joined(START, TEXT, found, found, END))["content"]

    assert content[0]["citations"] == [{"url": "https://example.org"}] * 2


async def test_counts_that_are_told_again_replace_the_first_and_the_others_stay():
    assert (await joined(START, TEXT, END))["usage"] == {"in": 1, "out": 9}


async def test_pings_and_what_the_future_brings_are_passed_over():
    news = {"type": "content_block_delta", "index": 0, "delta": {"type": "mood_delta", "mood": "good"}}

    message = await joined({"type": "ping"}, START, {"type": "new_event"}, TEXT, news, END, STOP)

    assert message["content"] == [{"type": "text", "text": ""}]


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_it_does_not_matter_where_the_bytes_are_cut(size):
    sent = lines(START, TEXT, delta(type="text_delta", text="Ä\u2028\x85€"), END)
    chunks = [sent[start : start + size] for start in range(0, len(sent), size)]

    message = await streamed_message(Streamed(chunks), lambda _piece: None)

    assert message["content"] == [{"type": "text", "text": "Ä\u2028\x85€"}]


async def test_a_stream_that_was_cut_has_no_reason_to_stop():
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": {}}}
    torn = delta(type="input_json_delta", partial_json='{"cou')

    assert (await joined(START, start, torn))["stop_reason"] is None


async def test_a_line_without_an_end_is_not_read():
    sent = lines(START, TEXT, END)

    message = await streamed_message(Streamed([sent[:-20]]), lambda _piece: None)

    assert message["stop_reason"] is None


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("overloaded_error", "overloaded"),
        ("rate_limit_error", "rate_limited"),
        ("api_error", "server_error"),
        ("something_new", "server_error"),
        ("authentication_error", "authentication"),
        ("invalid_request_error", "bad_request"),
        ("timeout_error", "timeout"),
    ],
)
async def test_an_error_in_the_stream_has_its_kind_and_not_the_vendors_words(told, kind):
    with pytest.raises(ProviderError) as caught:
        await joined(START, {"type": "error", "error": {"type": told, "message": "secret"}})

    assert caught.value.kind == kind
    assert "secret" not in str(caught.value)


async def test_nothing_at_all_was_cut_short():
    with pytest.raises(ProviderError) as caught:
        await joined({"type": "ping"})
    assert caught.value.kind == "cut_short"


async def test_a_page_is_no_stream():
    with pytest.raises(ProviderError) as caught:
        await streamed_message(Streamed([b"<html>"], "text/html"), lambda _piece: None)
    assert caught.value.kind == "invalid_response"
