"""Runs one scenario on CPython's asyncio over real sockets and returns its trace."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile

from asyncio_ends import ProtocolEnd, RawEnd, RawServerEnd, ReaderEnd, ServerEnd, StreamEnd
from lane import Lane, show_error

#: A scenario that has not ended by then waits for something that never comes.
WATCHDOG_SECONDS = 20

#: Exchanges of a fence: enough loop turns for everything that is already under way.
FENCE_ROUNDS = 5

FACES = {"protocol": ProtocolEnd, "streams": StreamEnd, "reader": ReaderEnd, "raw": RawEnd}


class Fence:
    """Exchanges on a connection of their own: what is ready by now has been handled after them."""

    def __init__(self):
        self._listener = None

    async def open(self):
        self._listener = await asyncio.start_server(self._echo, "127.0.0.1", 0)
        address = self._listener.sockets[0].getsockname()
        self._reader, self._writer = await asyncio.open_connection(*address)

    async def pass_by(self):
        if self._listener is None:
            await self.open()
        for _ in range(FENCE_ROUNDS):
            self._writer.write(b".")
            await self._reader.readexactly(1)

    async def close(self):
        if self._listener is not None:
            self._writer.close()
            self._listener.close()
            await self._listener.wait_closed()

    @staticmethod
    async def _echo(reader, writer):
        while chunk := await reader.read(1):
            writer.write(chunk)
        writer.close()


class World:
    """One run of one scenario."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.finished = False
        self._lanes = {}
        self._ends = {}
        self._fence = Fence()
        self._directory = None

    async def run(self):
        asyncio.get_running_loop().set_exception_handler(self._report)
        try:
            async with asyncio.timeout(WATCHDOG_SECONDS):
                await self._set_up()
                for step in self.scenario["steps"]:
                    await self._step(*step)
                await self._fence.pass_by()
            return {name: lane.lines for name, lane in self._lanes.items() if lane.lines}
        finally:
            self.finished = True
            await self._tear_down()

    def lane(self, name, *, count_bytes=True):
        if name not in self._lanes:
            self._lanes[name] = Lane(name, count_bytes=count_bytes)
        return self._lanes[name]

    def end(self, name):
        if name not in self._ends:
            spec = self.scenario.get("ends", {}).get(name, {})
            face = spec.get("face", self.scenario.get("faces", "protocol"))
            self._ends[name] = FACES[face](self, name, spec)
        return self._ends[name]

    def protocol(self, label):
        return self.scenario["protocols"][label]

    # Set-up: unless the scenario says otherwise, client A is connected to end B of server S.

    async def _set_up(self):
        setup = self.scenario.get("setup", "pair")
        if setup == "none":
            return
        if setup == "reader":
            self._ends["R"] = ReaderEnd(self, "R", self.scenario.get("ends", {}).get("R", {}))
            self.end("R").do_create()
            return
        await self._listen("S", {})
        await self._connect("A", "B", {})
        await self._made("A", "B")

    async def _listen(self, name, options):
        # What the server's connections are is told by the first of them.
        served = self.scenario.get("ends", {}).get("B", {})
        make = RawServerEnd if served.get("face") == "raw" else ServerEnd
        server = make(self, name, {"face": self.scenario.get("faces"), **served})
        self._ends[name] = server
        await server.listen(self._resolve(options, name))

    async def _connect(self, name, peer, options):
        server = self._ends.get(options.get("to", "S"))
        if peer is not None and isinstance(server, ServerEnd):
            server.expected.append(peer)
        await self.end(name).connect(self._resolve(options, getattr(server, "name", None)))
        if isinstance(server, RawServerEnd):
            self.end(peer).socket = await server.accept()

    async def _made(self, *names):
        for name in names:
            if name is not None:
                await self.end(name).made()

    def _resolve(self, options, server_name):
        """Fills in the address: a free port to listen on, the server's own to connect to."""
        options = {key: value for key, value in options.items() if key != "to"}
        if options.pop("address", True) is False:
            return options
        if self.scenario.get("transport") == "unix" or "path" in options:
            options["path"] = self._path(options.get("path", f"{server_name}.sock"))
            return options
        options.setdefault("hostname", "127.0.0.1")
        port_of = options.pop("portOf", server_name)
        port = getattr(self._ends.get(port_of), "port", 0)
        options.setdefault("port", port)
        return options

    def _path(self, name):
        if self._directory is None:
            self._directory = tempfile.mkdtemp()
        return os.path.join(self._directory, name)

    # Steps.

    async def _step(self, operation, *arguments):
        if "." in operation:
            name, operation = operation.split(".")
            result = self.end(name).perform(operation, arguments)
            if result is not None:
                await result
            return
        await getattr(self, "_do_" + operation)(*arguments)

    async def _do_fence(self):
        await self._fence.pass_by()

    async def _do_listen(self, name, options=None):
        await self._attempt(name, "createServer", self._listen(name, options or {}))

    async def _do_connect(self, name, peer, options=None):
        connecting = self._connect(name, peer, options or {})
        if await self._attempt(name, "createConnection", connecting):
            await self._made(peer)

    async def _do_accept(self, name, peer):
        """Client `name` connects to a bare listener; the accepted socket becomes end `peer`."""
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)
            port = listener.getsockname()[1]
            accepting = asyncio.ensure_future(loop.sock_accept(listener))
            await self.end(name).connect({"hostname": "127.0.0.1", "port": port})
            accepted, _address = await accepting
        await self._attempt(
            peer,
            "connectAcceptedSocket",
            loop.connect_accepted_socket(self.end(peer).factory, accepted),
        )

    async def _do_unusedPort(self, name):
        """Makes `portOf: name` mean a port where nobody listens."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = ServerEnd(self, name, {})
            server.port = listener.getsockname()[1]
            self._ends[name] = server

    async def _do_file(self, name):
        """Puts an ordinary file where a socket is wanted."""
        with open(self._path(name), "w"):
            pass

    async def _do_staleSocket(self, name):
        """Leaves a socket file to which nobody listens any more."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._path(name))

    async def _do_exists(self, name):
        found = os.path.exists(self._path(name))
        self.lane("files").record(f"{name} {'exists' if found else 'is gone'}")

    async def _do_remove(self, name):
        os.remove(self._path(name))

    async def _attempt(self, name, operation, awaitable):
        """Records how an attempt went, and returns whether it succeeded."""
        line = f"{operation}()"
        try:
            await awaitable
        except AssertionError:
            raise
        except Exception as error:
            line += f" threw {show_error(error)}"
        self.end(name).lane.record(line)
        return line.endswith("()")

    # What the loop is told, and the end.

    def _report(self, _loop, context):
        if self.finished:
            return
        error = context.get("exception")
        lane = getattr(error, "lane", None) or getattr(context.get("protocol"), "lane", None)
        (lane or self.lane("loop")).record(f"onError {show_error(error)}")

    async def _tear_down(self):
        tasks = []
        for end in self._ends.values():
            tasks.extend(end.tasks.values())
            transport = getattr(end, "transport", None) or getattr(
                getattr(end, "writer", None), "transport", None
            )
            if transport is not None:
                # 3.13.0 fails here after a close() that had to flush; the connection is gone then.
                with contextlib.suppress(AttributeError):
                    transport.abort()
            if getattr(end, "_release", None) is not None and not end._release.done():
                end._release.set_result(None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in self._ends.values():
            if isinstance(end, RawEnd):
                end.socket.close()
            if getattr(end, "server", None) is not None:
                end.server.close()
        await self._fence.close()
        if self._directory is not None:
            shutil.rmtree(self._directory)


def run_scenario(scenario):
    """The trace of one run: for each lane that has any, its lines."""
    return asyncio.run(World(scenario).run())
