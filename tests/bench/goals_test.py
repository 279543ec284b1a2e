"""A goal is reached where its median says so, and nowhere else."""
import unittest

from compare import goals
from compare.catalog import LOADS
from compare.servers import SERVERS


def servers(**rounds):
    return {name.replace("_", "-"): {"rounds": list(values)} for name, values in rounds.items()}


class GoalTest(unittest.TestCase):
    def test_more_requests_are_better_and_less_of_all_else_is(self):
        row = servers(event=[{"rps": 90, "p99": 90}], limit=[{"rps": 100, "p99": 100}])
        self.assertFalse(goals.judge(goals.Goal("hello", "event", "rps", 0.95, "limit"), row).passed)
        self.assertTrue(goals.judge(goals.Goal("hello", "event", "p99", 0.95, "limit"), row).passed)

    def test_the_median_of_the_ratios_counts(self):
        row = servers(event=[{"rps": 10}, {"rps": 99}, {"rps": 98}], limit=[{"rps": 100}] * 3)
        verdict = goals.judge(goals.Goal("hello", "event", "rps", 0.95, "limit"), row)
        self.assertTrue(verdict.passed)
        self.assertEqual((verdict.value, verdict.least, verdict.most), (0.98, 0.1, 0.99))

    def test_one_error_in_one_round_is_one_too_many(self):
        row = servers(event=[{"errors": 0}, {"errors": 0}, {"errors": 1}])
        self.assertFalse(goals.judge(goals.Goal("health", "event", "errors", 0), row).passed)

    def test_the_best_of_several_is_who_counts(self):
        row = servers(event=[{"rps": 60}], gunicorn_gevent=[{"rps": 10}], gunicorn_uvicorn=[{"rps": 20}])
        self.assertEqual(goals.judge(goals.Goal("hit", "event", "rps", 5, "gunicorn"), row).value, 3)

    def test_what_was_not_measured_is_neither_reached_nor_missed(self):
        row = servers(event=[None], limit=[{"rps": 100}])
        self.assertIsNone(goals.judge(goals.Goal("hello", "event", "rps", 0.95, "limit"), row).passed)
        self.assertIsNone(goals.judge(goals.Goal("hello", "green", "rps", 0.95, "limit"), row).passed)

    def test_every_goal_is_of_a_row_that_a_load_measures_with_those_servers(self):
        rows = {row: load.servers for load in LOADS for row in load.row_names()}
        for goal in goals.all_goals():
            self.assertIn(goal.server, rows[goal.row], goal)
            bases = [name for name in rows[goal.row] if name.startswith(goals.BEST_OF.get(goal.of, (goal.of,)))]
            self.assertTrue(bases, goal)

    def test_every_load_names_servers_that_there_are(self):
        for load in LOADS:
            self.assertLessEqual(set(load.servers), set(SERVERS), load.name)


if __name__ == "__main__":
    unittest.main()
