"""The base class of fault kinds: a model whose fields are the parameters, and the method that applies the fault."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.webhooks.attempt import Attempt


class Fault(BaseModel):
    """The base class of fault kinds. Each subclass has a field ``kind`` and registers itself under its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    KINDS: ClassVar[dict[str, type[Fault]]] = {}
    """The registered kinds by name."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        Fault.KINDS[cls.model_fields["kind"].default] = cls

    APPLIES_TO: ClassVar[str] = "calls"
    """What the fault applies to: ``calls`` of clients or ``webhooks``."""

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        """Returns a reply instead of the rest of the pipeline, or changes the reply of ``proceed(call)``."""
        raise NotImplementedError

    def apply_to_attempt(self, attempt: Attempt) -> None:
        """Changes a delivery attempt before it is sent."""
        raise NotImplementedError


def refusal_reply(call: Call, problem: Problem) -> Reply:
    """Returns the reply that the provider would send if a stage raised the problem."""
    dialect = call.sandbox.provider.dialect
    reply = dialect.render_problem(call, problem)
    dialect.decorate(call, reply)
    return reply
