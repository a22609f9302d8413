#!/usr/bin/python3
"""Random hostlist expressions, read by us and by the real programs; and lists that we fold for each of them,
read by it.

usage: hostlist_differential.py HOSTLIST_ANSWERS [EXPRESSIONS [SEED]]

Where readings differ there is a reason with a name, below; a difference without one is a failure.
"""
import ctypes
import ctypes.util
import os
import random
import re
import subprocess
import sys
from collections import Counter

from ClusterShell.NodeSet import NodeSet, NodeSetException
from ClusterShell.RangeSet import RangeSetException

# ------------------------------------------------------------------------------------------------ the readers


class Libslurm:
    """The functions behind `scontrol show hostnames`."""

    def __init__(self):
        name = ctypes.util.find_library("slurm")
        if not name:
            sys.exit("there is no libslurm: scripts/install-deps.sh --test installs it")
        self.slurm = ctypes.CDLL(name)
        # It says on stderr what it refuses; Python keeps its own.
        sys.stderr = os.fdopen(os.dup(2), "w")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        self.libc = ctypes.CDLL(None)
        self.slurm.slurm_hostlist_create.restype = ctypes.c_void_p
        self.slurm.slurm_hostlist_create.argtypes = [ctypes.c_char_p]
        self.slurm.slurm_hostlist_shift.restype = ctypes.c_void_p
        self.slurm.slurm_hostlist_shift.argtypes = [ctypes.c_void_p]
        self.slurm.slurm_hostlist_destroy.argtypes = [ctypes.c_void_p]
        self.libc.free.argtypes = [ctypes.c_void_p]

    def expand(self, expression):
        """Names in order; None where it is refused."""
        hostlist = self.slurm.slurm_hostlist_create(expression.encode())
        if not hostlist:
            return None
        names = []
        while name := self.slurm.slurm_hostlist_shift(hostlist):
            names.append(ctypes.string_at(name).decode())
            self.libc.free(name)
        self.slurm.slurm_hostlist_destroy(hostlist)
        return names


class ClusterShell:
    """What `nodeset -e` goes by."""

    def expand(self, expression):
        try:
            return list(NodeSet(expression))
        except (NodeSetException, RangeSetException, ValueError):  # the last: it stumbles over [1--2-3]
            return None


class Pdsh:
    CUT = "[truncated]"  # what ends the thousand bytes that it shows at most

    def expand(self, expression):
        result = subprocess.run(["pdsh", "-Q", "-w", expression], capture_output=True, text=True, check=False)
        return result.stdout.split("\n")[-2].split(",") if result.returncode == 0 else None


def ask_us(program, questions):
    """(True, text) or (False, message) for each."""
    result = subprocess.run([program], input="".join(q + "\n" for q in questions), capture_output=True, text=True,
                            check=True)
    answers = result.stdout.split("\n")[:-1]
    assert len(answers) == len(questions), f"{len(questions)} questions, {len(answers)} answers"
    return [(kind == "ok", text) for kind, _, text in (answer.partition(" ") for answer in answers)]


# ------------------------------------------------------------------------------------- the differences by name
# NAME: (what holds of the expression, who takes it). "ours": we alone; "theirs": they alone; "both": both take it
# and read other names. The first that fits counts.



def has_uneven_widths(expression):
    """[8-011], [08-9]: Slurm goes by the first number, ClusterShell refuses it, and we refuse what has two
    meanings."""
    return any(len(first) != len(last) and (first[0] == "0" or last[0] == "0")
               for first, last in re.findall(r"[\[,](\d+)-(\d+)", expression))


def has_growing_numbers_behind_a_digit(expression):
    """n1[8-11] is n18..n111 to ClusterShell, and n0[8-11] a mistake."""
    return any(len(first) != len(last)
               for bracket in re.findall(r"\d\[([^\]]*)", expression)
               for first, last in re.findall(r"(\d+)-(\d+)", bracket))


THREE_BRACKETS = r"\[[^\]]*\][^\s,\[]*\[[^\]]*\][^\s,\[]*\["

