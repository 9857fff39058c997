/** One incident as a story: which program, what it touched, how it was stopped, what was undone, where else it was met. */
import { Segmented, Table, type TableColumnsType } from 'antd';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import type { EndpointRestored, FileUndone, IncidentDetail, UndoneHow } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { count, instant } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { PageHead, Panel } from '../../parts/Panel';
import { SearchBox } from '../../parts/SearchBox';
import { useFilters } from '../../parts/url';
import { useWords } from '../../words';
import { useOne } from './asking';
import { Lift } from './Denied';
import { Where } from './ExecutionDrawer';
import { Ancestors, DigestLink, EndpointLink, Program, Told } from './marks';

const HOWS = ['restored', 'beside', 'evidence', 'failed'] as const;
const TONES: Record<UndoneHow, Tone> = {
  restored: 'fixed',
  beside: 'unknown',
  evidence: 'accent',
  failed: 'open',
};

export function Component() {
  const { id = '' } = useParams();
  const incident = useOne<IncidentDetail>(`/incidents/${encodeURIComponent(id)}`);
  return <Show of={incident}>{(data) => <Loaded incident={data} />}</Show>;
}

function Loaded({ incident }: { incident: IncidentDetail }) {
  const { t } = useWords();
  return (
    <>
      <PageHead
        stacked
        title={<Name text={incident.program?.split('/').at(-1) || t('endpoints.program-unknown')} />}
        sub={
          <>
            <Link to="/endpoints/incidents">{t('endpoints.incidents-title')}</Link> ·{' '}
            <EndpointLink id={incident.endpoint} machine={incident.machine} /> · {instant(incident.at)}
          </>
        }
      >
        {incident.denied && incident.sha256 && (
          <>
            <Mark tone="fixed">{t('endpoints.denied-everywhere')}</Mark>
            <Lift sha256={incident.sha256} path={incident.program ?? incident.sha256} />
          </>
        )}
      </PageHead>
      <div className="grid incident">
        <Panel title={t('endpoints.story')}>
          <Story incident={incident} />
        </Panel>
        <Undone undone={incident.undone ?? null} />
        <Panel flush title={t('endpoints.elsewhere')}>
          {incident.elsewhere.length === 0 ? (
            <p className="muted padded">{t('endpoints.nowhere-else')}</p>
          ) : (
            <Where rows={incident.elsewhere} />
          )}
        </Panel>
      </div>
    </>
  );
}

function Story({ incident }: { incident: IncidentDetail }) {
  const { t, language } = useWords();
  const { stopped, undone } = incident;
  const n = (value: number) => count(value, language);
  return (
    <ol className="path story">
      <Step name={t('endpoints.story-program')}>
        {stopped?.program ? (
          <Program program={stopped.program} />
        ) : (
          <>
            <Name
              text={incident.program ?? t('endpoints.program-unknown')}
              className="mono anywhere strong"
            />
            {incident.sha256 && (
              <div>
                <DigestLink sha256={incident.sha256} />
              </div>
            )}
          </>
        )}
        {stopped?.ancestors && stopped.ancestors.length > 0 && (
          <div className="small">
            <span className="muted">{t('endpoints.begun-by')}</span> <Ancestors list={stopped.ancestors} />
          </div>
        )}
      </Step>
      <Step name={t('endpoints.story-touched')}>
        <span className="answer num">{t('endpoints.touched-n', { n: n(incident.touched) })}</span>
        {stopped && stopped.reasons.length > 0 && (
          <ul>
            {stopped.reasons.map((reason, i) => (
              <li key={i}>
                <Told message={reason} className="anywhere" />
              </li>
            ))}
          </ul>
        )}
      </Step>
      <Step name={t('endpoints.story-stopped')}>
        {stopped ? (
          <span className="answer num">
            {t('endpoints.stopped-n', {
              n: n(stopped.processes),
              points: n(Math.round(stopped.points * 10) / 10),
            })}
          </span>
        ) : (
          <span className="muted">{t('endpoints.stopped-untold')}</span>
        )}
      </Step>
      <Step name={t('endpoints.story-undone')}>
        {undone ? (
          <span className="line wrap">
            {HOWS.filter((how) => undone[how] > 0).map((how) => (
              <Link key={how} to={`?how=${how}`} className="num">
                <Mark tone={TONES[how]}>
                  {t(`endpoints.how-${how}`)} {n(undone[how])}
                </Mark>
              </Link>
            ))}
            {HOWS.every((how) => undone[how] === 0) && (
              <span className="muted">{t('endpoints.nothing-undone')}</span>
            )}
          </span>
        ) : (
          <span className="muted">{t('endpoints.undone-untold')}</span>
        )}
      </Step>
      {incident.denied && (
        <Step name={t('endpoints.story-denied')}>
          <span className="answer">{t('endpoints.denied-since')}</span>
        </Step>
      )}
    </ol>
  );
}

