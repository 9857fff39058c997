// What the browser tests share: a browser, a signed-in page in a language, and the words to find things by.
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { chromium } from 'playwright-core';

export const URL_OF = process.env.REDOUBT_URL?.replace(/\/$/, '');
export const SETUP_TOKEN = process.env.REDOUBT_SETUP_TOKEN;
export const NAME = 'admin';
export const PASSWORD = 'a browser test of the console';
export const FIXTURES = new URL('./fixtures', import.meta.url).pathname;

/** Nothing on the page may call out; a browser that is started quietly shows that nothing does. */
const QUIET = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export const launch = () =>
  chromium.launch({ executablePath: process.env.REDOUBT_CHROMIUM ?? '/usr/bin/chromium', args: QUIET });

const words = Object.fromEntries(
  ['en', 'zh-CN'].map((language) => {
    const file = new URL(`../../locales/${language}/console.json`, import.meta.url);
    return [language, JSON.parse(readFileSync(file, 'utf8'))];
  }),
);

/** The text of a key with its parameters, as the page shows it. */
export function text(language, key, params = {}) {
  const found = words[language][key];
  if (found === undefined) throw new Error(`no words for ${key}`);
  return found.replace(/\{\{(\w+)\}\}/g, (_, name) => String(params[name] ?? ''));
}

/** Fails on anything the page policy forbids and on any request to another place. */
export async function open(browser, language, more = {}) {
  const context = await browser.newContext({
    locale: language,
    viewport: { width: 1366, height: 768 },
    ignoreHTTPSErrors: true,
    acceptDownloads: true,
    ...more,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(URL_OF) && !/^(data|blob|about):/.test(url)) wrong.push(`call out: ${url}`);
  });
  return { context, page, wrong };
}

export async function signIn(page, language) {
  await page.goto(`${URL_OF}/login`);
  await page.getByLabel(text(language, 'login.name'), { exact: true }).fill(NAME);
  await page.getByLabel(text(language, 'login.password'), { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: text(language, 'login.go') }).click();
  await page.waitForURL(/\/overview/);
}

const PICTURES =
  process.env.REDOUBT_PICTURES ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'redoubt/pictures');

/** Keeps what the page shows, for people to look at after a run; each run writes over the one before. */
export async function picture(page, name, language) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({
    path: join(PICTURES, `${name}.${language}.png`),
    fullPage: true,
    animations: 'disabled',
  });
}

export const fixture = (name) => join(FIXTURES, name);

/** Signs in on a page; a server nobody has set up yet gets its first administrator. */
export async function ready(page, language) {
  const status = await (await page.request.get(`${URL_OF}/api/v1/status`)).json();
  if (status.setup_needed) {
    await page.request.post(`${URL_OF}/api/v1/setup`, {
      headers: { origin: URL_OF },
      data: { token: SETUP_TOKEN, name: NAME, password: PASSWORD },
    });
    await page.context().clearCookies();
  }
  await signIn(page, language);
}

const xml = (body) => `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`;
const escaped = (cell) => String(cell).replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** A workbook of one sheet, as a spreadsheet program saves it, with its parts stored and not packed. */
export function workbook(sheet, rows) {
  const lines = rows.map(
    (row) =>
      `<row>${row.map((cell) => (typeof cell === 'number' ? `<c><v>${cell}</v></c>` : `<c t="inlineStr"><is><t>${escaped(cell)}</t></is></c>`)).join('')}</row>`,
  );
  const office = 'http://schemas.openxmlformats.org';
  return stored({
    '[Content_Types].xml': xml(
      `<Types xmlns="${office}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
    ),
    '_rels/.rels': xml(
      `<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="rId1" Type="${office}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ),
    'xl/workbook.xml': xml(
      `<workbook xmlns="${office}/spreadsheetml/2006/main" xmlns:r="${office}/officeDocument/2006/relationships"><sheets><sheet name="${escaped(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': xml(
      `<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="rId1" Type="${office}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    ),
    'xl/worksheets/sheet1.xml': xml(
      `<worksheet xmlns="${office}/spreadsheetml/2006/main"><sheetData>${lines.join('')}</sheetData></worksheet>`,
    ),
  });
}

/** A ZIP archive whose entries are stored as they are. */
export function stored(files) {
  const parts = [];
  const index = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt32LE(crc32(body), 14);
    local.writeUInt32LE(body.length, 18);
    local.writeUInt32LE(body.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(20, 4);
    local.copy(central, 6, 4, 30);
    central.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), body);
    index.push(central, Buffer.from(name));
    at += 30 + name.length + body.length;
  }
  const size = index.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(index.length / 2, 8);
  end.writeUInt16LE(index.length / 2, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...index, end]);
}