KNOWN_OF_SLURM = {
    "a name that begins with a minus": (r"(^|[\s,!&^])-", ["theirs"]),
    "a mistake in a name with three brackets: the name is dropped": (THREE_BRACKETS, ["theirs", "both"]),
    "text behind the last bracket": (r"\][^\[\],\s]+(,|\s|$)", ["ours"]),
    "a step": (r"\d/\d", ["ours"]),
    "more than 65,536 names a range": (r"1-70000", ["ours"]),
    "padded to different widths": (has_uneven_widths, ["theirs"]),
    "a range without an end": (r"\d-[,\]]", ["theirs"]),
    "nothing between commas": (r"^\s*,|,\s*,|,\s*$", ["theirs"]),
    "a bracket in a bracket": (r"\[[^\]]*\[", ["theirs"]),
    "a bracket that is not closed": (r"\[[^\]]*$", ["theirs"]),
    "a bracket that was not opened": (r"(^|\])[^\[]*\]", ["theirs"]),
    "a character that no name has": (r"[=;(!]", ["theirs", "both"]),
}
KNOWN_OF_CLUSTERSHELL = {
    "a name that begins with a minus": (r"(^|[\s,!&^])-", ["theirs"]),
    "white space separates names": (r"\s", ["ours", "theirs", "both"]),
    "brackets with nothing or digits between": (r"\]\d*\[", ["ours"]),
    "padded to different widths": (has_uneven_widths, ["ours", "theirs"]),
    "a step before digits": (r"/\d+[^\]]*\]\d", ["ours"]),
    "a bracket in a bracket": (r"\[[^\]]*\[", ["theirs"]),
    "a comma before the !": (r",!", ["ours"]),
    "a digit before a bracket whose numbers grow longer: it becomes a part of them":
        (has_growing_numbers_behind_a_digit, ["ours", "both"]),
    "numbers below zero": (r"[\[,]-\d|\d-\d+-\d", ["theirs"]),
    "brackets with nothing in them": (r"\[\]", ["theirs"]),
    "a character that no name has": (r"[=;(]", ["theirs"]),
}


def kind_of_difference(ours, theirs):
    if ours is None:
        return "theirs"
    return "ours" if theirs is None else "both"


def name_of_difference(known, expression, kind):
    for name, (pattern, kinds) in known.items():
        if kind in kinds and (pattern(expression) if callable(pattern) else re.search(pattern, expression)):
            return name
    return None


# ----------------------------------------------------------------------------------------- random expressions


