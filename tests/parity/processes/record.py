"""Runs the process scenarios on CPython's asyncio and records what was told and returned, as recorded.json.

    python3.13 tests/parity/processes/record.py
    deno fmt tests/parity/processes/recorded.json

Each scenario runs several times; if the traces of one vary, nothing is recorded and the exit code is 1.
"""

import asyncio
import json
import pathlib
import platform
import signal
import subprocess
import sys
import zlib

HERE = pathlib.Path(__file__).parent
RUNS = 10
WATCHDOG_SECONDS = 5
KINDS = {"piped": subprocess.PIPE, "null": subprocess.DEVNULL, "inherit": None}


def data_of(notation):
    """Bytes from the notation of the scenarios: text is UTF-8, a number that many patterned bytes."""
    if isinstance(notation, int):
        return (bytes(range(251)) * (notation // 251 + 1))[:notation]
    return notation.encode()


def show_data(data):
    return repr(data.decode()) if len(data) <= 64 else f"{len(data)} {zlib.crc32(data):08x}"


def show_error(error):
    return "None" if error is None else type(error).__name__


class Trace:
    """What happened, by lane: one for each pipe, one for the process, one for what calls gave."""

    def __init__(self):
        self.lanes = {}
        self.received = {}
        self.changed = asyncio.Event()

    def note(self, lane, line):
        if lane in self.received:
            self.settle(lane)
        self.lanes.setdefault(lane, []).append(line)
        self.changed.set()

    def data(self, lane, data):
        self.received[lane] = self.received.get(lane, b"") + data
        self.changed.set()

    def settle(self, lane):
        self.lanes.setdefault(lane, []).append(f"data {show_data(self.received.pop(lane))}")

    def has(self, lane, line):
        return any(noted.startswith(line) for noted in self.lanes.get(lane, [])) or (
            line.startswith("data ") and self.received.get(lane, b"").endswith(line[5:].encode())
        )

    async def until(self, lane, line):
        while not self.has(lane, line):
            self.changed.clear()
            await self.changed.wait()


class Recorder(asyncio.SubprocessProtocol):
    def __init__(self, trace, fails):
        self.trace = trace
        self.fails = fails

    def connection_made(self, transport):
        self.trace.note("process", "connectionMade")

    def pipe_data_received(self, fd, data):
        self.trace.data(str(fd), data)
        if self.fails == "pipeDataReceived":
            self.fails = None
            raise ZeroDivisionError("on purpose")

    def pipe_connection_lost(self, fd, error):
        self.trace.note(str(fd), f"pipeConnectionLost {show_error(error)}")

    def pause_writing(self):
        self.trace.note("0", "pauseWriting")

    def resume_writing(self):
        self.trace.note("0", "resumeWriting")

    def process_exited(self):
        self.trace.note("process", "processExited")

    def connection_lost(self, error):
        self.trace.note("process", f"connectionLost {show_error(error)}")


class ProtocolRun:
    """A scenario by callbacks."""

    def __init__(self, scenario, trace):
        self.scenario = scenario
        self.trace = trace

    async def start(self, arguments, options):
        loop = asyncio.get_running_loop()
        fails = self.scenario.get("fails")
        self.transport, _ = await loop.subprocess_exec(
            lambda: Recorder(self.trace, fails), *arguments, **options
        )

    async def perform(self, action, *rest):
        transport = self.transport
        match action:
            case "write":
                transport.get_pipe_transport(0).write(data_of(rest[0]))
            case "writeEof":
                transport.get_pipe_transport(0).write_eof()
            case "closePipe":
                transport.get_pipe_transport(rest[0]).close()
            case "abortPipe":
                transport.get_pipe_transport(rest[0]).abort()
            case "pause":
                transport.get_pipe_transport(rest[0]).pause_reading()
            case "resume":
                transport.get_pipe_transport(rest[0]).resume_reading()
            case "hasPipe":
                self.note(f"hasPipe {rest[0]} {transport.get_pipe_transport(rest[0]) is not None}")
            case "terminate":
                transport.terminate()
            case "kill":
                transport.kill()
            case "signal":
                transport.send_signal(getattr(signal, rest[0]))
            case "close":
                transport.close()
            case "isClosing":
                self.note(f"isClosing {transport.is_closing()}")
            case "returncode":
                self.note(f"returncode {transport.get_returncode()}")
            case "hasPid":
                self.note(f"hasPid {transport.get_pid() > 0}")
            case "until":
                await self.trace.until(*rest)
            case _:
                raise AssertionError(f"Cannot perform {action}")

    def note(self, line):
        self.trace.note("calls", line)

    async def end(self):
        if getattr(self, "transport", None) is not None:
            self.transport.close()


class StreamRun:
    """A scenario by readers and a writer."""

    def __init__(self, scenario, trace):
        self.scenario = scenario
        self.trace = trace
        self.tasks = {}

    async def start(self, arguments, options):
        if limit := self.scenario.get("limit"):
            options = {**options, "limit": limit}
        self.process = await asyncio.create_subprocess_exec(*arguments, **options)

    async def perform(self, action, *rest):
        match action:
            case "start":
                self.tasks[rest[0]] = asyncio.ensure_future(self.compute(*rest[1:]))
                await asyncio.sleep(0)
            case "cancel":
                self.tasks[rest[0]].cancel()
                await self.attempt(f"{rest[0]}", self.tasks[rest[0]])
            case "isPending":
                self.note(f"isPending {rest[0]} {not self.tasks[rest[0]].done()}")
            case "await":
                await self.attempt(f"{rest[0]}", self.tasks[rest[0]])
            case "fence":
                await self.fence()
            case "untilExited":
                while self.process.returncode is None:
                    await self.fence()
            case _:
                await self.attempt(action, self.compute(action, *rest))

    async def fence(self):
        """Another process comes and goes: what was under way has happened."""
        for _ in range(5):
            other = await asyncio.create_subprocess_exec("true")
            await other.wait()

    async def attempt(self, name, awaitable):
        try:
            result = await awaitable
            self.note(name if result is None else f"{name} {result}")
        except asyncio.CancelledError:
            self.note(f"{name} threw CancelledError")
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            self.note(f"{name} threw {show_error(error)}")

    async def compute(self, action, *rest):
        process = self.process
        readers = {1: process.stdout, 2: process.stderr}
        match action:
            case "write":
                process.stdin.write(data_of(rest[0]))
            case "drain":
                await process.stdin.drain()
            case "writeEof":
                process.stdin.write_eof()
            case "closeStdin":
                process.stdin.close()
            case "waitClosed":
                await process.stdin.wait_closed()
            case "readline":
                return show_data(await readers[rest[0]].readline())
            case "read":
                return show_data(await readers[rest[0]].read(*rest[1:]))
            case "readexactly":
                return show_data(await readers[rest[0]].readexactly(rest[1]))
            case "readuntil":
                return show_data(await readers[rest[0]].readuntil(data_of(rest[1])))
            case "atEof":
                return readers[rest[0]].at_eof()
            case "hasPipes":
                return [pipe is not None for pipe in (process.stdin, process.stdout, process.stderr)]
            case "communicate":
                given = None if rest[0] is None else data_of(rest[0])
                outputs = await process.communicate(given)
                return " ".join(show_data(output or b"") for output in outputs)
            case "wait":
                return await process.wait()
            case "returncode":
                return str(process.returncode)
            case "terminate":
                process.terminate()
            case "kill":
                process.kill()
            case "signal":
                process.send_signal(getattr(signal, rest[0]))
            case _:
                raise AssertionError(f"Cannot perform {action}")

    def note(self, line):
        self.trace.note("calls", line)

    async def end(self):
        for task in self.tasks.values():
            task.cancel()
        if process := getattr(self, "process", None):
            # Not wait(): a pipe that is paused, or that another process holds, would never let it end.
            process._transport.close()


async def run(scenario):
    loop = asyncio.get_running_loop()
    trace = Trace()
    loop.set_exception_handler(
        lambda _loop, context: trace.note("process", f"onError {show_error(context.get('exception'))}")
    )
    this = (StreamRun if scenario.get("face") == "streams" else ProtocolRun)(scenario, trace)
    arguments = [scenario["program"]] if "program" in scenario else ["sh", "-c", scenario["command"]]
    options = {
        name: KINDS[scenario.get(name, "piped")] for name in ("stdin", "stdout", "stderr")
    }
    if "env" in scenario:
        options["env"] = scenario["env"]
    if "cwd" in scenario:
        options["cwd"] = scenario["cwd"]
    try:
        async with asyncio.timeout(WATCHDOG_SECONDS):
            try:
                await this.start(arguments, options)
            except OSError as error:
                trace.note("process", f"start threw {show_error(error)}")
                return trace.lanes
            for step in scenario["steps"]:
                try:
                    await this.perform(*step)
                except ProcessLookupError as error:
                    trace.note("calls", f"{step[0]} threw {show_error(error)}")
        for lane in list(trace.received):
            trace.settle(lane)
        only = scenario.get("only", trace.lanes)
        return {lane: trace.lanes[lane] for lane in sorted(trace.lanes) if lane in only}
    finally:
        await this.end()


def main():
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"Cannot record: this is Python {platform.python_version()}, 3.13 is the reference")
    traces, failed = {}, False
    for scenario in json.loads((HERE / "scenarios.json").read_text()):
        found = {}
        for _ in range(RUNS):
            if any("" in trace for trace in found.values()):
                break
            try:
                trace = asyncio.run(run(scenario))
            except TimeoutError:
                trace = {"": ["never ends"]}
            found[json.dumps(trace)] = trace
        if len(found) > 1 or "" in next(iter(found.values())):
            failed = True
            print(f"{scenario['name']} varies:", *found, sep="\n    ", file=sys.stderr)
        traces[scenario["name"]] = next(iter(found.values()))
    if failed:
        sys.exit(1)
    recording = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "runs": RUNS,
        "traces": traces,
    }
    (HERE / "recorded.json").write_text(json.dumps(recording, indent=2) + "\n")
    print(f"recorded {len(traces)} scenarios, {RUNS} runs each")


main()
