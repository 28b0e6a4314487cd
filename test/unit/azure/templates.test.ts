import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showProblem } from '../../../infra/azure/check/problem.ts';
import { checkProject, checkTemplates, parameterFileProblems } from '../../../infra/azure/check/project.ts';
import { parseTemplate } from '../../../infra/azure/check/template.ts';
import { checkWith, json, ROOT, SCHEMAS, schemasAtHand, text } from './project.ts';

describe('the deployment folder', () => {
  it('has no problem', async () => {
    const report = await checkProject({ root: ROOT, schemas: SCHEMAS });
    expect(report.problems.map(showProblem)).toEqual([]);
    expect(report.schemasFound).toBe(schemasAtHand);
  });

  it('is checked without ARM schemas too, and says what then was not', async () => {
    const report = await checkProject({ root: ROOT, schemas: join(ROOT, 'no-such-folder') });
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ schemasFound: false, checked: 0 });
    expect(report.unchecked).toContain('Microsoft.Storage/storageAccounts@2025-08-01');
  });

  it('names a required parameter that main.parameters.json forgets, and one it invents', async () => {
    const main = await parseTemplate('main.bicep', text('infra', 'azure', 'main.bicep'));
    const problems = parameterFileProblems(
      'p',
      new Map([
        ['colour', 'x'],
        ['location', '${A}-${B}'],
      ]),
      main,
    );
    expect(problems.map((p) => p.message)).toEqual([
      "main.bicep has no parameter 'colour'",
      "'location' is not one plain variable: ${A}-${B}",
      "'environmentName' is not given",
    ]);
  });
});

describe('planted faults', () => {
  const faults: [name: string, file: string, from: string, to: string, found: RegExp][] = [
    ['syntax error', 'modules/identity.bicep', 'location: location', 'location location', /syntax/],
    ['missing brace', 'modules/identity.bicep', 'tags: tags\n}', 'tags: tags\n', /syntax/],
    ['unknown name', 'modules/evidence.bicep', 'sku: sku', 'sku: skuu', /unknown name 'skuu'/],
    ['unknown function', 'main.bicep', 'uniqueString(', 'uniqueStrin(', /unknown function 'uniqueStrin'/],
    [
      'name of another scope',
      'modules/function-app.bicep',
      "'${name}__clientId': clientId",
      "'${name}__clientId': identityClientId",
      /unknown name 'identityClientId'/,
    ],
    [
      'unused parameter',
      'modules/network.bicep',
      'addressPrefixes: [addressPrefix]',
      "addressPrefixes: ['10.0.0.0/8']",
      /'addressPrefix' is declared and never used/,
    ],
    [
      'declared twice',
      'modules/monitoring.bicep',
      'param token string',
      "param token string\n\n@description('again')\nparam token string",
      /declared twice/,
    ],
    [
      'missing module parameter',
      'main.bicep',
      '    softDeleteDays: softDeleteDays\n',
      '',
      /not given 'softDeleteDays'/,
    ],
    [
      'unknown module parameter',
      'main.bicep',
      'softDeleteDays: softDeleteDays',
      'softDeleteDay: softDeleteDays',
      /no parameter 'softDeleteDay'/,
    ],
    [
      'type of a module parameter',
      'main.bicep',
      'protect: protectEvidence',
      'protect: tenantIds',
      /string given, bool declared/,
    ],
    [
      'type through an output',
      'main.bicep',
      'zones: network!.outputs.zones',
      'zones: network!.outputs.functionSubnetId',
      /string given, array declared/,
    ],
    [
      "value out of a module's list",
      'main.bicep',
      'immutability: archiveImmutability',
      "immutability: 'Locked'",
      /Locked is not among/,
    ],
    [
      "list wider than the module's",
      'main.bicep',
      "@allowed(['unlocked', 'locked', 'off'])",
      "@allowed(['unlocked', 'locked', 'off', 'soft'])",
      /does not allow soft/,
    ],
    [
      'unknown output',
      'main.bicep',
      'identity.outputs.clientId',
      'identity.outputs.client',
      /no output 'client'/,
    ],
    [
      'missing template',
      'main.bicep',
      "'modules/alerts.bicep'",
      "'modules/alarms.bicep'",
      /no template modules\/alarms.bicep/,
    ],
    [
      'missing scope',
      'main.bicep',
      "module alerts 'modules/alerts.bicep' = {\n  scope: group\n",
      "module alerts 'modules/alerts.bicep' = {\n",
      /needs a scope/,
    ],
    [
      'token demanded in front of the app, and a key in it',
      'modules/function-app.bicep',
      "  apiRequireEntra ? { AUTH_MODE: 'entra' } : {},\n",
      '',
      /'apiRequireEntra' makes the platform demand a token, but no setting AUTH_MODE/,
    ],
    [
      'a setting AUTH_MODE that follows another parameter',
      'modules/function-app.bicep',
      'apiRequireEntra ? { AUTH_MODE',
      'empty(apiClientId) ? { AUTH_MODE',
      /no setting AUTH_MODE 'entra' follows it/,
    ],
    ['missing file', 'modules/alerts.bicep', '../signals.json', '../signal.json', /loadJsonContent.*ENOENT/],
    [
      'decorator on the wrong type',
      'main.bicep',
      '@minValue(0)\n@maxValue(3650)',
      '@minLength(0)\n@maxValue(3650)',
      /@minLength does not fit type int/,
    ],
    ['unknown decorator', 'main.bicep', '@secure()', '@secret()', /unknown decorator 'secret'/],
    [
      'default out of range',
      'main.bicep',
      'param softDeleteDays int = 30',
      'param softDeleteDays int = 400',
      /400 is above maxValue 365/,
    ],
    [
      'default not allowed',
      'main.bicep',
      "param m365Cloud string = 'public'",
      "param m365Cloud string = 'gov'",
      /gov is not among/,
    ],
    [
      'no description',
      'main.bicep',
      "@description('Tags of every resource.')\n",
      '',
      /'tags' has no description/,
    ],
    [
      'secret with a default',
      'main.bicep',
      "param alertWebhookUrl string = ''",
      "param alertWebhookUrl string = 'https://x'",
      /must not have a default/,
    ],
    [
      'secret in an output',
      'main.bicep',
      'string = archiveImmutability',
      'string = alertWebhookUrl',
      /gives away a secure parameter/,
    ],
    [
      'extension not configured',
      'modules/permissions.bicep',
      'extension microsoftGraphV1',
      'extension microsoftGraphV2',
      /not in bicepconfig.json/,
    ],
    [
      'no resource type',
      'modules/identity.bicep',
      "'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30'",
      "'userAssignedIdentities'",
      /not a resource type/,
    ],
  ];

  it.each(faults)('finds: %s', async (_, file, from, to, found) => {
    const report = await checkWith(file, from, to);
    expect(report.problems.map((p) => p.message)).toEqual(
      expect.arrayContaining([expect.stringMatching(found)]),
    );
    // And says where: every problem lies in the changed file, or in one that uses it.
    expect(report.problems.map((p) => p.file)).toContain(file);
  });
});

