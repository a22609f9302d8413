# Decodes credentials of munge that other hosts made. Stdin has a line `HOST CREDENTIAL` for each;
# prints `HOST ` and nothing more where it can be decoded, else what unmunge says.
LC_ALL=C
export LC_ALL
while read -r host credential; do
  said=$(printf '%s' "$credential" | timeout 10 unmunge 2>&1 >/dev/null) && said=
  printf '%s %s\n' "$host" "$(printf '%s' "$said" | tr '\n' ' ')"
done
