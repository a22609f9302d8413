#!/usr/bin/env python3
"""The real program at a pseudo-terminal, on hosts that are real sshd processes on loopback: live lines,
questions, Ctrl-C, stdin, what jobs print. $CLUSTERMPI is the program."""
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import termios
import time
import unittest
from pathlib import Path

PROGRAM = os.environ["CLUSTERMPI"]
NET = f"127.{150 + os.getpid() // 250 % 50}.{os.getpid() % 250 + 1}"


def free_port():
    with socket.socket() as probe:
        probe.bind((f"{NET}.1", 0))
        return probe.getsockname()[1]


class Terminal:
    """A program that has a terminal of its own."""

    def __init__(self, arguments, stdin=None, stdout=None):
        self.text = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            for fd, target in ((stdin, 0), (stdout, 1)):
                if fd is not None:
                    os.dup2(fd, target)
            os.execv(PROGRAM, [PROGRAM, *arguments])

    def read(self, seconds):
        """Takes what comes; False at the end or where nothing came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += piece.decode(errors="replace").replace("\r\n", "\n")
        return bool(piece)

    def wait_for(self, words, seconds=20):
        end = time.monotonic() + seconds
        while words not in self.text:
            if time.monotonic() > end:
                raise AssertionError(f"{words!r} did not come; there is:\n{self.text}")
            self.read(0.1)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def end(self):
        """The exit status; `text` is complete then."""
        while self.read(20):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
        return status


class OnSshd(unittest.TestCase):
    environment = ""  # of the nodes

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="clustermpi-terminal-"))
        self.addCleanup(shutil.rmtree, self.folder)
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        os.environ.pop("CLUSTERMPI_INVENTORY", None)
        os.environ.pop("NO_COLOR", None)
        for key in ("user_key", "host_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.port = free_port()
        self.start_sshd()
        self.write_inventory("accept-new")

    def start_sshd(self):
        listen = "".join(f"ListenAddress {NET}.{n}:{self.port}\n" for n in (1, 2, 3))
        Path("sshd_config").write_text(
            f"{listen}HostKey {self.folder}/host_key\nAuthorizedKeysFile {self.folder}/user_key.pub\n"
            f"PidFile none\nStrictModes no\nUsePAM no\nSetEnv SHLVL=2 {self.environment.format(self.folder)}\n")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        log = open("sshd.log", "w")
        sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", f"{self.folder}/sshd_config"], stderr=log)
        self.addCleanup(log.close)
        self.addCleanup(sshd.wait)
        self.addCleanup(sshd.terminate)
        for _ in range(500):
            if Path("sshd.log").read_text().count("Server listening") == 3:
                return
            time.sleep(0.01)
        raise AssertionError("sshd does not listen: " + Path("sshd.log").read_text())

    def write_inventory(self, policy):
        Path("cluster.toml").write_text(
            f'[cluster]\nuser = "{Path.home().owner()}"\n[[hosts]]\nnames = "red0[1-3]"\n'
            f'address = "{NET}.[1-3]"\n[ssh]\nport = {self.port}\nidentity = "{self.folder}/user_key"\n'
            f'host_key_policy = "{policy}"\n')

    def run_plain(self, *arguments, **keywords):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, **keywords)

    def on_node(self, node, there, elsewhere):
        return f"case $SSH_CONNECTION in *' {NET}.{node} '*) {there};; *) {elsewhere};; esac"


class AtATerminal(OnSshd):
    def test_live_lines_show_what_each_host_is_at_and_go_away(self):
        self.run_plain("trust")
        run = Terminal(["exec", "--", self.on_node(2, "echo half; sleep 1.5; echo all", "echo all")])
        run.wait_for("    2 of 3 hosts done\n    red02: half\n")
        self.assertEqual(run.end(), 0, run.text)
        # The last thing drawn: the live lines erased, then the result.
        self.assertRegex(run.text, r"\x1b\[1A\x1b\[2Kred\[01,03\]: all\nred02:\nhalf\nall\n$")

    def test_ctrl_c_ends_it_at_once_and_says_who_had_not_ended(self):
        self.run_plain("trust")
        run = Terminal(["exec", "--", self.on_node(2, "echo done", "sleep 60")])
        run.wait_for("1 of 3 hosts done")
        begin = time.monotonic()
        run.type("\x03")
        self.assertEqual(run.end(), 130, run.text)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertIn("red02: done\n", run.text)
        self.assertTrue(run.text.endswith(
            "error: interrupted: red[01,03] had not ended\n"
            "  they were told to stop; what runs as root, or takes no notice, may go on there\n"), run.text)

    def test_it_asks_at_the_terminal_while_stdin_and_stdout_are_pipes(self):
        self.write_inventory("ask")
        empty, result = os.open("/dev/null", os.O_RDONLY), os.open("result", os.O_WRONLY | os.O_CREAT, 0o600)
        run = Terminal(["exec", "--", "echo", "here"], stdin=empty, stdout=result)
        run.wait_for("Trust all 3? [y/N] ")
        run.type("y\n")
        self.assertEqual(run.end(), 0, run.text)
        self.assertEqual(Path("result").read_text(), "red[01-03]: here\n")
        self.assertEqual(run.text.count("[y/N]"), 1)

    def test_ctrl_c_at_a_question_ends_the_run(self):
        self.write_inventory("ask")
        run = Terminal(["exec", "--", "true"])
        run.wait_for("[y/N] ")
        run.type("\x03")
        self.assertEqual(run.end(), 130, run.text)
        self.assertIn("error: interrupted: red[01-03] had not ended\n", run.text)
        self.assertFalse(Path(".clustermpi/known_hosts").exists())

    def test_a_signal_leaves_one_json_document(self):
        self.run_plain("trust")
        run = subprocess.Popen([PROGRAM, "exec", "--json", "--", self.on_node(1, "echo x", "sleep 60")],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        run.send_signal(signal.SIGTERM)
        out, _ = run.communicate(timeout=20)
        self.assertEqual(run.returncode, 130)
        document = json.loads(out)
        self.assertEqual(document["hosts"]["red01"]["stdout"], "x\n")
        self.assertEqual(document["hosts"]["red02"]["error"]["code"], "cancelled")
        self.assertFalse(document["ok"])

    def test_live_ends_when_its_reader_has_had_enough(self):
        self.run_plain("trust")
        run = subprocess.Popen([PROGRAM, "exec", "--live", "red01", "--", "yes"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.stdout.readline(), "red01: y\n")
        run.stdout.close()
        self.assertEqual(run.wait(20), 130)
        self.assertIn("error: interrupted: red01 had not ended\n", run.stderr.read())
        run.stderr.close()

    def test_a_huge_output_needs_little_memory(self):
        """200 MB here, to be quick: what is held does not depend on it."""
        self.run_plain("trust")
        size = 200_000_000
        run = subprocess.Popen([PROGRAM, "exec", "red01", "--", f"head -c {size} /dev/zero | tr '\\0' x"],
                               stdout=subprocess.PIPE)
        came = 0
        while piece := run.stdout.read(1 << 20):
            came += len(piece)
        run.stdout.close()
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(came, size + len("red01: \n"))
        self.assertLess(usage.ru_maxrss, 64 * 1024)

    def test_a_disk_without_room_fails_that_host_only(self):
        """A limit on the size of files stands for the full disk."""
        self.run_plain("trust")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        run = self.run_plain("exec", "--", self.on_node(2, "head -c 9000000 /dev/zero | tr '\\0' x", "echo fine"),
                             preexec_fn=limit)
        self.assertEqual(run.returncode, 4)
        self.assertTrue(run.stdout.startswith("red[01,03]: fine\n"), run.stdout[:200])
        self.assertEqual(re.sub(r"/\S*/\.clustermpi", "W", run.stderr),
                         "    red02: cannot keep what it prints in W: File too large\n")


class Jobs(OnSshd):
    """On one host, whose Slurm is a stand-in that knows as much as is said to it here."""
    environment = "PATH={}/bin:/usr/bin:/bin"
    programs = {
        "scontrol": """[ "$*" = ping ] && echo 'Slurmctld(primary) at red01 is UP'""",
        "sinfo": "echo 'node=red01|2|idle|Unknown|none'",
        "squeue": "",
        "srun": """while :; do
  case $1 in
    --ntasks=*) ranks=${1#*=} ;;
    --comment=* | --job-name=* | --chdir=* | --mpi=* | --kill-on-bad-exit=1 | --nodes=* | --nodelist=*) ;;
    --ntasks-per-node=*) ;;
    -*) echo "srun was told $1" >&2 && exit 99 ;;
    *) break ;;
  esac
  shift
