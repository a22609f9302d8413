#!/usr/bin/env python3
"""The real program at a pseudo-terminal, on hosts that are real sshd processes on loopback: live lines,
questions, Ctrl-C, stdin. $CLUSTERMPI is the program."""
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


class AtATerminal(unittest.TestCase):
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
            "PidFile none\nStrictModes no\nUsePAM no\nSetEnv SHLVL=2\n")
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


if __name__ == "__main__":
    unittest.main()
