#!/bin/bash
# playbooks/roles/venv/files/venv.sh with a real Python and pip, and an index on this machine; apt is a fake.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/playbooks/roles/venv/files/venv.sh
record=$(cd "$(dirname "$0")/../.." && pwd)/provision/remote/record.sh
dir=$(mktemp -d)
server=''
at_exit() { [[ -z $server ]] || kill "$server"; rm -rf "$dir"; }
trap at_exit EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }

fake() { printf '#!/bin/sh\n%s\n' "$2" >"$dir/bin/$1"; chmod +x "$dir/bin/$1"; }
mkdir -p "$dir/bin" "$dir/home" "$dir/info" "$dir/index/simple"
unset PIP_FIND_LINKS PIP_INDEX_URL PIP_CERT PIP_DEFAULT_TIMEOUT
export PIP_CONFIG_FILE=$dir/pip.conf
fake getent "echo x:x:0:0::$dir/home:/bin/sh"
fake runuser 'shift 3; exec "$@"'
fake chown :
fake apt-cache '
case $* in
  "show python3-mpi4py" | "show python3-of-debian") ;;
  "depends python3-mpi4py") echo "  Depends: libopenmpi3" ;;
  *) exit 100 ;;
esac'

# venv MODE NAMES [VARIABLE=VALUE...]: leaves $status, $out and $err.
venv() {
  local mode=$1 names=$2
  shift 2
  status=0
  {
    printf "venv='~/ENV3' user=x mpi=openmpi names='%s' mode=%s %s\n" "$names" "$mode" "$*"
    sed -e "s#^state=.*#state=$dir/state#" -e "s#^dpkg_info=.*#dpkg_info=$dir/info#" "$script"
  } | PATH=$dir/bin:$PATH sh -s >"$dir/out" 2>"$dir/err" || status=$?
  out=$(xargs <"$dir/out") err=$(sed "s#$dir##" "$dir/err")
}
# As record.sh sees it.
recorded() {
  { echo "mode=record playbook=python inputs=a items='venv $dir/home/ENV3'"
    sed "s#^states=.*#states=$dir/record#" "$record"; } | sh -s | sed -n 's/^item venv [^ ]* [^ ]* //p'
}

# What the index has: a colour 1.0, and an mpi4py of our own, as a wheel that is for no MPI at all and as a source
# that is compiled by what MPICC names.
cat >"$dir/wheels.py" <<'END'
import zipfile

