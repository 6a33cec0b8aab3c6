#!/usr/bin/env python3
"""Which lines and branches of crier the tests run, by llvm-cov.

    cmake --preset coverage -DCRIER_BUILD_EXAMPLES=OFF
    cmake --build --preset coverage --target unit security in_memory
    python3 tests/checks/coverage.py build/coverage

Runs the test programs that are there, and prints for each header how many of its lines and branches were run, of all
instantiations together: a branch counts if one of them has taken it. Exits with 1 if a branch of what strangers'
bytes go through (ALL_OF) was never taken, and no reason is given for it (REASONS), if a reason has nothing to do, or if
nothing of such a header was compiled.

With --missing NAME it prints the lines of headers of that name that were not run, or not in both ways.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include" / "crier"
PROGRAMS = ["unit/unit", "security/security", "in_memory/in_memory", "in_memory/no_memory", "in_memory/model",
            "integration/integration"]

# All branches of these are taken, or there is a reason.
ALL_OF = [
    "codec/*.hpp", "codec/websocket/*.hpp", "impl/websocket.ipp", "impl/opening.ipp", "impl/accept_key.ipp",
    "impl/command.ipp", "opening.hpp", "command.hpp", "utf8.hpp", "detail/utf8_blocks.hpp", "detail/first_bytes.hpp",
    "detail/http_grammar.hpp",
    "detail/json_scanner.hpp", "detail/scan.hpp", "detail/outbox.hpp", "detail/uid_table.hpp",
    "detail/topic_table.hpp", "registry/*.hpp",
]

# Of these, what has no code.
DECLARATIONS = ["accept_key.hpp"]

# Header, text of the line: why one way of a branch in it is never taken.
REASONS = {
    ("codec/websocket/deflate_message.hpp", "if (ec || z.avail_out == 0 || z.total_out <= end_marker)"):
        "zlib has no error for these parameters, and what it writes ends with a marker",
    ("codec/websocket/deflate_message.hpp", "if (ec && ec != zlib::error::need_buffers)"):
        "zlib says so only where there is nothing to read and nothing to write",
    ("codec/websocket/deflate_message.hpp", "if (z_.avail_in != 0)"):
        "zlib would have to leave input and room: if it ever does, it is no loop",
    ("codec/websocket/deflate_offer.hpp",
     "const bool quoted = value.size() >= 2 && value.front() == '\"' && value.back() == '\"';"):
        "a request with a quote that is not closed was refused before",
    ("codec/websocket/deflate_offer.hpp", "if (quoted && value[at] == '\\\\' && at + 1 < value.size())"):
        "the same for a backslash with nothing behind it",
    ("codec/websocket_deflate.hpp", "const bool in_message = held_ && held_->in_message;"):
        "what was handed out is let go at the next call",
    ("impl/websocket.ipp", "const bool in_message = collected_ && collected_->in_message;"):
        "what was handed out is let go at the next call",
    ("detail/scan.hpp", "if constexpr (std::endian::native == std::endian::big)"):
        "for machines of the other byte order",
    ("detail/uid_table.hpp", "if (c->hook.hash == hash && c->uid() == uid)"):
        "two uids with the same 64 bits of a keyed hash",
    ("detail/uid_table.hpp", "while ((*at)->hook.hash != c.hook.hash || (*at)->uid() != c.uid())"):
        "two uids with the same 64 bits of a keyed hash",
    ("codec/length_prefixed.hpp", "return Order == std::endian::little ? significance : Width - 1 - significance;"):
        "known when it is compiled",
    ("registry/uid_registry.hpp", "for (connection* c = first; c && n < most_; c = uids_.next(c, first))"):
        "a uid never has more than it may",
    ("impl/opening.ipp", "if (ec || !reader.is_header_done())"):
        "Beast's parser fails where a block is not whole",
}


def tool(name):
    for each in (f"{name}-14", name):
        if shutil.which(each):
            return each
    sys.exit(f"coverage.py: {name} is missing: apt-get install llvm-14")


def run_programs(build, directory):
    """Runs the tests; returns the programs and the merged profile."""
    programs = [path for path in (build / "tests" / name for name in PROGRAMS) if path.exists()]
    if not programs:
        sys.exit(f"coverage.py: no test program in {build}")

    def run(path):
        return subprocess.run([path, "--log_level=error"], capture_output=True, text=True, check=False,
                              env={**os.environ, "LLVM_PROFILE_FILE": str(directory / f"{path.name}.profraw")})

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in zip(programs, pool.map(run, programs)):
            if done.returncode:
                sys.exit(f"coverage.py: {path} failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    profile = directory / "all.profdata"
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", *directory.glob("*.profraw"), "-o", profile], check=True)
    return programs, profile


def exported(programs, profile):
    objects = [word for path in programs[1:] for word in ("-object", path)]
    done = subprocess.run([tool("llvm-cov"), "export", "-instr-profile", profile, programs[0], *objects],
                          capture_output=True, text=True, check=True)
    files = json.loads(done.stdout)["data"][0]["files"]
    for each in files:
        each["filename"] = os.path.normpath(each["filename"])
    return [each for each in files if each["filename"].startswith(f"{INCLUDE}/")]


class Header:
    """What was run of one header."""

    def __init__(self, entry):
        self.path = pathlib.Path(entry["filename"])
        self.name = str(self.path.relative_to(INCLUDE))
        self.text = self.path.read_text(encoding="utf-8").splitlines()
        self.lines = (entry["summary"]["lines"]["covered"], entry["summary"]["lines"]["count"])
        taken = collections.Counter()
        for line, column, end_line, end_column, true, false, *_ in entry["branches"]:
            taken[line, column, end_line, end_column, "true"] += true
            taken[line, column, end_line, end_column, "false"] += false
        self.branches = (sum(1 for count in taken.values() if count), len(taken))
        self.missing = sorted({(line, column, way) for (line, column, _, _, way), count in taken.items() if not count})

    def line(self, number):
        return self.text[number - 1].strip()


def percent(some, of_all):
    return f"{100 * some / of_all:6.1f} %" if of_all else "      -  "


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--missing", metavar="NAME")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="coverage-") as directory:
        programs, profile = run_programs(arguments.build.resolve(), pathlib.Path(directory))
        headers = [Header(entry) for entry in exported(programs, profile)]

    print(f"of {', '.join(path.name for path in programs)}\n   lines  branches")
    lines, branches = [0, 0], [0, 0]
    for header in sorted(headers, key=lambda each: each.name):
        print(f"{percent(*header.lines)} {percent(*header.branches)}  {header.name}")
        for total, part in ((lines, header.lines), (branches, header.branches)):
            total[0] += part[0]
            total[1] += part[1]
    print(f"{percent(*lines)} {percent(*branches)}  all: {lines[0]} of {lines[1]} lines, "
          f"{branches[0]} of {branches[1]} branches")

    wanted = set()
    unused = set(REASONS)
    bad = 0
    for pattern in ALL_OF:
        found = set(INCLUDE.glob(pattern))
        wanted |= found
        if not found:
            bad += 1
            print(f"coverage.py: there is no {pattern}", file=sys.stderr)
    for header in headers:
        for line, column, way in header.missing:
            if arguments.missing and arguments.missing in header.name:
                print(f"{header.name}:{line}:{column}: never {way}: {header.line(line)}")
            if header.path not in wanted:
                continue
            key = (header.name, header.line(line))
            unused.discard(key)
            if key not in REASONS:
                bad += 1
                print(f"coverage.py: {header.name}:{line}:{column}: never {way}: {header.line(line)}", file=sys.stderr)
    for name, text in sorted(unused):
        bad += 1
        print(f"coverage.py: the reason for {name}, {text!r}, has nothing to do: take it out", file=sys.stderr)
    for path in sorted(wanted - {header.path for header in headers}):
        if path.name not in DECLARATIONS:
            bad += 1
            print(f"coverage.py: nothing of {path.relative_to(INCLUDE)} was compiled", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
