// The network section: a capture with a weapon in it is sent in through the page, found, opened, and cut out as evidence.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, open, ready, text, URL_OF } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

const NAME = 'doublepulsar-backdoor-connect-win7.pcap';
const SHARED = process.env.REDOUBT_TEST_DATA;
const CAPTURE = SHARED && join(SHARED, 'captures', 'weapons', NAME);
const zh = (key, params) => text('zh-CN', key, params);

describe('the network section', { concurrency: false, timeout: 300_000 }, () => {
  let browser;
  let session;
  let page;
  let wrong;
  const there = !!CAPTURE && existsSync(CAPTURE);

  before(async () => {
    if (!there) {
      console.error(`SKIPPED: there is no shared test data (REDOUBT_TEST_DATA/captures/weapons/${NAME})`);
      return;
    }
    browser = await launch();
    ({ page, wrong } = session = await open(browser, 'zh-CN'));
    await ready(page, 'zh-CN');
  });

  after(async () => {
    await session?.context.close();
    await browser?.close();
  });

  it('takes a capture through the page and reads it', { skip: !there }, async () => {
    await page.getByRole('link', { name: zh('nav.network') }).click();
    await page.getByRole('heading', { level: 1, name: zh('nav.network') }).waitFor();
    await page.goto(`${URL_OF}/network/captures`);
    await page.getByTestId('files').setInputFiles(CAPTURE);
    const row = page.getByRole('row').filter({ hasText: NAME });
    await row.getByText(zh('network.state-done'), { exact: true }).waitFor({ timeout: 60_000 });
  });

  it('says in Chinese which weapon did what to whom', { skip: !there }, async () => {
    await page.goto(`${URL_OF}/network/findings?weapon=doublepulsar`);
    const row = page
      .getByRole('row')
      .filter({ hasText: '双脉冲星' })
      .filter({ hasText: zh('network.outcome-success') });
    await row.first().waitFor();
    assert.match(await row.first().innerText(), /192\.168\.198\.204[\s\S]*→[\s\S]*192\.168\.198\.203/);
  });

  it('opens the conversation with its exchanges', { skip: !there }, async () => {
    await page.goto(`${URL_OF}/network/sessions?weapon=doublepulsar&kind=exchange`);
    const table = page.getByRole('table').last();
    await table.getByRole('button').first().click();
    const profile = page.getByRole('dialog');
    await profile.getByText(zh('network.profile')).waitFor();
    await profile
      .getByRole('region', { name: zh('network.shows') })
      .getByText('双脉冲星')
      .first()
      .waitFor();
    const timeline = profile.getByRole('region', { name: zh('network.timeline') });
    await timeline.getByText(/SMB/).first().waitFor();
    assert.doesNotMatch(await profile.innerText(), /\b(network|console)\.[a-z]/, 'a bare code shows');
  });

  it(
    'prints the list without what only a screen can use, and a conversation in full',
    { skip: !there },
    async () => {
      await page.goto(`${URL_OF}/network/sessions?weapon=doublepulsar&kind=exchange`);
      await page.getByRole('table').last().getByRole('button').first().waitFor();
      const box = page.getByRole('searchbox', { name: zh('network.host-search') });
      const csv = page.getByText('CSV', { exact: true });
      assert.deepEqual([await box.isVisible(), await csv.isVisible()], [true, true]);
      await page.emulateMedia({ media: 'print' });
      assert.deepEqual([await box.isVisible(), await csv.isVisible()], [false, false]);
      // What the filters ask for is said in their place, and all thirteen elements are on the sheet.
      await page.getByText(`${zh('network.weapon')}: 双脉冲星`).waitFor();
      await page.getByRole('columnheader', { name: zh('network.payload') }).waitFor();
      await page.emulateMedia({ media: 'screen' });
      await page.getByRole('table').last().getByRole('button').first().click();
      const profile = page.getByRole('dialog');
      await profile.getByText(zh('network.timeline')).waitFor();
      await page.emulateMedia({ media: 'print' });
      assert.equal(
        await page.getByRole('table').last().isVisible(),
        false,
        'the list behind the conversation is printed',
      );
      const [body, list] = [profile.locator('.ant-drawer-body'), profile.locator('.exchanges')];
      const foot = async (part) => ((box) => box.y + box.height)(await part.boundingBox());
      assert.ok((await foot(body)) >= (await foot(list)), 'the exchanges are cut off');
      await page.emulateMedia({ media: null });
    },
  );

  it('looks back for what is pasted, and shows who met it and when', { skip: !there }, async () => {
    await page.goto(`${URL_OF}/network/hunts`);
    // What was read is taken in within a second or two.
    await page.getByText(/\d+ 条记录/).waitFor({ timeout: 30_000 });
    await page
      .getByLabel(zh('network.paste'), { exact: true })
      .fill('192.168.198.203\nnobody.example\nno indicator');
    await page.getByLabel(zh('hunt.name'), { exact: true }).fill('report 17');
    await page.getByRole('button', { name: zh('hunt.start'), exact: true }).click();
    await page.getByText(zh('hunt.state-done'), { exact: true }).waitFor({ timeout: 30_000 });
    await page.getByText(zh('hunt.bad-lines', { n: '1', good: '2' })).waitFor();
    await page
      .getByRole('img', { name: zh('hunt.by-time') })
      .locator('svg')
      .waitFor();
    const who = page.getByRole('region', { name: zh('hunt.who') });
    const row = who.getByRole('row').filter({ hasText: '192.168.198.204' });
    await row.first().waitFor();
    await row
      .first()
      .getByRole('link', { name: zh('hunt.to-sessions') })
      .click();
    await page.getByRole('table').last().getByText('192.168.198.203').first().waitFor();
    assert.doesNotMatch(await page.innerText('body'), /\b(hunt|network|console)\.[a-z]/, 'a bare code shows');
  });

  it('holds what a hunt met, and a time, until they are released', { skip: !there }, async () => {
    await page.goto(`${URL_OF}/network/hunts`);
    await page.getByRole('link', { name: 'report 17', exact: true }).first().click();
    await page.getByRole('button', { name: zh('hold.hunt'), exact: true }).click();
    const asking = page.getByRole('dialog');
    await asking.getByLabel(zh('hold.name'), { exact: true }).fill('case 7');
    await asking.getByRole('button', { name: zh('hold.hunt'), exact: true }).click();
    await page.getByRole('button', { name: zh('hold.release'), exact: true }).waitFor();

    await page.goto(`${URL_OF}/network/hunts`);
    const held = page.getByRole('region', { name: zh('hold.title') });
    await held.getByLabel(zh('hold.name'), { exact: true }).fill('case 8');
    const hold = held.getByRole('button', { name: zh('hold.time'), exact: true });
    assert.ok(await hold.isDisabled(), 'a time is needed');
    await held.getByLabel(zh('hunt.since')).fill('2017-04-01T00:00');
    await hold.click();
    const row = (name) => held.getByRole('row').filter({ hasText: name });
    await row('case 8').waitFor();
    assert.match(await row('case 7').innerText(), /\d+ 个文件/);
    assert.doesNotMatch(await page.innerText('body'), /\b(hold|hunt|console)\.[a-z]/, 'a bare code shows');
    for (const name of ['case 8', 'case 7']) {
      await row(name)
        .getByRole('button', { name: zh('hold.release'), exact: true })
        .click();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: zh('hold.release'), exact: true })
        .click();
      await row(name).waitFor({ state: 'detached' });
    }
    await held.getByText(zh('hold.none')).waitFor();
  });

  it('answers a question in SQL, draws it, and says why another is refused', { skip: !there }, async () => {
    await page.goto(`${URL_OF}/network/queries`);
    const editor = page.getByLabel(zh('query.sql'), { exact: true });
    await page.getByRole('button', { name: '协议分布', exact: true }).click();
    await editor.press('Control+Enter');
    const answer = page.getByRole('table').filter({ hasText: 'smb' }).last();
    await answer.waitFor({ timeout: 30_000 });
    await page
      .getByRole('img', { name: zh('query.chart', { what: 'sessions' }) })
      .locator('svg')
      .waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: zh('query.form-csv') }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^redoubt-query-\d+\.csv$/);
    await editor.fill('SELECT orginator FROM session');
    await editor.press('Control+Enter');
    await page.getByText(/没有列 orginator；相近的有：originator/).waitFor({ timeout: 30_000 });
    await editor.fill('SELECT count(*) AS n FROM session a, session b');
    // The library puts a space between two letters of a button, and an icon's name before them.
    const save = { name: /保\s?存$/ };
    await page.getByRole('button', save).click();
    await page.getByLabel(zh('query.name'), { exact: true }).fill('夜间');
    await page.getByRole('tooltip').getByRole('button', save).click();
    await page.getByRole('button', { name: /^夜\s?间$/ }).waitFor();
    await page.goto(`${URL_OF}/network/queries`);
    await page
      .getByRole('table', { name: zh('query.history') })
      .getByText('SELECT orginator')
      .waitFor();
    assert.doesNotMatch(
      await page.innerText('body'),
      /\b(query|network|console)\.[a-z]/,
      'a bare code shows',
    );
  });

  it('gives the evidence as a capture', { skip: !there }, async () => {
    await page.goto(`${URL_OF}/network/findings?weapon=doublepulsar`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page
        .getByRole('link', { name: zh('network.evidence') })
        .first()
        .click(),
    ]);
    const body = readFileSync(await download.path());
    assert.equal(body.readUInt32LE(0), 0xa1b23c4d, 'no capture with nanoseconds');
    assert.ok(body.length > 500, `only ${body.length} bytes`);
  });

  it('shows the weapons on the overview', { skip: !there }, async () => {
    await page.goto(`${URL_OF}/overview`);
    await page.getByRole('link', { name: new RegExp(zh('overview.wire')) }).waitFor();
    assert.deepEqual(wrong, []);
  });
});
