#!/usr/bin/env python3
"""Compares the verdicts of `zeroloss check` with the published answers of other checkers.

    python3 docs/agree.py CLONES [ZEROLOSS]

CLONES holds clones of github.com/anishathalye/porcupine, jepsen-io/knossos, jepsen-io/elle and
ligurio/elle-cli under their own names; ZEROLOSS is the binary (target/release/zeroloss). Their
histories are theirs and are not kept here. Prints the table of docs/CHECK.md and every difference;
exits with 1 if there is one.
"""

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


CORPORA = [
    ("Porcupine, etcd logs", "porcupine", porcupine_etcd),
    ("Porcupine, key-value", "porcupine", porcupine_kv),
    ("Knossos, `data/`", "knossos", knossos),
    ("elle-cli, `test.sh`", "elle-cli", elle_cli),
    ("Elle, `histories/`", "elle", elle),
]


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
    differences, rows = [], []
    for title, folder, histories in CORPORA:
        root = CLONES / folder
        if not root.is_dir():
            rows.append((title, "no clone", "", "", ""))
            continue
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        agreed, vacuous, missing, asked = 0, 0, 0, set()
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
            if verdict not in (expected, "vacuous" if legal else expected):
                differences.append(f"{path}: expected {expected}, got {verdict} {error}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append((title, len(asked) - missing, agreed, vacuous, f"{spent:.2f} s"))
    print("| histories | judged | agree | vacuous | CPU time |\n|---|---:|---:|---:|---:|")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print("\n".join(differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
