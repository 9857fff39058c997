// Collectors: a token is made on the page, its command is run as a person would paste it, and the collector is revoked.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, open, ready, text, URL_OF } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

const BIN = process.env.REDOUBT_BIN;
const there = !!BIN && existsSync(BIN);

for (const language of ['zh-CN', 'en']) {
  describe(`collectors, in ${language}`, { concurrency: false, timeout: 120_000 }, () => {
    const t = (key, params) => text(language, key, params);
    let browser;
    let session;
    let page;
    let wrong;
    let folder;

    before(async () => {
      if (!there) {
        console.error('SKIPPED: no REDOUBT_BIN, so nothing can enrol (./dev test names it)');
        return;
      }
      folder = mkdtempSync(join(tmpdir(), 'collector-'));
      browser = await launch();
      ({ page, wrong } = session = await open(browser, language));
      await ready(page, language);
    });

    after(async () => {
      await session?.context.close();
      await browser?.close();
      if (folder) rmSync(folder, { recursive: true });
    });

    it('says what to do, makes a token, and shows who enrolled with it', { skip: !there }, async () => {
      await page.goto(`${URL_OF}/system/collectors`);
      if (language === 'zh-CN') await page.getByText(t('collectors.empty'), { exact: true }).waitFor();
      await page.getByRole('button', { name: t('collectors.new-token') }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(t('collectors.group'), { exact: true }).fill('Not A Group');
      await dialog.getByRole('button', { name: t('tokens.make') }).click();
      await dialog.getByText(t('collectors.group-bad')).waitFor();
      const group = `e2e-${language.toLowerCase()}`;
      await dialog.getByLabel(t('collectors.group'), { exact: true }).fill(group);
      await dialog.getByRole('button', { name: t('tokens.make') }).click();
      await dialog.getByText(t('tokens.once')).waitFor();
      const command = await dialog.getByLabel(t('collectors.command'), { exact: true }).innerText();
      assert.match(
        command,
        /^redoubt collector enrol --server \S+ --authority [0-9a-f]{64} --token [0-9a-f]{64}$/,
      );
      await dialog
        .getByRole('button', { name: t('action.close'), exact: true })
        .last()
        .click();
      execFileSync(BIN, [...command.split(' ').slice(1), '--home', folder]);
      await page.reload();
      const row = page
        .getByRole('table', { name: t('system.collectors') })
        .getByRole('row')
        .filter({ hasText: group });
      await row.getByText(t('collectors.state-away'), { exact: true }).waitFor();
      assert.doesNotMatch(
        await page.innerText('body'),
        /\b(collectors|tokens|console)\.[a-z]/,
        'a bare code shows',
      );
    });

    it('revokes it, after it said what that means', { skip: !there }, async () => {
      const group = `e2e-${language.toLowerCase()}`;
      const row = page
        .getByRole('table', { name: t('system.collectors') })
        .getByRole('row')
        .filter({ hasText: group });
      await row.getByRole('button').click();
      const asked = page.getByRole('dialog');
      await asked.getByText(t('collectors.revoke-means')).waitFor();
      await asked.getByRole('button', { name: t('collectors.revoke'), exact: true }).click();
      await row.getByText(t('collectors.state-revoked'), { exact: true }).waitFor();
      await page.goto(`${URL_OF}/system/audit?action=collector`);
      await page
        .getByRole('row')
        .filter({ hasText: t('audit-action.collector.revoke') })
        .filter({ hasText: group })
        .waitFor();
      assert.deepEqual(wrong, []);
    });
  });
}
