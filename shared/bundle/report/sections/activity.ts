import type { Fact, Field } from '../../analysis/facts.ts';
import { heading, list, paragraph, type Block, type Text } from '../doc.ts';
import { between } from './sign-ins.ts';
import { factsOf, numbersIn, victims, windowOf, type ReportInput } from '../input.ts';

/** Sections 2 to 4: what was done to applications, security info, devices and mail rules. */

interface Told {
  readonly section: 'activity' | 'security' | 'rules';
  readonly title: string;
  readonly id: string;
  readonly opening: (user: string) => Text;
  readonly nothing: string;
}

const SECTIONS: readonly Told[] = [
  {
    section: 'activity',
    title: '2. Account activity: applications and permissions',
    id: 'activity',
    opening: (user) => ['was done with the rights of ', { strong: user }, ':'],
    nothing: 'No application was added and no permission granted in a suspicious session.',
  },
  {
    section: 'security',
    title: '3. Security info and devices',
    id: 'security-info',
    opening: (user) => ['was registered or changed on the account of ', { strong: user }, ':'],
    nothing: 'No security info and no device was registered in a suspicious session.',
  },
  {
    section: 'rules',
    title: '4. Mail forwarding and inbox rules',
    id: 'mail-rules',
    opening: (user) => ['was changed in the mailbox of ', { strong: user }, ':'],
    nothing: 'No inbox rule and no forwarding was set in a suspicious session.',
  },
];

export const changeSections = (input: ReportInput): Block[] =>
  SECTIONS.flatMap((told) => section(input, told));

function section(input: ReportInput, told: Told): Block[] {
  const blocks: Block[] = [heading(2, told.title, told.id)];
  const users = victims(input).filter((user) => factsOf(input, told.section, user).length > 0);
  if (users.length === 0) return [...blocks, paragraph(told.nothing, { file: 'coverage.json' })];
  for (const user of users) {
    const facts = factsOf(input, told.section, user);
    const { from, to } = windowOf(facts);
    blocks.push(
      heading(3, user, `${told.id}-${users.indexOf(user) + 1}`),
      paragraph('What ', ...told.opening(user).slice(0, -1), ', ', ...between(from, to), ':', {
        cite: [...new Set(numbersIn([facts[0]!, facts.at(-1)!]))],
      }),
      list(facts.map(factText)),
    );
  }
  return blocks;
}

const NAMES: Readonly<Record<string, readonly [target: string, id: string]>> = {
  application: ['TargetDisplayName', 'TargetObjectId'],
  consent: ['TargetDisplayName', 'TargetObjectId'],
  assignment: ['TargetDisplayName', 'TargetObjectId'],
  'security-info': ['What', 'Method'],
  device: ['Device', 'Device id'],
  rule: ['Rule', 'ObjectId'],
  forwarding: ['Mailbox', 'ObjectId'],
};

/** One thing done: when, what, on what, with its parameters as the record has them. */
export function factText(fact: Fact): Text {
  const [target, id] = NAMES[fact.kind] ?? ['Target', 'Id'];
  return [
    { at: fact.time },
    ' – ',
    { strong: fact.operation },
    ...named(target, fact.target),
    ...named(id, fact.targetId),
    ...fact.fields.filter((f) => f.name !== 'Name' && f.name !== 'Method id').flatMap(fieldText),
    fact.bases.includes('session') ? '' : ` (attributed by ${fact.bases.join(', ')})`,
    { cite: fact.numbers },
  ];
}

const named = (name: string, value: string): Text => (value === '' ? [] : [` · ${name}: `, { code: value }]);
const fieldText = ({ name, value }: Field): Text => named(name, value);
