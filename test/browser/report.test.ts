import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { hostileBundle } from '../support/hostile.ts';
import { storyBundle } from '../support/story-bundle.ts';

let browser: Browser;
let folder: string;
let pages: Record<'story' | 'hostile', string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-browser-'));
  const story = (await storyBundle()).files.get('report.html')!;
  const hostile = (await hostileBundle()).files.get('report.html')!;
  pages = { story: await saved('story.html', story), hostile: await saved('hostile.html', hostile) };
  // Containers run as root, where Chromium's own sandbox does not start.
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

async function saved(name: string, body: Buffer): Promise<string> {
  await writeFile(join(folder, name), body);
  return pathToFileURL(join(folder, name)).href;
}

interface Watched {
  readonly page: Page;
  readonly troubles: string[];
}

/** A page in which every message, request beyond the file itself, dialog and popup is noted. */
async function open(url: string, width: number, height: number): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width, height } });
  const troubles: string[] = [];
  page.on('console', (m) => troubles.push(`console ${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => troubles.push(`error: ${e.message}`));
  page.on('dialog', (d) => void (troubles.push(`dialog: ${d.message()}`), d.dismiss()));
  page.on('popup', () => troubles.push('popup'));
  page.on('request', (r) => r.url() !== url && troubles.push(`request: ${r.url()}`));
  await page.goto(url);
  return { page, troubles };
}

const widthOf = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth');

describe.each(['story', 'hostile'] as const)('the %s report in a browser', (name) => {
  it.each([
    ['desktop', 1280, 900],
    ['phone', 390, 844],
  ] as const)(
    'opens at %s width without error, request, script or sideways scrolling',
    async (_name, width, height) => {
      const { page, troubles } = await open(pages[name], width, height);
      expect(await widthOf(page)).toBeLessThanOrEqual(width);
      expect(await page.locator('script, iframe, object, embed, img, form, link').count()).toBe(0);
      expect(await page.locator('svg').count()).toBe(2);
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      // Any element of the page with an event handler would be one that a record brought.
      const handlers =
        '[...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => /^on/i.test(a.name))).length';
      expect(await page.evaluate(handlers)).toBe(0);
      const links = await page.evaluate<string[]>('[...document.links].map((a) => a.getAttribute("href"))');
      expect(
        links.filter(
          (href) =>
            !/^(#[a-z0-9-]+|records\/[a-z-]+\.ndjson|(state\/)?[A-Za-z0-9@%._-]+\.(json|md|csv))$/.test(href),
        ),
      ).toEqual([]);
      expect((await page.screenshot({ fullPage: false })).length).toBeGreaterThan(10_000);
      expect(troubles).toEqual([]);
      await page.close();
    },
  );

  it('leads each citation to a record that is listed', async () => {
    const { page } = await open(pages[name], 1280, 900);
    const dead =
      '[...document.querySelectorAll("a[href^=\'#\']")].filter((a) => !document.getElementById(a.getAttribute("href").slice(1))).length';
    expect(await page.evaluate(dead)).toBe(0);
    await page.close();
  });

  it('prints', async () => {
    const { page, troubles } = await open(pages[name], 1280, 900);
    const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(troubles).toEqual([]);
    await page.close();
  });
});
