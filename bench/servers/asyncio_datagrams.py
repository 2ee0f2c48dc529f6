"""asyncio's datagram endpoint; "uvloop" runs it on its event loop."""

import asyncio
import sys


class Echo(asyncio.DatagramProtocol):
    count = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        if len(data) == 1024:
            self.count += 1
        else:
            self.transport.sendto(b"%d" % self.count if len(data) == 1 else data, address)


async def main():
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    print("listening on 127.0.0.1:%d" % transport.get_extra_info("sockname")[1], flush=True)
    await loop.create_future()


if "uvloop" in sys.argv:
    import uvloop

    uvloop.install()
asyncio.run(main())
