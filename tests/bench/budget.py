"""Figures that are exact enough to be held to: a file of them, and what is off.

A file says which compiler they are of, and by how much a figure may be off. Less than recorded is off, too: else the
file would not notice when the gain is lost again.
"""

import json
import pathlib
import platform
import subprocess
import sys


def compiler_of(name):
    """As it stands in a file: what else is counted by another one says nothing."""
    done = subprocess.run([name, "-dumpfullversion", "-dumpversion"], capture_output=True, text=True, check=True)
    return f"{pathlib.Path(name).name} {done.stdout.strip()}, {platform.machine()}"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def write(path, compiler, tolerance, figures):
    told = {"compiler": compiler, "tolerance": tolerance, "figures": figures}
    path.write_text(json.dumps(told, indent=4) + "\n", encoding="utf-8")


def table(head, figures, recorded):
    lines = [f"{head:62}{'now':>10}{'recorded':>10}"]
    for name, figure in figures.items():
        before = recorded.get(name)
        change = f"{100 * (figure / before - 1):+8.1f} %" if before else ""
        lines.append(f"{name:62}{figure:>10}{before or '-':>10}{change}")
    return "\n".join(lines)


def wrong(figures, recorded, tolerance):
    """What is off by more than the tolerance, or is on one side only."""
    for name in sorted(set(figures) | set(recorded)):
        if name not in figures:
            yield f"{name}: recorded, and not there"
        elif name not in recorded:
            yield f"{name}: {figures[name]}, and not recorded"
        elif abs(figures[name] / recorded[name] - 1) > tolerance:
            yield f"{name}: {figures[name]}, and {recorded[name]} is recorded"


def skipped(program, compiler, recorded):
    """True, and said so, if the recorded figures are of another compiler."""
    if compiler == recorded["compiler"]:
        return False
    print(f"{program}: skipped. The figures are of {recorded['compiler']}, and this is {compiler}.")
    return True


def check(program, path, figures, recorded):
    """The exit code; what is off is said, and what to do about it."""
    offences = list(wrong(figures, recorded["figures"], recorded["tolerance"]))
    if offences:
        print("\n" + "\n".join(offences), file=sys.stderr)
        print(f"\nThe tolerance is {100 * recorded['tolerance']:.0f} %. If this is as it should be: "
              f"tests/bench/{program} --update, and commit {path.name} with the reason.", file=sys.stderr)
    return 1 if offences else 0
