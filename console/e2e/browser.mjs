// What the browser tests share: a browser, a signed-in page in a language, and the words to find things by.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

export const fixture = (name) => join(FIXTURES, name);
