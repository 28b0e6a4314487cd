/** Reads .NET's `[d.]hh:mm:ss[.fff]`, as host.json and timer schedules write durations; milliseconds. */
export function parseTimeSpan(text: string): number | undefined {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/.exec(text.trim());
  if (!match) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1, 5).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const fraction = Number(`0.${match[5] ?? 0}`);
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds + fraction) * 1000;
}

export function timeSpan(text: string, name: string): number {
  const ms = parseTimeSpan(text);
  if (ms === undefined) throw new Error(`${name}: '${text}' is not a duration of the form hh:mm:ss.`);
  return ms;
}
