#!/usr/bin/env python3
"""Runs clang-tidy and cppcheck over the headers and the push server; any finding is an error.

    python3 tests/checks/analyse.py [tidy] [cppcheck]

clang-tidy 19 by .clang-tidy: one file with all headers and a server of all that there is (analysed.cpp), and
examples/push_server. cppcheck over each file of include/ and examples/ by itself, what it is wrong about in
cppcheck_suppressions.txt, with reasons.
"""

import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FLAGS = ["-std=c++20", "-pthread", "-DPUSH_SERVER_HAS_OPENSSL=1", f"-I{ROOT / 'include'}"]


def clang_tidy(source):
    done = subprocess.run(["clang-tidy-19", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", source, "--", *FLAGS],
                          capture_output=True, text=True, check=False)
    # Without what it says of warnings elsewhere that it has not shown.
    return done.returncode, done.stdout + (done.stderr if "error:" in done.stderr else "")


def cppcheck(files):
    done = subprocess.run(
        ["cppcheck", "--std=c++20", "--language=c++", "--enable=warning,performance,portability", "--quiet",
         "--error-exitcode=1", f"--suppressions-list={HERE / 'cppcheck_suppressions.txt'}", *files],
        cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    wanted = sys.argv[1:] or ["cppcheck", "tidy"]
    headers = sorted(path for path in (ROOT / "include" / "crier").rglob("*.hpp") if path.name != "src.hpp")
    sources = sorted((ROOT / "examples" / "push_server").glob("*.cpp"))
    files = subprocess.run(["git", "ls-files", "include/crier/*.hpp", "include/crier/*.ipp", "examples/*.hpp",
                            "examples/*.cpp"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    with tempfile.TemporaryDirectory(prefix="analyse-") as directory, ThreadPoolExecutor(2) as pool:
        everything = pathlib.Path(directory) / "everything.cpp"
        includes = "".join(f"#include <{header.relative_to(ROOT / 'include')}>\n" for header in headers)
        everything.write_text(includes + (HERE / "analysed.cpp").read_text(encoding="utf-8"), encoding="utf-8")
        work = []
        if "tidy" in wanted:
            # What takes longest first.
            sources.sort(key=lambda path: path.name != "serve.cpp")
            work += [pool.submit(clang_tidy, source) for source in [everything, *sources]]
        if "cppcheck" in wanted:
            work.append(pool.submit(cppcheck, files))
        results = [each.result() for each in work]
    for code, text in results:
        if code:
            print(text, end="")
    print(f"{' and '.join(wanted)}: {len(headers)} headers and {len(sources)} sources, {len(files)} files")
    return 1 if any(code for code, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
