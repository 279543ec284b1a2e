"""The loads: each measures one server at a time, and answers its metrics by the row that they belong to."""
import dataclasses
import resource
import ssl
import time

from . import figures
from .process import Failed, run
from .servers import HERE, Setup, start


@dataclasses.dataclass
class Context:
    """What one measurement has at hand: a folder of its own, and how long to load."""

    folder: object
    tools: object
    seconds: float
    most_connections: int

    def setup(self, **more):
        return Setup(folder=self.folder, tools=self.tools, **more)


@dataclasses.dataclass
class Load:
    """The base of all: what it is called, and whom it measures."""

    name: str
    title: str
    servers: tuple
    most_rounds: int = 1000
    rows: tuple = ()  # of the table, if not its name alone

    def row_names(self):
        return self.rows or (self.name,)

    def prepare(self, context):
        """Once, before the first round."""

    def finish(self):
        """Once, after the last."""

    def measure(self, server, context):
        raise NotImplementedError

    def loaded_seconds(self, seconds):
        """How long a server is loaded for one figure."""
        return seconds

    def seconds_each(self, seconds):
        """About how long one measurement takes, with start and stop."""
        return self.loaded_seconds(seconds) + 2.5


def wrk(url, connections, seconds, check=False):
    command = ["wrk", "-t2", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "5s", "--latency"]
    return command + (["-s", HERE.parent / "peers/check.lua"] if check else []) + [url]


# There are some 49,000 ports for clients (28,000 if the network is not our own), and one that was just used is free
# again after a second (tcp_tw_reuse).
MANY = 10_000


def children_seconds():
    """Processor time of what we started and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load_by_wrk(server, url, connections, seconds, check=False, warm_up=1):
    """The metrics of one load after a warm-up: what wrk says, and what the server spent meanwhile."""
    if warm_up:
        run(wrk(url, connections, warm_up, check), "wrk", warm_up)
        if connections > MANY:
            time.sleep(1.2)
    metrics = measure_by_wrk(server, wrk(url, connections, seconds, check), seconds)
    if not metrics["requests"]:  # on a machine that others use as well, wrk may take all its time to connect
        metrics = measure_by_wrk(server, wrk(url, connections, 3 * seconds, check), 3 * seconds)
    if not metrics["requests"]:
        raise Failed(f"{server.name} answered nothing")
    spent, client_spent = metrics.pop("seconds_spent"), metrics.pop("client_seconds_spent")
    return {
        **metrics,
        "cpu_us": spent * 1e6 / metrics["requests"],
        "client_us": client_spent * 1e6 / metrics["requests"],
    }


def measure_by_wrk(server, command, seconds):
    peak = [server.memory_bytes()]
    before, client_before = server.processor_seconds(), children_seconds()
    output = run(command, "wrk", seconds, during=lambda: peak.append(server.memory_bytes()))
    spent, client_spent = server.processor_seconds() - before, children_seconds() - client_before
    if server.process.poll() is not None:
        server.fail("ended under the load")
    return {
        **figures.parse_wrk(output),
        "seconds_spent": spent,
        "client_seconds_spent": client_spent,
        "memory": max(*peak, server.memory_bytes()),
    }


@dataclasses.dataclass
class HttpLoad(Load):
    """wrk at one path."""

    path: str = "/"
    connections: int = 200
    check: bool = False
    access_log: bool = False
    least_seconds: float = 1  # wrk's clock runs while it connects, which takes it most of a second for 16,000
    warm_up: float = 1

    def measure(self, server, context):
        setup = context.setup(access_log=self.access_log)
        seconds = self.loaded_seconds(context.seconds)
        with start(server, setup) as running:
            running.await_answer(setup.url(self.path))
            connections = min(self.connections, context.most_connections)
            metrics = load_by_wrk(running, setup.url(self.path), connections, seconds, self.check, self.warm_up)
            return {self.name: metrics}

    def loaded_seconds(self, seconds):
        return max(seconds, self.least_seconds)

    def seconds_each(self, seconds):
        return self.loaded_seconds(seconds) + self.warm_up + 1.5 + 2.7 * self.connections / 16000


@dataclasses.dataclass
class StaticLoad(Load):
    """A file over TLS."""

    size: int = 100 * 1024
    connections: int = 200

    def measure(self, server, context):
        setup = context.setup(tls=True, root=context.tools / "files")
        setup.root.mkdir(exist_ok=True)
        (setup.root / "file.bin").write_bytes(b"0123456789abcdef" * (self.size // 16))
        trust = ssl._create_unverified_context()
        with start(server, setup) as running:
            url = setup.url("/file.bin")
            if len(running.await_answer(url, context=trust)) != self.size:
                raise Failed(f"{server} sent another length")
            return {self.name: load_by_wrk(running, url, self.connections, context.seconds)}
