#!/usr/bin/env python3
"""`exec` on many SSH servers at once, beside pdsh, ssh, scp, clush, Ansible and a bare libssh loop.

usage: fleet.py CLUSTERMPI LIBSSH_LOOP [ROUNDS [CASE...]]
LIBSSH_LOOP is what `cmake --build BUILD --target libssh_loop` leaves. The servers are sshd processes
on loopback, 16 addresses each; all sides use curve25519-sha256, so that no one is charged for a slower
key exchange. Rounds are interleaved; medians are printed, and ratios of medians. Most of the wall time
is the servers', which share this machine: the client's CPU is the figure that carries over.
Cases: wall many one gather hang upload hashed. Peers that are not installed are named and left out.
"""
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ADDRESSES_A_SERVER = 16  # OpenSSH's maximum of ListenAddress
PORT = 22077
USER = pwd.getpwuid(os.geteuid()).pw_name
FANOUTS = (32, 64, 128)


class Figures:
    """Wall seconds, CPU seconds and resident MB of one run."""

    def __init__(self, wall, cpu, resident):
        self.wall, self.cpu, self.resident = wall, cpu, resident


def measure(argv, stdin=None, environment=None, statuses=(0,)):
    """Runs a command; its children's time counts as its own."""
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen([str(word) for word in argv], stdin=stdin or subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=said,
                                   env={**os.environ, **(environment or {})})
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in statuses:
            said.seek(0)
            sys.exit(f"{argv[0]} ended with {process.returncode}:\n{said.read(2000).decode()}")
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def interleaved(rounds, cases):
    """The median figures of each case."""
    runs = {name: [] for name in cases}
    for _ in range(rounds):
        for name, run in cases.items():
            runs[name].append(run())
    return {name: Figures(*(statistics.median(getattr(run, field) for run in all_)
                            for field in ("wall", "cpu", "resident")))
            for name, all_ in runs.items()}


def address(index):
    return f"127.77.{index // 250}.{index % 250 + 1}"


class Farm:
    def __init__(self, folder, endpoints):
        self.folder = folder
        self.servers = []
        for name in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for first in range(0, endpoints, ADDRESSES_A_SERVER):
            config = folder / f"sshd_config.{first}"
            lines = [f"ListenAddress {address(i)}:{PORT}" for i in range(first, first + ADDRESSES_A_SERVER)]
            lines += [f"HostKey {folder}/host_key", f"AuthorizedKeysFile {folder}/authorized_keys",
                      "KexAlgorithms curve25519-sha256", "MaxStartups 4096", "PidFile none", "StrictModes no",
                      "Subsystem sftp internal-sftp", "UsePAM no", "PrintMotd no", "PrintLastLog no", "SetEnv SHLVL=2"]
            config.write_text("\n".join(lines) + "\n")
            self.servers.append(subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", config],
                                                 stderr=subprocess.DEVNULL, start_new_session=True))
        self.public = " ".join((folder / "host_key.pub").read_text().split()[:2])
        (folder / "known_hosts").write_text(
            "".join(f"[{address(i)}]:{PORT} {self.public}\n" for i in range(endpoints)))
        self.ssh_options = ["-F", "/dev/null", "-i", folder / "user_key",
                            "-o", f"UserKnownHostsFile={folder}/known_hosts",
                            "-o", "KexAlgorithms=curve25519-sha256", "-o", "LogLevel=ERROR"]
        time.sleep(2)

    def end(self):
        for server in self.servers:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    def inventory(self, name, indexes):
        """A cluster.toml of these endpoints, its known_hosts filled: what a second run finds."""
        folder = self.folder / name
        (folder / ".clustermpi").mkdir(parents=True)
        os.chmod(folder / ".clustermpi", 0o700)
        shutil.copy(self.folder / "known_hosts", folder / ".clustermpi/known_hosts")
        text = [f'[cluster]\nname = "{name}"\nuser = "{USER}"\n[ssh]\nport = {PORT}\n'
                f'identity = "{self.folder}/user_key"\n']
        text += [f'[[hosts]]\nnames = "n{i:04}"\naddress = "{address(i)}"\n' for i in indexes]
        (folder / "cluster.toml").write_text("".join(text))
        return folder / "cluster.toml"


