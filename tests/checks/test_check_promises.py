#!/usr/bin/env python3
"""check_promises.py notices a page that names what is not there, or leaves a limit out, and a limit without an option."""

import tempfile
import unittest
from pathlib import Path

from check_promises import COMMAND_LINE, LIMITED, OPTIONS, OTHER_OPTIONS, ROOT, ROW, check

TEST_SOURCE = "BOOST_AUTO_TEST_CASE(it_holds)\n"
LIMITS = """struct limits
{
    static constexpr std::size_t usual = 1;
    std::size_t max_things = 4;
    std::chrono::milliseconds patience{10};
};
"""
CODEC = """struct codec
{
    std::size_t max_line_bytes = 64 * 1024; ///< one
    bool other = true;
    std::size_t unbounded = 0;
};
"""
OPTIONS_ADDED = """// not one: "--other"
    add_number(app, "--max-things", result.limits.max_things,
    app.add_option("--patience", result.limits.patience,
    app.add_option(
           "--max-line-bytes",
"""
ROWS = "| `max_things` | `unit/a.cpp: it_holds` |\n| `patience` | `e2e/b.py` |\n| `max_line_bytes` | |\n"


class CheckPromisesTest(unittest.TestCase):
    def offences(self, page, command_line=OPTIONS_ADDED):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            for name, text in ([(f"include/crier/{header}", LIMITS) for header in LIMITED] +
                               [(f"include/crier/{header}", CODEC) for header in OPTIONS] +
                               [("include/crier/promises.md", page), (COMMAND_LINE, command_line), ("tests/unit/a.cpp", TEST_SOURCE),
                                ("tests/e2e/b.py", "def test_b():\n")]):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check(root)[0]

    def test_a_whole_page_passes(self):
        self.assertEqual([], self.offences(ROWS))

    def test_a_file_that_is_not_there(self):
        self.assertEqual(["there is no tests/unit/none.cpp"], self.offences(ROWS + "`unit/none.cpp`"))

    def test_a_test_that_is_not_there(self):
        for name in ("it_hold", "it_holds_more", "holds"):
            self.assertEqual([f"there is no {name} in tests/unit/a.cpp"],
                             self.offences(ROWS + f"`unit/a.cpp: {name}`"))

    def test_a_limit_without_a_row(self):
        for line in ROWS.splitlines(keepends=True):
            self.assertEqual(1, len(self.offences(ROWS.replace(line, "") + "`e2e/b.py`")), line)

    def test_a_limit_without_an_option(self):
        for name in ("max_things", "patience", "max_line_bytes"):
            option = name.replace("_", "-")
            for other in (option + "-2", "no-" + option, ""):
                self.assertEqual([f"push_server has no option for the limit {name}"],
                                 self.offences(ROWS, OPTIONS_ADDED.replace(f"--{option}", f"--{other}")), other)

    def test_an_option_that_is_called_otherwise(self):
        row = "| `ping_interval` | |\n"
        self.assertEqual(1, len(self.offences(ROWS + row, OPTIONS_ADDED + 'add_x(app, "--ping-interval"')))
        self.assertEqual([], self.offences(ROWS + row, OPTIONS_ADDED + 'add_x(app, "--ping-seconds"'))

    def test_each_exception_is_for_a_limit_that_is_there(self):
        page = (ROOT / "include" / "crier" / "promises.md").read_text(encoding="utf-8")
        self.assertEqual(set(), set(OTHER_OPTIONS) - set(ROW.findall(page)))

    def test_an_empty_page(self):
        self.assertIn("found nothing to look at", self.offences(""))


if __name__ == "__main__":
    unittest.main()
