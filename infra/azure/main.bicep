// holdfast on Azure: one resource group, one Flex Consumption function app, two storage accounts.
//
// The evidence account holds nothing but evidence, so that its roles can be narrow and its retention can be locked.
// The host account holds what the Functions runtime keeps for itself, which needs broad rights on its own account.
targetScope = 'subscription'

@description('Name of this deployment; part of every resource name.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region. It must offer Flex Consumption: az functionapp list-flexconsumption-locations.')
@minLength(1)
param location string

// ---- what is collected -------------------------------------------------------------------------

@description('Microsoft 365 tenants to collect, comma-separated ids. Empty: the tenant of this subscription.')
param tenantIds string = ''

@description('Cloud of those tenants.')
@allowed(['public', 'usgov', 'usgovdod', 'china'])
param m365Cloud string = 'public'

@description('Overrides the Graph endpoint of the cloud. Normally empty.')
param graphEndpoint string = ''

@description('Overrides the Management Activity API endpoint of the cloud; GCC uses https://manage-gcc.office.com with cloud public.')
param managementEndpoint string = ''

@description('Sources to collect, comma-separated. Empty: all.')
param sources string = ''

@description('How far back a fresh deployment reaches, in days; cut to what Microsoft still keeps.')
@minValue(0)
@maxValue(3650)
param backfillDays int = 180

@secure()
@description('Webhook (Teams, Slack or any that takes JSON) for findings and coverage alerts. Empty: none.')
param alertWebhookUrl string = ''

@description('How tokens for Microsoft 365 are had. default: the managed identity, its own tenant only. federated: a multi-tenant app that trusts the managed identity, no secret anywhere. certificate: a multi-tenant app with a certificate.')
@allowed(['default', 'federated', 'certificate'])
param m365Credential string = 'default'

@description('Public part of the certificate (base64 of the DER), registered on the app. Only for certificate.')
param appCertificate string = ''

@secure()
@description('PEM with certificate and private key, base64. Only for certificate.')
param appCertificatePem string = ''

@description('Who grants the application permissions of permissions.json: the azd hook (script), this template through the Microsoft Graph extension (bicep), or nobody now (none).')
@allowed(['script', 'bicep', 'none'])
param permissionGrant string = 'script'

// ---- evidence ----------------------------------------------------------------------------------

@description('Redundancy of the evidence account.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS', 'Standard_RAGRS', 'Standard_RAGZRS'])
param archiveSku string = 'Standard_ZRS'

@description('unlocked: the template keeps an unlocked time-based retention policy on container archive. locked: the policy is or will be locked, and the template leaves it alone. off: none.')
@allowed(['unlocked', 'locked', 'off'])
param archiveImmutability string = 'unlocked'

@description('Days in which no blob of container archive can be changed or deleted.')
@minValue(1)
@maxValue(146000)
param archiveImmutabilityDays int = 365

@description('Days after which archive segments go to the cool tier. 0: never.')
@minValue(0)
@maxValue(99999)
param coolAfterDays int = 30

@description('Days after which archive segments go to the cold tier. 0: never.')
@minValue(0)
@maxValue(99999)
param coldAfterDays int = 90

@description('Days after which archived records are deleted. 0: never. Retention that is still running wins.')
@minValue(0)
@maxValue(99999)
param archiveDeleteAfterDays int = 0

@description('Days a finished bundle is kept.')
@minValue(1)
@maxValue(99999)
param bundleRetentionDays int = 90

@description('Days an uploaded file waits for its import.')
@minValue(1)
@maxValue(99999)
param uploadRetentionDays int = 7

@description('Days a deleted blob or container of the evidence account can be recovered.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 30

@description('Put a CanNotDelete lock on the evidence account. azd down then stops until it is removed, which is the point.')
param protectEvidence bool = true

@description('Let the app write to container archive through a role without delete. false: Storage Blob Data Contributor, for subscriptions where custom roles are forbidden.')
param archiveWithoutDelete bool = true

// ---- compute -----------------------------------------------------------------------------------

@description('Node.js version.')
@allowed(['22', '24'])
param nodeVersion string = '22'

@description('Memory of one instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Upper limit of instances, over all functions.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('HTTP requests that one instance serves at a time.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Application (client) id that protects the HTTP API through App Service authentication. Empty: function keys only.')
param apiClientId string = ''

@description('Refuse callers that have only a function key (AUTH_MODE entra). Needs apiClientId, or AUTH_AUDIENCE in extraAppSettings.')
param apiRequireEntra bool = false

@description('Further app settings, merged last.')
param extraAppSettings object = {}

// ---- network and operations --------------------------------------------------------------------

@description('Reach storage through private endpoints only.')
param privateNetwork bool = false

@description('Address space of the virtual network.')
param vnetAddressPrefix string = '10.70.0.0/24'

@description('Subnet of the function app, delegated to Microsoft.App/environments; /27 or larger.')
param functionSubnetPrefix string = '10.70.0.0/26'

@description('Subnet of the private endpoints.')
param endpointSubnetPrefix string = '10.70.0.64/26'

@description('Mail address that receives alerts. Empty: alert rules fire and are seen in the portal only.')
param alertEmail string = ''

@description('Thresholds that replace those of signals.json, by rule id.')
param alertThresholds object = {}

@description('Percentage of telemetry kept at ingestion.')
@minValue(1)
@maxValue(100)
param telemetrySamplingPercentage int = 100

@description('Daily ingestion cap of the Log Analytics workspace, in GB.')
@minValue(1)
@maxValue(1000)
param telemetryDailyCapGb int = 1

@description('Days that telemetry is kept.')
@minValue(30)
@maxValue(730)
param telemetryRetentionDays int = 90

@description('Tags of every resource.')
param tags object = {}

// ------------------------------------------------------------------------------------------------

var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName, product: 'holdfast' })
var collectedTenants = empty(tenantIds) ? subscription().tenantId : tenantIds
var withApp = m365Credential != 'default'

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: 'id-holdfast-${token}'
    location: location
    tags: allTags
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: 'vnet-holdfast-${token}'
    location: location
    tags: allTags
    addressPrefix: vnetAddressPrefix
    functionSubnetPrefix: functionSubnetPrefix
    endpointSubnetPrefix: endpointSubnetPrefix
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: allTags
    publisherPrincipalId: identity.outputs.principalId
    samplingPercentage: telemetrySamplingPercentage
    dailyCapGb: telemetryDailyCapGb
    retentionDays: telemetryRetentionDays
  }
}

