#!/usr/bin/env sh
# After azd provision: grant the application permissions, and lock the archive where that was asked for.
# azd puts its environment (the outputs of main.bicep among it) into ours.
set -eu
here=$(dirname "$0")/..

if [ "${HOLDFAST_PERMISSION_GRANT:-script}" = script ]; then
  status=0
  "$here/grant-permissions.sh" --to "$HOLDFAST_GRANT_TO" || status=$?
  if [ "$status" -ne 0 ]; then
    # The person who may deploy is often not the one who may consent. The deployment stands; collection waits.
    echo "The permissions are not complete. An administrator who may consent runs:" >&2
    echo "  infra/azure/grant-permissions.sh --to $HOLDFAST_GRANT_TO" >&2
  fi
fi

if [ "${HOLDFAST_ARCHIVE_IMMUTABILITY:-unlocked}" = locked ]; then
  "$here/lock-archive.sh" --group "$AZURE_RESOURCE_GROUP" --account "$HOLDFAST_EVIDENCE_ACCOUNT" \
    --confirm "${HOLDFAST_LOCK_CONFIRM:-}"
fi
