"""The API docs need no network."""

import re

from tests.system.web_desk import an_app, calling


async def test_everything_the_docs_page_loads_comes_from_this_server(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) == 3
        for address in loaded:
            assert address.startswith("/")
            assert (await client.get(address)).status_code == 200
        assert not re.search(r"https?://", page.text)
