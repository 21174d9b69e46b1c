#!/usr/bin/env bash
# Puts a fresh token of this GitHub job where kubelogin looks for it (AZURE_FEDERATED_TOKEN_FILE).
# The token that azure/login took is good for minutes and its Azure session for about an hour;
# training takes longer (AADSTS700024).
set -euo pipefail

# The request's own credential goes by standard input, out of the process list.
printf 'header = "Authorization: bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
  curl --config - --silent --show-error --fail --retry 3 \
    "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=api://AzureADTokenExchange" |
  jq --exit-status --raw-output '.value' > "$AZURE_FEDERATED_TOKEN_FILE"
