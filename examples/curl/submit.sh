#!/bin/sh
# Signs a manifest with openssl and posts it with curl; prints the answer: the evidence and its receipt.
#
#   ./submit.sh KEY.pem MODEL.tar.gz PRINCIPAL RUN_ID
#
# Environment: COUNTERSIGN_API, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary credentials,
# AWS_SESSION_TOKEN. Needs curl 7.76 or newer, openssl, and sha256sum.
set -eu

key=$1 model=$2 principal=$3 run_id=$4

digest=$(sha256sum "$model" | cut -d ' ' -f 1)
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# What is signed is the RFC 8785 form: no blanks, keys in order. Written like that here, it needs no tool to make it so.
manifest=$(printf '{"model":{"id":"%s","sha256":"%s"},"principal":"%s","run_id":"%s","stage":"training","timestamp":"%s"}' \
  "$(basename "$model")" "$digest" "$principal" "$run_id" "$now")
signature=$(printf %s "$manifest" | openssl dgst -sha256 -sign "$key" | openssl base64 -A)

# The signature joins as one more field. Credentials reach curl on standard input: its arguments are for every user to see.
{
  printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
  if [ -n "${AWS_SESSION_TOKEN:-}" ]; then printf 'header = "x-amz-security-token: %s"\n' "$AWS_SESSION_TOKEN"; fi
} | curl --silent --show-error --fail-with-body --config - \
  --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" \
  --header 'content-type: application/json' \
  --data-binary "${manifest%\}},\"signature\":\"cosign:$signature\"}" \
  "$COUNTERSIGN_API/v1/manifests"
