"""A complete provider: a bookshop API whose clients send their key in ``X-Shop-Key``."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from mockserver import engine as tm


class NewBook(BaseModel):
    title: str = Field(min_length=1, max_length=200)


class Shop:
    """The bookshop's dialect: plain JSON, and ``{"error": ..., "reason": ...}`` for a refusal."""

    def render_record(self, call: tm.Call, record: tm.Record, status: int = 200) -> tm.Reply:
        return tm.Reply(status, [("Content-Type", "application/json")], tm.as_json(record))

    def render_list(self, call: tm.Call, records: Sequence[tm.Record], following: str | None) -> tm.Reply:
        return tm.Reply(200, [("Content-Type", "application/json")], tm.as_json({"books": list(records)}))

    def render_problem(self, call: tm.Call, problem: tm.Problem) -> tm.Reply:
        body = tm.as_json({"error": problem.code, "reason": problem.detail})
        return tm.Reply(problem.status, [("Content-Type", "application/json"), *problem.headers], body, problem)

    def decorate(self, call: tm.Call, reply: tm.Reply) -> None:
        reply.headers.append(("X-Shop", "1"))


def add_book(call: tm.Call) -> tm.Reply:
    book = {"id": f"book_{call.nth('books')}", "title": call.body.title}
    call.space.put("books", book)
    return call.sandbox.provider.dialect.render_record(call, book, 201)


def list_books(call: tm.Call) -> tm.Reply:
    return call.sandbox.provider.dialect.render_list(call, [book for _, book in call.space.scan("books")], None)


def credential(headers: Mapping[str, str], query: str) -> tm.Credential:
    return tm.Credential(headers.get("x-shop-key"), shown="x-shop-key" in headers)


def key(randomness: tm.Randomness, sandbox: str, nth: int, mode: str) -> str:
    return f"shop_{randomness.token(f'key:{sandbox}', nth, 24)}"


BOOKSHOP = tm.Provider(
    name="bookshop", title="Bookshop", tenant="shop", version="1", prefix="/v1", dialect=Shop(), credential=credential,
    keys=tm.KeyPolicy(mint=key), collections=(tm.Collection("books"),), operations=(
        tm.Operation("list_books", "GET", "/v1/books", list_books, "List the books", refusals=(401,)),
        tm.Operation("add_book", "POST", "/v1/books", add_book, "Add a book", NewBook, status=201, refusals=(400, 401)),
    ), generate=lambda randomness, size, progress: {"books": [{"id": "book_0", "title": "The Trial"}]},
)  # fmt: skip
