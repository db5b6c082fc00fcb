import pytest

from app.testing.fake_models.readings import readings, symbol


def found(*texts):
    return {name: reading.value for name, reading in readings(texts).items()}


@pytest.mark.parametrize(
    "text",
    [
        '{"rsi_14": 63.2}',
        '{"values":{"rsi_14":63.2,"sma":1}}',
        "rsi_14=63.2",
        "RSI(14) is 63.2.",
        "RSI 14: 63.2",
        "the rsi stands at 63.2, which is",
        "rsi-14 ≈ 63.2",
        "rsi_14: '63.2'",
    ],
)
def test_a_number_is_found_however_its_name_is_written(text):
    assert found(text) == {"rsi_14": 63.2}


def test_the_last_mention_counts():
    assert found("rsi is 20", '{"rsi_14": 70}') == {"rsi_14": 70.0}


def test_the_current_price_counts_before_any_other():
    assert found('{"current_price": 101.5}', '{"close": 99}')["price"] == 101.5
    assert found('{"close": 99}')["price"] == 99.0


def test_thousands_are_read_and_quoted_as_they_were_written():
    price = readings(["The price is $43,250.50 now."])["price"]

    assert (price.value, str(price)) == (43_250.5, "price 43,250.50")


def test_a_number_of_many_decimals_is_quoted_with_four():
    assert str(readings(['{"rsi_14": 24.331269874279844}'])["rsi_14"]) == "rsi_14 24.3313"


def test_a_return_in_percent_is_a_fraction():
    assert found("return_20d: -4.5%") == {"return": -0.045}


def test_the_return_of_a_month_is_found_among_those_of_other_spans():
    assert found('{"return_over_bars": {"1": 0.01, "5": 0.02, "21": -0.07, "126": 0.3}}') == {"return_21": -0.07}


@pytest.mark.parametrize("text", ["rsi_14 is high", '{"rsi_14": null}', "version 63.2", "xrsi_14: 63.2", ""])
def test_what_is_no_number_under_a_known_name_is_overlooked(text):
    assert found(text) == {}


@pytest.mark.parametrize("text", ['{"symbol":"BRK.B"}', "symbol: BRK.B", "the ticker is BRK.B", "Symbol BRK.B"])
def test_the_symbol_is_found(text):
    assert symbol(["Hello.", text]) == "BRK.B"


def test_where_no_symbol_is_named_there_is_none():
    assert symbol(["a symbol of hope"]) is None
