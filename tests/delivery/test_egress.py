"""The HTTP client for webhooks: allowed addresses, time limits, and hostile receivers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread, current_thread
from time import perf_counter
from typing import Any

import pytest

from mockserver.delivery import egress
from mockserver.delivery.egress import MAX_READ_BYTES, MAX_URL_LENGTH, Egress
from mockserver.engine import Refusal, SendResult
from tests.support.harness import Harness, make_harness
from tests.support.webhook_receivers import run_receiver

LOCAL, PUBLIC = "127.0.0.1", "93.184.216.34"
NAMES = {
    "2130706433": LOCAL, "0x7f000001": LOCAL, "0177.0.0.1": LOCAL, "127.1": LOCAL, "①②⑦.⓪.⓪.①": LOCAL,
    "127。0。0。1": LOCAL, "localhost": LOCAL, "localhost.": LOCAL, "receiver": "172.18.0.3",
    "host.docker.internal": "192.168.65.2", "bücher.test": "10.0.0.9", "xn--bcher-kva.test": "10.0.0.9",
    "public.test": PUBLIC, "1572395042": PUBLIC, "0x5db8d822": PUBLIC, "2852039166": "169.254.169.254",
    "0xa9fea9fe": "169.254.169.254", "0251.0376.0251.0376": "169.254.169.254", "169.254.43518": "169.254.169.254",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④": "169.254.169.254", "metadata.test": "169.254.169.254", "0": "0.0.0.0",
    "mixed.test": f"{LOCAL} {PUBLIC}", "mapped.test": "::ffff:169.254.169.254", "zone.test": "fe80::1%eth0",
}  # fmt: skip


def resolver(host: str, port: int) -> list[str]:
    """Resolves the names of these tests; raises gaierror for others, like the system's resolver."""
    addresses = NAMES.get(host)
    if addresses is None:
        raise socket.gaierror(-2, "Name or service not known")
    return addresses.split()


