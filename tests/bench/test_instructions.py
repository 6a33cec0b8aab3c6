#!/usr/bin/env python3
"""Does instructions.py fail when a count is off? It is given what was counted, and counts nothing."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = json.loads((HERE / "instructions.json").read_text(encoding="utf-8"))
ONE = next(iter(RECORDED["counts"]))


class Check(unittest.TestCase):
    def told(self, option, recorded, counted):
        """Its exit code, what it says, and the recorded file afterwards."""
        with tempfile.TemporaryDirectory() as directory:
            files = [pathlib.Path(directory) / name for name in ("recorded.json", "counted.json")]
            for file, told in zip(files, (recorded, counted)):
                file.write_text(json.dumps(told), encoding="utf-8")
            done = subprocess.run([sys.executable, HERE / "instructions.py", option, "--recorded", files[0],
                                   "--counted", files[1]], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr, json.loads(files[0].read_text(encoding="utf-8"))

    @staticmethod
    def times(factor, name=ONE):
        counts = dict(RECORDED["counts"])
        counts[name] *= factor
        return RECORDED | {"counts": counts}

    def test_what_is_as_recorded_passes(self):
        self.assertEqual(self.told("--check", RECORDED, RECORDED)[0], 0)

    def test_what_is_within_the_tolerance_passes(self):
        for factor in (1 + 0.9 * RECORDED["tolerance"], 1 - 0.9 * RECORDED["tolerance"]):
            self.assertEqual(self.told("--check", RECORDED, self.times(factor))[0], 0)

    def test_more_or_less_than_the_tolerance_fails_and_says_what_to_do(self):
        for factor in (1 + 1.1 * RECORDED["tolerance"], 1 - 1.1 * RECORDED["tolerance"]):
            code, text, _ = self.told("--check", RECORDED, self.times(factor))
            self.assertEqual(code, 1)
            self.assertIn(f"{ONE}: ", text)
            self.assertIn("--update", text)

    def test_each_load_counts(self):
        for name in RECORDED["counts"]:
            self.assertEqual(self.told("--check", RECORDED, self.times(1.5, name))[0], 1, name)

    def test_a_load_on_one_side_only_fails(self):
        fewer = RECORDED | {"counts": {k: v for k, v in RECORDED["counts"].items() if k != ONE}}
        for recorded, counted in ((RECORDED, fewer), (fewer, RECORDED)):
            code, text, _ = self.told("--check", recorded, counted)
            self.assertEqual(code, 1)
            self.assertIn(ONE, text)

    def test_an_update_passes_afterwards(self):
        code, _, updated = self.told("--update", RECORDED, self.times(2))
        self.assertEqual(code, 0)
        self.assertEqual(self.told("--check", updated, self.times(2))[0], 0)
        self.assertEqual(self.told("--check", updated, RECORDED)[0], 1)

    def test_counts_of_another_compiler_are_skipped_and_it_says_so(self):
        other = self.times(2) | {"compiler": "g++ 1.0"}
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "recorded.json"
            file.write_text(json.dumps(other), encoding="utf-8")
            done = subprocess.run([sys.executable, HERE / "instructions.py", "--check", "--recorded", file],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("skipped", done.stdout)
        self.assertIn("g++ 1.0", done.stdout)


if __name__ == "__main__":
    unittest.main()
