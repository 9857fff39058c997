/** What a part names: addresses, paths, keys. What many honest files name is grey. */
import { Select, Switch, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import type { FileIndicator } from '../../api/model';
import { Copy } from '../../parts/Copy';
import { count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { SearchBox } from '../../parts/SearchBox';
import { useWords } from '../../words';
import { huntFor, offset } from './parts';

const ROWS = 25;

export function Indicators({ indicators }: { indicators: readonly FileIndicator[] }) {
  const { t, word, language } = useWords();
  const common = indicators.filter((indicator) => indicator.common).length;
  const [hidden, setHidden] = useState(common < indicators.length);
  const [kind, setKind] = useState<string | null>(null);
  const [text, setText] = useState('');
  const kinds = [...new Set(indicators.map((indicator) => indicator.kind))];
  const asked = text.trim().toLowerCase();
  const rows = indicators
    .map((indicator, key) => ({ ...indicator, key }))
    .filter(
      (indicator) =>
        !(hidden && indicator.common) &&
        (kind === null || indicator.kind === kind) &&
        indicator.value.toLowerCase().includes(asked),
    );
  const lookFor = rows.filter((row) => huntFor(row.kind, row.value) !== null && !row.common);
  const columns: TableColumnsType<(typeof rows)[number]> = [
    {
      title: t('files.indicator-kind'),
      width: 118,
      render: (_, row) => (
        <span className={row.common ? 'muted' : undefined}>
          {word(`console.files.indicator-${row.kind}`, row.kind)}
        </span>
      ),
    },
    {
      title: t('network.indicator'),
      render: (_, row) => (
        <span className={row.common ? 'digest muted' : 'digest'}>
          <Name text={row.value} className="mono anywhere" />
          <Copy text={row.value} />
          {row.common && <span className="chip">{t('files.common')}</span>}
        </span>
      ),
    },
    {
      title: t('files.layer'),
      width: 88,
      render: (_, row) => (
        <>
          {word(`console.files.layer-${row.layer}`, row.layer)}
          <div className="muted small mono">{offset(row.at)}</div>
        </>
      ),
    },
    {
      width: 72,
      align: 'right',
      className: 'nowrap no-print',
      render: (_, row) => {
        const hunt = huntFor(row.kind, row.value);
        return hunt && !row.common ? <Link to={hunt}>{t('files.hunt')}</Link> : null;
      },
    },
  ];
  return (
    <>
      <div className="filters plain">
        <SearchBox value={text} label={t('network.indicator-search')} width={180} onSearch={setText} />
        <Select
          size="small"
          allowClear
          style={{ width: 130 }}
          aria-label={t('files.indicator-kind')}
          placeholder={t('files.indicator-kind')}
          value={kind}
          options={kinds.map((value) => ({ value, label: word(`console.files.indicator-${value}`, value) }))}
          onChange={(next: string | null) => setKind(next ?? null)}
        />
        {common > 0 && (
          <label className="line small nowrap">
            <Switch size="small" checked={hidden} onChange={setHidden} />
            {t('files.hide-common', { n: count(common, language) })}
          </label>
        )}
        <span className="grow" />
        {lookFor.length > 1 && (
          <Link
            className="small nowrap"
            to={`/network/hunts?${new URLSearchParams({
              look: [...new Set(lookFor.map((row) => row.value))].slice(0, 50).join('\n'),
            }).toString()}`}
          >
            {t('files.hunt-all', {
              n: count(Math.min(50, new Set(lookFor.map((row) => row.value)).size), language),
            })}
          </Link>
        )}
      </div>
      <Table
        size="small"
        columns={columns}
        dataSource={rows}
        tableLayout="fixed"
        className="top-aligned"
        pagination={rows.length > ROWS ? { pageSize: ROWS, size: 'small', showSizeChanger: false } : false}
        locale={{ emptyText: t('empty.filtered') }}
        aria-label={t('files.indicators')}
      />
    </>
  );
}
