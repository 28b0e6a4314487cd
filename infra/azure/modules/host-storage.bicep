// What the Functions runtime keeps for itself: its leases, its timers' locks, its keys, and the deployed package.

@description('Account name.')
param accountName string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Reachable from the internet (always with Entra ID tokens), or through private endpoints only.')
param publicNetworkAccess bool

var deploymentContainer = 'deployments'

module account 'storage-account.bicep' = {
  params: {
    name: accountName
    location: location
    tags: tags
    sku: 'Standard_LRS'
    publicNetworkAccess: publicNetworkAccess
    softDeleteDays: 7
  }
}

resource deployments 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' = {
  name: '${accountName}/default/${deploymentContainer}'
  properties: { publicAccess: 'None' }
  dependsOn: [account]
}

output accountName string = account.outputs.name
output deploymentContainerUrl string = '${account.outputs.blobEndpoint}${deploymentContainer}'
