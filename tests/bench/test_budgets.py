#!/usr/bin/env python3
"""Do instructions.py and build_cost.py fail when a figure is off? They are given what was counted, and count nothing."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import results
import run

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ["instructions", "build_cost"]


class Budgets(unittest.TestCase):
    def each(self):
        """A program, its recorded figures, and the name of one of them."""
        for program in PROGRAMS:
            recorded = json.loads((HERE / f"{program}.json").read_text(encoding="utf-8"))
            with self.subTest(program):
                yield program, recorded, next(iter(recorded["figures"]))

    def told(self, program, option, recorded, counted):
        """Its exit code, what it says, and the recorded file afterwards."""
        with tempfile.TemporaryDirectory() as directory:
            files = [pathlib.Path(directory) / name for name in ("recorded.json", "counted.json")]
            for file, told in zip(files, (recorded, counted)):
                file.write_text(json.dumps(told), encoding="utf-8")
            done = subprocess.run([sys.executable, HERE / f"{program}.py", option, "--recorded", files[0],
                                   "--counted", files[1]], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr, json.loads(files[0].read_text(encoding="utf-8"))

    @staticmethod
    def times(factor, recorded, name):
        figures = dict(recorded["figures"])
        figures[name] *= factor
        return recorded | {"figures": figures}

    def test_what_is_as_recorded_passes(self):
        for program, recorded, _ in self.each():
            self.assertEqual(self.told(program, "--check", recorded, recorded)[0], 0)

    def test_what_is_within_the_tolerance_passes(self):
        for program, recorded, name in self.each():
            for factor in (1 + 0.9 * recorded["tolerance"], 1 - 0.9 * recorded["tolerance"]):
                self.assertEqual(self.told(program, "--check", recorded, self.times(factor, recorded, name))[0], 0)

    def test_more_or_less_than_the_tolerance_fails_and_says_what_to_do(self):
        for program, recorded, name in self.each():
            for factor in (1 + 1.1 * recorded["tolerance"], 1 - 1.1 * recorded["tolerance"]):
                code, text, _ = self.told(program, "--check", recorded, self.times(factor, recorded, name))
                self.assertEqual(code, 1)
                self.assertIn(f"{name}: ", text)
                self.assertIn(f"{program}.py --update", text)

    def test_each_figure_counts(self):
        for program, recorded, _ in self.each():
            for name in recorded["figures"]:
                self.assertEqual(self.told(program, "--check", recorded, self.times(1.5, recorded, name))[0], 1, name)

    def test_a_figure_on_one_side_only_fails(self):
        for program, recorded, name in self.each():
            fewer = recorded | {"figures": {k: v for k, v in recorded["figures"].items() if k != name}}
            for one, other in ((recorded, fewer), (fewer, recorded)):
                code, text, _ = self.told(program, "--check", one, other)
                self.assertEqual(code, 1)
                self.assertIn(name, text)

    def test_an_update_passes_afterwards(self):
        for program, recorded, name in self.each():
            doubled = self.times(2, recorded, name)
            code, _, updated = self.told(program, "--update", recorded, doubled)
            self.assertEqual(code, 0)
            self.assertEqual(self.told(program, "--check", updated, doubled)[0], 0)
            self.assertEqual(self.told(program, "--check", updated, recorded)[0], 1)

    def test_a_part_of_a_name_that_is_in_none_is_refused(self):
        for more in (["--only", "nosuch"], ["--rounds", "0"]):
            done = subprocess.run([sys.executable, HERE / "build_cost.py", *more], capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("no program has nosuch in its name" if more[0] == "--only" else "at least 1", done.stderr)

    def test_figures_of_another_compiler_are_skipped_and_it_says_so(self):
        for program, recorded, name in self.each():
            other = self.times(2, recorded, name) | {"compiler": "g++ 1.0"}
            code, text, _ = self.told(program, "--check", other, recorded)
            self.assertEqual(code, 0)
            self.assertIn("skipped", text)
            self.assertIn("g++ 1.0", text)


class Results(unittest.TestCase):
    PARTS = [*run.TABLES, "build cost"]

    def test_each_part_can_be_written_and_written_again(self):
        text = results.RESULTS.read_text(encoding="utf-8")
        for part in self.PARTS:
            once = results.replaced(text, part, ["| a |", "| b |"])
            self.assertIn("| a |\n| b |\n", once)
            self.assertEqual(results.replaced(once, part, ["| a |", "| b |"]), once)
            between = text.partition(results.marks(part)[0])[2].partition(results.marks(part)[1])[0]
            self.assertEqual(results.replaced(once, part, between.splitlines()), text)

    def test_a_part_that_is_not_there_or_there_twice_is_an_error(self):
        for text in ("", "<!-- a -->\n", "<!-- end of a -->\n<!-- a -->\n", 2 * "<!-- a -->\n<!-- end of a -->\n"):
            with self.assertRaises(results.NoSuchPart):
                results.replaced(text, "a", [])


if __name__ == "__main__":
    unittest.main()
