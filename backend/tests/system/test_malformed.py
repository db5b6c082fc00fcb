"""Ten thousand malformed requests: not one 5xx, nothing echoed, and the server still answers."""

import asyncio
import random
from collections import Counter

import orjson
import structlog

from tests.system.web_desk import a_consensus, a_question, an_app, calling

CANARY = "CANARY7f3a"
COUNT = 10_000
AT_ONCE = 20
ANALYZE, CONSENSUS, TALLY = "/api/v1/agents/analyze", "/api/v1/agents/consensus", "/api/v1/consensus/tally"
VALID = {
    ANALYZE: a_question(
        4, account_info={"equity": "1", "positions": {"AAPL": {"quantity": "1"}}}, config={"quorum": 0.5}
    ),
    CONSENSUS: a_consensus(4, method="majority"),
    TALLY: {"votes": [{"agent_id": "a", "decision": "BUY", "confidence": 0.5}], "config": {"method": "majority"}},
}
ODD_VALUES = [
    None,
    True,
    -1,
    0,
    1e308,
    -1e-320,
    2**53 + 1,
    2**63,
    -(2**70),
    "",
    CANARY,
    CANARY * 100,
    "\u0000",
    "\U0001f600",
    [],
    {},
    [[]],
    {"surplus": 1},
    "2024-01-02",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01",
    "NaN",
    "Infinity",
    "1e999",
    [None] * 50,
    "../../etc/passwd",
]
ODD_BYTES = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b'"\\ud800"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b"[" * 200,
    b'{"a":' * 200,
    b"\x00",
    b"'",
    b"//",
]
ODD_HEADERS = [
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Type": CANARY},
    {"Idempotency-Key": ""},
    {"Idempotency-Key": "x" * 201},
    {"X-Correlation-ID": f"<{CANARY}>"},
    {"Host": f"{CANARY}.example"},
    {"Origin": f"https://{CANARY}.example"},
    {"Content-Encoding": "gzip"},
    {"Content-Length": "7"},
    {"Transfer-Encoding": CANARY},
]


def places(value, path=()):
    """Yield the path of every part of a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield from places(part, (*path, name))


def changed(value, path, odd):
    """Return a copy with the part at `path` replaced."""
    if not path:
        return odd
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], odd)
    return copy


def encoded(value):
    return orjson.dumps(value, default=str) if not _is_huge(value) else repr(value).encode()


def _is_huge(value):
    if isinstance(value, dict):
        return any(map(_is_huge, value.values()))
    return any(map(_is_huge, value)) if isinstance(value, list) else isinstance(value, int) and abs(value) >= 2**63


def spoilt_value(chance, body):
    for _ in range(chance.randint(1, 3)):
        body = changed(body, chance.choice(list(places(body))), chance.choice(ODD_VALUES))
    return encoded(body)


def spoilt_bytes(chance, body):
    raw = bytearray(orjson.dumps(body))
    for _ in range(chance.randint(1, 5)):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


def cut(chance, body):
    raw = orjson.dumps(body)
    return raw[: chance.randrange(len(raw))]


def planted(chance, body):
    raw = orjson.dumps(body)
    commas = [place for place, byte in enumerate(raw) if byte in b",:["]
    place = chance.choice(commas) + 1
    return raw[:place] + chance.choice(ODD_BYTES) + raw[place:]


def noise(chance, _body):
    return chance.randbytes(chance.randint(0, 200))


SPOILERS = (spoilt_value, spoilt_value, spoilt_bytes, cut, planted, noise)


def malformed(seed):
    """Return address, body and headers of the request with this number."""
    chance = random.Random(seed)
    address = chance.choice(list(VALID))
    headers = {"Content-Type": "application/json"}
    if chance.random() < 0.1:
        headers |= chance.choice(ODD_HEADERS)
    return address, chance.choice(SPOILERS)(chance, VALID[address]), headers


async def test_ten_thousand_malformed_requests_leave_no_mark(tmp_path):
    statuses, echoes = Counter(), []
    with structlog.testing.capture_logs() as lines:
        await send_all(tmp_path, statuses, echoes)

    assert echoes[:3] == []
    assert not any(CANARY.lower() in str(line).lower() for line in lines)
    assert statuses.total() == COUNT
    assert max(statuses) < 500
    assert statuses[422] > COUNT / 10
    assert statuses[400] > COUNT / 10


async def send_all(home, statuses, echoes):
    async with calling(an_app(home)) as client:
        numbers = iter(range(COUNT))

        async def send_some():
            for number in numbers:
                address, body, headers = malformed(number)
                answer = await client.post(address, content=body, headers=headers)
                statuses[answer.status_code] += 1
                if answer.status_code >= 400 and CANARY.lower() in answer.text.lower() + str(answer.headers).lower():
                    echoes.append((number, answer.text))
                if answer.status_code >= 500:
                    echoes.append((number, address, body[:300], answer.text))

        await asyncio.gather(*(send_some() for _ in range(AT_ONCE)))
        assert (await client.post(ANALYZE, json=a_question())).status_code == 200
        assert (await client.get("/health")).status_code == 200
