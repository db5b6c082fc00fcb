"""What tests of several vendors' clients share."""

import pytest

from app.testing.fake_models.server import FakeModels


@pytest.fixture
async def fakes():
    """The stand-ins for the model vendors, running."""
    async with FakeModels() as running:
        yield running
