/** What would come of a change, told before anybody can apply it. */
import { ArrowDownOutlined, ArrowUpOutlined } from '@ant-design/icons';
import { Alert, Table } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import type {
  LockoutBlocked,
  PolicyChanged,
  PolicyDirection,
  PolicyTrial,
  TriedGroup,
  TriedRules,
} from '../../api/model';
import { count } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { Says } from '../../parts/Says';
import { useWords } from '../../words';
import { DigestLink, RungLine } from './marks';

const GROUPS_SHOWN = 20;
const ENTRIES_SHOWN = 200;
/** The server's sentences name so many entries themselves. */
const ENTRIES_NAMED = 5;

export function Trial({ trial, stale }: { trial: PolicyTrial; stale: boolean }) {
  const { t, say, language } = useWords();
  const [all, setAll] = useState(false);
  const n = (value: number) => count(value, language);
  const shown = all ? trial.groups : trial.groups.slice(0, GROUPS_SHOWN);
  return (
    <div className={`grid trial${stale ? ' stale' : ''}`} aria-busy={stale}>
      {trial.refused ? (
        <Alert
          type="error"
          showIcon
          title={t('endpoints.trial-refused')}
          description={<Name text={say(trial.refused)} />}
        />
      ) : trial.needs_two.length > 0 ? (
        <Alert
          type="warning"
          showIcon
          title={t('endpoints.trial-needs-two')}
          description={<Says list={trial.needs_two} />}
        />
      ) : (
        <Alert type="success" showIcon title={t('endpoints.trial-alone')} />
      )}
      <p className="muted trial-sum">
        {trial.groups.length === 0
          ? t('endpoints.trial-nothing')
          : t('endpoints.trial-sum', { groups: n(trial.groups.length), endpoints: n(trial.endpoints) })}
      </p>
      {shown.map((group) => (
        <Tried key={group.group} group={group} />
      ))}
      {shown.length < trial.groups.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {t('endpoints.trial-more', { n: n(trial.groups.length - shown.length) })}
        </button>
      )}
    </div>
  );
}

function Tried({ group }: { group: TriedGroup }) {
  const { t, language } = useWords();
  return (
    <Panel
      flush
      title={<Name text={group.name} />}
      extra={
        <Link
          to={`/endpoints?${new URLSearchParams({ group: group.group }).toString()}`}
          className="num small"
        >
          {t('endpoints.n-endpoints', { n: count(group.endpoints, language) })}
        </Link>
      }
    >
      {group.changes.length > 0 && (
        <ul className="diff">
          {group.changes.map((change, i) => (
            <Changed key={i} change={change} />
          ))}
        </ul>
      )}
      {group.lockout && <Rules rules={group.lockout} />}
    </Panel>
  );
}

const DIRECTIONS: Record<PolicyDirection, { tone: string; icon: React.ReactNode }> = {
  tightens: { tone: 'fixed', icon: <ArrowUpOutlined aria-hidden="true" /> },
  loosens: { tone: 'blocked', icon: <ArrowDownOutlined aria-hidden="true" /> },
};

function Changed({ change }: { change: PolicyChanged }) {
  const { t, say, language } = useWords();
  const { tone, icon } = DIRECTIONS[change.direction];
  const entries = change.entries ?? [];
  return (
    <li>
      <span className={`mark ${tone}`}>
        {icon}
        {t(`endpoints.${change.direction}`)}
      </span>
      <div>
        <Name text={say(change.words)} className="anywhere" />
        {entries.length > ENTRIES_NAMED && (
          <details>
            <summary>{t('endpoints.all-entries', { n: count(entries.length, language) })}</summary>
            <ul className="entries">
              {entries.slice(0, ENTRIES_SHOWN).map((entry) => (
                <li key={entry}>
                  <Name text={entry} className="mono anywhere" />
                </li>
              ))}
            </ul>
            {entries.length > ENTRIES_SHOWN && (
              <p className="muted small">
                {t('endpoints.more', { n: count(entries.length - ENTRIES_SHOWN, language) })}
              </p>
            )}
          </details>
        )}
      </div>
    </li>
  );
}

const OUTLOOKS: Record<TriedRules['outlook'], Tone> = { clear: 'fixed', unknown: 'unknown', refused: 'open' };

/** What its rules would have done to what ran there. */
function Rules({ rules }: { rules: TriedRules }) {
  const { t, say, language } = useWords();
  const { essential, blocked } = rules.lockout;
  return (
    <div className="would">
      <div className="line wrap">
        <Mark tone={OUTLOOKS[rules.outlook]}>{t(`endpoints.outlook-${rules.outlook}`)}</Mark>
        <span className="muted small">{t('endpoints.tried-on', { days: rules.days })}</span>
      </div>
      <p>
        <Name text={say(rules.message)} className="anywhere" />
      </p>
      {essential.length > 0 && (
        <ul className="essentials">
          {essential.map((one) => (
            <li key={`${one.path} ${one.sha256 ?? ''}`}>
              <Name text={one.path} className="mono strong anywhere tone-open" />
              <span className="muted small">
                {say(one.why)} · {t('endpoints.n-endpoints', { n: count(one.hosts.length, language) })}
              </span>
            </li>
          ))}
        </ul>
      )}
      {blocked.length > 0 && (
        <>
          <Table<LockoutBlocked>
            size="small"
            rowKey={(row) => `${row.path} ${row.sha256 ?? ''}`}
            columns={[
              {
                title: t('endpoints.would-have-blocked', { n: count(rules.blocked_files, language) }),
                render: (_, row) => (
                  <>
                    <Name text={row.path} className="mono anywhere" />
                    <RungLine verdict={row} />
                  </>
                ),
              },
              { title: 'SHA-256', width: 150, render: (_, row) => <DigestLink sha256={row.sha256} /> },
              {
                title: t('endpoints.endpoints'),
                width: 90,
                align: 'right',
                render: (_, row) => count(Object.keys(row.hosts).length, language),
              },
              {
                title: t('endpoints.times'),
                width: 80,
                align: 'right',
                render: (_, row) =>
                  count(
                    Object.values(row.hosts).reduce((sum, ran) => sum + ran.count, 0),
                    language,
                  ),
              },
            ]}
            dataSource={blocked}
            pagination={blocked.length > 10 && { pageSize: 10, size: 'small', showSizeChanger: false }}
            tableLayout="fixed"
            className="top-aligned"
          />
          {rules.blocked_files > blocked.length && (
            <p className="muted small">
              {t('endpoints.first-of', {
                n: count(blocked.length, language),
                all: count(rules.blocked_files, language),
              })}
            </p>
          )}
        </>
      )}
    </div>
  );
}
