/** The audit log and the check of its chain. */
import { DownloadOutlined, SafetyCertificateOutlined } from '@ant-design/icons';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { Alert, Button, Table, type TableColumnsType } from 'antd';
import { address, get, sayable } from '../../api/client';
import type { AuditEntry, AuditPage, AuditVerification } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { FacetSelect } from '../../parts/FacetSelect';
import { useActor } from '../../parts/actor';
import { count, instant } from '../../parts/format';
import { Pager } from '../../parts/Pager';
import { Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';

const ACTIONS = [
  'login',
  'login-failed',
  'logout',
  'user',
  'token',
  'host',
  'import',
  'file',
  'plan',
  'rollout',
  'indicators',
  'script',
  'knowledge',
  'collector',
  'collector-token',
  'backup',
  'job.cancel',
  'setup',
];

export function Audit() {
  const { t, word, language } = useWords();
  const { filters, set } = useFilters();
  const asked = { actor: filters['actor'], action: filters['action'] };
  const query = { ...asked, cursor: filters['cursor'], limit: 100 };
  const nameOf = (action: string) =>
    word(`console.audit-group.${action}`, word(`console.audit-action.${action}`, action));
  const log = useQuery({
    queryKey: ['audit', query],
    queryFn: () => get<AuditPage>('/audit', query),
    placeholderData: keepPreviousData,
  });
  const actor = useActor();
  const object = useObject();
  const columns: TableColumnsType<AuditEntry> = [
    { title: '#', width: 70, align: 'right', dataIndex: 'sequence' },
    { title: t('audit.at'), width: 140, render: (_, entry) => instant(entry.at) },
    { title: t('audit.actor'), width: 130, render: (_, entry) => actor(entry.actor) },
    {
      title: t('audit.address'),
      width: 130,
      render: (_, entry) => <span className="mono">{entry.address ?? '—'}</span>,
    },
    {
      title: t('audit.action'),
      width: 190,
      render: (_, entry) => (
        <span title={entry.action}>{word(`console.audit-action.${entry.action}`, entry.action)}</span>
      ),
    },
    {
      title: t('audit.object'),
      ellipsis: true,
      render: (_, entry) => <span title={entry.object}>{object(entry)}</span>,
    },
    {
      title: t('audit.hash'),
      width: 130,
      render: (_, entry) => (
        <span className="mono muted" title={entry.hash}>
          {entry.hash.slice(0, 12)}…
        </span>
      ),
    },
  ];
  return (
    <Panel
      flush
      title={t('system.audit')}
      extra={
        <span className="line">
          <Verify />
          <Button
            size="small"
            icon={<DownloadOutlined />}
            href={address('/audit.export', { ...asked, format: 'csv', lang: language })}
            download
          >
            CSV
          </Button>
        </span>
      }
    >
      <div className="filters" role="search">
        <SearchBox
          value={filters['actor'] ?? ''}
          onSearch={(actor) => set({ actor })}
          label={t('audit.actor')}
        />
        <FacetSelect
          label={t('audit.action')}
          value={filters['action']}
          facets={ACTIONS.map((value) => ({ value, count: -1 }))}
          name={nameOf}
          width={190}
          onChange={(action) => set({ action })}
        />
      </div>
      <Show of={log}>
        {(page) =>
          page.entries.length === 0 ? (
            <Blank title={t('audit.empty')} />
          ) : (
            <>
              <Table
                size="small"
                rowKey="sequence"
                columns={columns}
                dataSource={page.entries}
                pagination={false}
                loading={log.isPlaceholderData}
                aria-label={t('system.audit')}
                expandable={{
                  expandedRowRender: (entry) => (
                    <pre className="code">
                      {JSON.stringify({ detail: entry.detail, hash: entry.hash }, null, 2)}
                    </pre>
                  ),
                }}
              />
              <Pager shown={page.entries.length} next={page.next ?? undefined} />
            </>
          )
        }
      </Show>
    </Panel>
  );
}

/** `plan:3f…-1` reads as the plan of its host; an object of a kind nobody named stays as it was written. */
function useObject(): (entry: Pick<AuditEntry, 'object' | 'name'>) => string {
  const { word, say } = useWords();
  return ({ object, name }) => {
    const [kind = '', ...rest] = object.split(':');
    const id = rest.join(':');
    if (id === '') return object;
    const fixed = { job: 'job-kind', network: 'audit.network' }[kind];
    const called = name ?? (fixed ? word(`console.${fixed}.${id}`, id) : id);
    const code = `console.audit.kind.${kind}`;
    return word(code, '') === '' ? object : say({ code, params: { name: called } });
  };
}

function Verify() {
  const { t, say, language } = useWords();
  const verify = useMutation({ mutationFn: () => get<AuditVerification>('/audit/verify') });
  return (
    <span className="line">
      {verify.error && <Alert type="error" showIcon title={say(sayable(verify.error))} className="thin" />}
      {verify.data && (
        <Alert
          className="thin"
          showIcon
          type={verify.data.whole ? 'success' : 'error'}
          title={
            verify.data.whole
              ? t('audit.whole', { n: count(verify.data.entries, language) })
              : t('audit.broken', { n: verify.data.broken_at ?? 0 })
          }
        />
      )}
      <Button
        size="small"
        icon={<SafetyCertificateOutlined />}
        loading={verify.isPending}
        onClick={() => verify.mutate()}
      >
        {t('audit.verify')}
      </Button>
    </span>
  );
}
