"""For bench/resp and ./dev bench: REQUESTS ROUNDS NAME=PORT=PID..., the first one is what the others are compared with."""
import os
import statistics
import subprocess
import sys

TESTS = ("set", "get")


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port, requests, pipeline):
    """Requests a second for each test, the store empty before them."""
    subprocess.run(["redis-cli", "-p", port, "flushall"], check=True, stdout=subprocess.DEVNULL)
    command = ["redis-benchmark", "-p", port, "-t", ",".join(TESTS), "-n", requests, "-r", "100000000", "-P", pipeline]
    said = subprocess.run(command + ["--csv"], check=True, capture_output=True, text=True).stdout
    return [float(line.split(",")[1].strip('"')) for line in said.strip().splitlines()[-len(TESTS):]]


def measure(port, pid, requests, pipeline):
    """Requests a second for each test, and microseconds of the server's processor time a request of both."""
    before = processor_seconds(pid)
    rates = load(port, requests, pipeline)
    return rates, (processor_seconds(pid) - before) * 1e6 / int(requests) / len(TESTS)


def main():
    requests, rounds = sys.argv[1], int(sys.argv[2])
    servers = [argument.split("=") for argument in sys.argv[3:]]
    names = [name for name, _, _ in servers]
    rates = {}
    costs = {}
    for turn in range(rounds):
        for pipeline in ("1", "16"):
            for name, port, pid in servers[turn % len(servers):] + servers[:turn % len(servers)]:
                measured, cost = measure(port, pid, requests, pipeline)
                costs.setdefault((name, pipeline), []).append(cost)
                for test, rate in zip(TESTS, measured):
                    rates.setdefault((name, pipeline, test), []).append(rate)
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr)
    for pipeline in ("1", "16"):
        for test in TESTS:
            for name in names:
                mine, base = rates[name, pipeline, test], rates[names[0], pipeline, test]
                ratios = [one / other for one, other in zip(mine, base)]
                print(f"-P {pipeline:>2} {test}  {name:14}{statistics.median(mine):>10.0f}/s   times "
                      f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        for name in names:
            print(f"-P {pipeline:>2} both {name:14}{statistics.median(costs[name, pipeline]):>9.2f} us of processor time")


if __name__ == "__main__":
    main()
