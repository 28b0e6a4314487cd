import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHost } from '../../../infra/local/host/host.ts';
import { makeSampleApp, type SampleApp } from './sample.ts';

let faulty: SampleApp;
beforeAll(async () => {
  faulty = await makeSampleApp('app-faulty.ts');
});
afterAll(() => faulty.remove());

const start = (env: Record<string, string>) => startHost({ appDir: faulty.appDir, port: 0, env });

describe('a faulty app is refused at start:', () => {
  test.each([
    ['config', /TENANT_ID is missing/],
    ['empty', /registered no function/],
    ['streaming', /leave it off/],
    ['twice', /id "http" has already been registered/],
    ['schedule', /'timer' function is in error: 'every minute' is not a valid NCRONTAB/],
    ['setting', /'timer' function is in error: '%NO_SUCH_SETTING%' does not resolve/],
    ['constraint', /Unknown route constraint 'unknown'/],
    ['trigger', /does not know the trigger 'blobTrigger' of function 'blob'/],
    ['connection', /'NoSuchStorage' holds no connection string/],
    ['identity', /'ByIdentity' is configured for a managed identity/],
    ['appStart', /the app start hook fails/],
  ])('%s', async (FAULT, message) => {
    const env = { FAULT, ByIdentity__accountName: 'account' };
    await expect(start(env)).rejects.toThrow(message);
    expect(process.env['FAULT']).toBeUndefined();
  });

  test('a bundle that was never built', async () => {
    const unbuilt = await makeSampleApp('app-faulty.ts');
    await writeFile(path.join(unbuilt.appDir, 'package.json'), '{"main":"dist/other.cjs"}');
    await expect(startHost({ appDir: unbuilt.appDir, port: 0 })).rejects.toThrow(/npm run build/);
    await unbuilt.remove();
  });

  test.each([
    [{ version: '1.0' }, /version/],
    [{ functionTimeout: 'soon' }, /functionTimeout: 'soon' is not a duration/],
    [{ extensions: { queues: { batchSize: 33 } } }, /batchSize/],
    [{ extensions: { queues: { messageEncoding: 'utf8' } } }, /messageEncoding/],
  ])('host.json with %j', async (hostJson, message) => {
    const app = await makeSampleApp('app-faulty.ts', hostJson);
    await expect(startHost({ appDir: app.appDir, port: 0 })).rejects.toThrow(message);
    await app.remove();
  });
});

describe('one process', () => {
  test('may host one app after another', async () => {
    for (const round of [1, 2]) {
      const host = await start({ ROUND: String(round) });
      expect(host.functions.map((each) => each.name)).toEqual(['http']);
      expect((await fetch(`${host.url}/api/fine`)).status).toBe(200);
      expect(process.env['ROUND']).toBe(String(round));
      await host.stop();
      expect(process.env['ROUND']).toBeUndefined();
      await expect(fetch(`${host.url}/api/fine`)).rejects.toThrow(/fetch failed/);
    }
    expect(() => createRequire(import.meta.url)('@azure/functions-core')).toThrow(/Cannot find module/);
  });

  test('has one host at a time', async () => {
    const host = await start({});
    await expect(start({})).rejects.toThrow(/has a host already/);
    expect((await fetch(`${host.url}/api/fine`)).status).toBe(200);
    await host.stop();
  });

  test('takes settings from local.settings.json where nothing else gives them', async () => {
    const app = await makeSampleApp('app-faulty.ts');
    const Values = {
      FROM_FILE: 'file',
      FROM_BOTH: 'file',
      AzureFunctionsJobHost__extensions__http__routePrefix: 'v1',
    };
    await writeFile(
      path.join(app.appDir, 'local.settings.json'),
      JSON.stringify({ IsEncrypted: false, Values }),
    );
    const host = await startHost({ appDir: app.appDir, port: 0, env: { FROM_BOTH: 'option' } });
    expect(process.env).toMatchObject({
      FROM_FILE: 'file',
      FROM_BOTH: 'option',
      FUNCTIONS_WORKER_RUNTIME: 'node',
    });
    expect((await fetch(`${host.url}/v1/fine`)).status).toBe(200);
    expect((await fetch(`${host.url}/api/fine`)).status).toBe(404);
    await host.stop();
    expect(process.env['FROM_FILE']).toBeUndefined();
    await app.remove();
  });
});
