/** What holds in a group in the end: each setting with the group it is from, and beside it what the group above has otherwise. */
import { Alert, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import type { PolicyEffective } from '../../api/model';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { SearchBox } from '../../parts/SearchBox';
import { useWords } from '../../words';
import { useGroupNames } from './asking';
import { DigestLink, groupPath } from './marks';
import { Value } from './saying';
import { ENTRIES, LISTS, settingWord, type FLAGS, type ListName, type NUMBERS } from './settings';

type ValueName =
  'mode' | 'reputation_from' | (typeof FLAGS)[number] | (typeof NUMBERS)[number] | 'telemetry' | 'agent';

/** Entries, each with the groups that name it. */
type Listed = PolicyEffective['deployers'];

/** A value, and the group it is from; none when it is the product's own. */
interface Sourced<T> {
  value: T;
  from?: string | null;
}

type Row =
  | { kind: 'value'; name: ValueName; held: Sourced<unknown>; above: Sourced<unknown> | null }
  | { kind: 'list'; name: ListName; entries: Listed; own: number };

/** In the order of what decides first. */
const ORDER: readonly (ValueName | ListName)[] = [
  'mode',
  'denied',
  'allowed',
  'trust_packages',
  'publishers',
  'deployers',
  'deployed',
  'reputation_from',
  'unknown_may',
  'undecided_may',
  'protected',
  'guard_allowed',
  'undo_bytes_max',
  'kept_hours',
  'telemetry',
  'heartbeat_seconds',
  'agent',
  'baseline',
  'baseline_set',
];

export function Effective({
  effective,
  above,
}: {
  effective: PolicyEffective;
  above?: PolicyEffective | undefined;
}) {
  const { t, word, language } = useWords();
  const nameOf = useGroupNames();
  const rows = ORDER.map((name): Row => {
    const list = LISTS.find((known) => known === name);
    if (list) {
      const entries = effective[list];
      const own = Object.values(entries).filter((from) => from.includes(effective.group)).length;
      return { kind: 'list', name: list, entries, own };
    }
    const value = name as ValueName;
    const before = above?.[value];
    const differs = before && JSON.stringify(before.value) !== JSON.stringify(effective[value].value);
    return { kind: 'value', name: value, held: effective[value], above: differs ? before : null };
  });
  const from = (id: string | null | undefined) => {
    if (!id) return <span className="muted">{t('endpoints.product')}</span>;
    if (id === effective.group) return <span className="strong">{t('endpoints.here')}</span>;
    return (
      <Link to={groupPath(id)} className="anywhere">
        <Name text={nameOf(id)} />
      </Link>
    );
  };
  const columns: TableColumnsType<Row> = [
    {
      title: t('endpoints.setting'),
      width: 220,
      render: (_, row) => <span className="cap">{word(settingWord(row.name), row.name)}</span>,
    },
    {
      title: t('endpoints.holds'),
      render: (_, row) =>
        row.kind === 'list' ? (
          <span className={Object.keys(row.entries).length === 0 ? 'muted' : 'num'}>
            {t('endpoints.n-entries', { n: count(Object.keys(row.entries).length, language) })}
          </span>
        ) : (
          <Value name={row.name} value={row.held.value} />
        ),
    },
    {
      title: t('endpoints.from'),
      width: 196,
      render: (_, row) => {
        if (row.kind === 'value') return from(row.held.from);
        const all = Object.keys(row.entries).length;
        if (all === 0) return <span className="muted">—</span>;
        return (
          <span className="num">
            {row.own > 0 && (
              <span className="strong">{t('endpoints.n-here', { n: count(row.own, language) })}</span>
            )}
            {row.own > 0 && all > row.own && ' · '}
            {all > row.own && t('endpoints.n-above', { n: count(all - row.own, language) })}
          </span>
        );
      },
    },
    ...(above
      ? [
          {
            title: t('endpoints.above-has'),
            width: 170,
            render: (_: unknown, row: Row) =>
              row.kind === 'value' && row.above ? (
                <span className="tone-blocked">
                  <Value name={row.name} value={row.above.value} />
                </span>
              ) : row.kind === 'list' && row.own > 0 ? (
                <span className="muted num">
                  {t('endpoints.n-entries', { n: count(Object.keys(above[row.name]).length, language) })}
                </span>
              ) : (
                <span className="muted">{t('endpoints.the-same')}</span>
              ),
          },
        ]
      : []),
  ];
  return (
    <>
      {effective.overruled.length > 0 && <Overruled effective={effective} />}
      <Table<Row>
        size="small"
        rowKey="name"
        columns={columns}
        dataSource={rows}
        pagination={false}
        tableLayout="fixed"
        className="top-aligned effective"
        scroll={{ x: above ? 680 : 560 }}
        aria-label={t('endpoints.effective')}
        expandable={{
          rowExpandable: (row) => row.kind === 'list' && Object.keys(row.entries).length > 0,
          expandedRowRender: (row) =>
            row.kind === 'list' && <Entries name={row.name} entries={row.entries} />,
        }}
      />
    </>
  );
}

/** Allowed in one place and denied in another: it does not run, and somebody may wonder why. */
function Overruled({ effective }: { effective: PolicyEffective }) {
  const { t, language } = useWords();
  const nameOf = useGroupNames();
  const comma = language === 'zh-CN' ? '、' : ', ';
  return (
    <Alert
      type="warning"
      showIcon
      className="overruled"
      title={t('endpoints.overruled', { n: count(effective.overruled.length, language) })}
      description={
        <ul className="says">
          {effective.overruled.slice(0, 5).map((one) => (
            <li key={one.sha256}>
              <DigestLink sha256={one.sha256} />{' '}
              {t('endpoints.overruled-by', {
                allowed: one.allowed_by.map(nameOf).join(comma),
                denied: one.denied_by.map(nameOf).join(comma),
              })}
            </li>
          ))}
        </ul>
      }
    />
  );
}

function Entries({ name, entries }: { name: ListName; entries: Listed }) {
  const { t } = useWords();
  const nameOf = useGroupNames();
  const [text, setText] = useState('');
  const asked = text.trim().toLowerCase();
  const all = Object.entries<string[]>(entries);
  const rows = all.filter(([entry]) => entry.toLowerCase().includes(asked));
  return (
    <div className="entries-of">
      {all.length > 10 && (
        <SearchBox value={text} label={t('endpoints.search-entries')} width={260} onSearch={setText} />
      )}
      <Table<[string, string[]]>
        size="small"
        rowKey={([entry]) => entry}
        dataSource={rows}
        pagination={rows.length > 20 && { pageSize: 20, size: 'small', showSizeChanger: false }}
        tableLayout="fixed"
        columns={[
          {
            title: t('endpoints.entry'),
            render: (_, [entry]) =>
              ENTRIES[name] === 'digest' ? (
                <DigestLink sha256={entry} />
              ) : (
                <Name text={entry} className="mono anywhere" />
              ),
          },
          {
            title: t('endpoints.from'),
            width: 240,
            render: (_, [, from]) =>
              from.map((id) => (
                <Link key={id} to={groupPath(id)} className="chip first">
                  <Name text={nameOf(id)} />
                </Link>
              )),
          },
        ]}
      />
    </div>
  );
}