ACCEPTED = [
    "http://127.0.0.1/", "http://127.0.0.1:65535/", "http://127.255.255.254/", "https://127.0.0.1/", "http://[::1]/",
    "http://[::1]:8000/x?y=z", "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/",
    "http://192.168.1.1/", "http://[fd12:3456::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::10.0.0.1]/",
    "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/", "http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://receiver:9000/",
    "http://host.docker.internal/", "http://bücher.test/", "http://xn--bcher-kva.test/", "HTTP://127.0.0.1",
    "http://127.0.0.1:/", "http://127.0.0.1/ü?ä=ö", "http://127.0.0.1/" + "x" * (MAX_URL_LENGTH - 17),
]  # fmt: skip
NOT_PRIVATE_MESSAGE, NEVER_CALLED_MESSAGE = "only loopback and private addresses", "never called"
REFUSED = [
    (f"http://{PUBLIC}/", NOT_PRIVATE_MESSAGE), ("http://public.test/", NOT_PRIVATE_MESSAGE),
    ("http://1572395042/", NOT_PRIVATE_MESSAGE), ("http://0x5db8d822/", NOT_PRIVATE_MESSAGE),
    ("http://8.8.8.8/", NOT_PRIVATE_MESSAGE), ("http://172.32.0.1/", NOT_PRIVATE_MESSAGE),
    ("http://192.169.0.1/", NOT_PRIVATE_MESSAGE), ("http://100.64.0.1/", NOT_PRIVATE_MESSAGE),
    ("http://[2606:2800:220:1::1]/", NOT_PRIVATE_MESSAGE), (f"http://[::ffff:{PUBLIC}]/", NOT_PRIVATE_MESSAGE),
    (f"http://[64:ff9b::{PUBLIC}]/", NOT_PRIVATE_MESSAGE), (f"http://[::{PUBLIC}]/", NOT_PRIVATE_MESSAGE),
    ("http://[2002:5db8:d822::1]/", NOT_PRIVATE_MESSAGE), ("http://[fec0::1]/", NOT_PRIVATE_MESSAGE),
    ("http://mixed.test/", NOT_PRIVATE_MESSAGE), ("http://198.18.0.1/", NOT_PRIVATE_MESSAGE),
    ("http://240.0.0.1/", NOT_PRIVATE_MESSAGE), ("http://169.254.169.254/latest/meta-data/", NEVER_CALLED_MESSAGE),
    ("http://2852039166/", NEVER_CALLED_MESSAGE), ("http://0xa9fea9fe/", NEVER_CALLED_MESSAGE),
    ("http://0251.0376.0251.0376/", NEVER_CALLED_MESSAGE), ("http://169.254.43518/", NEVER_CALLED_MESSAGE),
    ("http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/", NEVER_CALLED_MESSAGE), ("http://metadata.test/", NEVER_CALLED_MESSAGE),
    ("http://mapped.test/", NEVER_CALLED_MESSAGE), ("http://zone.test/", NEVER_CALLED_MESSAGE),
    ("http://[::ffff:169.254.169.254]/", NEVER_CALLED_MESSAGE), ("http://[::ffff:a9fe:a9fe]/", NEVER_CALLED_MESSAGE),
    ("http://[64:ff9b::169.254.169.254]/", NEVER_CALLED_MESSAGE),
    ("http://[64:ff9b:1::a9fe:a9fe]/", NEVER_CALLED_MESSAGE), ("http://[2002:a9fe:a9fe::1]/", NEVER_CALLED_MESSAGE),
    ("http://[::169.254.169.254]/", NEVER_CALLED_MESSAGE),
    ("http://[2001:0:4136:e378:8000:63bf:5601:5601]/", NEVER_CALLED_MESSAGE),
    ("http://[fe80::1]/", NEVER_CALLED_MESSAGE), ("http://[fd00:ec2::254]/", NEVER_CALLED_MESSAGE),
    ("http://192.0.0.192/", NEVER_CALLED_MESSAGE), ("http://100.100.100.200/", NEVER_CALLED_MESSAGE),
    ("http://0.0.0.0/", NEVER_CALLED_MESSAGE), ("http://0/", NEVER_CALLED_MESSAGE),
    ("http://[::]/", NEVER_CALLED_MESSAGE), ("http://224.0.0.1/", NEVER_CALLED_MESSAGE),
    ("http://[ff02::1]/", NEVER_CALLED_MESSAGE), ("http://255.255.255.255/", NEVER_CALLED_MESSAGE),
    ("http://0.1.2.3/", NEVER_CALLED_MESSAGE), ("http://[fe80::1%eth0]/", "not a host name"),
    ("http://[fe80::1%25eth0]/", "not a host name"), ("http://127.0.0.1%2f.public.test/", "not a host name"),
    ("http://a..b/", "not a host name"), ("http://" + "a" * 64 + ".test/", "not a host name"),
    ("http://nowhere.test/", "has no address"), ("http://127.0.0.1:0/", "no port 0"),
    ("http://127.0.0.1:65536/", "ort"), ("http://127.0.0.1:-1/", "ort"), ("http://127.0.0.1:x/", "ort"),
    ("http://127.0.0.1:１/", "ort"), ("http://user@127.0.0.1/", "a user"), ("http://user:pass@127.0.0.1/", "a user"),
    ("http://127.0.0.1@public.test/", "a user"), ("http://public.test@127.0.0.1/", "a user"),
    ("http://127.0.0.1/#x", "a fragment"), ("http://public.test#@127.0.0.1/", "a fragment"),
    ("http://127.0.0.1\\@public.test/", "a backslash"), ("http://127.0.0.1/\r\nX: y", "a control character"),
    ("http://127.0.0.1/\t", "a control character"), ("http://127.0.0.1\n/", "a control character"),
    ("http://127.0.0.1/\x00", "a control character"), ("http://127.0.0.1/\x85", "a control character"),
    ("http://127.0.0.1/a b", "a space"), (" http://127.0.0.1/", "a space"), ("http://[::1/", "Invalid IPv6"),
    ("http://[127.0.0.1]/", "IP"), ("http://ex／ample.test/", "NFKC"), ("http:///path", "names no host"),
    ("http:127.0.0.1", "names no host"), ("//127.0.0.1/", "neither http nor https"), ("", "neither http nor https"),
    ("127.0.0.1", "neither http nor https"), ("ftp://127.0.0.1/", "neither http nor https"),
    ("file:///etc/passwd", "neither http nor https"), ("gopher://127.0.0.1/", "neither http nor https"),
    ("javascript:alert(1)", "neither http nor https"),
    ("http://127.0.0.1/" + "x" * (MAX_URL_LENGTH - 16), "more than 2048 characters"),
]  # fmt: skip


