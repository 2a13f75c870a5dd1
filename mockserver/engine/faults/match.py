"""Matches calls and deliveries, for fault rules and for journal queries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import from_json

from mockserver.engine.core.call import Call
from mockserver.engine.core.redaction import redact, redact_headers
from mockserver.engine.webhooks.attempt import Attempt

Glob = Annotated[str, Field(min_length=1, max_length=200)]
_BODY_PATH = re.compile(r"\$(\.[A-Za-z0-9_-]+|\[\d{1,6}\])+")
_BODY_PART = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]")


class TextMatch(BaseModel):
    """Conditions on a value, all of which must hold. Values are compared as text."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    equals: str | int | float | bool | None = None
    contains: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    glob: Glob | None = None
    present: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"equals": value} if isinstance(value, str | int | float | bool) else value

    @model_validator(mode="after")
    def _require_condition(self) -> TextMatch:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError(
                "a condition needs at least one of equals, contains, starts_with, ends_with, glob, present"
            )
        return self

    def matches(self, value: Any) -> bool:
        """Whether a value meets the conditions; None means that the value is absent."""
        if self.present is not None and (value is not None) != self.present:
            return False
        if value is None:
            return self.present is False
        text = _text(value)
        return (
            (self.equals is None or text == _text(self.equals))
            and (self.contains is None or self.contains in text)
            and (self.starts_with is None or text.startswith(self.starts_with))
            and (self.ends_with is None or text.endswith(self.ends_with))
            and (self.glob is None or bool(_glob(self.glob).fullmatch(text)))
        )


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(re.sub(r"\*+", "*", pattern)))


def _body_path(path: str) -> str:
    if not _BODY_PATH.fullmatch(path):
        raise ValueError(f"{path!r} is not a body path; write it as $.email or $.rules[0].productId")
    return path


def _methods(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Method = Annotated[str, Field(pattern=r"^[A-Z]{1,20}$")]


class Match(BaseModel):
    """Conditions on calls. A condition that is left out matches every call."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    method: Annotated[list[Method] | None, BeforeValidator(_methods)] = Field(
        default=None, description="One method or a list of methods."
    )
    path: Glob | None = Field(default=None, description="A glob for the path as the client sent it.")
    operation: Glob | None = Field(default=None, description="A glob for the operation's name.")
    key: str | None = Field(default=None, description="The id or the secret of an API key.")
    headers: dict[str, TextMatch] = Field(default_factory=dict, max_length=20)
    body: dict[Annotated[str, AfterValidator(_body_path)], TextMatch] = Field(default_factory=dict, max_length=20)

    def matches(self, call: Call) -> bool:
        return next(self.mismatches(call), None) is None

    def mismatches(self, call: Call) -> Iterator[str]:
        """Yields each reason why the call does not match, the cheapest conditions first."""
        if self.method is not None and call.method not in self.method:
            yield f"method is {call.method}, not {' or '.join(self.method)}"
        if self.path is not None and not _glob(self.path).fullmatch(call.path):
            yield f"path is {call.path}, not like {self.path}"
        name = call.operation.name if call.operation else ""
        if self.operation is not None and not _glob(self.operation).fullmatch(name):
            yield f"operation is {name or 'none'}, not {self.operation}"
        if self.key is not None and not _is_key(call, self.key):
            yield f"key is not {self.key if not call.credential.secret else 'the key of the match'}"
        for header, text in self.headers.items():
            value = call.headers.get(header.lower())
            if not text.matches(value):
                yield f"header {header} is {value and redact_headers([(header, value)])[0][1]!r}"
        if self.body:
            yield from self._body_mismatches(call)

    def _body_mismatches(self, call: Call) -> Iterator[str]:
        yield from _json_mismatches(call.data, self.body)


class RuleMatch(Match):
    """Conditions of a fault rule on calls or on deliveries."""

    event: Glob | None = Field(default=None, description="A glob for the event's type; only for webhook faults.")
    endpoint: Glob | None = Field(
        default=None, description="A webhook endpoint's id, or a glob for its URL; only for webhook faults."
    )

    WEBHOOK_FIELDS: ClassVar[tuple[str, ...]] = ("event", "endpoint", "body")

    def delivery_mismatches(self, attempt: Attempt) -> Iterator[str]:
        """Yields each reason why a delivery attempt does not match."""
        type, endpoint = attempt.delivery["event"]["type"], attempt.endpoint
        if self.event is not None and not _glob(self.event).fullmatch(type):
            yield f"event is {type}, not {self.event}"
        if self.endpoint is not None and not any(
            _glob(self.endpoint).fullmatch(each) for each in (endpoint["id"], endpoint["url"])
        ):
            yield f"endpoint is {endpoint['id']}, not {self.endpoint}"
        if self.body:
            yield from _json_mismatches(attempt.body, self.body)


def _json_mismatches(data: bytes, conditions: Mapping[str, TextMatch]) -> Iterator[str]:
    try:
        document = from_json(data)
    except ValueError:
        yield "the body is not JSON"
        return
    for path, text in conditions.items():
        value = _value_at(document, path)
        if not text.matches(value):
            yield f"{path} is {redact(value, (), path) if isinstance(value, str) else value!r}"


def _is_key(call: Call, id_or_secret: str) -> bool:
    if call.credential.secret == id_or_secret:
        return True
    key = call.sandbox.keys.get(call.credential.secret or "")
    return key is not None and key.id == id_or_secret


def _value_at(document: Any, path: str) -> Any:
    for name, index in _BODY_PART.findall(path):
        if name and isinstance(document, dict):
            document = document.get(name)
        elif index and isinstance(document, list) and int(index) < len(document):
            document = document[int(index)]
        else:
            return None
    return document if isinstance(document, str | int | float | bool) or document is None else str(document)
