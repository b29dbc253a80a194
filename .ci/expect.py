"""What .ci/run expects of documents that programs print. Each word is a function below; each says
what is wrong and exits 1, or says in one line what it saw."""

import json
import re
import sys

# Who may name whom, of ours. A new name here is an architectural change.
ROOMS = {
    "system": set(),
    "scenarios": set(),
    "checkers": set(),
    "sim": {"system", "scenarios", "checkers"},
    "reports": {"scenarios", "checkers"},
    "cli": {"system", "scenarios", "checkers", "sim", "reports"},
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def fail(why):
    sys.exit(f".ci/expect.py: {why}")


def rooms(path):
    """Rooms name only whom they may name, by any kind of dependency."""
    metadata = read(path)
    members = set(metadata["workspace_members"])
    packages = {package["id"]: package for package in metadata["packages"]}
    room_of = {id: packages[id]["manifest_path"].split("/")[-2] for id in members}
    if set(room_of.values()) != set(ROOMS):
        fail(f"rooms are {sorted(room_of.values())}, expected {sorted(ROOMS)}")
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    for id, room in room_of.items():
        named = {room_of[dep["pkg"]] for dep in nodes[id]["deps"] if dep["pkg"] in members}
        if named - ROOMS[room]:
            fail(f"{room} names {sorted(named - ROOMS[room])}, allowed {sorted(ROOMS[room])}")
    print(f"{len(ROOMS)} rooms name only whom they may name")


def same(first, second):
    """Two results tell of the same runs with the same trace hashes."""
    one, two = (
        [(run["token"], run["trace_hash"]) for run in read(path)["runs"]]
        for path in (first, second)
    )
    for before, after in zip(one, two):
        if before != after:
            fail(f"{before} became {after}")
    if len(one) != len(two) or not one:
        fail(f"{len(one)} runs became {len(two)}")
    print(f"{len(one)} trace hashes, all equal")


def covered(known, result):
    """Every checker that simulated runs exercise was exercised by some run, and held."""
    names = {checker["name"] for checker in read(known)["checkers"] if checker["runs"]}
    coverage = dict.fromkeys(names, 0)
    for run in read(result)["runs"]:
        for checker in run["checkers"]:
            coverage.setdefault(checker["name"], 0)
            coverage[checker["name"]] += checker["coverage"] or 0
    idle = sorted(name for name in names if not coverage[name])
    if idle:
        fail(f"no run exercised {', '.join(idle)}")
    told(result)
    print("; ".join(f"{name} {count}" for name, count in sorted(coverage.items())))


def plants(path):
    """One line for each planted bug: its name, its scenario, the checkers that must see it."""
    for plant in read(path)["planted"]:
        print(plant["name"], plant["scenario"], ",".join(plant["checkers"]))


def seen(plant, judges, result):
    """Each checker named for a planted bug sees it with some seed, and says where."""
    caught = {}
    for run in read(result)["runs"]:
        for judge in run["checkers"]:
            if judge["verdict"] == "violated":
                caught.setdefault(judge["name"], []).append((run["seed"], judge["evidence"]))
    for judge in judges.split(","):
        if judge not in caught:
            fail(f"{plant}: {judge} did not see it; seen by {sorted(caught) or 'nobody'}")
        evidence = caught[judge][0][1]
        if evidence["partition"] is None or not (evidence["lines"] or evidence["summary"]):
            fail(f"{plant}: the evidence of {judge} names no place: {evidence}")
        seeds = [seed for seed, _ in caught[judge]]
        print(f"{plant}: {judge} with {len(seeds)} seeds, first {seeds[0]}: {evidence['summary']}")


def blind(result):
    """No law is broken where no bug did anything; what the swarm sees of each bug, in a line."""
    document = read(result)
    for bug in document["planted"]:
        row = bug["blind"]
        if row is None:
            print(f"{bug['name']}: no time")
        else:
            print(f"{bug['name']}: {row['outcome']}, {row['caught']} of {row['tried']} seeds")
    control = document["control"]
    if control["alarms"]:
        fail(f"broken without a bug: {' '.join(control['alarms'])}")
    whole = "" if document["complete"] else ", cut short"
    print(f"control: silent in {control['runs']} runs{whole}")


def ruled(code, result):
    """What `check` says in JSON agrees with how it ended, and says what it saw."""
    document = read(result)
    verdicts = {"0": "holds", "1": "violated", "3": "unknown"}
    if document["verdict"] != verdicts[code] or document["exit_code"] != int(code):
        fail(f"exit {code}, yet {document['verdict']} and {document['exit_code']}")
    history, judges = document["history"], document["checkers"]
    if not history["extent"]["operations"] or not judges:
        fail(f"nothing was seen or nobody judged: {document}")
    names = ", ".join(judge["name"] for judge in judges if judge["verdict"] == verdicts[code])
    print(f"{history['format']} of {history['model']}: {document['verdict']} ({names})")


def told(result):
    """What a result says, in a line; and each run that does not hold, with its token."""
    document = read(result)
    for run in document.get("runs", []):
        if run["verdict"] != "holds":
            print(run["verdict"], run["token"])
            for checker in run["checkers"]:
                if evidence := checker["evidence"]:
                    print("   ", checker["name"], checker["verdict"], evidence["summary"])
    if "error" in document:
        print(document["error"])
        return
    totals = document["totals"]
    acknowledged, lost = totals["acknowledged"], totals["lost"]
    print(f"{len(document['runs'])} runs: {acknowledged} acknowledged, {lost} lost")


def total(path):
    """The line that `cargo test` prints for each binary, for all of them."""
    line = r"^test result: ok\. (\d+) passed; (\d+) failed; (\d+) ignored"
    with open(path, encoding="utf-8") as file:
        found = re.findall(line, file.read(), re.MULTILINE)
    if not found:
        fail("no test ran")
    passed, failed, ignored = (sum(int(line[place]) for line in found) for place in range(3))
    print(f"test result: ok. {passed} passed; {failed} failed; {ignored} ignored")


if __name__ == "__main__":
    WORDS = (rooms, same, covered, plants, seen, blind, ruled, told, total)
    {word.__name__: word for word in WORDS}[sys.argv[1]](*sys.argv[2:])
