"""Passes listening sockets to a program as systemd does: systemd_peer.py NAMES PROGRAM [ARG ...].

Prints the ports, then becomes the program, whose number is LISTEN_PID.
"""
import os
import socket
import sys

names = sys.argv[1].split(":")
for index, _ in enumerate(names):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    os.dup2(listener.fileno(), 3 + index, inheritable=True)
    if listener.fileno() == 3 + index:
        listener.detach()
        os.set_inheritable(3 + index, True)
os.environ.update(
    LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=":".join(names)
)
os.execvp(sys.argv[2], sys.argv[2:])
