#!/usr/bin/env python3
"""Runs the fuzz targets for a while, and says how many executions that were.

Usage: run.py [--build FOLDER] [--seconds N] [--jobs N] [--keep] [TARGET...]
       run.py [--build FOLDER] --save [TARGET...]

Builds nothing: cmake --preset fuzz && cmake --build --preset fuzz comes first. The seconds are those of
each target; without the option CRIER_FUZZ_SECONDS, or 60. Each run starts from the seeds (seeds.py). What
it finds of use is in FOLDER/found/TARGET; --keep starts from that of the last run, too. What breaks
something is in FOLDER/broken/TARGET, and then the exit code is 1.

--save runs nothing: it adds to corpus/TARGET.txt what was found and reaches what no input there did, the
smallest first, up to a size that a repository bears.
"""

import argparse
import base64
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import seeds

LONGEST = {"command": 2048, "websocket_opening": 1500, "server": 1500}  # inputs, in bytes
LONGEST_OF_OTHERS = 600
MOST_SAVED_BYTES = 24 * 1024  # of a target, in base64


def figure(name, output):
    found = re.findall(rf"stat::{name}:\s+(\d+)", output)
    return int(found[-1]) if found else 0


def run(target, build, seconds, keep):
    """(executions, edges covered, what was broken)."""
    found, broken = build / "found" / target, build / "broken" / target
    if not keep:
        shutil.rmtree(found, ignore_errors=True)
    for folder in (found, broken):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(broken.iterdir())
    command = [build / "tests" / "fuzz" / f"fuzz_{target}", found, build / "seeds" / target,
               f"-max_total_time={seconds}", f"-max_len={LONGEST.get(target, LONGEST_OF_OTHERS)}",
               "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={broken}/"]
    words = HERE / "dictionaries" / f"{target}.txt"
    if words.exists():
        command.append(f"-dict={words}")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.stdout.decode(errors="replace")
    (build / "broken" / f"{target}.log").write_text(output)
    edges = re.findall(r"cov: (\d+)", output)
    said = ""
    if done.returncode != 0:
        said = "\n".join(output.splitlines()[-60:] + [str(path) for path in set(broken.iterdir()) - before])
    return figure("number_of_executed_units", output), int(edges[-1]) if edges else 0, said


def save(target, build):
    saved = HERE / "corpus" / f"{target}.txt"
    lines = saved.read_text().split() if saved.exists() else []
    with tempfile.TemporaryDirectory() as folder:
        merged = Path(folder)
        shutil.copytree(build / "seeds" / target, merged, dirs_exist_ok=True)
        before = {path.name for path in merged.iterdir()}
        subprocess.run([build / "tests" / "fuzz" / f"fuzz_{target}", "-merge=1", merged, build / "found" / target],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        new = sorted((path.read_bytes() for path in merged.iterdir() if path.name not in before), key=len)
    room = MOST_SAVED_BYTES - sum(len(line) + 1 for line in lines)
    for data in new:
        line = base64.b64encode(data).decode()
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    saved.parent.mkdir(exist_ok=True)
    saved.write_text("".join(line + "\n" for line in lines))
    print(f"{target}: {len(lines)} inputs saved, of {len(new)} new ones")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=Path, default=HERE.parent.parent / "build" / "fuzz")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("CRIER_FUZZ_SECONDS", "60")))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[*seeds.TARGETS, []])
    given = parser.parse_args()
    subprocess.run([sys.executable, HERE / "seeds.py", given.build / "seeds"], check=True,
                   stdout=subprocess.DEVNULL)
    if given.save:
        for target in given.targets or seeds.TARGETS:
            save(target, given.build)
        return
    failed = False
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        runs = {target: pool.submit(run, target, given.build, given.seconds, given.keep)
                for target in given.targets or seeds.TARGETS}
        for target, future in runs.items():
            executions, edges, broken = future.result()
            failed |= bool(broken)
            print(f"{target}: {executions} executions in {given.seconds} s, {edges} edges"
                  + (f"\n{broken}" if broken else ""), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