class Bench:
    def __init__(self, program, loop, rounds, farm):
        self.program, self.loop, self.rounds, self.farm = program, loop, rounds, farm
        self.missed = False

    def exec(self, inventory, *command, stdin=None, options=(), statuses=(0,)):
        return measure([self.program, "exec", "-i", inventory, *options, "--", *command], stdin=stdin,
                       statuses=statuses)

    def bare_loop(self, count):
        with tempfile.TemporaryFile() as addresses:
            addresses.write("".join(address(i) + "\n" for i in range(count)).encode())
            addresses.seek(0)
            return measure([self.loop, self.farm.folder / "user_key", USER, PORT, "true"], stdin=addresses)

    def pdsh(self, count, fanout, *command):
        arguments = " ".join(str(word) for word in [*self.farm.ssh_options, "-p", PORT])
        return measure(["pdsh", "-R", "ssh", "-f", fanout, "-l", USER, "-w",
                        ",".join(address(i) for i in range(count)), *command],
                       environment={"PDSH_SSH_ARGS_APPEND": arguments})

    def beside(self, count):
        """Peers that are stated, not judged."""
        cases = {}
        if shutil.which("clush"):
            options = " ".join(str(word) for word in [*self.farm.ssh_options, "-p", PORT])
            cases["clush -f 64"] = lambda: measure(
                ["clush", "-q", "-S", "-f", "64", "-l", USER, "-o", options, "-w",
                 ",".join(address(i) for i in range(count)), "true"])
        if shutil.which("ansible"):
            hosts = self.farm.folder / "ansible_hosts"
            hosts.write_text("".join(address(i) + "\n" for i in range(count)))
            options = " ".join(str(word) for word in [*self.farm.ssh_options, "-p", PORT])
            cases["ansible raw -f 64"] = lambda: measure(
                ["ansible", "all", "-i", hosts, "-m", "raw", "-a", "true", "-f", "64", "-u", USER],
                environment={"ANSIBLE_SSH_ARGS": options})
        for name in ("clush", "ansible"):
            if not shutil.which(name):
                print(f"    {name} is not installed: left out")
        return interleaved(1, cases)

    def judge(self, what, value, most, unit=""):
        verdict = "met" if value <= most else "MISSED"
        self.missed |= value > most
        print(f"  {what:58}{value:9.3f} {unit:3} at most {most:8.3f}  {verdict}")

    def show(self, figures, hosts):
        for name, figure in figures.items():
            print(f"    {name:20}{figure.wall:9.3f} s {figure.cpu / hosts * 1000:9.2f} ms CPU a host"
                  f"{figure.resident:8.1f} MB")

    # ---- cases

    def wall(self):
        inventory = self.farm.inventory("wall", range(256))
        cases = {"clustermpi": lambda: self.exec(inventory, "true"), "libssh loop": lambda: self.bare_loop(256)}
        for fanout in FANOUTS:
            cases[f"pdsh -f {fanout}"] = lambda fanout=fanout: self.pdsh(256, fanout, "true")
        figures = interleaved(self.rounds, cases)
        self.show({**figures, **self.beside(256)}, 256)
        best = min((figures[f"pdsh -f {fanout}"] for fanout in FANOUTS), key=lambda figure: figure.wall)
        ours = figures["clustermpi"]
        self.judge("256 endpoints, wall against pdsh's best", ours.wall / best.wall, 0.60)
        self.judge("256 endpoints, wall against the libssh loop", ours.wall / figures["libssh loop"].wall, 1.15)
        self.judge("client CPU a host against pdsh", ours.cpu / best.cpu, 1 / 12)

    def many(self):
        few, many = self.farm.inventory("few", range(256)), self.farm.inventory("many", range(1024))
        figures = interleaved(self.rounds, {"256": lambda: self.exec(few, "true"),
                                            "1024": lambda: self.exec(many, "true")})
        self.show(figures, 1024)
        self.judge("1,024 endpoints, wall against 4 times 256",
                   figures["1024"].wall / (4 * figures["256"].wall), 1.15)
        self.judge("1,024 endpoints, resident", figures["1024"].resident, 64, "MB")

    def one(self):
        inventory = self.farm.inventory("one", range(1))
        ssh = ["ssh", *self.farm.ssh_options, "-p", PORT, f"{USER}@{address(0)}", "true"]
        figures = interleaved(max(self.rounds, 15), {"clustermpi": lambda: self.exec(inventory, "true"),
                                                     "ssh": lambda: measure(ssh)})
        self.show(figures, 1)
        self.judge("one host, `exec true` against ssh", figures["clustermpi"].wall / figures["ssh"].wall, 0.35)

    def gather(self):
        inventory = self.farm.inventory("gather", range(64))
        text = self.farm.folder / "text"
        text.write_text("".join(f"{i:07} all work and no play makes a cluster dull\n" for i in range(25000)))
        cases = {"clustermpi": lambda: self.exec(inventory, f"cat {text}")}
        for fanout in FANOUTS[:2]:
            cases[f"pdsh -f {fanout}"] = lambda fanout=fanout: self.pdsh(64, fanout, f"cat {text}")
        figures = interleaved(self.rounds, cases)
        self.show(figures, 64)
        best = min(figures[f"pdsh -f {fanout}"].wall for fanout in FANOUTS[:2])
        self.judge(f"64 hosts x {text.stat().st_size / 1e6:.1f} MB gathered, against pdsh",
                   figures["clustermpi"].wall / best, 0.15)

    def hang(self):
        healthy = self.farm.inventory("healthy", range(192))
        silent = []
        for i in range(64):
            listener = socket.create_server((address(1024 + i), PORT), backlog=8)  # never accepts
            silent.append(listener)
        mixed = self.farm.inventory("mixed", [k for i in range(64) for k in (3 * i, 1024 + i, 3 * i + 1, 3 * i + 2)])
        figures = interleaved(self.rounds, {
            "192 healthy": lambda: self.exec(healthy, "true", options=("--timeout", "5")),
            "and 64 that hang": lambda: self.exec(mixed, "true", options=("--timeout", "5"), statuses=(4,))})
        self.show(figures, 256)
        self.judge("64 of 256 hang, beyond 5 s, against the 192 alone",
                   (figures["and 64 that hang"].wall - 5) / figures["192 healthy"].wall, 1.15)

    def upload(self):
        inventory = self.farm.inventory("upload", range(64))
        data = self.farm.folder / "data"
        data.write_bytes(os.urandom(8 << 20))
        targets = "".join(f"{USER}@{address(i)}:/dev/null\n" for i in range(64))
        scp = " ".join(str(word) for word in ["scp", "-q", *self.farm.ssh_options, "-P", PORT, data, "{}"])

        def with_scp():
            with tempfile.TemporaryFile() as names:
                names.write(targets.encode())
                names.seek(0)
                return measure(["xargs", "-P", "16", "-I", "{}", "sh", "-c", scp], stdin=names)

        def with_exec():
            with open(data, "rb") as content:
                return self.exec(inventory, "cat >/dev/null", stdin=content)

        figures = interleaved(self.rounds, {"clustermpi": with_exec, "scp, 16 at once": with_scp})
        self.show(figures, 64)
        self.judge("64 x 8 MB upload, client CPU against scp",
                   figures["clustermpi"].cpu / figures["scp, 16 at once"].cpu, 0.35)

    def hashed(self):
        plain, hashed = self.farm.inventory("plain", range(1024)), self.farm.inventory("hashed", range(1024))
        pins = hashed.parent / ".clustermpi/known_hosts"
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", pins], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        figures = interleaved(self.rounds, {"plain": lambda: self.exec(plain, "true"),
                                            "hashed": lambda: self.exec(hashed, "true")})
        self.show(figures, 1024)
        self.judge("1,024 hashed lines of known_hosts against plain, wall",
                   figures["hashed"].wall / figures["plain"].wall, 1.05)


CASES = ("wall", "many", "one", "gather", "hang", "upload", "hashed")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    chosen = sys.argv[4:] or CASES
    if not shutil.which("pdsh"):
        sys.exit("pdsh is not installed, and there is nothing to compare with: apt-get install pdsh")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for pdsh, which does not do so itself
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fleet-"))
    farm = None
    try:
        farm = Farm(folder, 1024)
        bench = Bench(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), rounds, farm)
        for case in chosen:
            print(case, flush=True)
            getattr(bench, case)()
        sys.exit(1 if bench.missed else 0)
    finally:
        if farm:
            farm.end()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
