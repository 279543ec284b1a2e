"""What was measured, as JSON: rows by name, each with the rounds of each server. A later run replaces its rows."""
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess

from .servers import ROOT

FORMAT = 1


def first_line(*command):
    """What the command says of itself; empty where it is not there."""
    try:
        said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    except OSError:
        return ""
    return (said.stdout + said.stderr).strip().partition("\n")[0]


def commit():
    """Empty where there is no git."""
    name = first_line("git", "rev-parse", "--short=12", "HEAD")
    changed = name and first_line("git", "diff", "--stat", "HEAD", "--", "src", "plugins", "include")
    return name + (" and local changes" if changed else "")


def machine():
    model = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    kib = re.search(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(kib[1]) // 1024,
        "kernel": platform.release(),
        "compiler": first_line("c++", "--version"),
        "versions": [
            line
            for line in (
                first_line("wrk", "-v").partition(" Copyright")[0],
                first_line("nginx", "-v"),
                first_line("go", "version"),
                first_line("gunicorn", "--version"),
                first_line("redis-server", "--version").partition(" sha")[0],
                first_line("python3", "--version"),
                first_line("openssl", "version"),
            )
            if line
        ],
    }


class Results:
    """Kept in a file from the first measurement on."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.rows = {}
        if self.path.exists():
            kept = json.loads(self.path.read_text())
            if kept.get("format") == FORMAT:
                self.rows = kept["rows"]
        self.machine = machine()
        self.commit = commit()

    def begin(self, load, settings):
        """Drops what was known of the load's rows."""
        when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        for row in load.row_names():
            self.rows[row] = {
                "load": load.name,
                "title": load.title,
                "when": when,
                "commit": self.commit,
                "settings": settings,
                "servers": {name: {"rounds": []} for name in load.servers},
            }

    def add(self, load, server, measured):
        """One round of one server: its metrics by row."""
        for row in load.row_names():
            self.rows[row]["servers"][server]["rounds"].append(measured.get(row))

    def add_failure(self, load, server, why):
        for row in load.row_names():
            entry = self.rows[row]["servers"][server]
            entry["rounds"].append(None)
            entry["failed"] = why

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": FORMAT, "machine": self.machine, "rows": self.rows}, indent=1)
        part = self.path.with_suffix(".part")
        part.write_text(text + "\n")
        part.replace(self.path)
