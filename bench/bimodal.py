"""An open-loop client: short and long requests, each on a connection of its own, leave by the clock.

   bimodal.py PORT SECONDS [ideal]     the same requests at the same moments every time; ideal: prints that, too
"""
import asyncio
import heapq
import random
import sys
import time

PORT, SECONDS, WITH_IDEAL = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:] == ["ideal"]
WORKERS, LOAD = 4, 0.6
SHORT, LONG, LONG_PART = 0.001, 0.1, 0.1
RATE = LOAD * WORKERS / (SHORT * (1 - LONG_PART) + LONG * LONG_PART)


def draw():
    """(moment, length) of each request: a Poisson process of constant rate."""
    source = random.Random(1)
    moment = 0.0
    while (moment := moment + source.expovariate(RATE)) < SECONDS:
        yield moment, LONG if source.random() < LONG_PART else SHORT


def ideal(requests):
    """How long each takes where the next of one queue goes to the first server that is free: M/G/4."""
    free = [0.0] * WORKERS
    for moment, length in requests:
        begun = max(moment, heapq.heappop(free))
        heapq.heappush(free, begun + length)
        yield begun + length - moment, length


async def ask(due, length, took):
    path = "/short/health" if length == SHORT else "/long/health"
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline()).split()[1:2]
    took.append((time.monotonic() - due, length, status == [b"200"]))
    await reader.read()
    writer.close()


async def load(requests):
    begun, took, running = time.monotonic() + 0.1, [], set()
    for moment, length in requests:
        await asyncio.sleep(max(0.0, begun + moment - time.monotonic()))
        task = asyncio.ensure_future(ask(begun + moment, length, took))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return took


def show(took):
    text = []
    for name, times in (("all", took), ("short", [t for t in took if t[1] == SHORT])):
        times = sorted(t[0] for t in times)
        at = lambda part: f"{1000 * times[int(len(times) * part)]:.1f}"
        text.append(f"{name} p50 {at(0.5)} p99 {at(0.99)} p99.9 {at(0.999)} ms")
    return "; ".join(text)


requests = list(draw())
took = asyncio.run(load(requests))
failed = sum(not good for _, _, good in took) + len(requests) - len(took)
print(f"{show(took)}; {len(requests)} requests, {failed} failed", flush=True)
if WITH_IDEAL:
    print(f"{'ideal':22}{show(list(ideal(requests)))}")
