import { beforeAll, describe, expect, it } from 'vitest';
import { planBundle } from '../../../shared/bundle/incident/plan.ts';
import { REQUEST, storyBundle, type StoryBundle } from '../../support/story-bundle.ts';
import type { TruthRecord } from '../../../infra/local/story/index.ts';
import { zipped } from '../../support/zipped.ts';
import { sha256 } from '../../support/world.ts';

let story: StoryBundle;
beforeAll(async () => {
  story = await storyBundle(1);
}, 240_000);

const report = (): string => story.files.get('report.md')!.toString();

/** A section's text without Markdown's backslashes, by the beginning of its heading. */
function section(title: string, text = report()): string {
  const plain = text.replace(/\\([\\`*_[\]|~@$:.)])/g, '$1');
  const start = plain.indexOf(`\n## ${title}`);
  expect(start, `section ${title}`).toBeGreaterThan(-1);
  const end = plain.indexOf('\n## ', start + 4);
  return plain.slice(start, end === -1 ? undefined : end);
}

/** The part of a section that speaks of one user. */
function of(user: string, text: string): string {
  const start = text.indexOf(`\n### ${user.toLowerCase()}`);
  expect(start, `part of ${user}`).toBeGreaterThan(-1);
  const end = text.indexOf('\n### ', start + 5);
  return text.slice(start, end === -1 ? undefined : end);
}

const clock = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** Hashes of the record texts that citations `source:line` in a text lead to. */
function citedHashes(text: string): string[] {
  const lines = new Map<string, string[]>();
  return [...text.matchAll(/([a-z][a-z-]+):(\d+)/g)].flatMap(([, source, line]) => {
    const file = story.files.get(`records/${source}.ndjson`);
    if (!file) return [];
    if (!lines.has(source!)) lines.set(source!, file.toString('utf8').split('\n'));
    return sha256(lines.get(source!)![Number(line) - 1]!);
  });
}

describe('the report against the ground truth of the story', () => {
  it('tells the suspicious sign-ins of both users: window to the second, user agent, addresses, places', () => {
    const { johanna, marek, attacker, signInWindow } = story.truth;
    const first = of(johanna.upn, section('1. Suspicious sign-ins'));
    expect(first).toContain(`between ${clock(signInWindow.fromMs)}`);
    expect(first).toContain(`and ${clock(signInWindow.toMs)}`);
    for (const ip of attacker.ips) expect(first).toContain(ip);
    for (const text of [attacker.userAgent, 'Saarbruecken, Saarland, DE', 'US', johanna.attackerSession])
      expect(first).toContain(text);
    const second = of(marek.upn, section('1. Suspicious sign-ins'));
    const landing = story.truth.steps.find((s) => s.id === 'marek/aitm-landing')!;
    expect(second).toContain(`between ${clock(landing.fromMs)}`);
    expect(second).toContain(clock(landing.toMs));
    for (const text of [...attacker.ips, attacker.userAgent, marek.attackerSession])
      expect(second).toContain(text);
  });

  it('tells the application with its ids, secret, reply address, and what was consented to', () => {
    const { application: app, johanna, marek } = story.truth;
    const activity = section('2. Account activity');
    const text = of(johanna.upn, activity);
    for (const fact of [
      `TargetDisplayName: \`${app.name}\``,
      `TargetObjectId: \`${app.objectId}\``,
      app.appId,
      app.servicePrincipalId,
      app.replyUrl,
      app.audience,
      app.keyId,
      `ConsentType: \`${app.consentType}\``,
      `Scope: \`${app.scope}\``,
      '13:55:36 UTC',
      '14:04:58 UTC',
    ])
      expect(text).toContain(fact);
    expect(activity).not.toContain(`### ${marek.upn}`);
  });

  it('tells security info and device', () => {
    const text = of(story.truth.johanna.upn, section('3. Security info'));
    for (const fact of [
      'User registered Authenticator App with Code',
      'DESKTOP-4LQ7H2K',
      'Workplace',
      '14:06:02 UTC',
      '14:08:13 UTC',
    ])
      expect(text).toContain(fact);
  });

  it('tells every inbox rule with all its parameters', () => {
    const rules = section('4. Mail forwarding');
    expect(story.truth.inboxRules).toHaveLength(3);
    for (const rule of story.truth.inboxRules) {
      const text = of(rule.user, rules);
      expect(text).toContain(`Rule: \`${rule.name}\``);
      const { Name: _name, ...others } = rule.parameters;
      for (const [name, value] of Object.entries(others)) expect(text).toContain(`${name}: \`${value}\``);
    }
    expect(of(story.truth.johanna.upn, rules)).toContain('Remove-InboxRule');
  });

  it('tells mail sent, read and deleted, and the files', () => {
    const { johanna, marek, files, invoiceSubject } = story.truth;
    const text = of(johanna.upn, section('5. Mail and files'));
    for (const name of files) expect(text).toContain(name);
    expect(text).toContain(`Sent 22 mails titled **"${invoiceSubject}"** between`);
    expect(text).toContain('Downloaded 2 files between 2026-11-21 05:12:34 UTC');
    expect(text).toContain('05:15:38 UTC');
    expect(text).toContain('Synchronised the whole folder');
    expect(text).toContain('Read 26 messages');
    expect(text).toContain('SoftDelete: 16 items');
    expect(text).toContain('MoveToDeletedItems: 6 items');
    expect(text).toContain('Outlook Rules Organizer');
    expect(text).toContain(marek.upn);
    expect(of(marek.upn, section('5. Mail and files'))).toContain('Read 8 messages');
  });

  it('names nothing false: every record cited in sections 1 to 5 is one of the intruder', () => {
    const attack = new Set(
      story.truth.steps.filter((s) => s.attacker).flatMap((s) => s.records.map((r: TruthRecord) => r.sha256)),
    );
    const text = ['1. ', '2. ', '3. ', '4. ', '5. '].map((n) => section(n)).join('\n');
    const cited = citedHashes(text);
    expect(cited.length).toBeGreaterThan(60);
    expect(cited.filter((hash) => !attack.has(hash))).toEqual([]);
  });

  it('misses nothing: every attacker record of a told kind is among the facts', () => {
    const findings = JSON.parse(story.files.get('findings.json')!.toString()) as {
      facts: { records: { source: string; line: number }[] }[];
    };
    const told = new Set(
      findings.facts.flatMap((f) => f.records).flatMap((r) => citedHashes(`${r.source}:${r.line}`)),
    );
    const kinds =
      /added|consent|security-info|device|rule|mail-read|mail-sent|traces-deleted|files|marek\/mail/;
    const wanted = story.truth.steps
      .filter((s) => s.attacker && kinds.test(s.id))
      .flatMap((s) => s.records)
      .filter(
        (r) => r.availableMs <= story.truth.nowMs && (r.goneMs === undefined || r.goneMs > story.truth.nowMs),
      );
    // One `Create` of a draft is no sending; what it became is told.
    const missing = wanted.filter((r) => !told.has(r.sha256));
    expect(missing.map((r) => r.step)).toEqual(['johanna/mail-sent']);
  });

  it("says what snapshots show as open, and the nine steps with this incident's ids", () => {
    const actions = section('Requested actions');
    for (const fact of [
      'no revocation of sessions is noted',
      '5d7e21c4-7b90-4a3e-8e56-02f9b8a1c6d3',
      'DESKTOP-4LQ7H2K',
      '".."',
      'Enterprise application "chatbot" is enabled',
    ])
      expect(actions).toContain(fact);
    const response = story.files.get('response.md')!.toString();
    expect(response.match(/^### \[[x ]\]/gm)).toHaveLength(9);
    for (const fact of [
      'Revoke-MgUserSignInSession',
      '-AccountEnabled:$false',
      'Disable-InboxRule',
      'Search-UnifiedAuditLog',
      story.truth.application.servicePrincipalId,
    ])
      expect(response).toContain(fact);
    expect(section('Prevention', response)).toContain('Do not allow user consent');
  });

  it('leads every statement to a record, a coverage statement or a snapshot', () => {
    const statements = report()
      .split('\n')
      .filter((line) => /^- |^[A-Z0-9].{60,}/.test(line))
      .filter((line) => !/: \d+ points$|:$/.test(line))
      .filter((line) => !/^- (Tenant|Question|Span|Followed|Times|Asked|Incident|Written)/.test(line))
      .filter(
        (line) =>
          !/^(Measures that|A session counts|Equal session ids|Disable|Access tokens|A user synch|A method|Not shown|State snap|Graph shows|Records (over|by))/.test(
            line,
          ),
      );
    expect(statements.length).toBeGreaterThan(40);
    const headings = /^(\*\*Portal|Connect-|Revoke|Update|Get-|curl|Import|foreach|\$|Search)/;
    expect(
      statements
        .filter((line) => !headings.test(line) && !/\\\[[^\]]+\\\]/.test(line))
        .map((l) => l.slice(0, 90)),
    ).toEqual([]);
  });

  it('says why each entity is in, and follows no further than asked', () => {
    const { included } = story.plan.expansion;
    const keys = included.map((i) => `${i.kind} ${i.key}`);
    expect(keys).toEqual(
      expect.arrayContaining([
        `session ${story.truth.johanna.attackerSession}`,
        ...story.truth.attacker.ips.map((ip) => `ip ${ip}`),
        `app ${story.truth.application.objectId}`,
        `subject ${story.truth.invoiceSubject}`,
        `user ${story.truth.marek.upn.toLowerCase()}`,
        `recipient ap@nordwind-import.example`,
      ]),
    );
    expect(included.filter((i) => i.depth > 0 && i.records.length === 0)).toEqual([]);
    expect(included.filter((i) => i.kind === 'user')).toHaveLength(2);
  });
});

describe("the other files of the story's bundle", () => {
  it('gives the same bytes for the same question, planned anew', async () => {
    const { world, snapshots, zip } = story;
    const plan = await planBundle({ scope: story.plan.scope, expand: 1 }, world.deps);
    expect((await zipped({ request: REQUEST, plan, snapshots }, world.blobs)).zip.equals(zip)).toBe(true);
  }, 60_000);

  it('differs only where the facts of the request stand when another one asks', async () => {
    const { world, plan, snapshots } = story;
    const request = { ...REQUEST, id: '22222222-2222-4222-8222-222222222222', requester: 'somebody.else' };
    const other = await zipped({ request, plan, snapshots }, world.blobs);
    const differing = [...story.files].filter(([name, body]) => !other.files.get(name)!.equals(body));
    expect(differing.map(([name]) => name).sort()).toEqual([
      'SHA256SUMS',
      'manifest.json',
      'report.html',
      'report.md',
    ]);
  }, 60_000);
});
