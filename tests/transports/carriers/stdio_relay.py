"""Passes everything between its stdin and stdout and a TCP port, which is its argument.

With a descriptor as second argument it is that, a socket, instead of its stdin and stdout.

Each direction ends by itself. When one fails the whole process ends, without a word to either side.
"""

import os
import socket
import sys
import threading

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))


def pass_on(read, write, end):
    try:
        while chunk := read():
            write(chunk)
        end()
    except OSError:
        os._exit(1)


def write_stdout(chunk):
    while chunk:
        chunk = chunk[os.write(1, chunk):]


def end_connection():
    connection.shutdown(socket.SHUT_WR)


if len(sys.argv) > 2:
    own = socket.socket(fileno=int(sys.argv[2]))
    inward = (lambda: own.recv(65536), connection.sendall, end_connection)
    outward = (lambda: connection.recv(65536), own.sendall, lambda: own.shutdown(socket.SHUT_WR))
else:
    inward = (lambda: os.read(0, 65536), connection.sendall, end_connection)
    outward = (lambda: connection.recv(65536), write_stdout, lambda: os.close(1))
for direction in (inward, outward):
    threading.Thread(target=pass_on, args=direction).start()
