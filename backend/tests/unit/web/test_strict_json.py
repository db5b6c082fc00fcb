"""JSON as it may come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.labels import is_safe_label
from app.access.strict_json import MAX_DEPTH, MalformedJsonError, is_shallow, parse_strictly

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=60,
)


def depth_of(value):
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(depth_of, parts), default=0)


@given(VALUES)
def test_depth_is_counted_without_recursion_as_with(value):
    assert is_shallow(value) == (depth_of(value) <= MAX_DEPTH)


@pytest.mark.parametrize("levels", [MAX_DEPTH, MAX_DEPTH + 1])
def test_the_limit_is_32_levels(levels):
    raw = b"[" * levels + b"]" * levels
    if levels <= MAX_DEPTH:
        assert parse_strictly(raw) is not None
    else:
        with pytest.raises(MalformedJsonError):
            parse_strictly(raw)


@pytest.mark.parametrize("levels", [MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize("as_read", [bytes, bytes.decode])
def test_brackets_in_text_hide_no_level(levels, as_read):
    raw = as_read(
        b'["]",{"[{":' * (levels // 2) + b'["}"]' * (levels % 2) + b"0" * (1 - levels % 2) + b"}]" * (levels // 2)
    )

    if levels <= MAX_DEPTH:
        assert depth_of(parse_strictly(raw)) == levels
    else:
        with pytest.raises(MalformedJsonError):
            parse_strictly(raw)


@pytest.mark.parametrize("raw", [b"NaN", b"1e999", b'"\\ud800"', b'"\xff"', b"", b"{", "[" * 10_000, b"CANARY"])
def test_what_is_not_json_is_refused_without_repeating_it(raw):
    with pytest.raises(MalformedJsonError) as refusal:
        parse_strictly(raw)

    assert "CANARY" not in refusal.value.public


@pytest.mark.parametrize(
    ("text", "is_safe"), [("a", True), ("A-1_b.c", True), ("x" * 65, False), ("a\n", False), (7, False)]
)
def test_labels_are_short_and_plain(text, is_safe):
    assert is_safe_label(text) is is_safe
