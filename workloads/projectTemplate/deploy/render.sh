#!/usr/bin/env bash
# Prints a manifest with its ${NAME} variables filled from the environment.
# Refuses a value that is unset, or that could change the manifest's structure or a command line.
set -euo pipefail

file=$1
names=$(grep -o '\${[A-Z][A-Z0-9_]*}' "$file" | tr -d '${}' | sort -u)
refused=0
for name in $names; do
  value=${!name-}
  if [[ ! $value =~ ^[A-Za-z0-9._:/@+=-]+$ ]]; then
    echo "render: $name for $file must be letters, digits and ._:/@+=-, got \"$value\". Set it." >&2
    refused=1
  fi
done
[[ $refused == 0 ]] || exit 1

text=$(<"$file")
for name in $names; do
  text=${text//"\${$name}"/"${!name}"}
done
printf '%s\n' "$text"
