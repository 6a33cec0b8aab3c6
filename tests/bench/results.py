"""The parts of RESULTS.md that programs write: each between two marks, so that it can be written anew."""

import pathlib

RESULTS = pathlib.Path(__file__).resolve().parent / "RESULTS.md"


class NoSuchPart(Exception):
    """RESULTS.md has no such marks, or more than two of them."""


def marks(part):
    return f"<!-- {part} -->\n", f"<!-- end of {part} -->\n"


def replaced(text, part, lines):
    """The text with these lines, and nothing else, in that part."""
    first, last = marks(part)
    if text.count(first) != 1 or text.count(last) != 1 or text.index(first) > text.index(last):
        raise NoSuchPart(f"there is not one part {part!r}")
    before, _, rest = text.partition(first)
    return f"{before}{first}{''.join(line + chr(10) for line in lines)}{last}{rest.partition(last)[2]}"


def write(part, lines, path=RESULTS):
    path.write_text(replaced(path.read_text(encoding="utf-8"), part, lines), encoding="utf-8")


def markdown(head, right, rows):
    """The lines of a table; right says of each column whether it is aligned so."""
    return [f"| {' | '.join(head)} |", "|" + "|".join("---:" if r else "---" for r in right) + "|",
            *(f"| {' | '.join(row)} |" for row in rows)]


def plain(head, right, rows, widths):
    """The same for a terminal."""
    def line(cells):
        return "  ".join(cell.rjust(width) if r else cell.ljust(width)
                         for cell, width, r in zip(cells, widths, right)).rstrip()

    return [line(row) for row in ([head] if head else []) + rows]
