"""./dev bench: loads this server and others in turn and prints them side by side, with the goals that this server has.

Every round loads every server once, so that a drift of the machine's speed touches all alike. Figures are medians of
the rounds; a ratio is taken within each round, and its median is shown. Results are kept: a run with --only replaces
what it measures and leaves the rest.
"""
import argparse
import pathlib
import signal
import sys
import tempfile
import time

from . import network, report, table
from .goals import verdicts
from .catalog import LOADS
from .loads import Context
from .process import FAILURES
from .results import Results
from .servers import HERE, ROOT, build_tools, raise_descriptor_limit


def parse_arguments(words):
    names = [load.name for load in LOADS]
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="LOAD", action="append", help="may be repeated: " + ", ".join(names))
    parser.add_argument(
        "--rounds", type=int, default=5, help="(5); in a run of everything the loads that vary little have fewer"
    )
    parser.add_argument("--seconds", type=float, default=3, help="each server is loaded for, in each round (3)")
    parser.add_argument(
        "--quick", action="store_true", help="one round of a second, to see that all works; kept in build/bench"
    )
    options = parser.parse_args(words)
    wanted = options.only or names
    unknown = [name for name in wanted if not any(name in (load.name, *load.row_names()) for load in LOADS)]
    if unknown:
        parser.error(f"no load {', '.join(unknown)}; there are: {', '.join(names)}")
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds are 1 at least")
    options.loads = [load for load in LOADS if set(wanted) & {load.name, *load.row_names()}]
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


def rounds_of(load, options):
    """Some loads vary little and take long: in a run of everything they have fewer rounds."""
    return options.rounds if options.only else min(options.rounds, load.most_rounds)


def estimated_minutes(options):
    each = [rounds_of(load, options) * len(load.servers) * load.seconds_each(options.seconds) for load in options.loads]
    return sum(each) / 60


def summary(measured):
    """One measurement in a few words, for who waits."""
    first = next(iter(measured.values()))
    return ", ".join(
        f"{name} {table.number(name, value)}" for name, value in first.items() if name in ("rps", "p99", "cpu_us")
    )


def run_load(load, options, results, folder, most_connections):
    """All its rounds; kept after each."""

    def context(number, server):
        own = folder / f"{load.name}-{number}-{server}"
        return Context(own, folder / "tools", options.seconds, most_connections)

    rounds = rounds_of(load, options)
    results.begin(
        load, {"rounds": rounds, "seconds": load.loaded_seconds(options.seconds), "most_connections": most_connections}
    )
    try:
        load.prepare(context(0, "load"))
        for number in range(1, rounds + 1):
            turn = number % len(load.servers)  # another one begins each round
            for server in load.servers[turn:] + load.servers[:turn]:
                measure(load, server, context(number, server), results, f"{load.name} {number}/{rounds} {server}")
            results.save()
    except FAILURES as error:
        for server in load.servers:
            results.add_failure(load, server, f"the load could not begin: {error}")
        results.save()
    finally:
        load.finish()


def measure(load, server, context, results, what):
    try:
        measured = load.measure(server, context)
    except FAILURES as error:
        results.add_failure(load, server, str(error))
        print(f"  {what}: failed: {error}", file=sys.stderr, flush=True)
        return
    results.add(load, server, measured)
    print(f"  {what}: {summary(measured)}", file=sys.stderr, flush=True)


def write_reports(results, page, text):
    page.write_text(report.as_html(results))
    text.write_text(report.as_markdown(results))


def print_results(options, results):
    names = [row for load in options.loads for row in load.row_names()]
    rows = {name: results.rows[name] for name in names if name in results.rows}
    for name, row in rows.items():
        print("\n" + table.describe(name, row))
        print(table.as_text(*table.cells(row)))
        for failure in table.failures(row):
            print(f"failed: {failure}")
    judged = verdicts(rows)
    if judged:
        print()
        print(table.as_text(table.GOAL_HEADING, [table.goal_line(verdict) for verdict in judged]))
        print(report.goal_summary(judged))


def main():
    options = parse_arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    if not network.enter():
        print("without root 16,000 connections share the machine's network, where connecting them takes seconds")
    most_connections = raise_descriptor_limit()
    kept = ROOT / "build/bench" if options.quick else HERE.parent / "results"
    text = kept / "RESULTS.md" if options.quick else HERE.parent / "RESULTS.md"
    results = Results(kept / "results.json")
    print(
        f"about {estimated_minutes(options):.0f} minutes: "
        f"{', '.join(load.name for load in options.loads)}; kept in {kept}",
        flush=True,
    )
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="indrik-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # nginx's workers are another user's
        (folder / "tools").mkdir()
        build_tools(folder / "tools")
        for load in options.loads:
            run_load(load, options, results, folder, most_connections)
            write_reports(results, kept / "report.html", text)
    print_results(options, results)
    print(f"took {(time.monotonic() - begun) / 60:.1f} minutes; see {text} and {kept}/report.html")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
