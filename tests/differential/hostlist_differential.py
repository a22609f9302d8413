#!/usr/bin/python3
"""Random hostlist expressions, read by us and by the real programs; and lists that we fold for each of them,
read by it.

usage: hostlist_differential.py HOSTLIST_ANSWERS [EXPRESSIONS [SEED]]

Where readings differ there is a reason with a name, below; a difference without one is a failure.
"""
import ctypes
import ctypes.util
import itertools
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


class Us:
    """Our reader and writer, which answer a line for a line."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question):
        """(True, text) or (False, message)"""
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        kind, _, text = self.process.stdout.readline().rstrip("\n").partition(" ")
        return kind == "ok", text

    def expand(self, expression):
        """(names or None, what we said)"""
        taken, text = self.ask("expand " + expression)
        return text.split() if taken else None, text


# ------------------------------------------------------------------------------------- the differences by name
#
# A difference has a name only where it is nothing else: written without it, both read the same, or differ by
# another one with a name. `plain` writes it so (in several ways where it cannot know which is right), or leaves the
# expression as it is where the difference is not there. Who takes the expression as it was reads the same then: ours,
# or theirs with `renamed` applied to each name.


class Difference:
    """`kinds`: "ours": we alone take it; "theirs": they alone; "both": both take it and read other names.
    `says`: what we say where we refuse it. `keeps`: whether what is read stays the same when it is written so."""

    def __init__(self, name, kinds, plain, says=".*", renamed=lambda name: name, keeps=True):
        self.name, self.kinds, self.plain, self.says = name, kinds.split(), plain, says
        self.renamed, self.keeps = renamed, keeps


def replacing(pattern, by):
    return lambda expression: re.sub(pattern, by, expression)


def parts_of(expression):
    """The names with brackets that stand between commas and white space, and what stands between them."""
    parts, depth = [""], 0
    for character in expression:
        depth = max(0, depth + {"[": 1, "]": -1}.get(character, 0))
        if depth == 0 and (character in ",!&^" or character.isspace()):
            parts += [character, ""]
        else:
            parts[-1] += character
    return parts


def each_part(write, pattern):
    """Writes the parts in which there is the pattern."""
    return lambda expression: "".join(write(part) if re.search(pattern, part) else part
                                      for part in parts_of(expression))


def numbers_of(bracket):
    for first, last, step in re.findall(r"(\d+)(?:-(\d+)(?:/(\d+))?)?", bracket):
        for number in range(int(first), int(last or first) + 1, int(step or 1)):
            yield f"{number:0{len(first)}}"


def spelled_out(part):
    """n[1-2]x[3,5] as n1x3,n1x5,n2x3,n2x5."""
    pieces = re.split(r"\[([^\[\]]*)\]", part)
    choices = [numbers_of(piece) if i % 2 else [piece] for i, piece in enumerate(pieces)]
    return ",".join("".join(name) for name in itertools.product(*choices))


def with_steps_spelled_out(expression):
    return re.sub(r"\d+-\d+/\d+", lambda steps: ",".join(numbers_of(steps[0])), expression)


def with_even_widths(expression):
    """[8-011] as [8-11], [08-9] as [08-09]: the first number decides."""
    def even(span):
        is_padded = "0" in (span[1][0], span[2][0])
        return f"{span[1]}-{int(span[2]):0{len(span[1])}}" if is_padded else span[0]

    return re.sub(r"(?<=[\[,])(\d+)-(\d+)", even, expression)


def without_one_of_three_brackets(expression):
    """Each way to leave out a name with three brackets."""
    parts = parts_of(expression)
    return ["".join(parts[:max(at - 1, 0)] + parts[at + 1 + (at == 0):]) for at, part in enumerate(parts)
            if re.search(THREE_BRACKETS, part)]


def as_letters(text):
    return re.sub(r"[\[\],/\s]", "q", text)


def with_open_brackets_as_letters(expression):
    """Brackets that do not match are letters to Slurm, and so is all of the name before them; of one that is not
    closed, a bracket stays and not what is in it: n[1-2 is the name n]."""
    depth, begin, bracket = 0, 0, 0
    for at, character in enumerate(expression):
        if character == "[" and depth > 0 and "]" in expression[at:]:
            return expression[:begin] + as_letters(expression[begin:at]) + expression[at:]
        if character == "]" and depth == 0:
            return expression[:at] + "q" + expression[at + 1:]
        if character == "[" and depth == 0:
            bracket = at
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth == 0 and (character == "," or character.isspace()):
            begin = at + 1
    if depth > 0:
        behind = re.search(r"[,\s]|$", expression[bracket:]).start() + bracket
        bracket = expression.rindex("[", begin, behind)
        return expression[:begin] + as_letters(expression[begin:bracket + 1]) + expression[behind:]
    return expression


def with_brackets_joined(expression):
    """x[1-2]0[3] as x[103,203]."""
    return re.sub(r"\[([^\[\]]+)\](\d*)\[([^\[\]]+)\]", lambda two: "[" + ",".join(
        first + two[2] + last for first in numbers_of(two[1]) for last in numbers_of(two[3])) + "]", expression)


def with_digits_in_their_brackets(expression):
    """n1[8-11] as n[18,19,110,111]."""
    return re.sub(r"(\d+)\[([^\[\]]+)\]",
                  lambda both: "[" + ",".join(both[1] + number for number in numbers_of(both[2])) + "]", expression)


UNEVEN = r"'\d+' and '\d+' are padded to different widths"
NO_NUMBER = r"a number is missing before '[,\]]'"
NOT_THERE = r"'.' between brackets: .*"
BRACKET_IN_BRACKET = r"\[[^\]]*\[[^\]]*\][^\[]*\][^\s,\[]*\["
THREE_BRACKETS = r"\[[^\]]*\][^\s,\[]*\[[^\]]*\][^\s,\[]*\["
STRANGER = r"[=;(]|/(?![^\[]*\])"  # a slash between brackets is a step
A_MINUS = Difference("a name that begins with a minus", "theirs", replacing(r"(^|[\s,!&^])-", r"\1m-"),
                     "no host's name begins with a '-'", renamed=lambda name: re.sub("^-", "m-", name))
A_STRANGER = Difference("a character that no name has", "theirs", replacing(STRANGER, "q"),
                        "'.' cannot be part of a host name",
                        renamed=lambda name: re.sub(STRANGER, "q", name))

KNOWN_OF_SLURM = [
    Difference("more than 65,536 names a range", "ours", replacing("1-70000", "1-7"), keeps=False),
    Difference("text behind the last bracket", "ours", each_part(spelled_out, r"\][^\[\]]+$")),
    Difference("a step", "ours", with_steps_spelled_out),
    Difference("a mistake in a name with three brackets: the name is dropped", "theirs both",
               without_one_of_three_brackets),
    Difference("a bracket that begins a name and is not closed", "theirs",
               replacing(r"(^|[\s,])\[(?=[^\]]*$)", r"\1")),
    Difference("a bracket in a bracket, and one behind it", "theirs",
               each_part(lambda part: "gone", BRACKET_IN_BRACKET), r"a number is missing before '.'", keeps=False),
    Difference("a bracket behind one that was not opened", "theirs",
               each_part(lambda part: "gone", r"^[^\[]*\][^\s,]*\["), "']' without a '\\[' before it", keeps=False),
    Difference("brackets that do not match", "theirs", with_open_brackets_as_letters, renamed=as_letters),
    A_MINUS,
    Difference("padded to different widths", "theirs", with_even_widths, UNEVEN),
    Difference("a range without an end", "theirs", replacing(r"(\d)-(?=[,\]])", r"\1"), NO_NUMBER),
    Difference("nothing between commas", "theirs",
               replacing(r"^\s*,|(?<=,)\s*,", ""), "a name is missing before this comma"),
    Difference("nothing behind the last comma", "theirs", replacing(r",\s*$", ""),
               "a name is missing after this comma"),
    A_STRANGER,
    Difference("a character that no number has", "theirs", replacing(r"[=;(!](?=[^\[]*\])", ""), NOT_THERE,
               keeps=False),
    Difference("an operator", "theirs both", replacing("!", "q"), renamed=lambda name: name.replace("!", "q")),
    Difference("an operator", "ours", replacing("!", "q"), keeps=False),
]
KNOWN_OF_CLUSTERSHELL = [
    Difference("white space separates names", "ours theirs both", replacing(r"\s*,\s*|\s+", ","), keeps=False),
    A_MINUS,
    Difference("brackets with nothing or digits between", "ours", with_brackets_joined),
    Difference("padded to different widths", "ours theirs", with_even_widths, UNEVEN),
    Difference("a step before digits", "ours", with_steps_spelled_out),
    Difference("a comma before the !", "ours", replacing(",!", "!")),
    Difference("a digit before a bracket whose numbers grow longer: it becomes a part of them", "ours both",
               with_digits_in_their_brackets),
    Difference("numbers below zero", "theirs", replacing(r"(?<=[\[,])(-\d+(-\d+)?(/\d+)?|\d+-\d+-\d+)(?=[,\]])", "5"),
               r"a number is missing before '-'|'-' between brackets: .*|" + UNEVEN, keeps=False),
    Difference("a bracket in a bracket behind a range", "theirs", replacing(r"\[[^\[\]]*\d-\d+-\[[^\]]*\]", "[5]"),
               "'-' between brackets: .*", keeps=False),
    Difference("nothing between commas between brackets", "theirs", replacing(r"(?<=[\[,]),|,(?=\])", ""), NO_NUMBER,
               keeps=False),
    Difference("brackets with nothing in them", "theirs", replacing(r"\[\]", ""), NO_NUMBER),
    A_STRANGER,
]


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


def kind_of_difference(ours, theirs):
    if ours is None:
        return "theirs"
    return "ours" if theirs is None else "both"


class Comparison:
    """Our reading beside that of one of the others."""

    def __init__(self, us, reader, known, in_order):
        self.us, self.reader, self.known, self.in_order = us, reader, known, in_order

    def equal(self, expression, ours, theirs):
        """How equal they are: "equal", a difference that needs no reason but its name, or None."""
        if ours is None or theirs is None:
            return "equal" if ours is theirs else None
        if not self.in_order:
            return "equal" if sorted(ours) == sorted(theirs) else None
        if ours == theirs:
            return "equal"
        if ours == list(dict.fromkeys(theirs)):
            return "duplicates are kept"
        if sorted(ours) == sorted(set(theirs)) and re.search(THREE_BRACKETS, expression):
            return "three brackets run in another order"
        return None

    def names(self, expression, ours, said, theirs, depth=0):
        """Of the differences between the two readings, all; None where one of them has none."""
        kind = kind_of_difference(ours, theirs)
        for difference in self.known if depth < 6 else []:
            if kind not in difference.kinds or (ours is None and not re.fullmatch(difference.says, said)):
                continue
            ways = difference.plain(expression)
            for plain in ways if isinstance(ways, list) else [ways]:
                if plain == expression:
                    continue
                our_plain, said_plain = self.us.expand(plain)
                their_plain = self.reader.expand(plain)
                if difference.keeps and not self.keeps(plain, difference, (ours, theirs), (our_plain, their_plain)):
                    continue
                if self.equal(plain, our_plain, their_plain):
                    return [difference.name]
                if more := self.names(plain, our_plain, said_plain, their_plain, depth + 1):
                    return [difference.name, *more]
        return None

    def keeps(self, plain, difference, before, after):
        """Whether those who took the expression read the same when it is written plainly."""
        (ours, theirs), (our_plain, their_plain) = before, after
        if theirs is None or "ours" in difference.kinds and ours is not None:
            return self.equal(plain, our_plain, ours) is not None
        order = list if self.in_order else sorted
        return their_plain is not None and (order(map(difference.renamed, their_plain)) ==
                                            order(map(difference.renamed, theirs)))


def compare(us, title, reader, known, expressions, in_order):
    """Whether there was no difference without a name."""
    comparison = Comparison(us, reader, known, in_order)
    counts, unknown, equal, refused = Counter(), [], 0, 0
    for expression in expressions:
        (ours, text), theirs = us.expand(expression), reader.expand(expression)
        how = comparison.equal(expression, ours, theirs)
        if how == "equal":
            equal += 1
            refused += ours is None
            continue
        names = [how] if how else comparison.names(expression, ours, text, theirs)
        counts.update(names or [])
        if not names:
            unknown.append(f"  {expression!r}: we {text!r}, {title} {theirs}")
    print(f"{title}: {len(expressions)} inputs tried, {equal} equal ({refused} of them refused by both), "
          f"{len(expressions) - equal - len(unknown)} with known differences, unknown: {len(unknown)}")
    for name, count in counts.most_common():
        print(f"  {count:5} {name}")
    print("\n".join(unknown[:40]), end="\n" if unknown else "")
    return not unknown


def compare_folded(us, title, reader, fleets):
    """What we write for `reader` is what it reads."""
    wrong = []
    for fleet in fleets:
        taken, text = us.ask(f"fold {title} " + " ".join(fleet))
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
    us = Us(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    random_ones = Expressions(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    slurm, clustershell, pdsh = Libslurm(), ClusterShell(), Pdsh()
    plain = list(dict.fromkeys(random_ones.expression(None) for _ in range(count)))
    # Of ranges that are too long for Slurm nothing is to be learnt here, and they take long to spell out.
    with_operators = list(dict.fromkeys(random_ones.expression("!&^,,").replace("1-70000", "1-120")
                                        for _ in range(count)))
    fleets = [random_ones.fleet() for _ in range(400)] + large_fleets()
    fine = [
        compare(us, "libslurm", slurm, KNOWN_OF_SLURM, plain, in_order=True),
        compare(us, "ClusterShell", clustershell, KNOWN_OF_CLUSTERSHELL, with_operators, in_order=False),
        compare_folded(us, "slurm", slurm, fleets),
        compare_folded(us, "clustershell", clustershell, fleets),
        compare_folded(us, "pdsh", pdsh, fleets[-40:]),
    ]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
