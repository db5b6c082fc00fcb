import asyncio
from dataclasses import replace

import pytest

from app.analysis.lineages import ASSUMED_CORRELATION, Correlation
from app.consensus.config import ConsensusConfig
from app.events.lineage_memory import REMEMBERED_VOTES, LineageMemory
from app.storage.embedded_database import EmbeddedDatabase
from app.storage.repositories.decisions import SqlDecisionStore
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.contracts.decision_drafts import a_draft, a_vote

CONFIG = ConsensusConfig.of({"method": "weighted"})


def vote(agent, word="BUY", lineage="anthropic:m", model="m"):
    fields = {"agent_id": f"{agent}_AAPL", "decision": word, "lineage": lineage}
    return {**fields, "model": model} if model else fields


async def store_of(kind, path):
    store = InMemoryDecisionStore() if kind == "memory" else SqlDecisionStore(EmbeddedDatabase(path / "conclave.db"))
    await store.open()
    return store


async def keep(store, number, *votes):
    """Store a decision in which these votes were cast."""
    events = [
        replace_data(a_vote(each["agent_id"].removesuffix("_AAPL"), each["decision"], f"d{number}"), each)
        for each in votes
    ]
    await store.append(a_draft(f"d{number}", events=events))


def replace_data(event, vote):
    return event._replace(data={**event.data, **vote})


async def worth(memory, *votes):
    _, lineages = await memory.weigh(votes or (vote("a"), vote("b")), CONFIG)
    return [(each.lineage, each.n, each.r, each.decisions) for each in lineages]


async def test_a_panel_of_rules_is_counted_as_it_is_and_nothing_is_read():
    class Unread(InMemoryDecisionStore):
        async def lineage_votes(self, limit):
            raise AssertionError("the store was read")

    rules = [vote("a", lineage="rules:x", model=None), vote("b", lineage="rules:x", model=None)]
    assert await LineageMemory(Unread()).weigh(rules, CONFIG) == (CONFIG, ())


async def test_one_vote_of_a_model_is_counted_as_it_is():
    votes = [vote("a"), vote("b", lineage="rules:x", model=None)]
    assert await LineageMemory(InMemoryDecisionStore()).weigh(votes, CONFIG) == (CONFIG, ())


async def test_votes_that_share_a_model_are_weighed_in_the_configuration():
    votes = [vote(name) for name in "abcde"]
    config, (shared,) = await LineageMemory(InMemoryDecisionStore()).weigh(votes, CONFIG)
    assert config == replace(CONFIG, weights={f"{name}_AAPL": 294_118 for name in "abcde"})
    assert config.as_dict()["weights"]["a_AAPL"] == 0.294118
    assert (shared.n, shared.n_eff) == (5, pytest.approx(1.470588, abs=1e-6))


async def test_weights_of_the_caller_are_scaled():
    config = ConsensusConfig.of({"weights": {"a_AAPL": 2, "x_AAPL": 3}})
    weighed, _ = await LineageMemory(InMemoryDecisionStore()).weigh([vote("a"), vote("b")], config)
    assert weighed.as_dict()["weights"] == {"a_AAPL": 1.25, "b_AAPL": 0.625, "x_AAPL": 3.0}


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_how_alike_votes_were_is_known_again_after_a_restart(tmp_path, kind):
    store = await store_of(kind, tmp_path)
    first = LineageMemory(store)
    await worth(first)
    for number in range(60):
        word, other = (("BUY", "SELL")[number % 2], ("BUY", "SELL")[(number // 7) % 2])
        votes = [vote("a", word), vote("b", word), vote("c", other), vote("r", "BUY", "rules:r", None)]
        votes += [vote("o", "ABSTAIN", "ollama:s"), vote("p", "BUY", "ollama:s")]
        await keep(store, number, *votes)
        first.remember(votes)
    known = await worth(first)
    assert known[0][3] == 60
    assert known[0][2] != ASSUMED_CORRELATION

    if kind == "file":
        await store.close()
        store = await store_of(kind, tmp_path)
    assert await worth(LineageMemory(store)) == known
    await store.close()


async def test_a_decision_is_remembered_once_whether_read_or_told():
    store = InMemoryDecisionStore()
    memory = LineageMemory(store)
    votes = (vote("a"), vote("b"))
    for number in range(55):
        await worth(memory, *votes)
        await keep(store, number, vote("a", ("BUY", "SELL")[number % 2]), vote("b", ("BUY", "SELL")[number % 2]))
        memory.remember([vote("a", ("BUY", "SELL")[number % 2]), vote("b", ("BUY", "SELL")[number % 2])])
    assert await worth(memory) == await worth(LineageMemory(store))
    assert (await worth(memory))[0][3] == 55


async def test_the_store_is_read_once_however_many_decisions_ask_at_the_same_time():
    class Slow(InMemoryDecisionStore):
        reads = 0
        gate = asyncio.Event()

        async def lineage_votes(self, limit):
            Slow.reads += 1
            assert limit == REMEMBERED_VOTES
            await self.gate.wait()
            return await super().lineage_votes(limit)

    store = Slow()
    memory = LineageMemory(store)
    asking = [asyncio.create_task(worth(memory)) for _ in range(4)]
    await asyncio.wait(asking, timeout=0)
    store.gate.set()
    assert len({tuple(each) for each in await asyncio.gather(*asking)}) == 1
    assert Slow.reads == 1


async def test_a_store_that_could_not_be_read_is_read_again():
    class Away(InMemoryDecisionStore):
        is_away = True

        async def lineage_votes(self, limit):
            if self.is_away:
                raise ConnectionError
            return await super().lineage_votes(limit)

    store = Away()
    for number in range(50):
        word = ("BUY", "SELL")[number % 2]
        await keep(store, number, vote("a", word), vote("b", word))
    memory = LineageMemory(store)
    with pytest.raises(ConnectionError):
        await worth(memory)
    store.is_away = False
    assert (await worth(memory))[0][3] == 50


async def test_votes_of_different_decisions_are_never_compared():
    store = InMemoryDecisionStore()
    for number in range(60):
        await keep(store, number, vote("a", ("BUY", "SELL")[number % 2]))
    assert await worth(LineageMemory(store)) == [("anthropic:m", 2, ASSUMED_CORRELATION, 0)]


async def test_each_lineage_is_remembered_on_its_own():
    store = InMemoryDecisionStore()
    for number in range(50):
        word = ("BUY", "SELL")[number % 2]
        await keep(
            store, number, vote("a", word), vote("b", word), vote("o", word, "ollama:s"), vote("p", "BUY", "ollama:s")
        )
    memory = LineageMemory(store)
    cast = [vote("a"), vote("b"), vote("o", "BUY", "ollama:s"), vote("p", "SELL", "ollama:s")]
    alike, other = await worth(memory, *cast)
    assert alike[:2] == ("anthropic:m", 2)
    assert alike[2] == pytest.approx(0.8)
    assert other[2] == pytest.approx((50 * other_r() + 30) / 100)


def other_r():
    correlation = Correlation()
    for number in range(50):
        correlation = correlation.with_decision([("BUY", "SELL")[number % 2], "BUY"])
    return correlation.measured
