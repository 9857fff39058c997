// What an administrator does with the console, in both languages, against a real server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fixture, launch, NAME, open, PASSWORD, ready, text, URL_OF, workbook } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

const API = `${URL_OF}/api/v1`;

for (const language of ['zh-CN', 'en']) {
  const t = (key, params) => text(language, key, params);
  const tag = language === 'en' ? 'EN' : 'ZH';

  describe(`an administrator in ${language}`, { concurrency: false, timeout: 600_000 }, () => {
    let browser;
    let session;
    let page;

    before(async () => {
      browser = await launch();
      session = await open(browser, language);
      page = session.page;
      await ready(page, language);
    });

    after(async () => {
      await session?.context.close();
      await browser?.close();
    });

    const dialog = () => page.getByRole('dialog');
    const button = (key, params) => page.getByRole('button', { name: t(key, params), exact: true });

    /** Chooses an entry of a list box by its words: typing narrows the list, as a person would. */
    async function choose(box, words) {
      await box.click();
      await box.fill(words);
      await box.press('Enter');
    }

    /** The meaning of a column; words of the field come from the reader or from the console. */
    async function mean(column, words) {
      await choose(page.getByRole('combobox', { name: t('mapping.column', { column }) }), words);
    }

    /** The list sends the file, a person says what the columns mean, the hosts arrive. */
    async function mapped(file, name, columns) {
      await page.goto(`${URL_OF}/import`);
      await page.getByTestId('files').setInputFiles(file);
      await page.waitForURL(/\/import\/.+/);
      await page.getByRole('heading', { name: t('import.waiting') }).waitFor();
      for (const [column, words] of columns) await mean(column, words);
      await button('mapping.go').click();
      await page.getByRole('heading', { name: t('import.done') }).waitFor();
      await page.goto(`${URL_OF}/hosts?q=${name}`);
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { level: 1, name: new RegExp(name) }).waitFor();
      return page.getByRole('region', { name: t('business.title') });
    }

    const COLUMNS = [
      ['Kennung', t('field.name')],
      ['Netz', t('field.address')],
      ['Gewicht', t('field.value')],
      ['Bedarf', t('field.needs-ports')],
    ];

    it('says what the columns of a CSV mean, and its hosts arrive with value and needed port', async () => {
      const name = `CSV-${tag}-1`;
      const body = `Kennung;Netz;Gewicht;Bedarf\r\n${name};192.0.2.101;4;tcp/445\r\n`;
      const business = await mapped(
        { name: 'liste.csv', mimeType: 'text/csv', buffer: Buffer.from(body) },
        name,
        COLUMNS,
      );
      await business.getByText('tcp/445').waitFor();
      assert.match(await business.innerText(), /\b4\b/);
    });

    it('does the same with a workbook', async () => {
      const name = `XLSX-${tag}-1`;
      const business = await mapped(
        {
          name: 'assets.xlsx',
          mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
          buffer: workbook('机器', [
            ['Kennung', 'Netz', 'Gewicht', 'Bedarf'],
            [name, '192.0.2.102', 5, 'tcp/445, tcp/139'],
          ]),
        },
        name,
        COLUMNS,
      );
      await business.getByText('tcp/445').waitFor();
      assert.match(await business.innerText(), /tcp\/139/);
      assert.match(await business.innerText(), /\b5\b/);
    });

    it('cancels a job that waits, after saying what that means', async () => {
      await page.goto(`${URL_OF}/import`);
      const body = `Kennung;Netz\r\nNEVER-${tag};192.0.2.103\r\n`;
      await page
        .getByTestId('files')
        .setInputFiles({ name: 'later.csv', mimeType: 'text/csv', buffer: Buffer.from(body) });
      await page.waitForURL(/\/import\/.+/);
      await page.getByRole('heading', { name: t('import.waiting') }).waitFor();
      const id = decodeURIComponent(new URL(page.url()).pathname.split('/').pop());

      // What waits for a person is told on every page.
      await page.getByRole('button', { name: /^(通知 [1-9]|Notices: [1-9])/ }).waitFor();

      await page.goto(`${URL_OF}/jobs?job=${encodeURIComponent(id)}`);
      await dialog()
        .getByRole('button', { name: t('jobs.cancel'), exact: true })
        .click();
      const sure = page.getByRole('dialog').filter({ hasText: t('jobs.cancel-title') });
      await sure.getByText(t('jobs.cancel-means')).waitFor();
      await sure.getByRole('button', { name: t('jobs.cancel'), exact: true }).click();
      await dialog().getByText(t('job.cancelled'), { exact: true }).first().waitFor();
      await page.goto(`${URL_OF}/hosts?q=NEVER-${tag}`);
      await page.getByRole('heading', { name: t('empty.filtered') }).waitFor();
    });

    it('updates the knowledge from a file and sees it among its parts', async () => {
      const body = `#model_version:v2026.11.01,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2017-0144,0.94321,0.99961\n`;
      await page.goto(`${URL_OF}/system/knowledge`);
      await page
        .getByTestId('files')
        .setInputFiles({ name: `epss-${tag}.csv`, mimeType: 'text/csv', buffer: Buffer.from(body) });
      await page.waitForURL(/\/jobs\?job=/);
      await dialog().getByText(t('job.done'), { exact: true }).first().waitFor({ timeout: 120_000 });
      await page.goto(`${URL_OF}/system/knowledge`);
      const row = page.getByRole('row').filter({ hasText: t('knowledge.epss') });
      await row.getByText(`epss-${tag}.csv`).waitFor();
    });

    it('makes a token that reads and does not write, and revokes it', async () => {
      const name = `reader-${tag}`;
      await page.goto(`${URL_OF}/system/tokens`);
      await button('tokens.new').first().click();
      await dialog().getByLabel(t('tokens.name')).fill(name);
      await dialog()
        .getByRole('button', { name: t('tokens.make') })
        .click();
      await dialog().getByText(t('tokens.once')).waitFor();
      const secret = (await dialog().locator('pre').innerText()).trim();
      const headers = { authorization: `Bearer ${secret}` };
      const call = (method, path, more = {}) => fetch(`${API}${path}`, { method, headers, ...more });
      assert.equal((await call('GET', '/hosts?limit=1')).status, 200);
      assert.equal((await call('POST', '/system/backup')).status, 403);
      await dialog()
        .getByRole('button', { name: t('action.close'), exact: true })
        .last()
        .click();

      const row = page.getByRole('row').filter({ hasText: name });
      await row.getByRole('button', { name: t('tokens.end') }).click();
      await dialog().getByText(t('tokens.end-means')).waitFor();
      await dialog()
        .getByRole('button', { name: t('tokens.end') })
        .click();
      await row.waitFor({ state: 'detached' });
      assert.equal((await call('GET', '/hosts?limit=1')).status, 401);
    });

    it('makes a backup and takes it away', async () => {
      await page.goto(`${URL_OF}/system/backup`);
      await button('backup.now').first().click();
      await page.waitForURL(/\/jobs\?job=/);
      await dialog().getByText(t('job.done'), { exact: true }).first().waitFor({ timeout: 120_000 });
      await page.goto(`${URL_OF}/system/backup`);
      const table = page.getByRole('table', { name: t('system.backup') });
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        table.getByRole('link').first().click(),
      ]);
      assert.match(file.suggestedFilename(), /^redoubt-.*\.backup$/);
      assert.ok(readFileSync(await file.path()).length > 1000);
    });

    it('carries a plan to its end with the result file of a script', async () => {
      const name = `RES-${tag}-7`;
      const systeminfo = readFileSync(fixture('PRESS-07.txt'), 'utf8')
        .replaceAll('PRESS-07', name)
        .replace('1000007', tag === 'EN' ? '1000307' : '1000407')
        .replace('192.0.2.17', tag === 'EN' ? '192.0.2.117' : '192.0.2.118');
      await page.goto(`${URL_OF}/import`);
      await page.getByTestId('files').setInputFiles({
        name: `${name}.txt`,
        mimeType: 'text/plain',
        buffer: Buffer.from(systeminfo),
      });
      await page.waitForURL(/\/import\/.+/);
      await page.getByRole('heading', { name: t('import.done') }).waitFor();
      await page.goto(`${URL_OF}/hosts?q=${name}`);
      await page.getByRole('link', { name }).click();
      await page.getByRole('tab', { name: t('nav.disposal') }).click();
      const standing = page.getByRole('region', { name: t('plan.standing') });
      for (const [move, state] of [
        ['move.approval', 'plan.approval'],
        ['move.running', 'plan.running'],
        ['move.verifying', 'plan.verifying'],
      ]) {
        await standing.getByRole('button', { name: t(move), exact: true }).click();
        await dialog()
          .getByText(t(`${move}-means`))
          .waitFor();
        await dialog()
          .getByRole('button', { name: t(move), exact: true })
          .click();
        await standing.getByText(t(state), { exact: true }).waitFor();
      }
      const scripts = page.getByRole('region', { name: t('asset.scripts') });
      const [script] = await Promise.all([
        page.waitForEvent('download'),
        scripts.getByRole('link').first().click(),
      ]);
      const [, plan] = /RD_PLAN=([\w.-]+)/.exec(readFileSync(await script.path(), 'latin1')) ?? [];
      assert.ok(plan, 'the script does not name its plan');
      const lines = [
        'redoubt-result=1',
        `plan=${plan}`,
        `host=${name}`,
        `reported-computer=${name}`,
        'mode=verify',
        'system=6.1.7601',
        'step.1.action=key-patch',
        'step.1=ok',
        'result=verified',
        'exit=0',
        'end=redoubt-result',
      ];
      await page.goto(`${URL_OF}/disposal`);
      await page
        .getByLabel(t('results.upload'))
        .last()
        .setInputFiles([
          { name: 'result.txt', mimeType: 'text/plain', buffer: Buffer.from(`${lines.join('\r\n')}\r\n`) },
          { name: 'no-result.txt', mimeType: 'text/plain', buffer: Buffer.from('nothing') },
        ]);
      const good = dialog()
        .getByRole('row')
        .filter({ has: page.getByText('result.txt', { exact: true }) });
      await good.getByText(t('plan.verified'), { exact: true }).waitFor();
      const bad = dialog().getByRole('row').filter({ hasText: 'no-result.txt' });
      await bad.getByText(t('import.was-refused'), { exact: true }).waitFor();
      await dialog()
        .getByRole('button', { name: t('action.close'), exact: true })
        .last()
        .click();
      await page.goto(`${URL_OF}/disposal?state=verified&q=${name}`);
      await page
        .getByRole('table', { name: t('plan.verified') })
        .getByText(name)
        .waitFor();
    });

    it('shows a read-only account what it may not do, and why', async () => {
      const name = `reader-${tag.toLowerCase()}`;
      await page.goto(`${URL_OF}/system/users`);
      await button('users.new').click();
      await dialog().getByLabel(t('login.name'), { exact: true }).fill(name);
      await dialog().getByLabel(t('login.password'), { exact: true }).fill(PASSWORD);
      await dialog().getByText(t('account-role.read-only')).waitFor();
      await dialog()
        .getByRole('button', { name: t('action.save') })
        .click();
      await page.getByRole('row').filter({ hasText: name }).waitFor();

      const other = await open(browser, language);
      const reader = other.page;
      await reader.goto(`${URL_OF}/login`);
      await reader.getByLabel(t('login.name'), { exact: true }).fill(name);
      await reader.getByLabel(t('login.password'), { exact: true }).fill(PASSWORD);
      await reader.getByRole('button', { name: t('login.go') }).click();
      await reader.waitForURL(/\/overview/);

      // An icon before the words is a part of the name.
      const named = (key) => new RegExp(`(^|\\s)${t(key)}$`);
      const forbidden = async (area, key, reason) => {
        const found = area.getByRole('button', { name: named(key) }).first();
        await found.waitFor();
        assert.equal(await found.isDisabled(), true, key);
        assert.equal(await found.getAttribute('aria-description'), t(reason), key);
      };
      await reader.goto(`${URL_OF}/hosts?q=CSV-${tag}-1`);
      await forbidden(reader, 'import.title', 'denied.import');
      // The reason is there for the keyboard too.
      await reader
        .getByRole('button', { name: named('import.title') })
        .locator('..')
        .focus();
      await reader.getByRole('tooltip').getByText(t('denied.import')).waitFor();
      await reader.getByRole('link', { name: `CSV-${tag}-1` }).click();
      await forbidden(reader, 'business.title', 'denied.edit');
      await reader.goto(`${URL_OF}/disposal`);
      await forbidden(reader, 'results.upload', 'denied.work');
      await reader.goto(`${URL_OF}/import`);
      await forbidden(reader, 'import.choose-files', 'denied.import');
      for (const [tab, permission] of [
        ['users', 'manage-users'],
        ['audit', 'read-audit'],
        ['backup', 'run-system'],
      ]) {
        await reader.goto(`${URL_OF}/system/${tab}`);
        await reader.getByText(t(`permission.${permission}-denied`)).waitFor();
      }
      assert.deepEqual(other.wrong, []);
      await other.context.close();
    });

    it('opens a link with filters, through the door, and keeps the language', async () => {
      const other = await open(browser, language === 'en' ? 'zh-CN' : 'en');
      const guest = other.page;
      await guest.goto(`${URL_OF}/hosts?q=CSV-${tag}&value=4`);
      await guest.waitForURL(/\/login\?from=/);
      // The browser speaks the other language; the choice made here stays.
      await guest.getByText(language === 'en' ? 'English' : '中文', { exact: true }).click();
      await guest.getByLabel(t('login.name'), { exact: true }).fill(NAME);
      await guest.getByLabel(t('login.password'), { exact: true }).fill(PASSWORD);
      await guest.getByRole('button', { name: t('login.go') }).click();
      await guest.waitForURL((url) => url.pathname === '/hosts' && url.search === `?q=CSV-${tag}&value=4`);
      await guest.getByRole('link', { name: `CSV-${tag}-1` }).waitFor();
      assert.equal(
        await guest.getByRole('searchbox', { name: t('assets.search') }).inputValue(),
        `CSV-${tag}`,
      );

      const again = await other.context.newPage();
      await again.goto(`${URL_OF}/disposal?view=what-if`);
      await again.getByRole('button', { name: t('what-if.ask') }).waitFor();
      assert.equal(await again.evaluate(() => document.documentElement.lang), language);

      // The session ends elsewhere: the next thing asked for leads to the door, and back.
      const me = await (await guest.request.get(`${API}/me`)).json();
      const out = await guest.request.post(`${API}/logout`, {
        headers: { 'x-redoubt-csrf': me.csrf, origin: URL_OF },
      });
      assert.ok(out.ok());
      await guest.getByRole('link', { name: t('nav.jobs') }).click();
      await guest.waitForURL(/\/login\?from=/);
      await guest.getByText(t('login.expired')).waitFor();
      await guest.getByLabel(t('login.name'), { exact: true }).fill(NAME);
      await guest.getByLabel(t('login.password'), { exact: true }).fill(PASSWORD);
      await guest.getByRole('button', { name: t('login.go') }).click();
      await guest.waitForURL(/\/jobs/);
      await guest.getByRole('table', { name: t('nav.jobs') }).waitFor();
      assert.deepEqual(other.wrong, []);
      await other.context.close();
    });

    it('met nothing that the page policy forbids', () => {
      assert.deepEqual(session.wrong, []);
    });
  });
}
