// A multi-tenant application for collecting tenants other than the subscription's own. Its credential is the managed
// identity (federated: nothing to keep, nothing to rotate) or a certificate; no Key Vault in either case.
extension microsoftGraphV1

@description('Suffix of the names.')
param token string

@description('Object id of the managed identity that the app trusts.')
param identityPrincipalId string

@description('Trust the managed identity.')
param federated bool

@description('Cloud of the app.')
@allowed(['public', 'usgov', 'usgovdod', 'china'])
param m365Cloud string

@description('Public certificate, base64 of the DER, or empty.')
param certificate string

var apis = loadJsonContent('../permissions.json').apis
var permissions = loadJsonContent('../permissions.json').permissions
var graphRoles = map(filter(permissions, p => p.api == 'graph'), p => p.permission)
var activityRoles = map(filter(permissions, p => p.api == 'activity'), p => p.permission)

var tokenExchange = {
  public: 'api://AzureADTokenExchange'
  usgov: 'api://AzureADTokenExchangeUSGov'
  usgovdod: 'api://AzureADTokenExchangeUSGov'
  china: 'api://AzureADTokenExchangeChina'
}

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: apis.graph.appId
}

resource activity 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: apis.activity.appId
}

resource app 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: 'holdfast-${token}'
  displayName: 'holdfast'
  signInAudience: 'AzureADMultipleOrgs'
  // What an administrator of another tenant is shown, and asked to consent to.
  requiredResourceAccess: [
    {
      resourceAppId: apis.graph.appId
      resourceAccess: map(graphRoles, name => {
        id: filter(graph.appRoles, role => role.value == name)[0].id
        type: 'Role'
      })
    }
    {
      resourceAppId: apis.activity.appId
      resourceAccess: map(activityRoles, name => {
        id: filter(activity.appRoles, role => role.value == name)[0].id
        type: 'Role'
      })
    }
  ]
  keyCredentials: empty(certificate)
    ? []
    : [{ displayName: 'holdfast', type: 'AsymmetricX509Cert', usage: 'Verify', key: certificate }]

  resource trust 'federatedIdentityCredentials@v1.0' = if (federated) {
    name: '${app.uniqueName}/managed-identity'
    description: 'The managed identity that holdfast runs as'
    audiences: [tokenExchange[m365Cloud]]
    issuer: uri(environment().authentication.loginEndpoint, '${tenant().tenantId}/v2.0')
    subject: identityPrincipalId
  }
}

resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: app.appId
}

output clientId string = app.appId
output principalId string = principal.id
