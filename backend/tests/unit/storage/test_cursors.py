import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInputError
from app.storage.cursors import read_cursor, write_cursor


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.text())
def test_a_cursor_is_read_as_it_was_written(created_at, decision_id):
    assert read_cursor(write_cursor((created_at, decision_id))) == (created_at, decision_id)


@given(st.text())
def test_any_other_text_is_refused_or_a_place(text):
    try:
        created_at, decision_id = read_cursor(text)
    except InvalidInputError as error:
        assert error.errors[0].loc == "cursor"
    else:
        assert (type(created_at), type(decision_id)) == (int, str)


def test_the_refusal_does_not_repeat_the_cursor():
    with pytest.raises(InvalidInputError) as refusal:
        read_cursor("secret-text")

    assert "secret" not in str(refusal.value)
