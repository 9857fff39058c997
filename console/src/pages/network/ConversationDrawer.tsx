/** The profile of one conversation: its ends, how much each said, what was said when, what it carried. */
import { useQuery } from '@tanstack/react-query';
import { Drawer } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { Conversation, NetworkEnd, SessionRow } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Show } from '../../parts/Blank';
import { bytes, count } from '../../parts/format';
import { Panel } from '../../parts/Panel';
import { useWords, type WordKey } from '../../words';
import { saysOf } from './Notables';
import { connection, End, Evidence, moment, operationName, OutcomeMark, profilePath, span } from './parts';

export function ConversationDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { t } = useWords();
  const conversation = useQuery({
    queryKey: ['conversation', id],
    queryFn: () => get<Conversation>(`/sessions/${encodeURIComponent(id ?? '')}`),
    enabled: id !== null,
  });
  const kept = conversation.data?.capture.kept ?? false;
  return (
    <Drawer
      open={id !== null}
      onClose={onClose}
      size={860}
      destroyOnHidden
      title={t('network.profile')}
      extra={id && conversation.data && <Evidence path={`/sessions/${id}/evidence.pcap`} kept={kept} />}
    >
      <Show of={conversation}>{(data) => <Loaded data={data} />}</Show>
    </Drawer>
  );
}