@pytest.fixture
def connected_addresses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Records the addresses of connection attempts, and refuses each of them."""
    addresses: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], **_: Any) -> socket.socket:
        addresses.append(address)
        raise ConnectionRefusedError("refused by the test")

    monkeypatch.setattr(socket, "create_connection", connect)
    return addresses


@pytest.mark.parametrize("url", ACCEPTED)
def test_a_local_url_is_accepted_and_the_checked_address_is_connected_to(
    url: str, connected_addresses: list[tuple[str, int]]
) -> None:
    resolved: list[str] = []

    def record_and_resolve(host: str, port: int) -> list[str]:
        resolved.append(host)
        return resolver(host, port)

    out = Egress(resolver=record_and_resolve)
    out.check(url)
    resolved.clear()
    assert out.send(url, [], b"{}", 5).error == "refused by the test"
    assert len(resolved) <= 1
    ((address, _),) = connected_addresses
    assert address == address.strip("[]")
    assert resolved == [] or address == resolver(resolved[0], 0)[0]


@pytest.mark.parametrize(("url", "why"), REFUSED)
def test_a_forbidden_url_is_refused_with_the_reason_and_without_a_connection(
    url: str, why: str, connected_addresses: list[tuple[str, int]]
) -> None:
    out = Egress(resolver=resolver)
    with pytest.raises(Refusal, match=why) as refused:
        out.check(url)
    assert out.send(url, [], b"{}", 5).error == f"not sent: {refused.value}"
    assert connected_addresses == []


@pytest.fixture(scope="module")
def harness() -> Harness:
    return make_harness(sender=Egress(resolver=resolver))


@pytest.mark.parametrize(("url", "why"), REFUSED)
def test_a_forbidden_url_is_refused_when_an_endpoint_is_registered(harness: Harness, url: str, why: str) -> None:
    refused = harness.admin("POST", "/sandboxes/smartepi/webhooks", {"url": url})
    assert refused.status_code == 422, refused.text
    assert why in refused.json["detail"] or url == "" or len(url) > MAX_URL_LENGTH
    assert harness.admin("GET", "/sandboxes/smartepi/webhooks").json == []


def test_the_list_of_urls_is_long_enough_and_has_no_duplicates() -> None:
    assert len(ACCEPTED) + len(REFUSED) >= 44
    assert len({url for url, _ in REFUSED}) == len(REFUSED)


@pytest.mark.parametrize(
    ("allow", "url", "accepted"),
    [
        (["any"], f"http://{PUBLIC}/", True),
        (["any"], "http://public.test/", True),
        (["public.test"], "http://public.test/", True),
        (["PUBLIC.test"], "http://public.TEST/", True),
        (["public.test"], f"http://{PUBLIC}/", False),
        (["93.184.0.0/16"], f"http://{PUBLIC}/", True),
        (["93.184.0.0/16"], "http://public.test/", True),
        (["93.184.216.34"], f"http://[::ffff:{PUBLIC}]/", True),
        (["2606:2800::/32"], "http://[2606:2800:220:1::1]/", True),
        (["8.8.8.0/24"], f"http://{PUBLIC}/", False),
    ],
)
def test_further_hosts_can_be_allowed(allow: list[str], url: str, accepted: bool) -> None:
    out = Egress(allow, resolver)
    if accepted:
        out.check(url)
    else:
        with pytest.raises(Refusal, match="TESTMODE_WEBHOOK_ALLOW"):
            out.check(url)


@pytest.mark.parametrize("allow", ["any", "0.0.0.0/0", "::/0", "metadata.test", "169.254.0.0/16"])
@pytest.mark.parametrize("url", [url for url, why in REFUSED if why == NEVER_CALLED_MESSAGE])
def test_forbidden_address_cannot_be_allowed(allow: str, url: str, connected_addresses: list[tuple[str, int]]) -> None:
    out = Egress([allow], resolver)
    with pytest.raises(Refusal, match="never called"):
        out.check(url)
    assert (out.send(url, [], b"", 5).status, connected_addresses) == (None, [])


@pytest.mark.parametrize(
    ("own", "url", "refused"),
    [
        (LOCAL, "http://127.0.0.1:8080/", True),
        (LOCAL, "http://localhost:8080/", True),
        (LOCAL, "http://[::ffff:127.0.0.1]:8080/", True),
        (LOCAL, "http://127.0.0.1:8081/", False),
        (LOCAL, "http://10.0.0.1:8080/", False),
        ("0.0.0.0", "http://127.0.0.1:8080/", True),
        ("0.0.0.0", "http://127.8.8.8:8080/", True),
        ("0.0.0.0", "http://[::1]:8080/", True),
        ("0.0.0.0", "http://10.254.254.1:8080/", False),
    ],
)  # fmt: skip
def test_the_server_never_calls_itself(own: str, url: str, refused: bool) -> None:
    out = Egress(resolver=resolver)
    out.check(url)
    out.exclude(own, 8080)
    if refused:
        with pytest.raises(Refusal, match="that is this server itself"):
            out.check(url)
    else:
        out.check(url)


def test_a_name_that_resolves_to_a_public_address_later_is_not_called(
    connected_addresses: list[tuple[str, int]],
) -> None:
    answers = iter([LOCAL, PUBLIC])
    out = Egress(resolver=lambda _host, _port: [next(answers)])
    out.check("http://rebinding.test/")
    assert NOT_PRIVATE_MESSAGE in str(out.send("http://rebinding.test/", [], b"{}", 5).error)
    assert connected_addresses == []


def test_a_connection_that_reached_another_address_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with run_receiver() as receiver:
        create_connection = socket.create_connection
        monkeypatch.setattr(
            socket,
            "create_connection",
            lambda _address, **options: create_connection((LOCAL, receiver.port), **options),
        )
        outcome = Egress().send("http://127.0.0.2:9/", [], b"{}", 5)
        assert "the connection to 127.0.0.2 reached 127.0.0.1 instead" in str(outcome.error)
        assert receiver.received == []


def test_the_next_address_of_a_name_is_tried_when_the_first_refuses() -> None:
    with run_receiver() as receiver:
        out = Egress(resolver=lambda _host, _port: ["127.0.0.3", LOCAL])
        assert out.send(f"http://two.test:{receiver.port}/", [], b"{}", 5).status == 200
        assert receiver.received[0].headers["host"] == f"two.test:{receiver.port}"


def test_a_delivery_arrives_as_one_post_with_its_headers_and_length() -> None:
    with run_receiver() as receiver:
        receiver.response_body = b"thanks"
        outcome = Egress().send(receiver.url("/h/ü?a=b c%20".replace(" ", "+")), [("X-A", "1")], b'{"a":1}', 5)
        (webhook,) = receiver.received
        assert (outcome.status, outcome.error, outcome.body) == (200, None, b"thanks")
        assert 0 < outcome.seconds < 60
        assert webhook.path == "/h/%C3%BC?a=b+c%20"
        assert webhook.body == b'{"a":1}'
        assert [name for name, _ in webhook.raw_headers] == ["Host", "X-A", "Content-Length", "Connection"]


def test_a_redirect_is_not_followed() -> None:
    with run_receiver() as receiver:
        receiver.response_statuses = [302]
        outcome = Egress().send(receiver.url(), [], b"{}", 5)
        assert (outcome.status, outcome.is_delivered, len(receiver.received)) == (302, False, 1)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with run_receiver() as receiver:
        assert Egress().send(receiver.url(), [], b"{}", 5).status == 200


@contextmanager
def serve_raw(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Runs a raw TCP receiver: `talk` gets the connection after the request."""
    with closing(socket.create_server((LOCAL, 0))) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.recv(65_536)
                with suppress(OSError):
                    talk(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://{LOCAL}:{server.getsockname()[1]}/"
        thread.join(60)
        assert not thread.is_alive()


def outcome_of(talk: Callable[[socket.socket], None], seconds: float = 5) -> SendResult:
    with serve_raw(talk) as url:
        return Egress().send(url, [], b"{}", seconds)


def send_slowly(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Again: 1\r\n")
        if Event().wait(0.02):
            return


def test_a_slow_receiver_has_the_timeout_for_the_whole_response() -> None:
    began = perf_counter()
    outcome = outcome_of(send_slowly, 0.3)
    assert outcome.error in ("no response within 0.3 s", "got more than 100 headers")
    assert perf_counter() - began < 60


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/"])
@pytest.mark.parametrize("over", [0, 5])
def test_no_connection_is_made_after_the_timeout(
    url: str, over: int, connected_addresses: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    instants = iter([100.0])
    monkeypatch.setattr(egress, "perf_counter", lambda: next(instants, 103.0 + over))
    outcome = Egress(resolver=resolver).send(url, [], b"{}", 3)
    assert (outcome.error, outcome.seconds, connected_addresses) == ("no response within 3 s", 3.0 + over, [])


def test_a_failed_delivery_has_its_duration_too(
    connected_addresses: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, error in (("http://127.0.0.1/", "refused by the test"), (f"http://{PUBLIC}/", "not sent")):
        instants = iter([100.0, *[101.0] * 9])
        monkeypatch.setattr(egress, "perf_counter", lambda instants=instants: next(instants))
        outcome = Egress().send(url, [], b"{}", 3)
        assert error in str(outcome.error)
        assert outcome.seconds == 1.0
    assert len(connected_addresses) == 1


def wait_for_the_end(connection: socket.socket) -> None:
    connection.settimeout(60)
    assert connection.recv(1) == b""


def test_a_silent_receiver_times_out() -> None:
    with serve_raw(wait_for_the_end) as url:
        outcome = Egress().send(url, [], b"{}", 0.1)
    assert (outcome.status, outcome.error) == (None, "no response within 0.1 s")
    assert 0.1 <= outcome.seconds < 60


def test_a_name_that_does_not_resolve_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    never, non_daemon_threads = Event(), []

    def resolve_slowly(_host: str, _port: int) -> list[str]:
        if not current_thread().daemon:
            non_daemon_threads.append(current_thread())
        return [LOCAL] if never.wait(60) else []

    out = Egress(resolver=resolve_slowly)
    assert out.send("http://slow.test/", [], b"{}", 0.05).error == "no response within 0.05 s"
    assert non_daemon_threads == []  # A daemon thread does not keep the server from ending.
    monkeypatch.setattr(egress, "RESOLVING_SECONDS", 0.05)
    with pytest.raises(Refusal, match="could not be resolved within"):
        out.check("http://slow.test/")
    never.set()


def test_only_the_beginning_of_a_long_response_is_read() -> None:
    sent: list[int] = []

    head = b"HTTP/1.1 200 OK\r\n\r\n"

    def flood(connection: socket.socket) -> None:
        connection.sendall(head)
        try:
            while len(sent) < 1_000:
                sent.append(connection.send(b"x" * 65_536))
        except OSError:
            sent.append(0)

    outcome = outcome_of(flood)
    assert outcome.is_delivered
    assert len(outcome.body) == MAX_READ_BYTES - len(head)
    assert sent[-1] == 0


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 200, b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.0 500 No\r\n\r\nsorry", 500, b"sorry"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\nok", 200, b"ok"),
        (b"", None, b""),
        (b"nonsense", None, b""),
        (b"\xff\xfe\x00", None, b""),
        (b"HTTP/1.1 2OO OK\r\n\r\n", None, b""),
        (b"HTTP/1.1 99999 OK\r\n\r\n", None, b""),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 200 + b"\r\n", None, b""),
        (b"HTTP/1.1 200 OK\r\nX-A: " + b"1" * 70_000 + b"\r\n\r\n", 200, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000, None, b""),
    ],
)
def test_every_response_of_a_receiver_is_an_outcome(answer: bytes, status: int | None, body: bytes) -> None:
    outcome = outcome_of(lambda connection: connection.sendall(answer))
    assert (outcome.status, outcome.body, outcome.error is None) == (status, body, status is not None)


