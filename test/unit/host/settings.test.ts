import { describe, expect, test } from 'vitest';
import { parseHostSettings } from '../../../infra/local/host/host-json.ts';
import {
  applySettings,
  connectionStringOf,
  expandSettings,
  isDisabled,
} from '../../../infra/local/host/settings.ts';

describe('settings', () => {
  test('in a binding are expanded', () => {
    expect(expandSettings('%A%-x-%B%', { A: '1', B: '2' })).toBe('1-x-2');
    expect(expandSettings('plain', {})).toBe('plain');
    expect(() => expandSettings('%A%', { A: '' })).toThrow("'%A%' does not resolve to a value.");
  });

  test('given win over the environment, which wins over the file', () => {
    const env: Record<string, string | undefined> = { GIVEN: 'env', BOTH: 'env' };
    const restore = applySettings(
      env,
      { GIVEN: 'given', GONE: undefined },
      { BOTH: 'file', FILE: 'file', GONE: 'file' },
    );
    expect(env).toEqual({ GIVEN: 'given', BOTH: 'env', FILE: 'file', FUNCTIONS_WORKER_RUNTIME: 'node' });
    restore();
    expect(env).toEqual({ GIVEN: 'env', BOTH: 'env' });
  });

  test('name a connection, the prefixed one first', () => {
    const env = {
      AzureWebJobsStorage: 'default',
      Other: 'plain',
      AzureWebJobsOther: 'prefixed',
      Id__accountName: 'a',
    };
    expect(connectionStringOf(undefined, env)).toBe('default');
    expect(connectionStringOf('Storage', env)).toBe('default');
    expect(connectionStringOf('Other', env)).toBe('prefixed');
    expect(() => connectionStringOf('Id', env)).toThrow(/managed identity/);
    expect(() => connectionStringOf('None', env)).toThrow(/no connection string/);
  });

  test('disable a function', () => {
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'True' })).toBe(true);
    expect(isDisabled('f', { AzureWebJobs_f_Disabled: '1' })).toBe(true);
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'false', 'AzureWebJobs.g.Disabled': 'true' })).toBe(
      false,
    );
  });
});

describe('host.json', () => {
  test('has the defaults of the real host', () => {
    expect(parseHostSettings({})).toEqual({
      functionTimeoutMs: 1_800_000,
      routePrefix: 'api',
      queues: {
        batchSize: 16,
        newBatchThreshold: 8,
        maxDequeueCount: 5,
        visibilityTimeoutMs: 0,
        maxPollingIntervalMs: 60_000,
        messageEncoding: 'base64',
      },
    });
  });

  test('says otherwise', () => {
    const settings = parseHostSettings({
      version: '2.0',
      functionTimeout: '-1',
      extensions: { http: { routePrefix: '' }, queues: { batchSize: 8, visibilityTimeout: '00:00:30' } },
      logging: { unknown: 'is let be' },
    });
    expect(settings).toMatchObject({ functionTimeoutMs: Infinity, routePrefix: '' });
    expect(settings.queues).toMatchObject({
      batchSize: 8,
      newBatchThreshold: 4,
      visibilityTimeoutMs: 30_000,
    });
  });
});
