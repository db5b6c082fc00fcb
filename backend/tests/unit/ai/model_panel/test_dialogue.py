import orjson
import pytest

from app.ai.model_panel.answers import NewsForm, VoteForm
from app.ai.model_panel.dialogue import ANSWER_NOW, MAX_TOOL_TURNS_APART, MAX_TURNS, Dialogue
from app.ai.model_panel.seating import OFFERED, specs
from app.domain.completions import Answered, Heard, ModelRequest, Said
from app.domain.errors import ProviderError
from app.domain.votes import ABSTAIN, BUY, SELL
from tests.unit.ai.model_panel.scenes import LONG, Listening, belt, correspondence, said, tone, vote, wants

TOOLS = specs(OFFERED)
OPENING = ModelRequest("scripted", "m-1", "You judge shares.", (Said("AAPL?"),), TOOLS, prompt="market_analyst@1.0.0")
BARS = ("get_bars", {"count": 3})
TWO_PHASES, ONE_PHASE = False, True


class Talk:
    """One conversation with a scripted model that has real tools."""

    def __init__(self, *lines, is_one_phase=ONE_PHASE, form=None, tools=None, failed=0):
        self.door = Listening(lines)
        tools = ("get_bars", "get_position", "assess_risk") if tools is None else tools

        class Analyst:
            role = "market_analyst"

        Analyst.tools = tools
        self.belt = belt(Analyst)
        self.letters = correspondence(self.door, self.belt.assignment)
        self.letters.inquiry.failed_requests = failed
        self.dialogue = Dialogue(self.letters, self.belt, form or VoteForm(), is_one_phase)

    async def opinion(self, request=OPENING):
        return await self.dialogue.opinion(request, LONG)

    async def failure(self, request=OPENING):
        with pytest.raises(ProviderError) as caught:
            await self.opinion(request)
        return caught.value

    @property
    def asked(self):
        return self.door.requests

    @property
    def shape(self):
        """Of each request whether it offered tools and whether it asked for a schema."""
        return [(bool(each.tools), each.schema is not None) for each in self.asked]


async def test_tools_and_schema_go_together_where_the_vendor_takes_both():
    talk = Talk(said(vote()))
    assert (await talk.opinion()).decision == BUY
    assert talk.shape == [(True, True)]
    assert talk.asked[0].schema == VoteForm.schema
    assert talk.asked[0].tools == TOOLS


async def test_one_round_of_tools_costs_one_request_more():
    talk = Talk(wants(BARS), said(vote()))
    assert (await talk.opinion()).decision == BUY
    assert talk.shape == [(True, True), (True, True)]


async def test_where_the_vendor_does_not_take_both_the_schema_comes_last_without_tools():
    talk = Talk(said("I have seen enough."), said(vote()), is_one_phase=TWO_PHASES)
    assert (await talk.opinion()).decision == BUY
    assert talk.shape == [(True, False), (False, True)]
    assert talk.asked[1].turns[-2:] == (Heard([{"type": "text", "text": "I have seen enough."}]), Said(ANSWER_NOW))


async def test_in_two_phases_a_round_of_tools_costs_one_request_more():
    talk = Talk(wants(BARS), said("Enough."), said(vote()), is_one_phase=TWO_PHASES)
    assert (await talk.opinion()).decision == BUY
    assert talk.shape == [(True, False), (True, False), (False, True)]


@pytest.mark.parametrize("is_one_phase", [ONE_PHASE, TWO_PHASES])
async def test_who_is_offered_no_tools_is_asked_once(is_one_phase):
    talk = Talk(said(tone()), is_one_phase=is_one_phase, form=NewsForm(), tools=())
    await talk.opinion(ModelRequest("scripted", "m-1", "You judge news.", (Said("News?"),)))
    assert talk.shape == [(False, True)]


async def test_tools_run_through_the_belt_and_their_results_go_back_in_order():
    talk = Talk(wants(BARS, ("get_position", {})), said(vote()))
    await talk.opinion()
    assert [(call.tool_name, call.status) for call in talk.belt.calls] == [
        ("get_bars", "success"),
        ("get_position", "success"),
    ]
    opening, heard, answered = talk.asked[1].turns
    assert (opening, heard) == (OPENING.turns[0], Heard([{"uses": ["get_bars", "get_position"]}]))
    assert [(each.use_id, each.name, each.is_error) for each in answered.answers] == [
        ("use_0", "get_bars", False),
        ("use_1", "get_position", False),
    ]
    assert [orjson.loads(each.content) for each in answered.answers] == [call.result for call in talk.belt.calls]


@pytest.mark.parametrize(
    ("use", "status", "told"),
    [
        (("size_position", {"share": 1}), "denied", "not among those"),
        (("rm_rf", {}), "denied", "not among those"),
        (("get_bars; drop", {}), "denied", "not among those"),
        (("get_bars", {"count": 0}), "invalid_args", "get_bars: count"),
        (("get_bars", {"self": 1, "name": "x"}), "invalid_args", "does not take"),
    ],
)
async def test_what_a_tool_refuses_goes_back_as_an_error_and_the_talk_goes_on(use, status, told):
    talk = Talk(wants(use), said(vote(decision="SELL")))
    assert (await talk.opinion()).decision == SELL
    (answer,) = talk.asked[1].turns[-1].answers
    assert (answer.is_error, told in answer.content) == (True, True)
    assert talk.belt.calls[0].status == status


