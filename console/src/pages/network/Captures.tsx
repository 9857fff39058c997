/** Captures: send them in, see them being read, what each gave, and how to be rid of one. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, sayable, send } from '../../api/client';
import type { CapturePage, CaptureRow, CaptureState } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { useActor } from '../../parts/actor';
import { Blank, Show } from '../../parts/Blank';
import { ago, bytes, count, instant } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords, type WordKey } from '../../words';
import { Drop } from '../import/Drop';
import { HowFar } from '../jobs/Jobs';

const TONES: Record<CaptureState, Tone> = {
  reading: 'accent',
  done: 'fixed',
  failed: 'open',
  cancelled: 'none',
  'broken-off': 'blocked',
};

export function Captures() {
  const { t } = useWords();
  const { filters } = useFilters();
  const { message } = App.useApp();
  const cursor = filters['cursor'];
  const captures = useQuery({
    queryKey: ['captures', cursor],
    queryFn: () => get<CapturePage>('/captures', { cursor, limit: 50 }),
    refetchInterval: (query) =>
      query.state.data?.rows.some((capture) => capture.state === 'reading') ? 1500 : 15_000,
  });
  const queries = useQueryClient();
  return (
    <div className="grid">
      <Drop
        to="/captures"
        hint={t('network.drop-hint')}
        onSent={() => {
          void message.success(t('network.sent'));
          // The job makes the row of the capture a moment later.
          setTimeout(() => void queries.invalidateQueries({ queryKey: ['captures'] }), 600);
        }}
      />
      {(captures.data?.rows ?? [])
        .filter((row) => row.live && row.state === 'reading')
        .map((row) => (
          <Live key={row.id} row={row} />
        ))}
      <Panel title={t('network.captures')} flush>
        <Show of={captures}>
          {(page) =>
            page.rows.length === 0 ? (
              <Blank title={t('network.no-captures')}>{t('network.no-captures-note')}</Blank>
            ) : (
              <>
                <Rows rows={page.rows} />
                <Pager total={page.total} shown={page.rows.length} next={page.next ?? undefined} />
              </>
            )
          }
        </Show>
      </Panel>
    </div>
  );
}

/** A capture that goes on: its counters, and how fast they grow between two looks. */
function Live({ row }: { row: CaptureRow }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const [[before, now], look] = useState([row, row]);
  if (now !== row && (now.heard !== row.heard || now.frames !== row.frames)) look([now, row]);
  const seconds = (Date.parse(now.heard ?? '') - Date.parse(before.heard ?? '')) / 1000;
  // A rate takes two looks; before the second it is not known, which is not zero.
  const known = seconds > 0;
  const rate = (of: number) => (known ? of / seconds : 0);
  const figures: [WordKey, string, string, boolean][] = [
    [
      'network.frames',
      n(row.frames),
      t('network.per-second', { n: known ? n(Math.round(rate(now.frames - before.frames))) : '—' }),
      false,
    ],
    [
      'network.on-wire',
      bytes(row.volume, language),
      known ? `${((rate(now.volume - before.volume) * 8) / 1_000_000).toFixed(1)} Mbit/s` : '—',
      false,
    ],
    ['network.kernel-drops', n(row.dropped), t('network.kernel-drops-note'), row.dropped > 0],
    ['network.decode-errors', n(row.odd), t('network.decode-errors-note'), false],
    [
      'network.shed',
      n(row.shed + row.evicted + row.evidence_shed),
      t('network.shed-note', {
        flows: n(row.evicted),
        findings: n(row.shed),
        evidence: n(row.evidence_shed),
      }),
      row.shed + row.evicted + row.evidence_shed > 0,
    ],
  ];
  return (
    <Panel title={t('network.live-on', { name: row.name })} flush>
      <div className="figures five inside">
        {figures.map(([label, value, note, bad]) => (
          <div className="figure" key={label}>
            <span className="label">{t(label)}</span>
            <span className={bad ? 'value tone-open' : 'value'}>{value}</span>
            <span className="note">{note}</span>
          </div>
        ))}
      </div>
    </Panel>
  );
}

/** Reads the kept file again, from its beginning. */
function Resume({ row }: { row: CaptureRow }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const may = useMay();
  const resuming = useMutation({
    mutationFn: () => send('POST', `/captures/${row.id}/resume`),
    onSettled: () => {
      for (const key of ['captures', 'jobs']) void queries.invalidateQueries({ queryKey: [key] });
    },
    onError: (error) => void message.error(say(sayable(error))),
  });
  const denied = !may('import') ? t('denied.import') : row.resumable ? null : t('network.send-again');
  return (
    <Act
      size="small"
      denied={denied}
      loading={resuming.isPending}
      aria-label={t('network.resume-named', { name: row.name })}
      onClick={() => resuming.mutate()}
    >
      {t('network.resume')}
    </Act>
  );
}

