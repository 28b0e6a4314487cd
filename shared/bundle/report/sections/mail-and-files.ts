import type { Fact } from '../../analysis/facts.ts';
import { heading, list, paragraph, plural, type Block, type Inline, type Text } from '../doc.ts';
import { between } from './sign-ins.ts';
import { factsOf, numbersIn, victims, windowOf, type ReportInput } from '../input.ts';

/** Section 5: mail sent, read and deleted; files opened and downloaded. */
export function mailAndFilesSection(input: ReportInput): Block[] {
  const blocks: Block[] = [heading(2, '5. Mail and files', 'mail-and-files')];
  const users = victims(input).filter(
    (u) => factsOf(input, 'mail', u).length + factsOf(input, 'files', u).length > 0,
  );
  if (users.length === 0) {
    return [
      ...blocks,
      paragraph('No mail and no file was touched in a suspicious session, as far as the records show.', {
        file: 'coverage.json',
      }),
    ];
  }
  for (const user of users) {
    const items = [
      ...sent(input, user),
      ...read(input, user),
      ...deleted(input, user),
      ...files(input, user),
    ];
    blocks.push(heading(3, user, `mail-and-files-${users.indexOf(user) + 1}`), list(items));
  }
  return blocks;
}

const mail = (input: ReportInput, user: string, kind: string): Fact[] =>
  factsOf(input, 'mail', user).filter((f) => f.kind === kind);

/** ` between … and …`, or ` at …`. */
const span = (facts: readonly Fact[]): Inline[] => {
  const { from, to } = windowOf(facts);
  return [' ', ...between(from, to)];
};

export function grouped(facts: readonly Fact[], key: (f: Fact) => string): [string, Fact[]][] {
  const groups = new Map<string, Fact[]>();
  for (const fact of facts) groups.set(key(fact), [...(groups.get(key(fact)) ?? []), fact]);
  return [...groups];
}

function sent(input: ReportInput, user: string): Text[] {
  return grouped(mail(input, user, 'sent'), (f) => f.target).flatMap(([subject, facts]) => [
    [
      'Sent ',
      plural(facts.length, 'mail'),
      ' titled ',
      { strong: `"${subject}"` },
      ...span(facts),
      '.',
      { cite: numbersIn(facts) },
    ],
    ...recipients(input, subject, facts),
  ]);
}

function recipients(input: ReportInput, subject: string, facts: readonly Fact[]): Text[] {
  const ids = new Set(facts.map((f) => f.targetId));
  const seen = input.analysis.deliveries.filter((d) => ids.has(d.messageId));
  if (seen.length === 0) return [];
  const to = [...new Set(seen.flatMap((d) => d.recipients))].sort();
  const listed: Inline[] = to.slice(0, 40).flatMap((r, i) => [i === 0 ? '' : ', ', { code: r }]);
  const rest = to.length > 40 ? ` and ${to.length - 40} more` : '';
  const text = `Recipients of ${plural(seen.length, 'mail')} of them ("${subject}") that mail protection recorded: `;
  return [[text, ...listed, rest, '.', { cite: seen.map((d) => d.number) }]];
}

function read(input: ReportInput, user: string): Text[] {
  const bound = mail(input, user, 'read');
  const synced = mail(input, user, 'synced');
  const messages = bound.reduce(
    (n, f) => n + Number(f.fields.find((x) => x.name === 'Messages')?.value ?? 1),
    0,
  );
  const found: Text[] = [];
  if (bound.length > 0)
    found.push([
      'Read ',
      plural(messages, 'message'),
      ' one by one (Bind)',
      ...span(bound),
      '.',
      { cite: numbersIn(bound) },
    ]);
  for (const [folder, facts] of grouped(synced, (f) => f.target))
    found.push([
      'Synchronised the whole folder ',
      { code: folder || '(unnamed)' },
      ...span(facts),
      ': everything in it at that time must be taken as read.',
      { cite: numbersIn(facts) },
    ]);
  const blind = [...bound, ...synced].filter((f) => f.fields.some((x) => x.name === 'Throttled'));
  if (blind.length > 0)
    found.push([
      'Reading was throttled: what was read in the 24 hours after is not recorded.',
      { cite: numbersIn(blind) },
    ]);
  return found;
}

const deleted = (input: ReportInput, user: string): Text[] =>
  grouped(mail(input, user, 'deleted'), (f) => `${f.operation}\n${f.target}`).map(([key, facts]) => {
    const [operation, subjects] = key.split('\n') as [string, string];
    const items = facts.reduce((n, f) => n + Number(f.fields.find((x) => x.name === 'Items')?.value ?? 0), 0);
    return [
      `${operation}: ${plural(items, 'item')} of subject `,
      { strong: `"${subjects}"` },
      ...span(facts),
      '.',
      { cite: numbersIn(facts) },
    ];
  });

/** Files are always named: whom they concern must be told. */
function files(input: ReportInput, user: string): Text[] {
  const all = factsOf(input, 'files', user);
  return grouped(all, (f) => (f.kind === 'downloaded' ? 'Downloaded' : f.operation)).map(([verb, facts]) => {
    const names = grouped(facts, (f) => f.target);
    const listed = names
      .slice(0, 200)
      .flatMap(([name, same], i): Inline[] => [
        i === 0 ? '' : ', ',
        { code: name },
        { cite: numbersIn(same).slice(0, 2) },
      ]);
    const rest = names.length > 200 ? ` and ${names.length - 200} more (see timeline.csv)` : '';
    return [`${verb} ${plural(names.length, 'file')}`, ...span(facts), ': ', ...listed, rest];
  });
}
