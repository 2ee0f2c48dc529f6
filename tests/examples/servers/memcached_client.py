"""Talks to a memcached, with pipelines, and checks every answer."""

import socket
import sys

LINE = b"\r\n"


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def send(self, *lines):
        self.socket.sendall(b"".join(line + LINE for line in lines))

    def line(self):
        return self.file.readline().removesuffix(LINE)

    def expect(self, *lines):
        for line in lines:
            answer = self.line()
            assert answer == line, f"{answer!r}, not {line!r}"

    def values(self):
        found = {}
        while (line := self.line()) != b"END":
            word, key, flags, length = line.split()[:4]
            assert word == b"VALUE", line
            found[key] = (int(flags), self.file.read(int(length)))
            assert self.file.read(2) == LINE
        return found


def main(port):
    one, two = Client(port), Client(port)
    names = [b"key_%d" % i for i in range(1000)]
    for name in names:
        one.send(b"set %s 1 0 %d" % (name, len(name) * 50), name * 50)
    one.expect(*[b"STORED"] * len(names))
    two.send(b"get " + b" ".join(names))
    assert two.values() == {name: (1, name * 50) for name in names}

    for client in (one, two):
        client.send(*[b"get " + name for name in names])
    for client in (one, two):
        for name in names:
            assert client.values() == {name: (1, name * 50)}

    one.send(b"set n 0 0 1", b"0")
    one.expect(b"STORED")
    for client in (one, two):
        client.send(*[b"incr n 1"] * 500)
    counted = sorted(int(client.line()) for client in (one, two) for _ in range(500))
    assert counted == list(range(1, 1001)), counted

    one.send(b"quit")
    assert one.file.read() == b""
    print("all is well")


main(int(sys.argv[1]))
