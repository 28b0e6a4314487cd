import { app } from '@azure/functions';
import { metrics as api } from '@opentelemetry/api';

/** Where metrics go: nowhere, unless an OTLP endpoint is set. The SDK is loaded only then: a cold start is no dearer. */
export async function startMetrics(endpoint: string): Promise<void> {
  const [{ MeterProvider, PeriodicExportingMetricReader }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-http'),
  ]);
  const reader = new PeriodicExportingMetricReader({
    // The exporter reads OTEL_EXPORTER_OTLP_HEADERS itself: the collector's token is nobody else's business.
    exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics` }),
    exportIntervalMillis: 60_000,
  });
  api.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  flushAfterInvocations(() => reader.forceFlush());
}

const FLUSH_EVERY_MS = 30_000;

/** An instance may be taken away when it is idle: what was counted is sent before, at most twice a minute. */
function flushAfterInvocations(flush: () => Promise<void>): void {
  let lastMs = 0;
  app.hook.postInvocation(async () => {
    if (Date.now() - lastMs < FLUSH_EVERY_MS) return;
    lastMs = Date.now();
    // A collector that cannot be reached must not fail the work that was measured.
    await flush().catch(() => undefined);
  });
}
