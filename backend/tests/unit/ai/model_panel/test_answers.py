import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.model_panel.answers import MAX_FINDINGS, MAX_REASONING, NewsForm, UnreadableError, VoteForm
from app.domain.market import AnalysisContext
from app.domain.votes import ABSTAIN, BUY, DECISIONS, HOLD, SELL, STRONG_BUY, STRONG_SELL, is_usable
from tests.builders import bars, context

PRICE = 102.0
VOTE = {
    "decision": "BUY",
    "confidence": 0.7,
    "reasoning": "ADX is 31.",
    "risk": 0.2,
    "position_size": 0.05,
    "stop_loss": 95.0,
    "take_profit": 120.0,
}
NEWS = {"sentiment": 0.6, "relevance": 0.5, "event": "earnings", "reasoning": "Estimates were beaten."}

NUMBERS = st.one_of(st.floats(), st.integers(-3, 200), st.sampled_from(["0.5", "80%", "nan", "", "1e999", "٠.٥"]))
VALUES = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8), st.lists(st.integers(), max_size=2))
JSON = st.recursive(VALUES, lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5)


def read(fields, form=None, at=None):
    text = fields if isinstance(fields, str) else orjson.dumps(fields).decode()
    return (form or VoteForm()).read(text, at or context())


def findings(fields, form=None):
    with pytest.raises(UnreadableError) as caught:
        read(fields, form)
    return caught.value.findings


def vote(**others):
    return {**VOTE, **others}


def test_a_vote_is_read_with_every_field():
    opinion = read(VOTE)
    assert (opinion.decision, opinion.confidence, opinion.reasoning) == (BUY, 0.7, "ADX is 31.")
    assert (opinion.risk, opinion.position_size) == (0.2, 0.05)
    assert (opinion.stop_loss, opinion.take_profit) == (95.0, 120.0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("buy", BUY),
        (" Strong  Buy ", STRONG_BUY),
        ("strong-sell", STRONG_SELL),
        ("STRONG__BUY", STRONG_BUY),
        ("StrongBuy", STRONG_BUY),
        ("strongSell", STRONG_SELL),
        ("Long", BUY),
        ("overweight", BUY),
        ("OUTPERFORM", BUY),
        ("short", SELL),
        ("under-perform", None),
        ("Underperform", SELL),
        ("reduce", SELL),
        ("neutral", HOLD),
        ("wait", HOLD),
        ("no opinion", ABSTAIN),
        ("abstain", ABSTAIN),
        ("perhaps", None),
        ("", None),
    ],
)
def test_a_decision_is_read_in_any_spelling_that_has_one_meaning(said, meant):
    fields = vote(decision=said, stop_loss=None, take_profit=None)
    if meant is None:
        assert findings(fields)[0].startswith("decision: ")
    else:
        assert read(fields).decision == meant


@pytest.mark.parametrize("name", ["confidence", "risk", "position_size"])
@pytest.mark.parametrize("value", [85, 1.0001, -0.1, "80%", "85", "NaN", "Infinity", True, False, [], {}, "", "high"])
def test_a_share_outside_0_to_1_or_no_number_at_all_is_refused_and_never_bent(name, value):
    assert [each.split(":")[0] for each in findings(vote(**{name: value}))] == [name]


@pytest.mark.parametrize("name", ["confidence", "risk", "position_size"])
@pytest.mark.parametrize(("value", "meant"), [("0.8", 0.8), (" 1 ", 1.0), (0, 0.0), (1, 1.0), ("5e-1", 0.5)])
def test_a_number_may_be_written_as_text(name, value, meant):
    number = getattr(read(vote(**{name: value})), name)
    assert (number, type(number)) == (meant, float)


@pytest.mark.parametrize("name", ["stop_loss", "take_profit"])
@pytest.mark.parametrize("value", [0, -5, 4e-10, "free", True, "inf"])
def test_a_price_must_be_a_positive_number_on_the_grid_of_the_record_too(name, value):
    assert [each.split(":")[0] for each in findings(vote(**{name: value}))] == [name]


@pytest.mark.parametrize("name", ["risk", "position_size", "stop_loss", "take_profit"])
def test_what_is_null_is_left_open(name):
    assert getattr(read(vote(**{name: None})), name) is None


