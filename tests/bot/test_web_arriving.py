"""How calls arrive: read as they come, answered once they are whole, hung up on when they are too slow."""

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from bot.web import arriving
from bot.web.arriving import HEAD_MOST, WAITING_MOST, PatientWorker
from bot.web.bodies import BODY_MOST

HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answers what was sent."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Served(NamedTuple):
    """A worker on loopback, turned by hand."""

    worker: PatientWorker
    address: tuple[str, int]

    def calls(self, said: bytes = b"") -> socket.socket:
        """Somebody connects, and says this much."""
        line = socket.create_connection(self.address, timeout=5)
        line.sendall(said)
        self.turn_until(lambda: self.worker.nr_conns > 0)
        return line

    def turn(self) -> None:
        """Do what there is to do now."""
        self.worker.wait_for_and_dispatch_events(0.01)

    def turn_until(self, so: Callable[[], bool]) -> None:
        """Work on until something is so."""
        deadline = time.monotonic() + 5
        while not so():
            assert time.monotonic() < deadline
            self.turn()

    def answered(self, line: socket.socket) -> bytes:
        """All that comes back."""
        line.settimeout(0)
        came: list[bytes] = []

        def ended() -> bool:
            try:
                came.append(line.recv(65_536))
            except BlockingIOError:
                return False
            except ConnectionResetError:
                return True
            return came[-1] == b""

        self.turn_until(ended)
        return b"".join(came)


@pytest.fixture
def served() -> Iterator[Served]:
    config = Config()
    for name, value in {"threads": 2, "keepalive": 0, "worker_connections": 400}.items():
        config.set(name, value)
    with socket.create_server(("127.0.0.1", 0), backlog=400) as listener:
        worker = PatientWorker(1, 1, [listener], None, 30, config, Logger(config))
        worker.tpool, worker.poller = worker.get_thread_pool(), selectors.DefaultSelector()
        worker.wsgi = echo
        worker.method_queue.init()
        queued = worker.method_queue
        worker.poller.register(queued.fileno(), selectors.EVENT_READ, queued.run_callbacks)
        worker.set_accept_enabled(True)
        yield Served(worker, listener.getsockname())
        worker.tpool.shutdown()
        for conn in list(worker.pending_conns):
            conn.close()
        worker.poller.close()
        queued.close()
        worker.tmp.close()


def test_a_call_in_pieces_is_answered_once_it_is_whole(served: Served):
    with served.calls(HEAD[:20]) as line:
        for piece in (HEAD[20:], b"pi", b"ng"):
            served.turn()
            line.sendall(piece)
        answer = served.answered(line)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\nping")
    served.turn_until(lambda: served.worker.nr_conns == 0)


def test_more_slow_callers_than_threads_keep_nobody_waiting(served: Served):
    slow = [served.calls(said) for said in (b"", HEAD[:20], HEAD + b"p") for _ in range(9)]
    with served.calls(HEAD + b"ping") as line:
        assert served.answered(line).endswith(b"ping")
    assert len(served.worker.pending_conns) >= len(slow)
    for one in slow:
        one.close()


def test_a_caller_who_does_not_hang_up_keeps_nobody_waiting(served: Served):
    with served.calls(HEAD + b"ping") as lingering, served.calls(HEAD + b"pong") as line:
        assert served.answered(lingering).endswith(b"ping")
        assert served.answered(line).endswith(b"pong")
        lingering.sendall(b"and another thing")
        served.turn()
        assert served.worker.nr_conns >= 1
        lingering.sendall(b"a" * (HEAD_MOST + BODY_MOST))
        line.close()
        served.turn_until(lambda: served.worker.nr_conns == 0)


def test_what_takes_too_long_is_hung_up_on(served: Served, monkeypatch: pytest.MonkeyPatch):
    with served.calls() as in_time:
        monkeypatch.setattr(arriving, "ARRIVES_WITHIN", 0.0)
        with socket.create_connection(served.address) as late:
            served.turn_until(lambda: served.worker.nr_conns == 2)
            served.worker.murder_pending()
            assert served.answered(late) == b""
        assert served.worker.nr_conns == 1
        in_time.sendall(HEAD + b"ping")
        assert served.answered(in_time).endswith(b"ping")


def test_of_too_many_who_wait_the_first_is_hung_up_on(served: Served):
    lines = []
    for number in range(WAITING_MOST + 1):
        lines.append(socket.create_connection(served.address))
        served.turn_until(lambda number=number: served.worker.nr_conns >= min(number + 1, WAITING_MOST))  # type: ignore[misc]
    served.turn_until(lambda: len(served.worker.pending_conns) == WAITING_MOST)
    assert served.answered(lines[0]) == b""
    lines[-1].sendall(HEAD + b"ping")
    assert served.answered(lines[-1]).endswith(b"ping")
    for line in lines:
        line.close()


@pytest.mark.parametrize("said", [b"a" * (HEAD_MOST + 1), b"\r\n" * HEAD_MOST])
def test_what_is_no_call_is_hung_up_on_or_refused(served: Served, said: bytes):
    with served.calls(said) as line:
        assert not served.answered(line).startswith(b"HTTP/1.1 200")
    served.turn_until(lambda: served.worker.nr_conns == 0)


def test_whoever_hangs_up_before_the_end_is_forgotten(served: Served):
    served.calls().close()
    served.turn_until(lambda: served.worker.nr_conns == 0)
    served.calls(HEAD + b"p").close()
    served.turn_until(lambda: served.worker.nr_conns == 0)
    reset = served.calls(HEAD[:20])
    reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    reset.close()
    served.turn_until(lambda: served.worker.nr_conns == 0)


def test_what_was_closed_since_it_became_readable_is_left_alone(served: Served):
    with served.calls() as line:
        (conn,) = served.worker.pending_conns
        line.sendall(HEAD)
        served.worker._close(conn)
        served.worker.on_pending_socket_readable(conn, conn.sock)
    assert served.worker.nr_conns == 0


def test_a_connection_that_is_gone_when_it_is_taken_is_nothing(served: Served):
    (listener,) = served.worker.sockets
    served.worker.accept(listener)
    assert served.worker.nr_conns == 0
    with served.calls():
        (conn,) = served.worker.pending_conns
        served.worker.on_pending_socket_readable(conn, conn.sock)
        assert list(served.worker.pending_conns) == [conn]


def test_a_listener_that_is_broken_is_a_failure(served: Served):
    with socket.socket() as broken, pytest.raises(OSError, match="Invalid argument"):
        served.worker.accept(broken)
