/** If the host falls: what it reaches, with which weapon over which port, and by which way. What is not known is said. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Table, type TableColumnsType } from 'antd';
import { Fragment } from 'react';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { FallStep, FallTarget, FallenPlace, HostFalls, Sure } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { Blank, Show } from '../../parts/Blank';
import { count } from '../../parts/format';
import { Mark, type Tone } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

const TONE: Record<Sure, Tone> = { yes: 'open', maybe: 'unknown', held: 'blocked' };

export function Falls({ id, label }: { id: string; label: string }) {
  const falls = useQuery({
    queryKey: ['host', id, 'falls'],
    queryFn: () => get<HostFalls>(`/hosts/${encodeURIComponent(id)}/falls`),
  });
  return <Show of={falls}>{(data) => <Loaded falls={data} label={label} />}</Show>;
}

function Loaded({ falls, label }: { falls: HostFalls; label: string }) {
  const { t, say, language } = useWords();
  const sum = (part: 'yes' | 'maybe' | 'held') => falls.places.reduce((all, place) => all + place[part], 0);
  return (
    <div className="grid">
      <Panel title={t('falls.title', { host: label })}>
        <div className="line falls-sums">
          {(['yes', 'maybe', 'held'] as const).map((part) => (
            <span key={part} className="falls-sum">
              <Mark tone={TONE[part]} bare>
                {t(`falls.${part}`)}
              </Mark>
              <strong className="num">{count(sum(part), language)}</strong>
            </span>
          ))}
          <span className="falls-sum">
            <Mark tone="none" bare>
              {t('falls.elsewhere')}
            </Mark>
            <strong className="num">{count(falls.elsewhere, language)}</strong>
            {falls.elsewhere_hit > 0 && (
              <span className="muted small">
                {t('falls.elsewhere-hit', { n: count(falls.elsewhere_hit, language) })}
              </span>
            )}
          </span>
        </div>
        <Alert
          type="info"
          showIcon
          style={{ marginTop: 10 }}
          title={falls.notes.map((note) => (
            <div key={note.code}>{say(note)}</div>
          ))}
        />
      </Panel>
      <Panel title={t('falls.places')} flush>
        <Places places={falls.places} />
      </Panel>
      <Panel title={t('falls.targets')} flush>
        {falls.targets.length === 0 ? (
          <Blank title={t('falls.none')}>{t('falls.none-note')}</Blank>
        ) : (
          <Targets targets={falls.targets} />
        )}
      </Panel>
    </div>
  );
}

function Places({ places }: { places: FallenPlace[] }) {
  const { t, language } = useWords();
  const name = useWeaponName();
  const number = (value: number) =>
    value === 0 ? <span className="muted">0</span> : <span className="num">{count(value, language)}</span>;
  const columns: TableColumnsType<FallenPlace> = [
    {
      title: t('falls.place'),
      width: 190,
      render: (_, place) =>
        place.name == null ? (
          <span className="muted">{t('falls.nowhere')}</span>
        ) : (
          <Link to={`/hosts?${place.query}`}>{place.name}</Link>
        ),
    },
    { title: t('falls.yes'), width: 110, align: 'right', render: (_, place) => number(place.yes) },
    { title: t('falls.maybe'), width: 110, align: 'right', render: (_, place) => number(place.maybe) },
    { title: t('falls.held'), width: 110, align: 'right', render: (_, place) => number(place.held) },
    {
      title: t('falls.first-by'),
      width: 260,
      render: (_, place) =>
        place.weapons
          .slice(0, 3)
          .map(({ weapon, hosts }) => `${name(weapon)} ${count(hosts, language)}`)
          .join(' · ') || <span className="muted">—</span>,
    },
    {
      title: t('falls.way'),
      render: (_, place) =>
        place.path.length === 0 ? (
          <span className="muted">{t('falls.own-place')}</span>
        ) : (
          <Way steps={place.path} />
        ),
    },
  ];
  return (
    <Table
      size="small"
      rowKey={(place) => `${place.kind}:${place.name}`}
      columns={columns}
      dataSource={places}
      pagination={places.length > 20 ? { pageSize: 20, size: 'small', showSizeChanger: false } : false}
    />
  );
}

function Targets({ targets }: { targets: FallTarget[] }) {
  const { t } = useWords();
  const columns: TableColumnsType<FallTarget> = [
    {
      title: t('col.host'),
      width: 170,
      render: (_, target) => (
        <Link className="strong" to={`/hosts/${encodeURIComponent(target.host)}`}>
          {target.label}
        </Link>
      ),
    },
    {
      title: t('col.value'),
      width: 90,
      align: 'right',
      render: (_, target) => target.value ?? <span className="muted">—</span>,
    },
    {
      title: t('falls.sure'),
      width: 130,
      render: (_, target) => (
        <Mark tone={TONE[target.sure]} bare>
          {t(`falls.${target.sure}`)}
        </Mark>
      ),
    },
    { title: t('falls.way'), render: (_, target) => <Way steps={target.path} /> },
  ];
  return (
    <Table
      size="small"
      rowKey="host"
      columns={columns}
      dataSource={targets}
      pagination={targets.length > 20 ? { pageSize: 20, size: 'small', showSizeChanger: false } : false}
    />
  );
}

/** Host → weapon over port → host; a dashed arrow where only the place is shared. */
function Way({ steps }: { steps: FallStep[] }) {
  const { t } = useWords();
  const name = useWeaponName();
  const [first] = steps;
  if (!first) return null;
  return (
    <ol className="way">
      <li className="stop">{first.from_label}</li>
      {steps.map((step) => (
        <Fragment key={`${step.from}>${step.to}`}>
          <li
            className={`hop tone-${TONE[step.sure]}${step.seen ? ' seen' : ''}`}
            title={t(step.seen ? 'falls.seen' : 'falls.same-place')}
          >
            {name(step.weapon)}
            {step.port && <span className="mono small"> {step.port}</span>} →
          </li>
          <li className="stop">
            <Link to={`/hosts/${encodeURIComponent(step.to)}`}>{step.to_label}</Link>
          </li>
        </Fragment>
      ))}
    </ol>
  );
}
