"""What makes two requests the same."""

from app.web.idempotency import fingerprint


def test_spelling_does_not_matter_but_route_and_values_do():
    one = fingerprint("/a", {"x": 1, "y": [0.5, "é"]})

    assert fingerprint("/a", {"y": [5e-1, "é"], "x": 1.0}) == one
    assert fingerprint("/b", {"x": 1, "y": [0.5, "é"]}) != one
    assert fingerprint("/a", {"x": 2, "y": [0.5, "é"]}) != one
    assert fingerprint("/a", {"x": True, "y": [0.5, "é"]}) != one


def test_integers_beyond_exactness_count_as_the_doubles_they_are():
    assert fingerprint("/a", [2**63]) == fingerprint("/a", [float(2**63)])
