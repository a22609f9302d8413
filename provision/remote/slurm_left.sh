# Looks for processes with a word in their command line until there are none, ten seconds at most. The word is
# on stdin: as an argument it would be found as well. Prints left=COUNT.
read -r word
count() {
  # shellcheck disable=SC2062 # these are its files: the pattern comes from stdin
  printf '%s' "$word" | grep -lsF -f - /proc/[0-9]*/cmdline | wc -l
}
tries=50
while left=$(count) && [ "$left" -gt 0 ] && [ "$tries" -gt 0 ]; do
  sleep 0.2
  tries=$((tries - 1))
done
echo "left=$left"
