import hashlib

import pytest

from app import plugins
from app.ai.model_panel.answers import NewsForm, VoteForm
from app.ai.prompts import catalogue
from app.domain.errors import NotFoundError

WRITTEN = {
    "desk@1.0.0": "b902dd9d2b971c3113d63a63dc6a29edaf5f9f7dbc9512164dbb93d7b7d7e112",
    "market_analyst@1.0.0": "5e5d4d440246ac1c83f2b92905fec8ae89c3bb11c5048b5f5990e170e64f49ca",
    "news_analyst@1.0.0": "fb3a901cf821e8dc36fc0fbd0d65eb72fb055513caaaea3ac2473f0965132298",
    "news_search@1.0.0": "b851cb0f14eb1382fd712375afbd7818e9cdbfee34a55ab20c9372467116406b",
    "risk_advisor@1.0.0": "487728d0a80b170917e70c9f187d163ec11e1f53085f8cdfd8e9b2c5a3e6d3a8",
    "strategy_optimizer@1.0.0": "14e203f7aed252255e43ac4684670ac15abe6b7f6feff76a642c488a954a4890",
    "technical_analyst@1.0.0": "3c58a6dca1248d9a9299acd1e8bc8ba75189ddf83dd2b03b964d4237517e6335",
    "vote@1.0.0": "ef92010624056f61883e94be43b5b1bc19cd286d8522b6f1e1546ba72dc2362d",
}
"""Never change a line here: decisions name these texts. A better text is a new file with a higher version."""


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of prompts that a test may write."""

    def forget():
        for remembered in (catalogue.read, catalogue.newest, catalogue.references):
            remembered.cache_clear()

    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    forget()
    yield tmp_path
    forget()


def test_a_text_that_is_in_use_never_changes_without_a_new_version():
    assert {each: catalogue.read(each).sha256 for each in catalogue.references()} == WRITTEN


def test_a_prompt_is_named_by_the_hash_of_its_text():
    for reference in catalogue.references():
        prompt = catalogue.read(reference)
        assert (prompt.reference, prompt.sha256) == (reference, hashlib.sha256(prompt.text.encode()).hexdigest())


@pytest.mark.parametrize("prompt_id", ["desk", "vote", "news_search", *plugins.names("analyst")])
def test_every_role_of_the_panel_and_the_panel_itself_have_a_prompt(prompt_id):
    prompt = catalogue.newest(prompt_id)
    assert prompt.reference.startswith(f"{prompt_id}@")
    assert len(prompt.text) > 100


@pytest.mark.parametrize(("prompt_id", "form"), [("vote", VoteForm()), ("news_analyst", NewsForm())])
def test_the_text_names_every_field_that_the_answer_must_have(prompt_id, form):
    text = catalogue.newest(prompt_id).text
    assert [name for name in form.schema["properties"] if name not in text] == []
    words = [word for each in form.schema["properties"].values() for word in each.get("enum", ())]
    assert [word for word in words if word not in text] == []


def test_a_changed_text_has_another_hash(shelf):
    path = shelf / "market_analyst@1.0.0.md"
    path.write_text("Which way?")
    before = catalogue.newest("market_analyst")
    path.write_text("Which way now?")
    catalogue.read.cache_clear()
    assert catalogue.read("market_analyst@1.0.0").sha256 != before.sha256


def test_the_newest_version_is_the_highest_number_and_older_ones_stay_readable(shelf):
    for version in ("1.0.0", "1.9.0", "1.10.0", "0.99.99"):
        (shelf / f"vote@{version}.md").write_text(f"text of {version}\n")
    (shelf / "vote_of_thanks@9.0.0.md").write_text("another prompt")
    assert catalogue.newest("vote").text == "text of 1.10.0"
    assert catalogue.read("vote@1.9.0").text == "text of 1.9.0"
    assert catalogue.references()[-1] == "vote_of_thanks@9.0.0"


def test_files_without_id_and_version_are_no_prompts(shelf):
    for name in ("README.md", "vote.md", "vote@1.0.md", "Vote@1.0.0.md", "vote@1.0.0.txt"):
        (shelf / name).write_text("not a prompt")
    assert catalogue.references() == ()


def test_the_end_of_a_file_is_no_part_of_its_text(shelf):
    (shelf / "vote@1.0.0.md").write_bytes(b"one\r\ntwo\r\n\r\n")
    (shelf / "vote@1.0.1.md").write_bytes(b"one\ntwo")
    assert catalogue.read("vote@1.0.0").sha256 == catalogue.read("vote@1.0.1").sha256


@pytest.mark.parametrize(
    "reference", ["vote@9.9.9", "nobody@1.0.0", "vote", "", "../texts/vote@1.0.0", "vote@1.0.0.md"]
)
def test_what_is_not_here_is_not_found(reference):
    with pytest.raises(NotFoundError):
        catalogue.read(reference)


@pytest.mark.parametrize("prompt_id", ["nobody", "", "vot", "vote@1"])
def test_an_id_that_is_not_here_is_not_found(prompt_id):
    with pytest.raises(NotFoundError):
        catalogue.newest(prompt_id)
