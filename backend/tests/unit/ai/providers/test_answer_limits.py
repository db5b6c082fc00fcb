import gzip

import httpx
import httpx2
import pytest

from app.ai.providers.answer_limits import MOST_BYTES, limited, refusing
from app.domain.errors import ProviderError
from tests.unit.ai.providers.asked import StillClock
from tests.unit.ai.providers.raw_server import answering


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
async def client(request):
    hooks = [limited("Vendor", request.param.AsyncByteStream, StillClock())]
    async with request.param.AsyncClient(event_hooks={"response": hooks}) as made:
        yield made


async def kind_of(client, url):
    with pytest.raises(ProviderError) as caught:
        await client.get(url)
    return caught.value.kind


@pytest.mark.parametrize("body", [b"", b"BUY", b"x" * MOST_BYTES], ids=["nothing", "a word", "the most"])
async def test_what_is_within_the_limit_is_read(client, body):
    async with answering(b"content-length: %d" % len(body), body) as server:
        assert (await client.get(server.url)).content == body


async def test_an_answer_that_never_ends_is_refused_at_the_limit(client):
    async with answering(b"transfer-encoding: chunked", endless=True) as server:
        assert await kind_of(client, server.url) == "too_large"
        assert server.sent < 4 * MOST_BYTES


async def test_an_answer_that_says_it_is_too_large_is_not_read(client):
    async with answering(b"content-length: %d" % (MOST_BYTES + 1)) as server:
        assert await kind_of(client, server.url) == "too_large"


async def test_a_packed_answer_is_not_unpacked(client):
    packed = gzip.compress(b"x" * 10_000_000)
    async with answering(b"content-encoding: gzip\r\ncontent-length: %d" % len(packed), packed) as server:
        assert await kind_of(client, server.url) == "invalid_response"


@pytest.mark.parametrize(
    ("head", "body"),
    [(b"content-length: 100", b"half"), (b"transfer-encoding: chunked", b"4\r\nhalf\r\n")],
    ids=["counted", "in chunks"],
)
async def test_an_answer_that_breaks_off_was_cut_short(client, head, body):
    async with answering(head, body) as server:
        assert await kind_of(client, server.url) == "cut_short"


async def test_one_that_breaks_off_while_it_is_streamed_too(client):
    async with answering(b"content-length: 100", b"half") as server, client.stream("GET", server.url) as response:
        with pytest.raises(ProviderError) as caught:
            await response.aread()
        assert caught.value.kind == "cut_short"


async def test_a_status_that_is_no_success_is_told_with_the_wait_it_asks_for():
    response = httpx.Response(503, headers={"retry-after": "7"})

    with pytest.raises(ProviderError) as caught:
        await refusing("Vendor", StillClock())(response)

    assert (caught.value.kind, caught.value.status, caught.value.retry_after_s) == ("overloaded", 503, 7.0)


async def test_a_success_passes():
    await refusing("Vendor", StillClock())(httpx.Response(200))
