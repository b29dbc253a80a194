#!/usr/bin/env python3
"""Compares the verdicts of `zeroloss check` with the published answers of other checkers.

    python3 docs/agree.py CLONES [ZEROLOSS]

CLONES holds clones of github.com/anishathalye/porcupine, jepsen-io/knossos, jepsen-io/elle,
ligurio/elle-cli and grahnen/LiMo under their own names; ZEROLOSS is the binary (target/release/zeroloss). Their
histories are theirs and are not kept here. Prints the table of docs/CHECK.md, every difference that
EXPLAINED knows with its reason, and every other one; exits with 1 if there is one of these.
"""

import collections
import json
import pathlib
import re
import resource
import subprocess
import sys

CLONES = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
ZEROLOSS = sys.argv[2] if len(sys.argv) > 2 else "target/release/zeroloss"


def porcupine_etcd(root):
    """`checkJepsen(t, 7, true)` in porcupine_test.go: the log's number and whether it is legal."""
    test = (root / "porcupine_test.go").read_text()
    for number, legal in re.findall(r"checkJepsen\(t, (\d+), (true|false)\)", test):
        # Their model takes a failed cas for one that found another value.
        flags = ["--failed-cas", "observed"]
        yield root / f"test_data/jepsen/etcd_{int(number):03}.log", legal == "true", flags


def porcupine_kv(root):
    """`checkKv(t, "c01-ok", true, true)`: name, whether it is legal, whether keys are apart."""
    test = (root / "porcupine_test.go").read_text()
    for name, legal in sorted(set(re.findall(r'checkKv\(t, "([^"]+)", (true|false)', test))):
        yield root / f"test_data/kv/{name}.txt", legal == "true", []


def knossos(root):
    """`data/MODEL/good` and `data/MODEL/bad`. Knossos takes a nil that was read for unknown."""
    for path in sorted(root.glob("data/*/*/*.edn")):
        model = path.parts[-3]
        # Its comment says "a multi-register with x=0 and y=0".
        initial = ["--initial", "0"] if model == "multi-register" else []
        nil = ["--nil", "unknown"] if model.endswith("register") else []
        yield path, path.parent.name == "good", ["--model", model, *nil, *initial]


def elle_cli(root):
    """`run_test 1 "--model set-full histories/..."` in test.sh: 0 for valid, 1 for invalid."""
    script = (root / "test.sh").read_text()
    for code, words in re.findall(r'run_test (\d) "([^"]+)"', script):
        words = words.split()
        option = dict(zip(words, words[1:]))
        flags = ["--model", option["--model"]]
        if option["--model"] == "cas-register":
            flags += ["--nil", "unknown"]
        if "--consistency-models" in option:
            flags += ["--isolation", option["--consistency-models"]]
        file = next(word for word in words if word.startswith("histories/"))
        yield root / file, code == "0", flags


def elle(root):
    """What the README and comments of these histories say of them."""
    for name in ("paper-example", "huge-scc", "si-without-g-single"):
        yield root / f"histories/{name}.edn", False, ["--model", "list-append"]


def limo(root):
    """Queues that ran, logged: nobody tells which are legal, so two dumb twins say it here."""
    for path in sorted(root.glob("histories/generated/*/*/*.log")):
        text = path.read_text()
        if "@object atomic-queue" in text:
            yield path, is_fifo(operations(text)), []


Operation = collections.namedtuple("Operation", "adds value start end")
# When what was never answered ends, and what a dequeue without an answer took.
NEVER, UNKNOWN = float("inf"), "?"


def operations(text):
    """`[1] call add(3)`, `[1] return`: what was added or taken (None: nothing), and when."""
    called, told = {}, []
    for time, line in enumerate(text.splitlines()):
        match = re.match(r"\[(\d+)\] (call|return) ?(\w*)\(?(\w*)", line)
        if match and match[2] == "call":
            called[match[1]] = (match[3], match[4], time)
        elif match:
            f, value, start = called.pop(match[1])
            adds = f in ("add", "enq")
            taken = None if match[3] == "empty" else match[3]
            told.append(Operation(adds, value if adds else taken, start, time))
    for f, value, start in called.values():
        told.append(Operation(f in ("add", "enq"), value or UNKNOWN, start, NEVER))
    return told


def is_fifo(told):
    added = collections.Counter(it.value for it in told if it.adds)
    is_plain = all(it.adds or it.value != UNKNOWN for it in told)
    return by_patterns(told) if is_plain and max(added.values(), default=0) < 2 else by_search(told)


