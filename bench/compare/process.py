"""Processes that are measured: started in a session of their own, watched in /proc, and never left behind."""
import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.request

from . import figures
from .network import SERVER_PORTS

PROC = pathlib.Path("/proc")
used_ports = set()


class Failed(Exception):
    """A server or a load did not do what it is there for; the others go on."""


# What the measurement of one server may end with, so that the others go on: what is not installed, says something
# unexpected, or fails.
FAILURES = (Failed, OSError, ValueError, subprocess.SubprocessError)


def free_port():
    """A port that nobody listens at, below those that the kernel gives to clients, and not one of before: a new server
    meets no connections that are still closing."""
    for _ in range(1000):
        port = random.randrange(*SERVER_PORTS)
        if port in used_ports:
            continue
        with contextlib.closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        used_ports.add(port)
        return port
    raise Failed("no free port")


def tail(path, lines=5):
    with contextlib.suppress(OSError):
        return " | ".join(pathlib.Path(path).read_text(errors="replace").strip().splitlines()[-lines:])
    return ""


class Server:
    """One server with all its processes, from start to stop."""

    def __init__(self, name, command, log, env=None, cwd=None):
        self.name = name
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def fail(self, what):
        raise Failed(f"{self.name} {what}: {tail(self.log)}")

    def await_answer(self, url, seconds=30, context=None):
        """Until it answers 200 at the URL."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5, context=context) as answer:
                    return answer.read()
            except OSError as error:
                if self.process.poll() is not None:
                    self.fail("ended at once")
                if time.monotonic() > deadline:
                    self.fail(f"did not answer {url} ({error})")
            time.sleep(0.02)

    def await_log(self, words, seconds=30, after=0):
        """Until its log has the words beyond the byte `after`; answers how long that log is then."""
        deadline = time.monotonic() + seconds
        while True:
            text = pathlib.Path(self.log).read_bytes()
            if words.encode() in text[after:]:
                return len(text)
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.fail(f'did not say "{words}"')
            time.sleep(0.0005)

    def family(self):
        """The ids of its processes, the first of them its own."""
        found = [self.pid]
        for pid in found:
            for children in PROC.glob(f"{pid}/task/*/children"):
                with contextlib.suppress(OSError):
                    found += map(int, children.read_text().split())
        return found

    def processor_seconds(self):
        """Of all its processes that live, since their start. By the processes' clocks: exact, where stat has ticks."""
        spent = 0
        for pid in self.family():
            with contextlib.suppress(OSError):
                spent += time.clock_gettime_ns(~pid << 3 | 2)  # clock_getcpuclockid(3), which Python does not have
        return spent / 1e9

    def memory_bytes(self):
        """Resident, of all its processes; what they share is counted once (PSS)."""
        total = 0
        for pid in self.family():
            with contextlib.suppress(OSError):
                total += figures.parse_sizes((PROC / str(pid) / "smaps_rollup").read_text()).get("Pss", 0)
        return total

    def switches(self):
        """How often its workers (itself, if it has none) were woken or lost their processor, all threads together."""
        family = self.family()
        total = 0
        for pid in family[1:] or family:
            for status in PROC.glob(f"{pid}/task/*/status"):
                with contextlib.suppress(OSError):
                    total += figures.parse_switches(status.read_text())
        return total

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def stop(self):
        self.signal(signal.SIGINT)  # every one of the servers ends at once by it
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(3)
        self.signal(signal.SIGKILL)  # whoever is left, a worker that lost its master too
        self.process.wait()


def run(command, what, seconds, during=None):
    """Its output. Calls during() every second while it runs. To take much longer than it should is a failure too."""
    words = [str(word) for word in command]
    runner = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + seconds + 30
    try:
        while True:
            try:
                output, _ = runner.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise Failed(f"{what} did not end") from None
                if during:
                    during()
    finally:
        runner.kill()
        runner.wait()
    if runner.returncode != 0:
        raise Failed(f"{what} failed: {output.strip()[-300:]}")
    return output
