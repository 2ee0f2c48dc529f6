"""The other side of the interoperability tests, on CPython's asyncio.

serve: echoes what comes, ends its direction when the peer ends its own, and prints the port.
connect PORT SIZE: sends SIZE bytes in pieces while it reads them back, ends its direction, and
exits with 0 if exactly those bytes came back and then the end.
"""

import asyncio
import random
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


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def connect(port, size):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    source = random.Random(size)
    sent = source.randbytes(size)

    async def send():
        start = 0
        while start < size:
            end = start + source.randint(1, 200_000)
            writer.write(sent[start:end])
            await writer.drain()
            start = end
        writer.write_eof()

    _, received = await asyncio.gather(send(), reader.read())
    writer.close()
    await writer.wait_closed()
    return 0 if received == sent else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        sys.exit(asyncio.run(connect(int(sys.argv[2]), int(sys.argv[3]))))
