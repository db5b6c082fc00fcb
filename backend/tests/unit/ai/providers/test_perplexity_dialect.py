import pytest

from app.ai.providers.perplexity_dialect import completion, payload
from app.domain.completions import Answered, Citation, Heard, Said, Usage
from app.domain.errors import ProviderError
from tests.unit.ai.providers.asked import asked

ANSWER = {
    "model": "sonar",
    "choices": [{"message": {"role": "assistant", "content": "Sales rose."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 4},
    "citations": ["https://example.org/a"],
}


def saying(text):
    return {**ANSWER, "choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


def test_the_recency_of_the_request_comes_before_the_usual_one():
    request = asked(options={"search_recency_filter": "day", "seed": 4}, max_tokens=200)

    body = payload(request, {"search_recency_filter": "week"})

    assert body["search_recency_filter"] == "day"
    assert "seed" not in body
    assert (body["max_tokens"], [each["role"] for each in body["messages"]]) == (200, ["system", "user"])


def test_a_turn_goes_back_as_it_was_heard():
    heard = {"role": "assistant", "content": "Sales rose."}

    assert payload(asked(Said("a"), Heard(heard), Said("b")), {})["messages"][2] == heard


def test_answers_of_tools_are_not_taken():
    with pytest.raises(ProviderError) as caught:
        payload(asked(Said("a"), Answered(())), {})
    assert caught.value.kind == "unsupported"


def test_an_answer_becomes_a_turn_with_bare_sources():
    turn = completion(ANSWER)

    assert (turn.text, turn.stop, turn.usage, turn.model) == ("Sales rose.", "end", Usage(12, 4), "sonar")
    assert turn.citations == (Citation("https://example.org/a", "https://example.org/a"),)


def test_search_results_name_title_and_date():
    found = [{"title": "Sales", "url": "https://example.org/a", "date": "2026-11-01"}, {"url": "https://example.org/b"}]

    assert completion({**ANSWER, "search_results": found}).citations == (
        Citation("Sales", "https://example.org/a", "2026-11-01"),
        Citation("https://example.org/b", "https://example.org/b"),
    )


def test_an_answer_without_sources_has_none():
    assert completion({**ANSWER, "citations": None}).citations == ()


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("<think>\nhm\n</think>\n\nSales rose.", "Sales rose."),
        ("The tag </think> ends it.", "The tag </think> ends it."),
        ("<think>never ended", "<think>never ended"),
    ],
)
def test_thinking_at_the_head_of_the_text_is_not_meant_for_us(told, text):
    turn = completion(saying(told))

    assert turn.text == text
    assert turn.content["content"] == told
