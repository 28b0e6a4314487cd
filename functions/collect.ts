import { app } from '@azure/functions';
import { notePending } from '../shared/detect/run/pending.ts';
import { sendAlert, type Alert } from '../shared/alerts.ts';
import { tellRetention } from '../shared/archive/retention-alarm.ts';
import { runCollect } from '../shared/collect/run-collect.ts';
import { collectMessage, indexMessage, parseMessage, QUEUE } from '../shared/messages.ts';
import { indexSegment } from '../shared/indexing/index-segment.ts';
import { sweepTenants } from '../shared/indexing/sweep.ts';
import { root } from './root.ts';
import { reportState } from './signals.ts';

app.timer('collect', {
  schedule: '0 */5 * * * *',
  handler: async () => {
    await root.ready();
    const { settings, specs, watched, windows, clock, log } = root;
    try {
      await runCollect({
        tenants: settings.tenants,
        specs,
        backfillDays: settings.backfillDays,
        archive: root.archive,
        windows,
        queues: root.stores.queues,
        subscriptions: root.subscriptions,
        apis: root.apis,
        clock,
        log,
      });
      await sweepTenants({ ...root.stores, blobs: root.stores.archive, clock, log }, settings.tenants);
    } finally {
      // Alerts hear of the state whatever became of this run.
      await reportState({ tenants: settings.tenants, specs: watched, windows, nowMs: clock.now(), log });
      const url = settings.alertWebhookUrl;
      const send = (alert: Alert): Promise<boolean> => sendAlert({ url: url!, fetch, log }, alert);
      if (url !== undefined)
        await tellRetention({ tenants: settings.tenants, specs: watched, windows, clock, send });
    }
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
    await notePending(root.stores.tables, ref);
    root.log.info('index.segment', {
      source: ref.source,
      date: ref.date,
      segment: ref.segment,
      records,
      rows,
    });
  },
});
