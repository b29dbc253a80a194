"""Counts the house, and finds files of a room that import each other in a circle.

    python3 docs/house.py            the table of docs/ARCHITECTURE.md, circles, files over 500 lines
    python3 docs/house.py --write    writes the table into the document
    python3 docs/house.py --check    fails if there is a circle, a long file that does not say why it is
                                     ("long because"), or a table that is not the one of the document

Counted is code that runs: no tests, no benches, no examples. A function's lines are those from `fn` to
its closing brace. A file and the files in the folder of its name may know each other: they are one room
with its chapter; circles beyond that are printed, and what they consist of."""

import pathlib
import re
import statistics
import sys

ROOMS = ["system", "scenarios", "sim", "checkers", "reports", "cli"]
LINES_MAX = 500
# The machines of `system` that decide something: what they believe must be asserted.
CORES = ["replica", "node", "broker", "log", "configurations", "quorum", "disk/durable", "disk/persist",
         "disk/registry"]


def running(text):
    """A file without its tests."""
    return re.split(r"#\[cfg\(test\)\]\s*(?:pub\(\w+\) )?mod \w+ \{", text)[0]


def files(room):
    """Every file of a room that runs, by its path of modules."""
    root = pathlib.Path(room) / "src"
    found = {}
    for path in sorted(root.rglob("*.rs")):
        names = list(path.relative_to(root).with_suffix("").parts)
        if "tests" in names or "testing" in names or names[-1].startswith("fuzz"):
            continue
        if names[-1] in ("lib", "main", "mod"):
            names.pop()
        found[tuple(names)] = path
    return found


def functions(text):
    """How many lines each function has."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not re.match(r"\s*(pub(\([\w ]+\))? )?(const )?(async )?fn \w+", line):
            continue
        indent = len(line) - len(line.lstrip())
        for last in range(number, len(lines)):
            if lines[last].rstrip() in (" " * indent + "}", " " * indent + "};"):
                yield last - number + 1
                break
            if lines[last].rstrip().endswith(";") and last == number:
                break


def is_core(name):
    return any(name == core or name.startswith(core + "/") for core in CORES)


def count(room, is_meant=lambda name: True, title=None):
    """One row of the table."""
    meant = [path for name, path in files(room).items() if is_meant("/".join(name))]
    texts = [running(path.read_text(encoding="utf-8")) for path in meant]
    lengths = sorted(length for text in texts for length in functions(text))
    lines = sum(len(text.splitlines()) for text in texts)
    comments = sum(len(re.findall(r"^\s*//", text, re.M)) for text in texts)
    asserts = sum(len(re.findall(r"\bassert(?:_eq|_ne)?!\(", text)) for text in texts)
    at = lambda share: lengths[min(len(lengths) - 1, int(len(lengths) * share))]
    over = sum(1 for length in lengths if length > 40)
    return (title or room, f"{lines:,}", len(lengths), int(statistics.median(lengths)), at(.9), at(.95),
            lengths[-1], f"{100 * over / len(lengths):.1f}%", f"{comments / lines:.2f}",
            f"{asserts / len(lengths):.2f}")


def imports(own, text, known):
    """The files that a file names."""
    text = re.sub(r"//[^\n]*", "", text)
    for match in re.finditer(r"\b(crate|super)((?:::super)*)::(\{[^;]*?\};|[\w:]+)", text):
        base = () if match[1] == "crate" else own[: len(own) - 1 - match[2].count("super")]
        rest = match[3]
        heads = re.findall(r"(?:^\{|,)\s*([\w:]+)", rest) if rest.startswith("{") else [rest]
        for head in heads:
            path = base + tuple(head.split("::"))
            while path and path not in known:
                path = path[:-1]
            if path and path != own:
                yield path


def circles(room):
    """Groups of files that reach each other, chapters and their own folders apart."""
    known = files(room)
    kin = lambda one, other: one[: len(other)] == other or other[: len(one)] == one
    edges = {own: {to for to in imports(own, running(path.read_text(encoding="utf-8")), known)
                   if not kin(own, to)} for own, path in known.items()}
    reach = {}
    for start in edges:
        seen, todo = set(), [start]
        while todo:
            for to in edges[todo.pop()] - seen:
                seen.add(to)
                todo.append(to)
        reach[start] = seen
    groups = {frozenset(b for b in reach[a] if a in reach[b]) for a in edges if a in reach[a]}
    return sorted(sorted("/".join(name) for name in group) for group in groups)


def long_files():
    """Files over the limit, tests too, and whether each says why."""
    for room in ROOMS:
        for path in sorted(pathlib.Path(room).rglob("*.rs")):
            text = path.read_text(encoding="utf-8")
            lines = len(text.splitlines())
            if lines > LINES_MAX:
                head = " ".join(re.findall(r"^//! ?(.*)$", text, re.M))
                yield path, lines, "long because" in head


def table():
    """The table of the document."""
    heads = ["room", "lines", "functions", "median", "p90", "p95", "longest", "over 40 lines",
             "comment lines a line", "assertions a function"]
    rows = [heads, ["---"] + ["--:"] * (len(heads) - 1)] + [count(room) for room in ROOMS]
    rows.insert(3, count("system", is_core, "its cores"))
    line = lambda row: "|" + "|".join(row) + "|" if row[0] == "---" else "| " + " | ".join(map(str, row)) + " |"
    return "\n".join(line(row) for row in rows) + "\n"


def main():
    wrong = [f"circle in {room}: {', '.join(circle)}" for room in ROOMS for circle in circles(room)]
    found = list(long_files())
    wrong += [f"{path}: {lines} lines, and it does not say why" for path, lines, says in found if not says]
    path = pathlib.Path("docs/ARCHITECTURE.md")
    document = path.read_text(encoding="utf-8")
    if sys.argv[1:] == ["--write"]:
        path.write_text(re.sub(r"\| room \| lines \|(?:.+\n)+", lambda _: table(), document), encoding="utf-8")
        return
    if sys.argv[1:] == ["--check"]:
        if table() not in document:
            wrong.append("docs/ARCHITECTURE.md: another table than `python3 docs/house.py` prints")
        print(*wrong, sep="\n", end="\n" if wrong else "")
        sys.exit(1 if wrong else 0)
    print(table())
    print(*wrong, sep="\n")
    print(*(f"{path}: {lines} lines, with a reason" for path, lines, says in found if says), sep="\n")


if __name__ == "__main__":
    main()
