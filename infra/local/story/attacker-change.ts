import { ATTACKER_USER_AGENT, at, fromServer, type Attack } from './attacker.ts';
import { changeDirectory, type DirectoryChange } from './directory-change.ts';

type Rest = Pick<DirectoryChange, 'activity' | 'kind' | 'targets'> & Partial<DirectoryChange>;

/** One change made with Johanna's rights, from the server in Saarland. */
export function change(attack: Attack, step: string, time: string, rest: Rest): void {
  const { company, out, random, victim } = attack;
  changeDirectory(out, company.settings, random, {
    atMs: at(attack, time) + random.whole(0, 999),
    category: 'ApplicationManagement',
    service: 'Core Directory',
    correlationId: random.guid(),
    actor: {
      user: victim,
      ip: fromServer(attack).ip,
      userAgent: ATTACKER_USER_AGENT,
      session: attack.session,
    },
    step,
    ...rest,
  });
}
