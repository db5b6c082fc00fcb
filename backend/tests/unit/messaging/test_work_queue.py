import pytest

from app.ports.queues import WorkQueue


@pytest.mark.parametrize("name", ["", "two words", "a/b", "a" * 201, "ä", "work\n"])
def test_a_queue_needs_a_plain_name(name):
    with pytest.raises(ValueError, match="letters, digits"):
        WorkQueue(name)


@pytest.mark.parametrize("setting", ["returns", "prefetch", "max_length"])
def test_numbers_of_a_queue_are_one_or_more(setting):
    with pytest.raises(ValueError, match="1 or more"):
        WorkQueue("work", **{setting: 0})