def by_patterns(told):
    """The patterns of Henzinger, Sezgin and Vafeiadis (CONCUR 2013), for values added once."""
    never = Operation(False, None, NEVER, NEVER)
    added = {it.value: it for it in told if it.adds}
    taken = {it.value: it for it in told if not it.adds and it.value is not None}
    if len(taken) != sum(not it.adds and it.value is not None for it in told):
        return False
    if any(v not in added or take.end < added[v].start for v, take in taken.items()):
        return False
    pairs = sorted(((it, taken.get(v, never)) for v, it in added.items()), key=lambda p: p[0].end)
    for first, first_taken in pairs:
        for second, second_taken in pairs:
            if first.end < second.start and second_taken.end < first_taken.start:
                return False
    inside = [(add.end, take.start) for add, take in pairs if add.end < take.start]
    for it in told:
        if it.adds or it.value is not None:
            continue
        moments = [it.start + half / 2 for half in range(2 * (it.end - it.start) + 1)]
        if all(any(start <= at <= end for start, end in inside) for at in moments):
            return False
    return True


def by_search(told):
    """Every order, a state at a time."""
    seen, states = set(), [(0, ())]
    while states:
        state = done, queue = states.pop()
        if state in seen:
            continue
        seen.add(state)
        left = [place for place in range(len(told)) if not done >> place & 1]
        until = min((told[place].end for place in left), default=NEVER)
        if until == NEVER:
            return True
        for place in left:
            it = told[place]
            if it.start > until:
                continue
            if it.adds:
                states.append((done | 1 << place, queue + (it.value,)))
            elif it.value in (None, UNKNOWN) and not queue:
                states.append((done | 1 << place, queue))
            elif queue and it.value in (UNKNOWN, queue[0]):
                states.append((done | 1 << place, queue[1:]))
    return False


CORPORA = [
    ("Porcupine, etcd logs", "porcupine", porcupine_etcd),
    ("Porcupine, key-value", "porcupine", porcupine_kv),
    ("Knossos, `data/`", "knossos", knossos),
    ("elle-cli, `test.sh`", "elle-cli", elle_cli),
    ("Elle, `histories/`", "elle", elle),
    ("LiMo, queue logs", "LiMo", limo),
]


# Answers of others that are not ours, and why.
PHANTOM = "it reads 3 from a key in which nobody wrote 3 (github.com/jepsen-io/elle/issues/8)"
EXPLAINED = {
    "elle-cli/histories/elle/rw-register.edn": ("violated", PHANTOM),
    "elle-cli/histories/elle/rw-register.json": ("violated", PHANTOM),
}


def judge(path, flags):
    """The verdict, what it was taken for, and the error if there was one."""
    command = [ZEROLOSS, "check", str(path), "--format", "json", *flags]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    document = json.loads(result.stdout or "{}")
    verdict = document.get("verdict", f"exit {result.returncode}")
    judges = document.get("checkers", [])
    whys = [judge["evidence"]["summary"] for judge in judges if judge["verdict"] == "unknown"]
    if verdict == "unknown" and whys and all(why.startswith("vacuous") for why in whys):
        verdict = "vacuous"
    return verdict, document.get("error", "")


def main():
    differences, explained, rows = [], [], []
    for title, folder, histories in CORPORA:
        root = CLONES / folder
        if not root.is_dir():
            rows.append((title, "no clone", "", "", "", ""))
            continue
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        agreed, vacuous, known, missing, asked = 0, 0, 0, 0, set()
        for path, legal, flags in histories(root):
            if (str(path), *flags) in asked:
                continue
            asked.add((str(path), *flags))
            if not path.exists():
                missing += 1
                continue
            verdict, error = judge(path, flags)
            expected = "holds" if legal else "violated"
            agreed += verdict == expected
            # Nothing was read, or every read says nothing: others pass it, we say that we saw nothing.
            vacuous += verdict == "vacuous" and legal
            ours, why = EXPLAINED.get(str(path.relative_to(CLONES)), (None, ""))
            if verdict == ours != expected:
                known += 1
                explained.append(f"{path}: expected {expected}, explained as {ours}: {why}")
            elif verdict not in (expected, "vacuous" if legal else expected):
                differences.append(f"{path}: expected {expected}, got {verdict} {error}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append((title, len(asked) - missing, agreed, vacuous, known, f"{spent:.2f} s"))
    print("| histories | judged | agree | vacuous | explained | CPU time |")
    print("|---|---:|---:|---:|---:|---:|")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print("\n".join(explained + differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
