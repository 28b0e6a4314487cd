/** An app that is wrong in the way FAULT says. */
import { app } from '@azure/functions';

const timer = (schedule: string) => app.timer('timer', { schedule, handler: () => {} });
const http = (route: string) => app.http('http', { route, handler: () => ({}) });

const FAULTS: Record<string, () => void> = {
  none: () => http('fine'),
  config: () => {
    throw Object.assign(new Error('TENANT_ID is missing.'), {
      code: 'config',
      remedy: 'Set it in local.settings.json.',
    });
  },
  empty: () => {},
  streaming: () => {
    app.setup({ enableHttpStream: true });
    http('stream');
  },
  twice: () => {
    http('one');
    http('two');
  },
  schedule: () => timer('every minute'),
  setting: () => timer('%NO_SUCH_SETTING%'),
  constraint: () => http('items/{id:unknown}'),
  trigger: () => app.storageBlob('blob', { path: 'a/b', connection: '', handler: () => {} }),
  connection: () =>
    app.storageQueue('queue', { queueName: 'q', connection: 'NoSuchStorage', handler: () => {} }),
  identity: () => app.storageQueue('queue', { queueName: 'q', connection: 'ByIdentity', handler: () => {} }),
  appStart: () => {
    http('never');
    app.hook.appStart(() => {
      throw new Error('the app start hook fails');
    });
  },
};

FAULTS[process.env['FAULT'] ?? 'none']?.();
