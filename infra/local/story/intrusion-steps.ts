/** What the intrusion does, step by step. A step that is the victim's own doing is not the attacker's. */
export interface StepText {
  readonly victim: 'johanna' | 'marek';
  readonly description: string;
  readonly attacker: boolean;
}

const johanna = (description: string): StepText => ({ victim: 'johanna', description, attacker: true });
const marek = (description: string, attacker = true): StepText => ({
  victim: 'marek',
  description,
  attacker,
});

export const STEPS: Readonly<Record<string, StepText>> = {
  'johanna/mail-read': johanna('Mail read in Outlook on the web: messages (Bind) and the whole Inbox (Sync)'),
  'johanna/hiding-rule': johanna(
    'Inbox rule ".." created: replies to "REVISED INVOICE" go to Deleted Items, marked as read',
  ),
  'johanna/rule-trace-deleted': johanna('"Outlook Rules Organizer" hard-deleted in the same second'),
  'johanna/second-rule': johanna('Inbox rule "." created 40 seconds later: payment words go to RSS Feeds'),
  'johanna/mail-sent': johanna('Mails titled "REVISED INVOICE" sent, the first to Marek, the others outside'),
  'johanna/mail-flow': johanna('What mail protection saw of them: senders and recipients'),
  'johanna/sent-traces-deleted': johanna('The sent mails soft-deleted and moved to Deleted Items'),
  'johanna/files-downloaded': johanna('Two documents opened and downloaded'),
  'johanna/aitm-landing': johanna(
    'Sign-in through the AiTM page: 50074, 50140 and 0 under one correlation id',
  ),
  'johanna/sign-ins': johanna('Further interactive sign-ins from both addresses'),
  'johanna/token-refresh': johanna('Non-interactive sign-ins of the same session'),
  'johanna/risk': johanna('Identity Protection: attacker in the middle, anonymous address'),
  'johanna/application-added': johanna(
    'Application "chatbot" added, with service principal, owner and secret',
  ),
  'johanna/consent': johanna('Consent for all principals: mail, mailbox settings, profile'),
  'johanna/security-info': johanna('Security info registered: an authenticator app'),
  'johanna/device': johanna('A device registered'),
  'johanna/rule-removed': johanna('The second rule removed'),
  'marek/invoice-read': marek('Marek reads the invoice mail in his own Outlook', false),
  'marek/link-clicked': marek('Marek opens its link', false),
  'marek/aitm-landing': marek('Sign-in through the same AiTM page, same addresses, a session of its own'),
  'marek/token-refresh': marek('Non-interactive sign-in of that session'),
  'marek/risk': marek('Identity Protection: attacker in the middle'),
  'marek/hiding-rule': marek('Inbox rule "..." created: invoice mail goes to RSS Feeds'),
  'marek/mail-read': marek('Mail read: messages (Bind) and the whole Inbox (Sync)'),
};
