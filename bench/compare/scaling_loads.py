"""How figures grow: with connections, with workers, and with the rate; and how long a start and a reload take."""
import dataclasses
import signal
import statistics
import subprocess
import time

from . import figures
from .loads import Load, load_by_wrk, run
from .process import FAILURES, Failed
from .servers import start


@dataclasses.dataclass
class ConnectionsLoad(Load):
    """hello by ever more connections, one server from the first to the last step."""

    steps: tuple = (100, 400, 1600, 6400, 16000)

    def row_names(self):
        return [f"connections-{count}" for count in self.steps]

    def measure(self, server, context):
        setup = context.setup()
        measured = {}
        with start(server, setup) as running:
            running.await_answer(setup.url("/"))
            for row, count in zip(self.row_names(), self.steps):
                connections = min(count, context.most_connections)
                seconds = self.loaded_seconds(context.seconds) + count / 4000  # wrk's clock runs while it connects
                metrics = load_by_wrk(running, setup.url("/"), connections, seconds, warm_up=1)
                measured[row] = {**metrics, "connections": connections}
        return measured

    def loaded_seconds(self, seconds):
        return min(seconds, 2)

    def seconds_each(self, seconds):
        return (self.loaded_seconds(seconds) + 1) * len(self.steps) + sum(self.steps) / 4000 + 4


@dataclasses.dataclass
class WorkersLoad(Load):
    """hello by ever more workers."""

    steps: tuple = (1, 2, 4, 8)
    connections: int = 200

    def row_names(self):
        return [f"workers-{count}" for count in self.steps]

    def measure(self, server, context):
        measured = {}
        for row, count in zip(self.row_names(), self.steps):
            setup = context.setup(workers=count)
            setup.folder = context.folder / row
            with start(server, setup) as running:
                running.await_answer(setup.url("/"))
                metrics = load_by_wrk(
                    running, setup.url("/"), self.connections, self.loaded_seconds(context.seconds), warm_up=1
                )
                measured[row] = {**metrics, "workers": count}
        return measured

    def loaded_seconds(self, seconds):
        return min(seconds, 2)

    def seconds_each(self, seconds):
        return len(self.steps) * (self.loaded_seconds(seconds) + 2)


@dataclasses.dataclass
class IdleLoad(Load):
    """Kept connections that had one answer each and now say nothing: what they cost, and whether they wake anybody."""

    steps: tuple = (100, 1000, 4000, 16000)

    def row_names(self):
        return [f"idle-{count}" for count in self.steps]

    def measure(self, server, context):
        setup = context.setup()
        clients = []
        measured = {}
        with start(server, setup) as running:
            running.await_answer(setup.url("/"))
            before = running.memory_bytes()
            switches = self.switches(running, context)
            try:
                held = 0
                for row, count in zip(self.row_names(), self.steps):
                    count = min(count, context.most_connections)
                    clients.append(self.connect(context, setup, count - held))
                    held = count
                    memory = self.settled_memory(running)
                    measured[row] = {"memory": memory, "bytes_each": (memory - before) / count, "connections": count}
                measured[row].update(self.compare_switches(switches, self.switches(running, context)))
            finally:
                for client in clients:
                    client.kill()
                    client.wait()
        return measured

    @staticmethod
    def settled_memory(running):
        """Resident when it no longer falls: what the answers took is given back in the seconds after them, by whoever
        gives it back. Three looks alike, a second between them."""
        looks = [running.memory_bytes()]
        while len(looks) < 20 and (len(looks) < 3 or looks[-1] < 0.99 * looks[-3]):
            time.sleep(1)
            looks.append(running.memory_bytes())
        return looks[-1]

    @staticmethod
    def connect(context, setup, count):
        """A client that holds so many, each answered once."""
        command = [context.tools / "load", f"127.0.0.1:{setup.port}", str(count), "0", "hold", "/", "/"]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in client.stdout:
            if line.startswith("answered"):
                return client
        client.wait()
        raise Failed(f"only some of {count} connections were answered")

    def switches(self, running, context):
        """How often the workers are woken in some seconds."""
        time.sleep(1.5)  # in which what came last settles
        before = running.switches()
        time.sleep(self.watched(context.seconds))
        return running.switches() - before

    def compare_switches(self, none, held):
        """A heartbeat that beats without clients as well is not the clients' doing; it may fall into the time once
        more or less in each of the two workers."""
        more = held - none
        return {"switches_none": none, "switches": held, "woken": more if more > 2 else 0}

    def watched(self, seconds):
        return min(5, seconds * 2)

    def seconds_each(self, seconds):
        return len(self.steps) * 5 + 4 + 2 * self.watched(seconds)


@dataclasses.dataclass
class LatencyLoad(Load):
    """hello at a constant rate, the same for all: half of what the slowest of them can do in a closed loop."""

    connections: int = 200
    rate: float = 0

    def prepare(self, context):
        capacities = []
        for server in self.servers:
            setup = context.setup()
            setup.folder = context.folder / server
            try:
                with start(server, setup) as running:
                    running.await_answer(setup.url("/"))
                    capacities.append(load_by_wrk(running, setup.url("/"), self.connections, 1)["rps"])
            except FAILURES:
                continue  # it will fail again, and be said to
        self.rate = round(min(capacities, default=2000) / 2, -2)

    def measure(self, server, context):
        setup = context.setup()
        with start(server, setup) as running:
            running.await_answer(setup.url("/"))
            before = running.processor_seconds()
            command = [
                context.tools / "constant_rate",
                setup.port,
                "/",
                self.rate,
                self.connections,
                context.seconds,
                1,
            ]
            output = run(command, "constant_rate", context.seconds + 1)
            spent = running.processor_seconds() - before
            metrics = figures.parse_constant_rate(output)
            metrics["rps"] = metrics.pop("rate")
            metrics["cpu_us"] = spent * 1e6 / (self.rate * (context.seconds + 1))
        return {self.name: metrics}

    def seconds_each(self, seconds):
        return seconds + 2.5 + 4 / self.most_rounds


@dataclasses.dataclass
class StartLoad(Load):
    """From the start of the master to its workers' being ready, and from HUP to all new workers' being ready."""

    steps: tuple = (1, 2, 4, 8)

    def row_names(self):
        return [f"start-{count}" for count in self.steps]

    def measure(self, server, context):
        measured = {}
        for row, count in zip(self.row_names(), self.steps):
            setup = context.setup(workers=count)
            setup.folder = context.folder / row
            begun = time.monotonic()
            with start(server, setup) as running:
                end = running.await_log("workers are ready")
                started = time.monotonic() - begun
                begun = time.monotonic()
                running.process.send_signal(signal.SIGHUP)
                running.await_log("reload done", after=end)
                reloaded = time.monotonic() - begun
                measured[row] = {"start_ms": started * 1000, "reload_ms": reloaded * 1000, "workers": count}
        return measured

    def seconds_each(self, seconds):
        return len(self.steps) * 2.0


def median_distribution(rounds):
    """Quantile by quantile the median of the rounds: [[0.5, ms], ...]."""
    measured = [one["distribution"] for one in rounds if one is not None and "distribution" in one]
    return [[points[0][0], statistics.median(point[1] for point in points)] for points in zip(*measured)]
