"""The client of bench/hostile: PROGRAM CONFIGURATION PORT CONNECTIONS."""

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
import time

PROGRAM, CONFIGURATION = sys.argv[1:3]
PORT, CONNECTIONS = (int(argument) for argument in sys.argv[3:5])
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"GET /files/large HTTP/1.1\r\nHost: a\r\n\r\n"


@contextlib.contextmanager
def server():
    """A new server: what the one before has freed and kept would hide what the next one needs. Gives its worker."""
    with subprocess.Popen([PROGRAM, "-c", CONFIGURATION], stderr=subprocess.PIPE, text=True) as master:
        for line in master.stderr:
            if "workers are ready" in line:
                break
        else:
            sys.exit("the server does not start")
        threading.Thread(target=master.stderr.read, daemon=True).start()
        with open(f"/proc/{master.pid}/task/{master.pid}/children", encoding="ascii") as children:
            worker = int(children.read().split()[0])
        yield worker
        master.terminate()


def resident(worker):
    with open(f"/proc/{worker}/smaps_rollup", encoding="ascii") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Rss:")) * 1024


def connect(window=0, port=PORT):
    client = socket.socket()
    if window:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    client.connect(("127.0.0.1", port))
    return client


def kept():
    client = connect()
    client.sendall(GET)
    client.recv(4096)
    return client


def saying(text, window=0):
    def make():
        client = connect(window)
        client.sendall(text)
        return client
    return make


CONTEXT = ssl._create_unverified_context()


def tls_kept():
    client = CONTEXT.wrap_socket(connect(port=PORT + 1))
    client.sendall(GET)
    client.recv(4096)
    return client


def post(size):
    return b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * size


STATES = [
    ("connected, silent", connect, 1),
    ("kept, idle after a request", kept, 1),
    ("a head of 40 bytes so far", saying(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: 1234567"), 1),
    ("a head of 8 KiB so far", saying(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 8000), 1),
    ("a body of 10 bytes so far", saying(post(10).replace(b"1000000", b"100000")), 1),
    ("a body of 100 KB so far", saying(post(100_000).replace(b"1000000", b"120000")), 4),
    ("a body of 500 KB so far, in a file", saying(post(500_000)), 10),
    ("an unread answer: a file of 64 MiB", saying(LARGE, 4096), 1),
    ("an unread answer: 8 MB made in memory", saying(LARGE.replace(b"files/large", b"bytes/8000000"), 4096), 40),
    ("an unread answer, streamed", saying(LARGE.replace(b"files/large", b"stream/bytes?size=64000000"), 4096), 4),
    ("TLS, kept, idle after a request", tls_kept, 4),
]


def settled(worker):
    """Its memory when it does not change any more."""
    last = resident(worker)
    while True:
        time.sleep(0.3)
        now = resident(worker)
        if abs(now - last) < 64 * 1024:
            return now
        last = now


def memory():
    for name, make, fewer in STATES:
        with server() as worker:
            count = max(CONNECTIONS // fewer, 10)
            make().close()  # what is made once is made now
            before = settled(worker)
            clients = [make() for _ in range(count)]
            cost = (settled(worker) - before) / count
            print(f"{name:40} {cost:10,.0f} bytes each, of {count}", flush=True)
            for client in clients:
                client.close()


def latencies(count, fresh):
    times = []
    client = connect()
    for _ in range(count):
        begun = time.perf_counter()
        if fresh:
            client = connect()
        client.sendall(GET)
        assert client.recv(4096).startswith(b"HTTP/1.1 200"), "refused"
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)


def report(name):
    for fresh in (False, True):
        times = latencies(300, fresh)
        print(f"{name}, {'new' if fresh else 'kept'} connections: p50 {times[150]:.2f} ms, p90 {times[270]:.2f} ms, "
              f"p99 {times[297]:.2f} ms, most {times[-1]:.2f} ms", flush=True)


def dribble(clients, stop):
    while not stop.is_set():
        for sends, client in clients:
            try:
                client.send(b"x") if sends else client.recv(1)
            except OSError:
                pass
        stop.wait(0.1)


def hostile():
    report("quiet")
    head, body = GET[:-2] + b"X-Slow: ", post(1)
    clients = []
    for _ in range(500):
        clients += [(True, saying(head)()), (True, saying(body)()), (False, saying(LARGE, 4096)())]
    for _, client in clients:
        client.setblocking(False)
    stop = threading.Event()
    thread = threading.Thread(target=dribble, args=(clients, stop))
    thread.start()
    time.sleep(1)
    report("among 1500 slow ones")
    stop.set()
    thread.join()
    for _, client in clients:
        client.close()
    time.sleep(0.5)
    report("quiet again")


memory()
with server():
    hostile()
