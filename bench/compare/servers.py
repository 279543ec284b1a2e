"""The servers that are compared, and how each is started. A new one is a function here, and its name in a load."""
import dataclasses
import pathlib
import resource
import subprocess

from .process import Server, free_port

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = HERE.parent / "peers"
INDRIK = ROOT / "build/release/indrik"
PLUGINS = ROOT / "build/release/plugins"
CONNECTIONS = 19000
SUITE = "TLS_AES_128_GCM_SHA256"


@dataclasses.dataclass
class Setup:
    """What a server is to serve, and where."""

    folder: pathlib.Path  # its own: configuration, logs
    tools: pathlib.Path  # what build_tools() made
    workers: int = 2
    port: int = 0
    access_log: bool = False
    redis_port: int = 0
    tls: bool = False  # with tools/cert.pem and tools/key.pem
    root: pathlib.Path = None  # a folder of files to serve
    resp: bool = False  # speak Redis's protocol, from memory

    def url(self, path):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"


def build_tools(folder):
    """The programs and the certificate that the loads need."""
    flags = ["-std=c++20", "-O2"]
    for source in (PEERS / "limit.cpp", HERE.parent / "load.cpp", HERE.parent / "constant_rate.cpp"):
        subprocess.run(["c++", *flags, "-o", folder / source.stem, source], check=True)
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(request + names, check=True, capture_output=True)


def limit(setup):
    return {"command": [setup.tools / "limit", setup.port, setup.workers]}


def indrik(setup, worker_class):
    apps = [("hello.so", {}), ("health.so", {})]
    if setup.redis_port:
        apps.append(("redis.so", {"address": f"127.0.0.1:{setup.redis_port}"}))
    if setup.root:
        apps = [("static.so", {"root": str(setup.root)})]
    where = f"127.0.0.1:{setup.port}"
    if setup.resp:  # has listeners of its own
        apps, where = [("resp.so", {})], f"unix:{setup.folder}/socket"
    lines = [
        f'bind = ["{"https://" if setup.tls else ""}{where}"]',
        f"workers = {setup.workers}",
        f'worker_class = "{worker_class}"',
        f"worker_connections = {CONNECTIONS}",
        "backlog = 4096",
        'keep_alive = "10m"',
    ]
    if setup.access_log:
        lines.append(f'access_logfile = "{setup.folder}/access.log"')
    if setup.tls:
        lines += [f'certfile = ["{setup.tools}/cert.pem"]', f'keyfile = ["{setup.tools}/key.pem"]']
        lines += ['tls_min_version = "1.3"', f'ciphersuites = "{SUITE}"']
    for plugin, config in apps:
        lines += ["[[app]]", f'plugin = "{PLUGINS / plugin}"']
        if setup.resp:
            lines.append(f'bind = ["127.0.0.1:{setup.port}"]')
        lines.append("[app.config]")
        lines += [f'{key} = "{value}"' for key, value in config.items()]
    file = setup.folder / "indrik.toml"
    file.write_text("\n".join(lines) + "\n")
    return {"command": [INDRIK, "-c", file]}


def nginx(setup):
    tls = f"ssl_certificate {setup.tools}/cert.pem; ssl_certificate_key {setup.tools}/key.pem; ssl_protocols TLSv1.3;"
    values = {
        "WORKERS": setup.workers,
        "CONNECTIONS": CONNECTIONS,
        "FOLDER": setup.folder,
        "PORT": setup.port,
        "ACCESS_LOG": f"{setup.folder}/access.log" if setup.access_log else "off",
        "LISTEN": "ssl" if setup.tls else "",
        "TLS": f"{tls} ssl_conf_command Ciphersuites {SUITE};" if setup.tls else "",
        "ROOT": setup.root or setup.folder,
        "REDIS_PORT": setup.redis_port or 6379,
    }
    text = (PEERS / "nginx.conf.in").read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    file = setup.folder / "nginx.conf"
    file.write_text(text)
    return {"command": ["nginx", "-p", setup.folder, "-c", file]}


def go(setup):
    program = setup.tools / "server"
    if not program.exists():  # takes a while, and only here is it needed
        build = {
            "env": {
                "GO111MODULE": "off",
                "GOCACHE": str(setup.tools / "go"),
                "HOME": str(setup.tools),
                "PATH": "/usr/bin:/bin",
            }
        }
        subprocess.run(["go", "build", "-o", program, PEERS / "server.go"], check=True, **build)
    return {"command": [program], "env": {"PORT": str(setup.port), "GOMAXPROCS": str(setup.workers)}}


def gunicorn(setup, worker_class, app, *more):
    command = [
        "gunicorn",
        "-b",
        f"127.0.0.1:{setup.port}",
        "-w",
        setup.workers,
        "-k",
        worker_class,
        "--backlog",
        "4096",
    ]
    command += [
        "--worker-connections",
        CONNECTIONS,
        "--keep-alive",
        "65",
        "--log-level",
        "warning",
        *more,
        f"{app}:app",
    ]
    return {
        "command": command,
        "cwd": PEERS,
        "env": {"REDIS_PORT": str(setup.redis_port), "PYTHONDONTWRITEBYTECODE": "1"},
    }


def redis_server(setup):
    persistence = ["--save", "", "--appendonly", "no", "--dir", setup.folder]
    return {"command": ["redis-server", "--port", setup.port, "--bind", "127.0.0.1", *persistence]}


SERVERS = {
    "limit": limit,
    "openresty": nginx,
    "nginx": nginx,
    "go": go,
    "gunicorn-uvicorn": lambda setup: gunicorn(setup, "uvicorn.workers.UvicornWorker", "fastapi_app"),
    "gunicorn-aiohttp": lambda setup: gunicorn(setup, "aiohttp.GunicornUVLoopWebWorker", "aiohttp_app"),
    "gunicorn-gevent": lambda setup: gunicorn(setup, "gevent", "flask_app"),
    "gunicorn-gthread": lambda setup: gunicorn(setup, "gthread", "flask_app", "--threads", "40"),
    "redis-server": redis_server,
    "event": lambda setup: indrik(setup, "event"),
    "green": lambda setup: indrik(setup, "green"),
    "sync": lambda setup: indrik(setup, "sync"),
}
OURS = ("event", "green", "sync")


def start(name, setup):
    """Begun, not yet known to serve; on a port of its own, with descriptors for as many clients as may be."""
    setup.port = setup.port or free_port()
    setup.folder.mkdir(parents=True)
    return Server(name, log=setup.folder / "log", **SERVERS[name](setup))


def raise_descriptor_limit():
    """For us and all that we start; answers how many connections a client can hold open."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most - 500
