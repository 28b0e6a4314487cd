// One scheduled query per rule of signals.json, and activity-log alerts on acts that no one should do unseen.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Workspace that the rules query.')
param workspaceId string

@description('Receiver, or empty.')
param email string

@description('Thresholds by rule id, instead of those of signals.json.')
param thresholds object

var groupId = resourceGroup().id
var rules = loadJsonContent('../signals.json').rules

var watchedActs = [
  { id: 'account-deleted', operation: 'Microsoft.Storage/storageAccounts/delete' }
  {
    id: 'retention-removed'
    operation: 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/delete'
  }
  {
    id: 'retention-changed'
    operation: 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/write'
  }
  { id: 'lifecycle-changed', operation: 'Microsoft.Storage/storageAccounts/managementPolicies/write' }
  { id: 'lock-removed', operation: 'Microsoft.Authorization/locks/delete' }
]

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-holdfast'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'holdfast'
    enabled: true
    emailReceivers: empty(email)
      ? []
      : [{ name: 'operator', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource queryRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'holdfast-${rule.id}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'holdfast: ${rule.title}'
      description: '${rule.meaning} What to do: infra/README.md, "What to do in each alert", ${rule.id}.'
      enabled: true
      severity: rule.severity
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      autoMitigate: true
      // The tables may still be empty on the day of deployment.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: rule.aggregation
            metricMeasureColumn: rule.?column
            dimensions: map(rule.dimensions, name => { name: name, operator: 'Include', values: ['*'] })
            operator: rule.operator
            threshold: contains(thresholds, rule.id) ? thresholds[rule.id] : rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [receivers.id] }
    }
  }
]

resource actRules 'Microsoft.Insights/activityLogAlerts@2020-10-01' = [
  for act in watchedActs: {
    name: 'holdfast-${act.id}'
    location: 'global'
    tags: tags
    properties: {
      description: 'Someone did ${act.operation} in the resource group of holdfast.'
      enabled: true
      scopes: [groupId]
      condition: {
        allOf: [
          { field: 'category', equals: 'Administrative' }
          { field: 'operationName', equals: act.operation }
        ]
      }
      actions: { actionGroups: [{ actionGroupId: receivers.id }] }
    }
  }
]
