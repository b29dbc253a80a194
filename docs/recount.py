"""Counts again what zeroloss prints, with no code of its own.

    python3 docs/recount.py target/release/zeroloss

Some fifty runs (drained, not drained, healed too late for a node to come back, planted, panicked, stuck,
interrupted, killed) are made in a folder of their own. What JSON, JUnit and page say must agree with one another,
and the JSON with what history and plan of each kept run say. Where something was not measured, the
JSON must say null. Prints what it compared; exits 1 at the first number that differs."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

MEASURED_BY_DRAIN = ("read", "lost", "allowed_lost", "recovered", "phantom", "duplicated", "reordered")
TAKES_REPLICAS = ("partition", "one_way", "isolate", "crash", "power_loss", "pause", "restart_storm",
                  "fsync_error")

# A run that holds keeps its history only if it ought not to have held.
KEPT = '\n[expect]\nverdict = "violated"\n'
CRASHES = '\n[[fault]]\nat = "2s"\nfor = "2s"\nevery = "5s"\ndo.crash.who = "any leader"\n'
SCENARIOS = {
    "calm": ('phases.trouble = "6s"\n', KEPT),
    "crashes": ('phases.trouble = "15s"\n[workload]\nacks = { leader = 1, quorum = 2, none = 1 }\n',
                CRASHES + KEPT),
    "undrained": ('phases.trouble = "5s"\nphases.drain_max = "1ms"\n', CRASHES),
    "gone": ('disk.flush = ["2ms", "8ms"]\nphases.trouble = "12s"\nphases.drain_max = "1ms"\n'
             'workload.acks = { quorum = 1 }\n',
             '\n[[fault]]\nat = "3s"\nfor = "4s"\ndo.slow_disk = { who = "all", factor = 1000 }\n'
             '\n[[fault]]\nat = "4s"\nfor = "2s"\ndo.power_loss.who = "all"\n'),
    "late": ('phases.trouble = "8s"\nphases.heal_max = "1ms"\nphases.drain_max = "1ms"\n',
             '\n[[fault]]\nat = "3s"\ndo.power_loss.who = "region us-east"\n'),
}


def fail(why):
    sys.exit(f"recount.py: {why}")


def same(what, told, counted):
    if told != counted:
        fail(f"{what}: told {told}, counted {counted}")


class Zeroloss:
    """The binary, in a folder."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def start(self, *words):
        return subprocess.Popen([self.program, *words, "--quiet", "--format", "json"],
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def run(self, *words):
        out, _ = self.start("run", *words).communicate()
        return json.loads(out)


def history_of(path):
    """Calls in order, and marks."""
    calls, marks = {}, []
    for line in path.read_text(encoding="utf-8").splitlines():
        for kind, body in json.loads(line).items():
            if kind == "call":
                calls[body["id"]] = body
            elif kind == "mark":
                marks.append((body["at"], body["what"]))
    return list(calls.values()), marks


def mark_of(what, name):
    """The body of a mark of this name; none if it is another."""
    if what == name:
        return {}
    return what.get(name) if isinstance(what, dict) else None


def reordered(calls, places, shelves):
    """Messages read once that stand above a later one of their producer, partition by partition."""
    place_of = {}
    for call in calls:
        if "numbered" in call and (produce := call["ask"].get("produce")):
            sequence = call["numbered"]["sequence"]
            for position, message in enumerate(produce["messages"]):
                place_of[message] = (sequence["producer"], (sequence["epoch"], sequence["sequence"], position))
    count = 0
    for shelf in shelves.values():
        last = {}
        for _, message in sorted(shelf.items()):
            producer, place = place_of.get(message, (None, None))
            if producer is None:
                continue
            if place > last.get(producer, (-1,)):
                last[producer] = place
            elif place < last[producer] and len(places[message]) == 1:
                count += 1
    return count


def displaced(calls, durable, shelves):
    """Offsets promised to one message and then promised to another, or read as another."""
    promised, count = {}, 0
    acknowledged = [call for call in calls if mark_of(call["outcome"], "ok")]
    for call in sorted(acknowledged, key=lambda call: call["returned"]["ordinal"]):
        first = (mark_of(call["outcome"]["ok"], "produced") or {}).get("first")
        if first is None:
            continue
        produce = call["ask"]["produce"]
        for position, message in enumerate(produce["messages"]):
            if message in durable:
                key = produce["partition"], first + position
                count += promised.get(key, message) != message
                promised[key] = message
    for (partition, offset), message in promised.items():
        count += shelves.get(partition, {}).get(offset, message) != message
    return count


def recount(calls, marks):
    """Counts and recovery, from what clients saw alone."""
    draining = min((at["ordinal"] for at, what in marks if mark_of(what, "draining") is not None),
                   default=None)
    drained = {mark_of(what, "drained")["partition"] for _, what in marks if mark_of(what, "drained")}
    fate, partition_of, level_of, places, read, seen, shelves = {}, {}, {}, {}, set(), set(), {}
    acked = []
    for call in calls:
        outcome = next(iter(call["outcome"])) if isinstance(call["outcome"], dict) else call["outcome"]
        if produce := call["ask"].get("produce"):
            for message in produce["messages"]:
                fate[message] = outcome
                partition_of[message], level_of[message] = produce["partition"], produce["acks"]
            if outcome == "ok" and produce["acks"] != "none":
                acked.append((call["called"]["at_ns"], call["returned"]["at_ns"],
                              produce["partition"], produce["acks"]))
        elif "fetch" in call["ask"] and outcome == "ok":
            is_drain = draining is not None and call["called"]["ordinal"] > draining
            partition = call["ask"]["fetch"]["partition"]
            records = call["outcome"]["ok"]["fetched"]["records"]
            seen.update(record["message"] for record in records)
            for record in records if is_drain else ():
                read.add(record["message"])
                places.setdefault(record["message"], set()).add(record["offset"])
                shelves.setdefault(partition, {}).setdefault(record["offset"], record["message"])
    durable = {m for m in fate if fate[m] == "ok" and level_of[m] in ("quorum", "region_quorum")}
    weak = {m for m in fate if fate[m] == "ok"} - durable
    missing = {m for m in durable | weak if m not in read and partition_of[m] in drained}
    counts = {
        "attempted": len(fate),
        "acknowledged": sum(1 for m in fate if fate[m] == "ok" and level_of[m] != "none"),
        "unknown": sum(1 for m in fate if fate[m] == "unknown"),
        "read": len(read),
        "lost": len(missing & durable),
        "allowed_lost": len(missing & weak),
        "recovered": sum(1 for m in read if fate.get(m) == "unknown"),
        "phantom": sum(1 for m in seen if fate.get(m, "refused") == "refused"),
        "duplicated": sum(1 for offsets in places.values() if len(offsets) > 1),
        "reordered": reordered(calls, places, shelves),
        "displaced": displaced(calls, durable, shelves),
    }
    is_whole = set(partition_of.values()) <= drained
    for key in MEASURED_BY_DRAIN:
        if key in counts and not is_whole and counts[key] == 0:
            counts[key] = None
    return counts, acked, drained, [partition_of[m] for m in durable]


def compare_run(run, folder):
    """One run's JSON against its history and its plan."""
    calls, marks = history_of(folder / "history.jsonl")
    plan = json.loads((folder / "effective.json").read_text(encoding="utf-8"))
    counts, acked, drained, promised = recount(calls, marks)
    # What is gone from every log only the world sees: of what was not drained, and nothing else.
    gone = run["lost_where"]["gone"] or 0
    undrained = sum(1 for partition in promised if partition not in drained)
    if gone > undrained:
        fail(f"{run['token']} gone: told {gone}, of {undrained} that nobody drained")
    if gone:
        counts["lost"] = (counts["lost"] or 0) + gone
    for key, counted in counts.items():
        same(f"{run['token']} {key}", run[key], counted)
    same(f"{run['token']} overlap", run["overlap"]["acknowledged_calls"], len(acked))
    booted = next((at["at_ns"] for at, what in marks if mark_of(what, "booted") is not None), None)
    same(f"{run['token']} zero", run["trouble_began_ms"], booted and booted // 1_000_000)
    kinds = {next(iter(planned["fault"])) for planned in plan["timeline"]}
    same(f"{run['token']} kinds of faults", set(run["faults"]), kinds)
    weights = plan["workload"]["acks"]
    level = ("none", "leader", "quorum", "region_quorum")[max(range(4), key=lambda i: (weights[i], i))]
    for recovery in run["recovery"]:
        began = recovery["at_ms"]
        later = [returned for called, returned, partition, acks in acked
                 if called >= began * 1_000_000 and partition == recovery["partition"] and acks == level]
        is_measured = recovery["rpo_messages"] is not None
        same(f"{run['token']} rpo measured", is_measured, recovery["partition"] in drained)
        if not later:
            same(f"{run['token']} rto", recovery["rto_ms"], None)
        elif abs(recovery["rto_ms"] - (min(later) / 1e6 - began)) > 1.001:
            fail(f"{run['token']} rto: told {recovery['rto_ms']}, counted {min(later) / 1e6 - began}")
    return len(run["recovery"])


def compare_pages(document, folder):
    """JUnit and the page against the JSON."""
    suites = xml.etree.ElementTree.parse(folder / "junit.xml").getroot()
    cases = [case for case in suites.iter("testcase") if case.get("name").startswith("seed ")]
    told = sorted((case.get("classname"), int(case.get("name").removeprefix("seed "))) for case in cases)
    named = [(f"{r['scenario']}+{r['plant']}" if r["plant"] else r["scenario"], r) for r in document["runs"]]
    failing = sorted((name, r["seed"]) for name, r in named if r["verdict"] != "holds" or not r["met"])
    same(f"{folder} seeds in JUnit", told, failing)
    absent = any(case.get("classname") == "invocation" for case in suites.iter("testcase"))
    same(f"{folder} absence in JUnit", absent, document["finished"] < document["requested"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    figures = dict(re.findall(r"<dt>([a-z ]+)</dt><dd>([^<]*)</dd>", page.split("<h2>Scenarios")[0]))
    for key in ("acknowledged", "lost", "duplicated"):
        value = document["totals"][key]
        same(f"{folder} {key} on the page", figures[key],
             "not counted" if value is None else f"{value:,}")
    same(f"{folder} badge", re.search(r'class="badge (\w+)"', page).group(1), document["verdict"])


def compare_sums(document, folder):
    """Totals against runs; what stands on disk against what was printed."""
    runs, totals = document["runs"], document["totals"]
    for key in ("attempted", "acknowledged", "unknown"):
        same(f"{folder} {key}", totals[key], sum(run[key] for run in runs))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    same(f"{folder} summary", summary["runs"], runs)
    lines = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    key = lambda run: run["replay"]
    same(f"{folder} lines", sorted(lines, key=key), sorted(runs, key=key))


def check(zeroloss, document):
    """Everything that one invocation left."""
    folder = zeroloss.folder / document["folder"]
    compare_sums(document, folder)
    compare_pages(document, folder)
    by_token = {run["token"]: run for run in document["runs"]}
    kept = [path.parent for path in folder.glob("failures/*/*/history.jsonl")]
    recoveries = sum(compare_run(by_token[(one / "token.txt").read_text().strip()], one) for one in kept)
    nulls = {key for run in document["runs"] for key in MEASURED_BY_DRAIN if run[key] is None}
    print(f"{document['argv'][2]}: {len(document['runs'])} runs, {len(kept)} histories counted again, "
          f"{recoveries} recoveries; null: {', '.join(sorted(nulls)) or 'nothing'}")
    return nulls, document["runs"]


def cut_short(zeroloss, how):
    """A sweep of a short run and a long one, ended in the long one."""
    process = zeroloss.start("run", "smoke", "datacenter_outage", "--seed", "1", "--jobs", "1",
                             "--out", how.name)
    runs = zeroloss.folder / how.name / "runs"
    while not list(runs.glob("*/runs.jsonl")):
        time.sleep(0.05)
    process.send_signal(how)
    out, _ = process.communicate()
    return out, next(runs.iterdir())


def main(program):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        zeroloss = Zeroloss(os.path.abspath(program), folder)
        nulls, runs = set(), []
        for name, (head, tail) in SCENARIOS.items():
            (folder / f"{name}.toml").write_text(f'why = "{name}."\n{head}{tail}')
            found, more = check(zeroloss, zeroloss.run(f"{name}.toml", "--seeds", "6"))
            nulls, runs = nulls | found, runs + more
        for scenario, plant in (("early_ack", "ack_before_flush"),
                                ("gone.toml", "ack_before_flush"),
                                ("lossy_links", "no_dedup"),
                                ("doubled_requests", "definite_not_leader"),
                                ("stale_hint", "truncate_to_commit_on_restart")):
            found, more = check(zeroloss, zeroloss.run(scenario, "--seeds", "3", "--plant", plant))
            nulls, runs = nulls | found, runs + more
        missing = set(MEASURED_BY_DRAIN) - nulls
        if missing:
            fail(f"no run in which {missing} were not measured")
        endings = {run["ending"] for run in runs}
        if not {"finished", "panicked", "stuck"} <= endings:
            fail(f"runs of these endings only: {endings}")
        for what, key in (("gone", lambda run: run["lost_where"]["gone"]),
                          ("displaced", lambda run: run["displaced"]),
                          ("a phantom", lambda run: run["phantom"]),
                          ("duplicated", lambda run: run["duplicated"])):
            if not any(map(key, runs)):
                fail(f"no run in which anything was {what}")
        recoveries = [recovery for run in runs for recovery in run["recovery"]]
        for key in ("rpo_messages", "catch_up_ms"):
            if {recovery[key] is None for recovery in recoveries} != {True, False}:
                fail(f"no two runs of which one measured {key} and one did not")
        out, left = cut_short(zeroloss, signal.SIGTERM)
        document = json.loads(out)
        check(zeroloss, document)
        same("an interrupted sweep", (document["verdict"], document["interrupted"]), ("unknown", True))
        out, left = cut_short(zeroloss, signal.SIGKILL)
        same("what a killed sweep leaves", sorted(path.name for path in left.iterdir()),
             ["plan.jsonl", "runs.jsonl"])
        same("what a killed sweep says", out, b"")
        print(f"{len(runs) + 2} runs: every number agrees")


if __name__ == "__main__":
    main(sys.argv[1])
