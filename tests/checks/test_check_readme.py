#!/usr/bin/env python3
"""What check_readme.py finds: python3 tests/checks/test_check_readme.py"""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from check_readme import FRAGMENTS, Mistake, Snippet
from check_readme import collect, compiles, in_header, in_markdown, passes

COMPILER = [os.environ.get("CXX", "g++"), "-std=c++20"]


class InMarkdown(unittest.TestCase):
    def test_cpp_blocks_are_whole_files(self):
        text = "Text\n\n```cpp\nint a;\nint b;\n```\n\n```sh\nls\n```\n```cpp\nint c;\n```\n"
        expected = [Snippet("x.md", 4, "int a;\nint b;\n"), Snippet("x.md", 12, "int c;\n")]
        self.assertEqual(in_markdown("x.md", text), expected)

    def test_a_comment_before_it_makes_a_block_a_fragment(self):
        [snippet] = in_markdown("x.md", "<!-- fragment: statements -->\n```cpp\nf();\n```\n")
        self.assertEqual(snippet, Snippet("x.md", 3, "f();\n", "statements"))
        self.assertIn("void example()", snippet.source())

    def test_an_unknown_fragment_is_a_mistake(self):
        with self.assertRaisesRegex(Mistake, "x.md:1: no fragment is called magic"):
            in_markdown("x.md", "<!-- fragment: magic -->\n```cpp\nf();\n```\n")

    def test_a_block_without_an_end_is_a_mistake(self):
        with self.assertRaisesRegex(Mistake, "x.md:2: this block has no end"):
            in_markdown("x.md", "Text\n```cpp\nint a;\n")


class InHeader(unittest.TestCase):
    def test_an_example_is_the_indented_lines_after_its_title(self):
        text = "/// Is.\n///\n/// Example:\n///\n///     f();\n///     g();\n/// More.\nint h();\n"
        expected = Snippet("x.hpp", 4, "\nf();\ng();\n", "statements", "x.hpp")
        self.assertEqual(in_header("x.hpp", text), [expected])

    def test_an_example_includes_its_header(self):
        [snippet] = in_header("include/a/x.hpp", "/// Example:\n///     f();\n")
        self.assertIn("#include <a/x.hpp>\n", snippet.source())

    def test_an_example_may_name_its_fragment(self):
        text = "    /// Example (declarations):\n    ///     int a;\n    int b;\n"
        [snippet] = in_header("x.hpp", text)
        self.assertEqual(snippet, Snippet("x.hpp", 2, "int a;\n", "declarations", "x.hpp"))

    def test_indented_lines_elsewhere_are_none(self):
        self.assertEqual(in_header("x.hpp", "/// Is:\n///     no code\n"), [])

    def test_an_example_without_lines_is_a_mistake(self):
        with self.assertRaisesRegex(Mistake, "x.hpp:1: this example has no lines"):
            in_header("x.hpp", "/// Example:\nint h();\n")


class Collect(unittest.TestCase):
    def test_the_first_page_the_pages_beside_headers_and_headers_are_read(self):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            (root / "include/a").mkdir(parents=True)
            for file in ["README.md", "OTHER.md", "include/a/x.md"]:
                (root / file).write_text("```cpp\nint a;\n```\n", encoding="utf-8")
            (root / "include/a/x.hpp").write_text("/// Example:\n///     f();\n", encoding="utf-8")
            files = [snippet.file for snippet in collect(root)]
        self.assertEqual(files, ["README.md", "include/a/x.md", "include/a/x.hpp"])


class Compiles(unittest.TestCase):
    def test_a_good_snippet_passes(self):
        self.assertTrue(compiles(Snippet("x.md", 1, "int a = 1;\n"), COMPILER))

    def test_a_bad_snippet_fails_with_its_own_line(self):
        snippet = Snippet("x.md", 7, "int a = 1;\nint b = nothing;\n")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.assertFalse(compiles(snippet, COMPILER))
        self.assertIn("x.md:8", output.getvalue())

    def test_tests_are_run(self):
        def passes_with(code):
            with mock.patch.dict(FRAGMENTS, tests=("#include <cassert>\nint main() {\n", "}\n")):
                return passes(Snippet("x.md", 3, code, "tests"), COMPILER)

        self.assertTrue(passes_with("assert(1 + 1 == 2);\n"))
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.assertFalse(passes_with("assert(1 + 1 == 3);\n"))
            self.assertFalse(passes_with("assert(nothing);\n"))
        self.assertIn("x.md:3: this example does not pass", output.getvalue())
        self.assertIn("x.md:3: this example does not compile", output.getvalue())

    def test_programs_are_run_as_they_are(self):
        def passes_with(code):
            return passes(Snippet("x.md", 3, code, "program"), COMPILER)

        self.assertTrue(passes_with("int main() { return 0; }\n"))
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.assertFalse(passes_with("int main() { return 1; }\n"))
        self.assertIn("x.md:3: this example does not pass", output.getvalue())


if __name__ == "__main__":
    unittest.main()