def test_a_closed_connection_is_an_outcome() -> None:
    outcome = outcome_of(lambda connection: connection.shutdown(socket.SHUT_RDWR))
    assert (outcome.status, outcome.error is not None) == (None, True)


def test_a_refused_connection_is_an_outcome() -> None:
    with closing(socket.create_server((LOCAL, 0))) as server:
        port = server.getsockname()[1]
    assert "refused" in str(Egress().send(f"http://127.0.0.1:{port}/", [], b"{}", 5).error)


def test_a_receiver_without_tls_is_an_outcome() -> None:
    with serve_raw(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        outcome = Egress().send(url.replace("http:", "https:"), [], b"{}", 5)
    assert outcome.status is None
    assert outcome.error


def test_a_header_that_cannot_be_encoded_is_an_outcome() -> None:
    with run_receiver() as receiver:
        outcome = Egress().send(receiver.url(), [("X-A", "€")], b"{}", 5)
        assert (outcome.status, receiver.received) == (None, [])


def test_reading_ends_at_the_limit_for_any_chunk_size() -> None:
    reader_end, writer_end = socket.socketpair()
    with reader_end, writer_end:
        reader = egress._DeadlineReader(reader_end, perf_counter() + 60)
        writer_end.sendall(b"x" * 100)
        sizes = [reader.readinto(bytearray(8_192))]
        assert sizes == [100]
        writer = Thread(target=lambda: writer_end.sendall(b"x" * MAX_READ_BYTES), daemon=True)
        writer.start()
        while sizes[-1]:
            sizes.append(reader.readinto(bytearray(8_192)))
        assert sum(sizes) == MAX_READ_BYTES
        writer.join(60)


@pytest.mark.parametrize("network", ["93.184.216.77/24", "93.184.216.34", "93.184.216.35/31", "93.0.0.1/8"])
def test_an_allowed_network_may_have_host_bits(network: str) -> None:
    Egress([network]).check(f"http://{PUBLIC}/")
    for outside in ("http://94.184.216.34/", "http://[2606:2800:220:1::1]/"):
        with pytest.raises(Refusal, match=NOT_PRIVATE_MESSAGE):
            Egress([network]).check(outside)


def test_an_allowed_ipv6_network_allows_exactly_its_addresses() -> None:
    out = Egress(["2606:2800:220:1::9/64"])
    out.check("http://[2606:2800:220:1:ffff::1]/")
    for outside in ("http://[2606:2800:220:2::1]/", f"http://{PUBLIC}/"):
        with pytest.raises(Refusal, match=NOT_PRIVATE_MESSAGE):
            out.check(outside)


@pytest.mark.parametrize("name", ["public.test", "PUBLIC.Test", "Public.Test"])
def test_allowed_hosts_are_case_insensitive(name: str) -> None:
    for allowed in ("public.test", "Public.TEST"):
        Egress([allowed], resolver=lambda _host, _port: [PUBLIC]).check(f"http://{name}/")
    with pytest.raises(Refusal, match=NOT_PRIVATE_MESSAGE):
        Egress(["other.test"], resolver=lambda _host, _port: [PUBLIC]).check(f"http://{name}/")


@pytest.mark.parametrize("size", [0, 1, MAX_READ_BYTES - 1, MAX_READ_BYTES, MAX_READ_BYTES + 1, 3 * MAX_READ_BYTES + 7])
def test_a_body_of_any_size_arrives_intact(size: int) -> None:
    body = bytes(nth % 251 for nth in range(size))
    with run_receiver() as receiver:
        assert Egress().send(receiver.url(), [("Content-Type", "x/y")], body, 20).status == 200
    (webhook,) = receiver.received
    assert webhook.body == body
    assert webhook.headers["content-length"] == str(size)


@pytest.mark.parametrize("url", ["http://10.1.2.3:8080/", "http://[fd12::1]:8080/"])
def test_a_server_on_all_interfaces_calls_no_local_address_with_its_port(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Egress()
    out.exclude("0.0.0.0", 8080)
    monkeypatch.setattr(egress, "_is_local", lambda _address: False)
    out.check(url)
    with pytest.raises(Refusal, match="that is this server itself"):
        out.check("http://127.0.0.1:8080/")
    monkeypatch.setattr(egress, "_is_local", lambda _address: True)
    with pytest.raises(Refusal, match="that is this server itself"):
        out.check(url)
    out.check(url.replace("8080", "8081"))


@pytest.mark.parametrize("name", ["", "?a=b", "/", "/a?b=c", "/%41", "/a?b?c"])
def test_path_and_query_of_a_url_arrive_unchanged(name: str) -> None:
    with run_receiver() as receiver:
        Egress().send(receiver.url("") + name, [], b"x", 20)
    assert [webhook.path for webhook in receiver.received] == [name if name.startswith("/") else f"/{name}"]


class SlowConnection:
    """A connection on which every read and write takes a second of a fake clock."""

    def __init__(self, response: bytes = b"", peer: str = LOCAL) -> None:
        self.now, self.response_body, self.peer = 100.0, response, peer
        self.connecting = 0.0
        self.timeouts: list[float] = []
        self.sent: list[bytes] = []
        self.closed = False

    def connect(self, _address: tuple[str, int], *, timeout: float) -> SlowConnection:
        self.timeouts.append(timeout)
        self.now += self.connecting
        return self

    def getpeername(self) -> tuple[str, int]:
        return self.peer, 80

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def sendall(self, data: bytes) -> None:
        self.now += 1
        self.sent.append(data)

    def recv_into(self, buffer: memoryview) -> int:
        self.now += 1
        line, end, self.response_body = self.response_body.partition(b"\n")
        buffer[: len(line + end)] = line + end
        return len(line + end)

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> SlowConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowConnection:
    connection = SlowConnection()
    monkeypatch.setattr(egress, "perf_counter", lambda: connection.now)
    monkeypatch.setattr(socket, "create_connection", connection.connect)
    return connection


def test_every_chunk_is_sent_with_the_remaining_time_as_timeout(slow: SlowConnection) -> None:
    outcome = Egress().send("http://127.0.0.1/", [], b"x" * (9 * MAX_READ_BYTES), 3)
    assert (outcome.error, outcome.seconds) == ("no response within 3 s", 3.0)
    assert slow.timeouts == [3.0, 3.0, 2.0, 1.0]
    assert [len(chunk) for chunk in slow.sent] == [MAX_READ_BYTES] * 3
    assert slow.closed


def test_every_line_is_read_with_the_remaining_time_as_timeout(slow: SlowConnection) -> None:
    slow.response_body = b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 9
    outcome = Egress().send("http://127.0.0.1/", [], b"{}", 5)
    assert (outcome.error, outcome.seconds) == ("no response within 5 s", 5.0)
    assert slow.timeouts == [5.0, 5.0, 4.0, 3.0, 2.0, 1.0]


def test_a_response_just_before_the_timeout_counts(slow: SlowConnection) -> None:
    slow.response_body = b"HTTP/1.1 204 No Content\r\n\r\n"
    outcome = Egress().send("http://127.0.0.1/", [], b"{}", 3.5)
    assert (outcome.status, outcome.error, outcome.seconds) == (204, None, 3.0)


def test_a_connection_to_another_address_is_closed(slow: SlowConnection) -> None:
    slow.peer = "10.0.0.1"
    outcome = Egress().send("http://127.0.0.1/", [], b"{}", 3)
    assert outcome.error == "not sent: url: the connection to 127.0.0.1 reached 10.0.0.1 instead"
    assert (slow.closed, slow.sent) == (True, [])


class Trust:
    """An SSL context that rejects every certificate."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.server_names: list[str] = []

    def load_verify_locations(self, file: Path) -> None:
        self.files.append(file)

    def wrap_socket(self, _connection: SlowConnection, *, server_hostname: str) -> None:
        self.server_names.append(server_hostname)
        raise ssl.SSLCertVerificationError("untrusted by the test")


@pytest.mark.parametrize(("connecting", "ca_file"), [(0, None), (1, Path("own.pem")), (3, None)])
def test_the_tls_handshake_checks_the_host_name_within_the_remaining_time(
    slow: SlowConnection, connecting: int, ca_file: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = Trust()
    monkeypatch.setattr(ssl, "create_default_context", lambda: trust)
    slow.connecting = connecting
    out = Egress(resolver=lambda _host, _port: [LOCAL], ca_file=ca_file)
    outcome = out.send("https://Receiver.test/", [], b"{}", 3)
    if connecting == 3:
        assert (outcome.error, trust.server_names) == ("no response within 3 s", [])
        return
    assert "untrusted by the test" in str(outcome.error)
    assert slow.timeouts == [3.0, 3.0 - connecting]
    assert (trust.server_names, trust.files) == (["receiver.test"], [ca_file] if ca_file else [])


def test_resolving_at_registration_takes_at_most_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Event()
    instants = iter([100.0])
    monkeypatch.setattr(egress, "perf_counter", lambda: next(instants, 109.999))
    with pytest.raises(Refusal, match="could not be resolved within 10 s"):
        Egress(resolver=lambda _host, _port: [LOCAL] if never.wait(60) else []).check("http://slow.test/")
    never.set()


def test_resolve_returns_each_address_once_in_the_order_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        calls.append((host, port, options))
        return [(None, None, 6, "", (each, port)) for each in ("::1", LOCAL, "::1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert egress.resolve("two.test", 8080) == ["::1", LOCAL, "10.0.0.1"]
    assert calls == [("two.test", 8080, {"type": socket.SOCK_STREAM})]


@pytest.mark.parametrize("address", ["::", "::2", "::3", "::ffff", "::0.255.255.255"])
def test_unspecified_and_reserved_ipv6_addresses_are_never_called(address: str) -> None:
    with pytest.raises(Refusal, match=NEVER_CALLED_MESSAGE):
        Egress(["any"]).check(f"http://[{address}]/")
    Egress(["any"]).check("http://[::1]/")


@pytest.mark.parametrize(("address", "family"), [("10.1.2.3", socket.AF_INET), ("fd12::1", socket.AF_INET6)])
@pytest.mark.parametrize("is_local", [True, False])
def test_an_address_is_local_if_a_socket_can_be_bound_to_it(
    address: str, family: int, is_local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    class Probe:
        def __init__(self, *kind: int) -> None:
            calls.append(kind)

        def bind(self, address: tuple[str, int]) -> None:
            calls.append(address)
            if not is_local:
                raise OSError("Cannot assign requested address")

        def __enter__(self) -> Probe:
            return self

        def __exit__(self, *_: object) -> None:
            calls.append("closed")

    monkeypatch.setattr(socket, "socket", Probe)
    assert egress._is_local(ip_address(address)) is is_local
    assert calls == [(family, socket.SOCK_DGRAM), (address, 0), "closed"]
