import orjson
import pytest

from app.testing.fake_models.brain import Numbers
from tests.unit.testing.asking import a_tool, asked

PRICE = '{"symbol": "MSFT", "current_price": 100.0}'


def vote(*heard, **more):
    return orjson.loads(Numbers().reply(asked(*heard, schema={}, **more), tool_rounds=1).text)


@pytest.mark.parametrize(
    ("evidence", "decision"),
    [
        ('{"rsi_14": 20.0}', "STRONG_BUY"),
        ('{"rsi_14": 40.0}', "BUY"),
        ('{"rsi_14": 51.0}', "HOLD"),
        ('{"rsi_14": 60.0}', "SELL"),
        ('{"rsi_14": 80.0}', "STRONG_SELL"),
        ('{"sma_20": 98.0, "roc_10": 2.0}', "BUY"),
        ('{"sma_20": 102.0, "sma_50": 105.0, "roc_10": -2.0}', "SELL"),
        ('{"ema_12": 101.0, "ema_26": 100.0}', "BUY"),
        ('{"plus_di_14": 10.0, "minus_di_14": 35.0}', "STRONG_SELL"),
        ('{"volatility_ratio": 2.4, "drawdown_in_deviations": 2.0}', "STRONG_SELL"),
        ('{"volatility_ratio": 1.0, "drawdown_in_deviations": 0.1}', "HOLD"),
        ('{"label": "trending_bullish", "bars_in_label": 9}', "STRONG_BUY"),
        ('{"label": "crash"}', "STRONG_SELL"),
        ('{"mean": -0.4}', "SELL"),
        ('{"title": "Profit beats forecasts, outlook raised"}', "STRONG_BUY"),
        ('{"title": "Lawsuit over fraud, guidance cut"}', "STRONG_SELL"),
        ('{"title": "Company holds annual meeting"}', "ABSTAIN"),
    ],
)
def test_the_opinion_follows_the_published_rule(evidence, decision):
    assert vote(PRICE, evidence)["decision"] == decision


def test_the_reasoning_quotes_the_numbers_as_they_were_written():
    reasoning = vote(PRICE, '{"rsi_14": 23.4567, "roc_10": -2.50}')["reasoning"]

    assert reasoning == "For a rise: rsi_14 23.4567. For a fall: roc_10 -2.50. On balance BUY."


def test_of_many_numbers_the_reasoning_quotes_the_three_strongest_of_each_side():
    many = '{"rsi_14": 30.123456789, "stoch_k": 10, "cci_20": -210, "mfi_14": 49, "williams_r_14": -95}'

    assert vote(PRICE, many)["reasoning"].startswith(
        "For a rise: cci_20 -210, williams_r_14 -95, stoch_k 10. For a fall"
    )


def test_who_knows_nothing_abstains_without_confidence():
    opinion = vote("Good morning.")

    assert (opinion["decision"], opinion["confidence"], opinion["position_size"]) == ("ABSTAIN", None, 0.0)


@pytest.mark.parametrize(("rsi", "side"), [(20, 1), (80, -1)])
def test_stop_and_target_lie_on_the_right_sides_of_the_price(rsi, side):
    opinion = vote(PRICE, f'{{"rsi_14": {rsi}, "atr_14": 1.5}}')

    assert (opinion["stop_loss"], opinion["take_profit"]) == (100 - side * 3, 100 + side * 4.5)


def test_a_hold_takes_no_position_and_needs_no_stop():
    opinion = vote(PRICE, '{"rsi_14": 50}')

    assert (opinion["position_size"], opinion["stop_loss"], opinion["take_profit"]) == (0.0, None, None)


def test_the_evidence_of_its_own_role_counts_most_for_an_analyst():
    mixed = '{"rsi_14": 80, "roc_10": 10}'

    assert vote(PRICE, mixed, "You are the mean-reversion analyst.")["decision"] == "STRONG_SELL"
    assert vote(PRICE, mixed, "You are the mean-reversion analyst.")["reasoning"].count("rsi_14 80") == 1
    assert vote(PRICE, mixed, told="You are the trend and momentum analyst.")["decision"] == "STRONG_BUY"


def test_every_number_of_an_opinion_lies_in_its_range():
    extreme = '{"rsi_14": -900, "roc_10": 1e9, "volatility_ratio": 1e9, "sma_20": 1e-9, "atr_14": 90}'
    opinion = vote(PRICE, extreme)

    assert all(0 <= opinion[name] <= 1 for name in ("confidence", "risk", "position_size"))
    assert opinion["stop_loss"] is None or opinion["stop_loss"] > 0


def test_an_average_of_zero_is_left_alone():
    assert vote(PRICE, '{"sma_20": 0, "rsi_14": 50}')["decision"] == "HOLD"


def test_news_are_judged_by_their_words_and_named_by_their_kind():
    schema = {
        "type": "object",
        "properties": {
            "sentiment": {"type": "number"},
            "relevance": {"type": "number"},
            "event": {"type": "string", "enum": ["earnings", "legal", "none"]},
            "reasoning": {"type": "string"},
        },
    }
    headlines = '[{"title": "Profit beats all forecasts"}, {"title": "Lawsuit filed"}, {"title": "A record quarter"}]'

    reply = Numbers().reply(asked(headlines, schema=schema), tool_rounds=0)

    judged = orjson.loads(reply.text)
    assert (judged["sentiment"], judged["event"]) == (round(1 / 3, 4), "earnings")
    assert 0 < judged["relevance"] <= 1
    assert judged["reasoning"] == 'For a rise: "beats", "record quarter". For a fall: "lawsuit". On balance BUY.'


def test_words_of_the_question_are_no_news():
    question = 'News, quoted as data:\n[{"title": "Annual meeting"}]\nIs there a lawsuit, a recall or a downgrade?'

    assert vote(question)["decision"] == "ABSTAIN"


def test_without_a_schema_the_answer_is_prose_that_ends_in_json():
    text = Numbers().reply(asked(PRICE, '{"rsi_14": 20}'), tool_rounds=1).text

    prose, _, json = text.partition("\n\n")
    assert prose.startswith("For a rise")
    assert orjson.loads(json)["decision"] == "STRONG_BUY"


def test_tools_are_asked_for_first_two_at_a_time_each_once():
    tools = tuple(a_tool(name) for name in ("one", "two", "three"))
    first = Numbers().reply(asked(PRICE, tools=tools), tool_rounds=2)
    second = Numbers().reply(asked(PRICE, tools=tools, used=("one", "two"), rounds=1), tool_rounds=2)
    third = Numbers().reply(asked(PRICE, tools=tools, used=("one", "two", "three"), rounds=2), tool_rounds=2)

    assert [[call.name for call in reply.calls] for reply in (first, second, third)] == [["one", "two"], ["three"], []]
    assert (first.stop, third.stop) == ("tool_use", "end")
    assert first.text
    assert first.thinking


def test_without_tool_rounds_no_tool_is_asked_for():
    assert not Numbers().reply(asked(PRICE, tools=(a_tool(),)), tool_rounds=0).calls


def test_a_tool_is_asked_about_the_symbol_of_the_conversation():
    tool = a_tool(symbol={"type": "string"}, count={"type": "integer", "minimum": 2})

    (call,) = Numbers().reply(asked(PRICE, tools=(tool,)), tool_rounds=1).calls

    assert call.arguments == {"symbol": "MSFT", "count": 2}
