from datetime import timedelta

from app.storage.event_rows import row_of
from app.storage.prepared import insert_rows
from app.storage.tables import events
from app.storage.vote_queries import OF_LINEAGES, PAST, lineage_votes, past_votes
from tests.contracts.decision_drafts import NOW, a_call, a_step, a_vote
from tests.contracts.model_drafts import a_model_vote


def happened(connection, *told):
    insert_rows(connection, events, (row_of(event._replace(seq=seq)) for seq, event in enumerate(told, 1)))


def test_only_votes_of_models_have_a_lineage(connection):
    happened(connection, a_vote(), a_call(), a_step(), a_model_vote("m"), a_model_vote("n", model=None))
    assert lineage_votes(connection, 10) == (("anthropic:m-1", "d1", "BUY"),)


def test_votes_of_decisions_that_are_not_stored_are_nobodys_past(connection):
    happened(connection, a_vote(), a_model_vote())
    assert past_votes(connection, "AAPL", NOW + timedelta(days=999), 10) == ()


def plan(connection, query, **values):
    compiled = query.compile(dialect=connection.dialect)
    given = tuple(values.get(name, compiled.params[name]) for name in compiled.positiontup)
    return " ".join(row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given))


def test_earlier_votes_on_a_symbol_are_found_without_reading_every_event(connection):
    told = plan(connection, PAST, symbol="AAPL", before=1, most=20)
    assert "ix_decisions_symbol_as_of_sequence" in told
    assert "ix_events_votes" in told
    assert "SCAN events" not in told


def test_votes_of_models_are_found_without_reading_every_event(connection):
    assert "ix_events_votes_of_models" in plan(connection, OF_LINEAGES, limit=5_000)
