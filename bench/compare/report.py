"""What is kept of a run for readers: RESULTS.md, and one HTML page that needs nothing beside it."""
import html
import textwrap

from . import charts, figures, table
from .goals import verdicts
from .scaling_loads import median_distribution

METHOD = textwrap.dedent(
    """\
    Two workers each, on this one machine, which the load generator shares with them. Every round starts each server
    anew, one after another, another one first in each round, on a port of its own, so that a drift of the machine's
    speed touches all alike; servers and clients have a network of their own with more ports than usual (where root runs
    it; see compare/network.py). Figures are medians of the rounds; a ratio is taken within a round, and its median,
    least and most are shown: trust ratios within one run, never an absolute number from another.

    Rates and latencies: wrk with two threads, a closed loop, after a second or two of warm-up; its clock runs while it
    connects, so that `connections-N` takes a second more for each 4,000. CPU: what all processes of the server spent by
    their own clocks over all requests that wrk counted. Memory: the most that was seen, once a second, of the resident
    memory of all processes of the server, what they share counted once (PSS).

    `limit` is no server but a bound (bench/peers/limit.cpp): the least that any program must do to answer by epoll; it
    parses nothing and logs nothing, with hello-log neither. `openresty` is Debian's nginx with the Lua module,
    reuseport and kept connections without end. `event`, `green` and `sync` are Indrik's worker classes with the plugins
    hello, health, redis, resp and static, and default settings but for worker_connections, backlog and keep_alive.

    `latency` is an open loop (bench/constant_rate.cpp): requests are due by the clock at half the rate that the slowest
    of the servers can do in a closed loop, the same for all, and a latency counts from when its request was due; how
    late the client itself was is part of it, and stands beside it. `idle`: connections that had one answer each; bytes
    each is what the server's resident memory had grown by when it no longer fell, some seconds later; wake-ups are its
    workers' context switches in five seconds, beside those of the same time without connections. `resp` is
    redis-benchmark at one process, keys out of 100 million, persistence off. `static`: the same certificate (P-256) and
    TLS_AES_128_GCM_SHA256 on both sides. `start`: from the master's exec, and from HUP, until it says that all workers
    are ready; a reload tries one new worker for a second first.
    """
).strip()

STYLE = """
:root { color-scheme: light dark; --fg: #212529; --bg: #fff; --soft: #dee2e6; --faint: #6c757d }
@media (prefers-color-scheme: dark) { :root { --fg: #e9ecef; --bg: #16181b; --soft: #343a40; --faint: #adb5bd } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); max-width: 1340px }
body { margin: 2em auto; padding: 0 1em }
section.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(480px, 1fr)); gap: 1em }
svg { width: 100%; height: auto; border: 1px solid var(--soft); border-radius: 6px }
svg text { font: 11px system-ui, sans-serif; fill: var(--faint) }
svg text.title { font-size: 13px; font-weight: 600; fill: var(--fg) }
svg text.label { fill: inherit; font-weight: 600 }
svg .grid { stroke: var(--soft) } svg .axis { stroke: var(--faint) }
div.wide { overflow-x: auto }
table { border-collapse: collapse; margin: .5em 0 1em; font-variant-numeric: tabular-nums }
th, td { padding: .2em .7em; text-align: right; border-bottom: 1px solid var(--soft); white-space: nowrap }
th:first-child, td:first-child { text-align: left }
.pass { color: #2b8a3e } .FAIL { color: #e03131; font-weight: 600 }
"""


def medians(rows, prefix, key, metric, scale=1.0):
    """{server: [(the row's key, median of its metric), ...]} over the rows whose name begins so."""
    series = {}
    for name, row in rows.items():
        if not name.startswith(prefix):
            continue
        for server, entry in row["servers"].items():
            x, y = figures.median_of(entry["rounds"], key), figures.median_of(entry["rounds"], metric)
            if x is not None and y is not None:
                series.setdefault(server, []).append((x, y * scale))
    return {server: sorted(points) for server, points in series.items()}


def latency_chart(row):
    """Over ever rarer requests: 90 %, 99 %, 99.9 % stand equally far apart."""
    series = {}
    for server, entry in row["servers"].items():
        points = median_distribution(entry["rounds"])
        series[server] = [(1 / (1 - part), value) for part, value in points if part < 1]
    deepest = max((points[-1][0] for points in series.values() if points), default=10)
    named = [(1, "0 %"), (2, "50 %"), (10, "90 %"), (100, "99 %"), (1e3, "99.9 %"), (1e4, "99.99 %"), (1e5, "99.999 %")]
    ticks = [(x, words) for x, words in named if x <= deepest]
    rate = max((figures.median_of(entry["rounds"], "rps") or 0 for entry in row["servers"].values()), default=0)
    title = f"Latency of hello at a constant {rate:,.0f} requests/s, from when each was due"
    return charts.line_chart(title, "part of the requests that were faster", "ms", series, True, True, ticks)


