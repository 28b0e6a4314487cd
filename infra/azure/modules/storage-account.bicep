// A storage account as both of ours must be: Entra ID only, TLS 1.2, nothing public.

@description('Account name.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Redundancy.')
param sku string

@description('Reachable from the internet (always with Entra ID tokens), or through private endpoints only.')
param publicNetworkAccess bool

@description('Days a deleted blob or container can be recovered.')
@minValue(1)
@maxValue(365)
param softDeleteDays int

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    // No account key opens anything: every access is a named identity, and shows as one in the logs. It also leaves only
    // user delegation SAS, which is short-lived and bound to the identity that asked for it.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    // Replication into a foreign tenant would be a way out for evidence.
    allowCrossTenantReplication: false
    isLocalUserEnabled: false
    isSftpEnabled: false
    publicNetworkAccess: publicNetworkAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      defaultAction: publicNetworkAccess ? 'Allow' : 'Deny'
      bypass: 'None'
    }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = {
  parent: account
  name: 'default'
  properties: {
    // These switches belong to the account, so they cover every container. Where a retention policy runs, nothing can be
    // deleted and soft delete has nothing to do; it protects the other containers, and archived blobs past their retention.
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    // Off on purpose: archive blobs are written once, and container-level immutability does not need versions.
    isVersioningEnabled: false
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-08-01' = {
  parent: account
  name: 'default'
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-08-01' = {
  parent: account
  name: 'default'
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
