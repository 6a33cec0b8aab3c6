#!/usr/bin/env python3
"""Compiles the C++ that the documentation shows, and runs what it shows of tests.

    python3 tests/checks/check_readme.py g++ -std=c++20 -I include -pthread

- In README.md and the pages beside the headers: each block fenced with ```cpp. It is a whole source
  file, unless the line before it is `<!-- fragment: NAME -->`.
- In the headers: each doc comment's lines after `/// Example:` that are indented by four more. They
  are statements, unless that line is `/// Example (NAME):`. The header itself is included.

NAME is one of FRAGMENTS below, which says what is put around the fragment. Those called "tests" are
statements that are run, too: what they assert must be so. One called "program" is a whole source file
that is run, and must return 0.

The arguments are a compiler and its options. Prints one line with the counts, or the compiler's
errors, which name the document's own lines, and exit code 1.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "compile_fail"))
import compile_fail  # noqa: E402

# What stands before a fragment, and after it.
INCLUDES = """\
#include <crier/crier.hpp>
#include <cassert>
#include <iostream>
"""
KITS = """\
#include <crier/test/codec_conformance.hpp>
#include <crier/test/memory_transport.hpp>
#include <crier/test/overflow_conformance.hpp>
#include <crier/test/registry_conformance.hpp>
#include <crier/test/transport_conformance.hpp>
"""
FRAGMENTS = {
    "declarations": (INCLUDES, ""),
    "statements": (INCLUDES + "void example()\n{\n", "}\n"),
    "tests": (INCLUDES + KITS + "int main()\n{\n", "}\n"),
    "program": ("", ""),
}
RUN = ("tests", "program")

FENCE = re.compile(r"\s*```\s*(\S*)")
FRAGMENT = re.compile(r"<!-- fragment: (\S+) -->")
EXAMPLE = re.compile(r"\s*/// Example(?: \((\S+)\))?:\s*$")
EXAMPLE_LINE = re.compile(r"\s*///(?:$|\s{5}(.*)|\s*$)")


class Mistake(Exception):
    """In the document, not in its C++. The text is `file:line: sentence`."""


@dataclass
class Snippet:
    file: str
    line: int  # of its first line of code
    code: str
    fragment: str | None = None
    header: str | None = None  # whose example it is

    def source(self):
        before, after = FRAGMENTS.get(self.fragment, ("", ""))
        if self.header:
            before = f"#include <{self.header}>\n{before}"
        return f'{before}#line {self.line} "{self.file}"\n{self.code}{after}'


def check_name(file, line, name):
    if name not in FRAGMENTS:
        raise Mistake(f"{file}:{line}: no fragment is called {name}: {', '.join(FRAGMENTS)}")


def in_markdown(file, text):
    lines = text.splitlines()
    snippets, start, language = [], None, ""
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if not fence:
            continue
        if start is None:
            start, language = number, fence[1]
            continue
        if language == "cpp":
            code = "".join(f"{line}\n" for line in lines[start : number - 1])
            fragment = FRAGMENT.search(lines[start - 2]) if start > 1 else None
            if fragment:
                check_name(file, start - 1, fragment[1])
            snippets.append(Snippet(file, start + 1, code, fragment and fragment[1]))
        start = None
    if start is not None:
        raise Mistake(f"{file}:{start}: this block has no end")
    return snippets


def in_header(file, text):
    snippets, current = [], None
    header = file.removeprefix("include/")
    for number, line in enumerate(text.splitlines(), 1):
        if example := EXAMPLE.match(line):
            name = example[1] or "statements"
            check_name(file, number, name)
            current = Snippet(file, number + 1, "", name, header)
            snippets.append(current)
        elif current and (code := EXAMPLE_LINE.match(line)):
            current.code += (code[1] or "") + "\n"
        else:
            current = None
    for snippet in snippets:
        if not snippet.code.strip():
            raise Mistake(f"{file}:{snippet.line - 1}: this example has no lines")
    return snippets


def collect(root):
    snippets = []
    include = root / "include"
    for path in [root / "README.md", *sorted(include.rglob("*.md"))]:
        snippets += in_markdown(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    for path in sorted(include.rglob("*.hpp")):
        snippets += in_header(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    return snippets


def succeeds(snippet, what, command, **options):
    """Prints the command's words if it does not."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=300, **options)
    if done.returncode:
        print(f"{snippet.file}:{snippet.line}: this example does not {what}\n{done.stderr}")
    return done.returncode == 0


def start_of(snippet, compiler):
    """The options for a fragment, which begins with crier.hpp, to begin with a precompiled one if there is one."""
    if FRAGMENTS.get(snippet.fragment, ("",))[0].startswith(INCLUDES):
        return compile_fail.precompiled(compile_fail.is_clang(compiler[0]))
    return []


def compiles(snippet, compiler, options=("-fsyntax-only",)):
    command = [*compiler, *start_of(snippet, compiler), *options, "-x", "c++", "-"]
    return succeeds(snippet, "compile", command, input=snippet.source())


def passes(snippet, compiler):
    """Compiles, and if it is to be run does not fail."""
    if snippet.fragment not in RUN:
        return compiles(snippet, compiler)
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "example")
        return compiles(snippet, compiler, ["-o", program]) and succeeds(snippet, "pass", [program])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("compiler", help="and its options", nargs=argparse.REMAINDER)
    compiler = parser.parse_args().compiler
    if not compiler:
        parser.error("name a compiler")
    try:
        snippets = collect(Path(__file__).resolve().parents[2])
    except Mistake as mistake:
        print(mistake)
        return 1
    whole = sum(snippet.fragment is None for snippet in snippets)
    if not whole:
        print("README.md:1: shows no whole program")
        return 1
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as workers:
        if compile_fail.precompile(folder, compiler[0], compiler[1:]):
            return 1
        os.environ["CRIER_PRECOMPILED"] = folder
        passed = list(workers.map(lambda snippet: passes(snippet, compiler), snippets))
    parts, failed = len(snippets) - whole, passed.count(False)
    print(f"examples: {whole} whole, {parts} fragments, {failed} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
