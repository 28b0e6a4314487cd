// Telemetry: one workspace, one Application Insights component, both with Entra ID ingestion only.

@description('Suffix of the names.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Object id of the identity that sends telemetry.')
param publisherPrincipalId string

@description('Percentage kept at ingestion.')
@minValue(1)
@maxValue(100)
param samplingPercentage int

@description('Daily cap, GB.')
@minValue(1)
param dailyCapGb int

@description('Days kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-holdfast-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    // When the cap is reached, telemetry stops until the next day. The heartbeat rule fires then, as it must.
    workspaceCapping: { dailyQuotaGb: dailyCapGb }
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-holdfast-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    SamplingPercentage: samplingPercentage
    DisableLocalAuth: true
  }
}

resource publisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, publisherPrincipalId, monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: publisherPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

output workspaceId string = workspace.id
output connectionString string = insights.properties.ConnectionString
