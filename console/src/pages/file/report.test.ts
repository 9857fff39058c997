import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FileDetail, FileFact, FilePart } from '../../api/model';
import { wordsOf, type Language } from '../../words';
import en from '../../words/en';
import zh from '../../words/zh-CN';
import { html, name, quoted } from './html';
import { reportOf } from './report';

beforeAll(async () => {
  await i18next.init({
    lng: 'en',
    fallbackLng: false,
    resources: {},
    keySeparator: false,
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  });
  for (const [language, files] of [
    ['en', en],
    ['zh-CN', zh],
  ] as const)
    for (const [path, words] of Object.entries(files))
      i18next.addResourceBundle(language, path.slice(path.lastIndexOf('/') + 1, -'.json'.length), words);
});

const made = { at: '2026-11-27 08:00', zone: 'Asia/Shanghai', actor: (owner: string) => owner };
const write = (detail: FileDetail, language: Language) => reportOf(detail, wordsOf(language), made);

/** What somebody would call a file to get out of the place where its name stands. */
const HOSTILE = `PAYLOAD</style></title><script>alert(1)</script><img src=x onerror='a'>"&\u202e`;

/** Something at every place that a file, its author or the author of a rule fills. */
function filled(text: string): FileDetail {
  const facts = [
    { name: `pe.${text}`, type: 'text', value: text },
    { name: 'pe.texts', type: 'texts', value: [text, text] },
    { name: 'pe.digest', type: 'digest', value: text },
    { name: 'pe.limited', type: 'limited', value: text },
    { name: 'pe.failed', type: 'failed', value: { code: 'pe.none', params: { why: text } } },
    { name: 'pe.flag', type: 'flag', value: true },
    { name: 'pe.integer', type: 'integer', value: -7 },
    { name: 'pe.real', type: 'real', value: 7.25 },
    { name: 'pe.time', type: 'time', value: 1_495_094_400_000_000 },
  ] as unknown as FileFact[];
  const part = (number: number, parent: number | null): FilePart =>
    ({
      number,
      parent,
      depth: number,
      name: text,
      path: `${text}/${text}`,
      storage: { packed: text },
      outcome: { partial: { code: 'zip.odd', params: { name: text } } },
      file: {
        kind: text,
        group: text,
        mime: text,
        encoding: text,
        by: 'magic',
        size: 1234,
        sha256: text,
        sha1: text,
        md5: text,
        tlsh: text,
        mismatch: text,
        also: [{ kind: text, at: 1 }],
      },
      facts,
      oddities: [{ at: 3, message: { code: 'zip.name', params: { name: text } } }],
      matches: [
        {
          rule: text,
          namespace: text,
          author: text,
          licence: text,
          reference: text,
          description: text,
          tags: [text],
          techniques: [text],
          strings: [[text, 2]],
        },
      ],
      indicators: [
        { kind: 'url', value: text, at: 9, layer: 'ascii', common: false },
        { kind: 'domain', value: 'common.example', at: 9, layer: 'ascii', common: true },
      ],
    }) as unknown as FilePart;
  return {
    file: {
      sha256: text,
      name: text,
      size: 1234,
      state: 'waiting',
      standing: text,
      analysed: '2026-11-26T08:00:00Z',
      hosts: 2,
      first_seen: '2026-11-26T08:00:00Z',
      last_seen: '2026-11-26T08:00:00Z',
    },
    report: {
      parts: [part(0, null), part(1, 0), part(2, 1)],
      verdict: {
        state: 'malicious',
        score: 90,
        complete: false,
        ledger: text,
        overruled: { by: { 'trusted-publisher': { thumbprint: text, name: text } }, part: 1 },
        reasons: [
          {
            rule: text,
            version: 1,
            family: text,
            source: 'static',
            points: 50,
            counted: 40,
            part: 1,
            also: [2],
            techniques: ['T1036.002', text],
            message: { code: 'ledger.none', params: { name: text } },
          },
        ],
      },
      complete: false,
      signers: [{ name: text, thumbprint: text }],
      versions: { readers: text, rules: text },
    },
    listed: { list: 'deny', reason: text, owner: text, added: '2026-11-26T08:00:00Z' },
    listed_parts: [{ part: 1, list: 'deny' }],
    known_parts: [{ part: 1, source: text }],
    sightings: [
      {
        host: text,
        source: 'wire',
        name: text,
        times: 3,
        first_seen: '2026-11-26T08:00:00Z',
        last_seen: '2026-11-26T08:00:00Z',
      },
    ],
    within: [{ sha256: text, name: text, path: text }],
    trusted: [{ sha1: text, name: text, reason: text, owner: text, added: '2017-06-01T08:00:00Z' }],
    pivots: [{ kind: text, value: text, files: 4 }],
    alike: [{ distance: 5, sha256: text, name: text, type: text, standing: text }],
  } as unknown as FileDetail;
}

