import { describe, expect, it } from 'vitest';
import { permissionsFile, signalsFile } from '../../../infra/azure/check/contracts.ts';
import { literalText, parseTemplate } from '../../../infra/azure/check/template.ts';
import { SOURCE_IDS } from '../../../shared/sources.ts';
import { json, text } from './project.ts';

const readme = text('infra', 'README.md');
const permissions = permissionsFile.parse(json('permissions.json'));
const signals = signalsFile.parse(json('signals.json'));

/** Cells of every table row of the README, without the padding that the formatter adds. */
const rows = readme
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

const row = (first: string): string[] | undefined => rows.find(([cell]) => cell === `\`${first}\``);

describe('application permissions', () => {
  it("are the README's table, row for row", () => {
    const tabled = rows.filter(([, api]) => Object.values(permissions.apis).some((a) => a.name === api));
    expect(tabled).toEqual(
      permissions.permissions.map((p) => [
        `\`${p.permission}\``,
        permissions.apis[p.api]?.name,
        p.serves.map((s) => (/^[a-z-]+$/.test(s) ? `\`${s}\`` : s)).join(', '),
        p.why,
        p.without,
      ]),
    );
  });

  it('only read, and are named once', () => {
    const names = permissions.permissions.map((p) => p.permission);
    expect(names.filter((n) => !/\.Read(\.|$|Dlp$)/.test(n))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('serve every source that asks Microsoft, and no other', () => {
    const served = new Set(
      permissions.permissions.flatMap((p) => p.serves).filter((s) => /^[a-z-]+$/.test(s)),
    );
    expect([...served].toSorted()).toEqual(SOURCE_IDS.filter((s) => s !== 'import').toSorted());
  });

  it('reach both Bicep modules from the file, not from a copy', async () => {
    for (const name of ['permissions', 'tenant-app']) {
      const source = text('infra', 'azure', 'modules', `${name}.bicep`);
      expect(source).toContain("loadJsonContent('../permissions.json')");
      expect(permissions.permissions.filter((p) => source.includes(`'${p.permission}'`))).toEqual([]);
    }
  });
});

describe('parameters', () => {
  it("are the README's table, with variable, default and description", async () => {
    const main = await parseTemplate('main.bicep', text('infra', 'azure', 'main.bicep'));
    const given = json('main.parameters.json') as { parameters: Record<string, { value: string }> };
    for (const param of main.params.values()) {
      const variable = given.parameters[param.name]?.value.slice(2, -1);
      const value = param.value === undefined ? 'required' : (literalText(param.value) ?? param.value.text);
      expect(row(param.name)).toEqual([
        `\`${param.name}\``,
        variable === undefined ? '–' : `\`${variable}\``,
        value === 'required' ? value : ['', '{}'].includes(value) ? '–' : `\`${value}\``,
        literalText(param.decorators.find((d) => d.name === 'description')?.args[0]),
      ]);
    }
  });
});

describe('signals', () => {
  it("are the README's table, and every rule says what to do", () => {
    for (const s of signals.signals) {
      expect(row(s.signal)).toEqual([`\`${s.signal}\``, s.fields.map((f) => `\`${f}\``).join(', '), s.when]);
    }
    for (const rule of signals.rules) expect(readme).toContain(`**${rule.id}** (${rule.severity})`);
  });

  it('are found by the queries as JSON.stringify writes them', () => {
    const written = signals.signals.map((s) => JSON.stringify({ signal: s.signal, value: 1 }));
    for (const rule of signals.rules.filter((r) => r.signals.length > 0)) {
      const needle = /Message contains '([^']+)'/.exec(rule.query)?.[1] ?? 'no needle';
      expect(written.filter((line) => line.includes(needle))).toHaveLength(rule.signals.length);
    }
  });
});

describe('the README', () => {
  it('has every section its table of contents names', () => {
    const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map((m) =>
      (m[1] ?? '')
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...readme.matchAll(/\]\(#([^)]+)\)/g)].map((m) => m[1]);
    expect(links.length).toBeGreaterThan(15);
    expect(links.filter((l) => !headings.includes(l ?? ''))).toEqual([]);
  });

  it('gives no total cost that was not measured', () => {
    const [, cost = ''] = /<!-- cost:begin[^>]*-->([\s\S]*?)<!-- cost:end -->/.exec(readme) ?? [];
    expect(cost).toContain('_not measured yet_');
  });
});
