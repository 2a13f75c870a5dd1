"""The server of ``testmode serve``: gevent's pywsgi accepts connections, and ConnectionHandler speaks HTTP."""

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
"""The limit of open files that the server sets for itself, if the system allows it."""

log = logging.getLogger(__name__)


def patch_standard_library() -> None:
    """Applies gevent's monkey patches; must be called before any other import."""
    # Otherwise gevent searches all installed packages for plug-ins nineteen times, which takes a tenth of a second.
    events.notify_and_call_entry_points = events.notify
    # os is not patched, because gevent's os.close waits for the next event, so a TCP reset would reach the client late.
    # subprocess is not patched, because this process starts none. TLS is patched, because otherwise a webhook over
    # https would block every request.
    monkey.patch_all(os=False, subprocess=False, signal=False)


def threadpool_fsync(fd: int) -> None:
    """Calls ``os.fsync`` in a thread, so that other greenlets run during it."""
    gevent.get_hub().threadpool.apply(os.fsync, (fd,))


def yield_to_greenlets() -> None:
    """Runs every other greenlet that is ready."""
    gevent.sleep(0)


class ConnectionHandler:
    """Handles one accepted connection; pywsgi creates it and calls ``handle``, as documented for ``handler_class``."""

    def __init__(self, server: "Server", sock: socket.socket, address: tuple[Any, ...], _server: WSGIServer) -> None:
        self.connection = Connection(sock, server.head_seconds, server.idle_seconds)
        self._server = server
        self._address = address

    def handle(self) -> None:
        """Serves requests until the connection ends; pywsgi closes the socket afterwards."""
        self._server.handlers.add(self)
        try:
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._server.tls is not None:
                self.connection.start_tls(self._server.tls)
            while self._serve_one():
                # Other connections run now. The client's next request usually arrives in this time.
                gevent.sleep(0)
        except OSError as error:
            log.debug("A connection ended: %s", error)
        finally:
            self._server.handlers.discard(self)
            # pywsgi closes only the plain socket; with TLS this is another one.
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
        writer = ResponseWriter(self._server.draining.is_set, self.connection, request, body)
        return self._run_application(writer, environ, body)

    def _run_application(self, writer: ResponseWriter, environ: dict[str, Any], body: RequestBody | None) -> bool:
        try:
            writer.run(self._server.app, environ)
        except ProtocolError as refusal:
            return not writer.head_sent and self._refuse(refusal)
        except DISCONNECT_ERRORS:
            # The client disconnected, or the application took over the socket and has finished.
            return False
        except GreenletExit:
            raise
        except BaseException:
            log.exception("%s %s failed in the application.", environ["REQUEST_METHOD"], environ["REQUEST_URI"])
            return not writer.head_sent and self._refuse(
                ProtocolError(500, "The application failed; the server's log has the traceback.")
            )
        return self._finish_response(writer, body)

    def _finish_response(self, writer: ResponseWriter, body: RequestBody | None) -> bool:
        if writer.keep_alive and not self._server.draining.is_set() and (body is None or body.discard()):
            return True
        if self.connection.buffer or (body is not None and body.remaining):
            self.connection.linger()
        return False

    def _refuse(self, refusal: ProtocolError) -> bool:
        self.connection.send(refusal.to_bytes())
        self.connection.linger()
        return False

    def _environ(self, request: Request, stream: Any) -> dict[str, Any]:
        line, header_section = request
        environ = self._server.base_environ | header_section.fields
        environ["REQUEST_METHOD"] = line.method
        environ["RAW_URI"] = environ["REQUEST_URI"] = line.target
        environ["PATH_INFO"] = line.path
        environ["QUERY_STRING"] = line.query
        environ["SERVER_PROTOCOL"] = line.version
        environ["REMOTE_ADDR"] = self._address[0]
        environ["REMOTE_PORT"] = str(self._address[1])
        environ["wsgi.input"] = stream
        environ[HEADERS_KEY] = header_section.headers
        environ["werkzeug.socket"] = self.connection.sock
        return environ


class Server:
    """Serves a WSGI application on a port until a signal; one per process, created in the main thread."""

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
        """Set when the server has stopped accepting connections and finishes the calls in flight."""
        self.handlers: set[ConnectionHandler] = set()
        self.base_environ: dict[str, Any] = {}
        self._drain_seconds = drain_seconds
        self._on_draining = on_draining
        self._stop = Event()
        self._second_signal = Event()
        self._listener = self._create_listener(host, port, listener)

    def _create_listener(self, host: str, port: int, listener: socket.socket | None) -> WSGIServer:
        environ = {"SERVER_NAME": host, "wsgi.multithread": True, "wsgi.input_terminated": True}
        # With wsgi.multiprocess pywsgi accepts one connection at a time, so each process gets connections.
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
        """Starts to accept connections and returns the URL; raises OSError if the port is not available."""
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
        """Stops as after SIGTERM when the descriptor becomes readable, because the supervisor closed the other end."""

        def watch() -> None:
            wait_read(descriptor)
            self._stop.set()

        gevent.spawn(watch)

    def serve_until_stopped(self) -> None:
        """Serves until SIGTERM or SIGINT, then finishes the calls in flight; a second signal stops at once."""
        self._stop.wait()
        self.draining.set()
        self._close_listener()
        self._on_draining()
        # Connections that were just accepted add themselves to handlers when their greenlets start.
        gevent.sleep(0)
        now = monotonic()
        for handler in list(self.handlers):
            handler.connection.close_if_idle(now)
        while self.handlers and monotonic() < now + self._drain_seconds and not self._second_signal.wait(0.02):
            pass

    def _close_listener(self) -> None:
        self._listener.stop_accepting()
        # Closing the listener would reset the connections that the kernel has accepted but this process has not.
        with contextlib.suppress(OSError):
            while accepted := self._listener.do_read():
                self._listener.do_handle(*accepted)
        self._listener.close()

    def _on_signal(self) -> None:
        (self._second_signal if self._stop.is_set() else self._stop).set()

    def _enforce_deadlines(self) -> None:
        # One timer for all connections is cheaper than creating and cancelling one for each request.
        pause = min(1.0, self.head_seconds / 4, self.idle_seconds / 4)
        while True:
            gevent.sleep(pause)
            now = monotonic()
            for handler in list(self.handlers):
                handler.connection.check_deadline(now)


def server_url(host: str, port: int, *, scheme: str = "http") -> str:
    """Returns the URL of a server; an IPv6 address gets brackets."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
