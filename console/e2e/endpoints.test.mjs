// The section of endpoints without any: what to do first, groups that are changed after a trial, and two persons who agree.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { launch, NAME, open, PASSWORD, ready, text, URL_OF } from './browser.mjs';

if (!URL_OF) {
  console.error(
    'SKIPPED: no REDOUBT_URL, so there is no server for the browser tests (./dev test starts one)',
  );
  process.exit(0);
}

const SECOND = 'second.person';
const BARE = /\b(endpoints|console|policy|api|execution|baseline|memory|isolation)\.[a-z]/;
/** Another one in each run: a server that was tested before knows the old ones. */
const RUN = Date.now().toString(36);

const zh = (key, params) => text('zh-CN', key, params);
const words = (name) =>
  JSON.parse(readFileSync(new URL(`../../locales/zh-CN/${name}.json`, import.meta.url), 'utf8'));
const policy = words('policy');
const baseline = words('baseline');
/** The library puts a space between two letters of a button, and an icon's name before them. */
const button = (key) => ({ name: new RegExp(`${[...zh(key)].join('\\s?')}$`) });

describe('the section of endpoints', { concurrency: false, timeout: 300_000 }, () => {
  const group = `自助终端 ${RUN}`;
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

  const drawer = () => page.getByRole('dialog');
  /** Says why, and applies what is open once its trial is there. */
  const apply = async (key, why) => {
    await drawer().getByLabel(zh('endpoints.why'), { exact: true }).fill(why);
    await drawer().getByRole('button', button(key)).click();
    await drawer().waitFor({ state: 'detached' });
  };
  const openGroup = async (name) => {
    await page.goto(`${URL_OF}/endpoints/groups`);
    await page.getByRole('tree').getByText(name, { exact: true }).click();
    await page.getByRole('heading', { level: 2, name, exact: true }).waitFor();
  };

  it('says how the first endpoint comes about', async () => {
    await page
      .getByRole('navigation')
      .getByRole('link', { name: zh('nav.endpoints') })
      .click();
    await page.getByRole('heading', { level: 1, name: zh('nav.endpoints') }).waitFor();
    await page.getByText(zh('endpoints.empty-title'), { exact: true }).waitFor();
    await page.getByText('redoubt-agent enrol').first().waitFor();
  });

  for (const tab of ['checks', 'executions', 'incidents', 'alarms', 'changes', 'groups']) {
    it(`shows what ${tab} there are, in both languages`, async () => {
      await page.goto(`${URL_OF}/endpoints`);
      await page
        .getByText(zh(`endpoints.tab-${tab}`), { exact: true })
        .first()
        .click();
      await page.waitForURL(new RegExp(`/endpoints/${tab}`));
      await page.waitForLoadState('networkidle').catch(() => undefined);
      assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
      await page.getByText('English', { exact: true }).click();
      await page.getByRole('heading', { level: 1, name: text('en', 'nav.endpoints') }).waitFor();
      assert.doesNotMatch(await page.innerText('main'), BARE, 'a bare code shows');
      await page.getByText('中文', { exact: true }).click();
      await page.getByRole('heading', { level: 1, name: zh('nav.endpoints') }).waitFor();
    });
  }

  it('makes a group below the root', async () => {
    await page.goto(`${URL_OF}/endpoints/groups`);
    await page.getByRole('button', button('endpoints.do-create')).click();
    await drawer().getByText(zh('endpoints.name-needed'), { exact: true }).first().waitFor();
    await drawer().getByLabel(zh('endpoints.name'), { exact: true }).fill(group);
    await drawer()
      .getByLabel(new RegExp(`^${zh('endpoints.group-id')}`))
      .fill(`kiosks-${RUN}`);
    await drawer().getByText(zh('endpoints.trial-alone')).waitFor();
    await apply('endpoints.apply', '大厅的自助终端');
    await page.getByRole('heading', { level: 2, name: group, exact: true }).waitFor();
  });

  it('tells what a change of its settings does before it can be applied', async () => {
    await openGroup(group);
    await page.getByRole('button', button('endpoints.do-settings')).click();
    await drawer()
      .getByRole('radio', { name: new RegExp(`^${zh('endpoints.mode-simulate')}`) })
      .check();
    await drawer()
      .getByRole('button', { name: new RegExp(policy['setting-protected']) })
      .click();
    const folders = drawer().getByRole('textbox', { name: policy['setting-protected'] });
    await folders.fill('srv/share');
    await drawer().getByRole('alert').filter({ hasText: 'srv/share' }).waitFor();
    await folders.fill('/srv/share');
    await drawer().getByText(zh('endpoints.tightens'), { exact: true }).first().waitFor();
    await apply('endpoints.apply', '先模拟两周');
    const holds = page.getByRole('table', { name: zh('endpoints.effective') });
    await holds
      .getByRole('row')
      .filter({ hasText: zh('endpoints.mode-simulate') })
      .getByText(zh('endpoints.here'), { exact: true })
      .waitFor();
    assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
  });

  it('orders a check in a group, and says first what setting it may break', async () => {
    await page.goto(`${URL_OF}/endpoints/checks`);
    await page.getByRole('button', { name: baseline['telnet-port.title'], exact: true }).click();
    await page.getByText(zh('endpoints.check-by-hand'), { exact: true }).first().waitFor();
    assert.equal(await page.getByRole('button', button('endpoints.check-set')).isDisabled(), true);
    await page.keyboard.press('Escape');
    await drawer().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: baseline['aslr.title'], exact: true }).click();
    await page.getByText(baseline['breaks.old-programs'], { exact: true }).first().waitFor();
    await page.getByRole('button', button('endpoints.check-set')).click();
    const change = drawer().last();
    await change.getByLabel(zh('endpoints.in-group'), { exact: true }).click();
    await page.locator('.ant-select-item-option').filter({ hasText: group }).click();
    await change.getByText(baseline['breaks.old-programs'], { exact: true }).waitFor();
    await change.getByText(zh('endpoints.trial-alone')).waitFor();
    await change.getByLabel(zh('endpoints.why'), { exact: true }).fill('内存地址随机化');
    await change.getByRole('button', button('endpoints.apply')).click();
    await drawer().nth(1).waitFor({ state: 'detached' });
    await drawer().getByRole('link', { name: group }).waitFor();
    await page.goto(`${URL_OF}/endpoints/checks`);
    const row = page.getByRole('row').filter({ hasText: baseline['aslr.title'] });
    await row.getByRole('link', { name: group }).waitFor();
    await row.getByText(zh('endpoints.check-not-asked'), { exact: true }).waitFor();
    assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
  });

  it('shows what stands in memory beside alarms, and what became of checks', async () => {
    await page.goto(`${URL_OF}/endpoints/alarms`);
    await page.getByText(zh('endpoints.view-memory'), { exact: true }).click();
    await page.waitForURL(/view=memory/);
    await page.getByText(zh('endpoints.no-memory'), { exact: true }).waitFor();
    await page.goto(`${URL_OF}/endpoints/checks?view=drifts`);
    await page.getByText(zh('endpoints.check-no-drifts'), { exact: true }).waitFor();
  });

  it('lets nobody loosen the root alone', async () => {
    await page.goto(`${URL_OF}/endpoints/groups`);
    await page.getByRole('button', button('endpoints.do-settings')).click();
    const undecided = drawer().getByRole('radiogroup', { name: policy['setting-undecided-may'] });
    await undecided.getByText(zh('endpoints.yes'), { exact: true }).click();
    await drawer().getByText(zh('endpoints.trial-needs-two'), { exact: true }).waitFor();
    await apply('endpoints.propose', `慢速磁盘上的主机 ${RUN}`);
    await page.goto(`${URL_OF}/endpoints/changes`);
    const row = page.getByRole('row').filter({ hasText: RUN }).first();
    await row.getByText(policy['state-proposed'], { exact: true }).waitFor();
    if (!(await page.getByRole('button', button('endpoints.decide-withdraw')).isVisible())) await row.click();
    await page.getByRole('button', button('endpoints.decide-withdraw')).waitFor();
    assert.equal(await page.getByRole('button', button('endpoints.decide-approve')).isDisabled(), true);
  });

  it('holds once a second person has agreed, and says who did what', async () => {
    const { csrf } = await (await page.request.get(`${URL_OF}/api/v1/me`)).json();
    const made = await page.request.post(`${URL_OF}/api/v1/users`, {
      headers: { origin: URL_OF, 'x-redoubt-csrf': csrf },
      data: { name: SECOND, password: PASSWORD, roles: ['security-administrator'] },
    });
    assert.ok([200, 201, 409].includes(made.status()), `the account was not made: ${made.status()}`);
    const other = await open(browser, 'zh-CN');
    try {
      const { page } = other;
      await page.goto(`${URL_OF}/login?from=${encodeURIComponent('/endpoints/changes')}`);
      await page.getByLabel(zh('login.name'), { exact: true }).fill(SECOND);
      await page.getByLabel(zh('login.password'), { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: zh('login.go') }).click();
      await page.waitForURL(/\/endpoints\/changes/);
      const row = page.getByRole('row').filter({ hasText: RUN }).first();
      await row.waitFor();
      const approve = page.getByRole('button', button('endpoints.decide-approve'));
      if (!(await approve.isVisible())) await row.click();
      // What it does is told to whoever agrees to it.
      await page.getByText(zh('endpoints.loosens'), { exact: true }).first().waitFor();
      await approve.click();
      await page.getByRole('dialog').getByRole('button', button('endpoints.decide-approve')).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.deepEqual(other.wrong, []);
    } finally {
      await other.context.close();
    }
    await page.goto(`${URL_OF}/endpoints/changes?state=all`);
    const row = page
      .getByRole('row')
      .filter({ hasText: `慢速磁盘上的主机 ${RUN}` })
      .first();
    await row.getByText(policy['state-applied'], { exact: true }).waitFor();
    await row.click();
    const steps = page.getByRole('listitem');
    await steps
      .filter({ hasText: zh('endpoints.step-propose') })
      .filter({ hasText: NAME })
      .waitFor();
    await steps
      .filter({ hasText: zh('endpoints.step-approve') })
      .filter({ hasText: SECOND })
      .waitFor();
  });

  it('is taken back by one person on the same day', async () => {
    await page.getByRole('button', button('endpoints.decide-take-back')).click();
    const asked = page.getByRole('dialog');
    await asked.getByRole('textbox').fill('换了磁盘');
    await asked.getByRole('button', button('endpoints.decide-take-back')).click();
    await page
      .getByRole('row')
      .filter({ hasText: `慢速磁盘上的主机 ${RUN}` })
      .first()
      .getByText(policy['state-rolled-back'], { exact: true })
      .waitFor();
  });

  it('removes a group that is empty, and forbids it for the root with the reason', async () => {
    await page.goto(`${URL_OF}/endpoints/groups`);
    await page.getByRole('button', button('endpoints.do-remove')).waitFor();
    assert.equal(await page.getByRole('button', button('endpoints.do-remove')).isDisabled(), true);
    await openGroup(group);
    await page.getByRole('button', button('endpoints.do-remove')).click();
    await drawer().getByText(zh('endpoints.trial-alone'), { exact: true }).waitFor();
    await apply('endpoints.apply', '撤除');
    await page.getByRole('tree').getByText(group, { exact: true }).waitFor({ state: 'detached' });
  });

  describe('one endpoint that is isolated and released', () => {
    // No machine serves here: what the server would tell of one is made up, and what it is asked is kept.
    const id = `made-up-${RUN}`;
    const path = `/api/v1/endpoints/${id}`;
    const asked = [];
    const isolation = (state, more) => ({
      state,
      asked: { at: '2017-06-01T08:00:00Z', by: NAME, why: '外联异常' },
      repaired: 0,
      ...more,
    });
    const endpoint = {
      endpoint: id,
      collector: `all/${id}`,
      machine: '收费窗口-3',
      system: 'Debian 12',
      version: '1.0',
      group: 'all',
      group_name: '全部终端',
      state: 'connected',
      mode: 'observe',
      orders: 4,
      orders_wanted: 4,
      gaps: [],
      added: '2017-06-01T07:00:00Z',
      heard: '2017-06-01T08:00:00Z',
      report: { version: '1.0', machine: '收费窗口-3', system: 'Debian 12', counts: {} },
    };
    const fulfil = (route) => route.fulfill({ json: endpoint });

    before(async () => {
      await page.route(`**${path}`, fulfil);
      await page.route(`**${path}/executions*`, (route) => route.fulfill({ json: { rows: [] } }));
      for (const what of ['isolate', 'release'])
        await page.route(`**${path}/${what}`, (route) => {
          asked.push([what, route.request().postDataJSON().why]);
          endpoint.isolation = isolation(what === 'isolate' ? 'asked' : 'release-asked');
          return fulfil(route);
        });
    });

    after(() => page.unrouteAll({ behavior: 'ignoreErrors' }));

    const show = async (now) => {
      endpoint.isolation = now;
      await page.goto(`${URL_OF}/endpoints/fleet/${id}`);
      await page.getByRole('heading', { level: 1, name: endpoint.machine }).waitFor();
    };
    const ask = async (what, why) => {
      await page.getByRole('button', button(`endpoints.${what}`)).click();
      const dialog = page.getByRole('dialog');
      await dialog
        .getByText(zh(`endpoints.${what}-means`, { name: endpoint.machine }), { exact: true })
        .waitFor();
      const go = dialog.getByRole('button', button(`endpoints.${what}`));
      assert.equal(await go.isDisabled(), true, 'a reason is needed');
      await dialog.getByLabel(zh('endpoints.why'), { exact: true }).fill(why);
      await go.click();
      await dialog.waitFor({ state: 'detached' });
    };

    it('says what isolating does before it is asked for, and that it is not so yet', async () => {
      await show(null);
      await ask('isolate', '外联异常');
      assert.deepEqual(asked, [['isolate', '外联异常']]);
      await page.getByText(zh('endpoints.isolation-asked-means'), { exact: true }).waitFor();
    });

    it('tells that it is isolated, by whom and why, and how often it was put back', async () => {
      await show(isolation('isolated', { since: '2017-06-01T08:00:02Z', repaired: 3 }));
      await page.getByText('外联异常').first().waitFor();
      await page.getByText(zh('endpoints.isolation-repaired', { n: '3' }), { exact: true }).waitFor();
      assert.doesNotMatch(await page.innerText('body'), BARE, 'a bare code shows');
    });

    it('tells why it is not isolated', async () => {
      await show(isolation('refused', { refused: { code: 'isolation.not-resolved', params: {} } }));
      await page.getByText(words('isolation')['not-resolved'], { exact: true }).waitFor();
    });

    it('is released with a reason', async () => {
      await show(isolation('isolated', { since: '2017-06-01T08:00:02Z' }));
      await ask('release', '已清除');
      assert.deepEqual(asked.at(-1), ['release', '已清除']);
      await page.getByText(zh('endpoints.isolation-release-asked-means'), { exact: true }).waitFor();
    });
  });

  it('asked for nothing it should not', () => {
    assert.deepEqual(wrong, []);
  });
});
