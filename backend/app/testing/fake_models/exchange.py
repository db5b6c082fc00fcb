"""One request and its answer: as good as the brain and the vendor make it, or as bad as it is told to be."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from app.testing.fake_models.answers import Answer, Incoming, Vendor, document
from app.testing.fake_models.bent_replies import bent, can_bend
from app.testing.fake_models.breaking import broken, can_break, failed
from app.testing.fake_models.conversation import LETTERS_PER_TOKEN, Asked, RefusedError, Reply, tokens
from app.testing.fake_models.desk import Desk
from app.testing.fake_models.fault_kinds import Stage
from app.testing.fake_models.faults import Fault
from app.testing.fake_models.journal import Received
from app.testing.fake_models.wire import Line

LARGEST_BODY: Final = 32 * 1024 * 1024

Handler = Callable[[Incoming], Answer]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way.

    Args:
        handler: makes the answer; None asks the model.
    """

    desk: Desk
    vendor: Vendor
    incoming: Incoming
    entry: Received
    handler: Handler | None = None

    async def run(self, line: Line) -> None:
        """Answer, unless the client leaves or a fault has it otherwise."""
        if self.desk.latency_s and await line.over(self.desk.latency_s):
            return await line.hang_up()
        fault = self._struck("arrival", lambda _fault: True)
        if fault is not None and fault.kind == "hang":
            await line.over()
        if fault is not None and fault.kind in {"hang", "drop"}:
            return await line.hang_up()
        answer = self._broken(self._answer()) if fault is None else failed(fault, self.vendor)
        self.entry.status = answer.status
        return await line.send(answer)

    def _answer(self) -> Answer:
        try:
            if len(self.incoming.raw) > LARGEST_BODY:
                raise RefusedError(413, "")
            return self._from_model() if self.handler is None else self.handler(self.incoming)
        except RefusedError as refused:
            return self.vendor.failure(refused.status, str(refused), refused.kind)

    def _from_model(self) -> Answer:
        asked = self.vendor.read(self.incoming)
        reply = self._bent(asked, _within_budget(asked, self.desk.brain.reply(asked, self.desk.tool_rounds)))
        if not asked.stream:
            return document(self.vendor.whole(asked, reply))
        return Answer(tuple(self.vendor.pieces(asked, reply)), media_type=self.vendor.stream_type, streamed=True)

    def _bent(self, asked: Asked, reply: Reply) -> Reply:
        fault = self._struck("reply", lambda each: can_bend(each.kind, asked, reply))
        return bent(fault.kind, asked, reply) if fault else reply

    def _broken(self, answer: Answer) -> Answer:
        fault = self._struck("bytes", lambda each: answer.status == 200 and can_break(each, answer))
        return broken(fault, answer, self.vendor) if fault else answer

    def _struck(self, stage: Stage, fits: Callable[[Fault], bool]) -> Fault | None:
        path = "" if self.incoming.path == self.vendor.model_path else self.incoming.path
        faults, provider = self.desk.faults, self.vendor.name
        fault = faults.take(provider, path, self.incoming.raw, lambda each: each.stage == stage and fits(each))
        if fault is not None:
            self.entry.fault = (*self.entry.fault, fault.kind)
        return fault


def _within_budget(asked: Asked, reply: Reply) -> Reply:
    """Stop where the token limit is reached; thinking counts."""
    if asked.budget is None:
        return reply
    room = asked.budget - (tokens(reply.thinking) if asked.thinks else 0)
    if tokens(reply.text) + sum(tokens(str(each.arguments)) for each in reply.calls) <= room:
        return reply
    return replace(reply, text=reply.text[: max(0, LETTERS_PER_TOKEN * room)], calls=(), stop="length")
