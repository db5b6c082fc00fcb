"""The page about the feed names everything that it says and understands."""

from pathlib import Path

from app.domain.events import EventType
from app.websockets import agent_coordination_socket, broadcasting, conversation, incoming

PAGE = (Path(__file__).parents[4] / "docs/feed.md").read_text()
CODES = (
    agent_coordination_socket.REFUSED,
    agent_coordination_socket.RESTARTING,
    broadcasting.TRY_LATER,
    conversation.UNSUPPORTED_DATA,
    conversation.TOO_MANY_ERRORS,
)


def test_every_kind_of_event_is_told():
    assert [kind for kind in EventType if f"| `{kind}` |" not in PAGE] == []


def test_every_message_of_a_client_is_told():
    assert [kind for kind in incoming.KINDS if f'{{"type": "{kind}"' not in PAGE] == []


def test_every_closing_code_is_told():
    assert [code for code in CODES if f"| {code} |" not in PAGE] == []