def all_charts(rows):
    mib = 2**-20
    made = []
    if "latency" in rows:
        made.append(latency_chart(rows["latency"]))
    for title, prefix, key, metric, unit, scale, log_y in (
        ("Rate of hello against connections", "connections-", "connections", "rps", "requests/s", 1, False),
        (
            "Memory under hello against connections",
            "connections-",
            "connections",
            "memory",
            "MiB, all processes",
            mib,
            True,
        ),
        ("Memory with idle connections", "idle-", "connections", "memory", "MiB, all processes", mib, True),
        ("Rate of hello against workers", "workers-", "workers", "rps", "requests/s", 1, False),
        ("CPU for a request of hello against workers", "workers-", "workers", "cpu_us", "us", 1, False),
        ("Memory under hello against workers", "workers-", "workers", "memory", "MiB, all processes", mib, False),
        ("Start until all workers are ready", "start-", "workers", "start_ms", "ms", 1, False),
        ("Reload until all new workers are ready", "start-", "workers", "reload_ms", "ms", 1, False),
    ):
        series = medians(rows, prefix, key, metric, scale)
        if series:
            ticks = [(x, charts.short(x)) for x in sorted({x for points in series.values() for x, _ in points})]
            made.append(charts.line_chart(title, key, unit, series, True, log_y, ticks))
    for name in ("hello", "hello-log", "health", "health-max", "hit", "ping", "user", "static", "resp"):
        if name in rows:
            costs = {
                server: figures.median_of(entry["rounds"], "cpu_us") for server, entry in rows[name]["servers"].items()
            }
            costs = {server: cost for server, cost in costs.items() if cost is not None}
            if costs:
                made.append(charts.bar_chart(f"CPU for a request: {name}", "us", costs))
    return made


def html_table(heading, lines, mark_first=False):
    parts = ["<div class=wide><table><tr>", *(f"<th>{html.escape(cell)}</th>" for cell in heading), "</tr>"]
    for line in lines:
        kind = f' class="{line[0]}"' if mark_first else ""
        parts += [f"<tr{kind}>", *(f"<td>{html.escape(cell)}</td>" for cell in line), "</tr>"]
    return "".join(parts) + "</table></div>"


def machine_lines(results):
    known = results.machine
    commits = {}
    for row in results.rows.values():
        commits.setdefault(row["commit"], []).append(row["when"])
    return [
        f"CPU: {known['cpu']}, {known['cores']} cores, {known['memory_mib']:,} MiB",
        f"Kernel: Linux {known['kernel']}",
        f"Compiler: {known['compiler']}",
        f"Beside it: {'; '.join(known['versions'])}",
        "Commit: " + "; ".join(f"{commit} ({min(times)} to {max(times)})" for commit, times in commits.items()),
    ]


def goal_summary(judged):
    measured = [verdict for verdict in judged if verdict.passed is not None]
    return f"{sum(verdict.passed for verdict in measured)} of {len(judged)} goals reached"


def as_html(results):
    judged = verdicts(results.rows)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Indrik beside others</title>",
        f"<style>{STYLE}</style>",
    ]
    parts.append("<h1>Indrik beside others</h1><ul>")
    parts += [f"<li>{html.escape(line)}</li>" for line in machine_lines(results)]
    parts.append("</ul><section class=charts>")
    parts += all_charts(results.rows)
    parts.append(f"</section><h2>Goals: {goal_summary(judged)}</h2>")
    parts.append(html_table(table.GOAL_HEADING, [table.goal_line(verdict) for verdict in judged], mark_first=True))
    parts.append("<h2>Figures</h2>")
    for name, row in results.rows.items():
        parts.append(f"<h3>{html.escape(table.describe(name, row))}</h3>{html_table(*table.cells(row))}")
        parts += [f"<p>failed: {html.escape(why)}</p>" for why in table.failures(row)]
    parts.append("<h2>Method</h2>")
    parts += [f"<p>{html.escape(paragraph)}</p>" for paragraph in METHOD.split("\n\n")]
    return "\n".join(parts) + "</html>\n"


def as_markdown(results):
    judged = verdicts(results.rows)
    parts = [
        "# Indrik beside others",
        "Written by `./dev bench`; charts stand in `results/report.html`, all rounds in `results/results.json`.",
    ]
    parts.append("\n".join(f"- {line}" for line in machine_lines(results)))
    parts += [f"## Goals: {goal_summary(judged)}"]
    parts.append(table.as_markdown(table.GOAL_HEADING, [table.goal_line(verdict) for verdict in judged]))
    parts += ["## Method", METHOD, "## Figures"]
    for name, row in results.rows.items():
        parts += [f"### {table.describe(name, row)}", table.as_markdown(*table.cells(row))]
        parts += [f"Failed: {why}" for why in table.failures(row)]
    return "\n\n".join(parts) + "\n"
