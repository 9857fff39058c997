// The console against a real server. `REDOUBT_URL` and `REDOUBT_SETUP_TOKEN` say which; `./dev test` starts a fresh one.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fixture, launch, NAME, open, PASSWORD, SETUP_TOKEN, signIn, text, URL_OF } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

const zh = (key, params) => text('zh-CN', key, params);
const en = (key, params) => text('en', key, params);

describe('the console', { concurrency: false, timeout: 900_000 }, () => {
  let browser;
  let session;
  let page;
  let wrong;

  before(async () => {
    browser = await launch();
    ({ page, wrong } = session = await open(browser, 'zh-CN'));
  });

  after(async () => {
    await session?.context.close();
    await browser?.close();
  });

  it('leads a first visit to the setup, refuses a wrong token, and makes the first administrator', async () => {
    const status = await (await page.request.get(`${URL_OF}/api/v1/status`)).json();
    if (!status.setup_needed) {
      // A server that was set up before: the tests go on with the account they know.
      await signIn(page, 'zh-CN');
      return;
    }
    assert.ok(SETUP_TOKEN, 'REDOUBT_SETUP_TOKEN is needed for a fresh server');
    await page.goto(URL_OF);
    await page.waitForURL(/\/setup/);
    await page.getByLabel(zh('setup.token')).fill('not-the-token');
    await page.getByLabel(zh('setup.name')).fill(NAME);
    await page.getByLabel(zh('login.password'), { exact: true }).fill(PASSWORD);
    await page.getByLabel(zh('setup.again')).fill(PASSWORD);
    const go = page.getByRole('button', { name: zh('setup.go') });
    await go.click();
    await page.getByRole('alert').first().waitFor();
    await page.getByLabel(zh('setup.token')).fill(SETUP_TOKEN);
    await go.click();
    await page.waitForURL(/\/overview/);
    await page.getByRole('heading', { level: 1, name: zh('nav.overview') }).waitFor();
  });

  it('signs out and in again, and says what is wrong with a password in Chinese', async () => {
    await page.getByRole('button', { name: zh('top.account') }).click();
    await page.getByRole('menuitem', { name: zh('top.sign-out') }).click();
    await page.waitForURL(/\/login/);
    await page.getByLabel(zh('login.name'), { exact: true }).fill(NAME);
    await page.getByLabel(zh('login.password'), { exact: true }).fill('wrong');
    await page.getByRole('button', { name: zh('login.go') }).click();
    const alert = page.getByRole('alert').first();
    await alert.waitFor();
    assert.match(await alert.innerText(), /[\u4e00-\u9fff]/);
    await page.getByLabel(zh('login.password'), { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: zh('login.go') }).click();
    await page.waitForURL(/\/overview/);
  });

  it('says the next action where there is nothing yet', async () => {
    await page.goto(`${URL_OF}/hosts?q=no-such-host-anywhere`);
    await page.getByRole('heading', { name: zh('empty.filtered') }).waitFor();
    await page.getByRole('link', { name: zh('action.clear-filters') }).waitFor();
  });

  it('imports files through the page and shows what was refused and why', async () => {
    await page.goto(`${URL_OF}/import`);
    await page
      .getByTestId('files')
      .setInputFiles(['PRESS-07.txt', 'PRESS-08.txt', 'broken.bin'].map(fixture));
    await page.waitForURL(/\/import\/.+/);
    await page.getByRole('heading', { name: zh('import.done') }).waitFor({ timeout: 120_000 });
    const files = page.getByRole('table');
    await files.getByText('PRESS-07.txt').waitFor();
    const refused = files.getByRole('row').filter({ hasText: 'broken.bin' });
    await refused.getByText(zh('import.was-refused')).waitFor();
    assert.match(await refused.innerText(), /[\u4e00-\u9fff]{4}/);
  });

  it('imports the real host files when they are at hand', async (test) => {
    const folder = process.env.REDOUBT_TEST_DATA && join(process.env.REDOUBT_TEST_DATA, 'hosts');
    if (!folder || !existsSync(folder)) {
      console.error('SKIPPED: there is no shared test data (REDOUBT_TEST_DATA/hosts)');
      return test.skip();
    }
    const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
    await page.goto(`${URL_OF}/import`);
    await page.getByTestId('files').setInputFiles(names.map((name) => join(folder, name)));
    await page.waitForURL(/\/import\/.+/);
    await page.getByRole('heading', { name: zh('import.done') }).waitFor({ timeout: 240_000 });
    await page.goto(`${URL_OF}/hosts?q=WIN7SP1X64`);
    await page.getByRole('link', { name: 'WIN7SP1X64' }).first().waitFor();
  });

  it('opens a host and reads its plan in Chinese', async () => {
    await page.goto(`${URL_OF}/hosts?q=PRESS-07`);
    await page.getByRole('link', { name: 'PRESS-07' }).click();
    await page.getByRole('heading', { level: 1, name: /PRESS-07/ }).waitFor();
    const why = page.getByRole('region', { name: zh('asset.why') });
    await why.getByText(zh('state.open')).first().waitFor();
    await page.getByRole('tab', { name: zh('nav.disposal') }).click();
    const steps = page.getByRole('region', { name: zh('asset.steps') });
    await steps
      .getByText(/KB4012212/)
      .first()
      .waitFor();
    const plan = await steps.innerText();
    assert.match(plan, /[\u4e00-\u9fff]{6}/);
    assert.doesNotMatch(plan, /\b(disposal|remedy|exposure|console)\.[a-z]/, 'a bare code shows');
  });

  it('downloads the script of a host after showing it', async () => {
    const scripts = page.getByRole('region', { name: zh('asset.scripts') });
    const name = await scripts
      .getByRole('button', { name: /\.cmd$/ })
      .first()
      .innerText();
    await scripts.getByRole('button', { name, exact: true }).click();
    await page.getByRole('dialog').locator('pre').waitFor();
    await page
      .getByRole('button', { name: /close|关闭/i })
      .first()
      .click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      scripts.getByRole('link', { name: zh('scripts.download', { name }) }).click(),
    ]);
    const body = readFileSync(await download.path());
    assert.ok(body.length > 200, `only ${body.length} bytes`);
    assert.match(body.toString('latin1'), /PRESS-07/i);
  });

  it('keeps the place when the language changes', async () => {
    const before = page.url();
    await page.getByText('English', { exact: true }).click();
    await page.getByRole('region', { name: en('asset.steps') }).waitFor();
    assert.equal(page.url(), before);
    await page.reload();
    await page.getByRole('region', { name: en('asset.steps') }).waitFor();
    await page.getByText('中文', { exact: true }).click();
    await page.getByRole('region', { name: zh('asset.steps') }).waitFor();
  });

  it('draws the exposure graph and filters the table under it', async () => {
    await page.goto(`${URL_OF}/exposure`);
    const graph = page.locator('[data-nodes]');
    await graph.waitFor();
    assert.ok(Number(await graph.getAttribute('data-nodes')) > 3);
    await graph.locator('canvas').first().waitFor();
    const rows = page.getByRole('region', { name: zh('exposure.rows') });
    await rows.getByRole('row').nth(2).waitFor();
    await page.goto(`${URL_OF}/exposure?weapon=eternalblue&q=PRESS`);
    await rows.getByRole('link', { name: 'PRESS-07' }).waitFor();
    assert.equal(
      await rows.getByRole('link', { name: 'PRESS-08' }).count(),
      0,
      'KB4012212 is installed on PRESS-08',
    );
  });

  it('shows the graph as a table too, and a weapon with the words of the report', async () => {
    await page.goto(`${URL_OF}/exposure?view=table&card=eternalblue`);
    const card = page.getByRole('dialog');
    await card.getByText('Windows XP(32),Windows Server 2008 R2(32/64),Windows 7(32/64)').waitFor();
    await card.getByText('CVE-2017-0144').first().waitFor();
    await page.goto(`${URL_OF}/exposure?view=table`);
    await page
      .getByRole('table', { name: zh('exposure.relations') })
      .getByRole('row')
      .nth(2)
      .waitFor();
  });

  it('moves a plan on after saying the consequence, and shows what is forbidden with its reason', async () => {
    await page.goto(`${URL_OF}/hosts?q=PRESS-07`);
    await page.getByRole('link', { name: 'PRESS-07' }).click();
    await page.getByRole('tab', { name: zh('nav.disposal') }).click();
    const standing = page.getByRole('region', { name: zh('plan.standing') });
    await standing.getByRole('button', { name: zh('move.approval') }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(zh('move.approval-means')).waitFor();
    await dialog.getByRole('button', { name: zh('move.approval') }).click();
    await standing.getByText(zh('plan.approval'), { exact: true }).waitFor();
    await page.goto(`${URL_OF}/disposal?q=PRESS-07`);
    await page
      .getByRole('region', { name: zh('plan.approval') })
      .getByText('PRESS-07')
      .waitFor();
  });

  it('moves all plans of a filter at once, and tells what became of them', async () => {
    await page.goto(`${URL_OF}/disposal?state=draft&q=PRESS-0`);
    const bar = page.getByRole('toolbar', { name: zh('moves.title') });
    await bar.getByRole('button', { name: zh('move.approval') }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(zh('move.approval-means')).waitFor();
    await dialog.getByRole('button', { name: zh('move.approval') }).click();
    await page.getByText(/已流转 \d+ 份，0 份保持原状/).waitFor();
  });

  it('rolls an action out in rings, and holds back what is not open', async () => {
    await page.goto(`${URL_OF}/disposal?view=fleet`);
    await page.locator('.ant-table-row-expand-icon').nth(1).click();
    await page.getByRole('button', { name: zh('rollout.start') }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: zh('rollout.start') })
      .click();
    await page
      .getByText(/已开放/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: zh('rollout.end') }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: zh('rollout.end') })
      .click();
    // Its name is part of the other's: the page has both while the dialog goes away.
    await page.getByRole('button', { name: zh('rollout.start'), exact: true }).waitFor();
  });

  it('tells of a host what falls with it and what happened to it', async () => {
    await page.goto(`${URL_OF}/hosts?q=PRESS-07`);
    await page.getByRole('link', { name: 'PRESS-07' }).click();
    await page.getByRole('tab', { name: zh('falls.tab') }).click();
    await page.getByRole('region', { name: zh('falls.places') }).waitFor();
    await page.getByRole('tab', { name: zh('time.tab') }).click();
    await page
      .getByRole('region', { name: zh('time.list') })
      .getByText(zh('plan.approval'), { exact: true })
      .first()
      .waitFor();
  });

  it('judges a host again when the business says it needs the port', async () => {
    await page.goto(`${URL_OF}/hosts?q=PRESS-08`);
    await page.getByRole('link', { name: 'PRESS-08' }).click();
    await page.getByRole('button', { name: zh('business.title') }).click();
    const form = page.getByRole('dialog');
    await form.getByText(zh('business.no-ports')).click();
    await form.getByRole('button', { name: zh('business.save') }).click();
    await page.getByText(zh('business.saved')).waitFor();
  });

  it('finds a host and a weapon from the bar on top', async () => {
    await page.goto(`${URL_OF}/overview`);
    const box = page.getByRole('combobox', { name: zh('top.search-label') });
    await box.fill('PRESS-07');
    await page.locator('.ant-select-item-option').filter({ hasText: 'PRESS-07' }).first().click();
    await page.waitForURL(/\/hosts\//);
  });

  it('says that the server cannot be reached, and recovers', async () => {
    await session.context.route('**/api/v1/hosts?**', (route) => route.abort());
    await page.goto(`${URL_OF}/hosts?q=cut-off`);
    await page.getByRole('heading', { name: zh('problem.offline-title') }).waitFor();
    await session.context.unroute('**/api/v1/hosts?**');
    await page.getByRole('button', { name: zh('action.retry') }).click();
    await page.getByRole('heading', { name: zh('empty.filtered') }).waitFor();
  });

  it('says on an open page that the server is gone, and goes on by itself', async () => {
    await session.context.route('**/api/v1/events', (route) => route.abort());
    await page.goto(`${URL_OF}/hosts`);
    const gone = page.getByRole('alert').filter({ hasText: zh('problem.lost') });
    await gone.waitFor();
    // A page that was not opened before cannot be fetched either.
    await session.context.route('**/assets/Jobs-*.js', (route) => route.abort());
    await session.context.route('**/api/v1/status', (route) => route.abort());
    await page
      .getByRole('navigation')
      .getByRole('link', { name: zh('nav.jobs') })
      .click();
    await page.getByRole('heading', { name: zh('problem.offline-title') }).waitFor();
    await session.context.unroute('**/api/v1/events');
    await session.context.unroute('**/assets/Jobs-*.js');
    await session.context.unroute('**/api/v1/status');
    await page.getByRole('heading', { level: 1, name: zh('nav.jobs') }).waitFor();
    await gone.waitFor({ state: 'detached' });
  });

  it('shows every section in both languages without a bare code, an error or a call out', async () => {
    for (const language of ['en', 'zh-CN']) {
      await page.getByText(language === 'en' ? 'English' : '中文', { exact: true }).click();
      for (const [path, name] of [
        ['overview', 'nav.overview'],
        ['hosts', 'nav.assets'],
        ['exposure', 'nav.exposure'],
        ['disposal', 'nav.disposal'],
        ['disposal?view=fleet', 'nav.disposal'],
        ['files', 'nav.files'],
        ['files/rules', 'nav.files'],
        ['jobs', 'nav.jobs'],
        ['system', 'nav.system'],
        ['system/users', 'nav.system'],
        ['system/about', 'nav.system'],
      ]) {
        await page.goto(`${URL_OF}/${path}`);
        await page.getByRole('heading', { level: 1, name: text(language, name) }).waitFor();
        await page.waitForLoadState('networkidle').catch(() => {});
        const body = await page.locator('main').innerText();
        assert.doesNotMatch(
          body,
          /\b(console|disposal|exposure|weapons|api|knowledge|inventory)\.[a-z]+-?[a-z.-]+ ?\(/,
          path,
        );
        assert.equal(
          await page
            .getByRole('alert')
            .filter({ hasText: text(language, 'problem.title') })
            .count(),
          0,
          path,
        );
      }
    }
    assert.deepEqual(wrong, []);
  });
});
