"""What is kept of a run: it survives a later one, and its page needs nothing from elsewhere."""
import html.parser
import json
import pathlib
import re
import tempfile
import unittest

from compare import charts, report
from compare.catalog import LOADS
from compare.results import Results


class References(html.parser.HTMLParser):
    """The addresses that a browser would ask for, and the elements that were opened and never closed."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.tags = set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.found += [
            value for name, value in attributes if name in ("src", "href", "xlink:href", "data", "srcset", "action")
        ]


def measured(load):
    """Made up, and of the shape that the loads give."""
    metrics = {
        **{name: 1000.0 for name in ("rps", "cpu_us", "p50", "p99", "p99.9", "max", "memory", "bytes_each")},
        **{"errors": 0, "woken": 0, "connections": 100, "workers": 2, "start_ms": 20.0, "reload_ms": 1000.0},
        **{"set": 5.0, "get": 5.0, "set16": 5.0, "get16": 5.0, "distribution": [[0, 0.1], [0.5, 0.5], [0.99, 2.5]]},
    }
    return {row: {**metrics, "connections": 100 * (number + 1)} for number, row in enumerate(load.row_names())}


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "results.json"

    def results(self, loads=LOADS):
        results = Results(self.path)
        for load in loads:
            results.begin(load, {"rounds": 2, "seconds": 1, "most_connections": 100})
            for server in load.servers:
                results.add(load, server, measured(load))
                results.add_failure(load, server, "it fell & <b>broke</b>")
        results.save()
        return results

    def test_the_page_refers_to_nothing_outside(self):
        page = report.as_html(self.results())
        read = References()
        read.feed(page)
        self.assertEqual(read.found, [])
        self.assertNotIn("script", read.tags)
        self.assertNotIn("link", read.tags)
        self.assertEqual(re.findall(r"https?://|@import|url\(|//\w", page), [])

    def test_the_page_has_every_chart_and_every_row(self):
        page = report.as_html(self.results())
        for words in (
            "Latency of hello",
            "Rate of hello against connections",
            "Memory with idle",
            "CPU for a request: hello",
        ):
            self.assertIn(words, page)
        for load in LOADS:
            for row in load.row_names():
                self.assertIn(f"<h3>{row}: ", page)

    def test_what_failed_is_said_and_cannot_break_the_page(self):
        page = report.as_html(self.results())
        self.assertIn("it fell &amp; &lt;b&gt;broke", page)
        self.assertIn("it fell &", report.as_markdown(self.results()))

    def test_the_document_names_machine_and_commit(self):
        results = self.results()
        document = report.as_markdown(results)
        for words in (results.machine["cpu"], results.machine["kernel"], results.commit, "## Method", "goals reached"):
            self.assertIn(words, document)

    def test_a_later_run_replaces_what_it_measures_and_keeps_the_rest(self):
        self.results(LOADS[:2])
        later = Results(self.path)
        later.begin(LOADS[0], {"rounds": 1, "seconds": 1, "most_connections": 100})
        later.save()
        kept = json.loads(self.path.read_text())["rows"]
        self.assertEqual(kept[LOADS[0].row_names()[0]]["servers"][LOADS[0].servers[0]]["rounds"], [])
        self.assertEqual(len(kept[LOADS[1].row_names()[0]]["servers"][LOADS[1].servers[0]]["rounds"]), 2)

    def test_a_run_that_measured_nothing_has_a_page_too(self):
        self.assertIn("0 of 0 goals", report.as_html(Results(self.path)))


class ChartTest(unittest.TestCase):
    def test_labels_do_not_stand_on_each_other(self):
        self.assertEqual(charts.spread([50, 10, 12], least=14), [50, 10, 24])

    def test_a_logarithmic_scale_spreads_decades_evenly(self):
        scale = charts.Scale([1, 100], 0, 200, logarithmic=True)
        self.assertAlmostEqual(scale.place(10), 100, delta=1)

    def test_a_linear_scale_begins_at_zero(self):
        self.assertEqual(charts.Scale([50, 100], 0, 200).ticks[0], 0)


if __name__ == "__main__":
    unittest.main()
