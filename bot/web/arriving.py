"""How calls arrive: one that is slow waits in a list, and no thread waits with it.

gunicorn hands each connection to a thread, which waits for what the caller sends, and then until the caller
hangs up: whoever opens as many slow connections as there are threads stops it (gunicorn's own
documentation wants a buffering proxy in front for that reason). Here a call is read as it comes, and a thread
gets it once it is whole. Every connection has a moment at which it is closed, and there are so many at most.

    accepted ─▶ arriving ─whole─▶ a thread answers ─▶ leaving ─▶ closed
                   └─ too slow, too long, or the oldest of too many ─▶ closed
"""

import errno
import re
import socket
import struct
import time
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Final, cast

from gunicorn.config import Config
from gunicorn.http import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker

from bot.web.bodies import BODY_MOST, PAGER_BODY_MOST, PAGERS

_FROM_A_PAGER: Final = f"POST {PAGERS}".encode()
HEAD_MOST: Final = 32_768
"""The most bytes of a call before its body."""
CONNECTIONS_MOST: Final = 512
"""How many connections are open at once, those that are answered included."""
WAITING_MOST: Final = 256
"""How many of them may wait for the rest of a call; one more closes the one that waits longest."""
ARRIVES_WITHIN: Final = 10.0
"""How many seconds a call may take to arrive."""
_LEAVES_WITHIN: Final = 2.0
_STALLS_AT_MOST: Final = 5
_PIECE: Final = 65_536
_HEAD_ENDS: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_NOTHING_WRONG: Final = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED}


def is_whole(arrived: bytearray) -> bool:
    """Whether nothing more has to be waited for; what is wrong in its head is for the server to refuse."""
    end = arrived.find(_HEAD_ENDS)
    if end < 0:
        return False
    lengths = _LENGTH.findall(arrived[:end] + b"\r\n")
    if len(lengths) != 1 or int(lengths[0]) > _body_most(arrived):
        return True
    return len(arrived) - end - len(_HEAD_ENDS) >= int(lengths[0])


def _body_most(arrived: bytearray) -> int:
    return PAGER_BODY_MOST if arrived.startswith(_FROM_A_PAGER) else BODY_MOST


def is_too_long(arrived: bytearray) -> bool:
    """Whether no call begins like that."""
    return len(arrived) > HEAD_MOST and arrived.find(_HEAD_ENDS) < 0


class Connection(TConn):
    """A caller's connection: what arrived of its call so far, or what came after the answer."""

    def __init__(
        self, cfg: Config, sock: socket.socket, client: tuple[str, int], server: tuple[str, int]
    ) -> None:
        super().__init__(cfg, sock, client, server)
        self.arrived = bytearray()
        self.answered = False

    def closes_at(self, moment: float) -> None:
        """Close it then, by the monotonic clock, whatever came of it."""
        self.timeout = moment

    def read_whole(self) -> None:
        """Let the server read what arrived before anything else."""
        self.init()
        cast("RequestParser", self.parser).unreader.unread(bytes(self.arrived))


class PatientWorker(ThreadWorker):
    """gunicorn's threads, none of which waits for a caller."""

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, and wait for its call."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno not in _NOTHING_WRONG:
                raise
            return
        for stalls in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # the kernel's, whatever python sets
            sock.setsockopt(socket.SOL_SOCKET, stalls, struct.pack("ll", _STALLS_AT_MOST, 0))
        self.nr_conns += 1
        self._await(Connection(self.cfg, sock, address, listener.getsockname()), ARRIVES_WITHIN)
        if len(self.pending_conns) > WAITING_MOST:
            self._close(self.pending_conns[0])

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Read on; a thread gets the call once it is whole."""
        if not isinstance(conn, Connection) or conn not in self.pending_conns:
            return  # it was closed since the system said so
        try:
            piece = client.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
            conn.arrived.clear()
        conn.arrived += piece
        if conn.answered or not conn.arrived or is_too_long(conn.arrived):
            self._leave(conn, hung_up=not piece)
        elif not piece or is_whole(conn.arrived):
            self._forget(conn)
            self.enqueue_req(conn)

    def handle(self, conn: TConn) -> bool:
        """Answer a call that is whole; runs in a thread."""
        conn.sock.settimeout(None)  # the kernel says how long it may stall
        cast("Connection", conn).read_whole()
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: "Future[bool]") -> None:
        """Wait a little for the caller to hang up, so that the answer is not cut off (RFC 9112, 9.6)."""
        del fs  # gunicorn catches and logs what broke
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        leaving = cast("Connection", conn)
        leaving.answered = True
        leaving.arrived.clear()
        self._await(leaving, _LEAVES_WITHIN)

    def murder_pending(self) -> None:
        """Close what took too long."""
        now = time.monotonic()
        for conn in [one for one in self.pending_conns if one.timeout is not None and one.timeout <= now]:
            self._close(conn)

    def _await(self, conn: Connection, seconds: float) -> None:
        conn.closes_at(time.monotonic() + seconds)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _leave(self, conn: Connection, *, hung_up: bool) -> None:
        """Close what hung up, or goes on talking; what only says a little more is let finish."""
        if hung_up or not conn.answered or len(conn.arrived) > HEAD_MOST + BODY_MOST:
            self._close(conn)

    def _forget(self, conn: TConn) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def _close(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()
