// Application permissions through the Microsoft Graph extension. Whoever deploys this needs the right to grant them
// (Privileged Role Administrator, or AppRoleAssignment.ReadWrite.All with Application.Read.All). Otherwise: the script.
extension microsoftGraphV1

@description('Object id of the service principal (managed identity or app) that receives the permissions.')
param principalId string

var apis = loadJsonContent('../permissions.json').apis
var permissions = loadJsonContent('../permissions.json').permissions
var graphRoles = map(filter(permissions, p => p.api == 'graph'), p => p.permission)
var activityRoles = map(filter(permissions, p => p.api == 'activity'), p => p.permission)

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: apis.graph.appId
}

resource activity 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: apis.activity.appId
}

// Role ids are looked up by name in the tenant, so no id is copied from anywhere.
resource graphGrants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for name in graphRoles: {
    resourceId: graph.id
    principalId: principalId
    appRoleId: filter(graph.appRoles, role => role.value == name)[0].id
  }
]

resource activityGrants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for name in activityRoles: {
    resourceId: activity.id
    principalId: principalId
    appRoleId: filter(activity.appRoles, role => role.value == name)[0].id
  }
]
