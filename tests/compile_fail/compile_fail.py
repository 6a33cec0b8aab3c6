#!/usr/bin/env python3
"""A mistake must not compile, and the compiler must say why at once.

    python3 tests/compile_fail/compile_fail.py FILE g++ -std=c++20 -I include

FILE begins with `// expect: TEXT`. With CRIER_MISTAKE defined it must fail, with TEXT within the
compiler's first ten lines (context counts, the source that it shows does not). A second line
`// without: TEXT` names what the compiler must not say at all. The twin is the same file without
CRIER_MISTAKE: that must compile.

    python3 tests/compile_fail/compile_fail.py --precompile FOLDER g++ -std=c++20 -I include

precompiles crier.hpp into that folder. Runs with the environment variable CRIER_PRECOMPILED=FOLDER and
the same compiler and options start from it: most of a case's time is reading the headers.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

FIRST_LINES = 10
EXPECT = re.compile(r"// expect: (\S.*)(?:\n// without: (\S.*))?")


def is_clang(compiler):
    return "clang" in subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout


def precompile(folder, compiler, options):
    """Puts the umbrella header, as this compiler wants it, into a folder. Returns the exit code."""
    header = Path(folder, "precompiled.hpp")
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text("#include <crier/crier.hpp>\n", encoding="utf-8")
    command = [compiler, *options, "-x", "c++-header", header, "-o", f"{header}.gch"]
    return subprocess.run(command).returncode


def precompiled(clang):
    """The options that make the compiler start from it, if there is one."""
    folder = os.environ.get("CRIER_PRECOMPILED")
    if not folder:
        return []
    header = Path(folder, "precompiled.hpp")
    return ["-include-pch", f"{header}.gch"] if clang else ["-include", str(header), "-Winvalid-pch"]


def run(compiler, options, file):
    """The exit code and what the compiler said."""
    clang = is_clang(compiler)
    no_source = "-fno-caret-diagnostics" if clang else "-fno-diagnostics-show-caret"
    done = subprocess.run(
        [compiler, *options, *precompiled(clang), no_source, "-fsyntax-only", file],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.returncode, done.stderr


def check(file, compiler, options):
    """What is wrong, or None."""
    expected = EXPECT.match(Path(file).read_text(encoding="utf-8"))
    if not expected:
        return "the first line is not `// expect: TEXT`"
    code, output = run(compiler, options, file)
    if code:
        return f"the twin, without the mistake, does not compile\n{output}"
    code, output = run(compiler, [*options, "-DCRIER_MISTAKE"], file)
    if not code:
        return "the mistake compiles"
    if not any(expected[1] in line for line in output.splitlines()[:FIRST_LINES]):
        return f'the first lines do not say "{expected[1]}"\n{output}'
    if expected[2] and expected[2] in output:
        return f'it is also said "{expected[2]}"\n{output}'
    return None


def main():
    if len(sys.argv) < 3:
        print(__doc__)
        return 2
    if sys.argv[1] == "--precompile":
        return precompile(sys.argv[2], sys.argv[3], sys.argv[4:])
    _, file, compiler, *options = sys.argv
    if wrong := check(file, compiler, options):
        print(f"{file}:1: {wrong}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
