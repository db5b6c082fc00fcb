from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.times import from_micros, micros_column, parse_as_of, parse_time, to_micros

moments = st.datetimes(datetime(1900, 1, 1), datetime(2250, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_a_date_alone_is_its_midnight_for_a_bar():
    assert parse_time("2024-01-02") == datetime(2024, 1, 2, tzinfo=UTC)


def test_a_date_alone_means_the_end_of_that_day_for_as_of():
    assert parse_as_of("2024-01-02") == datetime(2024, 1, 3, tzinfo=UTC)


def test_a_time_without_an_offset_is_utc():
    assert parse_as_of("2024-01-02T10:00:00") == datetime(2024, 1, 2, 10, tzinfo=UTC)


def test_an_offset_is_converted():
    assert parse_time("2024-01-02T10:00:00+02:00") == datetime(2024, 1, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "", "2024-13-01", "9999-12-31"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError):
        parse_as_of(text)


@given(moments)
def test_microseconds_and_instants_convert_without_loss(moment):
    assert from_micros(to_micros(moment)) == moment


@given(st.lists(moments, max_size=20))
def test_a_column_of_instants_equals_one_by_one(instants):
    assert micros_column(instants).tolist() == [to_micros(each) for each in instants]


def test_a_column_reads_naive_times_as_utc_and_converts_offsets():
    naive = datetime(2024, 1, 2)  # noqa: DTZ001
    eastern = datetime(2024, 1, 1, 19, tzinfo=timezone(timedelta(hours=-5)))
    assert np.unique(micros_column([naive, eastern])).tolist() == [to_micros(naive)]


@given(
    st.lists(moments, max_size=20), st.sampled_from(["seconds", "microseconds"]), st.sampled_from(["", "Z", "+00:00"])
)
def test_a_column_of_texts_equals_one_by_one(instants, precision, offset):
    texts = [moment.replace(tzinfo=None).isoformat(timespec=precision) + offset for moment in instants]
    assert micros_column(texts).tolist() == [to_micros(parse_time(text)) for text in texts]


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "2024-01-01T25:00:00Z", "2024-01-01T23:59:60Z", "now", "NaT", "", "0001-01-01T00:00:00+10:00"],
)
def test_a_column_with_a_text_that_is_no_time_is_refused(text):
    with pytest.raises(ValueError):
        micros_column(["2024-01-01", text])
    with pytest.raises(ValueError):
        micros_column([text])
