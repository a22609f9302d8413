#!/usr/bin/env python3
"""Sums up ctest's results by label, and names the long tests that were left out; fails where a test failed, or
another one did not run, or a label has no tests.

usage: test_summary.py BUILD_DIR    after ctest --output-junit BUILD_DIR/tests.xml, and tests_on_nodes.xml
"""
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

# Each must have run: an empty group would look like success.
EXPECTED = ("unit", "golden", "cli", "ssh", "roles", "browser", "cluster")
# What scripts/test.sh leaves out without --all.
LONG = "long"


def all_labels(build):
    """JUnit files have no labels; ctest itself knows them."""
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                             capture_output=True, text=True, check=True).stdout
    labels = {}
    for test in json.loads(listing)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        labels[test["name"]] = properties.get("LABELS", ["none"])
    return labels


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = sys.argv[1]
    labels_of = all_labels(build)
    label_of = {name: labels[0] for name, labels in labels_of.items()}
    counts = Counter()
    broken = []
    cases = [case for part in ("tests", "tests_on_nodes")
             for case in ElementTree.parse(f"{build}/{part}.xml").getroot().iter("testcase")]
    for case in cases:
        status = case.get("status")
        counts[label_of[case.get("name")], status] += 1
        if status != "run":
            broken.append(f"{case.get('name')}: {status}")

    ran = {case.get("name") for case in cases}
    left_out = [name for name in labels_of if name not in ran]
    broken += [f"{name}: did not run" for name in left_out if LONG not in labels_of[name]]

    labels = list(dict.fromkeys([*EXPECTED, *(label for label, _ in counts)]))
    print(f"{'label':10} {'passed':>7} {'failed':>7} {'not run':>8}")
    for label in labels:
        passed, failed = counts[label, "run"], counts[label, "fail"]
        others = sum(n for (name, status), n in counts.items() if name == label and status not in ("run", "fail"))
        print(f"{label:10} {passed:7} {failed:7} {others:8}")
        if passed + failed + others == 0:
            broken.append(f"no test has the label '{label}'")
    if left_out:
        print(f"LEFT OUT, {len(left_out)} long tests, which scripts/test.sh --all runs:", *sorted(left_out))
    print(*broken, sep="\n")
    if broken:
        sys.exit(1)
    print(f"All {sum(counts.values())} tests passed.")


if __name__ == "__main__":
    main()
