"""Writes the console blocks of README.md anew, from what the binary prints.

    python3 docs/readme.py target/release/zeroloss            writes them
    python3 docs/readme.py target/release/zeroloss --check    says where they are stale, and ends with 1

A token changes whenever its scenario draws another plan, a trace hash whenever a byte of a run does; so
CI asks. Wall times, sizes and names of folders are what they were when they were written."""

import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FAILURE = "run early_ack --plant ack_before_flush --seeds 1..3"
CHECKED = "check checkers/histories/foreign/kafka-lost-write.violated.edn"


def told(program, command, folder):
    """What a command prints, and how it exits."""
    words = [program, *command.split(), "--quiet"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.rstrip(), done.returncode


# What differs from one invocation to the next.
VOLATILE = re.compile(r"\d+ ms of wall time|simulated in \S+ m?s|zeroloss-results/runs/\S+( \(\d+ MiB\))?")


def settled(text):
    """The lines that must be what the binary prints."""
    return VOLATILE.sub("...", text).splitlines()


def block(*parts):
    return "```console\n" + "\n".join(parts) + "\n```\n"


def failure(page):
    """The first screen of a failing invocation, the way back, and the last lines."""
    lines = page.splitlines()
    first = lambda begin: next(i for i, line in enumerate(lines) if line.startswith(begin))
    screen = lines[: first("  claim_witness VIOLATED") - 1]
    end = [lines[first(begin)] for begin in ("VIOLATED  3 runs", "exit ")]
    return block(f"$ zeroloss {FAILURE}", *screen, "", "[...]", "", lines[first("trace:")],
                 lines[first("replay:")], "", "[... seeds 2 and 3, checkers, messages ...]", "",
                 lines[first("planted")], "", *end, "", lines[first("results:")])


def main(program, is_check):
    program = str(pathlib.Path(program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        page, _ = told(program, FAILURE, folder)
        replay = re.search(r"^replay: zeroloss (replay \S+)$", page, re.MULTILINE).group(1)
        again, code = told(program, replay, folder)
        trace = next(line for line in again.splitlines() if line.startswith("trace hash"))
    checked, _ = told(program, CHECKED, ROOT)
    blocks = {
        "failure": failure(page),
        "replay": block(f"$ zeroloss {replay}", "[... the same page ...]", "", trace, "$ echo $?",
                        str(code)),
        "check": block(f"$ zeroloss {CHECKED}", checked),
    }
    path = ROOT / "README.md"
    text, stale = path.read_text(encoding="utf-8"), []
    for name, body in blocks.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, rest = text.split(begin)
        written, after = rest.split(end, 1)
        if is_check:
            stale += difflib.unified_diff(settled(written), settled(body), f"README.md: {name}",
                                          "what is printed", lineterm="", n=0)
        text = before + begin + body + end + after
    if is_check:
        print("\n".join(stale) or "README.md shows what is printed")
        sys.exit(1 if stale else 0)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] == ["--check"])
