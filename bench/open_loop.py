"""An open-loop client: requests leave by the clock, each on a connection of its own, and none waits for another.

   open_loop.py PORT PATH CAPACITY SECONDS     phases: half the capacity, twice for SECONDS, half again
"""
import asyncio
import collections
import sys
import time

PORT, PATH, CAPACITY, SECONDS = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
CALM = 5

lags = []  # seconds that the client itself was late with a request: what it adds to every figure
answers = []  # (second it was sent in, second it was answered in, status, seconds it took); status 0: none


async def ask(begun, sent):
    status = 0
    lags.append(time.monotonic() - sent)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(REQUEST)
        line = await asyncio.wait_for(reader.readline(), 30)
        status = int(line.split()[1]) if line else 0
        await reader.read()
        writer.close()
    except (OSError, asyncio.TimeoutError, IndexError, ValueError):
        pass
    now = time.monotonic()
    answers.append((sent - begun, now - begun, status, now - sent))


async def main():
    begun = due = time.monotonic()
    running = set()
    for rate, length in ((CAPACITY / 2, CALM), (CAPACITY * 2, SECONDS), (CAPACITY / 2, CALM)):
        end = due + length
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.ensure_future(ask(begun, due))
            running.add(task)
            task.add_done_callback(running.discard)
            due += 1 / rate
    await asyncio.gather(*running)


asyncio.run(main())
by_second = collections.defaultdict(collections.Counter)
for _, answered, status, _ in answers:
    by_second[int(answered)][status] += 1
for second in sorted(by_second):
    print(f"second {second}: " + ", ".join(f"{count} x {status}" for status, count in sorted(by_second[second].items())))
over = [a for a in answers if CALM <= a[1] < CALM + SECONDS]
good = sorted(took for _, _, status, took in over if status == 200)
after = [sent for sent, _, status, _ in answers if sent >= CALM + SECONDS and status != 200]
tail = sorted(took for sent, _, status, took in answers if sent >= CALM + SECONDS + 2 and status == 200)
print(f"p50 {1000 * good[len(good) // 2]:.0f} ms, longest {1000 * good[-1]:.0f} ms; from 2 s after the overload on: "
      f"{len(tail)} answered 200, p99 {1000 * tail[int(len(tail) * 0.99)]:.0f} ms; the client was late by "
      f"{1000 * sorted(lags)[int(len(lags) * 0.99)]:.0f} ms (p99)")
print(f"goodput {len(good) / SECONDS / CAPACITY:.2f} of capacity; p99 of answered {1000 * good[int(len(good) * 0.99)]:.0f} ms; "
      f"recovered {max(after) - CALM - SECONDS if after else 0:.1f} s after the overload; "
      f"neither 200 nor 503: {sum(status not in (200, 503) for _, _, status, _ in answers)}")
