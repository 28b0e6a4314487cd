#!/usr/bin/env sh
# Grants the application permissions of permissions.json to a service principal (the managed identity, or the app's own
# in another tenant). Idempotent: what is granted stays, what is missing is added, nothing is taken away.
#
# Needs: az, signed in to the tenant that is to be collected, as Privileged Role Administrator (or Global Administrator);
# and node, to read permissions.json. Graph's address is the one of az's current cloud.
set -eu
here=$(dirname "$0")

usage() {
  cat >&2 <<'END'
usage: grant-permissions.sh (--to OBJECT-ID | --app CLIENT-ID) [--feature collect|state] [--skip PERMISSION]... [--check]

  --to       object id of the service principal
  --app      client id instead; its service principal is looked up, and created where an app is new to the tenant
  --feature  only the permissions of one feature
  --skip     leave one out
  --check    change nothing; exit 1 if one is missing
END
  exit 2
}

principal='' app='' feature='' skip=' ' check=no
while [ $# -gt 0 ]; do
  case $1 in
    --check) check=yes; shift; continue ;;
    --to | --app | --feature | --skip) [ $# -ge 2 ] || usage ;;
    *) usage ;;
  esac
  case $1 in
    --to) principal=$2 ;;
    --app) app=$2 ;;
    --feature) feature=$2 ;;
    --skip) skip="$skip$2 " ;;
  esac
  shift 2
done
[ -n "$principal" ] || [ -n "$app" ] || usage

graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
graph=${graph%/}/v1.0

# Standard input is the list of permissions below; az must not read from it.
get() { az rest --method get --url "$graph/$1" --query "$2" --output tsv </dev/null; }
post() { az rest --method post --url "$graph/$1" --body "$2" --query id --output tsv </dev/null; }

# Object id of an application's service principal in this tenant; made if it is not there yet.
service_principal() {
  found=$(get "servicePrincipals?\$filter=appId%20eq%20'$1'&\$select=id" 'value[0].id')
  if [ -z "$found" ] && [ "$check" = no ]; then
    found=$(post servicePrincipals "{\"appId\":\"$1\"}")
  fi
  [ -n "$found" ] || { echo "no service principal for application $1 in this tenant" >&2; return 1; }
  echo "$found"
}

[ -n "$principal" ] || principal=$(service_principal "$app")

# "api<TAB>permission<TAB>app id of the api", one a line.
wanted=$(FEATURE="$feature" node -e '
  const { apis, permissions } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
  const wanted = permissions.filter((p) => !process.env.FEATURE || p.feature === process.env.FEATURE);
  wanted.sort((a, b) => a.api.localeCompare(b.api));
  for (const p of wanted) console.log([p.api, p.permission, apis[p.api].appId].join("\t"));
' "$here/permissions.json")
[ -n "$wanted" ] || { echo "no permission belongs to feature '$feature'" >&2; exit 2; }

granted=$(get "servicePrincipals/$principal/appRoleAssignments" 'value[].[resourceId, appRoleId]')
tab=$(printf '\t')

# A value in a pipe's loop would be lost, so the list is read from a here-document.
missing=0 added=0 kept=0 resource='' resource_app='' roles=''
while IFS="$tab" read -r api permission api_app; do
  case $skip in *" $permission "*) continue ;; esac
  if [ "$api_app" != "$resource_app" ]; then
    resource=$(service_principal "$api_app")
    resource_app=$api_app
    roles=$(get "servicePrincipals/$resource?\$select=appRoles" \
      "appRoles[?contains(allowedMemberTypes, 'Application')].[value, id]")
  fi
  role=$(printf '%s\n' "$roles" | awk -F "$tab" -v name="$permission" '$1 == name { print $2; exit }')
  if [ -z "$role" ]; then
    echo "absent   $api $permission: this cloud does not offer it" >&2
    missing=$((missing + 1))
  elif printf '%s\n' "$granted" | grep -qxF "$resource$tab$role"; then
    echo "granted  $api $permission"
    kept=$((kept + 1))
  elif [ "$check" = yes ]; then
    echo "missing  $api $permission"
    missing=$((missing + 1))
  elif post "servicePrincipals/$principal/appRoleAssignments" \
    "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$role\"}" >/dev/null; then
    echo "added    $api $permission"
    added=$((added + 1))
  else
    echo "refused  $api $permission" >&2
    missing=$((missing + 1))
  fi
done <<END
$wanted
END

echo "$kept granted before, $added added, $missing missing"
if [ "$added" -gt 0 ]; then
  # Tokens of a managed identity are cached by the platform, roles included.
  echo "A running app sees new permissions when its token is renewed, which may take up to a day."
fi
[ "$missing" -eq 0 ]
