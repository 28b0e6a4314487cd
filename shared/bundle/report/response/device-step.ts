import { textOf } from '../../../record.ts';
import type { Fact } from '../../analysis/facts.ts';
import { plural, type Inline } from '../doc.ts';
import { factsOf, numbersIn, victims, type ReportInput } from '../input.ts';
import { ps } from './quote.ts';
import { objectsOf, shown, silence, userSnapshot } from './snapshots.ts';
import type { ResponseStep } from './step.ts';
import { each, type Told } from './told.ts';

/** Step 4. */
export function devices(input: ReportInput): ResponseStep {
  const facts = victims(input).flatMap((u) => deviceFacts(input, u));
  const ids = [...new Map(facts.filter((f) => f.targetId !== '').map((f) => [f.targetId, f])).keys()];
  return {
    title: 'Disable suspicious devices',
    ...each(input, (user) => devicesOf(input, user)),
    portal: 'Azure portal > Microsoft Entra ID > Users > (user) > Devices > (device) > Disable',
    commands:
      ids.length === 0
        ? []
        : [
            {
              title: 'Graph PowerShell',
              text: `Connect-MgGraph -Scopes Device.ReadWrite.All\n${ids.map((id) => `Get-MgDevice -Filter ${ps(`deviceId eq '${id}'`)} | ForEach-Object { Update-MgDevice -DeviceId $_.Id -AccountEnabled:$false }`).join('\n')}`,
            },
          ],
    caution: 'Disable, do not delete: the device object is evidence.',
  };
}

const deviceFacts = (input: ReportInput, user: string): Fact[] =>
  factsOf(input, 'security', user).filter((f) => f.kind === 'device');

function devicesOf(input: ReportInput, user: string): Told {
  const facts = deviceFacts(input, user);
  if (facts.length === 0)
    return {
      state: 'nothing',
      text: [{ strong: user }, ': none was registered in a suspicious session.', { file: 'coverage.json' }],
    };
  const cite: Inline = { cite: numbersIn(facts) };
  const file = userSnapshot(input, user, 'registered-devices');
  const all = objectsOf(file);
  if (!all || !file)
    return {
      state: 'unknown',
      text: [{ strong: user }, ': one was registered. ', cite, ' ', ...silence(file)],
    };
  const ids = new Set(facts.map((f) => f.targetId));
  const on = all.filter(
    (d) =>
      (ids.has(textOf(d['id']) ?? '') || ids.has(textOf(d['deviceId']) ?? '')) &&
      d['accountEnabled'] !== false,
  );
  if (on.length === 0)
    return {
      state: 'done',
      text: [{ strong: user }, ': what was registered is disabled or gone.', cite, shown(file)],
    };
  const names = on.flatMap((d, i): Inline[] => [
    i === 0 ? '' : ', ',
    { code: `${textOf(d['displayName']) ?? ''} ${textOf(d['deviceId']) ?? ''}` },
  ]);
  return {
    state: 'open',
    text: [
      { strong: user },
      `: ${plural(on.length, 'device')} still enabled: `,
      ...names,
      '.',
      cite,
      shown(file),
    ],
  };
}