module evidence 'modules/evidence.bicep' = {
  scope: group
  params: {
    accountName: take('sthf${token}', 24)
    location: location
    tags: allTags
    sku: archiveSku
    publicNetworkAccess: !privateNetwork
    immutability: archiveImmutability
    immutabilityDays: archiveImmutabilityDays
    coolAfterDays: coolAfterDays
    coldAfterDays: coldAfterDays
    deleteAfterDays: archiveDeleteAfterDays
    bundleRetentionDays: bundleRetentionDays
    uploadRetentionDays: uploadRetentionDays
    softDeleteDays: softDeleteDays
    protect: protectEvidence
    workspaceId: monitoring.outputs.workspaceId
  }
}

module hostStorage 'modules/host-storage.bicep' = {
  scope: group
  params: {
    accountName: take('sthfhost${token}', 24)
    location: location
    tags: allTags
    publicNetworkAccess: !privateNetwork
  }
}

module access 'modules/access.bicep' = {
  scope: group
  params: {
    principalId: identity.outputs.principalId
    evidenceAccountName: evidence.outputs.accountName
    hostAccountName: hostStorage.outputs.accountName
    archiveWithoutDelete: archiveWithoutDelete
  }
}

module evidenceEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  scope: group
  params: {
    accountName: evidence.outputs.accountName
    location: location
    tags: allTags
    subnetId: network!.outputs.endpointSubnetId
    zones: network!.outputs.zones
  }
}

module hostEndpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  scope: group
  params: {
    accountName: hostStorage.outputs.accountName
    location: location
    tags: allTags
    subnetId: network!.outputs.endpointSubnetId
    zones: network!.outputs.zones
  }
}

module tenantApp 'modules/tenant-app.bicep' = if (withApp) {
  scope: group
  params: {
    token: token
    identityPrincipalId: identity.outputs.principalId
    federated: m365Credential == 'federated'
    m365Cloud: m365Cloud
    certificate: appCertificate
  }
}

module permissions 'modules/permissions.bicep' = if (permissionGrant == 'bicep') {
  scope: group
  params: {
    principalId: withApp ? tenantApp!.outputs.principalId : identity.outputs.principalId
  }
}

module app 'modules/function-app.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: allTags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostAccountName: hostStorage.outputs.accountName
    evidenceAccountName: evidence.outputs.accountName
    deploymentContainerUrl: hostStorage.outputs.deploymentContainerUrl
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    subnetId: privateNetwork ? network!.outputs.functionSubnetId : ''
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    apiClientId: apiClientId
    apiRequireEntra: apiRequireEntra
    tenantIds: collectedTenants
    m365Cloud: m365Cloud
    graphEndpoint: graphEndpoint
    managementEndpoint: managementEndpoint
    sources: sources
    backfillDays: backfillDays
    bundleRetentionDays: bundleRetentionDays
    alertWebhookUrl: alertWebhookUrl
    m365Credential: m365Credential
    m365ClientId: withApp ? tenantApp!.outputs.clientId : ''
    appCertificatePem: appCertificatePem
    extraAppSettings: extraAppSettings
  }
  // The app reads its package and its host storage with these roles as soon as it starts.
  dependsOn: [access]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
    thresholds: alertThresholds
  }
}

// azd writes these into its environment, where the hooks and later commands find them.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output HOLDFAST_FUNCTION_APP string = app.outputs.name
output HOLDFAST_API_URL string = app.outputs.apiUrl
output HOLDFAST_EVIDENCE_ACCOUNT string = evidence.outputs.accountName
output HOLDFAST_IDENTITY_CLIENT_ID string = identity.outputs.clientId
output HOLDFAST_GRANT_TO string = withApp ? tenantApp!.outputs.principalId : identity.outputs.principalId
output HOLDFAST_PERMISSION_GRANT string = permissionGrant
output HOLDFAST_ARCHIVE_IMMUTABILITY string = archiveImmutability
output HOLDFAST_APP_CLIENT_ID string = withApp ? tenantApp!.outputs.clientId : ''
output HOLDFAST_COLLECTED_TENANTS string = collectedTenants
