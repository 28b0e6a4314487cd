import { attackOn } from './attacker.ts';
import type { Company } from './company.ts';
import { addChatbot, grantConsent } from './intrusion-app.ts';
import { keepAccess } from './intrusion-persistence.ts';
import { downloadFiles } from './intrusion-files.ts';
import { mailBeforeDawn, mailInTheAfternoon } from './intrusion-mail.ts';
import { baitMarek, takeOverMarek } from './intrusion-marek.ts';
import { signInsAsJohanna } from './intrusion-signins.ts';
import { Outbox } from './outbox.ts';
import { Random } from './random.ts';
import type { StoryRecord } from './story-record.ts';
import { planWorkDay } from './workday.ts';

/** The intrusion's records, in the order of its acts. They depend on seed, day and tenant only. */
export function intrusion(company: Company): readonly StoryRecord[] {
  const { seed, intrusionDayMs } = company.settings;
  const out = new Outbox(new Random(seed, 'attack', 'delivery'));
  const johanna = attackOn(company, company.johanna, out);
  mailBeforeDawn(johanna);
  downloadFiles(johanna);
  signInsAsJohanna(johanna);
  addChatbot(johanna);
  grantConsent(johanna);
  keepAccess(johanna);
  mailInTheAfternoon(johanna);
  const marek = attackOn(company, company.marek, out);
  const ownDay = planWorkDay(
    company,
    company.marek,
    intrusionDayMs,
    out,
    dayRandom(company, company.marek.index, intrusionDayMs),
  );
  if (!ownDay) throw new Error("Marek works on the intrusion's day");
  baitMarek(marek, ownDay);
  takeOverMarek(marek);
  return out.records;
}

/** One person's day draws from a stream of its own. */
export const dayRandom = (company: Company, user: number, dayMs: number): Random =>
  new Random(company.settings.seed, 'day', user, dayMs);
