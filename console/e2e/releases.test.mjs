// Releases of the agent: a bundle of a key that nobody trusts is refused with the reason, and comes in once somebody does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, open, picture, ready, text, URL_OF } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

const BIN = process.env.REDOUBT_BIN;
const there = !!BIN && existsSync(BIN);
const BARE = /\b(releases|console|policy|api|system)\.[a-z]/;

for (const language of ['zh-CN', 'en']) {
  describe(`releases of the agent, in ${language}`, { concurrency: false, timeout: 120_000 }, () => {
    const t = (key, params) => text(language, key, params);
    const button = (key) => ({ name: new RegExp(`${[...t(key)].join('\\s?')}$`) });
    const policy = JSON.parse(
      readFileSync(new URL(`../../locales/${language}/policy.json`, import.meta.url), 'utf8'),
    );
    const version = language === 'en' ? '9.2.0' : '9.1.0';
    const maker = language === 'en' ? 'Builders' : '构建组';
    let browser;
    let session;
    let page;
    let wrong;
    let folder;
    let publicKey;

    const file = (name) => join(folder, name);
    const command = (...words) => execFileSync(BIN, ['agent-release', ...words], { encoding: 'utf8' });
    const releases = () => page.getByRole('table', { name: t('system.releases') });
    const keys = () => page.getByRole('table', { name: t('releases.keys') });
    const bring = (name) => page.locator('input[type=file]').setInputFiles(file(name));
    const remove = async (table, text, what) => {
      await table.getByRole('row').filter({ hasText: text }).getByRole('button', button(what)).click();
      await page.getByRole('dialog').getByRole('button', button(what)).click();
      await table.getByText(text).waitFor({ state: 'detached' });
    };

    before(async () => {
      if (!there) {
        console.error('SKIPPED: no REDOUBT_BIN, so nothing can sign a bundle (./dev test names it)');
        return;
      }
      folder = mkdtempSync(join(tmpdir(), 'releases-'));
      writeFileSync(file('program'), 'a program that is never started');
      publicKey = command('key', file('key')).match(/[0-9a-f]{64}/)[0];
      const of = ['--key', file('key'), '--program', file('program'), '--version', version];
      command('pack', ...of, '--notes', '修正 / mended', file('agent.bundle'));
      writeFileSync(file('no.bundle'), 'this is no bundle');
      browser = await launch();
      ({ page, wrong } = session = await open(browser, language));
      await ready(page, language);
    });

    after(async () => {
      await session?.context.close();
      await browser?.close();
      if (folder) rmSync(folder, { recursive: true });
    });

    it('says what a release is, and what comes first', { skip: !there }, async () => {
      await page.goto(`${URL_OF}/system/releases`);
      await page.getByText(t('releases.none'), { exact: true }).waitFor();
      await page.getByText(t('releases.key-none'), { exact: true }).waitFor();
      await picture(page, 'releases-empty', language);
    });

    it(
      'refuses what nobody trusts and what is no bundle, with the name of the file',
      { skip: !there },
      async () => {
        for (const name of ['agent.bundle', 'no.bundle']) {
          await bring(name);
          const dialog = page.getByRole('dialog');
          await dialog.getByText(name).waitFor();
          await dialog.getByRole('button').last().click();
          await dialog.waitFor({ state: 'detached' });
        }
      },
    );

    it('takes a bundle in once its key is trusted', { skip: !there }, async () => {
      await page.getByLabel(t('releases.key-public'), { exact: true }).fill(publicKey.toUpperCase());
      await page.getByLabel(t('releases.key-name'), { exact: true }).fill(maker);
      await page.getByRole('button', button('releases.key-add')).click();
      await keys().getByText(publicKey).waitFor();
      await bring('agent.bundle');
      const row = releases().getByRole('row').filter({ hasText: version });
      await row.getByText(maker, { exact: true }).waitFor();
      await row.getByText('修正 / mended').waitFor();
      await picture(page, 'releases', language);
      assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
    });

    it('offers it to a group', { skip: !there }, async () => {
      await page.goto(`${URL_OF}/endpoints/groups`);
      await page.getByRole('button', button('endpoints.do-settings')).click();
      const choice = page.getByRole('dialog').getByRole('combobox', { name: policy['setting-agent'] });
      await choice.click();
      await page.getByTitle(version, { exact: true }).click();
      await page.getByRole('dialog').getByText(t('endpoints.agent-older'), { exact: true }).waitFor();
      await picture(page, 'releases-group', language);
    });

    it('removes it, and trusts the key no longer', { skip: !there }, async () => {
      await page.goto(`${URL_OF}/system/releases`);
      await remove(releases(), version, 'releases.remove');
      await remove(keys(), publicKey, 'releases.key-remove');
      await page.getByText(t('releases.none'), { exact: true }).waitFor();
    });

    it('logged nothing wrong', { skip: !there }, () => {
      assert.deepEqual(wrong, []);
    });
  });
}