class Expressions:
    """Mostly right ones, with now and then what people get wrong."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def seldom(self, percent=4):
        return self.random.random() * 100 < percent

    def number(self):
        value = self.random.choice([3, 12, 120, 1200])
        return "0" * self.random.choice([0, 0, 0, 1, 2]) + str(self.random.randrange(value))

    def span(self):
        if self.seldom():
            return self.random.choice(["", "-3", "3-", "a-c", "1-2-3", "[1-2]", "1 2", "5/2", "0x3", "3-1"])
        first = self.random.randrange(self.random.choice([3, 12, 120]))
        last = first + self.random.randrange(5)
        width = self.random.choice([1, 1, len(str(last)), len(str(last)) + 1])
        text = f"{first:0{width}}"
        if self.seldom(40):
            return text
        wide = width if not self.seldom() else self.random.choice([1, width + 1])
        step = f"/{self.random.choice([0, 1, 2, 3])}" if self.seldom() else ""
        return f"{text}-{last:0{wide}}{step}"

    def bracket(self):
        text = "[" + ",".join(self.span() for _ in range(self.random.choice([1, 1, 2, 3])))
        return text if self.seldom(2) else text + "]"

    def name(self):
        text = self.random.choice(["n", "red", "x-", "r1n", "10.0.0.", "a_b"])
        for part in range(self.random.choice([0, 1, 1, 1, 2, 3])):
            if part > 0 and not self.seldom():
                text += self.random.choice(["c", "-", "x", ".r"])
            text += self.random.choice([self.number, self.bracket, self.bracket])()
        if self.seldom(15):
            text += self.random.choice(["-ib", ".lan", "x", "7"])
        if self.seldom(0.3):
            text += "[1-70000]"
        if self.seldom(1):
            at = self.random.randrange(len(text) + 1)
            text = text[:at] + self.random.choice("[]=;(-,!") + text[at:]
        return text

    def expression(self, operators):
        text = self.name()
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 4])):
            joint = self.random.choice(operators) if operators and self.seldom(30) else ","
            if self.seldom():
                joint = self.random.choice([" ", ", ", " ,", ",,", "\t"])
            text += joint + (text.split(",")[0] if self.seldom(10) else self.name())
        return text

    def fleet(self):
        """Names as hosts have them."""
        stems = ["n", "red", "x-", "r1n", "rack2-", "a.b"]
        names = set()
        for _ in range(self.random.randrange(1, 60)):
            name = self.random.choice(stems) + self.number() + self.random.choice(["", "", "-ib", "c", ".lan"])
            names.add(name + self.number() if self.seldom(30) else name)
        return sorted(names)


# --------------------------------------------------------------------------------------------------- the tests


def without_repeats(names):
    return list(dict.fromkeys(names))


def compare(program, title, reader, known, expressions, in_order):
    """Whether there was no difference without a name."""
    answers = ask_us(program, ["expand " + e for e in expressions])
    counts, unknown, equal, refused = Counter(), [], 0, 0
    for expression, (taken, text) in zip(expressions, answers):
        ours = text.split() if taken else None
        theirs = reader.expand(expression)
        if ours is None and theirs is None:
            equal += 1
            refused += 1
            continue
        if ours is not None and theirs is not None:
            if (ours == theirs) if in_order else (sorted(ours) == sorted(theirs)):
                equal += 1
                continue
            if in_order and ours == without_repeats(theirs):
                counts["duplicates are kept"] += 1
                continue
            if in_order and sorted(ours) == sorted(set(theirs)) and re.search(THREE_BRACKETS, expression):
                counts["three brackets run in another order"] += 1
                continue
        name = name_of_difference(known, expression, kind_of_difference(ours, theirs))
        if name:
            counts[name] += 1
        else:
            unknown.append(f"  {expression!r}: we {text!r}, {title} {theirs}")
    print(f"{title}: {len(expressions)} inputs tried, {equal} equal ({refused} of them refused by both), "
          f"{sum(counts.values())} known differences, unknown: {len(unknown)}")
    for name, count in counts.most_common():
        print(f"  {count:5} {name}")
    print("\n".join(unknown[:40]), end="\n" if unknown else "")
    return not unknown


def compare_folded(program, title, reader, fleets):
    """What we write for `reader` is what it reads."""
    answers = ask_us(program, [f"fold {title} " + " ".join(fleet) for fleet in fleets])
    wrong = []
    for fleet, (taken, text) in zip(fleets, answers):
        read = reader.expand(text) if taken else None
        cut = read is not None and read[-1].endswith(Pdsh.CUT)
        if read is None or not (set(read[:-1]) < set(fleet) if cut else sorted(read) == sorted(fleet)):
            wrong.append(f"  {fleet}\n    we wrote {text!r}, read as {read}")
    print(f"folded for {title}: {len(fleets)} lists tried, {len(fleets) - len(wrong)} equal")
    print("\n".join(wrong[:20]), end="\n" if wrong else "")
    return not wrong


def large_fleets():
    return [[f"n{i}" for i in range(1, 70001)], [f"n{i:05}" for i in range(16000, 33000)],
            [f"r{r}n{n}c{c}" for r in range(3) for n in range(3) for c in range(8, 12)],
            [f"r{r}n{n}-ib" for r in range(3) for n in range(3)],
            ["n1", "n01", "n001", "n9", "n09", "n10", "n010", "n99", "n099", "n100"],
            [f"10.0.{i}.{j}" for i in range(2) for j in range(9, 12)]]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    random_ones = Expressions(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    slurm, clustershell, pdsh = Libslurm(), ClusterShell(), Pdsh()
    plain = list(dict.fromkeys(random_ones.expression(None) for _ in range(count)))
    with_operators = list(dict.fromkeys(random_ones.expression("!&^,,") for _ in range(count)))
    fleets = [random_ones.fleet() for _ in range(400)] + large_fleets()
    fine = [
        compare(program, "libslurm", slurm, KNOWN_OF_SLURM, plain, in_order=True),
        compare(program, "ClusterShell", clustershell, KNOWN_OF_CLUSTERSHELL, with_operators, in_order=False),
        compare_folded(program, "slurm", slurm, fleets),
        compare_folded(program, "clustershell", clustershell, fleets),
        compare_folded(program, "pdsh", pdsh, fleets[-40:]),
    ]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
