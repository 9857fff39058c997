// The files section: a ZIP is sent in through the page, taken apart and judged; a list of the house stands above that.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { launch, open, picture, ready, stored, text, URL_OF } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

/** The test string that every scanner knows, put together here: in one piece, scanners would meet it in this file. */
const TEST_STRING = [
  'X5O!P%@AP[4',
  String.raw`\PZX54(P^)7CC)7}`,
  '$EICAR-STANDARD',
  '-ANTIVIRUS-TEST',
  '-FILE!$H+H*',
].join('');
/** Its end reads backwards after the mark in it: on the page it must not. */
const TURNED = 'invoice\u202excod.exe';
const NAME = 'delivery 17.zip';
/** Another one in each run: a server that was tested before knows the old one. */
const ZIP = stored({
  'readme.txt': `a delivery of ${new Date().toISOString()}\nsee http://download.redoubt-test.com/more\n`,
  'test.com': TEST_STRING,
  // What it would do on a page that took it for more than a name.
  '<img src=x onerror=alert(1)>.txt': 'a name of its own\n',
});
const SHA256 = createHash('sha256').update(ZIP).digest('hex');
const BARE = /\b(files|console|verdict|analysis)\.[a-z]/;

const zh = (key, params) => text('zh-CN', key, params);
const file = (name, buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
/** The library puts a space between two letters of a button, and an icon's name before them. */
const button = (key) => ({ name: new RegExp(`${[...zh(key)].join('\\s?')}$`) });

describe('the files section', { concurrency: false, timeout: 300_000 }, () => {
  let browser;
  let session;
  let page;
  let wrong;

  before(async () => {
    browser = await launch();
    ({ page, wrong } = session = await open(browser, 'zh-CN'));
    await ready(page, 'zh-CN');
  });

  after(async () => {
    await session?.context.close();
    await browser?.close();
  });

  it('takes a file through the page and says what became of it', async () => {
    await page
      .getByRole('navigation')
      .getByRole('link', { name: zh('nav.files') })
      .click();
    await page.getByRole('heading', { level: 1, name: zh('nav.files') }).waitFor();
    await page.getByTestId('files').setInputFiles(file(NAME, ZIP));
    await page.getByText(zh('files.arrived', { n: '1', fresh: '1', known: '0' })).waitFor();
    const row = page
      .getByRole('table', { name: zh('nav.files') })
      .getByRole('row')
      .filter({ hasText: NAME });
    await row.getByText(zh('files.state-done'), { exact: true }).waitFor({ timeout: 120_000 });
    assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
  });

  it('says of a file that comes again that it is known', async () => {
    await page.getByTestId('files').setInputFiles(file(NAME, ZIP));
    await page.getByText(zh('files.arrived', { n: '1', fresh: '0', known: '1' })).waitFor();
  });

  it('is found by its digest from everywhere', async () => {
    await page.goto(`${URL_OF}/overview`);
    const box = page.getByRole('combobox', { name: zh('top.search-label') });
    await box.fill(SHA256);
    await page
      .getByRole('option')
      .or(page.locator('.ant-select-item-option'))
      .filter({ hasText: SHA256 })
      .last()
      .click();
    await page.waitForURL(/\/files\?q=/);
    await page.getByRole('link', { name: NAME }).first().click();
    await page.waitForURL(new RegExp(`/files/${SHA256}$`));
  });

  it('shows what is inside it, part by part', async () => {
    await page.goto(`${URL_OF}/files/${SHA256}`);
    const tree = page.getByRole('tree', { name: zh('files.parts') });
    await tree.getByRole('treeitem').filter({ hasText: 'test.com' }).click();
    await tree.getByRole('treeitem', { selected: true }).filter({ hasText: 'test.com' }).waitFor();
    await page.waitForURL(/part=\d+/);
    const digest = createHash('sha256').update(TEST_STRING).digest('hex');
    await page.getByText(digest, { exact: true }).waitFor();
    // By the keyboard as well: the part before it is the readme, and it names an address.
    await tree.press('ArrowUp');
    await page.getByRole('tab', { name: new RegExp(zh('files.indicators')) }).click();
    await page
      .getByRole('table', { name: zh('files.indicators') })
      .getByText('http://download.redoubt-test.com/more')
      .waitFor();
    assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
  });

  it('gives the report as one document in which every name is text', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', button('report.button')).click(),
    ]);
    assert.match(download.suggestedFilename(), /^redoubt-[0-9a-f]{12}-zh-CN\.html$/);
    const document = readFileSync(await download.path(), 'utf8');
    const reading = await session.context.newPage();
    const asked = [];
    reading.on('request', (request) => asked.push(request.url()));
    reading.on('dialog', (dialog) => asked.push(dialog.message()));
    try {
      await reading.setContent(document);
      await reading.getByRole('heading', { level: 1, name: NAME }).waitFor();
      await reading.getByText('<img src=x onerror=alert(1)>.txt').first().waitFor();
      await reading.getByText(SHA256).first().waitFor();
      await reading.getByText('http://download.redoubt-test.com/more').first().waitFor();
      assert.equal(await reading.locator('img, script, a, iframe, link').count(), 0);
      assert.doesNotMatch(await reading.innerText('body'), BARE, 'a bare code shows');
      assert.deepEqual(asked, []);
    } finally {
      await reading.close();
    }
  });

  it('prints the report from a frame that nobody sees', async () => {
    await page.getByRole('button', button('report.print')).click();
    const frame = page.locator('iframe.paper-frame');
    await frame.waitFor({ state: 'attached' });
    const paper = await (await frame.elementHandle()).contentFrame();
    await paper.getByRole('heading', { level: 1, name: NAME }).waitFor({ state: 'attached' });
    // The page policy holds for it as well, and its style is all the same there.
    assert.equal(await paper.evaluate(() => getComputedStyle(document.querySelector('h2')).fontSize), '16px');
  });

  it('gives the report to other programs, and is printed as a page', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /JSON$/ }).click(),
    ]);
    const report = JSON.parse(readFileSync(await download.path(), 'utf8'));
    assert.match(JSON.stringify(report), new RegExp(SHA256));
    await page.emulateMedia({ media: 'print' });
    await page.getByRole('heading', { level: 2, name: zh('files.remarkable-parts') }).waitFor();
    assert.equal(await page.getByRole('tree').isVisible(), false, 'a tree to click in is printed');
    await page.emulateMedia({ media: null });
  });

  it('counts as clean once it is allowed, and as before once it is taken off', async () => {
    await page.goto(`${URL_OF}/files/${SHA256}`);
    const verdict = page.getByRole('region', { name: zh('files.verdict') });
    const before = await verdict.locator('strong').first().innerText();
    await page.getByRole('button', button('files.allow')).click();
    const asking = page.getByRole('dialog');
    const allow = asking.getByRole('button', button('files.allow'));
    assert.ok(await allow.isDisabled(), 'a reason is needed');
    await asking.getByLabel(zh('files.reason'), { exact: true }).fill('测试样本');
    await allow.click();
    await asking.waitFor({ state: 'detached' });
    await verdict.getByText(zh('files.verdict-clean'), { exact: true }).first().waitFor();
    await verdict.getByText('测试样本').waitFor();
    await verdict.getByText(zh('files.own-result')).waitFor();

    await page.goto(`${URL_OF}/files?list=allow`);
    await page.getByRole('row').filter({ hasText: NAME }).getByText(zh('files.list-allow')).waitFor();

    await page.goto(`${URL_OF}/files/${SHA256}`);
    await page.getByRole('button', button('files.off-allow')).click();
    await page.getByRole('dialog').getByRole('button', button('files.off-allow')).click();
    await page.getByRole('button', button('files.allow')).waitFor();
    assert.equal(await verdict.locator('strong').first().innerText(), before);
  });

  it('is in the table that is taken away, as the filters leave it', async () => {
    await page.goto(`${URL_OF}/files?q=${SHA256}`);
    await page.getByRole('table').getByRole('link', { name: NAME }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /CSV$/ }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trim()
      .split('\r\n');
    assert.equal(lines.length, 2);
    assert.ok(
      lines[0].includes(zh('files.verdict')) && lines[1].includes(`,${NAME},${SHA256},zip,`),
      lines[1],
    );
  });

  it('is analysed again, and the page follows', async () => {
    await page.goto(`${URL_OF}/files/${SHA256}`);
    const again = page.getByRole('button', button('files.again'));
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/analyse')),
      again.click(),
    ]);
    assert.deepEqual(await answer.json(), { files: 1 });
    await page.waitForFunction(
      async (path) => (await (await fetch(path)).json()).file.state === 'done',
      `/api/v1/files/${SHA256}`,
      { timeout: 120_000, polling: 1000 },
    );
    await again.and(page.locator(':enabled')).waitFor();
  });

  it('tries the passwords that somebody wrote, and the usual ones again', async () => {
    await page.goto(`${URL_OF}/files/lists`);
    const change = page.getByRole('button', button('passwords.change'));
    const asking = page.getByRole('dialog');
    const field = asking.getByLabel(zh('passwords.field'));
    await change.click();
    await field.fill('very own words\n\n very own words \n');
    await asking.getByRole('button', button('passwords.save')).click();
    await page.getByText(zh('passwords.title', { n: '2' })).waitFor();
    await page.getByText(zh('passwords.own'), { exact: true }).waitFor();
    await change.click();
    await asking.getByRole('button', button('passwords.to-usual')).click();
    await asking.getByRole('button', button('passwords.save')).click();
    await page.getByText(zh('passwords.usual'), { exact: true }).waitFor();
  });

  it('is malicious while a list of indicators knows its hash, and says which', async () => {
    const inside = createHash('sha256').update(TEST_STRING).digest('hex');
    const { csrf } = await (await page.request.get(`${URL_OF}/api/v1/me`)).json();
    const headers = { origin: URL_OF, 'x-redoubt-csrf': csrf };
    const post = (path, data) => page.request.post(`${URL_OF}/api/v1${path}`, { headers, data });
    assert.ok((await post('/indicators', { source: 'known-bad.txt', text: `${inside}\n` })).ok());
    await page.goto(`${URL_OF}/files/${SHA256}`);
    const verdict = page.getByRole('region', { name: zh('files.verdict') });
    await verdict.getByText(zh('files.verdict-malicious'), { exact: true }).first().waitFor();
    await verdict.getByText('known-bad.txt').first().waitFor();
    await verdict.getByText(zh('files.overruled-inside')).waitFor();
    const known = await (await page.request.get(`${URL_OF}/api/v1/indicators?q=${inside}`)).json();
    assert.ok((await post('/indicators/remove', { ids: known.rows.map(({ id }) => id) })).ok());
  });

  for (const language of ['zh-CN', 'en']) {
    it(`is shown whole on each of its pages in ${language}, as pictures keep it`, async () => {
      const seen = await open(browser, language);
      try {
        await ready(seen.page, language);
        const say = (key) => text(language, key);
        const pages = [
          ['files', '/files', seen.page.getByRole('table', { name: say('nav.files') })],
          ['file', `/files/${SHA256}`, seen.page.getByRole('tree', { name: say('files.parts') })],
          ['files-lists', '/files/lists', seen.page.getByText(say('passwords.usual'), { exact: true })],
          ['files-rules', '/files/rules', seen.page.getByRole('heading', { level: 1 })],
        ];
        for (const [name, path, sign] of pages) {
          await seen.page.goto(`${URL_OF}${path}`);
          await sign.waitFor();
          await seen.page.waitForLoadState('networkidle').catch(() => undefined);
          assert.doesNotMatch(await seen.page.innerText('body'), BARE, `a bare code shows on ${path}`);
          const over = await seen.page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          assert.ok(over <= 0, `${path} is ${over} px wider than the window`);
          await picture(seen.page, name, language);
        }
        assert.deepEqual(seen.wrong, []);
      } finally {
        await seen.context.close();
      }
    });
  }

  it('shows in English what it shows in Chinese, and names as they are', async () => {
    const other = await open(browser, 'en');
    try {
      await ready(other.page, 'en');
      await other.page.goto(`${URL_OF}/files`);
      await other.page.getByTestId('files').setInputFiles(file(TURNED, Buffer.from(`${SHA256}\n`)));
      const link = other.page.getByRole('table').getByRole('link', { name: 'invoice' }).first();
      await link.waitFor();
      assert.match(await link.innerText(), /^invoice\s*U\+202E\s*xcod\.exe$/);
      await other.page.goto(`${URL_OF}/files/${SHA256}`);
      await other.page.getByRole('tree', { name: text('en', 'files.parts') }).waitFor();
      assert.doesNotMatch(await other.page.innerText('body'), BARE, 'a bare code shows');
      assert.deepEqual(other.wrong, []);
    } finally {
      await other.context.close();
    }
  });

  it('is forgotten when somebody asks for it', async () => {
    await page.goto(`${URL_OF}/files/${SHA256}`);
    await page.getByRole('button', { name: zh('files.forget') }).click();
    await page.getByRole('dialog').getByRole('button', button('files.forget')).click();
    await page.waitForURL(/\/files$/);
    await page.goto(`${URL_OF}/files?q=${SHA256}`);
    await page.getByText(zh('empty.filtered')).waitFor();
    assert.deepEqual(wrong, []);
  });
});
