"""The server behind `testmode serve`: gevent's pywsgi accepts, and a handler of ours speaks HTTP."""

import contextlib
import logging
import os
import resource
import signal
from collections.abc import Callable
from functools import partial
from io import BytesIO
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent import events, monkey, socket
from gevent.event import Event
from gevent.hub import GreenletExit
from gevent.pywsgi import WSGIServer
from gevent.socket import wait_read

from mockserver.http.connection import Connection, RequestBody, open_body
from mockserver.http.parser import HEADERS_KEY, ProtocolError, Request, parse_head
from mockserver.http.response import DISCONNECT_ERRORS, ResponseWriter

if TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed.wsgi import WSGIApplication

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

BACKLOG: Final = 4096
MAX_DESCRIPTORS: Final = 65_536

log = logging.getLogger(__name__)


def patch_standard_library() -> None:
    """Make the standard library wait without blocking; to be called before anything else is imported."""
    # Nothing here starts a process; TLS stays patched, or delivering a webhook over https would stop every request.
    # It would look for plug-ins of its own in every installed package, nineteen times over: a tenth of a second.
    events.notify_and_call_entry_points = events.notify
    # gevent's os.close waits for the next event: a reset that the application asks for would reach the client late.
    monkey.patch_all(os=False, subprocess=False, signal=False)


def threadpool_fsync(fd: int) -> None:
    """`os.fsync` during which other requests go on; raises what it raises."""
    gevent.get_hub().threadpool.apply(os.fsync, (fd,))


def yield_to_greenlets() -> None:
    """Let everybody on who has something to do just now."""
    gevent.sleep(0)


