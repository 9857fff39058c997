// Dev only: answers like the API with a made-up network, so that pages can be looked at without a server.
// `node dev/mock.mjs [--empty] [--port 8611]` serves `dist/` and `/api/v1`; it is no part of the product or its tests.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

const empty = process.argv.includes('--empty');
const port = Number(process.argv[process.argv.indexOf('--port') + 1]) || 8611;
const dist = new URL('../dist', import.meta.url).pathname;
const m = (code, params) => ({ code, ...(params && { params }) });
const day = '2026-11-23';
const at = (hours) => new Date(Date.now() - hours * 3600e3).toISOString();

const WEAPONS = [
  ['eternalblue', 'Eternalblue', '永恒之蓝', 'CVE-2017-0144', 'tcp/445'],
  ['eternalromance', 'Eternalromance', '永恒浪漫', 'CVE-2017-0145', 'tcp/445'],
  ['eternalsynergy', 'Eternalsynergy', '永恒协同', 'CVE-2017-0143', 'tcp/445'],
  ['eternalchampion', 'Eternalchampion', '永恒冠军', 'CVE-2017-0146', 'tcp/445'],
  ['doublepulsar', 'Doublepulsar', '双脉冲星', 'CVE-2017-0144', 'tcp/445'],
  ['esteemaudit', 'Esteemaudit', '尊重审计', 'CVE-2017-0176', 'tcp/3389'],
  ['explodingcan', 'Explodingcan', '爆炸之罐', 'CVE-2017-7269', 'tcp/80'],
  ['eskimoroll', 'Eskimoroll', '爱斯基摩卷', 'CVE-2014-6324', 'tcp/88'],
  ['eclipsedwing', 'Eclipsedwing', '日食之翼', 'CVE-2008-4250', 'tcp/445'],
  ['educatedscholar', 'Educatedscholar', '饱学之士', 'CVE-2009-3103', 'tcp/445'],
  ['emeraldthread', 'Emeraldthread', '翡翠纤维', 'CVE-2010-2729', 'tcp/139'],
  ['erraticgopher', 'Erraticgopher', '反复无常的地鼠', 'CVE-2017-8461', 'tcp/445'],
  ['easybee', 'Easybee', '轻松之蜂', 'CVE-2007-1675', 'tcp/25'],
  ['easypi', 'Easypi', '轻松之派', 'CVE-2007-1675', 'tcp/3264'],
  ['emphasismine', 'Emphasismine', '强调之雷', 'CVE-2017-1274', 'tcp/143'],
  ['englishmansdentist', 'Englishmansdentist', '英国牙医', 'CVE-2017-8487', 'tcp/25'],
  ['ewokfrenzy', 'Ewokfrenzy', '狂暴伊沃克', 'CVE-2007-1675', 'tcp/143'],
  ['zippybeer', 'Zippybeer', '爽快啤酒', 'CVE-2014-6324', 'tcp/445'],
];
const SYSTEMS = [
  ['Windows XP', 'Professional', 3, 'x86', 2600, 'xp-sp3-x86', false],
  ['Windows 7', 'Enterprise', 1, 'x64', 7601, '7-sp1-x64', false],
  ['Windows 10', 'Enterprise', null, 'x64', 19045, '10-22h2-x64', true],
  ['Windows Server 2003', 'Standard', 2, 'x86', 3790, '2003-sp2-x86', false],
  ['Windows Server 2008 R2', 'Standard', 1, 'x64', 7601, '2008r2-sp1-x64', false],
  ['Windows Server 2012 R2', 'Standard', null, 'x64', 9600, '2012r2', false],
  ['Windows Server 2016', 'Datacenter', null, 'x64', 14393, '2016', true],
];
const ZONES = ['办公网', '生产网', '核心机房', '实验室'];
const STATES = [
  'draft',
  'draft',
  'draft',
  'approval',
  'running',
  'verifying',
  'verified',
  'failed',
  'exception',
];
const LINES = ['now', 'three-days', 'three-days', 'fourteen-days', 'sixty-days', 'none'];

let seed = 7;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const pick = (list) => list[Math.floor(random() * list.length)];

