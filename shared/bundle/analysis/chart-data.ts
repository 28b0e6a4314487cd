import type { Event, Place } from '../../detect/pivot/session/event.ts';

const HOUR = 3_600_000;

export interface PlaceCount {
  readonly place: Place;
  readonly suspicious: number;
  readonly other: number;
  /** Records that say so, at most a few. */
  readonly numbers: readonly number[];
}

/** Counts for the charts, gathered while the records go by. */
export class Chart {
  readonly #hours = new Map<number, { suspicious: number; other: number }>();
  readonly #places = new Map<
    string,
    { place: Place; suspicious: number; other: number; numbers: number[] }
  >();

  add(e: Event, suspicious: boolean): void {
    const kind = suspicious ? 'suspicious' : 'other';
    if (!Number.isNaN(e.ms)) {
      const hour = Math.floor(e.ms / HOUR);
      const counts = this.#hours.get(hour) ?? { suspicious: 0, other: 0 };
      this.#hours.set(hour, counts);
      counts[kind]++;
    }
    if (e.place.country !== '') this.#place(e, kind);
  }

  #place(e: Event, kind: 'suspicious' | 'other'): void {
    const key = `${e.place.country}\n${e.place.city}`;
    const counts = this.#places.get(key) ?? { place: e.place, suspicious: 0, other: 0, numbers: [] };
    if (!this.#places.has(key) && this.#places.size >= 500) return;
    this.#places.set(key, counts);
    counts[kind]++;
    if (counts.numbers.length < 5) counts.numbers.push(e.number);
  }

  places(): PlaceCount[] {
    return [...this.#places.values()].sort(
      (a, b) =>
        b.suspicious - a.suspicious || b.other - a.other || (a.place.country < b.place.country ? -1 : 1),
    );
  }

  /** Records per bin of whole hours over `[fromMs, toMs)`, at most `bins` of them. */
  bins(fromMs: number, toMs: number, bins: number): { startMs: number; suspicious: number; other: number }[] {
    const first = Math.floor(fromMs / HOUR);
    const hours = Math.max(1, Math.ceil(toMs / HOUR) - first);
    const width = Math.ceil(hours / bins);
    const rows = Array.from({ length: Math.ceil(hours / width) }, (_, i) => ({
      startMs: (first + i * width) * HOUR,
      suspicious: 0,
      other: 0,
    }));
    for (const [hour, counts] of this.#hours) {
      const row = rows[Math.floor((hour - first) / width)];
      if (!row) continue;
      row.suspicious += counts.suspicious;
      row.other += counts.other;
    }
    return rows;
  }
}