// The shape check, on schemas of our own, so that it is tested wherever the project is cloned.
describe('shapes', () => {
  let folder = '';

  const SCHEMA = {
    resourceDefinitions: {
      box: {
        properties: {
          type: { enum: ['Microsoft.Test/boxes'] },
          apiVersion: { enum: ['2024-01-01'] },
          name: { type: 'string' },
          properties: { oneOf: [{ $ref: '#/definitions/Box' }, { $ref: 'https://x/expression' }] },
        },
        required: ['name', 'properties', 'type', 'apiVersion'],
        type: 'object',
      },
    },
    definitions: {
      Box: {
        properties: {
          color: { oneOf: [{ enum: ['Red', 'Blue'], type: 'string' }, { $ref: 'https://x/expression' }] },
          size: { type: 'integer', minimum: 1, maximum: 9 },
          parts: { type: 'array', items: { $ref: '#/definitions/Part' } },
          tags: { type: 'object', additionalProperties: { type: 'string' } },
        },
        required: ['size'],
        type: 'object',
      },
      Part: { properties: { id: { type: 'string' } }, required: ['id'], type: 'object' },
    },
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-schemas-'));
    await writeFile(join(folder, '2024-01-01_Microsoft.Test.json'), JSON.stringify(SCHEMA));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const check = async (properties: string, before = ''): Promise<string[]> => {
    const source = `${before}
resource box 'Microsoft.Test/boxes@2024-01-01' = {
  name: 'b'
  properties: ${properties}
}
`;
    const report = await checkTemplates([await parseTemplate('t.bicep', source)], json, folder);
    return report.problems.map((p) => p.message);
  };

  it('accepts what fits, and whatever only Azure can tell', async () => {
    expect(await check("{ size: 3, color: 'Red', parts: [{ id: 'a' }], tags: { any: 'x' } }")).toEqual([]);
    expect(await check('{ size: int(resourceGroup().name), color: subscription().displayName }')).toEqual([]);
  });

  it.each([
    [
      'misspelled property',
      "{ size: 3, colour: 'Red' }",
      'Microsoft.Test/boxes.properties.colour is not a known property',
    ],
    [
      'wrong enum',
      "{ size: 3, color: 'Green' }",
      'Microsoft.Test/boxes.properties.color must be one of Red, Blue, not "Green"',
    ],
    ['wrong type', "{ size: 'three' }", 'Microsoft.Test/boxes.properties.size must be integer, not "three"'],
    ['out of range', '{ size: 10 }', 'Microsoft.Test/boxes.properties.size must be at most 9'],
    ['missing', '{}', 'Microsoft.Test/boxes.properties.size is missing'],
    [
      'deep in a list',
      '{ size: 1, parts: [{ ident: 1 }] }',
      'Microsoft.Test/boxes.properties.parts[0].ident is not a known property',
    ],
  ])('finds: %s', async (_, properties, message) => {
    expect(await check(properties)).toContain(message);
  });

  it('looks through variables, union, concat, map, loops and both sides of a condition', async () => {
    const bad = 'Microsoft.Test/boxes.properties.colour is not a known property';
    expect(await check('union(base, { size: 3 })', "var base = { colour: 'Red' }")).toContain(bad);
    expect(await check("empty(resourceGroup().name) ? { size: 1 } : { size: 1, colour: 'x' }")).toContain(
      bad,
    );
    expect(await check("empty(resourceGroup().name) ? { size: 1, colour: 'x' } : { size: 1 }")).toContain(
      bad,
    );
    const part = 'Microsoft.Test/boxes.properties.parts[0].no is not a known property';
    expect(await check('{ size: 1, parts: map(range(0, 2), i => { no: i }) }')).toContain(part);
    expect(await check('{ size: 1, parts: [for i in range(0, 2): { no: i }] }')).toContain(part);
    expect(await check("{ size: 1, parts: concat([{ no: '1' }], []) }")).toContain(part);
  });

  it('refuses a version that does not exist of a provider it knows', async () => {
    const source = "resource x 'Microsoft.Test/crates@2024-01-01' = { name: 'x' }\n";
    const report = await checkTemplates([await parseTemplate('t.bicep', source)], json, folder);
    expect(report.problems.map((p) => p.message)).toEqual([
      'there is no resource type Microsoft.Test/crates@2024-01-01',
    ]);
  });
});

describe.runIf(schemasAtHand)('shapes, against the ARM schemas at hand', () => {
  it.each([
    [
      'modules/storage-account.bicep',
      'allowBlobPublicAccess',
      'allowBlobPublicAcces',
      /allowBlobPublicAcces is not a known property/,
    ],
    ['modules/storage-account.bicep', "'TLS1_2'", "'TLS12'", /minimumTlsVersion must be one of/],
    ['modules/evidence.bicep', 'tierToCold:', 'tierToFreezer:', /tierToFreezer is not a known property/],
    ['modules/evidence.bicep', "type: 'Lifecycle'", "type: 'LifeCycle'", /type must be one of Lifecycle/],
    [
      'modules/evidence.bicep',
      'allowProtectedAppendWrites: false',
      "allowProtectedAppendWrites: 'yes'",
      /must be boolean/,
    ],
    [
      'modules/function-app.bicep',
      "type: 'blobContainer'",
      "type: 'container'",
      /must be one of blobContainer/,
    ],
    [
      'modules/function-app.bicep',
      'instanceMemoryMB: instanceMemoryMB',
      'memory: instanceMemoryMB',
      /memory is not a known property/,
    ],
    [
      'modules/function-app.bicep',
      "'Return401'",
      "'Return402'",
      /unauthenticatedClientAction must be one of/,
    ],
    ['modules/access.bicep', 'dataActions: [', 'dataAction: [', /dataAction is not a known property/],
    [
      'modules/access.bicep',
      "principalType: 'ServicePrincipal'",
      "principalType: 'Robot'",
      /principalType must be one of/,
    ],
    ['modules/monitoring.bicep', 'dailyQuotaGb', 'dailyQuotaGB', /dailyQuotaGB is not a known property/],
  ])('finds a fault in %s: %s → %s', async (file, from, to, found) => {
    const report = await checkWith(file, from, to);
    expect(report.problems.map((p) => p.message)).toEqual(
      expect.arrayContaining([expect.stringMatching(found)]),
    );
  });
});
