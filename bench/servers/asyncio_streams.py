"""asyncio's streams: read, write, drain.

--lines reads line by line instead; --uvloop runs the same on uvloop's event loop.
"""

import asyncio
import sys


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def echo_lines(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()


async def serve(reader, writer):
    try:
        await (echo_lines if "--lines" in sys.argv else echo)(reader, writer)
    except (ConnectionResetError, BrokenPipeError):
        pass  # the load generator went away: the end of a measurement
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if "--uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