function Step({ name, children }: { name: string; children: ReactNode }) {
  return (
    <li>
      <div className="node">{name}</div>
      {children}
    </li>
  );
}

/** File by file: what was changed, and what came of undoing it. */
function Undone({ undone }: { undone: EndpointRestored | null }) {
  const { t, language } = useWords();
  const { filters, set } = useFilters();
  const n = (value: number) => count(value, language);
  if (!undone) return null;
  const files = undone.files ?? [];
  const how = HOWS.find((known) => known === filters['how']);
  const asked = (filters['q'] ?? '').toLowerCase();
  const rows = files.filter(
    (file) => (!how || file.how === how) && (asked === '' || file.path.toLowerCase().includes(asked)),
  );
  const all = HOWS.reduce((sum, how) => sum + undone[how], 0);
  const columns: TableColumnsType<FileUndone> = [
    {
      title: t('endpoints.file'),
      render: (_, file) => <Name text={file.path} className="mono anywhere" />,
    },
    {
      title: t('endpoints.came-of-it'),
      width: 150,
      render: (_, file) => <Mark tone={TONES[file.how]}>{t(`endpoints.how-${file.how}`)}</Mark>,
    },
    {
      title: t('endpoints.reason'),
      width: 320,
      render: (_, file) =>
        file.why ? (
          <Name text={file.why} className="anywhere small" />
        ) : (
          <span className="muted small">{t(`endpoints.how-${file.how}-means`)}</span>
        ),
    },
  ];
  return (
    <Panel flush title={t('endpoints.undone-title')}>
      <div className="filters" role="search">
        <Segmented<UndoneHow | 'all'>
          size="small"
          aria-label={t('endpoints.came-of-it')}
          value={how ?? 'all'}
          options={[
            { value: 'all' as const, label: `${t('endpoints.how-all')} ${n(all)}` },
            ...HOWS.map((value) => ({
              value,
              label: `${t(`endpoints.how-${value}`)} ${n(undone[value])}`,
              disabled: undone[value] === 0,
            })),
          ]}
          onChange={(next) => set({ how: next === 'all' ? null : next })}
        />
        <SearchBox
          value={filters['q'] ?? ''}
          label={t('endpoints.search-paths')}
          width={220}
          onSearch={(text) => set({ q: text.trim() })}
        />
      </div>
      {rows.length === 0 ? (
        <Blank title={files.length === 0 ? t('endpoints.no-file-told') : t('empty.filtered')} />
      ) : (
        <Table
          size="small"
          rowKey={(file) => `${file.how} ${file.path}`}
          columns={columns}
          dataSource={rows}
          pagination={rows.length > 50 && { pageSize: 50, size: 'small', showSizeChanger: false }}
          tableLayout="fixed"
          scroll={{ x: 800 }}
          className="top-aligned"
          aria-label={t('endpoints.undone-title')}
        />
      )}
      {files.length < all && (
        <p className="muted small padded">{t('endpoints.first-of', { n: n(files.length), all: n(all) })}</p>
      )}
    </Panel>
  );
}