done
for rank in $(seq 0 $((ranks - 1))); do
  SLURM_PROCID=$rank "$@" &
  started="${started-} $!"
done
trap 'kill $started' TERM
status=0
for each in $started; do wait "$each" || status=$?; done
exit $status""",
    }

    def setUp(self):
        super().setUp()
        Path("bin").mkdir()
        for name, text in self.programs.items():
            self.write_program(name, text)

    def write_program(self, name, text):
        program = Path("bin", name)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    def write_inventory(self, policy):
        super().write_inventory(policy)
        inventory = Path("cluster.toml").read_text().replace("red0[1-3]", "red01").replace("[1-3]", "1")
        Path("cluster.toml").write_text(inventory.replace("[cluster]", '[cluster]\nnetwork = "127.0.0.0/8"'))

    def words(self, *arguments):
        return ["run", "--via", "srun", *arguments]

    def run_job(self, *arguments, **keywords):
        return self.run_plain(*self.words(*arguments), stdin=subprocess.DEVNULL, **keywords)

    def test_a_file_has_the_bytes_while_a_terminal_has_whole_characters(self):
        result = os.open("result", os.O_WRONLY | os.O_CREAT, 0o600)
        line = r"printf '\377\033[31m\n'; printf 'gr\303' >&2; sleep 1; printf '\274n \033[31m\n' >&2"
        run = Terminal(self.words("-n", "1", "--no-stdin", "--", "sh", "-c", line), stdout=result)
        self.assertEqual(run.end(), 0, run.text)
        self.assertEqual(Path("result").read_bytes(), b"\xff\x1b[31m\n")
        self.assertIn("gr\u00fcn \\x1b[31m\n", run.text)

    def test_a_reader_that_has_had_enough_ends_the_job_without_a_word(self):
        for option in ([], ["--tag"]):
            run = subprocess.Popen([PROGRAM, *self.words("-n", "1", *option, "--", "yes")], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertEqual(run.stdout.readline(), "[0] y\n" if option else "y\n")
            run.stdout.close()
            self.assertEqual(run.wait(20), 130)
            self.assertNotIn("error", run.stderr.read())
            run.stderr.close()

    def test_a_full_disk_is_told(self):
        for words in ("-- echo a", "-- yes", "--tag -- echo a", "--tag -- yes", "--json -- true"):
            with open("/dev/full", "w") as full:
                run = subprocess.run([PROGRAM, *self.words("-n", "1", *words.split())], stdin=subprocess.DEVNULL, stdout=full,
                                     stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(run.returncode, 1, words)
            self.assertTrue(run.stderr.endswith("error: cannot write stdout: No space left on device\n"), run.stderr)
            self.assertEqual(run.stderr.count("error"), 1, run.stderr)

    def test_results_stay_until_there_are_others(self):
        for option, name in (("--split", "rank.0.out"), ("--profile", "rank.0.profile")):
            folder = Path(option[2:])
            folder.mkdir()
            Path(folder, name).write_text("dear\n")
            run = self.run_job("-n", "99", option, str(folder), "--", "true")
            self.assertEqual(run.returncode, 2)
            self.assertIn("error: 99 ranks asked for, but Slurm has 2 CPUs on red01\n", run.stderr)
            self.assertEqual(Path(folder, name).read_text(), "dear\n")
        Path("split", "rank.7.err").write_text("")
        self.assertEqual(self.run_job("-n", "2", "--split", "split", "--", "echo", "new").returncode, 0)
        self.assertEqual(sorted(each.name for each in Path("split").iterdir()), ["rank.0.out", "rank.1.out"])
        self.assertEqual(Path("split", "rank.0.out").read_text(), "new\n")

    def test_a_gatherer_that_fails_is_told_and_fails_the_run(self):
        self.write_program("python3", '/usr/bin/python3 "$@"; exit 3')
        told = "red01: what ranks printed may be incomplete: python3 failed there, or is missing\n"
        run = self.run_job("-n", "2", "--split", "out", "--", "echo", "a")
        self.assertEqual(run.returncode, 4)
        self.assertIn(told, run.stderr)
        run = self.run_job("-n", "2", "--split", "out", "--json", "--", "echo", "a")
        self.assertEqual(run.returncode, 4)
        self.assertIn(told, run.stderr)
        document = json.loads(run.stdout)
        self.assertFalse(document["ok"])
        self.assertEqual(document["exit_status"], 0)
        self.assertEqual(document["hosts"]["red01"], {"ok": False, "error": {
            "code": "gathering_failed", "message": "python3 failed there, or is missing", "hint": ""}})
        self.assertEqual(self.run_job("-n", "2", "--split", "out", "--", "sh", "-c", "exit 7").returncode, 7)

    def test_a_document_says_where_it_lacks_output(self):
        line = "head -c 17000000 /dev/zero | tr '\\0' x"
        document = json.loads(self.run_job("-n", "1", "--json", "--", "sh", "-c", line).stdout)
        self.assertTrue(document["truncated"])
        self.assertEqual(len(document["stdout"]), 16 << 20)
        document = json.loads(self.run_job("-n", "1", "--json", "--", "echo", "a").stdout)
        self.assertFalse(document["truncated"])
        self.assertEqual(document["stdout"], "a\n")

    def test_a_window_that_does_not_open_ends_the_job(self):
        for name in ("gdb", "gdbserver"):
            self.write_program(name, "sleep 1000")
        Path(".clustermpi").mkdir()
        Path(".clustermpi/ssh_config").write_text("")
        run = self.run_job("-n", "2", "--debug", "--", "true", env={**os.environ, "TMUX": "/nowhere,1,0"})
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stderr, r"error: tmux opens no window: .*/nowhere.*\n  `tmux new` by hand may say more\n$")


if __name__ == "__main__":
    unittest.main()
