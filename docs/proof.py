"""Proves that a step of a redraw moved nothing: what two builds say of the same runs, and where they differ.

    python3 docs/proof.py target/release/zeroloss              what one build says, in three digests a suite
    python3 docs/proof.py OLD NEW                              two builds, or commits, compared run by run

An argument that is no file is a commit: it is built in a worktree of its own. Runs are 200 seeds of
`swarm`, the default suite, and every planted bug over seeds 1..20 of its scenario. `plans` are the
tokens, `traces` the trace hashes, `verdicts` everything else that the JSON tells of a run: verdicts,
coverage, counts, evidence, faults, marks, recovery. Ends with 0 if all are equal, 1 if some differ."""

import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

# What may differ between two builds that do the same: wall time, and words that hold the token.
VOLATILE = {"wall_ms", "replay", "token", "trace_hash"}


def build(commit, scratch):
    """The binary of a commit, built as `cargo build --release` builds it."""
    tree = pathlib.Path(scratch) / commit.replace("/", "_")
    subprocess.run(["git", "worktree", "add", "--detach", tree, commit], check=True)
    try:
        subprocess.run(["cargo", "build", "--release", "--locked", "--target-dir", f"{tree}.target"],
                       cwd=tree, check=True)
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], check=True)
    return f"{tree}.target/release/zeroloss"


def told(program, *words):
    """The runs of one invocation, as its JSON tells them."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program, *words, "--quiet", "--format", "json", "--out", folder],
                              capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"docs/proof.py: {program} {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)["runs"]


def suites(program):
    """Every suite of the proof: its name and its runs."""
    yield "swarm 1..200", told(program, "run", "swarm", "--seeds", "1..200")
    yield "default", told(program, "run")
    listed = subprocess.run([program, "list", "planted", "--format", "json"],
                            capture_output=True, text=True, check=True)
    for plant in json.loads(listed.stdout)["planted"]:
        words = ["run", plant["scenario"], "--plant", plant["name"], "--seeds", "1..20"]
        yield f"{plant['name']} 1..20", told(program, *words)


def parts(run):
    """What is compared of one run."""
    rest = {key: value for key, value in run.items() if key not in VOLATILE}
    return {"plans": run["token"], "traces": run["trace_hash"], "verdicts": rest}


def digest(values):
    """One short name for many values."""
    text = json.dumps(values, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def field(before, after, path=""):
    """The first place in which two values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                return field(before.get(key), after.get(key), f"{path}.{key}")
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, two) in enumerate(zip(before, after)):
            if one != two:
                return field(one, two, f"{path}[{place}]")
    return f"{path}: {str(before)[:160]} became {str(after)[:160]}"


def main(words):
    if len(words) not in (1, 2):
        sys.exit(__doc__)
    differ = 0
    with tempfile.TemporaryDirectory() as scratch:
        programs = [word if pathlib.Path(word).is_file() else build(word, scratch) for word in words]
        programs = [str(pathlib.Path(program).resolve()) for program in programs]
        for told_by in zip(*map(suites, programs)):
            name = told_by[0][0]
            columns = [[parts(run) for run in runs] for _, runs in told_by]
            for what in ("plans", "traces", "verdicts"):
                values = [[run[what] for run in column] for column in columns]
                digests = [digest(column) for column in values]
                same = len(set(digests)) == 1
                differ += not same
                print(f"{name:40} {what:9} {' '.join(digests)}{'' if same else '  DIFFER'}", flush=True)
                if same:
                    continue
                if len(values[0]) != len(values[1]):
                    print(f"    {len(values[0])} runs became {len(values[1])}")
                    continue
                changed = [place for place, pair in enumerate(zip(*values)) if pair[0] != pair[1]]
                first = changed[0]
                print(f"    {len(changed)} of {len(values[0])} runs; first {columns[0][first]['plans']} "
                      f"{field(values[0][first], values[1][first])}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