@pytest.mark.parametrize("name", list(VOTE))
def test_a_missing_field_is_named(name):
    fields = vote()
    del fields[name]
    assert findings(fields) == [f"{name}: Field required"]


def test_fields_that_nobody_asked_for_are_passed_over():
    assert read({"thoughts": ["long"], **VOTE, "source": "rules", "weight": 1_000}) == read(VOTE)


def test_an_abstention_needs_no_confidence_and_has_none():
    for confidence in (None, 0.4):
        opinion = read(vote(decision=ABSTAIN, confidence=confidence))
        assert (opinion.decision, opinion.confidence) == (ABSTAIN, None)


@pytest.mark.parametrize("decision", sorted(DECISIONS - {ABSTAIN}))
def test_every_other_vote_needs_one(decision):
    (finding,) = findings(vote(decision=decision, confidence=None))
    assert "confidence must be a number from 0 to 1 unless you abstain" in finding


@pytest.mark.parametrize(
    "around", ["{}", "Here it is:\n```json\n{}\n```\nGood luck!", "  {}\n", "[{}]", "<answer>{}</answer>"]
)
def test_words_around_the_object_are_passed_over(around):
    assert read(around.replace("{}", orjson.dumps(VOTE).decode())) == read(VOTE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BUY",
        "{",
        "}{",
        "}",
        "null",
        "[]",
        '"{"',
        '{"decision": NaN}',
        "{'decision': 'BUY'}",
        "\ud800{\ud800}",
        '{"a":' * 2_000 + "1" + "}" * 2_000,
        orjson.dumps([VOTE, VOTE]).decode(),
        orjson.dumps(VOTE).decode() + " or " + orjson.dumps(VOTE).decode(),
        orjson.dumps(VOTE).decode()[:-2],
    ],
)
def test_what_is_not_one_object_is_told_so(text):
    assert findings(text) == ["the answer must be one JSON object with the named fields and nothing else"]


def test_an_object_inside_another_is_not_the_answer():
    assert len(findings({"vote": VOTE})) == MAX_FINDINGS


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"decision": "BUY", "stop_loss": PRICE + 1}, "stop_loss must lie below the current price"),
        ({"decision": "STRONG_BUY", "stop_loss": PRICE}, "stop_loss must lie below the current price"),
        ({"decision": "BUY", "take_profit": PRICE - 1}, "take_profit must lie above the current price"),
        ({"decision": "SELL", "stop_loss": PRICE - 1}, "stop_loss must lie above the current price"),
        ({"decision": "STRONG_SELL", "take_profit": PRICE}, "take_profit must lie below the current price"),
    ],
)
def test_a_stop_or_a_target_on_the_wrong_side_is_told_which_side_is_right(fields, finding):
    assert findings({**vote(stop_loss=None, take_profit=None), **fields}) == [finding]


@pytest.mark.parametrize("decision", [HOLD, ABSTAIN])
def test_without_a_direction_no_side_is_wrong(decision):
    assert read(vote(decision=decision, stop_loss=PRICE + 5, take_profit=PRICE - 5)).decision == decision


def test_the_callers_quote_decides_which_side_is_wrong():
    assert read(vote(stop_loss=110.0), at=context(current_price=115.0)).stop_loss == 110.0


def test_where_no_price_is_known_no_side_is_wrong():
    some = bars([100.0])
    priceless = AnalysisContext("AAPL", some.between(0, 0), context().as_of)
    assert read(vote(stop_loss=500.0), at=priceless).stop_loss == 500.0


def test_reasoning_is_put_on_one_line_without_hidden_characters_and_cut():
    assert read(vote(reasoning="  up\n\tand\u202e up\u200b\x1b ")).reasoning == "up and up"
    assert len(read(vote(reasoning="x" * 9_000)).reasoning) == MAX_REASONING


@pytest.mark.parametrize("reasoning", ["", "  \n", "\u200b\u2060", None, 7, ["up"]])
def test_a_vote_without_a_reason_is_refused(reasoning):
    assert [each.split(":")[0] for each in findings(vote(reasoning=reasoning))] == ["reasoning"]


