// The evidence account: archive, bundles, uploads, queues and tables of holdfast.

@description('Account name.')
param accountName string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Redundancy.')
param sku string

@description('Reachable from the internet (always with Entra ID tokens), or through private endpoints only.')
param publicNetworkAccess bool

@description('State of the retention policy on container archive.')
@allowed(['unlocked', 'locked', 'off'])
param immutability string

@description('Days of retention.')
@minValue(1)
@maxValue(146000)
param immutabilityDays int

@description('Days until cool; 0 never.')
@minValue(0)
param coolAfterDays int

@description('Days until cold; 0 never.')
@minValue(0)
param coldAfterDays int

@description('Days until deletion of archived records; 0 never.')
@minValue(0)
param deleteAfterDays int

@description('Days a bundle is kept.')
@minValue(1)
param bundleRetentionDays int

@description('Days an upload is kept.')
@minValue(1)
param uploadRetentionDays int

@description('Days a deleted blob can be recovered.')
@minValue(1)
@maxValue(365)
param softDeleteDays int

@description('Put a CanNotDelete lock on the account.')
param protect bool

@description('Log Analytics workspace that receives the log of deletions.')
param workspaceId string

// Each queue has its poison queue from the start, so that an alert or a person can look at it before the first failure.
var workQueues = ['collect-window', 'index-segment', 'build-bundle', 'run-detection', 'import-file']
var queueNames = concat(workQueues, map(workQueues, name => '${name}-poison'))
var tableNames = ['slices', 'sessions', 'users', 'windows', 'findings', 'budgets']
var openContainers = ['bundles', 'uploads']

module account 'storage-account.bicep' = {
  params: {
    name: accountName
    location: location
    tags: tags
    sku: sku
    publicNetworkAccess: publicNetworkAccess
    softDeleteDays: softDeleteDays
  }
}

resource archive 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = {
  name: '${accountName}/default/archive'
  properties: { publicAccess: 'None' }
  dependsOn: [account]
}

// A policy is created unlocked and can be locked only by an action, never by a template: see lock-archive.sh.
// Once it is locked (parameter 'locked') the template must not touch it, since any other write to it is refused.
resource retention 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-08-01' = if (immutability == 'unlocked') {
  parent: archive
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: immutabilityDays
    // All of the archive, the access log too, is block blobs that are written once: nothing is ever appended to.
    allowProtectedAppendWrites: false
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = [
  for name in openContainers: {
    name: '${accountName}/default/${name}'
    properties: { publicAccess: 'None' }
    dependsOn: [account]
  }
]

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-08-01' = [
  for name in queueNames: {
    name: '${accountName}/default/${name}'
    dependsOn: [account]
  }
]

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-08-01' = [
  for name in tableNames: {
    name: '${accountName}/default/${name}'
    dependsOn: [account]
  }
]

var toCool = coolAfterDays > 0 ? { tierToCool: { daysAfterModificationGreaterThan: coolAfterDays } } : {}
var toCold = coldAfterDays > 0 ? { tierToCold: { daysAfterModificationGreaterThan: coldAfterDays } } : {}
var toNothing = deleteAfterDays > 0 ? { delete: { daysAfterModificationGreaterThan: deleteAfterDays } } : {}
var archiveActions = union(toCool, toCold, toNothing)

// Setting a tier is allowed under a retention policy. The archive tier is left out: a bundle must not wait 15 hours.
// Seals (archive/seals) stay hot: they are small, and every verification reads them.
var archiveRules = empty(archiveActions)
  ? []
  : [
      {
        name: 'archive-ages'
        enabled: true
        type: 'Lifecycle'
        definition: {
          filters: { blobTypes: ['blockBlob'], prefixMatch: ['archive/v1'] }
          actions: { baseBlob: archiveActions }
        }
      }
    ]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-08-01' = {
  name: '${accountName}/default'
  properties: {
    policy: {
      rules: concat(archiveRules, [
        {
          name: 'bundles-expire'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['bundles/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: bundleRetentionDays } } }
          }
        }
        {
          name: 'uploads-expire'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob', 'appendBlob'], prefixMatch: ['uploads/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: uploadRetentionDays } } }
          }
        }
      ])
    }
  }
  dependsOn: [archive, containers]
}

resource existingAccount 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: accountName
}

resource existingBlobService 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' existing = {
  parent: existingAccount
  name: 'default'
}

// Who tried to delete what. Reads and writes are left out: the app's own traffic would drown it, and be paid for.
resource deletions 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'deletions'
  scope: existingBlobService
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
  dependsOn: [account]
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (protect) {
  name: 'evidence'
  scope: existingAccount
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds audit evidence. See infra/README.md, off-boarding, before you remove this lock.'
  }
  dependsOn: [archive, containers, queues, tables, lifecycle]
}

output accountName string = account.outputs.name