const hosts = Array.from({ length: empty ? 0 : 241 }, (_, i) => {
  const [product, edition, service_pack, arch, build, system, supported] = pick(SYSTEMS);
  const weapons = Object.fromEntries(
    WEAPONS.map(([id], w) => {
      const r = random();
      if (w > 11) return [id, r < 0.3 ? 'unknown' : 'not-affected'];
      return [
        id,
        supported
          ? r < 0.1
            ? 'open'
            : 'fixed'
          : r < 0.3
            ? 'open'
            : r < 0.4
              ? 'unknown'
              : r < 0.7
                ? 'fixed'
                : 'not-affected',
      ];
    }),
  );
  const open = Object.values(weapons).filter((s) => s === 'open').length;
  const unknown = Object.values(weapons).filter((s) => s === 'unknown').length;
  return {
    id: `h${String(i).padStart(4, '0')}`,
    label: `${pick(['MES', 'HMI', 'OFFICE', 'SRV', 'LAB'])}-${String(i).padStart(3, '0')}`,
    address: `10.${1 + (i % 4)}.${i >> 4}.${10 + (i % 200)}`,
    product,
    edition,
    service_pack,
    arch,
    build,
    system,
    supported,
    role:
      i % 60 === 7
        ? 'primary domain controller'
        : product.includes('Server')
          ? 'member server'
          : 'member workstation',
    group: pick(['一车间', '二车间', '财务', '研发']),
    zone: pick(ZONES),
    owner: null,
    value: 1 + (i % 5),
    standing: open ? 'hit' : unknown ? 'unknown' : 'clear',
    weapons,
    worst: Object.entries(weapons).find(([, s]) => s === 'open')?.[0] ?? null,
    open_weapons: open,
    unknown_weapons: unknown,
    open_cves: Math.floor(random() * 900),
    open_kev: Math.floor(random() * 30),
    timeline: open ? pick(LINES) : 'none',
    next_action: open ? pick(['key-patch', 'block-port', 'base-patch', 'shield']) : null,
    plan: `h${i}-1a2b3c`,
    plan_state: open ? pick(STATES) : null,
    updates_known: i % 9 !== 0,
    updates_complete: i % 7 !== 0,
    first_seen: at(900),
    last_seen: at(random() * 300),
    assessed: at(1),
    sources: pick([['systeminfo'], ['systeminfo', 'nmap'], ['nessus']]),
  };
});
const counts = (list) => ({
  total: list.length,
  hit: list.filter((h) => h.standing === 'hit').length,
  unknown: list.filter((h) => h.standing === 'unknown').length,
  clear: list.filter((h) => h.standing === 'clear').length,
  pending: 0,
});
const stateCounts = (id, list = hosts) => {
  const n = (s) => list.filter((h) => h.weapons[id] === s).length;
  return { open: n('open'), unknown: n('unknown'), fixed: n('fixed'), not_affected: n('not-affected') };
};
const weaponRow = ([id, en, zh, cve, p]) => ({
  id,
  name: { en, 'zh-CN': zh },
  kind: 'remote-exploit',
  cves: [cve],
  bulletin: 'MS17-010',
  exploited_since: '2022-02-10',
  ports: [p],
  confidence: id === 'easypi' ? 'disputed' : 'verified',
  counts: stateCounts(id),
});
const standing = (h) => ({
  plan: h.plan,
  state: h.plan_state ?? 'draft',
  changed: at(5),
  current: true,
  next: ['approval'],
  ...(h.plan_state === 'exception' && { until: '2027-01-31' }),
});
const urgency = (h) => ({
  timeline: h.timeline,
  basis: { kev: true, exposed: false, exposed_assumed: true, automatable: true, total_impact: true },
});
const exposureOf = (h, [id, , , , p]) => ({
  weapon: id,
  state: h.weapons[id],
  patch: h.weapons[id] === 'open' ? 'missing' : 'installed',
  fixes: [4012212, 4012215, 4015549],
  reach: ['open', 'unknown', 'closed'][(h.open_cves + id.length) % 3],
  ports: [p],
  confidence: id === 'easypi' ? 'disputed' : 'verified',
  why: [
    m('disposal.reach.open', { ports: [p] }),
    m('disposal.fix.exists', { kbs: ['KB4012212', 'KB4012215'] }),
  ],
});
const step = (number, kind, more = {}) => ({
  number,
  kind,
  temporary: kind === 'block-port',
  reboot: kind.includes('patch'),
  why: [m('disposal.fix.key', { weapon: 'Eternalblue' })],
  weapons: ['eternalblue', 'eternalromance'],
  ...more,
});
const disposal = (weapon, acting) => ({
  weapon,
  urgency: { timeline: acting ? 'three-days' : 'none', basis: urgency({}).basis },
  path: [
    { node: 'facts-known', answer: m('disposal.facts.enough', { system: 'Windows 7 SP1 x64' }) },
    {
      node: 'affected',
      answer: m(acting ? 'disposal.affected.open' : 'disposal.affected.fixed'),
      evidence: [m('disposal.fix.exists', { kbs: ['KB4012212', 'KB4012215'] })],
      would_change: [m('disposal.change.installed', { kbs: ['KB4012212', 'KB4012215'] })],
    },
    ...(acting
      ? [
          { node: 'reach', answer: m('disposal.reach.open', { ports: ['tcp/445'] }) },
          { node: 'official-fix', answer: m('disposal.fix.exists', { kbs: ['KB4012212'] }) },
        ]
      : []),
  ],
  actions: acting
    ? [step(1, 'block-port', { ports: ['tcp/445'] }), step(2, 'key-patch', { any_of: [4012212, 4012215] })]
    : [step(1, 'nothing-to-do')],
  ...(acting && { situation: 'support-ended' }),
});
const detail = (h) => ({
  host: {
    id: h.id,
    provenance: { 'os.build': 0, name: 0, 'ports.tcp/445': 1 },
    sources: [
      { kind: 'systeminfo', path: 'site-a/MES-001.txt', sha256: 'ab'.repeat(32) },
      { kind: 'nmap', path: 'scan.xml' },
    ],
    conflicts: [
      { field: 'os.service_pack', kept: '1', kept_from: 'MES-001.txt', other: '0', other_from: 'scan.xml' },
    ],
    facts: {
      name: h.label,
      domain: 'corp.local',
      addresses: [h.address],
      macs: ['00:0c:29:aa:bb:cc'],
      os: {
        product: h.product,
        edition: h.edition,
        version: `6.1.${h.build}`,
        build: h.build,
        service_pack: h.service_pack,
        arch: h.arch,
        role: h.role,
        language: 'zh-cn',
        encoding: 'gbk',
        basis: 'stated',
      },
      updates: {
        known: true,
        complete: h.updates_complete,
        installed: Array.from({ length: 90 }, (_, i) => 2500000 + i * 7919),
        claimed: 90,
        listed: 90,
      },
      ports: {
        'tcp/135': { status: 'open' },
        'tcp/445': { status: 'open', service: 'microsoft-ds' },
        'tcp/3389': { status: 'filtered' },
      },
      business: { group: h.group, zone: h.zone, value: h.value, needs_ports: ['tcp/445'] },
    },
  },
  row: h,
  knowledge: 'k1',
  exposure: {
    host: h.id,
    system: h.system,
    support_ended: '2020-01-14',
    supported: h.supported,
    weapons: WEAPONS.map((w) => exposureOf(h, w)),
    open_cves: h.open_cves,
    open_kev: h.open_kev,
    gaps: h.updates_complete ? [] : [m('updates.cut-off', { listed: 246, claimed: 273 })],
    cves: Array.from({ length: 14 }, (_, i) => ({
      kb: i === 13 ? null : 4012212 + i * 31,
      cves: Array.from({ length: 40 - i * 2 }, (_, j) => ({
        cve: `CVE-2017-${1000 + i * 40 + j}`,
        severity: ['critical', 'important', 'moderate'][j % 3],
        kev: j % 11 === 0,
      })),
    })),
  },
  plan: {
    id: h.plan,
    host: h.id,
    day,
    urgency: urgency(h),
    disposals: WEAPONS.map(([id]) => disposal(id, h.weapons[id] === 'open')),
    steps: h.open_weapons
      ? [
          step(1, 'block-port', { ports: ['tcp/139', 'tcp/445'] }),
          step(2, 'base-patch', { any_of: [976932] }),
          step(3, 'key-patch', { any_of: [4012212, 4012215] }),
          step(4, 'verify'),
          step(5, 'roll-back'),
        ]
      : [],
  },
  standing: h.plan_state ? standing(h) : undefined,
  history: [{ plan: h.plan, at: at(5), from: null, to: 'draft', by: 'admin', note: '' }],
});
const action = (rank, kind, kb, risk) => ({
  rank,
  kind,
  title: kb
    ? m('disposal.fix.key', { weapon: 'Eternalblue' })
    : m('disposal.port.not-needed', { ports: ['tcp/445'] }),
  kb,
  any_of: kb ? [kb] : [],
  ports: [],
  weapons: ['eternalblue', 'eternalromance', 'eternalsynergy'].slice(0, 1 + (rank % 3)),
  hosts: 90 - rank * 9,
  exposures_closed: 300 - rank * 30,
  risk_removed: risk,
  bytes: kb ? 34e6 : null,
  minutes: kb ? 40 : null,
  why: [],
  query: 'weapon=eternalblue',
});
const actions = empty
  ? []
  : [
      action(1, 'key-patch', 4012212, 0.31),
      action(2, 'block-port', null, 0.17),
      action(3, 'base-patch', 976932, 0.09),
      action(4, 'key-patch', 4012598, 0.06),
      action(5, 'disable-service', null, 0.03),
    ];
