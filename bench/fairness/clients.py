"""One client that pipelines lines as fast as it can, beside many that ask one line at a time.

usage: clients.py PORT CONNECTIONS ROUNDS SPREAD_MS SERVER_PID [CA_FILE]
In each round every slow client asks once, at a random moment of the spread. Prints one JSON object:
how long they waited, in milliseconds; the fast client's lines a second; the server's CPU a line, in us.
"""
import json, os, random, selectors, signal, socket, ssl, sys, time

port, connections, rounds, spread, server = (int(word) for word in sys.argv[1:6])
authority = sys.argv[6] if len(sys.argv) > 6 else None
LINE = b"fast\n"
GIVE_UP = 15  # seconds
BUSY = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def connect():
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if authority is None:
        return sock
    context = ssl.create_default_context(cafile=authority)
    return context.wrap_socket(sock, server_hostname="localhost")


def attempt(operation):
    try:
        while True:
            operation()
    except BUSY:
        pass


def flood(pipe):
    """Sends for ever and counts what comes back; writes the count to the pipe at SIGUSR1."""
    sock = connect()
    sock.setblocking(False)
    block = memoryview(LINE * 20_000)
    state = {"rest": block, "received": 0}

    def receive():
        data = sock.recv(1 << 18)
        if not data:
            os._exit(1)
        state["received"] += len(data)

    def send():
        state["rest"] = state["rest"][sock.send(state["rest"]):] or block

    signal.signal(signal.SIGUSR1, lambda *_: os.write(
        pipe, f"{state['received']} {time.perf_counter()}\n".encode()))
    poll = selectors.DefaultSelector()
    poll.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
    while True:
        poll.select()
        attempt(receive)
        attempt(send)


def ask_round(socks, poll, waits):
    """Returns how many stayed without an answer."""
    start = time.perf_counter()
    due = sorted(((start + random.random() * spread / 1000, i) for i in range(len(socks))), reverse=True)
    asked = {}
    while due or asked:
        now = time.perf_counter()
        if now - start > GIVE_UP:
            waits += [now - at for at in asked.values()]
            return len(asked) + len(due)
        while due and due[-1][0] <= now:
            index = due.pop()[1]
            asked[index] = time.perf_counter()
            socks[index].send(b"slow line\n")
        timeout = max(0, due[-1][0] - time.perf_counter()) if due else 1
        for key, _ in poll.select(timeout):
            try:
                if not key.fileobj.recv(4096):
                    sys.exit("the server closed a connection")
            except BUSY:
                continue
            if key.data in asked:
                waits.append(time.perf_counter() - asked.pop(key.data))
    return 0


def cpu_seconds():
    fields = open(f"/proc/{server}/stat").read().rsplit(")")[-1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


reader, writer = os.pipe()
child = os.fork()
if child == 0:
    flood(writer)
time.sleep(1)


def told():
    os.kill(child, signal.SIGUSR1)
    received, at = os.read(reader, 100).decode().split()
    return int(received), float(at), cpu_seconds()


socks = [connect() for _ in range(connections)]
poll = selectors.DefaultSelector()
for index, sock in enumerate(socks):
    sock.setblocking(False)
    poll.register(sock, selectors.EVENT_READ, index)
before, waits, unanswered = told(), [], 0
for _ in range(rounds):
    unanswered += ask_round(socks, poll, waits)
if not socks:
    time.sleep(rounds * spread / 1000)
after = told()
os.kill(child, signal.SIGKILL)
waits.sort()
lines = (after[0] - before[0]) / len(LINE)
share = lambda part: round(1000 * waits[min(len(waits) - 1, int(part * len(waits)))], 1) if waits else 0
print(json.dumps({
    "answers": len(waits) - unanswered, "unanswered": unanswered,
    "median": share(0.5), "p99": share(0.99), "longest": share(1),
    "fastLinesPerSecond": round(lines / (after[1] - before[1])),
    "cpuPerLine": round(1e6 * (after[2] - before[2]) / max(1, lines), 3),
}))
