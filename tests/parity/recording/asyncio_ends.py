"""The ends of a scenario on CPython's asyncio: protocols, streams, readers, servers, sockets.

Every end has a lane (its trace) and `perform(operation, arguments)`, which calls the method of the
same name in snake_case and records how it went. The TypeScript twin is ends.ts.
"""

import asyncio
import inspect
import re
import socket
import struct
from collections import deque

from lane import ScenarioError, show_error, show_value

#: Operations whose arguments are bytes: a JSON string is UTF-8, a number that many pattern bytes.
DATA_OPERATIONS = {"write", "writelines", "feedData", "readuntil"}

#: Operations of the scenario language itself: they leave no line in the trace.
LANGUAGE_OPERATIONS = {"raise", "start", "cancel", "wait", "received", "return", "throw"}

READER_OPERATIONS = {
    "read", "readexactly", "readline", "readuntil", "atEof",
    "feedData", "feedEof", "setException", "exception",
}
STREAM_TRANSPORT_OPERATIONS = {
    "abort", "pauseReading", "resumeReading", "isReading",
    "setWriteBufferLimits", "getWriteBufferLimits", "getWriteBufferSize",
}


def snake_case(name):
    return re.sub(r"[A-Z]", lambda match: "_" + match.group().lower(), name)


def pattern_bytes(length):
    """`length` bytes 0, 1, … 250, 0, 1, …: a lost or doubled byte changes the checksum."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def decode_data(notation):
    """Bytes from the scenario's notation; see README.md."""
    if isinstance(notation, str):
        return notation.encode()
    if isinstance(notation, bool) or notation is None:
        return notation
    if isinstance(notation, int):
        return pattern_bytes(notation)
    if isinstance(notation, list):
        return [decode_data(part) for part in notation]
    return notation["value"]


class Abstract:
    """What all ends share: performing and recording operations, and background tasks."""

    def __init__(self, world, name, spec):
        self.world = world
        self.name = name
        self.spec = spec
        self.lane = world.lane(name, count_bytes=spec.get("countBytes", True))
        self.tasks = {}

    def target(self, operation):
        """The object which has the operation."""
        raise NotImplementedError

    def perform(self, operation, arguments):
        """Runs an operation and records it; returns an awaitable where there is one to await."""
        if operation in LANGUAGE_OPERATIONS:
            return getattr(self, "do_" + operation)(*arguments)
        try:
            result = self.call(operation, arguments)
        except ScenarioError:
            raise
        except Exception as error:
            self.lane.record(f"{operation}() threw {show_error(error)}")
            return None
        if inspect.isawaitable(result):
            return self._record_later(f"{operation}()", result)
        self._record_result(f"{operation}()", result)
        return None

    def call(self, operation, arguments):
        special = getattr(self, "do_" + snake_case(operation), None)
        if special is not None:
            return special(*arguments)
        method = getattr(self.target(operation), snake_case(operation))
        if operation == "readuntil" and isinstance(arguments[0], list):
            return method(tuple(decode_data(part) for part in arguments[0]))
        if operation in DATA_OPERATIONS:
            return method(*[decode_data(argument) for argument in arguments])
        if arguments and isinstance(arguments[-1], dict):
            return method(*arguments[:-1], **arguments[-1])
        return method(*arguments)

    async def _record_later(self, label, awaitable):
        try:
            result = await awaitable
        except (Exception, asyncio.CancelledError) as error:
            if self.world.finished:
                raise
            self.lane.record(f"{label} threw {show_error(error)}")
        else:
            self._record_result(label, result)

    def _record_result(self, label, result):
        self.lane.record(label if result is None else f"{label} {show_value(result)}")

    # Operations of the scenario language itself.

    def do_raise(self):
        raise ScenarioError(self.lane)

    def do_start(self, operation, *arguments, label=None):
        """Begins a waiting operation in the background; `["A.start", "read", 5, {"label": "x"}]`."""
        if arguments and isinstance(arguments[-1], dict) and "label" in arguments[-1]:
            label = arguments[-1]["label"]
            arguments = arguments[:-1]
        label = label or operation
        awaitable = self.call(operation, list(arguments))
        self.tasks[label] = asyncio.ensure_future(self._record_later(label, awaitable))
        return asyncio.sleep(0)  # a task begins in the next turn only

    def do_cancel(self, label):
        self.tasks[label].cancel()

    def do_is_pending(self, label):
        return not self.tasks[label].done()

    def do_wait(self, event, times=1):
        return self.lane.wait(event, times)

    def do_received(self, total):
        return self.lane.wait_received(total)


