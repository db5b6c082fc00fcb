"""Messages and agents for tests."""

from app.messaging.agents import BaseAgent
from app.messaging.messages import BaseMessage


class QuoteRequest(BaseMessage, frozen=True):
    """Asks for a price."""

    symbol: str


class Quote(BaseMessage, frozen=True):
    """Tells a price."""

    symbol: str
    price: float = 1.0


class Pricer(BaseAgent):
    """Takes requests, says quotes, remembers what it heard."""

    messages = (QuoteRequest,)
    sending_messages = (Quote,)

    def __init__(self):
        self.heard = []

    async def handle_message(self, message, context):
        """Remember."""
        self.heard.append((message, context))
