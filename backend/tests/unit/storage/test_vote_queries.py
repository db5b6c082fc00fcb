from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from app.storage.event_rows import row_of
from app.storage.prepared import insert_rows
from app.storage.tables import events, metadata
from app.storage.vote_queries import lineage_votes, past_votes
from tests.contracts.decision_drafts import NOW, a_call, a_step, a_vote
from tests.contracts.model_drafts import a_model_vote


@pytest.fixture
def connection():
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def happened(connection, *told):
    insert_rows(connection, events, (row_of(event._replace(seq=seq)) for seq, event in enumerate(told, 1)))


def test_only_votes_of_models_have_a_lineage(connection):
    happened(connection, a_vote(), a_call(), a_step(), a_model_vote("m"), a_model_vote("n", model=None))
    assert lineage_votes(connection, 10) == (("anthropic:m-1", "d1", "BUY"),)


def test_votes_of_decisions_that_are_not_stored_are_nobodys_past(connection):
    happened(connection, a_vote(), a_model_vote())
    assert past_votes(connection, "AAPL", NOW + timedelta(days=999), 10) == ()


def plan(connection, query):
    return " ".join(row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))


def test_earlier_votes_on_a_symbol_are_found_without_reading_every_event(connection):
    query = "SELECT word FROM events WHERE symbol = 'AAPL' AND word IS NOT NULL ORDER BY seq DESC LIMIT 100"
    assert "ix_events_votes_on_symbol" in plan(connection, query)


@pytest.mark.xfail(strict=True, reason="the index is by lineage first, which an order by number alone cannot use")
def test_votes_of_models_are_found_without_reading_every_event(connection):
    query = "SELECT lineage, decision_id, word FROM events WHERE lineage IS NOT NULL ORDER BY seq DESC LIMIT 5000"
    assert "USING" in plan(connection, query)
