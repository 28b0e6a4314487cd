import { parseRecord, type ArchiveRecord } from '../../shared/record.ts';

/** A small UAL-like record; `over` replaces or adds properties. */
export function ualRecord(over: Record<string, unknown> = {}): ArchiveRecord {
  return parseRecord(
    Buffer.from(
      JSON.stringify({
        Id: 'id-1',
        CreationTime: '2026-11-20T10:00:00',
        Operation: 'Send',
        UserId: 'a@x.example',
        ...over,
      }),
    ),
  );
}
