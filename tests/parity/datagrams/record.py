"""Runs the datagram scenarios on CPython's asyncio and records what each end was told, as recorded.json.

    python3.13 tests/parity/datagrams/record.py
    deno fmt tests/parity/datagrams/recorded.json

Each scenario runs several times; if the traces of one vary, nothing is recorded and the exit code is 1.
"""

import asyncio
import json
import pathlib
import platform
import sys

HERE = pathlib.Path(__file__).parent
RUNS = 30


def show_error(error):
    if error is None:
        return "null"
    name = type(error).__name__
    return f"OSError[{error.errno}]" if type(error) is OSError else name


class Raised(Exception):
    """What the scenario raises."""


class End(asyncio.DatagramProtocol):
    """One endpoint: writes down its callbacks and what its methods gave."""

    def __init__(self, world, name, spec):
        self.world = world
        self.name = name
        self.spec = spec
        self.trace = []
        self.transport = None
        self.reacted = set()
        self.changed = asyncio.Event()

    def note(self, *words):
        self.trace.append(" ".join(str(word) for word in words))
        self.changed.set()

    def react(self, callback):
        if callback in self.reacted:
            return
        self.reacted.add(callback)
        for step in self.spec.get("on", {}).get(callback, []):
            self.perform(*step)

    def connection_made(self, transport):
        self.transport = transport
        self.note("connectionMade")
        self.react("connectionMade")

    def connection_lost(self, error):
        self.note("connectionLost", show_error(error))
        self.react("connectionLost")

    def datagram_received(self, data, address):
        sender = self.world.name_of(address)
        self.note("datagramReceived", len(data), repr(data[:20].decode()), "from", sender)
        self.react("datagramReceived")

    def error_received(self, error):
        self.note("errorReceived", show_error(error))
        self.react("errorReceived")

    def pause_writing(self):
        self.note("pauseWriting")
        self.react("pauseWriting")

    def resume_writing(self):
        self.note("resumeWriting")
        self.react("resumeWriting")

    def perform(self, operation, *arguments):
        if operation == "raise":
            raise Raised
        line = f"{operation}()"
        try:
            result = self.call(operation, *arguments)
        except Exception as error:
            self.note(line, "threw", show_error(error))
        else:
            if isinstance(result, bool):
                result = str(result).lower()
            self.note(line, *([] if result is None else [result]))

    def call(self, operation, *arguments):
        transport = self.transport
        if operation == "sendto":
            data, *address = arguments
            if isinstance(data, int):
                data = b"x" * data
            elif isinstance(data, str):
                data = data.encode()
            else:
                data = data.get("value")
            if address and address[0] is not None:
                address = [self.world.address_of(address[0])]
            transport.sendto(data, *address)
            return None
        if operation == "close":
            return transport.close()
        if operation == "abort":
            return transport.abort()
        if operation == "isClosing":
            return transport.is_closing()
        if operation == "getWriteBufferSize":
            return transport.get_write_buffer_size()
        if operation == "getWriteBufferLimits":
            low, high = transport.get_write_buffer_limits()
            return f"{low} {high}"
        if operation == "setWriteBufferLimits":
            return transport.set_write_buffer_limits(**arguments[0])
        if operation == "sockname":
            return transport.get_extra_info("sockname")[0]
        if operation == "peername":
            peer = transport.get_extra_info("peername")
            return "null" if peer is None else self.world.name_of(peer)
        if operation == "extra":
            return transport.get_extra_info("nothing", "fallback")
        if operation == "setProtocol":
            transport.set_protocol(self.world.ends[arguments[0]])
            self.world.ends[arguments[0]].transport = transport
            return None
        raise AssertionError(operation)


class World:
    """One run of one scenario."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.ends = {}

    def address_of(self, given):
        if isinstance(given, str):
            return self.ends[given].transport.get_extra_info("sockname")
        return (given["hostname"], given["port"])

    def name_of(self, address):
        for name, end in self.ends.items():
            known = end.transport and end.transport.get_extra_info("sockname")
            if known and known[1] == address[1]:
                return name
        return "a stranger"

    async def run(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self.report)
        for name, spec in self.scenario["ends"].items():
            await self.open(loop, name, spec)
        for name, operation, *arguments in self.scenario["steps"]:
            end = self.ends.get(name)
            if operation == "wait":
                await self.wait(end, *arguments)
            elif operation == "settle":
                for _ in range(20):
                    await asyncio.sleep(0.002)
            else:
                end.perform(operation, *arguments)
        for _ in range(20):
            await asyncio.sleep(0)
        traces = {name: list(end.trace) for name, end in self.ends.items()}
        loop.set_exception_handler(lambda *_: None)
        for end in self.ends.values():
            if end.transport is not None:
                end.transport.abort()
        await asyncio.sleep(0)
        return traces

    async def open(self, loop, name, spec):
        end = End(self, name, spec)
        self.ends[name] = end
        if spec.get("only") == "protocol":
            return
        options = {}
        hostname = spec.get("hostname", "127.0.0.1")
        if spec.get("local", True):
            options["local_addr"] = (hostname, 0)
        if "peer" in spec:
            options["remote_addr"] = self.address_of(spec["peer"])
        if spec.get("broadcast"):
            options["allow_broadcast"] = True
        try:
            await loop.create_datagram_endpoint(lambda: end, **options)
        except Exception as error:
            end.note("createDatagramEndpoint() threw", show_error(error))

    async def wait(self, end, start, times=1):
        while sum(1 for line in end.trace if line.startswith(start)) < times:
            end.changed.clear()
            await asyncio.wait_for(end.changed.wait(), 10)

    def report(self, _loop, context):
        error = context.get("exception")
        # Only the scenario raises, and in one end.
        for end in self.ends.values():
            if end.spec.get("raises"):
                end.note("onError", show_error(error))


def main():
    scenarios = json.loads((HERE / "scenarios.json").read_text())
    traces = {}
    for scenario in scenarios:
        runs = [asyncio.run(World(scenario).run()) for _ in range(RUNS)]
        if any(run != runs[0] for run in runs):
            print(f"{scenario['name']}: the traces vary", file=sys.stderr)
            for run in {json.dumps(run) for run in runs}:
                print(run, file=sys.stderr)
            sys.exit(1)
        traces[scenario["name"]] = runs[0]
    recording = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "runs": RUNS,
        "traces": traces,
    }
    (HERE / "recorded.json").write_text(json.dumps(recording, indent=2) + "\n")


main()
