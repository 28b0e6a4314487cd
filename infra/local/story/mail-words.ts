import type { Random } from './random.ts';
import type { MailItem } from './exchange-record.ts';

// prettier-ignore
const SUBJECTS = [
  'Weekly stock report', 'AW: Liefertermin KW 48', 'RE: Offer for 40 pallets', 'Objednávka č. 20418',
  'FW: Customs papers Trieste', 'Team lunch on Thursday', 'Quarterly forecast – draft',
  'Zmluva o preprave', 'Price list 2027 (final)', 'Frachtbrief fehlt noch', 'Invitation: Supplier call',
  'Re: Invoice 118-4471', 'Příloha k nabídce', 'Minutes of the sales meeting', 'Urlaub nächste Woche 🌴',
  'Sample shipment tracking', 'RE: RE: Palettentausch', 'Q3 numbers', 'New colleague in Logistics',
  'Reminder: time sheets',
] as const;

const ATTACHMENTS = [
  'Offer_2027.pdf (184220b)',
  'image001.png (4310b); Lieferschein.pdf (90121b)',
  'Ceník – veľkoobchod.xlsx (66012b)',
] as const;

const SERVERS = [
  'AM6PR04MB5512',
  'VI1PR04MB7031',
  'DB9PR04MB8390',
  'PAXPR04MB9122',
  'AS8PR04MB7750',
] as const;

/** Mailbox-audit records end the server's name with a line break. */
export const serverName = (random: Random): string =>
  `${random.pick(SERVERS)} (15.20.9${random.whole(100, 299)}.0${random.whole(10, 31)})\n`;

export function messageId(random: Random): string {
  const server = random.pick(SERVERS);
  return `<${server}${random.hex(14).toUpperCase()}@${server}.eurprd04.prod.outlook.com>`;
}

export const itemId = (random: Random): string => `RgAAAAC${random.base64(60)}AAJ`;

export function drawItem(random: Random): MailItem {
  return {
    id: itemId(random),
    messageId: messageId(random),
    subject: random.pick(SUBJECTS),
    size: random.whole(9_000, 240_000),
    ...(random.chance(0.2) ? { attachments: random.pick(ATTACHMENTS) } : undefined),
  };
}