async def test_one_refused_wish_does_not_keep_the_others_from_being_answered():
    talk = Talk(wants(("nothing", {}), BARS), said(vote()))
    await talk.opinion()
    assert [each.is_error for each in talk.asked[1].turns[-1].answers] == [True, False]


async def test_a_model_that_will_not_stop_using_tools_gives_no_vote():
    talk = Talk(*[wants(BARS)] * (MAX_TURNS + 1), is_one_phase=ONE_PHASE)
    error = await talk.failure()
    assert (error.kind, len(talk.asked)) == ("tool_limit", MAX_TURNS)


async def test_where_the_schema_comes_last_it_is_asked_for_after_four_turns_of_tools():
    talk = Talk(*[wants(BARS)] * MAX_TOOL_TURNS_APART, said(vote(decision="SELL")), is_one_phase=TWO_PHASES)
    assert (await talk.opinion()).decision == SELL
    assert len(talk.asked) == MAX_TOOL_TURNS_APART + 1
    assert (talk.asked[-1].tools, talk.asked[-1].schema is None) == ((), False)


async def test_more_wishes_than_an_analyst_may_have_are_refused_one_by_one():
    talk = Talk(wants(*[("get_bars", {"count": number}) for number in range(1, 11)]), said(vote()))
    await talk.opinion()
    assert [each.is_error for each in talk.asked[1].turns[-1].answers] == [False] * 8 + [True] * 2


# The repair


async def test_an_answer_that_cannot_be_counted_is_sent_back_once_with_what_is_wrong():
    talk = Talk(said(vote(confidence=85)), said(vote(confidence=0.85)))
    assert (await talk.opinion()).confidence == 0.85
    opening, heard, repair = talk.asked[1].turns
    assert (opening, heard.content[0]["type"]) == (OPENING.turns[0], "text")
    assert "- confidence: Input should be less than or equal to 1" in repair.text
    assert repair.text.endswith(ANSWER_NOW)
    assert "85" not in repair.text


async def test_the_repair_asks_for_the_schema_again_in_the_same_way():
    together = Talk(said("BUY!"), said(vote()))
    await together.opinion()
    apart = Talk(said("Enough."), said("BUY!"), said(vote()), is_one_phase=TWO_PHASES)
    await apart.opinion()
    assert together.shape == [(True, True), (True, True)]
    assert apart.shape == [(True, False), (False, True), (False, True)]
    assert apart.asked[2].turns[-2] == Heard([{"type": "text", "text": "BUY!"}])


@pytest.mark.parametrize("second", [said("Sorry."), said(vote(confidence=2)), wants(BARS)])
async def test_a_second_answer_that_cannot_be_counted_is_the_last(second):
    talk = Talk(said("BUY!"), second, said(vote()))
    error = await talk.failure()
    assert (error.kind, len(talk.asked)) == ("invalid_vote", 2)
    assert talk.letters.inquiry.failed_requests == 2


async def test_the_failure_says_what_was_wrong_and_not_what_was_said():
    error = await Talk(said("SECRET"), said(vote(decision="SECRET"))).failure()
    assert "decision: Input should be" in error.public
    assert "SECRET" not in f"{error!r} {error.public} {error.__cause__} {error.__context__}"


async def test_after_an_earlier_failed_attempt_nothing_is_repaired():
    talk = Talk(said("BUY!"), said(vote()), failed=1)
    error = await talk.failure()
    assert (error.kind, len(talk.asked)) == ("invalid_vote", 1)


async def test_a_readable_answer_counts_after_an_earlier_failed_attempt():
    assert (await Talk(said(vote()), failed=1).opinion()).decision == BUY


@pytest.mark.parametrize("stop", ["length", "refusal"])
async def test_an_answer_that_was_cut_off_is_not_read_even_if_it_looks_whole(stop):
    talk = Talk(said(vote(), stop=stop), said(vote(decision="SELL")))
    assert (await talk.opinion()).decision == SELL
    assert "the answer was not finished; be shorter" in talk.asked[1].turns[-1].text


async def test_a_stop_on_the_wrong_side_can_be_repaired():
    price = LONG.price
    talk = Talk(said(vote(stop_loss=price * 2)), said(vote(stop_loss=price / 2)))
    assert (await talk.opinion()).stop_loss == price / 2
    assert "stop_loss must lie below the current price" in talk.asked[1].turns[-1].text


async def test_an_abstention_is_an_answer_and_needs_no_repair():
    talk = Talk(said(vote(ABSTAIN, None)))
    assert (await talk.opinion()).decision == ABSTAIN
    assert len(talk.asked) == 1


# Failures of the provider


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_provider_that_fails_ends_the_talk_wherever_it_stands(place):
    lines = [wants(BARS), said("BUY!"), said(vote())]
    lines[place] = ProviderError("overloaded", "Busy.")
    talk = Talk(*lines)
    assert (await talk.failure()).kind == "overloaded"
    assert len(talk.asked) == place + 1


async def test_every_turn_is_sent_back_as_it_was_heard():
    talk = Talk(wants(BARS, text="Let me look."), wants(("get_position", {})), said(vote()))
    await talk.opinion()
    turns = talk.asked[2].turns
    assert [type(each) for each in turns] == [Said, Heard, Answered, Heard, Answered]
    assert talk.asked[1].turns == turns[:3]
