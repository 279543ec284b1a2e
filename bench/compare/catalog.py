"""All loads that there are, in the order in which they run."""
from .loads import HttpLoad, StaticLoad
from .redis_loads import RedisLoad, RespLoad
from .scaling_loads import ConnectionsLoad, IdleLoad, LatencyLoad, StartLoad, WorkersLoad

EVERYONE = ("limit", "openresty", "go", "gunicorn-uvicorn", "event", "green")
FASTEST = ("limit", "openresty", "go", "event", "green")
ASKING = ("openresty", "gunicorn-uvicorn", "gunicorn-aiohttp", "event", "green")

LOADS = [
    HttpLoad("hello", "hello, 200 connections", EVERYONE),
    HttpLoad(
        "hello-log",
        "hello, access log to a file (but for limit)",
        ("limit", "openresty", "event", "green"),
        access_log=True,
    ),
    HttpLoad(
        "health",
        "health, 2,000 connections, every answer checked",
        EVERYONE,
        path="/health",
        connections=2000,
        check=True,
    ),
    HttpLoad(
        "health-max",
        "health, 16,000 connections",
        FASTEST,
        path="/health",
        connections=16000,
        least_seconds=5,
        warm_up=2,
    ),
    RedisLoad("redis", "one redis-server behind, 200 connections", ASKING, rows=("hit", "ping", "user")),
    RespLoad("resp", "redis-benchmark, 50 connections", ("redis-server", "event", "green")),
    StaticLoad("static", "a file of 100 KiB over TLS 1.3, 200 connections", ("nginx", "event", "green")),
    IdleLoad("idle", "idle kept connections", (*FASTEST, "sync"), most_rounds=1),
    LatencyLoad("latency", "hello at a constant rate, 200 connections", FASTEST, most_rounds=3),
    ConnectionsLoad("connections", "hello by more and more connections", FASTEST, most_rounds=3),
    WorkersLoad(
        "scaling", "hello by more and more workers, 200 connections", ("limit", "event", "green"), most_rounds=3
    ),
    StartLoad("start", "start and reload", ("event", "green")),
]
