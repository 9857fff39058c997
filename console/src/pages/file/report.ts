/** The report of a file as one HTML document, to keep, to send on and to print: it asks for nothing from anywhere, and runs nothing. */
import type { FileDetail, FileFact, FileIndicator, FilePart, FileReason } from '../../api/model';
import { certificateOf } from '../../api/publishers';
import { bytes, count, instant } from '../../parts/format';
import { visible } from '../../parts/visible';
import type { Words } from '../../words';
import { attribute, html, Html, name, quoted, type Put } from './html';
import { grouped, offset, overruledBy, rowsOf, treeOf, utc, webAddress, type Node } from './parts';
import { STYLE } from './reportStyle';
import { groupOf, keptOf, overruling, unreadOf } from './saying';

/** A report has an end. */
const TREE_MAX = 2_000;
const PARTS_MAX = 100;
const INDICATORS_MAX = 1_000;
const ROWS_MAX = 500;
const TEXTS_MAX = 50;
const STRINGS_MAX = 20;
/** So short, several stand on one line. */
const SHORT_CHARS = 24;

/** Nothing is fetched, nothing runs: said to whatever shows it, besides there being nothing that would. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export interface Made {
  at: string;
  zone: string;
  /** Who a change was made by, in words. */
  actor: (owner: string) => string;
}

type Nodes = ReadonlyMap<number, Node>;

export function reportOf(detail: FileDetail, words: Words, made: Made): string {
  const { t, language } = words;
  const { file, report } = detail;
  const nodes: Nodes = report ? treeOf(report, detail.listed_parts) : new Map();
  const named = file.name === '' ? t('files.unnamed') : file.name;
  const page = html`<!doctype html>
    <html lang="${attribute(language)}">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${attribute(POLICY)}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${attribute(`${visible(named)} — ${t('report.title')}`)}</title>
        <style>
          ${Html.of(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <p class="house">Redoubt 纵深 · ${t('report.title')}</p>
          <h1>${name(named)}</h1>
          ${verdict(detail, words, made)} ${identity(detail, words)}
          ${
            report && [
              reasons(report.verdict.reasons, nodes, words),
              tree(nodes, words),
              indicators(nodes, words),
              worth(nodes, words),
            ]
          }
          ${seen(detail, words)} ${others(detail, words)}
          <footer>
            <p>${t('report.made', { at: made.at, zone: made.zone })}</p>
            <p class="mono">${file.sha256}</p>
          </footer>
        </main>
      </body>
    </html>`;
  return page.text;
}

const section = (title: string, body: Put): Html =>
  html`<section>
    <h2>${title}</h2>
    ${body}
  </section>`;

