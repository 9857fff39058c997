/** How one host, one link or one account behaves: peers, ports, protocols, volume, hours, and what stood out. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { ProfileDetail, ProfileKind } from '../../api/model';
import { Blank, Show } from '../../parts/Blank';
import { bytes, count, instant } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../api/client';
import { useWords, type WordKey } from '../../words';
import { HoursChart } from './HoursChart';
import { NotableTable } from './Notables';
import { profilePath, span } from './parts';
import { ProfileTable } from './Profiles';

export function Profile({
  kind,
  subject,
  other,
}: {
  kind: ProfileKind;
  subject: string;
  other: string | undefined;
}) {
  const { t } = useWords();
  const query = { kind, subject, other };
  const profile = useQuery({
    queryKey: ['profiles', 'one', query],
    queryFn: ({ signal }) => get<ProfileDetail>('/profiles/one', query, signal),
  });
  if (profile.error instanceof Problem && profile.error.status === 404) {
    return (
      <Panel>
        <Blank
          title={t('network.never-seen', { name: other ? `${subject} → ${other}` : subject })}
          action={<Link to={`/network/profiles?kind=${kind}`}>{t('network.all-profiles')}</Link>}
        >
          {t('network.never-seen-note')}
        </Blank>
      </Panel>
    );
  }
  return <Show of={profile}>{(data) => <Loaded data={data} />}</Show>;
}

function Loaded({ data }: { data: ProfileDetail }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const { row, kind } = data;
  const figures: [WordKey, string, string][] =
    kind === 'account'
      ? [
          ['network.exchanges', n(row.conversations), t('network.since', { when: instant(row.first) })],
          ['network.used-from', n(data.peers_asked), t('network.hosts-note')],
          ['network.used-at', n(data.peers_served), t('network.hosts-note')],
          ['network.stood-out', n(data.notables.length), t('network.stood-out-note')],
        ]
      : [
          [
            'network.conversation-count',
            n(data.volume.conversations),
            t('network.since', { when: instant(row.first) }),
          ],
          [
            'network.volume',
            bytes(row.bytes, language),
            `↑ ${bytes(data.volume.bytes_out, language)} · ↓ ${bytes(data.volume.bytes_in, language)}`,
          ],
          kind === 'host'
            ? [
                'network.peers',
                n(data.peers_asked + data.peers_served),
                t('network.peers-note', { asked: n(data.peers_asked), served: n(data.peers_served) }),
              ]
            : ['network.ports-used', n(data.ports_asked), t('network.estimate-note')],
          ['network.stood-out', n(data.notables.length), t('network.stood-out-note')],
        ];
  return (
    <>
      <Head data={data} />
      <div className="figures">
        {figures.map(([label, value, note]) => (
          <div className="figure" key={label}>
            <span className="label">{t(label)}</span>
            <span className="value">{value}</span>
            <span className="note">{note}</span>
          </div>
        ))}
      </div>
      {data.notables.length > 0 && (
        <Panel title={t('network.stood-out')} flush className="below">
          <NotableTable rows={data.notables} brief />
        </Panel>
      )}
      <div className="grid cols-2" style={{ marginTop: data.notables.length > 0 ? 12 : 0 }}>
        <Panel title={t('network.hours')}>
          <HoursChart hours={data.hours} />
        </Panel>
        <Panel title={t('network.by-protocol')}>
          <Bars names={data.protocols} shown={(name) => name.toUpperCase()} />
        </Panel>
        {kind === 'host' && (
          <>
            <Panel title={t('network.opens-to', { n: n(data.opens_all) })} flush>
              <Peers data={data} as="opens" />
            </Panel>
            <Panel title={t('network.answers-to', { n: n(data.answers_all) })} flush>
              <Peers data={data} as="answers" />
            </Panel>
          </>
        )}
        {kind !== 'account' && (
          <Panel title={t(kind === 'host' ? 'network.ports-asked' : 'network.ports-used')}>
            <Bars names={data.asked} mono />
          </Panel>
        )}
        {kind === 'host' && (
          <Panel title={t('network.ports-served')}>
            <Served data={data} />
          </Panel>
        )}
        {kind === 'host' && (
          <Panel title={t('network.accounts')}>
            <Bars names={data.accounts} mono link={(name) => profilePath('account', name)} />
          </Panel>
        )}
        {kind === 'account' && (
          <>
            <Panel title={t('network.used-from')}>
              <Bars names={data.used_from} mono link={(name) => profilePath('host', name)} />
            </Panel>
            <Panel title={t('network.used-at')}>
              <Bars names={data.used_at} mono link={(name) => profilePath('host', name)} />
            </Panel>
          </>
        )}
        {kind === 'link' && (
          <Panel title={t('network.rhythm')}>
            <Rhythms data={data} />
          </Panel>
        )}
      </div>
    </>
  );
}

function Head({ data }: { data: ProfileDetail }) {
  const { t } = useWords();
  const { row, kind } = data;
  const sessions =
    kind === 'account'
      ? `account=${encodeURIComponent(row.subject)}`
      : kind === 'link'
        ? `originator=${row.subject}&responder=${row.other?.address ?? ''}`
        : `host=${row.subject}`;
  const name = (end: ProfileDetail['row']['host']) =>
    end && (
      <Link to={profilePath('host', end.address)}>
        {end.label && <span className="strong">{end.label} </span>}
        <span className="mono">{end.address}</span>
      </Link>
    );
  return (
    <div className="filters plain">
      <Link to={`/network/profiles?kind=${kind}`} className="muted">
        {t(`network.profiles-${kind}`)}
      </Link>
      <span className="muted">/</span>
      <h2 className="subject">
        {kind === 'account' ? <span className="mono">{row.subject}</span> : name(row.host)}
        {row.other && (
          <>
            {' '}
            <span className="muted">→</span> {name(row.other)}
          </>
        )}
      </h2>
      <span className="grow" />
      {kind === 'host' && row.host?.host && (
        <Link to={`/hosts/${encodeURIComponent(row.host.host)}`}>{t('network.to-asset')}</Link>
      )}
      <Link to={`/network/sessions?${sessions}`}>{t('network.see-its-sessions')}</Link>
    </div>
  );
}

function Peers({ data, as }: { data: ProfileDetail; as: 'opens' | 'answers' }) {
  const { t, language } = useWords();
  const rows = data[as];
  const all = as === 'opens' ? data.opens_all : data.answers_all;
  if (rows.length === 0) return <p className="muted padded">{t('network.nobody')}</p>;
  return (
    <>
      <ProfileTable kind="link" rows={rows} as={as} />
      {all > rows.length && (
        <p className="muted small padded">
          {t('network.busiest', { n: count(rows.length, language), all: count(all, language) })}
        </p>
      )}
      {as === 'answers' && <p className="muted small padded">{t('network.unanswered-note')}</p>}
    </>
  );
}

function Bars(props: {
  names: ProfileDetail['protocols'];
  shown?: (name: string) => string;
  mono?: boolean;
  link?: (name: string) => string;
}) {
  const { t, language } = useWords();
  const { names, missed } = props.names;
  const top = Math.max(1, ...names.map((one) => one.count));
  if (names.length === 0) return <p className="muted">{t('network.none-seen')}</p>;
  const text = (name: string): ReactNode => props.shown?.(name) ?? name;
  return (
    <>
      <ul className="bars">
        {names.map((one) => (
          <li key={one.name}>
            <span className={props.mono ? 'ellipsis mono small' : 'ellipsis'} title={one.name}>
              {props.link ? <Link to={props.link(one.name)}>{text(one.name)}</Link> : text(one.name)}
            </span>
            <span className="bar" aria-hidden="true">
              <span style={{ width: `${(one.count / top) * 100}%`, background: 'var(--accent)' }} />
            </span>
            <span className="num">{count(one.count, language)}</span>
          </li>
        ))}
      </ul>
      {missed > 0 && <p className="muted small">{t('network.missed', { n: count(missed, language) })}</p>}
    </>
  );
}

function Served({ data }: { data: ProfileDetail }) {
  const { t, language } = useWords();
  if (data.served.length === 0) return <p className="muted">{t('network.no-service')}</p>;
  return (
    <table className="mini num">
      <thead>
        <tr>
          <th>{t('network.port')}</th>
          <th>{t('network.conversation-count')}</th>
          <th>{t('network.first')}</th>
        </tr>
      </thead>
      <tbody>
        {data.served.map((service) => (
          <tr key={service.port}>
            <td className="mono">{service.port}</td>
            <td>{service.conversations > 0 ? count(service.conversations, language) : '—'}</td>
            <td className="nowrap">{instant(service.first)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Rhythms({ data }: { data: ProfileDetail }) {
  const { t, language } = useWords();
  return (
    <>
      {data.rhythms.length === 0 ? (
        <p className="muted">{t('network.no-rhythm')}</p>
      ) : (
        <table className="mini num">
          <thead>
            <tr>
              <th>{t('network.port')}</th>
              <th>{t('network.conversation-count')}</th>
              <th>{t('network.every')}</th>
              <th title={t('network.variation-note')}>{t('network.variation')}</th>
            </tr>
          </thead>
          <tbody>
            {data.rhythms.map((rhythm) => (
              <tr key={rhythm.port}>
                <td className="mono">{rhythm.port}</td>
                <td>{count(rhythm.conversations, language)}</td>
                <td className="nowrap">{span(rhythm.mean_seconds * 1_000_000)}</td>
                <td>{rhythm.variation.toFixed(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data.administration && (
        <p style={{ marginBottom: 0 }}>
          {t('network.administration', {
            shares: count(data.administration.shares, language),
            programs: count(data.administration.programs, language),
            services: count(data.administration.services, language),
          })}
        </p>
      )}
    </>
  );
}
