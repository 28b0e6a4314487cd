/** Instants for people: UTC, and beside it a zone that the request chose. */
export interface Clockface {
  /** `2026-11-21 13:50:17 UTC`, and with a zone ` (14:50:17 Vienna)`. */
  show(iso: string): string;
}

const cut = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;

export function clockface(zone?: string): Clockface {
  if (zone === undefined) return { show: (iso) => (iso === '' ? 'at an unknown time' : cut(iso)) };
  const place = zone.split('/').at(-1)!.replaceAll('_', ' ');
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  return {
    show: (iso) => {
      const ms = Date.parse(iso);
      if (Number.isNaN(ms)) return 'at an unknown time';
      const parts = Object.fromEntries(format.formatToParts(ms).map((p) => [p.type, p.value]));
      const date = `${parts['year']}-${parts['month']}-${parts['day']}`;
      const time = `${parts['hour']}:${parts['minute']}:${parts['second']}`;
      return `${cut(iso)} (${date === iso.slice(0, 10) ? '' : `${date} `}${time} ${place})`;
    },
  };
}
