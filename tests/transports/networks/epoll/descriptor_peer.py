"""Takes a descriptor from a Unix socket, uses it, and sends it back; or listens and sends that."""
import os
import resource
import socket
import sys

mode, path = sys.argv[1:3]
channel = socket.socket(socket.AF_UNIX)
channel.connect(path)


def take():
    data, fds, _, _ = socket.recv_fds(channel, 100, 8)
    return data, fds


if mode == "use":
    data, fds = take()
    connection = socket.socket(fileno=fds[0])
    connection.sendall(b"python has %d after %s" % (len(fds), data))
    line = connection.recv(100)
    socket.send_fds(channel, [b"back " + line], [connection.fileno()])
    connection.close()
    assert channel.recv(1) == b""
elif mode == "listen":
    listener = socket.create_server(("127.0.0.1", 0))
    socket.send_fds(channel, [b"%d\n" % listener.getsockname()[1]], [listener.fileno()])
    listener.close()
    channel.recv(1)
elif mode == "flood":
    count = int(sys.argv[3])
    for _ in range(count):
        socket.send_fds(channel, [b"x"], [0])
    channel.recv(1)
elif mode == "many":
    count = int(sys.argv[3])
    socket.send_fds(channel, [b"many"], [0] * count)
    channel.recv(1)
