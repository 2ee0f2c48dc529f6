"""asyncio's callbacks ("protocol") or streams ("streams"); "uvloop" runs them on its event loop."""

import asyncio
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def echo(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionResetError, BrokenPipeError):
        pass  # the load generator went away: the end of a measurement
    finally:
        writer.close()


async def main():
    loop = asyncio.get_running_loop()
    place = {"host": "127.0.0.1", "port": 0, "backlog": 1024}
    if "streams" in sys.argv:
        server = await asyncio.start_server(echo, **place)
    else:
        server = await loop.create_server(Echo, **place)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
