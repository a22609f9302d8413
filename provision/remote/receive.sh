# Takes one file from stdin. Arguments: path, SHA-256 in hex, octal mode. The old file stays until the new
# one is whole and checked.
set -u
umask 077
path=$1 digest=$2 mode=$3
temporary=$path.clustermpi.$$
trap 'rm -f "$temporary" 2>/dev/null' EXIT
mkdir -p "$(dirname "$path")" || exit 1
cat >"$temporary" || exit 1
found=$(sha256sum <"$temporary") || exit 1
if [ "${found%% *}" != "$digest" ]; then
  echo "what arrived is not what was sent" >&2
  exit 1
fi
chmod "$mode" "$temporary" && sync "$temporary" && mv -f "$temporary" "$path"