function Rows({ rows }: { rows: CaptureRow[] }) {
  const { t, say, language } = useWords();
  const actor = useActor();
  const n = (value: number) => count(value, language);
  const columns: TableColumnsType<CaptureRow> = [
    {
      title: t('network.capture'),
      render: (_, row) => (
        <>
          <Link
            to={row.collector ? `/network/findings?capture=${row.id}` : `/network/sessions?capture=${row.id}`}
            className="strong anywhere"
          >
            {row.name}
          </Link>
          <div className="muted small">
            #{row.id} ·{' '}
            {row.collector
              ? t('network.of-collector')
              : row.live
                ? t('network.live')
                : bytes(row.bytes, language)}
            {!row.live && !row.collector && !row.kept && row.state !== 'reading' && (
              <span className="chip warn">{t('network.not-kept')}</span>
            )}
          </div>
          {row.ending && <div className="small tone-blocked">{say(row.ending)}</div>}
        </>
      ),
    },
    {
      title: t('exposure.state'),
      width: 150,
      render: (_, row) =>
        row.collector ? (
          <Link to="/system/collectors">{t('network.see-collectors')}</Link>
        ) : row.job ? (
          <HowFar job={row.job} />
        ) : (
          <>
            <Mark tone={TONES[row.state]}>
              {t(
                row.live && row.state === 'reading'
                  ? 'network.state-capturing'
                  : `network.state-${row.state}`,
              )}
            </Mark>
            {row.state === 'reading' && row.heard && (
              <div className="muted small">{t('network.heard', { when: ago(row.heard, language) })}</div>
            )}
          </>
        ),
    },
    {
      title: t('network.findings'),
      width: 84,
      align: 'right',
      render: (_, row) =>
        row.findings > 0 ? (
          <Link to={`/network/findings?capture=${row.id}`}>
            <Mark tone="open">{n(row.findings)}</Mark>
          </Link>
        ) : (
          <span className="muted">0</span>
        ),
    },
    {
      title: t('network.session-records'),
      width: 106,
      align: 'right',
      render: (_, row) =>
        row.collector ? (
          <Link to="/network/hunts">{t('network.in-lake')}</Link>
        ) : (
          <>
            <Link className="num" to={`/network/sessions?capture=${row.id}`}>
              {n(row.sessions)}
            </Link>
            {row.removed > 0 && (
              <div className="muted small">{t('network.removed', { n: n(row.removed) })}</div>
            )}
          </>
        ),
    },
    {
      title: t('network.frames'),
      width: 110,
      align: 'right',
      render: (_, row) =>
        row.collector ? (
          <span className="muted">—</span>
        ) : (
          <>
            <div className="num">{n(row.frames)}</div>
            <div className="muted small num">
              {[
                row.odd > 0 && t('network.n-odd', { n: n(row.odd) }),
                row.dropped > 0 && t('network.n-dropped', { n: n(row.dropped) }),
                row.evicted > 0 && t('network.n-evicted', { n: n(row.evicted) }),
                row.shed > 0 && t('network.n-shed', { n: n(row.shed) }),
                row.evidence_shed > 0 && t('network.n-evidence-shed', { n: n(row.evidence_shed) }),
              ]
                .filter(Boolean)
                .join(' · ')}
            </div>
          </>
        ),
    },
    {
      title: t('network.period'),
      width: 148,
      render: (_, row) => (
        <>
          <div className="num nowrap">{instant(row.first)}</div>
          <div className="num nowrap muted">{instant(row.last)}</div>
        </>
      ),
    },
    {
      title: t('network.added'),
      width: 140,
      render: (_, row) => (
        <>
          <div className="num nowrap">{instant(row.added)}</div>
          <div className="muted small ellipsis">{actor(row.by)}</div>
        </>
      ),
    },
    {
      width: 150,
      align: 'right',
      render: (_, row) => (
        <span className="line end">
          {row.state !== 'reading' && row.state !== 'done' && !row.live && <Resume row={row} />}
          <Delete row={row} />
        </span>
      ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey="id"
      columns={columns}
      dataSource={rows}
      pagination={false}
      scroll={{ x: 1040 }}
      className="top-aligned"
      aria-label={t('network.captures')}
    />
  );
}

function Delete({ row }: { row: CaptureRow }) {
  const { t, say } = useWords();
  const { modal, message } = App.useApp();
  const queries = useQueryClient();
  const may = useMay();
  const removing = useMutation({
    mutationFn: () => send('DELETE', `/captures/${row.id}`),
    onSettled: () => {
      for (const key of ['captures', 'network', 'findings', 'notables', 'sessions'])
        void queries.invalidateQueries({ queryKey: [key] });
    },
    onError: (error) => void message.error(say(sayable(error))),
  });
  const denied = !may('delete-hosts')
    ? t('denied.delete-capture')
    : row.state === 'reading'
      ? t('network.in-work')
      : null;
  return (
    <Act
      size="small"
      danger
      denied={denied}
      loading={removing.isPending}
      aria-label={t('network.delete-named', { name: row.name })}
      onClick={() =>
        modal.confirm({
          title: t('network.delete-title', { name: row.name }),
          content: t('network.delete-means'),
          okText: t('network.delete'),
          okButtonProps: { danger: true },
          cancelText: t('network.delete-not'),
          onOk: () => removing.mutateAsync().catch(() => undefined),
        })
      }
    >
      {t('network.delete')}
    </Act>
  );
}
