"""The measurements of processes.ts on asyncio: prints starts a second and MiB a second, as JSON with the version."""

import asyncio
import json
import platform
import time
from subprocess import DEVNULL, PIPE

STARTS = 10
START_ROUNDS = 40
BYTE_ROUNDS = 5
TOTAL = 1 << 30
CHUNK = bytes(65536)


async def start():
    process = await asyncio.create_subprocess_exec(
        "true", stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    await process.wait()


async def pass_bytes():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)

    async def write():
        for _ in range(TOTAL // len(CHUNK)):
            process.stdin.write(CHUNK)
            await process.stdin.drain()
        process.stdin.close()

    writing = asyncio.ensure_future(write())
    received = 0
    while chunk := await process.stdout.read(len(CHUNK)):
        received += len(chunk)
    await writing
    await process.wait()
    assert received == TOTAL


async def fastest(run, rounds, repeat):
    """The time of the fastest tenth of the rounds, in seconds."""
    times = []
    for _ in range(rounds):
        started_at = time.perf_counter()
        for _ in range(repeat):
            await run()
        times.append(time.perf_counter() - started_at)
    return sorted(times)[rounds // 10]


async def main():
    print(json.dumps({
        "version": platform.python_version(),
        "starts": STARTS / await fastest(start, START_ROUNDS, STARTS),
        "mebibytes": TOTAL / 1048576 / await fastest(pass_bytes, BYTE_ROUNDS, 1),
    }))


asyncio.run(main())
