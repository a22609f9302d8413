#!/usr/bin/env python3
"""`true` on many SSH servers at once: the fleet against pdsh at several fanouts.

usage: ssh_exec.py PROGRAM [ENDPOINTS [ROUNDS]]
PROGRAM is ssh_exec, as `cmake --build BUILD --target ssh_exec_bench` leaves it. The servers are sshd
processes on loopback, 16 addresses each; both sides use curve25519-sha256, so that no one is charged
for a slower key exchange. Rounds are interleaved; medians are printed. Most of the wall time is the
servers', which share this machine: the client's CPU is the figure that carries over.
"""
import os
import pathlib
import pwd
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ADDRESSES_A_SERVER = 16  # OpenSSH's maximum of ListenAddress
PORT = 22077


def start_farm(folder, endpoints):
    """The addresses, and the processes that serve them."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"], check=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "user_key"], check=True)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    addresses = [f"127.77.{i // 250}.{i % 250 + 1}" for i in range(endpoints)]
    servers = []
    for first in range(0, endpoints, ADDRESSES_A_SERVER):
        config = folder / f"sshd_config.{first}"
        lines = [f"ListenAddress {address}:{PORT}" for address in addresses[first : first + ADDRESSES_A_SERVER]]
        lines += [f"HostKey {folder}/host_key", f"AuthorizedKeysFile {folder}/authorized_keys",
                  "KexAlgorithms curve25519-sha256", "MaxStartups 4096", "PidFile none", "StrictModes no",
                  "UsePAM no", "PrintMotd no", "PrintLastLog no", "SetEnv SHLVL=2"]
        config.write_text("\n".join(lines) + "\n")
        servers.append(subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", config],
                                        stderr=subprocess.DEVNULL, start_new_session=True))
    public = (folder / "host_key.pub").read_text().split()[:2]
    (folder / "known_hosts").write_text("".join(f"[{a}]:{PORT} {' '.join(public)}\n" for a in addresses))
    time.sleep(1)
    return addresses, servers


def measure(argv, text=None, environment=None):
    """Wall seconds, CPU seconds and resident MB of a command and its children."""
    begin = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, env={**os.environ, **(environment or {})})
    process.stdin.write((text or "").encode())
    process.stdin.close()
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or said:
        sys.exit(f"{argv[0]} failed ({process.returncode}):\n{said[:2000]}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    endpoints = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    user = pwd.getpwuid(os.geteuid()).pw_name
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for pdsh, which does not do so itself

    folder = pathlib.Path(tempfile.mkdtemp(prefix="ssh-exec-"))
    servers = []
    try:
        addresses, servers = start_farm(folder, endpoints)
        options = (f"-F /dev/null -i {folder}/user_key -p {PORT} -o UserKnownHostsFile={folder}/known_hosts "
                   "-o KexAlgorithms=curve25519-sha256 -o LogLevel=ERROR")
        cases = {"fleet": lambda: measure([program, folder / "known_hosts", folder / "user_key", user,
                                           str(PORT), "true"], "\n".join(addresses) + "\n")}
        if shutil.which("pdsh"):
            for fanout in (32, 64, 128):
                cases[f"pdsh -f {fanout}"] = lambda fanout=fanout: measure(
                    ["pdsh", "-R", "ssh", "-f", str(fanout), "-l", user, "-w", ",".join(addresses), "true"],
                    environment={"PDSH_SSH_ARGS_APPEND": options})
        else:
            print("pdsh is not installed: the fleet is measured alone")
        figures = {name: [] for name in cases}
        for _ in range(rounds):
            for name, run in cases.items():
                figures[name].append(run())
        print(f"{endpoints} endpoints, `true`, median of {rounds}")
        print(f"{'':14}{'wall s':>9}{'CPU ms/host':>13}{'resident MB':>13}")
        for name, runs in figures.items():
            wall, cpu, size = (statistics.median(column) for column in zip(*runs))
            print(f"{name:14}{wall:9.3f}{cpu / endpoints * 1000:13.2f}{size:13.1f}")
    finally:
        for server in servers:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
