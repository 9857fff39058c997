/** What to do today, and how much it helps. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Skeleton } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { get } from '../../api/client';
import { useMay } from '../../api/session';
import type { FileOverview, FleetAction, Job, NetworkCounts, Overview } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { count, percent } from '../../parts/format';
import { Mark, Shape, type Tone } from '../../parts/Marks';
import { useFleetTitle } from '../../parts/names';
import { PageHead, Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { ActionFacts } from './ActionFacts';
import { KnowledgeAges } from './KnowledgeAges';
import { PlanStrip } from './PlanStrip';
import { Trend } from './Trend';
import { WeaponBars } from './WeaponBars';

export function Component() {
  const { t } = useWords();
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: () => get<Overview>('/overview'),
    // The actions of a large network are worked out while its numbers are shown already.
    refetchInterval: (query) => (query.state.data?.actions_pending ? 1500 : false),
  });
  const may = useMay();
  return (
    <>
      <PageHead
        title={t('nav.overview')}
        sub={overview.data && t('overview.day', { day: overview.data.day })}
      >
        <Link to="/import">
          <Button
            type="primary"
            disabled={!may('import')}
            title={may('import') ? undefined : t('denied.import')}
          >
            {t('import.title')}
          </Button>
        </Link>
      </PageHead>
      <Show of={overview} rows={12}>
        {(data) =>
          data.hosts.total === 0 && data.jobs.length === 0 ? (
            <>
              <OnTheWire />
              <BadFiles />
              <NoHosts />
            </>
          ) : (
            <Loaded data={data} />
          )
        }
      </Show>
    </>
  );
}

function NoHosts() {
  const { t } = useWords();
  return (
    <Panel>
      <Blank
        title={t('overview.empty-title')}
        action={
          <Link to="/import">
            <Button type="primary">{t('import.title')}</Button>
          </Link>
        }
      >
        {t('overview.empty')}
      </Blank>
    </Panel>
  );
}

function Loaded({ data }: { data: Overview }) {
  const { t } = useWords();
  return (
    <>
      {data.jobs.length > 0 && <Moving jobs={data.jobs} />}
      <Figures data={data} />
      <OnTheWire />
      <BadFiles />
      <div className="grid split" style={{ marginBottom: 12 }}>
        <Panel
          title={t('overview.today')}
          extra={<Link to="/disposal?view=fleet">{t('action.show-all')}</Link>}
          flush
        >
          {data.actions_pending ? (
            <Skeleton active className="pending" aria-label={t('overview.actions-pending')} />
          ) : (
            <Actions actions={data.actions.slice(0, 6)} />
          )}
        </Panel>
        <div className="grid" style={{ alignContent: 'start' }}>
          <Panel title={t('overview.blind')} flush>
            <BlindSpots data={data} />
          </Panel>
          <Panel
            title={t('overview.knowledge')}
            extra={<Link to="/system/knowledge">{t('overview.knowledge-more')}</Link>}
          >
            <KnowledgeAges parts={data.knowledge} />
          </Panel>
          <Panel title={t('overview.trend')}>
            <Trend points={data.trend} />
          </Panel>
        </div>
      </div>
      <Panel title={t('overview.plans')} flush className="gap">
        <PlanStrip counts={data.plans} />
      </Panel>
      <Panel title={t('overview.weapons')} className="below">
        <WeaponBars weapons={data.weapons} />
      </Panel>
    </>
  );
}

/** Weapons at work in the traffic; nothing when none was seen. */
function OnTheWire() {
  const { t, language } = useWords();
  const network = useQuery({ queryKey: ['network'], queryFn: () => get<NetworkCounts>('/network') });
  const seen = network.data;
  if (!seen || seen.findings === 0) return null;
  const tone = seen.weapons_successful > 0 ? 'open' : 'blocked';
  return (
    <Link to="/network/findings" className="panel on-the-wire">
      <span className={`tone-${tone} strong`}>
        <Shape tone={tone} size={14} /> {t('overview.wire')}: {count(seen.weapons, language)}
      </span>
      <span className="muted">
        {t('overview.wire-note', {
          success: count(seen.weapons_successful, language),
          findings: count(seen.findings, language),
          captures: count(seen.captures, language),
        })}
      </span>
    </Link>
  );
}

/** Files that are bad, or may be; nothing when none is. */
function BadFiles() {
  const { t, language } = useWords();
  const files = useQuery({
    queryKey: ['files', 'overview'],
    queryFn: () => get<FileOverview>('/files/overview'),
  });
  const of = (verdict: string) => files.data?.verdicts.find((one) => one.value === verdict)?.files ?? 0;
  const [malicious, suspicious] = [of('malicious'), of('suspicious')];
  if (malicious + suspicious === 0) return null;
  const tone = malicious > 0 ? 'open' : 'blocked';
  return (
    <Link to="/files?verdict=malicious,suspicious&sort=score" className="panel on-the-wire">
      <span className={`tone-${tone} strong`}>
        <Shape tone={tone} size={14} /> {t('overview.files', { n: count(malicious, language) })}
      </span>
      <span className="muted">
        {t('overview.files-note', {
          suspicious: count(suspicious, language),
          all: count(files.data?.files ?? 0, language),
        })}
      </span>
    </Link>
  );
}

