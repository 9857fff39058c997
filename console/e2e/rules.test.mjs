// What stands beside the list of files: rules of YARA that come, are matched and go again; publishers that are trusted.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { launch, open, PASSWORD, ready, text, URL_OF } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

const BARE = /\b(files|rules|lists|publisher|console|verdict|analysis)\.[a-z]/;
const API = `${URL_OF}/api/v1`;

const file = (name, content) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });
const escaped = (words) => words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

for (const language of ['zh-CN', 'en']) {
  const t = (key, params) => text(language, key, params);
  /** An icon before the words is a part of the name. */
  const button = (key, params) => ({ name: new RegExp(`${escaped(t(key, params))}$`) });
  /** Another one in each run: a server that was tested before knows the old one. */
  const tag = `${language.slice(0, 2)}${Date.now()}`;
  const GOOD = `good-${tag}.yar`;
  const WRONG = `wrong-${tag}.yara`;
  const RULE = `Met_${tag}`;

  describe(`rules and lists of files, in ${language}`, { concurrency: false, timeout: 300_000 }, () => {
    let browser;
    let session;
    let page;
    let wrong;
    const table = () => page.getByRole('table', { name: t('rules.files') });
    const row = (name) => table().getByRole('row').filter({ hasText: name });
    const dialog = () => page.getByRole('dialog');
    const inForce = async () => (await (await page.request.get(`${API}/files/rules`)).json()).rules;

    before(async () => {
      browser = await launch();
      ({ page, wrong } = session = await open(browser, language));
      await ready(page, language);
    });

    after(async () => {
      await session?.context.close();
      await browser?.close();
    });

    it('is reached from the list of files', async () => {
      await page.goto(`${URL_OF}/files`);
      await page.getByText(t('files.tab-rules'), { exact: true }).first().click();
      await page.waitForURL(/\/files\/rules$/);
      await page.getByText(t('rules.drop')).waitFor();
      assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
    });

    it('says that what was chosen holds no rules', async () => {
      await page.getByTestId('files').setInputFiles(file('README.md', 'no rules'));
      await page
        .getByRole('alert')
        .getByText(t('rules.none-chosen', { n: '1' }).slice(0, 8))
        .waitFor();
    });

    it('takes rules in, and says line by line which are wrong', async () => {
      const before = await inForce();
      const good = `rule ${RULE} {\n  meta:\n    author = "somebody"\n    score = 70\n  strings:\n    $a = "sought ${tag}"\n  condition:\n    $a\n}\n`;
      const bad = `rule Fine_${tag} { condition: false }\n\nrule Wrong_${tag} { condition: $nothing }\n`;
      await page.getByTestId('files').setInputFiles([file(GOOD, good), file(WRONG, bad)]);
      const told = page.getByRole('status').filter({ hasText: t('rules.put-refused', { n: '1' }).slice(-8) });
      await told.getByText(WRONG).waitFor();
      await told.getByText(t('rules.line', { n: '3' })).waitFor();
      assert.equal(await inForce(), before + 2);
      await row(WRONG)
        .getByText(t('rules.line', { n: '3' }))
        .waitFor();
      await row(GOOD).getByText(t('rules.all-right'), { exact: true }).waitFor();
      assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
    });

    it('finds a file of rules by its name, and those with something wrong', async () => {
      await page.goto(`${URL_OF}/files/rules?q=${tag}`);
      await row(GOOD).waitFor();
      await page.getByRole('switch').click();
      await page.waitForURL(/wrong=true/);
      await row(GOOD).waitFor({ state: 'detached' });
      await row(WRONG).waitFor();
    });

    it('matches what came before when somebody asks for it', async () => {
      // It comes while other rules are in force, and is analysed with those.
      const content = Buffer.from(`here is what is sought ${tag}\n`);
      const sha256 = createHash('sha256').update(content).digest('hex');
      await page.goto(`${URL_OF}/files/rules?q=${tag}`);
      await takeOut(GOOD);
      await page.goto(`${URL_OF}/files`);
      await page.getByTestId('files').setInputFiles(file(`letter-${tag}.txt`, content));
      const done = (met) =>
        page.waitForFunction(
          async ([path, met]) => {
            const answer = await fetch(path);
            if (!answer.ok) return false;
            const { file, report } = await answer.json();
            return (
              file.state === 'done' &&
              (report?.parts ?? []).some((part) => (part.matches?.length ?? 0) > 0) === met
            );
          },
          [`/api/v1/files/${sha256}`, met],
          { timeout: 120_000, polling: 500 },
        );
      await done(false);

      await page.goto(`${URL_OF}/files/rules`);
      const rule = `rule ${RULE} { strings: $a = "sought ${tag}" condition: $a }\n`;
      await page.getByTestId('files').setInputFiles(file(GOOD, rule));
      await row(GOOD).waitFor();
      await page.getByRole('button', button('rules.again')).click();
      // A message is gone in a moment: what the server answered stays.
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url().endsWith('/files/outdated')),
        dialog()
          .getByRole('button', { name: t('rules.again-go') })
          .click(),
      ]);
      assert.ok((await answer.json()).files >= 1);
      await done(true);
      await page.goto(`${URL_OF}/files/${sha256}`);
      await page.getByRole('tab', { name: new RegExp(t('files.matches')) }).click();
      await page.getByText(RULE, { exact: true }).first().waitFor();
    });

    it('shows rules to whoever may not change them, and says why', async () => {
      const name = `rules-${tag}`;
      const me = await (await page.request.get(`${API}/me`)).json();
      const made = await page.request.post(`${API}/users`, {
        headers: { 'x-redoubt-csrf': me.csrf, origin: URL_OF },
        data: { name, password: PASSWORD, roles: ['read-only'] },
      });
      assert.ok(made.ok(), await made.text());
      const other = await open(browser, language);
      const reader = other.page;
      await reader.goto(`${URL_OF}/login`);
      await reader.getByLabel(t('login.name'), { exact: true }).fill(name);
      await reader.getByLabel(t('login.password'), { exact: true }).fill(PASSWORD);
      await reader.getByRole('button', { name: t('login.go') }).click();
      await reader.waitForURL(/\/overview/);
      await reader.goto(`${URL_OF}/files/rules?q=${tag}`);
      await reader.getByText(GOOD, { exact: true }).waitFor();
      await reader.getByText(t('denied.rules'), { exact: true }).waitFor();
      for (const named of [
        button('import.choose-files'),
        button('rules.again'),
        { name: t('rules.remove-named', { name: GOOD }) },
      ]) {
        const found = reader.getByRole('button', named);
        assert.equal(await found.isDisabled(), true);
        assert.equal(await found.getAttribute('aria-description'), t('denied.rules'));
      }
      assert.deepEqual(other.wrong, []);
      await other.context.close();
    });

    it('takes rules out when that is confirmed', async () => {
      await page.goto(`${URL_OF}/files/rules?q=${tag}`);
      const before = await inForce();
      await page.getByRole('button', { name: t('rules.remove-named', { name: GOOD }) }).click();
      await dialog()
        .getByRole('button', { name: t('action.cancel') })
        .click();
      await dialog().waitFor({ state: 'detached' });
      assert.equal(await inForce(), before);
      await takeOut(GOOD);
      await takeOut(WRONG);
      assert.equal(await inForce(), before - 2);
      assert.deepEqual(wrong, []);
    });

    async function takeOut(name) {
      await page.getByRole('button', { name: t('rules.remove-named', { name }) }).click();
      await dialog()
        .getByRole('button', { name: t('rules.remove'), exact: true })
        .click();
      await row(name).waitFor({ state: 'detached' });
      await dialog().waitFor({ state: 'detached' });
    }

    it('trusts a publisher by its certificate, and trusts it no longer', async (context) => {
      const known = await page.request.get(`${API}/files/publishers`);
      if (known.status() === 404) return context.skip('this server knows no publishers');
      const sha1 = createHash('sha1').update(tag).digest('hex');
      const name = `Publisher ${tag}`;
      await page.goto(`${URL_OF}/files/lists`);
      await page.getByRole('button', button('publisher.add')).first().click();
      const trust = dialog().getByRole('button', { name: t('publisher.add-go'), exact: true });
      await dialog().getByLabel(t('publisher.thumbprint')).fill('a9:09');
      await dialog().getByText(t('publisher.thumbprint-wrong')).waitFor();
      // As the dialogue of Windows gives it.
      await dialog()
        .getByLabel(t('publisher.thumbprint'))
        .fill(`\u200e${sha1.toUpperCase().replace(/(..)/g, '$1 ')}`);
      await dialog().getByLabel(t('publisher.name'), { exact: true }).fill(name);
      assert.ok(await trust.isDisabled(), 'a reason is needed');
      await dialog().getByLabel(t('publisher.reason'), { exact: true }).fill('a test');
      await trust.click();
      await dialog().waitFor({ state: 'detached' });
      const publisher = page
        .getByRole('table', { name: t('lists.publishers') })
        .getByRole('row')
        .filter({ hasText: name });
      await publisher.getByText(sha1, { exact: true }).waitFor();
      await publisher.getByText('a test', { exact: true }).waitFor();
      assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');

      await page.getByRole('button', { name: t('publisher.remove-named', { name }) }).click();
      await dialog()
        .getByRole('button', { name: t('publisher.remove'), exact: true })
        .click();
      await publisher.waitFor({ state: 'detached' });
      assert.deepEqual(wrong, []);
    });
  });
}