class RecordingMixin:
    """The callbacks common to both kinds of protocols. Reactions run at the first call only."""

    def __init__(self, end, label, spec):
        self.end = end
        self.lane = end.lane
        self.label = label
        self.spec = spec
        self.reactions = dict(spec.get("on", {}))

    def event(self, name):
        return name if self.label is None else f"{self.label}.{name}"

    def react(self, callback):
        for operation, *arguments in self.reactions.pop(callback, []):
            self.end.perform(operation, arguments)

    def connection_made(self, transport):
        self.end.transport = transport
        self.lane.record(self.event("connectionMade"))
        self.react("connectionMade")

    def connection_lost(self, error):
        self.lane.record(f"{self.event('connectionLost')} {show_error(error)}")
        self.react("connectionLost")

    def pause_writing(self):
        self.lane.record(self.event("pauseWriting"))
        self.react("pauseWriting")

    def resume_writing(self):
        self.lane.record(self.event("resumeWriting"))
        self.react("resumeWriting")

    def eof_received(self):
        self.lane.record(self.event("eofReceived"))
        self.react("eofReceived")
        return self.spec.get("eofReturns")


class RecordingProtocol(RecordingMixin, asyncio.Protocol):
    def data_received(self, chunk):
        self.lane.record_bytes(self.event("dataReceived"), chunk)
        if self.spec.get("echo"):
            self.end.transport.write(chunk)
        self.react("dataReceived")


class RecordingBufferedProtocol(RecordingMixin, asyncio.BufferedProtocol):
    def __init__(self, end, label, spec):
        super().__init__(end, label, spec)
        self.buffer = bytearray(spec.get("bufferSize", 65536))

    def get_buffer(self, size_hint):
        self.react("getBuffer")
        return self.buffer

    def buffer_updated(self, count):
        self.lane.record_bytes(self.event("bufferUpdated"), memoryview(self.buffer)[:count])
        self.react("bufferUpdated")


def make_protocol(end, label, spec):
    buffered = spec.get("kind") == "buffered"
    return (RecordingBufferedProtocol if buffered else RecordingProtocol)(end, label, spec)


class ProtocolEnd(Abstract):
    """A transport with a recording protocol."""

    transport = None

    def target(self, _operation):
        return self.transport

    def factory(self):
        for operation, *arguments in self.spec.get("on", {}).get("factory", []):
            self.perform(operation, arguments)
        return make_protocol(self, None, self.spec)

    async def connect(self, options):
        loop = asyncio.get_running_loop()
        if "path" in options:
            await loop.create_unix_connection(self.factory, options["path"])
        else:
            await loop.create_connection(
                self.factory, options.get("hostname"), options.get("port")
            )

    async def made(self):
        await self.lane.wait("connectionMade")

    def do_is_buffer_empty(self):
        return self.transport.get_write_buffer_size() == 0

    def do_get_write_buffer_limits(self):
        low, high = self.transport.get_write_buffer_limits()
        return f"low {low} high {high}"

    def do_set_protocol(self, label):
        self.transport.set_protocol(make_protocol(self, label, self.world.protocol(label)))

    def do_get_protocol(self):
        protocol = self.transport.get_protocol()
        return protocol and (protocol.label or "first")

    def do_get_extra_info(self, name, *default):
        value = self.transport.get_extra_info(name, *default)
        return value[0] if isinstance(value, tuple) else value


