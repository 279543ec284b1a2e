"""The rows as tables of text: for the terminal, and as Markdown."""
from . import figures
from .goals import BEST_OF

COLUMNS = {  # metric: (heading, how a value is written)
    "rps": ("requests/s", lambda v: f"{v:,.0f}"),
    "set": ("set/s", lambda v: f"{v:,.0f}"),
    "get": ("get/s", lambda v: f"{v:,.0f}"),
    "set16": ("set/s, 16 at once", lambda v: f"{v:,.0f}"),
    "get16": ("get/s, 16 at once", lambda v: f"{v:,.0f}"),
    "p50": ("p50 ms", lambda v: f"{v:.2f}"),
    "p99": ("p99 ms", lambda v: f"{v:.2f}"),
    "p99.9": ("p99.9 ms", lambda v: f"{v:.2f}"),
    "late": ("client late ms, p99", lambda v: f"{v:.2f}"),
    "max": ("max ms", lambda v: f"{v:.1f}"),
    "errors": ("errors", lambda v: f"{v:.0f}"),
    "cpu_us": ("CPU us/request", lambda v: f"{v:.2f}"),
    "client_us": ("wrk's us", lambda v: f"{v:.2f}"),
    "memory": ("MiB", lambda v: f"{v / 2**20:.1f}"),
    "bytes_each": ("bytes each", lambda v: f"{v:,.0f}"),
    "switches_none": ("wake-ups with none", lambda v: f"{v:.0f}"),
    "switches": ("wake-ups", lambda v: f"{v:.0f}"),
    "woken": ("wake-ups by them", lambda v: f"{v:.0f}"),
    "start_ms": ("start ms", lambda v: f"{v:.1f}"),
    "reload_ms": ("reload ms", lambda v: f"{v:.1f}"),
}
RATES = ("rps", "set", "get", "set16", "get16")  # after which stand the ratios to the references
REFERENCES = ("limit", "openresty", "nginx", "redis-server")


def cells(row):
    """The heading and a line for each server; after a rate its ratio to that of each reference that the row has."""
    servers = row["servers"]
    columns = [name for name in COLUMNS if any(figures.values_of(entry["rounds"], name) for entry in servers.values())]
    references = [name for name in REFERENCES if name in servers]
    heading = ["server"]
    for column in columns:
        heading.append(COLUMNS[column][0])
        if column in RATES:
            heading += [f"/ {name}" for name in references]
    lines = []
    for name, entry in servers.items():
        line = [name]
        for column in columns:
            median = figures.median_of(entry["rounds"], column)
            line.append("" if median is None else COLUMNS[column][1](median))
            if column in RATES:
                for reference in references:
                    ratio = figures.median_ratio(entry["rounds"], servers[reference]["rounds"], column)
                    line.append("" if ratio is None else f"{ratio:.3f}")
        lines.append(line)
    return heading, lines


def failures(row):
    return [f"{name}: {entry['failed']}" for name, entry in row["servers"].items() if entry.get("failed")]


def as_text(heading, lines):
    widths = [max(len(line[i]) for line in [heading, *lines]) for i in range(len(heading))]

    def written(line):
        return "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))
        )

    return "\n".join(written(line).rstrip() for line in [heading, *lines])


def as_markdown(heading, lines):
    rule = ["---"] + ["---:"] * (len(heading) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [heading, rule, *lines])


def describe(name, row):
    rounds = max((len(entry["rounds"]) for entry in row["servers"].values()), default=0)
    settings = row["settings"]
    return f"{name}: {row['title']}; median of {rounds} round{'s' * (rounds > 1)} of {settings['seconds']:g} s"


def number(metric, value):
    return COLUMNS[metric][1](value) if metric in COLUMNS else f"{value:,.0f}"


def goal_line(verdict):
    """The columns of one goal: verdict, row, server, what was measured, what is wanted."""
    goal = verdict.goal
    heading = COLUMNS[goal.metric][0] if goal.metric in COLUMNS else goal.metric
    sign = ">=" if goal.at_least else "<="
    word = {True: "pass", False: "FAIL", None: "none"}[verdict.passed]
    of = goal.of and (f"best {goal.of}" if goal.of in BEST_OF else goal.of)
    if verdict.value is None:
        measured = "not measured"
    elif of:
        measured = f"{verdict.value:.3f} ({verdict.least:.3f} to {verdict.most:.3f})"
    else:
        measured = number(goal.metric, verdict.value)
    wanted = f"{sign} {goal.factor:g} x {of}" if of else f"{sign} {number(goal.metric, goal.factor)}"
    return [word, goal.row, goal.server, heading, measured, wanted]


GOAL_HEADING = ["verdict", "row", "class", "column", "measured", "wanted"]
