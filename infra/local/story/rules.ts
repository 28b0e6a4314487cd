/** The intruder's inbox rules, with their cmdlet parameters as the audit log shows them. */
export interface HostileRule {
  readonly id: string;
  readonly parameters: readonly (readonly [string, string])[];
}

export const INVOICE = 'REVISED INVOICE';

export const HIDING_RULE: HostileRule = {
  id: '17097852595923320833',
  parameters: [
    ['MoveToFolder', 'Deleted Items'],
    ['Name', '..'],
    ['SubjectOrBodyContainsWords', `Re: ${INVOICE}`],
    ['MarkAsRead', 'True'],
    ['StopProcessingRules', 'False'],
  ],
};

export const SECOND_RULE: HostileRule = {
  id: '4408117736201158657',
  parameters: [
    ['MoveToFolder', 'RSS Feeds'],
    ['Name', '.'],
    ['SubjectOrBodyContainsWords', 'payment;remittance;bank details'],
    ['MarkAsRead', 'True'],
    ['StopProcessingRules', 'True'],
  ],
};

export const MAREKS_RULE: HostileRule = {
  id: '9120044815637201921',
  parameters: [
    ['MoveToFolder', 'RSS Feeds'],
    ['Name', '...'],
    ['SubjectOrBodyContainsWords', 'invoice;REVISED INVOICE'],
    ['MarkAsRead', 'True'],
    ['StopProcessingRules', 'True'],
  ],
};
