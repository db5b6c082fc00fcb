"""What tests of statements share."""

import pytest
from sqlalchemy import create_engine

from app.storage.tables import metadata


@pytest.fixture
def connection():
    """A connection to an empty database in memory that has its tables."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