/** While a job runs the numbers are not final; a person must know. */
function Moving({ jobs }: { jobs: Job[] }) {
  const { t, say } = useWords();
  const [job] = jobs;
  return (
    <Alert
      type="info"
      showIcon
      style={{ marginBottom: 12 }}
      title={
        <span>
          {t('overview.moving')} {job && say(job.title)}
        </span>
      }
      action={<Link to="/jobs">{t('nav.jobs')}</Link>}
    />
  );
}

function Figures({ data }: { data: Overview }) {
  const { t, language } = useWords();
  const { hosts, plans } = data;
  const verified = plans.find((plan) => plan.state === 'verified')?.count ?? 0;
  const planned = plans.reduce((sum, plan) => sum + plan.count, 0);
  const share = (part: number) => t('overview.share', { percent: percent(part, hosts.total) });
  return (
    <div className="figures">
      <Figure
        to="/hosts?open=true"
        tone="open"
        label={t('overview.hit')}
        value={count(hosts.hit, language)}
        of={count(hosts.total, language)}
        note={share(hosts.hit)}
      />
      <Figure
        to="/hosts?open=false&sort=unknown-weapons&descending=true"
        tone="unknown"
        label={t('overview.unknown')}
        value={count(hosts.unknown, language)}
        of={count(hosts.total, language)}
        note={t('overview.unknown-note')}
      />
      <Figure
        to="/disposal?state=verified"
        tone="fixed"
        label={t('overview.verified')}
        value={count(verified, language)}
        of={count(planned, language)}
        note={t('overview.verified-note')}
      />
      <Figure
        to="/hosts?open=false&sort=unknown-weapons"
        tone="none"
        label={t('overview.clear')}
        value={count(hosts.clear, language)}
        of={count(hosts.total, language)}
        note={t('overview.clear-note')}
      />
    </div>
  );
}

function Figure(props: { to: string; tone: Tone; label: string; value: string; of?: string; note: string }) {
  return (
    <Link className="figure" to={props.to}>
      <span className="label">{props.label}</span>
      <span className="value">
        <span className={`tone-${props.tone}`}>
          <Shape tone={props.tone} size={16} /> {props.value}
        </span>
        {props.of && <small>/ {props.of}</small>}
      </span>
      <span className="note">{props.note}</span>
    </Link>
  );
}

function Actions({ actions }: { actions: FleetAction[] }) {
  const { t, language } = useWords();
  if (actions.length === 0)
    return <Blank title={t('overview.no-actions')}>{t('overview.no-actions-note')}</Blank>;
  return (
    <ol className="actions">
      {actions.map((action) => (
        <ActionLine key={action.rank} action={action}>
          <Link to={`/hosts?${action.query}`} className="num nowrap">
            {t('count.hosts', { n: count(action.hosts, language) })}
          </Link>
        </ActionLine>
      ))}
    </ol>
  );
}

export function ActionLine({ action, children }: { action: FleetAction; children?: ReactNode }) {
  const { t } = useWords();
  const title = useFleetTitle();
  const share = action.risk_removed * 100;
  const percent = share.toFixed(share > 0 && share < 10 ? 1 : 0);
  return (
    <li>
      <span className="rank">{action.rank}</span>
      <div>
        <div className="what">{title(action)}</div>
        <ActionFacts action={action} />
      </div>
      <div className="gain">
        {share > 0 && (
          <div
            className="line"
            role="img"
            aria-label={t('overview.risk-removed', { percent })}
            title={t('overview.risk-removed', { percent })}
          >
            <span className="bar">
              <span
                style={{
                  width: `${share}%`,
                  background: action.lasting ? 'var(--accent)' : 'var(--blocked)',
                }}
              />
            </span>
            <span className="num">−{percent}%</span>
          </div>
        )}
        {children}
      </div>
    </li>
  );
}

function BlindSpots({ data }: { data: Overview }) {
  const { t, say, language } = useWords();
  const spots = data.blind_spots.filter((spot) => spot.hosts > 0);
  if (spots.length === 0) {
    return (
      <div style={{ padding: '12px 14px' }}>
        <Mark tone="fixed" bare>
          {t('overview.no-blind')}
        </Mark>
      </div>
    );
  }
  return (
    <ul className="rows">
      {spots.map((spot) => (
        <li key={spot.what.code}>
          <span>{say(spot.what)}</span>
          <Link className="num" to={`/hosts?${spot.query}`}>
            {count(spot.hosts, language)}
          </Link>
        </li>
      ))}
    </ul>
  );
}
