// Exactly the data-plane roles that the app uses, each at the narrowest scope that Azure accepts for it.

@description('Object id of the app\'s identity.')
param principalId string

@description('Evidence account.')
param evidenceAccountName string

@description('Host account.')
param hostAccountName string

@description('Role without delete on container archive.')
param archiveWithoutDelete bool

// Built-in roles, by their documented ids: the same in every Azure cloud.
var roles = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  blobDelegator: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

resource evidenceAccount 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: evidenceAccountName
}

resource evidenceBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' existing = {
  parent: evidenceAccount
  name: 'default'
}

resource archive 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = {
  parent: evidenceBlobs
  name: 'archive'
}

resource bundles 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = {
  parent: evidenceBlobs
  name: 'bundles'
}

resource uploads 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = {
  parent: evidenceBlobs
  name: 'uploads'
}

resource hostAccount 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: hostAccountName
}

// The app adds to the archive and reads it. It never deletes there, so neither may a flaw in it.
var groupId = resourceGroup().id
var archiveWriterId = guid(groupId, 'holdfast-archive-writer')

resource archiveWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (archiveWithoutDelete) {
  name: archiveWriterId
  properties: {
    roleName: 'holdfast archive writer (${resourceGroup().name})'
    description: 'Reads and creates blobs in the archive container; deletes none.'
    type: 'CustomRole'
    assignableScopes: [groupId]
    permissions: [
      {
        // containers/write answers "exists already" to a create-if-absent; it can neither delete the container nor reach
        // its retention policy, which are actions of their own.
        actions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/write'
        ]
        notActions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
        notDataActions: []
      }
    ]
  }
}

var archiveRole = archiveWithoutDelete ? archiveWriterId : roles.blobDataContributor

resource archiveAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(archive.id, principalId, archiveRole)
  scope: archive
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', archiveRole)
  }
  dependsOn: [archiveWriter]
}

// Bundles are rebuilt and cancelled, uploads are removed after their import: both need delete.
resource bundlesAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(bundles.id, principalId, roles.blobDataContributor)
  scope: bundles
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}

resource uploadsAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(uploads.id, principalId, roles.blobDataContributor)
  scope: uploads
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}

// Only asks for a user delegation key, which opens no more than the identity itself may do. Exists per account only.
resource delegation 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(evidenceAccount.id, principalId, roles.blobDelegator)
  scope: evidenceAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDelegator)
  }
}

// Queues and tables of this account are all holdfast's; the index may be dropped and rebuilt, which takes the account scope.
resource queueAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(evidenceAccount.id, principalId, roles.queueDataContributor)
  scope: evidenceAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataContributor)
  }
}

resource tableAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(evidenceAccount.id, principalId, roles.tableDataContributor)
  scope: evidenceAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
  }
}

// What the Functions host asks for on AzureWebJobsStorage: it creates containers and takes leases (owner), and it keeps
// diagnostic events in a table. No evidence is in this account.
resource hostAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [roles.blobDataOwner, roles.queueDataContributor, roles.tableDataContributor]: {
    name: guid(hostAccount.id, principalId, role)
    scope: hostAccount
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]
