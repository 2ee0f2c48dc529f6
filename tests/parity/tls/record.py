"""Runs the TLS scenarios on CPython's asyncio and records what each end was told, as recorded.json.

    python3.13 tests/parity/tls/record.py
"""

import asyncio
import json
import pathlib
import ssl

HERE = pathlib.Path(__file__).parent
CERTIFICATES = HERE.parents[2] / "examples" / "certificates"
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2}


class End(asyncio.Protocol):
    """One end of a connection: writes down its callbacks, pieces of data joined."""

    def __init__(self, on_made, on_data):
        self.trace = []
        self.transport = None
        self.on_made = on_made
        self.on_data = on_data
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


async def run(scenario):
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    client, server_context = contexts(scenario)
    on_made, on_data = scenario.get("onMade", {}), scenario.get("onData", {})
    ends = {name: End(on_made.get(name), on_data.get(name)) for name in "ab"}
    loop = asyncio.get_running_loop()
    plain = scenario.get("plain", False)
    server = await loop.create_server(
        lambda: ends["b"], "127.0.0.1", 0, ssl=None if plain else server_context
    )
    port = server.sockets[0].getsockname()[1]
    options = {} if plain else {"ssl": client, "server_hostname": "localhost"}
    try:
        await loop.create_connection(lambda: ends["a"], "127.0.0.1", port, **options)
    except ssl.SSLError:
        ends["a"].note("not connected")
        return {name: end.trace for name, end in ends.items()}
    finally:
        server.close()
    while ends["b"].transport is None:
        await asyncio.wait_for(ends["b"].changed.wait(), 10)
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
        if end.transport is not None and not end.reached("lost"):
            end.transport.abort()
    only = scenario.get("only", ["a", "b"])
    return {name: end.trace for name, end in ends.items() if name in only}


scenarios = json.loads((HERE / "scenarios.json").read_text())
recorded = {one["name"]: asyncio.run(run(one)) for one in scenarios}
text = ",\n".join(f"{json.dumps(name)}: {json.dumps(ends)}" for name, ends in recorded.items())
(HERE / "recorded.json").write_text("{\n" + text + "\n}\n")
