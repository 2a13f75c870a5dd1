"""The server behind `testmode serve`: gevent's pywsgi accepts, and a handler of ours speaks HTTP."""

import contextlib
import logging
import os
import resource
import signal
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent import monkey, socket
from gevent.event import Event
from gevent.hub import GreenletExit
from gevent.pywsgi import WSGIServer

from mockserver.framing import MAX_UNREAD, Body, Connection, Refusal, Request, check_reply, open_body, parse_head

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

BACKLOG: Final = 4096
MAX_DESCRIPTORS: Final = 65_536
_ONE_SEND: Final = 64 * 1024
_GONE: Final = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError)
_BODILESS: Final = ("204", "304")

log = logging.getLogger(__name__)


def patch() -> None:
    """Make the standard library wait without blocking; to be called before anything else is imported."""
    # Nothing here starts a process; TLS stays patched, or delivering a webhook over https would stop every request.
    # gevent's os.close waits for the next event: a reset that the application asks for would reach the client late.
    monkey.patch_all(os=False, subprocess=False, signal=False)


def threadpool_fsync(fd: int) -> None:
    """`os.fsync` during which other requests go on; raises what it raises."""
    gevent.get_hub().threadpool.apply(os.fsync, (fd,))


class Exchange:
    """One request's answer on its way out: the `start_response` and `write` of PEP 3333."""

    def __init__(self, gate: "Server", connection: Connection, request: Request, body: Body | None) -> None:
        self.keep_alive = request.keep_alive
        self.head_sent = False
        self._gate = gate
        self._connection = connection
        self._request = request
        self._body = body
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._bodiless = request.method == "HEAD"
        self._chunked = False
        self._length: int | None = None
        self._sent = 0

    def run(self, app: "WSGIApplication", environ: dict[str, Any]) -> None:
        """Let the application answer; raises whatever it or the connection raises."""
        result = app(environ, self.start_response)
        try:
            self._send_all(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Take the head of the answer; raises ValueError for one that must not be sent."""
        if exc_info is not None and self.head_sent and exc_info[1] is not None:
            raise exc_info[1].with_traceback(exc_info[2])
        check_reply(status, headers)
        self._status, self._headers = status, list(headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send a piece of the body, the first one together with the head."""
        if self.head_sent:
            self._connection.send(self._framed(data))
            return
        if self._body is not None and self._body.refusal is not None:
            # Whatever the application made of a body that broke off, the client broke the rules of HTTP.
            raise self._body.refusal
        head = self._compose()
        self.head_sent = True
        data = self._framed(data)
        if len(data) <= _ONE_SEND:
            self._connection.send(head + data)
        else:
            self._connection.send(head)
            self._connection.send(data)

    def _send_all(self, result: Iterable[bytes]) -> None:
        if isinstance(result, list | tuple):
            data = b"".join(result)
            self._length = len(data)
            result = (data,)
        for data in result:
            if data:
                self.write(data)
        if not self.head_sent:
            self.write(b"")
        if self._chunked:
            self._connection.send(b"0\r\n\r\n")
        elif self._length not in (None, self._sent) and not self._bodiless:
            log.error("The application announced %s octets and sent %s.", self._length, self._sent)
            self.keep_alive = False

    def _framed(self, data: bytes) -> bytes:
        if self._bodiless or not data:
            return b""
        self._sent += len(data)
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def _compose(self) -> bytes:
        if not self._status:
            raise RuntimeError("The application answered without calling start_response.")
        fields = {name.lower(): value for name, value in self._headers}
        self._delimit(fields)
        self._decide_persistence(fields.get("connection"))
        lines = "".join([f"{name}: {value}\r\n" for name, value in self._headers])
        return f"HTTP/1.1 {self._status}\r\n{lines}\r\n".encode("latin-1")

    def _delimit(self, fields: dict[str, str]) -> None:
        if "transfer-encoding" in fields:
            raise ValueError("Transfer-Encoding is the server's to send.")
        empty = self._status[:3] in _BODILESS
        if "content-length" in fields:
            self._length = int(fields["content-length"])
        elif self._length is not None and not (empty or self._bodiless):
            self._headers.append(("Content-Length", str(self._length)))
        elif not (empty or self._bodiless):
            self._delimit_unknown()
        self._bodiless = self._bodiless or empty

    def _delimit_unknown(self) -> None:
        if self._request.version == "HTTP/1.1":
            self._chunked = True
            self._headers.append(("Transfer-Encoding", "chunked"))
        else:
            self.keep_alive = False

    def _decide_persistence(self, connection: str | None) -> None:
        body = self._body
        if self._gate.draining:
            self.keep_alive = False
        if body is not None and (body.unasked or body.left > MAX_UNREAD):
            self.keep_alive = False
            # Leave to send it comes before an answer or not at all.
            body.unasked = False
        if connection is not None:
            self.keep_alive = self.keep_alive and connection.lower() != "close"
        elif not self.keep_alive:
            self._headers.append(("Connection", "close"))
        elif self._request.version == "HTTP/1.0":
            self._headers.append(("Connection", "keep-alive"))


class Handler:
    """One accepted connection until its close; pywsgi makes it and calls `handle`, its documented contract."""

    def __init__(self, gate: "Server", sock: socket.socket, address: tuple[Any, ...], _server: WSGIServer) -> None:
        self.connection = Connection(sock, gate.head_seconds, gate.idle_seconds)
        self._gate = gate
        self._address = address

    def handle(self) -> None:
        """Answer request after request; pywsgi closes the socket afterwards."""
        self._gate.handlers.add(self)
        try:
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self._serve_one():
                # One busy connection would otherwise keep all the others waiting.
                gevent.sleep(0)
        except OSError as error:
            log.debug("A connection ended: %s", error)
        finally:
            self._gate.handlers.discard(self)

    def _serve_one(self) -> bool:
        try:
            head = self.connection.head()
            if head is None:
                return False
            request = parse_head(head)
        except Refusal as refusal:
            return self._refuse(refusal)
        stream, body = open_body(self.connection, request)
        exchange = Exchange(self._gate, self.connection, request, body)
        return self._answer(exchange, self._environ(request, stream), body)

    def _answer(self, exchange: Exchange, environ: dict[str, Any], body: Body | None) -> bool:
        try:
            exchange.run(self._gate.app, environ)
        except Refusal as refusal:
            return not exchange.head_sent and self._refuse(refusal)
        except _GONE:
            # The client went away, or the application took the socket over and has done with it.
            return False
        except GreenletExit:
            raise
        except BaseException:
            log.exception("%s %s failed in the application.", environ["REQUEST_METHOD"], environ["REQUEST_URI"])
            return not exchange.head_sent and self._refuse(Refusal(500, "The application failed; its log says how."))
        return self._settle(exchange, body)

    def _settle(self, exchange: Exchange, body: Body | None) -> bool:
        if exchange.keep_alive and not self._gate.draining and (body is None or body.discard()):
            return True
        if self.connection.buffer or (body is not None and body.left):
            self.connection.linger()
        return False

    def _refuse(self, refusal: Refusal) -> bool:
        self.connection.send(refusal.answer())
        self.connection.linger()
        return False

    def _environ(self, request: Request, stream: Any) -> dict[str, Any]:
        environ = self._gate.base_environ | request.fields
        environ["REQUEST_METHOD"] = request.method
        environ["RAW_URI"] = environ["REQUEST_URI"] = request.target
        environ["PATH_INFO"] = request.path
        environ["QUERY_STRING"] = request.query
        environ["SERVER_PROTOCOL"] = request.version
        environ["REMOTE_ADDR"] = self._address[0]
        environ["REMOTE_PORT"] = str(self._address[1])
        environ["wsgi.input"] = stream
        environ["werkzeug.socket"] = self.connection.sock
        return environ


class Server:
    """A WSGI application on a port, from `start` to a drained stop; one per process, made in the main thread."""

    def __init__(
        self,
        app: "WSGIApplication",
        host: str,
        port: int,
        *,
        drain_seconds: float = 10.0,
        on_draining: Callable[[], None] = lambda: None,
        head_seconds: float = 30.0,
        idle_seconds: float = 75.0,
    ) -> None:
        self.app = app
        self.head_seconds = head_seconds
        self.idle_seconds = idle_seconds
        self.draining = False
        self.handlers: set[Handler] = set()
        self.base_environ: dict[str, Any] = {}
        self._drain_seconds = drain_seconds
        self._on_draining = on_draining
        self._stop = Event()
        self._again = Event()
        self._listener = WSGIServer(
            (host, port),
            app,
            backlog=BACKLOG,
            log=None,
            error_log=log,
            handler_class=partial(Handler, self),
            environ={"SERVER_NAME": host, "wsgi.multithread": True, "wsgi.input_terminated": True},
        )

    def start(self) -> str:
        """Bind, accept from now on, and say under which URL. Raises OSError when the port is not to be had."""
        _raise_descriptor_limit()
        self._listener.start()
        self.base_environ = self._listener.get_environ()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self._on_signal)
        gevent.spawn(self._sweep)
        host, port = self._listener.address[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def serve_until_stopped(self) -> None:
        """Serve until SIGTERM or SIGINT, then finish what is in flight; a second signal does not wait for that."""
        self._stop.wait()
        self.draining = True
        self._close_listener()
        self._on_draining()
        # The connections just let in become handlers once their greenlets have begun.
        gevent.sleep(0)
        now = monotonic()
        for handler in list(self.handlers):
            handler.connection.retire(now)
        while self.handlers and monotonic() < now + self._drain_seconds and not self._again.wait(0.02):
            pass

    def _close_listener(self) -> None:
        self._listener.stop_accepting()
        # Closing the listener resets the connections that the kernel has accepted and we have not yet.
        with contextlib.suppress(OSError):
            while accepted := self._listener.do_read():
                self._listener.do_handle(*accepted)
        self._listener.close()

    def _on_signal(self) -> None:
        (self._again if self._stop.is_set() else self._stop).set()

    def _sweep(self) -> None:
        # One timer for all connections, so that no request pays for making and cancelling its own.
        pause = min(1.0, self.head_seconds / 4, self.idle_seconds / 4)
        while True:
            gevent.sleep(pause)
            now = monotonic()
            for handler in list(self.handlers):
                handler.connection.expire(now)


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
