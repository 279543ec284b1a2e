"""What this server is to reach, and whether it did: the goals stand here and nowhere else."""
import dataclasses
import statistics

from . import figures

BEST_OF = {"gunicorn": ("gunicorn-",)}  # the one that does best of those whose names begin so
# Of which more is better; of all other metrics less is.
MORE_IS_BETTER = ("rps", "set", "get", "set16", "get16")
# An error in any round is an error; so is a wake-up.
WORST_COUNTS = ("errors", "woken")


@dataclasses.dataclass(frozen=True)
class Goal:
    """server's metric in the row is at least (or at most) factor times that of `of`, or, without one, the factor."""

    row: str
    server: str
    metric: str
    factor: float
    of: str = ""

    @property
    def at_least(self):
        return self.metric in MORE_IS_BETTER


@dataclasses.dataclass(frozen=True)
class Verdict:
    goal: Goal
    value: float  # a ratio, or the metric itself; None: not measured
    least: float = None
    most: float = None

    @property
    def passed(self):
        if self.value is None:
            return None
        return self.value >= self.goal.factor if self.goal.at_least else self.value <= self.goal.factor


def row_goals(row, server, bounds, of):
    return [Goal(row, server, metric, factor, of) for metric, factor in bounds.items()]


def all_goals():
    mib = 2**20
    goals = []
    goals += row_goals("hello", "event", {"rps": 0.95, "p99": 1.15, "cpu_us": 1.15}, "limit")
    goals += row_goals("hello", "event", {"memory": 12 * mib}, "")
    goals += row_goals("hello", "green", {"rps": 0.90, "p99": 1.25, "cpu_us": 1.25}, "limit")
    goals += row_goals("hello", "green", {"memory": 16 * mib}, "")
    goals += row_goals("hello-log", "event", {"rps": 0.85, "cpu_us": 1.3}, "limit")
    for server in ("event", "green"):
        goals += row_goals("health", server, {"rps": 0.995, "p99": 1.03}, "limit")
        goals += row_goals("health", server, {"errors": 0, "memory": 30 * mib}, "")
    goals += row_goals("health-max", "event", {"rps": 0.92, "p99": 1.1, "cpu_us": 1.15}, "limit")
    goals += row_goals("health-max", "event", {"memory": 48 * mib}, "")
    goals += row_goals("health-max", "green", {"rps": 0.85, "p99": 1.2, "cpu_us": 1.3}, "limit")
    goals += row_goals("health-max", "green", {"memory": 192 * mib}, "")
    for row in ("hit", "ping", "user"):
        for server in ("event", "green"):
            goals += row_goals(row, server, {"rps": 5}, "gunicorn")
            goals += row_goals(row, server, {"errors": 0}, "")
    for server in ("event", "green"):
        goals += row_goals("resp", server, {"set": 1, "get": 1, "set16": 1, "get16": 1}, "redis-server")
    goals += row_goals("static", "event", {"rps": 1, "p99": 1, "cpu_us": 1, "memory": 1}, "nginx")
    for server in ("event", "green", "sync"):
        goals += row_goals("idle-16000", server, {"woken": 0, "bytes_each": 1024}, "")
    # OpenResty is behind in every column of every row that it can run.
    for row in ("hello", "hello-log", "health", "health-max", "hit", "ping", "user"):
        for server in ("event", "green"):
            goals += row_goals(row, server, {"rps": 1, "p99": 1, "cpu_us": 1, "memory": 1}, "openresty")
    goals += [Goal("idle-16000", server, "memory", 1, "openresty") for server in ("event", "green", "sync")]
    return goals


def base_of(servers, goal):
    """The rounds of whom the goal compares with; of several, of the one whose median is best."""
    prefixes = BEST_OF.get(goal.of)
    if not prefixes:
        return servers.get(goal.of, {}).get("rounds", [])
    medians = {}
    for name, entry in servers.items():
        median = figures.median_of(entry["rounds"], goal.metric)
        if name.startswith(prefixes) and median is not None:
            medians[name] = median
    if not medians:
        return []
    best = max if goal.at_least else min
    return servers[best(medians, key=medians.get)]["rounds"]


def judge(goal, servers):
    """By the median of the rounds; a ratio is taken in each round, so that what slows the whole machine cancels out."""
    rounds = servers.get(goal.server, {}).get("rounds", [])
    if goal.of:
        values = figures.ratios(rounds, base_of(servers, goal), goal.metric)
    else:
        values = figures.values_of(rounds, goal.metric)
    if not values:
        return Verdict(goal, None)
    value = max(values) if goal.metric in WORST_COUNTS else statistics.median(values)
    return Verdict(goal, value, min(values), max(values))


def verdicts(rows):
    """Of all goals whose row was measured: rows is what results.py keeps."""
    return [judge(goal, rows[goal.row]["servers"]) for goal in all_goals() if goal.row in rows]
