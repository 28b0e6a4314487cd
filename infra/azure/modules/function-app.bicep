// The function app on Flex Consumption, its settings, and (if asked for) Entra ID in front of it.

@description('Suffix of the names.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Host account.')
param hostAccountName string

@description('Evidence account.')
param evidenceAccountName string

@description('URL of the container that receives the deployed package.')
param deploymentContainerUrl string

@description('Connection string of Application Insights; an address, not a secret: ingestion takes Entra ID only.')
param applicationInsightsConnectionString string

@description('Subnet for outbound traffic, or empty.')
param subnetId string

@description('Node.js version.')
@allowed(['22', '24'])
param nodeVersion string

@description('Memory of one instance, MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('HTTP requests per instance.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

@description('Client id that protects the API, or empty.')
param apiClientId string

@description('Refuse callers without an Entra ID token.')
param apiRequireEntra bool

@description('Tenants, comma-separated.')
@minLength(36)
param tenantIds string

@description('Cloud of the tenants.')
@allowed(['public', 'usgov', 'usgovdod', 'china'])
param m365Cloud string

@description('Graph endpoint, or empty.')
param graphEndpoint string

@description('Management Activity API endpoint, or empty.')
param managementEndpoint string

@description('Sources, or empty for all.')
param sources string

@description('Days of back-fill.')
@minValue(0)
param backfillDays int

@description('Days a bundle is kept; the lifecycle policy deletes it then.')
@minValue(1)
param bundleRetentionDays int

@secure()
@description('Webhook, or empty.')
param alertWebhookUrl string

@description('Credential for Microsoft 365.')
@allowed(['default', 'federated', 'certificate'])
param m365Credential string

@description('Client id of the multi-tenant app, or empty.')
param m365ClientId string

@secure()
@description('PEM of the app\'s certificate, base64, or empty.')
param appCertificatePem string

@description('Further settings, merged last.')
param extraAppSettings object

var storageSuffix = environment().suffixes.storage
// The runtime completes an account name to the public cloud's host names, so elsewhere the three addresses are spelled out.
var byName = environment().name == 'AzureCloud'

func connection(name string, account string, suffix string, useName bool, clientId string) object =>
  union(
    { '${name}__credential': 'managedidentity', '${name}__clientId': clientId },
    useName
      ? { '${name}__accountName': account }
      : {
          '${name}__blobServiceUri': 'https://${account}.blob.${suffix}'
          '${name}__queueServiceUri': 'https://${account}.queue.${suffix}'
          '${name}__tableServiceUri': 'https://${account}.table.${suffix}'
        }
  )

var platformSettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // @azure/identity: this identity and no other, and no walk through credentials meant for workstations.
  AZURE_CLIENT_ID: identityClientId
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
  // A small heap: bundles and imports stream, and garbage of large buffers would otherwise wait for more memory.
  languageWorkers__node__arguments: '--max-semi-space-size=8 --max-old-space-size=1024'
  // glibc keeps a pool of freed memory for each thread that allocates; two pools are enough (npm run bench -- memory).
  MALLOC_ARENA_MAX: '2'
}

var productSettings = {
  TENANT_ID: tenantIds
  M365_CLOUD: m365Cloud
  M365_CREDENTIAL: m365Credential
  BACKFILL_DAYS: string(backfillDays)
  BUNDLE_RETENTION_DAYS: string(bundleRetentionDays)
}

// An empty setting is not the same as an absent one: what is not chosen is not set.
var chosenSettings = union(
  empty(sources) ? {} : { SOURCES: sources },
  empty(graphEndpoint) ? {} : { GRAPH_ENDPOINT: graphEndpoint },
  empty(managementEndpoint) ? {} : { MANAGEMENT_ENDPOINT: managementEndpoint },
  empty(m365ClientId) ? {} : { M365_CLIENT_ID: m365ClientId },
  // Without it the app would ask for a function key beside the token.
  apiRequireEntra ? { AUTH_MODE: 'entra' } : {},
  empty(alertWebhookUrl) ? {} : { ALERT_WEBHOOK_URL: alertWebhookUrl },
  empty(appCertificatePem) ? {} : { M365_CERTIFICATE: appCertificatePem }
)

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-holdfast-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: 'func-holdfast-${token}'
  location: location
  // azd finds the app of its service "holdfast" by this tag.
  tags: union(tags, { 'azd-service-name': 'holdfast' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      runtime: { name: 'node', version: nodeVersion }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // Nothing waits for a person: timers and queues may start cold, and an empty hour costs nothing.
        alwaysReady: []
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(
    connection('AzureWebJobsStorage', hostAccountName, storageSuffix, byName, identityClientId),
    connection('ARCHIVE_STORAGE', evidenceAccountName, storageSuffix, byName, identityClientId),
    platformSettings,
    productSettings,
    chosenSettings,
    extraAppSettings
  )
}

// Deployment by user name and password is off; azd and func deploy with Entra ID.
resource scmCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftpCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

// With authentication on, the platform itself sets X-MS-CLIENT-PRINCIPAL and drops what a caller sent under that name.
resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (!empty(apiClientId)) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: apiRequireEntra
      unauthenticatedClientAction: apiRequireEntra ? 'Return401' : 'AllowAnonymous'
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: apiClientId
          openIdIssuer: uri(environment().authentication.loginEndpoint, '${tenant().tenantId}/v2.0')
        }
        validation: {
          allowedAudiences: [apiClientId, 'api://${apiClientId}']
        }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
}

output name string = app.name
output apiUrl string = 'https://${app.properties.defaultHostName}/api'