/** Every tag of a document but those of its style. */
const tags = (document: string) => document.replace(/<style>[^<]*<\/style>/, '').match(/<[^>]*>/g) ?? [];

const TAGS = new Set(
  ['!doctype', 'html', 'head', 'meta', 'title', 'body', 'main', 'section', 'article', 'footer', 'div', 'p']
    .concat(['h1', 'h2', 'h3', 'h4', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'ul', 'li'])
    .concat(['span', 'strong', 'code', 'bdi']),
);

describe('the report of a file', () => {
  it.each(['en', 'zh-CN'] as const)('is nothing but text wherever a file may write (%s)', (language) => {
    const document = write(filled(HOSTILE), language);
    expect(document.startsWith('<!doctype html>')).toBe(true);
    expect(document.match(/<style>/g)).toHaveLength(1);
    for (const tag of tags(document)) {
      expect(TAGS.has(/^<\/?([^\s>]+)/.exec(tag)?.[1] ?? '')).toBe(true);
      expect(tag).not.toMatch(/PAYLOAD|\s(on\w+|src|href|srcset|action)=|url\(/i);
    }
    // Shown all the same, at every place.
    expect(document.split('PAYLOAD').length).toBeGreaterThan(60);
    expect(document).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(document).not.toContain('\u202e');
  });

  it.each(['en', 'zh-CN'] as const)('asks for nothing from anywhere (%s)', (language) => {
    const document = write(filled('http://evil.example/x.png'), language);
    expect(tags(document).filter((tag) => /https?:|\/\//.test(tag))).toEqual([]);
    const [style = ''] = document.match(/<style>[^<]*<\/style>/) ?? [];
    expect(style).toContain('@media print');
    expect(style).not.toMatch(/url\(|@import/);
    expect(document).toContain(`content="default-src &#39;none&#39;`);
  });

  it.each(['en', 'zh-CN'] as const)('says in its language all that the page knows (%s)', (language) => {
    const words = wordsOf(language);
    const document = write(filled('name'), language);
    expect(document).toContain(`<html lang="${language}">`);
    for (const key of [
      'files.reasons',
      'files.parts',
      'files.indicators',
      'files.facts',
      'files.matches',
      'files.seen',
      'files.alike',
      'files.pivots',
      'files.within',
    ] as const)
      expect(document).toContain(words.t(key, { n: 1 }).split('1')[0]);
    for (const said of ['T1036.002', '+40', '2017-05-18 08:00:00 UTC', 'name @ 0x2', 'Asia/Shanghai'])
      expect(document).toContain(said);
    expect(document).not.toContain('common.example');
    expect(document).not.toMatch(/\b(console|files|report|publisher)[.:][a-z]/);
  });

  it('is there for a file that was never analysed', () => {
    const { file, sightings } = filled('name');
    const bare = {
      file: { ...file, standing: null },
      sightings,
      listed_parts: [],
      known_parts: [],
      within: [],
      trusted: [],
      pivots: [],
      alike: [],
    };
    const document = write(bare as unknown as FileDetail, 'en');
    expect(document).toContain('Not analysed yet');
    expect(document).not.toContain('undefined');
  });

  it('ends, however much there is', () => {
    const many = filled('name');
    const [root, , leaf] = many.report?.parts ?? [];
    if (!root || !leaf || !many.report) throw new Error('no parts');
    many.report.parts = [root];
    for (let number = 1; number < 4000; number += 1)
      many.report.parts.push({ ...leaf, number, parent: number - 1, name: `part ${number}` });
    const document = write(many, 'en');
    expect(document).toContain('The first 2,000 of 4,000.');
    expect(document.match(/<article>/g)).toHaveLength(100);
  });
});

describe('html', () => {
  it('takes what was made of it, and everything else as text', () => {
    expect(html`<p>${'<b>'}${html`<b>${1}</b>`}${[null, false, undefined]}</p>`.text).toBe(
      '<p>&lt;b&gt;<b>1</b></p>',
    );
    expect(name('"\'&').text).toBe('<bdi>&quot;&#39;&amp;</bdi>');
    expect(quoted('a `<b>` c').text).toBe('a <code>&lt;b&gt;</code> c');
  });
});
