from app.domain.errors import UnknownNameError, nameable


def test_an_unknown_name_is_quoted_to_its_sender_and_to_nobody_else():
    error = UnknownNameError("consensus method", "wieghted", ["majority", "weighted", "bft"])
    assert str(error) == "Unknown consensus method 'wieghted'. Choose majority, weighted or bft."
    assert error.public == "Unknown consensus method. Choose majority, weighted or bft."
    assert "wieghted" not in error.errors[0].message


def test_only_short_plain_names_are_quoted():
    assert nameable("quorum") == "'quorum'"
    assert nameable("x" * 41) == nameable("<b>") == nameable(7) == "(a name that cannot be shown)"
