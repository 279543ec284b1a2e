"""What load generators print is read rightly, and medians and ratios are those of the same rounds."""
import unittest

from compare import figures

WRK = """Running 3s test @ http://127.0.0.1:17177/health
  2 threads and 2000 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   103.17ms    4.21ms 1.21s    91.20%
    Req/Sec     9.63k     1.02k   12.02k    71.43%
  Latency Distribution
     50%  102.10ms
     75%  104.20ms
     90%  107.00ms
     99%  980.00us
  57432 requests in 3.02s, 7.50MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:  19017.21
Transfer/sec:      2.48MB
Wrong answers: 6
"""
CONSTANT_RATE = """rate 20000.5
errors 3
late 0.0100
p50 0.5000
p90 0.9000
p99 1.2000
p99.9 4.0000
max 9.5000
quantile 0 0.1000
quantile 0.5000000 0.5000
"""


class ParseTest(unittest.TestCase):
    def test_reads_what_wrk_says(self):
        read = figures.parse_wrk(WRK)
        self.assertEqual(read["requests"], 57432)
        self.assertEqual(read["rps"], 19017.21)
        self.assertEqual((read["p50"], read["p99"], read["max"]), (102.1, 0.98, 1210))

    def test_counts_every_kind_of_error_of_wrk(self):
        self.assertEqual(figures.parse_wrk(WRK)["errors"], 1 + 2 + 3 + 4 + 5 + 6)

    def test_refuses_what_is_not_of_wrk(self):
        with self.assertRaises(ValueError):
            figures.parse_wrk("unable to connect to 127.0.0.1:1 Connection refused\n")

    def test_knows_the_units_of_wrk(self):
        written = ("250.00us", "1.50ms", "2.00s", "1.00m")
        self.assertEqual([figures.milliseconds(time) for time in written], [0.25, 1.5, 2000, 60000])
        with self.assertRaises(ValueError):
            figures.milliseconds("12 parsecs")

    def test_reads_what_the_constant_rate_says(self):
        read = figures.parse_constant_rate(CONSTANT_RATE)
        self.assertEqual((read["rate"], read["errors"], read["p99.9"]), (20000.5, 3, 4.0))
        self.assertEqual(read["distribution"], [[0, 0.1], [0.5, 0.5]])

    def test_refuses_half_of_what_the_constant_rate_says(self):
        with self.assertRaisesRegex(ValueError, "p99.9"):
            figures.parse_constant_rate(CONSTANT_RATE.replace("p99.9", "p98"))

    def test_reads_memory_and_switches_of_proc(self):
        self.assertEqual(
            figures.parse_sizes("5580-7ff0 ---p 0 00:00 0 [rollup]\nRss:  20 kB\nPss:   12 kB\n")["Pss"], 12288
        )
        status = "Name:\ta\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n"
        self.assertEqual(figures.parse_switches(status), 42)


class RoundsTest(unittest.TestCase):
    def test_takes_the_median_of_the_rounds_that_measured(self):
        self.assertEqual(figures.median_of([{"rps": 5}, None, {"rps": 1}, {"p99": 7}, {"rps": 3}], "rps"), 3)
        self.assertIsNone(figures.median_of([None, {}], "rps"))

    def test_compares_within_a_round_only(self):
        mine = [{"rps": 10}, None, {"rps": 30}]
        other = [{"rps": 20}, {"rps": 1}, {"rps": 20}]
        self.assertEqual(figures.ratios(mine, other, "rps"), [0.5, 1.5])
        self.assertEqual(figures.median_ratio(mine, other, "rps"), 1.0)

    def test_compares_with_nothing_that_is_zero(self):
        self.assertEqual(figures.ratios([{"rps": 1}], [{"rps": 0}], "rps"), [])
        self.assertIsNone(figures.median_ratio([{"rps": 1}], [{"rps": 0}], "rps"))


if __name__ == "__main__":
    unittest.main()