class ReaderOperations:
    """Operations on a StreamReader that are more than one call."""

    def do_set_exception(self):
        self.reader.set_exception(ScenarioError(self.lane))

    def do_exception(self):
        return show_error(self.reader.exception())

    async def do_lines(self):
        """What asynchronous iteration yields, joined by bars."""
        return "|".join([show_value(line) async for line in self.reader]) or "none"


class StreamEnd(ReaderOperations, Abstract):
    """A StreamReader and StreamWriter; on the server's side inside a handler that waits."""

    reader = None
    writer = None

    def __init__(self, world, name, spec):
        super().__init__(world, name, spec)
        self._arrived = asyncio.Event()
        self._release = asyncio.get_running_loop().create_future()

    def target(self, operation):
        if operation in READER_OPERATIONS:
            return self.reader
        return self.writer.transport if operation in STREAM_TRANSPORT_OPERATIONS else self.writer

    async def connect(self, options):
        limit = self.spec.get("limit", 65536)
        if "path" in options:
            opened = await asyncio.open_unix_connection(options["path"], limit=limit)
        else:
            opened = await asyncio.open_connection(
                options.get("hostname"), options.get("port"), limit=limit
            )
        self.reader, self.writer = opened

    async def handle(self, reader, writer):
        """The server's handler: it stays until the scenario lets it return or throw."""
        self.reader, self.writer = reader, writer
        self._arrived.set()
        await self._release

    async def made(self):
        if self.writer is None:
            await self._arrived.wait()

    def do_return(self):
        self._release.set_result(None)

    def do_throw(self):
        self._release.set_exception(ScenarioError(self.lane))

    def do_is_buffer_empty(self):
        return self.writer.transport.get_write_buffer_size() == 0


class ReaderEnd(ReaderOperations, Abstract):
    """A StreamReader on its own, fed by hand."""

    reader = None

    def target(self, _operation):
        return self.reader

    def do_create(self, options=None):
        self.reader = asyncio.StreamReader(limit=(options or self.spec).get("limit", 65536))


class ServerEnd(Abstract):
    """A server; `expected` names the ends of the connections to come, in order."""

    def __init__(self, world, name, spec):
        super().__init__(world, name, spec)
        self.expected = deque()
        self.server = None

    def target(self, _operation):
        return self.server

    async def listen(self, options):
        loop = asyncio.get_running_loop()
        rest = {"start_serving": options.get("startServing", True)}
        streams = self.spec.get("face") == "streams"
        if streams:
            rest["limit"] = self.spec.get("limit", 65536)
        handler = self._handle if streams else self._factory
        if "path" in options:
            create = asyncio.start_unix_server if streams else loop.create_unix_server
            self.server = await create(handler, options["path"], **rest)
        else:
            create = asyncio.start_server if streams else loop.create_server
            self.server = await create(
                handler, options["hostname"], options["port"], **rest
            )
            for listening in self.server.sockets:
                if listening.getsockname()[0] == "127.0.0.1":
                    self.port = listening.getsockname()[1]

    def _next_end(self):
        """The end of the connection that just came; one that nobody expects is a stranger."""
        return self.world.end(self.expected.popleft() if self.expected else "stranger")

    def _factory(self):
        return self._next_end().factory()

    def _handle(self, reader, writer):
        end = self._next_end()
        if end.spec.get("handler") == "returns":
            end.reader, end.writer = reader, writer
            end._arrived.set()
            return None
        return end.handle(reader, writer)

    def do_addresses(self):
        return len(self.server.sockets)

    def do_dispose(self):
        return self.server.__aexit__(None, None, None)


class RawEnd(Abstract):
    """A bare socket that reads nothing, as a peer that behaves in ways no transport does."""

    socket = None

    def target(self, _operation):
        return self.socket

    async def made(self):
        pass

    def do_write(self, notation):
        self.socket.sendall(decode_data(notation))

    def do_reset(self):
        """Closes with a lingering time of zero, which sends a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class RawServerEnd(Abstract):
    """A bare listener for raw ends."""

    def target(self, _operation):
        return self.listener

    async def listen(self, _options):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]

    async def accept(self):
        with self.listener:
            accepted, _address = await asyncio.get_running_loop().sock_accept(self.listener)
        return accepted
