// A virtual network for the app's way to storage. The app's own HTTP endpoint stays public, guarded by keys and Entra ID.

@description('Name of the network.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Address space.')
param addressPrefix string

@description('Prefix of the function subnet.')
param functionSubnetPrefix string

@description('Prefix of the endpoint subnet.')
param endpointSubnetPrefix string

var services = ['blob', 'queue', 'table']

resource vnet 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'functions'
        properties: {
          addressPrefix: functionSubnetPrefix
          // Flex Consumption asks for this delegation; register the provider Microsoft.App in the subscription first.
          delegations: [
            { name: 'functions', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointSubnetPrefix
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, i) in services: {
    parent: zones[i]
    name: '${name}-${service}'
    location: 'global'
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: vnet.id }
    }
  }
]

output functionSubnetId string = '${vnet.id}/subnets/functions'
output endpointSubnetId string = '${vnet.id}/subnets/endpoints'
output zones array = [for (service, i) in services: { service: service, id: zones[i].id }]
