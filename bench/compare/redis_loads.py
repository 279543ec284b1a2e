"""Loads that have to do with Redis: applications that ask one, and servers that are one."""
import dataclasses
import subprocess

import resp

from .loads import Load, load_by_wrk
from .process import Failed
from .servers import Setup, start


def await_redis(server, port):
    server.await_log("Ready to accept connections")
    return str(port)


@dataclasses.dataclass
class RedisLoad(Load):
    """wrk at the routes that ask one redis-server, which all servers share, each in its turn."""

    connections: int = 200
    most_seconds: float = 2

    def prepare(self, context):
        setup = Setup(folder=context.folder, tools=context.tools)
        self.redis = None
        self.redis = start("redis-server", setup)
        self.port = await_redis(self.redis, setup.port)

    def finish(self):
        if self.redis:
            self.redis.stop()

    def loaded_seconds(self, seconds):
        return min(seconds, self.most_seconds)

    def measure(self, server, context):
        for command in (["flushall"], ["set", "user", "Ada"]):
            subprocess.run(["redis-cli", "-p", self.port, *command], check=True, stdout=subprocess.DEVNULL)
        setup = context.setup(redis_port=int(self.port))
        measured = {}
        with start(server, setup) as running:
            for row in self.rows:
                running.await_answer(setup.url(f"/{row}"))
                warm_up = 0 if measured else 1
                measured[row] = load_by_wrk(
                    running,
                    setup.url(f"/{row}"),
                    self.connections,
                    self.loaded_seconds(context.seconds),
                    warm_up=warm_up,
                )
        return measured

    def seconds_each(self, seconds):
        return len(self.rows) * self.loaded_seconds(seconds) + 3


@dataclasses.dataclass
class RespLoad(Load):
    """redis-benchmark at a server of one process, without and with pipelines of 16, keys out of 100 million."""

    def measure(self, server, context):
        setup = context.setup(resp=True, workers=1)
        with start(server, setup) as running:
            if server == "redis-server":
                await_redis(running, setup.port)
            else:
                running.await_log("workers are ready")
            metrics = {}
            before = running.processor_seconds()
            requests = {"1": round(30_000 * context.seconds), "16": round(150_000 * context.seconds)}
            for pipeline, count in requests.items():
                try:
                    rates = resp.load(str(setup.port), str(count), pipeline)
                except (subprocess.CalledProcessError, IndexError) as error:
                    raise Failed(f"redis-benchmark: {error}") from error
                suffix = "" if pipeline == "1" else pipeline
                metrics.update({f"{test}{suffix}": rate for test, rate in zip(resp.TESTS, rates)})
            spent = running.processor_seconds() - before
            metrics["cpu_us"] = spent * 1e6 / sum(requests.values()) / len(resp.TESTS)
            metrics["memory"] = running.memory_bytes()
        return {self.name: metrics}

    def seconds_each(self, seconds):
        return seconds + 1.5
