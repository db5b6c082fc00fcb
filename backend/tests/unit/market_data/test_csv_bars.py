"""What the CSV reader takes, and how it tells what it does not."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import InvalidMarketDataError
from app.domain.market import MAX_BARS, Bars
from app.domain.times import from_micros, parse_as_of
from app.market_data.sources.csv_bars import read_bars, read_table

HEADER = "date,open,high,low,close,volume"
FIRST = "2024-01-02,10,12,9,11,500"
SECOND = "2024-01-03,11,13,10,12,600"
THIRD = "2024-01-04,12,14,11,13,700"


def lines(*texts: str, end: str = "\n") -> list[str]:
    return [text + end for text in texts]


def starts(bars: Bars) -> list[datetime]:
    return [from_micros(int(each)) for each in bars.times]


def refusal(*texts: str) -> str:
    with pytest.raises(InvalidMarketDataError) as caught:
        read_bars(lines(*texts))
    return str(caught.value)


def test_a_plain_file_is_read():
    bars = read_bars(lines(HEADER, FIRST, SECOND, THIRD))

    assert starts(bars) == [datetime(2024, 1, day, tzinfo=UTC) for day in (2, 3, 4)]
    assert [column.tolist() for column in bars.columns()[1:]] == [
        [10, 11, 12],
        [12, 13, 14],
        [9, 10, 11],
        [11, 12, 13],
        [500, 600, 700],
    ]
    assert bars.interval.text == "1d"


@pytest.mark.parametrize(
    "header",
    [
        "Date,Open,High,Low,Close,Volume",
        "DATETIME , OPEN , HIGH , LOW , CLOSE , VOL",
        "timestamp,1. open,2. high,3. low,4. close,5. volume",
        "time,o,h,l,c,v",
        '\ufeff"Date","Open","High","Low","Close","Volume"',
        "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        ",open,high,low,close,volume",
        "Date,Open,High,Low,Close/Last,Volume",
    ],
)
def test_the_usual_names_of_columns_are_recognised(header):
    bars = read_bars(lines(header, FIRST, SECOND))

    assert (bars.close.tolist(), bars.volume.tolist()) == ([11, 12], [500, 600])


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_recognised(delimiter):
    texts = (text.replace(",", delimiter) for text in (HEADER, FIRST, SECOND))

    assert read_bars(lines(*texts)).open.tolist() == [10, 11]


def test_columns_may_come_in_any_order_with_others_between():
    texts = ("symbol,volume,close,low,high,open,date", "X,500,11,9,12,10,2024-01-02", "X,600,12,10,13,11,2024-01-03")

    assert read_bars(lines(*texts)).high.tolist() == [12, 13]


def test_the_close_is_preferred_to_the_adjusted_close():
    texts = ("date,open,high,low,adj close,close", "2024-01-02,10,12,9,5,11", "2024-01-03,11,13,10,6,12")

    assert read_bars(lines(*texts)).close.tolist() == [11, 12]


def test_an_adjusted_close_alone_is_the_close():
    texts = ("date,open,high,low,Adj Close", "2024-01-02,10,12,9,11", "2024-01-03,11,13,10,12")

    assert read_bars(lines(*texts)).close.tolist() == [11, 12]


def test_windows_line_ends_blank_lines_and_trailing_delimiters_change_nothing():
    bars = read_bars(lines("", HEADER, "", FIRST + ",", "   ", ",,,,,", SECOND, "", end="\r\n"))

    assert bars.open.tolist() == [10, 11]


def test_a_date_and_a_time_of_day_are_put_together():
    texts = ("date,time,open,high,low,close", "2024.01.02, 09:30,10,12,9,11", "2024.01.02, 09:31,11,13,10,12")
    bars = read_bars(lines(*texts))

    assert starts(bars)[0] == datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
    assert bars.interval.text == "1m"


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-02",
        "20240102",
        "2024/01/02",
        "2024-01-02 00:00:00",
        "2024-01-02T00:00:00Z",
        "2024-01-01T19:00:00-05:00",
        "2024/01/02 00:00",
        "1704153600",
        "1704153600000",
        " 2024-01-02 ",
    ],
)
def test_times_are_read_in_every_form_that_has_one_meaning(cell):
    bars = read_bars(lines(HEADER, f"{cell},10,12,9,11,500"), "1d")

    assert starts(bars) == [datetime(2024, 1, 2, tzinfo=UTC)]


@pytest.mark.parametrize("cell", ["01/02/2024", "2 Jan 2024", "17041536", "yesterday", "", "99999999999999"])
def test_a_time_that_would_have_to_be_guessed_is_refused(cell):
    assert refusal(HEADER, FIRST, f"{cell},11,13,10,12,600").startswith("line 3: its time cannot be read")


def test_an_empty_volume_is_unknown_and_never_zero():
    bars = read_bars(lines(HEADER, "2024-01-02,10,12,9,11,", "2024-01-03,11,13,10,12, "))

    assert [str(each) for each in bars.volume] == ["nan", "nan"]
    assert not bars.has_volume


def test_a_file_without_volume_is_fine():
    texts = ("date,open,high,low,close", "2024-01-02,10,12,9,11", "2024-01-03,11,13,10,12")

    assert not read_bars(lines(*texts)).has_volume


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2024-01-03,11,9,10,12,600", "high is below low"),
        ("2024-01-03,11,13,10,14,600", "open or close is above high"),
        ("2024-01-03,9,13,10,12,600", "open or close is below low"),
        ("2024-01-03,0,13,0,12,600", "a price is not above 0"),
        ("2024-01-03,nan,13,10,12,600", "a price is not a finite number"),
        ("2024-01-03,inf,13,10,12,600", "a price is not a finite number"),
        ("2024-01-03,11,13,10,,600", "close is not a plain number such as 187.25"),
        ('2024-01-03,11,"1,300",10,12,600', "high is not a plain number such as 187.25"),
        ("2024-01-03,1_1,13,10,12,600", "open is not a plain number such as 187.25"),
        ("2024-01-03,11,13,10,12,-5", "the volume is negative"),
        ("2024-01-03,11,13,10,12,many", "volume is not a plain number such as 81500"),
        ("2024-01-02,11,13,10,12,600", "its time is the same as that of the bar before; send each time once"),
        ("2024-01-01,11,13,10,12,600", "its time is before that of the bar before; send the oldest bar first"),
        ("2024-01-03,11,13", "it has 3 fields where the first line names 6"),
        ("2024-01-03,11,13,10,12,600,7", "it has 7 fields where the first line names 6"),
    ],
)
def test_a_bad_bar_is_told_by_its_line_and_the_reason(row, why):
    assert refusal(HEADER, FIRST, "", row) == f"line 4: {why}."


def test_an_error_in_a_file_never_repeats_what_the_file_says():
    assert "secret" not in refusal(HEADER, "2024-01-02,secret,12,9,11,500")


@pytest.mark.parametrize("content", [(), ("",), ("", "  ")])
def test_an_empty_file_is_told(content):
    assert refusal(*content).startswith("The file is empty")


def test_a_header_alone_is_told():
    assert refusal(HEADER) == "The file names its columns but holds no bars."


def test_a_missing_column_is_named():
    assert refusal("date,open,low,close", FIRST).startswith("line 1: no column for high;")


def test_a_file_without_a_header_is_told():
    assert "no column for time, open, high, low, close" in refusal(FIRST, SECOND)


def test_two_columns_of_one_name_are_refused():
    assert (
        refusal("date,open,high,low,close,Close", FIRST) == "line 1: two columns are called close; keep one for close."
    )


def test_one_bar_alone_needs_an_interval():
    assert "interval cannot be inferred" in refusal(HEADER, FIRST)
    assert read_bars(lines(HEADER, FIRST), "1d").interval.text == "1d"


def test_what_is_no_text_at_all_is_refused():
    assert "no column for" in refusal("\x00\x01\x02", "\x00")


def minutes(count: int) -> list[str]:
    began = datetime(2024, 1, 2, tzinfo=UTC)
    rows = (f"{(began + timedelta(minutes=each)).isoformat()},10,12,9,11,{each}" for each in range(count))
    return lines(HEADER, *rows)


def test_of_a_long_file_the_last_ten_thousand_bars_are_taken():
    table = read_table(minutes(MAX_BARS + 5))

    assert len(table) == MAX_BARS + 5
    assert table.bars().volume.tolist() == [float(each) for each in range(5, MAX_BARS + 5)]


def test_of_a_long_file_bars_beyond_as_of_are_not_taken():
    as_of = datetime(2024, 1, 2, 0, 30, tzinfo=UTC)

    assert read_bars(minutes(MAX_BARS + 5), as_of=as_of).volume.tolist() == [float(each) for each in range(30)]


def test_a_bad_line_of_a_long_file_keeps_its_number():
    texts = minutes(MAX_BARS + 5)
    texts[-1] = texts[-1].replace(",12,9,", ",8,9,")

    with pytest.raises(InvalidMarketDataError, match=rf"^line {MAX_BARS + 6}: high is below low"):
        read_bars(texts)


def test_a_quoted_line_break_does_not_shift_the_line_numbers():
    texts = ("date,open,high,low,close,note", '2024-01-02,10,12,9,11,"two', 'lines"', "2024-01-03,11,9,10,12,")

    assert refusal(*texts) == "line 4: high is below low."


def test_a_date_alone_as_of_means_the_end_of_that_day():
    bars = read_bars(lines(HEADER, FIRST, SECOND, THIRD)).until(parse_as_of("2024-01-03"))

    assert json.dumps(bars.open.tolist()) == "[10.0, 11.0]"