const board = (list) =>
  ['draft', 'approval', 'running', 'verifying', 'verified', 'rolled-back', 'exception', 'failed'].map(
    (state) => ({
      state,
      count: list.filter((h) => h.plan_state === state).length,
      overdue: state === 'exception' ? 2 : 0,
    }),
  );
const job = (id, kind, state, done, total) => ({
  id,
  kind,
  state,
  title: m('api.job-import', { files: 34 }),
  done,
  total,
  created: at(3),
  started: at(3),
  finished: state === 'running' ? undefined : at(2.99),
  by: 'admin',
});
const jobs = empty ? [] : [job('j2', 'import', 'running', 12, 34), job('j1', 'demo', 'done', 240, 240)];
const graph = (brief) => {
  const nodes = new Map(),
    edges = new Map();
  const add = (id, kind, label) =>
    nodes.get(id) ??
    nodes.set(id, { id, kind, label, kev: false, hosts: { open: 0, unknown: 0, fixed: 0 } }).get(id);
  for (const [id, en, zh, cve] of WEAPONS)
    for (const [product, , sp, arch, , system] of SYSTEMS) {
      const list = hosts.filter((h) => h.system === system);
      const c = stateCounts(id, list);
      if (!empty && c.open + c.unknown + c.fixed === 0) continue;
      const ids = [
        [`weapon:${id}`, 'weapon', { en, 'zh-CN': zh }],
        ...(brief ? [] : [[`vulnerability:${cve}`, 'vulnerability', { en: cve, 'zh-CN': cve }]]),
        [
          `system:${system}`,
          'system',
          {
            en: `${product}${sp ? ` SP${sp}` : ''} ${arch}`,
            'zh-CN': `${product}${sp ? ` SP${sp}` : ''} ${arch}`,
          },
        ],
      ];
      ids.forEach((n, i) => {
        const node = add(...n);
        for (const k of ['open', 'unknown', 'fixed']) node.hosts[k] += c[k];
        if (i) {
          const key = `${ids[i - 1][0]}>${n[0]}`;
          const e =
            edges.get(key) ??
            edges
              .set(key, {
                from: ids[i - 1][0],
                to: n[0],
                kind: 'uses',
                hosts: { open: 0, unknown: 0, fixed: 0 },
              })
              .get(key);
          for (const k of ['open', 'unknown', 'fixed']) e.hosts[k] += c[k];
        }
      });
    }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
};
const fact = { source: 'ms17-010', confidence: 'verified' };
const PERMISSIONS = [
  'read',
  'import',
  'edit-hosts',
  'delete-hosts',
  'work-plans',
  'approve-plans',
  'update-knowledge',
  'manage-users',
  'use-tokens',
  'read-audit',
  'run-system',
];
const me = {
  id: 'u1',
  name: 'admin',
  roles: ['system-administrator', 'security-administrator'],
  permissions: PERMISSIONS,
  csrf: 'x',
};
const knowledge = ['weapons', 'systems', 'catalogue', 'kev', 'lifecycle'].map((part, i) => ({
  part,
  version: `2026.11.${i}`,
  date: `2026-${i === 2 ? '06' : '11'}-2${i}`,
  rows: 18 * 10 ** i,
  stale: i === 2,
}));

