import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInputError
from app.storage.server_address import ServerAddress


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://desk:secret@db.example:5432/conclave", "postgresql://db.example:5432/conclave"),
        ("postgres://db.example/conclave?sslmode=require&password=secret", "postgresql://db.example/conclave"),
        ("postgresql+asyncpg://desk:secret@127.0.0.1/desk-1", "postgresql://127.0.0.1/desk-1"),
        ("postgresql://desk:secret@[::1]:5433/x", "postgresql://[::1]:5433/x"),
        ("postgresql://desk:secret@one:5432,two:5432/x?target_session_attrs=any", "postgresql://one:5432,two:5432/x"),
        ("postgresql:///conclave?host=/run/postgresql", "postgresql:///conclave"),
        (" postgresql://desk@host \n", "postgresql://host"),
        ("postgresql://desk:se@cret@host/x", "postgresql://host/x"),
        ("postgresql://desk:se/cret@host/x", "the database of POSTGRES_URL"),
        ("postgresql://desk:5432/cret@host/x", "the database of POSTGRES_URL"),
    ],
)
def test_host_port_and_database_are_shown_and_nothing_else(url, shown):
    assert ServerAddress.parse(url).shown == shown


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), min_size=5))
def test_no_spelling_of_a_password_shows_it(password):
    secret = f"canary{password}canary"
    try:
        address = ServerAddress.parse(f"postgresql://desk:{secret}@host:5432/x")
    except InvalidInputError as error:
        assert "canary" not in str(error)
    else:
        assert "canary" not in f"{address!r}{address.shown}"


def test_the_driver_gets_the_plain_url_with_all_that_was_said():
    url = "postgresql+asyncpg://desk:secret@host:5432/x?sslmode=require"
    assert ServerAddress.parse(url).url == "postgresql://desk:secret@host:5432/x?sslmode=require"


@pytest.mark.parametrize(("url", "name"), [("", "conclave"), ("?application_name=desk-3", "desk-3")])
def test_connections_are_named_as_asked_or_conclave(url, name):
    assert ServerAddress.parse(f"postgresql://host/x{url}").application == name


@pytest.mark.parametrize("url", ["", "host", "sqlite:///x.db", "mysql://u:canary@host/x", "postgresql://[canary/x"])
def test_anything_else_is_refused_and_not_repeated(url):
    with pytest.raises(InvalidInputError, match="POSTGRES_URL") as caught:
        ServerAddress.parse(url)
    assert "canary" not in str(caught.value)
    assert [each.loc for each in caught.value.errors] == ["POSTGRES_URL"]
