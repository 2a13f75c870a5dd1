"""What every kind of fault is: a model whose fields are its parameters, and what it does around the rest of a call."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.webhooks.attempt import Attempt


class Fault(BaseModel):
    """One kind of failure. Subclass it in a file of its own with a ``kind``; that registers it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    KINDS: ClassVar[dict[str, type[Fault]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        Fault.KINDS[cls.model_fields["kind"].default] = cls

    APPLIES_TO: ClassVar[str] = "calls"
    """What it happens to: ``calls`` of clients, or ``webhooks`` on their way out."""

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        """Answer instead of the rest of the pipeline, or spoil what it answers."""
        raise NotImplementedError

    def apply_to_attempt(self, attempt: Attempt) -> None:
        """Change what is about to be delivered."""
        raise NotImplementedError


def refusal_reply(call: Call, problem: Problem) -> Reply:
    """A refusal exactly as the provider would say and dress it, had its own stage raised it."""
    dialect = call.sandbox.provider.dialect
    reply = dialect.render_problem(call, problem)
    dialect.decorate(call, reply)
    return reply
