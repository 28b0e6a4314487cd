#!/usr/bin/env sh
# Locks the retention policy of container archive. ONE-WAY: no one, Microsoft's support included, can unlock it. After
# that the days can only grow (five times), no blob can be changed or deleted before its time, and neither the container
# nor the storage account can be deleted while a blob is in it. Storage is paid for until then.
set -eu

usage() {
  echo "usage: lock-archive.sh --group NAME --account NAME [--confirm NAME-OF-THE-ACCOUNT]" >&2
  exit 2
}

group='' account='' confirm=''
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
    --group) group=$2 ;;
    --account) account=$2 ;;
    --confirm) confirm=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[ -n "$group" ] && [ -n "$account" ] || usage

policy() {
  az storage container immutability-policy show --resource-group "$group" --account-name "$account" \
    --container-name archive --query "$1" --output tsv
}

state=$(policy state)
days=$(policy immutabilityPeriodSinceCreationInDays)

case $state in
  Locked)
    echo "Container archive of $account is locked, $days days."
    exit 0
    ;;
  Unlocked) ;;
  *)
    echo "Container archive of $account has no retention policy. Provision once with archiveImmutability=unlocked." >&2
    exit 1
    ;;
esac

if [ "$confirm" != "$account" ]; then
  echo "Not locked. This cannot be undone: $days days for every blob, and the account stays until the last has passed." >&2
  echo "To go on, name the account: --confirm $account (with azd: azd env set HOLDFAST_LOCK_CONFIRM $account)" >&2
  exit 1
fi

# The ETag makes sure that what is locked is what was just read.
az storage container immutability-policy lock --resource-group "$group" --account-name "$account" \
  --container-name archive --if-match "$(policy etag)" --output none
[ "$(policy state)" = Locked ]
echo "Container archive of $account is locked, $days days."