function answer(path, q, method) {
  const [, head, id, tail] = path.split('/');
  switch (head) {
    case 'status':
      return { version: '0.1.0', setup_needed: false, demo: true, languages: ['en', 'zh-CN'] };
    case 'me':
    case 'login':
      return me;
    case 'overview':
      return {
        day,
        hosts: counts(hosts),
        weapons: WEAPONS.map((w) => ({
          id: w[0],
          name: { en: w[1], 'zh-CN': w[2] },
          counts: stateCounts(w[0]),
        })),
        blind_spots: empty
          ? []
          : [
              { what: m('console.blind.no-updates'), hosts: 27, query: 'blind=no-updates' },
              { what: m('console.blind.stale'), hosts: 12, query: 'blind=stale' },
            ],
        actions,
        plans: board(hosts),
        knowledge,
        trend: empty
          ? []
          : [40, 44, 43, 39, 39, 30, 26].map((n, i) => ({
              day: `2026-11-${17 + i}`,
              hosts: { ...counts(hosts), hit: n * 4 },
            })),
        kev_hosts: 120,
        unsupported_hosts: 140,
        oldest_seen: at(300),
        newest_seen: at(2),
        jobs: [],
      };
    case 'weapons':
      return id
        ? {
            row: weaponRow(WEAPONS.find((w) => w[0] === id)),
            report: {
              affects: 'Windows XP(32),Windows Server 2008 R2(32/64),Windows 7(32/64)',
              remedy: 'KB4013389',
              ports: '139/445',
              advice: null,
              links: ['https://technet.microsoft.com/zh-cn/library/security/ms17-010.aspx'],
              source: 'report-2017',
            },
            attack: ['T1210'],
            role: null,
            services: [],
            delivered_by: [],
            cves: [{ cve: 'CVE-2017-0144', kev: '2022-02-10', ransomware: true, fact }],
            ports: [
              { port: 'tcp/445', service: 'smb1', fact },
              { port: 'tcp/139', service: 'netbios-ssn', fact: { ...fact, confidence: 'disputed' } },
            ],
            preconditions: [{ message: m('weapons.pre-smb1'), fact }],
            remarks: [
              { message: m('weapons.eternalblue-wrong'), fact: { ...fact, confidence: 'unverified' } },
            ],
            mitigations: [{ control: 'block-port', arguments: ['tcp/445'], fact }],
            triage: { automatable: true },
            product: null,
            fix: { id: 'ms17-010', bulletin: 'MS17-010', published: '2017-03-14', cves: [], fact },
            sources: [
              { id: 'ms17-010', title: 'Microsoft Security Bulletin MS17-010', published: '2017-03-14' },
            ],
          }
        : WEAPONS.map(weaponRow);
    case 'hosts':
      if (tail === 'scripts')
        return ['harden.cmd', 'verify.cmd', 'undo.cmd'].map((name) => ({
          name,
          purpose: name,
          media_type: 'text/plain',
          bytes: 6200,
          sha256: '',
          title: m('disposal.kind.block-port'),
        }));
      if (tail === 'history')
        return {
          conflicts: [],
          observations: [
            {
              stored: at(9),
              digest: 'd1',
              observation: {
                source: {
                  kind: 'systeminfo',
                  path: 'site-a/MES-001.txt',
                  sha256: 'ab'.repeat(32),
                  observed: at(10),
                },
                facts: {},
                oddities: [{ message: m('updates.cut-off', { listed: 246, claimed: 273 }), line: 88 }],
              },
            },
          ],
        };
      if (id) return detail(hosts.find((h) => h.id === id) ?? hosts[0]);
      {
        let list = hosts.filter(
          (h) =>
            (!q.get('q') || h.label.includes(q.get('q'))) &&
            (!q.get('weapon') || h.weapons[q.get('weapon')] === (q.get('weapon_state') ?? 'open')) &&
            (!q.get('zone') || h.zone === q.get('zone')),
        );
        const facet = (k) =>
          [...new Set(hosts.map((h) => h[k]))].map((value) => ({
            value,
            count: hosts.filter((h) => h[k] === value).length,
          }));
        return {
          rows: list.slice(0, 50),
          total: list.length,
          next: list.length > 50 ? 'c2' : undefined,
          facets: {
            product: facet('product'),
            zone: facet('zone'),
            group: facet('group'),
            role: facet('role'),
            timeline: facet('timeline'),
          },
        };
      }
    case 'graph':
      return graph(q.get('detail') === 'brief');
    case 'exposures': {
      const rows = hosts.flatMap((h) =>
        WEAPONS.filter(
          (w) =>
            ['open', 'unknown'].includes(h.weapons[w[0]]) && (!q.get('weapon') || w[0] === q.get('weapon')),
        ).map((w) => {
          const e = exposureOf(h, w);
          return {
            weapon: w[0],
            state: e.state,
            color:
              e.state === 'unknown' ? 'unknown' : e.reach === 'closed' ? 'present-blocked' : 'reachable-now',
            host: h,
            exposure: e,
            disposal: disposal(w[0], true),
          };
        }),
      );
      return { rows: rows.slice(0, 50), total: rows.length, next: 'c' };
    }
    case 'plans': {
      const s = q.get('state');
      const list = hosts.filter((h) => h.plan_state && (!s || h.plan_state === s));
      const n = Number(q.get('limit') ?? 50);
      return {
        counts: board(hosts),
        total: list.length,
        cards: list.slice(0, n).map((h) => ({ standing: standing(h), host: h })),
      };
    }
    case 'fleet':
      return method === 'POST'
        ? {
            before: counts(hosts),
            after: { ...counts(hosts), hit: 80 },
            touched: 120,
            warnings: [m('updates.incomplete')],
            weapons: WEAPONS.slice(0, 6).map(([w]) => ({
              id: w,
              before: stateCounts(w),
              after: { ...stateCounts(w), open: 3 },
              reachable_before: 50,
              reachable_after: 2,
            })),
          }
        : { day, actions, left: 96 };
    case 'jobs':
      return id
        ? {
            job: jobs.find((j) => j.id === id) ?? jobs[0],
            log: [{ at: at(3), message: m('updates.incomplete') }],
          }
        : { jobs };
    case 'imports':
      return {
        job: { ...job('j3', 'import', 'waiting', 3, 4), id },
        counts: { files: 4, read: 2, refused: 1, oddities: 1, hosts: 2, new_hosts: 1 },
        hosts: ['h0001', 'h0002'],
        notes: [],
        files: [
          {
            path: 'site-a/MES-001.txt',
            kind: 'systeminfo',
            hosts: 1,
            oddities: [m('updates.cut-off', { listed: 246, claimed: 273 })],
          },
          { path: 'site-a/bomb.zip', hosts: 0, refusal: m('inventory.too-big'), oddities: [] },
        ],
        tables: [
          {
            path: 'hosts.csv',
            columns: ['主机名', 'IP', '价值'],
            rows: [
              ['MES-1', '10.0.0.1', '5'],
              ['MES-2', '10.0.0.2', '3'],
            ],
            total_rows: 240,
            guess: { 主机名: 'name', IP: 'address' },
            fields: ['name', 'address', 'value', 'zone'],
          },
        ],
      };
    case 'users':
      return [
        { id: 'u1', name: 'admin', roles: me.roles, disabled: false, created: at(99), last_login: at(1) },
        { id: 'u2', name: 'auditor', roles: ['audit-administrator'], disabled: true, created: at(99) },
      ];
    case 'tokens':
      return [];
    case 'audit':
      return id === 'verify'
        ? { whole: true, entries: 1204 }
        : {
            entries: Array.from({ length: 20 }, (_, i) => ({
              sequence: 20 - i,
              at: at(i),
              actor: 'admin',
              address: '127.0.0.1',
              action: 'plan.transition',
              object: 'h0001',
              detail: { to: 'running' },
              hash: 'c0ffee'.repeat(10),
            })),
          };
    case 'knowledge':
      return { parts: knowledge, weapons: 18, version: 'k-2026-11-23' };
    case 'system':
      return {
        version: '0.1.0',
        started: at(50),
        now: at(0),
        data_directory: '/var/lib/redoubt',
        database: 'sqlite',
        schema: 3,
        memory_bytes: 91e6,
        listen: '127.0.0.1:8600',
        tls: null,
        accounts: 2,
        duties_separated: true,
        backups: [{ name: 'redoubt-2026-11-22.tar', bytes: 5e6, made: at(20) }],
      };
    case 'search':
      return {
        hits: [
          { kind: 'weapon', id: 'eternalblue', label: 'Eternalblue', text: 'MS17-010', hosts: 60 },
          ...hosts.slice(0, 3).map((h) => ({ kind: 'host', id: h.id, label: h.label, text: h.address })),
        ],
      };
    default:
      return null;
  }
}

const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html' };
createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  if (url.pathname.startsWith('/api/v1')) {
    if (url.pathname.endsWith('/events'))
      return response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
    if (/scripts\/./.test(url.pathname)) return response.end('@echo off\r\nrem made up\r\n');
    const body = answer(url.pathname.slice('/api/v1'.length), url.searchParams, request.method);
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' });
    return response.end(JSON.stringify(body ?? { code: 'console.problem.refused', params: { status: 404 } }));
  }
  const file = extname(url.pathname) ? url.pathname : '/index.html';
  try {
    const bytes = await readFile(join(dist, file));
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy':
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:",
    });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
