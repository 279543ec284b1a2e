"""Reads what the load generators print, and makes medians and ratios of it. Nothing here runs anything."""
import re
import statistics

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0, "h": 3600000.0}


def milliseconds(text):
    """What wrk writes as "1.25ms", as a number of milliseconds."""
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text)
    if not found:
        raise ValueError(f"not a time of wrk's: {text!r}")
    return float(found[1]) * UNITS[found[2]]


def parse_wrk(text):
    """Of `wrk --latency`, with or without check.lua: requests, rps, p50, p99, max (ms) and errors of every kind."""

    def find(pattern):
        found = re.search(pattern, text, re.MULTILINE)
        if not found:
            raise ValueError(f"wrk's output has no {pattern!r}:\n{text}")
        return found[1]

    errors = sum(int(number) for number in re.findall(r"\b(?:connect|read|write|timeout) (\d+)", text))
    errors += sum(
        int(number)
        for number in re.findall(r"^\s*(?:Non-2xx or 3xx responses|Wrong answers): (\d+)", text, re.MULTILINE)
    )
    return {
        "requests": int(find(r"^\s*(\d+) requests in")),
        "rps": float(find(r"^Requests/sec:\s+([\d.]+)")),
        "p50": milliseconds(find(r"^\s+50%\s+(\S+)")),
        "p99": milliseconds(find(r"^\s+99%\s+(\S+)")),
        "max": milliseconds(find(r"^\s+Latency\s+\S+\s+\S+\s+(\S+)")),
        "errors": errors,
    }


def parse_constant_rate(text):
    """Of constant_rate: rate, errors, late, p50 to max (ms), and its quantiles as "distribution": [[0.5, ms], ...]."""
    values = {}
    distribution = []
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name.startswith("quantile"):
            part, _, value = value.partition(" ")
            distribution.append([float(part), float(value)])
        elif value:
            values[name] = float(value)
    missing = {"rate", "errors", "p50", "p90", "p99", "p99.9", "max"} - values.keys()
    if missing:
        raise ValueError(f"constant_rate's output has no {', '.join(sorted(missing))}:\n{text}")
    return {**values, "distribution": distribution}


def parse_sizes(text):
    """Of /proc/PID/smaps_rollup: bytes by name, of which Pss is a process's part of what it shares with others."""
    return {name: int(kib) * 1024 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def parse_switches(text):
    """Of /proc/PID/task/TID/status: how often the thread gave its processor away, or lost it."""
    return sum(int(number) for number in re.findall(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)$", text, re.MULTILINE))


def values_of(rounds, metric):
    """The metric in each round that measured it; a round that failed is None."""
    return [one[metric] for one in rounds if one is not None and metric in one]


def median_of(rounds, metric):
    """None where no round measured it."""
    values = values_of(rounds, metric)
    return statistics.median(values) if values else None


def ratios(rounds, base, metric):
    """The metric's ratio to that of the base in the same round, for each round that measured both."""
    pairs = [
        (mine[metric], other[metric])
        for mine, other in zip(rounds, base)
        if mine is not None and other is not None and metric in mine and other.get(metric)
    ]
    return [mine / other for mine, other in pairs]


def median_ratio(rounds, base, metric):
    values = ratios(rounds, base, metric)
    return statistics.median(values) if values else None
