import { app } from '@azure/functions';
import { runCollect } from '../shared/collect/run-collect.ts';
import { collectMessage, indexMessage, parseMessage, QUEUE } from '../shared/messages.ts';
import { indexSegment } from '../shared/indexing/index-segment.ts';
import { sweepTenants } from '../shared/indexing/sweep.ts';
import { root } from './root.ts';

app.timer('collect', {
  schedule: '0 */5 * * * *',
  handler: async () => {
    await root.ready();
    await runCollect({
      tenants: root.settings.tenants,
      specs: root.specs,
      backfillDays: root.settings.backfillDays,
      archive: root.archive,
      windows: root.windows,
      queues: root.stores.queues,
      subscriptions: root.subscriptions,
      apis: root.apis,
      clock: root.clock,
      log: root.log,
    });
    await sweepTenants(
      { ...root.stores, blobs: root.stores.archive, clock: root.clock, log: root.log },
      root.settings.tenants,
    );
  },
});

app.storageQueue('collectWindow', {
  queueName: QUEUE.collect,
  connection: 'AzureWebJobsStorage',
  handler: async (message) => {
    await root.ready();
    await root.collector.handle(parseMessage(collectMessage, message));
  },
});

app.storageQueue('indexSegment', {
  queueName: QUEUE.index,
  connection: 'AzureWebJobsStorage',
  handler: async (message) => {
    await root.ready();
    const ref = parseMessage(indexMessage, message);
    const { records, rows } = await indexSegment(ref, {
      blobs: root.stores.archive,
      tables: root.stores.tables,
    });
    root.log.info('index.segment', {
      source: ref.source,
      date: ref.date,
      segment: ref.segment,
      records,
      rows,
    });
  },
});
