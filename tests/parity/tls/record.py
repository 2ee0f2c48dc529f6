"""Runs the TLS scenarios on CPython's asyncio and records what each end was told, as recorded.json.

    python3.13 tests/parity/tls/record.py
    deno fmt tests/parity/tls/recorded.json

Each scenario runs several times; if the traces of one vary, nothing is recorded and the exit code is 1.
"""

import asyncio
import json
import pathlib
import platform
import ssl
import sys

HERE = pathlib.Path(__file__).parent
CERTIFICATES = HERE.parents[2] / "examples" / "certificates"
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2}
RUNS = 10


class End(asyncio.Protocol):
    """One end of a connection: writes down its callbacks, pieces of data joined."""

    def __init__(self, on_made, on_data, on_eof):
        self.trace = []
        self.transport = None
        self.on_made = on_made
        self.on_data = on_data
        self.on_eof = on_eof
        self.received = 0
        self.changed = asyncio.Event()

    def note(self, *entry):
        self.trace.append(list(entry))
        self.changed.set()

    def connection_made(self, transport):
        self.transport = transport
        self.note("made")
        if self.on_made == "close":
            transport.close()

    def data_received(self, data):
        self.received += len(data)
        if self.trace[-1][0] == "data":
            self.trace[-1][1] += len(data)
        else:
            self.trace.append(["data", len(data)])
        self.changed.set()
        if self.on_data == "close":
            self.transport.close()
        elif self.on_data == "raise":
            raise ZeroDivisionError("on purpose")

    def eof_received(self):
        self.note("eof")
        if self.on_eof == "answer":
            self.transport.write(b"answer")

    def connection_lost(self, error):
        self.note("lost", None if error is None else type(error).__name__)

    def reached(self, what):
        if what == "lost":
            return self.trace and self.trace[-1][0] == "lost"
        return self.received >= int(what.split()[1])

    async def until(self, what):
        while not self.reached(what):
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 10)


class HalfCloser(asyncio.Protocol):
    """A TLS client that can end one direction alone, as asyncio's cannot, and the transport of its `end`."""

    def __init__(self, end, context):
        self.end = end
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.advance()

    def data_received(self, data):
        self.incoming.write(data)
        self.advance()

    def connection_lost(self, error):
        self.end.connection_lost(error)

    def advance(self):
        try:
            if self.end.transport is None:
                self.tls.do_handshake()
                self.end.connection_made(self)
            while data := self.tls.read(65536):
                self.end.data_received(data)
        except ssl.SSLWantReadError:
            return self.flush()
        except ssl.SSLZeroReturnError:
            pass  # The peer's close_notify, after our own.
        self.end.eof_received()
        self.transport.close()

    def write(self, data):
        self.tls.write(data)
        self.flush()

    def write_eof(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            self.flush()

    def abort(self):
        self.transport.abort()

    def flush(self):
        self.transport.write(self.outgoing.read())


def contexts(scenario):
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(CERTIFICATES / "localhost.crt", CERTIFICATES / "localhost.key")
    authority = "stranger.crt" if scenario.get("untrusted") else "ca.crt"
    client = ssl.create_default_context(cafile=CERTIFICATES / authority)
    if version := scenario.get("maxVersion"):
        client.maximum_version = VERSIONS[version]
    if alpn := scenario.get("alpn"):
        client.set_alpn_protocols(alpn[0])
        server.set_alpn_protocols(alpn[1])
    return client, server


async def connect(scenario, ends, port, client):
    loop = asyncio.get_running_loop()
    a = ends["a"]
    if scenario.get("halfCloses"):
        await loop.create_connection(lambda: HalfCloser(a, client), "127.0.0.1", port)
    elif scenario.get("plain"):
        await loop.create_connection(lambda: a, "127.0.0.1", port)
    else:
        await loop.create_connection(
            lambda: a, "127.0.0.1", port, ssl=client, server_hostname="localhost"
        )
    for end in ends.values():
        while end.transport is None:
            await asyncio.wait_for(end.changed.wait(), 10)


async def start_tls(ends, client, server):
    loop = asyncio.get_running_loop()
    a, b = ends["a"], ends["b"]
    a.transport, b.transport = await asyncio.gather(
        loop.start_tls(a.transport, a, client, server_hostname="localhost"),
        loop.start_tls(b.transport, b, server, server_side=True),
    )


def act(end, action, argument):
    transport = end.transport
    match action:
        case "write":
            transport.write(argument.encode())
        case "writeMany":
            transport.write(bytes(argument))
        case "writelines":
            transport.writelines([part.encode() for part in argument])
        case "writeEof":
            transport.write_eof()
        case "close":
            transport.close()
        case "abort":
            transport.abort()
        case "pause":
            transport.pause_reading()
        case "resume":
            transport.resume_reading()
        case "isReading":
            end.note("isReading", transport.is_reading())
        case "isClosing":
            end.note("isClosing", transport.is_closing())
        case "canWriteEof":
            end.note("canWriteEof", transport.can_write_eof())
        case "limits":
            end.note("limits", *transport.get_write_buffer_limits())
        case "info":
            end.note("alpn", transport.get_extra_info("ssl_object").selected_alpn_protocol())
        case _:
            raise ValueError(f"Cannot perform {action!r}")


async def run(scenario):
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    client, server_context = contexts(scenario)
    reactions = [scenario.get(callback, {}) for callback in ("onMade", "onData", "onEof")]
    ends = {name: End(*(each.get(name) for each in reactions)) for name in "ab"}
    server = await asyncio.get_running_loop().create_server(
        lambda: ends["b"], "127.0.0.1", 0, ssl=None if scenario.get("plain") else server_context
    )
    try:
        await connect(scenario, ends, server.sockets[0].getsockname()[1], client)
    except ssl.SSLError:
        ends["a"].note("not connected")
        return {name: end.trace for name, end in ends.items()}
    finally:
        server.close()
    for name, action, *rest in scenario["steps"]:
        argument = rest[0] if rest else None
        if action == "until":
            await ends[name].until(argument)
        elif action == "note":
            await asyncio.sleep(0.05)
            ends[name].note("note", argument)
        elif action == "startTls":
            await start_tls(ends, client, server_context)
        else:
            act(ends[name], action, argument)
    for end in ends.values():
        if not end.reached("lost"):
            end.transport.abort()
    return {name: ends[name].trace for name in scenario.get("only", ["a", "b"])}


def observe(scenario):
    """The one trace of all runs."""
    traces = {json.dumps(asyncio.run(run(scenario))) for _ in range(RUNS)}
    if len(traces) > 1:
        sys.exit("\n    ".join([f"Cannot record {scenario['name']!r}: its trace varies", *traces]))
    return json.loads(traces.pop())


def main():
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"Cannot record: this is Python {platform.python_version()}, 3.13 is the reference")
    scenarios = json.loads((HERE / "scenarios.json").read_text())
    recording = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "traces": {scenario["name"]: observe(scenario) for scenario in scenarios},
    }
    (HERE / "recorded.json").write_text(json.dumps(recording) + "\n")


if __name__ == "__main__":
    main()