def test_no_finding_repeats_what_was_said():
    told = findings(
        {
            "decision": "SECRET-1",
            "confidence": "SECRET-2",
            "reasoning": 31_337,
            "risk": 31_337,
            "position_size": {"SECRET-3": "SECRET-4"},
            "stop_loss": ["SECRET-5"],
            "take_profit": -31_337,
            "SECRET-6": "SECRET-7",
        }
    )
    assert len(told) == MAX_FINDINGS
    assert not [each for each in told if "SECRET" in each or "31337" in each]


def test_the_error_itself_says_nothing_of_the_answer():
    with pytest.raises(UnreadableError) as caught:
        read(vote(decision="SECRET"))
    assert "SECRET" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("form", [VoteForm(), NewsForm()])
def test_a_schema_asks_for_every_field_and_sets_no_limits(form):
    assert form.schema["required"] == list(form.schema["properties"])
    assert form.schema["additionalProperties"] is False
    allowed = {"type", "enum"}
    assert all(set(each) <= allowed for each in form.schema["properties"].values())
    assert set(form.schema["properties"]) == set(VOTE if isinstance(form, VoteForm) else NEWS)


# The news


def test_the_news_becomes_a_vote_by_the_published_rule():
    opinion = read(NEWS, NewsForm())
    assert (opinion.decision, opinion.confidence, opinion.position_size) == (STRONG_BUY, 0.45, 0.05)
    assert opinion.reasoning == "Estimates were beaten. (tone +0.60, relevance 0.50, earnings)"
    assert (opinion.stop_loss, opinion.take_profit) == (None, None)


def test_the_kind_of_an_event_is_read_in_any_spelling():
    assert read({**NEWS, "event": " Earnings "}, NewsForm()) == read(NEWS, NewsForm())


def test_news_that_does_not_concern_the_asset_has_no_confidence():
    assert read({**NEWS, "relevance": 0}, NewsForm()).confidence == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sentiment", 1.5),
        ("sentiment", -2),
        ("relevance", -0.1),
        ("relevance", True),
        ("event", "party"),
        ("event", None),
    ],
)
def test_a_reading_of_the_news_out_of_range_is_refused(name, value):
    assert [each.split(":")[0] for each in findings({**NEWS, name: value}, NewsForm())] == [name]


def test_the_news_cannot_place_a_trade():
    steered = {**NEWS, "decision": "STRONG_BUY", "confidence": 1, "position_size": 1, "stop_loss": 1, "sentiment": 0}
    opinion = read(steered, NewsForm())
    assert (opinion.decision, opinion.position_size, opinion.stop_loss) == (HOLD, 0.0, None)


# Whatever a model may say


def is_read_or_refused(text, form, at):
    try:
        return is_usable(form.read(text, at))
    except UnreadableError as error:
        return 0 < len(error.findings) <= MAX_FINDINGS


@given(st.text())
def test_any_text_gives_a_usable_opinion_or_is_refused(text):
    for form in (VoteForm(), NewsForm()):
        assert is_read_or_refused(text, form, context())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "decision": st.one_of(st.sampled_from([*DECISIONS, "long", "strong buy"]), VALUES),
            "reasoning": st.one_of(st.just("up"), VALUES),
            **{name: st.one_of(st.none(), st.floats(0, 1), VALUES) for name in ("confidence", "risk", "position_size")},
            **{name: st.one_of(st.none(), st.floats(1, 200), VALUES) for name in ("stop_loss", "take_profit")},
            "extra": JSON,
        },
    ),
    st.booleans(),
)
def test_any_object_gives_a_usable_opinion_or_is_refused(fields, has_price):
    at = context() if has_price else AnalysisContext("AAPL", context().bars.between(0, 0), context().as_of)
    assert is_read_or_refused(json.dumps(fields), VoteForm(), at)


@given(
    st.fixed_dictionaries(
        {
            "sentiment": st.one_of(st.floats(-1, 1), VALUES),
            "relevance": st.one_of(st.floats(0, 1), VALUES),
            "event": st.one_of(st.just("macro"), VALUES),
            "reasoning": st.one_of(st.just("calm"), VALUES),
        }
    )
)
def test_any_reading_of_the_news_gives_a_usable_opinion_or_is_refused(fields):
    assert is_read_or_refused(json.dumps(fields), NewsForm(), context())
