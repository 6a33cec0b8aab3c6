#!/usr/bin/env python3
"""Do the tables of run.py say what the runs said? No server runs here."""

import argparse
import contextlib
import io
import unittest
from unittest import mock

import run
from contestants import CONTESTANTS, Contestant

LOAD = run.unicast(1000, 64, 64, 1000)  # its target is 1.10
FLOOR, OURS, OTHER = Contestant("floor", ""), Contestant("crier", "", judged=True), Contestant("other", "")


def pushed(cost, **more):
    return {"cpu_us_per_push": cost, "server_user_share": 0.25, "lines_per_second": 1234567.0, "generator_idle": 0.5} | more


class CostsTable(unittest.TestCase):
    FLOORS = [pushed(2.0), pushed(4.0), pushed(1.0)]

    def test_the_ratio_is_the_median_of_the_rounds_ratios(self):
        mine = [pushed(2.2), pushed(8.0), pushed(1.0)]  # 1.1, 2 and 1
        cells = run.Costs.cells(LOAD, OURS, mine, self.FLOORS)
        self.assertEqual(cells, ["2.200", "us/push", "25 %", "1.10", "1.00 - 2.00", "1.10", "1 234 567", "50 %"])

    def test_a_round_that_went_wrong_on_either_side_is_left_out(self):
        cells = run.Costs.cells(LOAD, OURS, [None, pushed(8.0), pushed(2.0)], [pushed(2.0), pushed(4.0), None])
        self.assertEqual(cells[3:5], ["2.00", "2.00 - 2.00"])

    def test_above_the_target_is_missed_and_only_ours_is_judged(self):
        above = [pushed(2 * floor["cpu_us_per_push"]) for floor in self.FLOORS]
        self.assertEqual(run.Costs.cells(LOAD, OURS, above, self.FLOORS)[5], "1.10 missed")
        self.assertEqual(run.Costs.cells(LOAD, OTHER, above, self.FLOORS)[5], "")

    def test_the_floor_is_compared_with_nothing(self):
        self.assertEqual(run.Costs.cells(LOAD, FLOOR, self.FLOORS, self.FLOORS)[3:6], ["", "", ""])

    def test_memory_is_judged_by_itself(self):
        load = run.memory("idle", "bytes", most=512)
        for size, target in ((512, "512"), (513, "512 missed")):
            cells = run.Costs.cells(load, OURS, [{"bytes": size, "opens_per_second": 1.0}], [])
            self.assertEqual((cells[0], cells[3], cells[5]), (str(size), "", target))


class LatenciesTable(unittest.TestCase):
    def test_delays_are_medians_in_milliseconds_and_the_median_is_judged(self):
        def delayed(p50):
            return pushed(1.0, delay_us={"p50": p50, "p90": 2000.0, "p99": 3000.0, "p99.9": 4000.0, "max": 5000.0})

        for p50, target in ((4999.0, "5"), (5100.0, "5 missed")):
            cells = run.Latencies.cells(run.fairness(100), OURS, [delayed(p50), delayed(1.0), delayed(9e6)], [])
            self.assertEqual(cells, [f"{p50 / 1000:.2f}", "2.00", "3.00", "4.00", "5.00", target, "1.00", "50 %"])


class Servers(unittest.TestCase):
    @staticmethod
    def chosen(asked, usual, **lacking):
        options = argparse.Namespace(servers=asked, extra=[])
        everybody = {name: mock.Mock(missing=lambda name=name: lacking.get(name, "")) for name in CONTESTANTS}
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            return run.chosen_servers(options, usual, everybody), said.getvalue()

    def test_who_cannot_run_is_left_out_and_what_it_needs_is_said(self):
        names, said = self.chosen("floor,beast,crier", None, beast="some-package")
        self.assertEqual(names, ["floor", "crier"])
        self.assertIn("beast", said)
        self.assertIn("apt-get install some-package", said)

    def test_all_are_those_that_need_not_be_asked_for(self):
        self.assertEqual(self.chosen("all", ["floor"]), self.chosen(None, None))
        self.assertNotIn("crier-deflate", self.chosen("all", None)[0])
        self.assertEqual(self.chosen("crier-deflate", None)[0], ["crier-deflate"])
        self.assertEqual(self.chosen(None, ["floor"])[0], ["floor"])

    def test_an_unknown_one_is_an_error(self):
        with self.assertRaises(run.BenchError):
            self.chosen("nobody", None)

    def test_a_server_gets_the_cores_it_declares_and_the_loads_own_only_if_there_are_no_others(self):
        bench = mock.Mock(cpus=[1, 2], load_cpu=0)
        for cores, cpus in ((1, [1]), (2, [1, 2]), (3, [1, 2, 0])):
            self.assertEqual(run.Bench.cpus_for(bench, Contestant("many", "", cores=cores)), cpus)


class Write(unittest.TestCase):
    def test_a_whole_table_is_put_into_its_part_of_the_results(self):
        tables = {"costs": (run.Costs, [LOAD], ["floor", "crier"], 1)}
        figures = {"floor": [pushed(2.0)], "crier": [pushed(3.0)]}
        written = {}
        with mock.patch.object(run, "TABLES", tables), \
                mock.patch.object(run.Bench, "build_programs"), \
                mock.patch.object(run.Bench, "rounds", return_value=figures), \
                mock.patch.object(run.results, "write", written.__setitem__), \
                mock.patch("os.sched_getaffinity", return_value={0, 1}), \
                mock.patch("sys.argv", ["run.py", "--write"]), contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(run.main(), 0)
        lines = written["costs"]
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[0].startswith("| load | server | cost |"))
        self.assertTrue(lines[3].startswith(f"| {LOAD.name} | crier | 3.000 | us/push | 25 % | 1.50 |"))
        self.assertIn("Every delivery", said.getvalue())

    def test_a_part_of_a_table_is_not_written(self):
        for more in (["--quick"], ["--only", "x"], ["--servers", "floor"], ["--verify"]):
            with mock.patch("sys.argv", ["run.py", "--write", *more]), contextlib.redirect_stderr(io.StringIO()):
                with self.assertRaises(SystemExit) as ended:
                    run.main()
                self.assertEqual(ended.exception.code, 2)

    def test_what_went_wrong_decides_the_exit_code(self):
        def wrong(bench, *_):
            bench.wrong.append("lost: one")
            return {"floor": [None]}

        with mock.patch.object(run.Bench, "build_programs"), mock.patch.object(run.Bench, "rounds", wrong), \
                mock.patch("os.sched_getaffinity", return_value={0, 1}), \
                mock.patch("sys.argv", ["run.py", "--only", LOAD.name]), \
                contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as why:
            self.assertEqual(run.main(), 1)
        self.assertIn("wrong", said.getvalue())
        self.assertIn("lost: one", why.getvalue())

    def test_what_measures_nothing_is_refused(self):
        with mock.patch("sys.argv", ["run.py", "--only", "nosuch", "--only", LOAD.name]):
            with self.assertRaisesRegex(run.BenchError, "no load of costs has nosuch in its name; --list names them"):
                run.main()
        with mock.patch("sys.argv", ["run.py", "--rounds", "0"]), contextlib.redirect_stderr(io.StringIO()):
            with self.assertRaises(SystemExit) as ended:
                run.main()
            self.assertEqual(ended.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