class ConnectionHandler:
    """One accepted connection until its close; pywsgi makes it and calls `handle`, its documented contract."""

    def __init__(self, server: "Server", sock: socket.socket, address: tuple[Any, ...], _server: WSGIServer) -> None:
        self.connection = Connection(sock, server.head_seconds, server.idle_seconds)
        self._server = server
        self._address = address

    def handle(self) -> None:
        """Answer request after request; pywsgi closes the socket afterwards."""
        self._server.handlers.add(self)
        try:
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._server.tls is not None:
                self.connection.start_tls(self._server.tls)
            while self._serve_one():
                # One busy connection would otherwise keep all the others waiting; and by its next turn the next request
                # is mostly there already, and costs no wait.
                gevent.sleep(0)
        except OSError as error:
            log.debug("A connection ended: %s", error)
        finally:
            self._server.handlers.discard(self)
            # With TLS the socket is no longer the one that pywsgi knows.
            self.connection.sock.close()

    def _serve_one(self) -> bool:
        try:
            head = self.connection.read_head()
            if head is None:
                return False
            request = parse_head(head)
        except ProtocolError as refusal:
            return self._refuse(refusal)
        stream, body = open_body(self.connection, request) if request.header_section.length else (BytesIO(), None)
        environ = self._environ(request, stream)
        exchange = ResponseWriter(self._server.draining.is_set, self.connection, request, body)
        return self._run_application(exchange, environ, body)

    def _run_application(self, exchange: ResponseWriter, environ: dict[str, Any], body: RequestBody | None) -> bool:
        try:
            exchange.run(self._server.app, environ)
        except ProtocolError as refusal:
            return not exchange.head_sent and self._refuse(refusal)
        except DISCONNECT_ERRORS:
            # The client went away, or the application took the socket over and has done with it.
            return False
        except GreenletExit:
            raise
        except BaseException:
            log.exception("%s %s failed in the application.", environ["REQUEST_METHOD"], environ["REQUEST_URI"])
            return not exchange.head_sent and self._refuse(
                ProtocolError(500, "The application failed; its log says how.")
            )
        return self._finish_response(exchange, body)

    def _finish_response(self, exchange: ResponseWriter, body: RequestBody | None) -> bool:
        if exchange.keep_alive and not self._server.draining.is_set() and (body is None or body.discard()):
            return True
        if self.connection.buffer or (body is not None and body.remaining):
            self.connection.linger()
        return False

    def _refuse(self, refusal: ProtocolError) -> bool:
        self.connection.send(refusal.to_bytes())
        self.connection.linger()
        return False

    def _environ(self, request: Request, stream: Any) -> dict[str, Any]:
        line, block = request
        environ = self._server.base_environ | block.fields
        environ["REQUEST_METHOD"] = line.method
        environ["RAW_URI"] = environ["REQUEST_URI"] = line.target
        environ["PATH_INFO"] = line.path
        environ["QUERY_STRING"] = line.query
        environ["SERVER_PROTOCOL"] = line.version
        environ["REMOTE_ADDR"] = self._address[0]
        environ["REMOTE_PORT"] = str(self._address[1])
        environ["wsgi.input"] = stream
        environ[HEADERS_KEY] = block.headers
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
        listener: socket.socket | None = None,
        tls: "SSLContext | None" = None,
    ) -> None:
        self.app = app
        self.tls = tls
        self.head_seconds = head_seconds
        self.idle_seconds = idle_seconds
        self.draining = Event()
        """Set when the server finishes what is in flight and takes no more."""
        self.handlers: set[ConnectionHandler] = set()
        self.base_environ: dict[str, Any] = {}
        self._drain_seconds = drain_seconds
        self._on_draining = on_draining
        self._stop = Event()
        self._second_signal = Event()
        self._listener = self._create_listener(host, port, listener)

    def _create_listener(self, host: str, port: int, listener: socket.socket | None) -> WSGIServer:
        environ = {"SERVER_NAME": host, "wsgi.multithread": True, "wsgi.input_terminated": True}
        # With several processes at one socket pywsgi takes one connection at a time, so that each gets some.
        environ["wsgi.multiprocess"] = listener is not None
        return WSGIServer(
            listener or (host, port),
            self.app,
            backlog=None if listener else BACKLOG,
            log=None,
            error_log=log,
            handler_class=partial(ConnectionHandler, self),
            environ=environ,
        )

    def start(self) -> str:
        """Bind, accept from now on, and say under which URL. Raises OSError when the port is not to be had."""
        _raise_descriptor_limit()
        self._listener.start()
        scheme = "https" if self.tls else "http"
        self.base_environ = self._listener.get_environ() | {"wsgi.url_scheme": scheme}
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self._on_signal)
        gevent.spawn(self._enforce_deadlines)
        self.address = self._listener.socket.getsockname()[:2]
        return server_url(*self.address, scheme=scheme)

    def stop_when_readable(self, descriptor: int) -> None:
        """Stop as at a signal once a descriptor can be read from: the end of a pair whose other end is gone."""

        def watch() -> None:
            wait_read(descriptor)
            self._stop.set()

        gevent.spawn(watch)

    def serve_until_stopped(self) -> None:
        """Serve until SIGTERM or SIGINT, then finish what is in flight; a second signal does not wait for that."""
        self._stop.wait()
        self.draining.set()
        self._close_listener()
        self._on_draining()
        # The connections just let in become handlers once their greenlets have begun.
        gevent.sleep(0)
        now = monotonic()
        for handler in list(self.handlers):
            handler.connection.close_if_idle(now)
        while self.handlers and monotonic() < now + self._drain_seconds and not self._second_signal.wait(0.02):
            pass

    def _close_listener(self) -> None:
        self._listener.stop_accepting()
        # Closing the listener resets the connections that the kernel has accepted and we have not yet.
        with contextlib.suppress(OSError):
            while accepted := self._listener.do_read():
                self._listener.do_handle(*accepted)
        self._listener.close()

    def _on_signal(self) -> None:
        (self._second_signal if self._stop.is_set() else self._stop).set()

    def _enforce_deadlines(self) -> None:
        # One timer for all connections, so that no request pays for making and cancelling its own.
        pause = min(1.0, self.head_seconds / 4, self.idle_seconds / 4)
        while True:
            gevent.sleep(pause)
            now = monotonic()
            for handler in list(self.handlers):
                handler.connection.check_deadline(now)


def server_url(host: str, port: int, *, scheme: str = "http") -> str:
    """The URL of a server that listens there."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