/** Rows under a head; without any, that there are none. */
function table(head: readonly string[], rows: readonly (readonly Put[])[], none: string): Html {
  if (rows.length === 0) return html`<p class="muted">${none}</p>`;
  return html`<table>
    <thead>
      <tr>
        ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function first(shown: number, all: number, { t, language }: Words): Put {
  if (shown >= all) return null;
  return html`<p class="muted">
    ${t('report.first', { n: count(shown, language), all: count(all, language) })}
  </p>`;
}

const mono = (text: string): Html => html`<span class="mono">${text}</span>`;

/** A verdict by its word; its colour only where it is a known one. */
function mark(verdict: string | null | undefined, { t, word }: Words): Html {
  if (!verdict) return html`<span class="mark">${t('files.verdict-none')}</span>`;
  const known = /^(malicious|suspicious|incomplete|unknown|clean)$/.test(verdict) ? verdict : 'unknown';
  return html`<span class="mark ${attribute(known)}"
    >${word(`console.files.verdict-${verdict}`, verdict)}</span
  >`;
}

function verdict(detail: FileDetail, words: Words, made: Made): Html {
  const { t, say, word, language } = words;
  const { file, report, listed } = detail;
  const standing = file.standing ?? report?.verdict.state;
  const overruled = overruledBy(detail);
  const unread = report?.parts.filter((part) => unreadOf(words, part.outcome) !== null).length ?? 0;
  const said = overruled
    ? visible(say(overruling(overruled.by)))
    : standing
      ? word(`console.files.means-${standing}`, '')
      : t('files.means-none');
  const inside =
    overruled && overruled.part !== 0 && report?.parts.find((part) => part.number === overruled.part);
  const moving = file.state === 'waiting' || file.state === 'leased';
  const notes: Put[] = [
    report && overruled && html`${t('files.own-result')} ${mark(report.verdict.state, words)}`,
    listed && [
      t(`files.on-list-${listed.list}`),
      ': ',
      name(listed.reason),
      html` <span class="muted">— ${made.actor(listed.owner)}, ${instant(listed.added)}</span>`,
    ],
    inside && [t('files.overruled-inside'), ' ', mono(inside.path || inside.name)],
    report && moving && t('report.waiting', { at: instant(file.analysed) }),
    report?.broken && [t('files.broken'), ': ', quoted(visible(say(report.broken)))],
    report &&
      !report.complete &&
      !report.broken && [
        unread > 0 ? t('files.not-whole', { n: count(unread, language) }) : t('files.not-whole-somewhere'),
        language === 'en' ? '. ' : '。',
        t('files.not-whole-means'),
      ],
    file.state === 'set-aside' && t('files.set-aside-means', { n: count(file.attempts, language) }),
  ].filter(Boolean);
  return html`<div class="verdict">
    <p class="standing">
      ${mark(standing, words)}
      ${report && html`<strong>${t('files.score-of', { n: count(report.verdict.score, language) })}</strong>`}
    </p>
    <p>${said}</p>
    ${notes.map((note) => html`<p class="note">${note}</p>`)}
  </div>`;
}

function facts(rows: readonly (readonly [string, Put])[]): Html {
  return html`<table class="facts">
    <tbody>
      ${rows.map(
        ([what, value]) =>
          html`<tr>
            <th scope="row">${what}</th>
            <td>${value}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function identity(detail: FileDetail, words: Words): Html {
  const { t, language } = words;
  const { file, report } = detail;
  const root = report?.parts[0];
  const rows: [string, Put][] = root
    ? partFacts(root, words)
    : [
        [t('files.size'), bytes(file.size, language)],
        ['SHA-256', mono(file.sha256)],
      ];
  rows.push([t('report.analysed'), instant(file.analysed)]);
  if (report) {
    const { readers, rules } = report.versions;
    const { ledger } = report.verdict;
    rows.push([t('report.versions'), t('files.versions', { ledger, readers, rules: rules || '—' })]);
    for (const { name: signer, thumbprint } of report.signers ?? []) {
      const sha1 = thumbprint?.toLowerCase();
      const subject = sha1 ? certificateOf(report, sha1).subject : null;
      const trusted = detail.trusted.find((publisher) => publisher.sha1 === sha1);
      rows.push([
        t('publisher.signed-by'),
        [
          name(subject ?? signer),
          sha1 && html` <span class="muted">SHA-1</span> ${mono(sha1)}`,
          trusted && html` · ${t('publisher.trusted-as', { name: visible(trusted.name) })}`,
        ],
      ]);
    }
  }
  return section(t('report.identity'), facts(rows));
}

/** What a part is: its type, its size, its digests. */
function partFacts(part: FilePart, words: Words): [string, Put][] {
  const { t, word, language } = words;
  const { file } = part;
  if (!file) return [[t('files.type'), html`<span class="muted">${t('files.no-bytes')}</span>`]];
  const rows: [string, Put][] = [
    [
      t('files.type'),
      [
        html`<strong class="mono">${file.kind}</strong> · ${groupOf(words, file.group)} · ${mono(file.mime)}`,
        file.encoding && ` · ${file.encoding}`,
        html` <span class="muted">(${word(`console.files.by-${file.by}`, file.by)})</span>`,
      ],
    ],
    [
      t('files.size'),
      `${bytes(file.size, language)} · ${t('files.n-bytes', { n: count(file.size, language) })}`,
    ],
  ];
  if (file.mismatch != null)
    rows.push([
      t('files.oddities'),
      t('files.mismatch', { extension: visible(file.mismatch), kind: file.kind }),
    ]);
  if (file.also && file.also.length > 0)
    rows.push([
      t('files.also'),
      mono(file.also.map((also) => `${also.kind} @ ${offset(also.at)}`).join(' · ')),
    ]);
  if (part.parent != null) rows.push([t('files.storage'), keptOf(words, part)]);
  const digests = [
    ['SHA-256', file.sha256],
    ['SHA-1', file.sha1],
    ['MD5', file.md5],
    ['TLSH', file.tlsh],
    ['ssdeep', file.ssdeep],
  ] as const;
  for (const [what, value] of digests) if (value) rows.push([what, mono(value)]);
  return rows;
}

const signed = (points: number) => (points > 0 ? `+${points}` : points < 0 ? `−${-points}` : '0');

const placeOf = (part: FilePart, { t }: Words): Put =>
  part.parent == null ? t('files.the-file-itself') : mono(part.path || part.name || t('files.unnamed'));

function reasons(list: readonly FileReason[], nodes: Nodes, words: Words): Html {
  const { t, say, language } = words;
  const rows = list.map((reason) => {
    const part = nodes.get(reason.part)?.part;
    const also = reason.also?.length ?? 0;
    return [
      html`<span class="num"
        ><strong>${signed(reason.counted)}</strong>${
          reason.counted !== reason.points && html`<span class="muted"> / ${reason.points}</span>`
        }</span
      >`,
      [
        quoted(visible(say(reason.message))),
        html`<div class="muted small">
          ${mono(reason.rule)} v${reason.version} ·
          ${reason.family}${reason.source === 'dynamic' && ` · ${t('files.by-running')}`}
        </div>`,
      ],
      (reason.techniques ?? []).map((technique) => html`<span class="mono num">${technique}</span> `),
      [
        part && placeOf(part, words),
        also > 0 && html` ${t('files.and-others', { n: count(also, language) })}`,
      ],
    ];
  });
  return section(
    t('files.reasons', { n: count(list.length, language) }),
    table(
      [t('report.points'), t('report.why'), t('report.techniques'), t('report.where')],
      rows,
      t('files.no-reasons'),
    ),
  );
}

function tree(nodes: Nodes, words: Words): Html {
  const { t, language } = words;
  const lines = rowsOf(nodes, new Set(), null);
  const rows = lines.slice(0, TREE_MAX).map(({ node, level }) => {
    const { part } = node;
    const marks = [
      node.matches > 0 && `YARA ${node.matches}`,
      node.oddities > 0 && t('files.mark-odd', { n: node.oddities }),
      node.unread && t('files.mark-unread'),
      part.storage === 'encrypted' && t('files.kept-encrypted'),
      node.listed && t(`files.on-list-${node.listed}`),
    ].filter(Boolean);
    // Beyond this a deep one would leave the paper.
    const indent = Math.min(level - 1, 15);
    return [
      html`<div class="in" style="margin-left: ${indent * 14}px">
        ${level - 1 > indent && html`<span class="muted num">${level - 1} </span>`}${name(
          part.name || part.path || t('files.unnamed'),
        )}
        ${part.file && html`<div class="mono muted digest">${part.file.sha256}</div>`}
      </div>`,
      part.file && mono(part.file.kind),
      part.file && html`<span class="num">${bytes(part.file.size, language)}</span>`,
      node.points !== 0 && html`<strong class="num">${signed(node.points)}</strong>`,
      marks.join(' · '),
    ];
  });
  return section(t('files.parts'), [
    first(rows.length, lines.length, words),
    table(
      [t('files.name'), t('files.type'), t('files.size'), t('report.points'), t('report.marks')],
      rows,
      t('report.nothing'),
    ),
  ]);
}

/** Of all parts together; what many honest files name is only counted. */
function indicators(nodes: Nodes, words: Words): Html {
  const { t, word, language } = words;
  const found = new Map<string, { indicator: FileIndicator; part: FilePart }>();
  const common = new Set<string>();
  for (const { part } of nodes.values())
    for (const indicator of part.indicators ?? []) {
      const key = `${indicator.kind} ${indicator.value}`;
      if (indicator.common) common.add(key);
      else if (!found.has(key)) found.set(key, { indicator, part });
    }
  const rows = [...found.values()]
    .slice(0, INDICATORS_MAX)
    .map(({ indicator, part }) => [
      word(`console.files.indicator-${indicator.kind}`, indicator.kind),
      mono(indicator.value),
      html`${word(`console.files.layer-${indicator.layer}`, indicator.layer)} ${mono(offset(indicator.at))}`,
      placeOf(part, words),
    ]);
  return section(`${t('files.indicators')} · ${count(found.size, language)}`, [
    first(rows.length, found.size, words),
    table(
      [t('files.indicator-kind'), t('report.value'), t('files.layer'), t('report.where')],
      rows,
      t('report.no-indicators'),
    ),
    common.size > 0 && html`<p class="muted">${t('report.common', { n: count(common.size, language) })}</p>`,
  ]);
}

/** Parts that are worth a look, each with all that was found. */
function worth(nodes: Nodes, words: Words): Html {
  const { t, language } = words;
  const found = [...nodes.values()].filter((node) => node.remarkable || node.part.parent == null);
  return section(t('files.remarkable-parts'), [
    html`<p class="muted">
      ${t('files.paper-note', {
        n: count(Math.min(PARTS_MAX, found.length), language),
        all: count(nodes.size, language),
      })}
    </p>`,
    found.slice(0, PARTS_MAX).map((node) => onePart(node, words)),
  ]);
}

function onePart({ part }: Node, words: Words): Html {
  const { t, say } = words;
  const unread = unreadOf(words, part.outcome);
  const told = (part.facts ?? []).filter((fact) => fact.type !== 'absent');
  return html`<article>
    <h3 class="mono">${name(part.path || part.name || t('files.unnamed'))}</h3>
    ${unread && html`<p class="note">${unread}</p>`} ${part.parent != null && facts(partFacts(part, words))}
    ${
      (part.oddities?.length ?? 0) > 0 &&
      html`<h4>${t('files.oddities')}</h4>
        <ul>
          ${part.oddities?.map(
            (odd) =>
              html`<li>
                ${quoted(visible(say(odd.message)))}
                ${odd.at != null && html` <span class="mono small">@ ${offset(odd.at)}</span>`}
              </li>`,
          )}
        </ul>`
    }
    ${(part.matches?.length ?? 0) > 0 && matches(part, words)}
    ${grouped(told, '').map(
      (group) =>
        html`<h4>${t('files.facts')} · <span class="mono">${group.namespace}</span></h4>
          ${facts(group.facts.map((fact) => [fact.name, value(fact, words)] as const))}`,
    )}
  </article>`;
}

function matches(part: FilePart, words: Words): Html {
  const { t } = words;
  return html`<h4>${t('files.matches')}</h4>
    <ul>
      ${part.matches?.map((match) => {
        const more: Put[] = [
          match.author && [t('files.author'), ' ', name(match.author)],
          match.licence && [t('files.licence'), ' ', name(match.licence)],
          // An address is shown, never led to.
          match.reference && [
            t('files.reference'),
            ' ',
            mono(webAddress(match.reference) ?? match.reference),
          ],
          match.score != null && t('files.author-score', { n: match.score }),
          [...(match.tags ?? []), ...(match.techniques ?? [])].join(' '),
          (match.strings?.length ?? 0) > 0 &&
            mono(
              match.strings
                ?.slice(0, STRINGS_MAX)
                .map(([string, at]) => `${string} @ ${offset(at)}`)
                .join(' · ') ?? '',
            ),
        ].filter((one) => one !== '' && Boolean(one));
        return html`<li>
          <strong class="mono">${match.rule}</strong> <span class="mono muted">${match.namespace}</span>
          ${match.description && html`<div>${name(match.description)}</div>`}
          <div class="muted small">${more.map((one, i) => [i > 0 && ' · ', one])}</div>
        </li>`;
      })}
    </ul>`;
}

function value(fact: FileFact, { t, say, word, language }: Words): Put {
  switch (fact.type) {
    case 'flag':
      return t(fact.value ? 'business.yes' : 'business.no');
    case 'integer':
      return html`<span class="num">${fact.value}</span>`;
    case 'real':
      return html`<span class="num">${Number(fact.value.toPrecision(6))}</span>`;
    case 'time':
      return utc(fact.value);
    case 'digest':
      return mono(fact.value);
    case 'text':
      return fact.value === '' ? t('files.empty-text') : name(fact.value);
    case 'texts': {
      const more = fact.value.length - TEXTS_MAX;
      const short = fact.value.every((text) => text.length <= SHORT_CHARS);
      return fact.value.length === 0
        ? t('files.empty-text')
        : [
            fact.value
              .slice(0, TEXTS_MAX)
              .map((text) =>
                short ? html`<span class="item">${name(text)}</span> ` : html`<div>${name(text)}</div>`,
              ),
            more > 0 && html`<div class="muted">${t('files.more-texts', { n: count(more, language) })}</div>`,
          ];
    }
    case 'absent':
      return t('files.absent');
    case 'failed':
      return t('files.fact-failed', { why: visible(say(fact.value)) });
    case 'limited':
      return t('files.limited', { what: word(`console.files.limit-${fact.value}`, fact.value) });
  }
}

function seen({ file, sightings }: FileDetail, words: Words): Html {
  const { t, language } = words;
  const rows = sightings
    .slice(0, ROWS_MAX)
    .map((sighting) => [
      sighting.host ? mono(sighting.host) : t('files.host-unknown'),
      t(`files.source-${sighting.source}`),
      name(sighting.name),
      html`<span class="num">${count(sighting.times, language)}</span>`,
      instant(sighting.first_seen),
      instant(sighting.last_seen),
    ]);
  return section(t('files.seen'), [
    facts([
      [t('files.hosts'), count(file.hosts, language)],
      [t('files.first-seen'), instant(file.first_seen)],
      [t('files.last-seen'), instant(file.last_seen)],
    ]),
    table(
      [
        t('files.host'),
        t('files.source'),
        t('files.name'),
        t('files.times'),
        t('files.first-seen'),
        t('files.last-seen'),
      ],
      rows,
      t('files.never-seen'),
    ),
  ]);
}

function others(detail: FileDetail, words: Words): Html {
  const { t, word, language } = words;
  const named = (text: string) => (text === '' ? t('files.unnamed') : name(text));
  const hashed = detail.report?.parts[0]?.file?.tlsh != null;
  return section(t('report.other-files'), [
    html`<h3>${t('files.alike')}</h3>`,
    table(
      [t('report.distance'), t('files.name'), t('files.type'), t('files.verdict')],
      detail.alike.map((other) => [
        html`<span class="num">${other.distance}</span>`,
        html`${named(other.name)}
          <div class="mono muted small">${other.sha256}</div>`,
        other.type && mono(other.type),
        mark(other.standing, words),
      ]),
      t(hashed ? 'files.none-alike' : 'files.no-tlsh'),
    ),
    html`<h3>${t('files.pivots')}</h3>`,
    table(
      [t('files.indicator-kind'), t('report.value'), t('report.other-files')],
      detail.pivots.map((pivot) => [
        word(`console.files.pivot-${pivot.kind}`, pivot.kind),
        mono(pivot.value),
        html`<span class="num">${count(pivot.files, language)}</span>`,
      ]),
      t('files.no-pivots'),
    ),
    detail.within.length > 0 && [
      html`<h3>${t('files.within')}</h3>`,
      first(Math.min(ROWS_MAX, detail.within.length), detail.within.length, words),
      table(
        [t('files.name'), t('files.path')],
        detail.within.slice(0, ROWS_MAX).map((one) => [
          html`${named(one.name)}
            <div class="mono muted small">${one.sha256}</div>`,
          mono(one.path),
        ]),
        '',
      ),
    ],
  ]);
}
