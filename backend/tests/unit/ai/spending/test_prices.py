import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import genai_prices
import pytest
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from app.ai.spending.prices import price_of, ready
from app.domain.completions import Usage

MODELS = [(each.id, model.id) for each in providers if each.id in ("anthropic", "perplexity") for model in each.models]
WITHOUT_OUTPUT = {("perplexity", model) for _, model in MODELS if model.startswith(("pplx-embed", "pplx-decider"))}
BACKEND = Path(__file__).parents[4]
# Rates change beyond 100 000 and 200 000 tokens.
tokens = st.integers(0, 400_000) | st.sampled_from([99_999, 100_000, 100_001, 199_999, 200_000, 200_001])


@given(
    model=st.sampled_from(MODELS), fresh=tokens, read=tokens | st.just(0), written=tokens | st.just(0), output=tokens
)
def test_every_price_is_that_of_the_table(model, fresh, read, written, output):
    counted = genai_prices.Usage(
        input_tokens=fresh + read + written,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
    by_table = genai_prices.calc_price(counted, model[1], provider_id=model[0]).total_price

    price = price_of(*model, Usage(fresh + read + written, output, read, written))

    assert price == (None if model in WITHOUT_OUTPUT else by_table)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("count", [1, 100_000, 100_001, 200_000, 200_001])
def test_rates_change_where_the_table_says(model, count):
    by_table = genai_prices.calc_price(
        genai_prices.Usage(input_tokens=count, output_tokens=count), model[1], provider_id=model[0]
    )

    assert price_of(*model, Usage(count, count)) == (None if model in WITHOUT_OUTPUT else by_table.total_price)


def test_tokens_from_the_cache_are_cheaper_and_those_into_it_dearer():
    plain, read, written = (
        price_of("anthropic", "claude-sonnet-5-5", Usage(1_000, 0, **cached))
        for cached in ({}, {"cache_read_tokens": 1_000}, {"cache_write_tokens": 1_000})
    )

    assert read < plain < written


def test_a_search_costs_something_beside_its_tokens():
    assert price_of("perplexity", "sonar", Usage()) > Decimal(0)


@pytest.mark.parametrize(
    "model", [("anthropic", "abacus-1"), ("anthropic", ""), ("ollama", "llama3.1"), ("scripted", "script"), ("", "")]
)
def test_what_is_not_known_has_no_price_and_is_not_free(model):
    assert price_of(*model, Usage(1_000, 1_000)) is None


def test_counts_that_do_not_fit_together_are_charged_in_full():
    assert price_of("anthropic", "claude-opus-5", Usage(0, 0, 100, 100)) == price_of(
        "anthropic", "claude-opus-5", Usage(200, 0, 100, 100)
    )
    assert price_of("anthropic", "claude-sonnet-4-5", Usage(0, 0, 100, 100)) > 0


async def test_the_table_can_be_read_beforehand():
    await ready()

    assert "genai_prices.data" in sys.modules


def test_nothing_heavy_is_imported_before_it_is_needed():
    heavy = "{'genai_prices', 'aiolimiter', 'anthropic', 'ollama'}"
    code = f"import sys, app.ai.guarding; print({heavy} & set(sys.modules))"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=BACKEND, text=True)

    assert told.stdout == "set()\n"
