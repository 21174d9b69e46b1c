#!/usr/bin/env bash
# Turns the resolver's JSON (standard input) into NAME=value lines for inferenceService.yaml.
# Refuses a version whose run does not say what it was trained on.
set -euo pipefail

jq --raw-output '
  def tag(name): .tags[name] // error("run " + .run_id + " has no tag " + name +
    ": train the model with this repository'"'"'s train workflow");
  "MODEL_VERSION=\(.version)",
  "RUN_ID=\(.run_id)",
  "STORAGE_URI=\(.uri)",
  "GIT_COMMIT=\(tag("git.commit"))",
  "DATASET_NAME=\(tag("dataset.name"))",
  "DATASET_VERSION=\(tag("dataset.version"))",
  "DATASET_DIGEST=\(tag("dataset.digest"))"
' | while IFS= read -r line; do
  if [[ ! $line =~ ^[A-Z_]+=[A-Za-z0-9._:/@+=-]+$ ]]; then
    echo "lineage: refused \"$line\": values are letters, digits and ._:/@+=- only." >&2
    exit 1
  fi
  printf '%s\n' "$line"
done
