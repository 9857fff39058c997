/** Records that stay although they are old or too many, because somebody works on them. */
import { SafetyCertificateOutlined } from '@ant-design/icons';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Input, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, sayable, send } from '../../api/client';
import type { HoldList, HoldMade, HoldRow, HuntRow, NewHold } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Show } from '../../parts/Blank';
import { bytes, count, instant } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { localTime, within } from './hunting';

export const useHolds = () =>
  useQuery({
    queryKey: ['hunts', 'holds'],
    queryFn: ({ signal }) => get<HoldList>('/holds', {}, signal),
    refetchInterval: 60_000,
  });

function useHold(done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (hold: NewHold) => send<HoldMade>('POST', '/holds', hold),
    onSuccess: done,
    onSettled: () => queries.invalidateQueries({ queryKey: ['hunts'] }),
  });
}

function useRelease() {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const release = useMutation({
    mutationFn: (hold: HoldRow) => send('DELETE', `/holds/${hold.id}`),
    onSettled: () => queries.invalidateQueries({ queryKey: ['hunts'] }),
    onError: (error: unknown) => void message.error(say(sayable(error))),
  });
  return (hold: HoldRow) =>
    modal.confirm({
      title: t('hold.release-title', { name: hold.name }),
      content: t('hold.release-means'),
      okText: t('hold.release'),
      okButtonProps: { danger: true },
      cancelText: t('action.cancel'),
      onOk: () => release.mutateAsync(hold).catch(() => undefined),
    });
}

/** All that is held, and the way to hold a time. */
export function Holds() {
  const { t, language } = useWords();
  const found = useHolds();
  const list = found.data;
  const sum =
    list && list.rows.length > 0
      ? t('hold.sum', { files: count(list.files, language), size: bytes(list.bytes, language) })
      : t('hold.what');
  return (
    <Panel title={t('hold.title')} extra={<span className="muted num">{sum}</span>} flush>
      <HoldTime />
      <Show of={found} rows={2}>
        {(list) =>
          list.rows.length === 0 ? (
            <p className="muted" style={{ margin: 0, padding: '12px 14px' }}>
              {t('hold.none')} {t('hold.none-note')}
            </p>
          ) : (
            <Rows rows={list.rows} />
          )
        }
      </Show>
    </Panel>
  );
}

function HoldTime() {
  const { t, say } = useWords();
  const may = useMay();
  const [name, setName] = useState('');
  const [since, setSince] = useState('');
  const [until, setUntil] = useState('');
  const holding = useHold(() => {
    setName('');
    setSince('');
    setUntil('');
  });
  const denied = may('import') ? null : t('denied.import');
  const backwards = since !== '' && until !== '' && since >= until ? t('hunt.backwards') : null;
  const missing =
    name.trim() === '' ? t('hold.name-first') : since === '' && until === '' ? t('hold.time-first') : null;
  const times = [
    { label: t('hunt.since'), value: since, change: setSince },
    { label: t('hunt.until'), value: until, change: setUntil },
  ];
  return (
    <div className="filters no-print">
      <Input
        size="small"
        style={{ width: 220 }}
        aria-label={t('hold.name')}
        placeholder={t('hold.name')}
        value={name}
        maxLength={120}
        onChange={(event) => setName(event.target.value)}
        disabled={denied !== null}
      />
      {times.map(({ label, value, change }) => (
        <label key={label} className="small muted line nowrap">
          {label}
          <Input
            size="small"
            style={{ width: 190 }}
            type="datetime-local"
            value={value}
            status={backwards ? 'error' : ''}
            onChange={(event) => change(event.target.value)}
            disabled={denied !== null}
          />
        </label>
      ))}
      <Act
        size="small"
        denied={denied ?? missing ?? backwards}
        loading={holding.isPending}
        onClick={() => {
          const bounds = { since: localTime(since), until: localTime(until) };
          holding.mutate({ name: name.trim(), ...bounds });
        }}
      >
        {t('hold.time')}
      </Act>
      {holding.error && <Alert type="error" showIcon title={say(sayable(holding.error))} />}
    </div>
  );
}

function Rows({ rows }: { rows: HoldRow[] }) {
  const { t, language } = useWords();
  const actor = useActor();
  const may = useMay();
  const release = useRelease();
  const denied = may('delete-hosts') ? null : t('denied.release');
  const columns: TableColumnsType<HoldRow> = [
    {
      title: t('hold.for'),
      render: (_, row) => <span className="strong anywhere">{row.name}</span>,
    },
    {
      title: t('hold.held'),
      render: (_, row) =>
        row.hunt == null ? (
          t('hold.of-time', { time: within(row, t) })
        ) : (
          <Link to={`/network/hunts?hunt=${row.hunt}`}>{t('hold.of-hunt')}</Link>
        ),
    },
    {
      title: t('hold.size'),
      width: 170,
      align: 'right',
      render: (_, row) => (
        <span className={row.files > 0 ? 'num' : 'num muted'}>
          {t('hold.files', { files: count(row.files, language), size: bytes(row.bytes, language) })}
        </span>
      ),
    },
    {
      title: t('hold.made'),
      width: 160,
      render: (_, row) => (
        <>
          <span className="num nowrap">{instant(row.created)}</span>
          <div className="muted small ellipsis">{actor(row.by)}</div>
        </>
      ),
    },
    {
      width: 110,
      align: 'right',
      className: 'no-print nowrap',
      render: (_, row) => (
        <Act size="small" danger denied={denied} onClick={() => release(row)}>
          {t('hold.release')}
        </Act>
      ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey="id"
      columns={columns}
      dataSource={rows}
      pagination={rows.length > 20 ? { pageSize: 20, size: 'small', showSizeChanger: false } : false}
      tableLayout="fixed"
      scroll={{ x: 900 }}
      aria-label={t('hold.title')}
    />
  );
}

/** Holds what one hunt has met, or says that it is held. */
export function HoldHunt({ hunt }: { hunt: HuntRow }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const may = useMay();
  const release = useRelease();
  const found = useHolds();
  const holding = useHold(() => void message.success(t('hold.now')));
  const hold = found.data?.rows.find((row) => row.hunt === hunt.id);
  if (hold)
    return (
      <Act
        size="small"
        icon={<SafetyCertificateOutlined aria-hidden="true" />}
        denied={may('delete-hosts') ? null : t('denied.release')}
        onClick={() => release(hold)}
      >
        {t('hold.release')}
      </Act>
    );
  const ask = () => {
    let name = hunt.name;
    modal.confirm({
      title: t('hold.hunt-title'),
      icon: <SafetyCertificateOutlined aria-hidden="true" />,
      content: (
        <>
          <p>{t('hold.hunt-means')}</p>
          <Input
            aria-label={t('hold.name')}
            defaultValue={hunt.name}
            maxLength={120}
            onChange={(event) => {
              name = event.target.value;
            }}
          />
        </>
      ),
      okText: t('hold.hunt'),
      cancelText: t('action.cancel'),
      onOk: () =>
        holding
          .mutateAsync({ name: name.trim() || hunt.name, hunt: hunt.id })
          .catch((error: unknown) => void message.error(say(sayable(error)))),
    });
  };
  const missing = hunt.hits === 0 ? t('hold.nothing-met') : null;
  return (
    <Act
      size="small"
      icon={<SafetyCertificateOutlined aria-hidden="true" />}
      denied={(may('import') ? null : t('denied.import')) ?? missing}
      loading={holding.isPending}
      onClick={ask}
    >
      {t('hold.hunt')}
    </Act>
  );
}
