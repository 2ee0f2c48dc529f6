"""The other side of the tests of datagrams, on CPython's asyncio.

serve: echoes what comes, and prints the port.
connect PORT: sends datagrams of several sizes, and prints "same" if all come back, in order.
"""

import asyncio
import sys

SIZES = [0, 1, 512, 1472, 9000, 60_000]


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data, address)


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = asyncio.Queue()

    def datagram_received(self, data, _address):
        self.received.put_nowait(data)


async def serve():
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await loop.create_future()


async def connect(port):
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        Client, remote_addr=("127.0.0.1", port)
    )
    for size in SIZES:
        # Before 3.13 asyncio does not send empty datagrams.
        if size == 0 and sys.version_info < (3, 13):
            continue
        sent = bytes(i % 251 for i in range(size))
        transport.sendto(sent)
        if await client.received.get() != sent:
            print(f"{size} bytes came back changed")
            return
    print("same")
    transport.close()


if sys.argv[1] == "serve":
    asyncio.run(serve())
else:
    asyncio.run(connect(int(sys.argv[2])))
