// Private endpoints of one storage account: blob, queue, table.

@description('Account.')
param accountName string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Subnet of the endpoints.')
param subnetId string

@description('Private DNS zones: {service, id} each.')
param zones array

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: accountName
}

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for zone in zones: {
    name: 'pe-${accountName}-${zone.service}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: zone.service
          properties: {
            privateLinkServiceId: account.id
            groupIds: [zone.service]
          }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (zone, i) in zones: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        { name: zone.service, properties: { privateDnsZoneId: zone.id } }
      ]
    }
  }
]
