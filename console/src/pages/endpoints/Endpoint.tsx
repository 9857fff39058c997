/** One endpoint: what it says of itself, what it does less than it should, what it is held to, what ran and what was stopped on it. */
import { useMutation } from '@tanstack/react-query';
import { Alert, App, Input, Modal, Segmented, Table, Tabs, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { sayable, send } from '../../api/client';
import type {
  AlarmPage,
  EndpointDetail,
  EndpointExecution,
  EndpointExecutions,
  EndpointRow,
  ExecutionOutcome,
  IncidentPage,
  MemoryPage,
} from '../../api/model';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { ago, bytes, count, duration, instant, percent } from '../../parts/format';
import { Name } from '../../parts/Name';
import { PageHead, Panel } from '../../parts/Panel';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { Coming } from './Fleet';
import { AlarmRows } from './Alarms';
import { ChecksOf } from './ChecksOf';
import { useAskAgain, useDenied, useGroupNames, useGroups, useList, useOne } from './asking';
import { Effective } from './Effective';
import { Orders } from './Fleet';
import { GroupSelect } from './GroupChanges';
import { IncidentRows } from './Incidents';
import { IsolationAct, IsolationBanner, IsolationMark } from './Isolation';
import {
  DigestLink,
  EndpointStateMark,
  groupPath,
  ModeMark,
  Origin,
  OutcomeMark,
  OUTCOMES,
  RanFrom,
  RungLine,
  Told,
  useKind,
} from './marks';
import { MemoryRows } from './Memory';
import { valueText } from './saying';
import { clockAhead, moment } from './telling';

const TABS = ['executions', 'policy', 'checks', 'incidents', 'alarms', 'memory'] as const;

export function Component() {
  const { id = '' } = useParams();
  const endpoint = useOne<EndpointDetail>(`/endpoints/${encodeURIComponent(id)}`);
  return <Show of={endpoint}>{(data) => <Loaded endpoint={data} />}</Show>;
}

function Loaded({ endpoint }: { endpoint: EndpointDetail }) {
  const { t } = useWords();
  const { filters, set } = useFilters();
  const denied = useDenied();
  const [moving, setMoving] = useState(false);
  const id = endpoint.endpoint;
  const tab = TABS.find((known) => known === filters['tab']) ?? 'executions';
  return (
    <>
      <PageHead
        stacked
        title={<Name text={endpoint.machine || id} />}
        sub={
          <>
            <Link to="/endpoints">{t('endpoints.fleet')}</Link> · <Name text={endpoint.system || '—'} /> ·{' '}
            <Link to={groupPath(endpoint.group)}>
              <Name text={endpoint.group_name} />
            </Link>
          </>
        }
      >
        <EndpointStateMark state={endpoint.state} />
        <ModeMark mode={endpoint.mode} />
        <IsolationMark isolation={endpoint.isolation} />
        {endpoint.host && (
          <Link to={`/hosts/${encodeURIComponent(endpoint.host)}`}>{t('endpoints.to-asset')}</Link>
        )}
        <Link to={`/network/queries?${new URLSearchParams({ sql: happened(id) }).toString()}`}>
          {t('endpoints.search-here')}
        </Link>
        <Act
          size="small"
          denied={denied ?? (endpoint.state === 'revoked' ? t('endpoints.revoked-stays') : null)}
          onClick={() => setMoving(true)}
        >
          {t('endpoints.change-group')}
        </Act>
        <IsolationAct endpoint={endpoint} />
      </PageHead>
      <IsolationBanner isolation={endpoint.isolation} />
      {endpoint.refused && (
        <Alert
          type="error"
          showIcon
          className="spaced"
          title={t('endpoints.refused')}
          description={<Told message={endpoint.refused} className="anywhere" />}
        />
      )}
      <Gaps gaps={endpoint.gaps} />
      <Counts endpoint={endpoint} />
      <Panel title={t('endpoints.report')} className="spaced">
        <Facts endpoint={endpoint} />
      </Panel>
      <Panel flush>
        <Tabs
          className="endpoint-tabs"
          activeKey={tab}
          destroyOnHidden
          onChange={(next) => set({ tab: next === 'executions' ? null : next, outcome: null })}
          items={[
            { key: 'executions', label: t('endpoints.tab-executions'), children: <Ran id={id} /> },
            {
              key: 'policy',
              label: t('endpoints.policy'),
              children: endpoint.effective ? (
                <Effective effective={endpoint.effective} />
              ) : (
                <Blank title={t('endpoints.no-policy')} />
              ),
            },
            { key: 'checks', label: t('endpoints.tab-checks'), children: <ChecksOf endpoint={id} /> },
            { key: 'incidents', label: t('endpoints.tab-incidents'), children: <Stopped id={id} /> },
            { key: 'alarms', label: t('endpoints.tab-alarms'), children: <Found id={id} /> },
            { key: 'memory', label: t('endpoints.tab-memory'), children: <InMemory id={id} /> },
          ]}
        />
      </Panel>
      {moving && <Move endpoint={endpoint} onClose={() => setMoving(false)} />}
    </>
  );
}

/** The question of what happened on an endpoint, the latest first; whoever asks may change it. */
function happened(id: string): string {
  return [
    'SELECT time, did, outcome, path, command_line, account, responder, responder_port, file_sha256',
    'FROM activity',
    `WHERE endpoint = '${id.replaceAll("'", "''")}'`,
    'ORDER BY time DESC',
    'LIMIT 500',
  ].join('\n');
}

/** What it does less than it should. Without any there is nothing to say. */
function Gaps({ gaps }: { gaps: EndpointRow['gaps'] }) {
  const { t, language } = useWords();
  if (gaps.length === 0) return null;
  return (
    <div id="gaps" className="spaced">
      <Alert
        type="warning"
        showIcon
        title={t('endpoints.gaps-n', { n: count(gaps.length, language) })}
        description={
          <ul className="says">
            {gaps.map((gap, i) => (
              <li key={i}>
                <Told message={gap} className="anywhere" />
              </li>
            ))}
          </ul>
        }
      />
    </div>
  );
}

function Counts({ endpoint }: { endpoint: EndpointDetail }) {
  const { t, language } = useWords();
  const counts = endpoint.report.counts ?? {};
  const n = (value: number | undefined) => count(value ?? 0, language);
  const used = counts.undo_bytes ?? 0;
  const room = counts.undo_bytes_max ?? 0;
  const lost = (counts.overflows ?? 0) + (counts.shed ?? 0);
  const figures: {
    label: string;
    value: string;
    note: string;
    to?: string;
    bad?: boolean;
    share?: number;
  }[] = [
    {
      label: t('endpoints.decided'),
      value: n(counts.decided),
      note: t('endpoints.undecided-n', { n: n(counts.undecided) }),
      to: '?',
    },
    {
      label: t('endpoints.kept-from-running'),
      value: n(counts.blocked),
      note: t('endpoints.since-began'),
      to: '?outcome=blocked',
    },
    {
      label: t('endpoints.protected-files'),
      value: n(counts.protected),
      note: t('endpoints.protected-note'),
      to: '?tab=policy',
    },
    {
      label: t('endpoints.undo-room'),
      value: bytes(used, language),
      note: t('endpoints.of-room', { room: bytes(room, language) }),
      share: percent(used, room),
    },
    {
      label: t('endpoints.waiting'),
      value: n(counts.waiting),
      note: lost > 0 ? t('endpoints.lost-n', { n: n(lost) }) : t('endpoints.nothing-lost'),
      bad: lost > 0,
    },
  ];
  return (
    <div className="figures five">
      {figures.map((figure) => {
        const told = (
          <>
            <span className="label">{figure.label}</span>
            <span className="value">{figure.value}</span>
            {figure.share !== undefined && (
              <span className="bar" aria-hidden="true">
                <span
                  style={{
                    width: `${Math.min(100, figure.share)}%`,
                    background: figure.share > 90 ? 'var(--blocked)' : 'var(--accent)',
                  }}
                />
              </span>
            )}
            <span className={`note${figure.bad ? ' tone-blocked' : ''}`}>{figure.note}</span>
          </>
        );
        return figure.to ? (
          <Link key={figure.label} to={figure.to} className="figure">
            {told}
          </Link>
        ) : (
          <div key={figure.label} className="figure">
            {told}
          </div>
        );
      })}
    </div>
  );
}

function Facts({ endpoint }: { endpoint: EndpointDetail }) {
  const words = useWords();
  const { t, language } = words;
  const nameOf = useGroupNames();
  const { report } = endpoint;
  const ahead = clockAhead(report.now, endpoint.heard);
  const facts: [string, React.ReactNode][] = [
    [t('endpoints.endpoint-id'), <span className="mono anywhere">{endpoint.endpoint}</span>],
    [
      t('endpoints.collector'),
      <Link to="/system/collectors" className="mono anywhere">
        {endpoint.collector}
      </Link>,
    ],
    [t('endpoints.system'), <Name text={report.system || '—'} className="anywhere" />],
    [t('endpoints.kernel'), <Name text={report.kernel || '—'} className="anywhere" />],
    [
      t('endpoints.agent'),
      <>
        <Name text={report.version} />{' '}
        <span className="muted">{t('endpoints.began', { at: instant(moment(report.began)) })}</span>
        <Coming row={endpoint} />
      </>,
    ],
    [
      t('endpoints.heard'),
      <>
        {ago(endpoint.heard, language)} <span className="muted num">{instant(endpoint.heard)}</span>
        {ahead !== null && (
          <div className="tone-blocked small">
            {t(ahead > 0 ? 'endpoints.clock-ahead' : 'endpoints.clock-behind', {
              by: duration(Math.abs(ahead) / 60, language),
            })}
          </div>
        )}
      </>,
    ],
    [t('endpoints.added'), <span className="num">{instant(endpoint.added)}</span>],
    [t('endpoints.orders'), <Orders row={endpoint} />],
    [
      t('endpoints.orders-group'),
      report.group ? <Name text={nameOf(report.group)} /> : <span className="muted">—</span>,
    ],
    [t('endpoints.table-version'), <span className="num">{report.reputation ?? '—'}</span>],
    [t('endpoints.hears'), valueText(words, 'telemetry', report.telemetry ?? [])],
  ];
  return (
    <dl className="facts two">
      {facts.map(([name, value]) => (
        <div key={name} className="fact-of">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const ROWS_MAX = 500;

/** What ran on it, each with where it came from. */
function Ran({ id }: { id: string }) {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const kind = useKind();
  const outcome = OUTCOMES.find((known) => known === filters['outcome']);
  const ran = useList<EndpointExecutions>(`/endpoints/${encodeURIComponent(id)}/executions`, { outcome });
  const columns: TableColumnsType<EndpointExecution> = [
    {
      title: t('endpoints.outcome'),
      width: 116,
      render: (_, row) => <OutcomeMark outcome={row.ran.outcome} />,
    },
    {
      title: t('endpoints.path-of'),
      render: (_, { ran }) => (
        <>
          <Name text={ran.path} className="mono anywhere strong" />
          <RungLine verdict={ran.verdict} />
        </>
      ),
    },
    {
      title: 'SHA-256',
      width: 148,
      render: (_, { ran }) => (
        <>
          <DigestLink sha256={ran.sha256} />
          <div className="muted small">
            {kind(ran.kind)}
            {ran.bytes != null && ` · ${bytes(ran.bytes, language)}`}
          </div>
        </>
      ),
    },
    { title: t('endpoints.origin'), width: 140, render: (_, { ran }) => <Origin origin={ran.origin} /> },
    { title: t('endpoints.how'), width: 220, render: (_, { ran }) => <RanFrom ran={ran} /> },
    {
      title: t('endpoints.times'),
      width: 72,
      align: 'right',
      render: (_, row) => <span className="num">{count(row.times, language)}</span>,
    },
    {
      title: t('endpoints.last'),
      width: 140,
      render: (_, row) => <span className="num nowrap">{instant(row.last)}</span>,
    },
  ];
  return (
    <>
      <div className="filters">
        <Segmented<ExecutionOutcome | 'all'>
          size="small"
          aria-label={t('endpoints.outcome')}
          value={outcome ?? 'all'}
          options={(['all', ...OUTCOMES] as const).map((value) => ({
            value,
            label: t(`endpoints.view-${value}`),
          }))}
          onChange={(next) => set({ outcome: next === 'all' ? null : next })}
        />
      </div>
      <Show of={ran} rows={8}>
        {({ rows }) =>
          rows.length === 0 ? (
            <Blank
              title={t(outcome ? 'empty.filtered' : 'endpoints.none-ran-title')}
              action={outcome && <Link to="?">{t('action.clear-filters')}</Link>}
            >
              {!outcome && t('endpoints.none-ran-here')}
            </Blank>
          ) : (
            <>
              <Table
                size="small"
                rowKey={(row) => `${row.ran.sha256 ?? ''} ${row.ran.path} ${row.ran.outcome} ${row.ran.kind}`}
                columns={columns}
                dataSource={rows}
                pagination={rows.length > 50 && { pageSize: 50, size: 'small', showSizeChanger: false }}
                loading={ran.isPlaceholderData}
                tableLayout="fixed"
                scroll={{ x: 1060 }}
                className="top-aligned"
                aria-label={t('endpoints.executions')}
              />
              {rows.length >= ROWS_MAX && (
                <p className="muted small padded">
                  {t('endpoints.first-rows', { n: count(ROWS_MAX, language) })}
                </p>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

const FEW = 20;

function Stopped({ id }: { id: string }) {
  const incidents = useList<IncidentPage>('/incidents', { endpoint: id, limit: FEW });
  return (
    <Show of={incidents}>
      {(page) => (
        <>
          <IncidentRows bare page={page} busy={incidents.isPlaceholderData} />
          <More id={id} list="incidents" more={page.total - page.rows.length} />
        </>
      )}
    </Show>
  );
}

function Found({ id }: { id: string }) {
  const alarms = useList<AlarmPage>('/endpoint-alarms', { endpoint: id, limit: FEW });
  return (
    <Show of={alarms}>
      {(page) => (
        <>
          <AlarmRows bare page={page} busy={alarms.isPlaceholderData} />
          <More id={id} list="alarms" more={page.total - page.rows.length} />
        </>
      )}
    </Show>
  );
}

function InMemory({ id }: { id: string }) {
  const memory = useList<MemoryPage>('/endpoint-memory', { endpoint: id, limit: FEW });
  return (
    <Show of={memory}>
      {(page) => (
        <>
          <MemoryRows bare page={page} busy={memory.isPlaceholderData} />
          <More id={id} list="alarms" view="memory" more={page.total - page.rows.length} />
        </>
      )}
    </Show>
  );
}

/** The rest is in the list of all, narrowed to this endpoint. */
function More(props: { id: string; list: 'incidents' | 'alarms'; view?: string; more: number }) {
  const { id, list, view, more } = props;
  const { t, language } = useWords();
  if (more <= 0) return null;
  return (
    <p className="padded">
      <Link
        to={`/endpoints/${list}?${new URLSearchParams({ endpoint: id, ...(view && { view }) }).toString()}`}
        className="num"
      >
        {t('endpoints.more', { n: count(more, language) })}
      </Link>
    </p>
  );
}

function Move({ endpoint, onClose }: { endpoint: EndpointDetail; onClose: () => void }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const askAgain = useAskAgain();
  const groups = useGroups().data?.groups ?? [];
  const [group, setGroup] = useState(endpoint.group);
  const [why, setWhy] = useState('');
  const move = useMutation({
    mutationFn: () =>
      send<EndpointDetail>('POST', `/endpoints/${encodeURIComponent(endpoint.endpoint)}/group`, {
        group,
        why: why.trim(),
      }),
    onSuccess: () => {
      void message.success(t('endpoints.moved'));
      onClose();
    },
    onSettled: () => askAgain(),
  });
  return (
    <Modal
      open
      title={t('endpoints.change-group')}
      okText={t('endpoints.change-group')}
      okButtonProps={{ disabled: group === endpoint.group || why.trim() === '' }}
      cancelText={t('action.cancel')}
      confirmLoading={move.isPending}
      onOk={() => move.mutate()}
      onCancel={onClose}
    >
      <p>{t('endpoints.change-group-means')}</p>
      {move.error && (
        <Alert type="error" showIcon className="spaced" title={<Name text={say(sayable(move.error))} />} />
      )}
      <div className="change-fields">
        <label>
          <span>{t('endpoints.group')}</span>
          <GroupSelect groups={groups} value={group} label={t('endpoints.group')} onChange={setGroup} />
        </label>
        <label>
          <span>{t('endpoints.why')}</span>
          <Input value={why} maxLength={300} onChange={(event) => setWhy(event.target.value)} />
        </label>
      </div>
    </Modal>
  );
}