function Loaded({ data }: { data: Conversation }) {
  const words = useWords();
  const { t, word, language } = words;
  const weapon = useWeaponName();
  const row = data.flow ?? data.exchanges[0];
  if (!row) return null;
  const { record } = row;
  const account = firstOf(data, (one) => one.account);
  const facts: [WordKey, ReactNode][] = [
    ['network.began', <span className="num">{moment(record.start)}</span>],
    [
      'network.duration',
      <span className="num">
        {data.flow ? span(record.duration_us) : '—'} · {connection(record.state, word)}
        {record.midstream && <span className="chip warn">{t('network.midstream')}</span>}
      </span>,
    ],
    [
      'network.protocol',
      <>
        {record.protocol?.toUpperCase() ?? t('network.unknown-protocol')}{' '}
        {firstOf(data, (one) => one.version)} <span className="muted">({record.transport})</span>
      </>,
    ],
    [
      'network.profiles',
      <span className="line">
        <Link to={profilePath('link', data.originator.address, data.responder.address)}>
          {t('network.link-profile')}
        </Link>
        {account && (
          <Link to={profilePath('account', account.toLowerCase())}>
            {t('network.account-profile', { name: account })}
          </Link>
        )}
        <Link to={`/network/sessions?community=${encodeURIComponent(record.community_id)}`}>
          {t('network.same-community')}
        </Link>
      </span>,
    ],
    ['network.community', <span className="mono small">{record.community_id}</span>],
    [
      'network.capture',
      <Link to={`/network/sessions?capture=${row.capture}`}>
        #{row.capture} {data.capture.name}
      </Link>,
    ],
  ];
  return (
    <div className="grid">
      {data.findings.length > 0 && (
        <Panel title={t('network.shows')} flush>
          <ul className="rows">
            {data.findings.map((found) => (
              <li key={found.id}>
                <span className="line">
                  <OutcomeMark outcome={found.finding.outcome} />
                  <Link
                    to={`/exposure?weapon=${found.finding.weapon}&card=${found.finding.weapon}`}
                    className="strong"
                  >
                    {weapon(found.finding.weapon)}
                  </Link>
                  <span className="muted small" title={found.finding.sign}>
                    {word(`console.sign.${found.finding.sign}`, found.finding.sign)}
                  </span>
                </span>
                <span className="num nowrap muted">
                  {t('network.times', { n: count(found.finding.count, language) })}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {data.notables.length > 0 && (
        <Panel title={t('network.met-in-it')} flush>
          <ul className="rows">
            {data.notables.map((row) => (
              <li key={row.id}>
                <span className="line">
                  <span className="mono strong anywhere">{row.notable.value}</span>
                  <span className="muted small">{saysOf(row, words)}</span>
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <div className="grid ends-of">
        <Side
          title={t('network.originator')}
          end={data.originator}
          port={record.originator_port}
          mac={record.originator_mac}
          print={firstOf(data, (one) => one.client)}
          frames={record.originator_packets}
          size={record.originator_bytes}
          whole={record.originator_bytes + record.responder_bytes}
        />
        <Side
          title={t('network.responder')}
          end={data.responder}
          port={record.responder_port}
          mac={record.responder_mac}
          print={firstOf(data, (one) => one.server)}
          frames={record.responder_packets}
          size={record.responder_bytes}
          whole={record.originator_bytes + record.responder_bytes}
        />
      </div>
      <Panel title={t('network.facts')}>
        <dl className="facts">
          {facts.map(([name, value]) => (
            <Fact key={name} name={t(name)}>
              {value}
            </Fact>
          ))}
        </dl>
        {data.flow?.record.payload?.kind === 'first-bytes' && (
          <>
            <h3 className="muted small">{t('network.first-bytes')}</h3>
            <Hex text={data.flow.record.payload.originator} side="↑" />
            <Hex text={data.flow.record.payload.responder} side="↓" />
          </>
        )}
      </Panel>
      <Panel
        title={t('network.timeline')}
        extra={
          <span className="muted num">
            {t('network.exchanges-n', { n: count(data.exchanges.length, language) })}
            {data.more && '+'}
          </span>
        }
      >
        {data.exchanges.length === 0 ? (
          <p className="muted">{t('network.no-exchange')}</p>
        ) : (
          <ol className="path exchanges">
            {data.exchanges.map((one, at) => (
              <Exchange
                key={one.id}
                row={one}
                version={
                  one.record.version === data.exchanges[at - 1]?.record.version ? null : one.record.version
                }
                since={record.start}
                asked={one.id === data.asked}
              />
            ))}
          </ol>
        )}
        {data.more && <p className="muted small">{t('network.exchanges-cut')}</p>}
      </Panel>
    </div>
  );
}

/** The first exchange that tells it; what a conversation's own row does not say its exchanges may. */
function firstOf(
  data: Conversation,
  pick: (record: SessionRow['record']) => string | null | undefined,
): string | undefined {
  const rows = [...(data.flow ? [data.flow] : []), ...data.exchanges];
  return rows.map((row) => pick(row.record)).find((text) => !!text) ?? undefined;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Side(props: {
  title: string;
  end: NetworkEnd;
  port: number;
  mac: string | null | undefined;
  print: string | undefined;
  frames: number;
  size: number;
  whole: number;
}) {
  const { t, language } = useWords();
  const { end } = props;
  return (
    <Panel title={props.title}>
      <div style={{ fontSize: 14 }}>
        <End end={end} />
        {props.port > 0 && <span className="mono muted">:{props.port}</span>}
      </div>
      <div className="muted small">
        {end.host ? (end.product ?? t('assets.system-unknown')) : t('network.no-asset')}
        {props.mac && <span className="mono"> · {props.mac}</span>}
      </div>
      <div className="line" style={{ marginTop: 8 }}>
        <span className="bar" style={{ flex: 1 }} aria-hidden="true">
          <span
            style={{
              width: `${props.whole === 0 ? 0 : (props.size / props.whole) * 100}%`,
              background: 'var(--accent)',
            }}
          />
        </span>
        <span className="num small nowrap">
          {bytes(props.size, language)} · {t('network.n-frames', { n: count(props.frames, language) })}
        </span>
      </div>
      {props.print && (
        <div className="muted small anywhere" style={{ marginTop: 6 }}>
          {t('network.fingerprint')}: <span className="mono">{props.print}</span>
        </div>
      )}
    </Panel>
  );
}

/** What was said at once. The version is told where it is another than that of the exchange before. */
function Exchange(props: {
  row: SessionRow;
  version: string | null | undefined;
  since: string;
  asked: boolean;
}) {
  const { row, version, since, asked } = props;
  const { t, language } = useWords();
  const { record } = row;
  const after = Math.max(0, (Date.parse(record.start) - Date.parse(since)) * 1000);
  const payload = record.payload;
  return (
    <li className={asked ? 'asked' : undefined}>
      <div className="line">
        <span className="num node nowrap" title={moment(record.start)}>
          +{span(after)}
        </span>
        <span className="answer">
          {[record.protocol?.toUpperCase(), operationName(record.operation)].filter(Boolean).join(' ')}
        </span>
        {record.result && <span className="chip">{record.result}</span>}
        {version && <span className="muted small">{version}</span>}
      </div>
      {record.object && <div className="mono small anywhere">{record.object}</div>}
      {(record.account ?? record.host_name) && (
        <div className="muted small">{[record.account, record.host_name].filter(Boolean).join(' @ ')}</div>
      )}
      {payload?.kind === 'file' && (
        <div className="small">
          {t('network.carried', {
            name: payload.name || t('network.unnamed'),
            size: bytes(payload.size, language),
          })}{' '}
          <span className="muted">
            {payload.media_type} {payload.complete ? '' : t('network.incomplete')}
          </span>
          {payload.sha256 && <div className="mono muted anywhere">SHA-256 {payload.sha256}</div>}
        </div>
      )}
    </li>
  );
}

/** Bytes as people read dumps: sixteen a line, digits and letters beside each other. */
function Hex({ text, side }: { text: string; side: string }) {
  if (text === '') return null;
  const values = (text.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  const lines = [];
  for (let at = 0; at < values.length; at += 16) {
    const part = values.slice(at, at + 16);
    const digits = part.map((value) => value.toString(16).padStart(2, '0')).join(' ');
    const letters = part
      .map((value) => (value > 31 && value < 127 ? String.fromCharCode(value) : '.'))
      .join('');
    lines.push(`${side} ${at.toString(16).padStart(4, '0')}  ${digits.padEnd(47)}  ${letters}`);
  }
  return (
    <pre className="code" style={{ marginTop: 6 }}>
      {lines.join('\n')}
    </pre>
  );
}