def write_wheel(folder, name, files):
    info = f"{name}-1.0.dist-info"
    files = {**files, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    wheel = f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{wheel}", "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return wheel
END
cat >"$dir/backend.py" <<'END'
import os, subprocess
from wheels import write_wheel

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open("vendor.c", "w") as code:
        code.write("#include <mpi.h>\n#ifdef OPEN_MPI\nconst char vendor[] = \"Open MPI\";\n#endif\n")
    subprocess.run([os.environ["MPICC"], "-shared", "-fPIC", "-o", "vendor.so", "vendor.c"], check=True)
    with open("vendor.so", "rb") as built:
        library = built.read()
    loader = """import ctypes, os
library = ctypes.CDLL(os.path.join(os.path.dirname(__file__), "vendor.so"))
def get_vendor():
    return (ctypes.c_char * 9).in_dll(library, "vendor").value.decode(), (1, 0, 0)
"""
    return write_wheel(folder, "mpi4py", {"mpi4py/__init__.py": "class rc: pass\n", "mpi4py/MPI.py": loader,
                                          "mpi4py/vendor.so": library})
END
PYTHONPATH=$dir python3 -B - "$dir" <<'END'
import sys, tarfile
from pathlib import Path
from wheels import write_wheel
here = Path(sys.argv[1])
def offer(name, *files):
    (here / "index/simple" / name / "index.html").write_text("".join(f'<a href="{file}">{file}</a>' for file in files))
def folder(name):
    (here / "index/simple" / name).mkdir()
    return here / "index/simple" / name
offer("colour", write_wheel(folder("colour"), "colour", {"colour.py": "red = 1\n"}))
(here / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n')
(here / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: mpi4py\nVersion: 1.0\n")
with tarfile.open(folder("mpi4py") / "mpi4py-1.0.tar.gz", "w:gz") as source:
    for file in ("pyproject.toml", "PKG-INFO", "backend.py", "wheels.py"):
        source.add(here / file, f"mpi4py-1.0/{file}")
offer("mpi4py", write_wheel(here / "index/simple/mpi4py", "mpi4py", {"mpi4py/__init__.py": ""}), "mpi4py-1.0.tar.gz")
END

mkdir -p "$dir/home/ENV3"
venv plan colour
expect "a folder of the user's" \
  "1 /home/ENV3 is there, and clustermpi did not make it: move it away, or write another venv below [python]" "$status $err"
rmdir "$dir/home/ENV3"

printf '[global]\nindex-url = http://127.0.0.1:1/simple\n' >"$dir/pip.conf"
venv plan "of_Debian none"
expect "no index, nor Debian" "1 no package index answers, and Debian has no python3-none: take none out of packages \
below [python], or show pip a way to an index in /etc/pip.conf" "$status $err"
expect "what Debian has before that" "package python3-of-debian" "$out"
expect "the journal" "tree absent - $dir/home/ENV3 asked venv - python3-of-debian" "$(xargs <"$dir/state/journal")"
venv plan mpi4py mpi=mpich
expect "mpi4py for another MPI" "1 no package index answers, and Debian's python3-mpi4py is not for MPICH: take mpi4py \
out of packages below [python], or show pip a way to an index in /etc/pip.conf" "$status $err"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m http.server --bind 127.0.0.1 --directory "$dir/index" "$port" >"$dir/served" 2>&1 &
server=$!
printf '[global]\nindex-url = http://127.0.0.1:%s/simple\n' "$port" >"$dir/pip.conf"
for _ in {1..50}; do
  if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  sleep 0.1
done

venv plan "none"
expect "an index that does not have it, nor Debian" "1 no package index has none, and Debian has no python3-none: take \
none out of packages below [python], or show pip a way to an index in /etc/pip.conf" "$status $err"
venv plan "colour"
expect "from the index" "0 index colour made" "$status $out"
venv fill "colour" index=colour
expect "filled" "0 filled" "$status $out"
"$dir/home/ENV3/bin/python3" -c 'import colour' || fail "the package" "can be imported" "cannot"
venv plan "colour"
expect "again: nothing to do" "0 kept" "$status $out"
first=$(recorded)
expect "as it is recorded" "index:colour" "${first%,*}"

site=$(echo "$dir"/home/ENV3/lib/python3*/site-packages)
: >"$site/of_the_user.py"
expect "packages of the user's are no drift" "$first" "$(recorded)"
venv plan "colour"
expect "packages of the user's: nothing to do" kept "$out"

rm "$site/colour.py"
[[ $(recorded) != "$first" ]] || fail "a package broken by hand" "another state" "the same"
venv plan "colour"
expect "a package broken by hand" "index colour made" "$out"
venv fill "colour" index=colour
venv plan "colour"
expect "it is put right" "kept [colour.py]" "$out [$(cd "$site" && echo colour.p[y])]"

rm "$dir/home/ENV3/bin/python3"
expect "no Python" "-" "$(recorded)"
venv plan "colour"
venv fill "colour" index=colour
expect "no Python: made again" "0 filled" "$status $out"
[[ -e $site/of_the_user.py ]] || fail "what the user added" "is still there" "is gone"

venv plan "colour mpi4py"
expect "mpi4py needs a compiler" "index mpi4py package gcc package python3-dev package libopenmpi-dev made" "$out"
venv fill "colour mpi4py" index=mpi4py
expect "mpi4py is compiled for the MPI that is there" "0 filled" "$status $err$out"
[[ -e $site/mpi4py/vendor.so ]] || fail "mpi4py" "the source" "the wheel"
venv plan "colour mpi4py"
expect "mpi4py, again" "kept" "$out"
venv plan "colour mpi4py" mpi=mpich
expect "mpi4py for an MPI that is not the one any more" \
  "index mpi4py package gcc package python3-dev package libmpich-dev made" "$out"

venv plan ""
expect "a package that is not asked for any more" "made" "$out"
venv fill "" index=
venv plan ""
expect "is forgotten" "kept" "$out"

venv fill "nowhere" index=
expect "what does not come" "1 nowhere is installed, but the Python of /home/ENV3 does not find it" "$status $err"
venv fill "gone" index=gone
expect "what pip cannot bring" "1 pip cannot install gone: No matching distribution found for gone" "$status $err"
