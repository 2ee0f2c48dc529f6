"""Traces of one scenario: what happened at each end, as lines of text that any language can write.

The TypeScript twin is lane.ts; the two must format alike.
"""

import asyncio
import errno
import zlib

#: Longer byte strings are shown as their length and checksum.
LONGEST_SHOWN = 40


class ScenarioError(Exception):
    """What the step "raise" throws; it knows the lane it belongs to."""

    def __init__(self, lane):
        super().__init__("raised by the scenario")
        self.lane = lane


def show_bytes(total, head, checksum):
    """`5 'hello'` for a short run of bytes, `100000 crc32 0badf00d` for a long one."""
    if total > LONGEST_SHOWN:
        return f"{total} crc32 {checksum:08x}"
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in (39, 92) else f"\\x{byte:02x}"
        for byte in head
    )
    return f"{total} '{escaped}'"


def show_error(error):
    """The class of an exception and the data that its class promises."""
    if error is None:
        return "null"
    name = type(error).__name__
    if isinstance(error, asyncio.IncompleteReadError):
        expected = "null" if error.expected is None else error.expected
        return f"{name} partial {show_value(error.partial)} expected {expected}"
    if isinstance(error, asyncio.LimitOverrunError):
        return f"{name} consumed {error.consumed}"
    if type(error) is OSError and error.errno is not None:
        return f"{name}[{errno.errorcode[error.errno]}]"
    return name


def show_value(value):
    """A result in words that do not depend on the language."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return show_bytes(len(value), bytes(value[:LONGEST_SHOWN]), zlib.crc32(value))
    return str(value)


class Lane:
    """The trace of one end. Runs of received bytes are merged: chunk sizes mean nothing."""

    def __init__(self, name, *, count_bytes=True):
        self.name = name
        self.received = 0
        self._count_bytes = count_bytes
        self._lines = []
        self._run = None
        self._waiters = []

    @property
    def lines(self):
        self._end_run()
        return list(self._lines)

    def record(self, line):
        self._end_run()
        self._lines.append(line)
        self._wake()

    def record_bytes(self, event, chunk):
        """Adds received bytes to the run of the same event, or starts one."""
        if self._run is None or self._run["event"] != event:
            self._end_run()
            self._run = {"event": event, "total": 0, "head": b"", "checksum": 0}
        run = self._run
        run["total"] += len(chunk)
        run["head"] = (run["head"] + bytes(chunk[:LONGEST_SHOWN]))[:LONGEST_SHOWN]
        run["checksum"] = zlib.crc32(chunk, run["checksum"])
        self.received += len(chunk)
        self._wake()

    async def wait(self, event, times=1):
        """Returns when the lane holds `times` lines of that event."""
        await self._until(lambda: self._count(event) >= times, f"{event} x{times}")

    async def wait_received(self, total):
        await self._until(lambda: self.received >= total, f"{total} bytes")

    def _count(self, event):
        matching = [
            line for line in self._lines if line == event or line.startswith(event + " ")
        ]
        running = self._run is not None and self._run["event"] == event
        return len(matching) + (1 if running else 0)

    async def _until(self, reached, what):
        while not reached():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                raise AssertionError(f"{self.name} waited in vain for {what}: {self.lines}")

    def _end_run(self):
        run, self._run = self._run, None
        if run is not None:
            shown = show_bytes(run["total"], run["head"], run["checksum"])
            self._lines.append(f"{run['event']} {shown if self._count_bytes else '*'}")

    def _wake(self):
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
