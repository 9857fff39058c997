/** What became of an import, while it runs and after. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Table, type TableColumnsType } from 'antd';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { address, get } from '../../api/client';
import type { ImportDetail, ImportFile, Job } from '../../api/model';
import { Go } from '../../parts/Act';
import { Show } from '../../parts/Blank';
import { count } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { useWords, type WordKey } from '../../words';
import { HowFar } from '../jobs/Jobs';
import { Mapping } from './Mapping';

const ended = (job: Job) => job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';

/** Follows the job as the server tells; the details are asked for again when it rests. */
function useFollow(id: string) {
  const queries = useQueryClient();
  useEffect(() => {
    const source = new EventSource(address(`/jobs/${encodeURIComponent(id)}/events`));
    source.onmessage = (event: MessageEvent<string>) => {
      const job = JSON.parse(event.data) as Job;
      queries.setQueryData<ImportDetail>(['imports', id], (old) => (old ? { ...old, job } : old));
      if (ended(job) || job.state === 'waiting')
        void queries.invalidateQueries({ queryKey: ['imports', id] });
      if (ended(job)) {
        source.close();
        for (const key of ['overview', 'hosts', 'jobs', 'plans', 'graph', 'exposures', 'weapons']) {
          void queries.invalidateQueries({ queryKey: [key] });
        }
      }
    };
    return () => source.close();
  }, [id, queries]);
}

export function Result({ id, onAgain }: { id: string; onAgain: () => void }) {
  useFollow(id);
  const result = useQuery({
    queryKey: ['imports', id],
    queryFn: () => get<ImportDetail>(`/imports/${encodeURIComponent(id)}`),
    // The notices lead; this is for the case that they do not come through.
    refetchInterval: (query) => (query.state.data && !ended(query.state.data.job) ? 2500 : false),
  });
  return <Show of={result}>{(detail) => <Loaded detail={detail} onAgain={onAgain} />}</Show>;
}

function Loaded({ detail, onAgain }: { detail: ImportDetail; onAgain: () => void }) {
  const { t, say, language } = useWords();
  const { job, counts } = detail;
  const figures: [WordKey, number][] = [
    ['import.files', counts.files ?? 0],
    ['import.read', counts.read ?? 0],
    ['import.refused', counts.refused ?? 0],
    ['import.oddities', counts.oddities ?? 0],
    ['import.hosts', counts.hosts ?? 0],
    ['import.new-hosts', counts.new_hosts ?? 0],
  ];
  const [only] = detail.hosts;
  return (
    <div className="grid">
      <Panel
        title={t(ended(job) ? 'import.done' : job.state === 'waiting' ? 'import.waiting' : 'import.running')}
        extra={
          <span className="line">
            <Button size="small" onClick={onAgain}>
              {t('import.again')}
            </Button>
            {detail.hosts.length > 0 && (
              <Go
                to={detail.hosts.length === 1 && only ? `/hosts/${encodeURIComponent(only)}` : '/hosts'}
                size="small"
                type="primary"
              >
                {t('import.show-hosts')}
              </Go>
            )}
          </span>
        }
      >
        <HowFar job={job} />
        {job.error && <Alert type="error" showIcon title={say(job.error)} style={{ marginTop: 10 }} />}
        <div className="tally" role="status" aria-live="polite">
          {figures.map(([name, value]) => (
            <div key={name}>
              <span className="muted">{t(name)}</span>
              <strong className={`num${name === 'import.refused' && value > 0 ? ' tone-open' : ''}`}>
                {count(value, language)}
              </strong>
            </div>
          ))}
        </div>
        {(detail.notes?.length ?? 0) > 0 && (
          <Alert
            type="warning"
            showIcon
            title={t('import.notes')}
            description={<Says list={detail.notes} />}
            style={{ marginTop: 12 }}
          />
        )}
      </Panel>
      {detail.tables.length > 0 && !ended(job) && <Mapping id={job.id} tables={detail.tables} />}
      {detail.files.length > 0 && (
        <Panel title={t('import.files')} flush>
          <Files files={detail.files} />
        </Panel>
      )}
    </div>
  );
}

function Files({ files }: { files: ImportFile[] }) {
  const { t, say, language } = useWords();
  // What needs a look comes first.
  const ranked = [...files].sort(
    (a, b) =>
      Number(!!b.refusal) - Number(!!a.refusal) || (b.oddities?.length ?? 0) - (a.oddities?.length ?? 0),
  );
  const columns: TableColumnsType<ImportFile> = [
    {
      title: t('sources.file'),
      width: '38%',
      render: (_, file) => <span className="mono anywhere">{file.path}</span>,
    },
    {
      title: t('import.read-as'),
      width: 130,
      render: (_, file) =>
        file.refusal ? (
          <Mark tone="open">{t('import.was-refused')}</Mark>
        ) : file.capture ? (
          <Link to={`/network/sessions?capture=${file.capture}`}>
            <Mark tone="fixed" bare>
              {t('import.capture')}
            </Mark>
          </Link>
        ) : file.kind ? (
          <Mark tone="fixed" bare>
            {t(`source.${file.kind}`)}
          </Mark>
        ) : (
          <span className="muted">—</span>
        ),
      filters: [
        { text: t('import.was-refused'), value: 'refused' },
        { text: t('import.oddities'), value: 'odd' },
      ],
      onFilter: (value, file) => (value === 'refused' ? !!file.refusal : (file.oddities?.length ?? 0) > 0),
    },
    {
      title: t('import.hosts'),
      width: 90,
      align: 'right',
      render: (_, file) => count(file.hosts, language),
    },
    {
      title: t('import.remarks'),
      render: (_, file) => {
        const all = [...(file.refusal ? [file.refusal] : []), ...(file.oddities ?? [])];
        if (all.length === 0) return <span className="muted">—</span>;
        return (
          <ul className="says" style={{ margin: 0 }}>
            {all.slice(0, 6).map((message, i) => (
              <li key={i} className={i === 0 && file.refusal ? 'tone-open' : undefined}>
                {say(message)}
              </li>
            ))}
            {all.length > 6 && <li>+{all.length - 6}</li>}
          </ul>
        );
      },
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(file) => file.path}
      columns={columns}
      dataSource={ranked}
      className="top-aligned"
      pagination={ranked.length > 50 ? { pageSize: 50, size: 'small', showSizeChanger: false } : false}
      aria-label={t('import.files')}
    />
  );
}
