from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from app.ai.tools.news_lexicon import MAX_CHARACTERS, score
from app.ai.tools.score_news import ScoreNews
from app.domain.market import NewsItem
from app.domain.times import from_micros
from tests.unit.ai.asking import at
from tests.unit.analysis.real_bars import window

END = from_micros(window().ends_at)
GOOD, BAD = "Quarterly profit surges and beats estimates", "Shares plunge after bankruptcy filing"


def news(*headlines):
    """Headlines as (title, age in days)."""
    return tuple(NewsItem(END - timedelta(days=age), "test", title) for title, age in headlines)


def scored(*headlines):
    return ScoreNews().run(at(window(), news=news(*headlines)))


@pytest.mark.parametrize(
    "title",
    [
        "Shares plunge after the outlook",
        "The chain files for bankruptcy",
        "Analyst downgrades the stock",
        "Bank downgrade hits the maker",
        "Quarterly revenue misses estimates",
        "The company issues a profit warning",
        "Earnings come in below expectations",
        "Regulator opens an investigation into fraud",
        "Maker tumbles as it announces layoffs",
    ],
)
def test_bad_news_in_the_words_of_the_market_sounds_bad(title):
    assert score(title, None) <= -0.2


@pytest.mark.parametrize(
    "title",
    [
        "Quarterly revenue beats estimates",
        "The stock surges to a record",
        "Analyst upgrades the stock",
        "Board approves a buyback and raises the dividend",
        "Earnings come in above expectations",
        "Shares rally on strong demand",
    ],
)
def test_good_news_in_the_words_of_the_market_sounds_good(title):
    assert score(title, None) >= 0.2


@pytest.mark.parametrize(
    "title", ["The company publishes its share count", "Annual meeting on Tuesday", "Guidance due next week", ""]
)
def test_plain_facts_have_no_mood(title):
    assert score(title, None) == 0


def test_a_profit_warning_is_worse_than_a_profit():
    assert score("Maker issues profit warning", None) < 0 < score("Maker reports a profit", None)


def test_the_text_counts_beside_the_title():
    assert score("Quarterly report", "Revenue beats every estimate") > score("Quarterly report", None)


def test_wide_letters_and_unseen_ones_are_read_as_the_plain_ones():
    assert score("Shares ｐｌｕｎｇｅ", None) == score("Shares plunge", None)
    assert score("Shares plu\u200bnge", None) == score("Shares plunge", None)


def test_what_lies_beyond_five_hundred_characters_is_not_read():
    assert score("a " * MAX_CHARACTERS + "bankruptcy", None) == 0


@given(st.text(max_size=1_200), st.none() | st.text(max_size=1_200))
def test_any_text_scores_between_minus_one_and_one(title, text):
    assert -1 <= score(title, text) <= 1


def test_a_headline_counts_half_after_three_days():
    told = scored((GOOD, 3.0), (BAD, 0.0))
    good, bad = (item["score"] for item in told["items"])
    assert told["mean"] == approx((good / 2 + bad) / 1.5, abs=1e-6)
    assert told["effective_items"] == approx(1.5)


def test_old_news_weighs_next_to_nothing_beside_new():
    assert scored((BAD, 60.0), (GOOD, 0.0))["mean"] == approx(scored((GOOD, 0.0))["mean"], abs=1e-3)


def test_the_items_tell_score_and_age_in_the_order_given():
    told = scored((BAD, 2.0), (GOOD, 0.5))
    assert [item["age_days"] for item in told["items"]] == [2.0, 0.5]
    assert told["items"][0]["score"] < 0 < told["items"][1]["score"]


def test_no_headlines_have_no_mood():
    assert scored() == {"items": [], "mean": 0.0, "effective_items": 0.0}


def test_news_of_decades_ago_leave_a_finite_answer():
    told = scored((GOOD, 20_000.0))
    assert -1 <= told["mean"] <= 1
    assert orjson.loads(orjson.dumps(told)) == told
