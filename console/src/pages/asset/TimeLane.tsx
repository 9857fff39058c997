/** What happened to a host so far: lanes over time, and the same as a list. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Segmented, Table, Tooltip, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { get } from '../../api/client';
import type { HostEvent, HostTimeline, Lane } from '../../api/model';
import { useWeaponName } from '../../api/weapons';
import { useActor } from '../../parts/actor';
import { Blank, Show } from '../../parts/Blank';
import { instant, kb } from '../../parts/format';
import { PlanMark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

const LANES: Lane[] = ['facts', 'updates', 'judgement', 'plan', 'script', 'network'];
const NAMED = 6;

export function TimeLane({ id }: { id: string }) {
  const time = useQuery({
    queryKey: ['host', id, 'timeline'],
    queryFn: () => get<HostTimeline>(`/hosts/${encodeURIComponent(id)}/timeline`),
  });
  return <Show of={time}>{(data) => <Loaded timeline={data} />}</Show>;
}

function Loaded({ timeline }: { timeline: HostTimeline }) {
  const { t } = useWords();
  const [lane, setLane] = useState<Lane | 'all'>('all');
  const { events } = timeline;
  if (events.length === 0) return <Blank title={t('time.none')} />;
  const shown = lane === 'all' ? events : events.filter((event) => event.lane === lane);
  return (
    <div className="grid">
      <Panel title={t('time.title')}>
        <Lanes events={events} />
        <p className="muted small">{t('time.judged-again')}</p>
        {timeline.cut && <Alert type="warning" showIcon title={t('time.cut')} />}
      </Panel>
      <Panel
        flush
        title={t('time.list')}
        extra={
          <Segmented
            size="small"
            value={lane}
            onChange={(value) => setLane(value)}
            options={[
              { value: 'all' as const, label: t('time.all') },
              ...LANES.filter((name) => events.some((event) => event.lane === name)).map((name) => ({
                value: name,
                label: t(`time.lane.${name}`),
              })),
            ]}
          />
        }
      >
        <List events={shown} />
      </Panel>
    </div>
  );
}

interface Spot {
  at: number;
  events: HostEvent[];
}

/** Events that would lie on each other are one spot. Places are in percent of the whole time. */
export function spots(events: HostEvent[], from: number, to: number): Spot[] {
  const found: Spot[] = [];
  const whole = Math.max(1, to - from);
  for (const event of [...events].reverse()) {
    const at = to === from ? 0 : ((Date.parse(event.at) - from) / whole) * 100;
    const last = found.at(-1);
    if (last && at - last.at < 1.6) last.events.push(event);
    else found.push({ at, events: [event] });
  }
  return found;
}

function Lanes({ events }: { events: HostEvent[] }) {
  const { t } = useWords();
  const says = useSays();
  const times = events.map((event) => Date.parse(event.at));
  const from = Math.min(...times);
  const to = Math.max(...times);
  return (
    <div className="lanes" role="img" aria-label={t('time.title')}>
      {LANES.map((lane) => (
        <div key={lane} className="lane-row">
          <span className="muted small lane-name">{t(`time.lane.${lane}`)}</span>
          <span className="lane-line">
            {spots(
              events.filter((event) => event.lane === lane),
              from,
              to,
            ).map((spot) => (
              <Tooltip
                key={spot.at}
                title={spot.events.slice(0, NAMED).map((event, i) => (
                  <div key={i}>
                    {instant(event.at)} {says(event)}
                  </div>
                ))}
              >
                <span className={`spot ${lane}`} style={{ left: `${spot.at}%` }}>
                  {spot.events.length > 1 ? spot.events.length : ''}
                </span>
              </Tooltip>
            ))}
          </span>
        </div>
      ))}
      <div className="lane-row">
        <span className="lane-name" />
        <span className="lane-ends muted small num">
          <span>{instant(new Date(from).toISOString())}</span>
          {to > from && <span>{instant(new Date(to).toISOString())}</span>}
        </span>
      </div>
    </div>
  );
}

/** An event as one line of text. */
function useSays(): (event: HostEvent) => string {
  const { t, say, language } = useWords();
  const name = useWeaponName();
  const comma = language === 'zh-CN' ? '、' : ', ';
  const some = (names: string[]) =>
    names.slice(0, NAMED).join(comma) + (names.length > NAMED ? ` +${names.length - NAMED}` : '');
  return (event) => {
    const things = [...(event.weapons ?? []).map(name), ...(event.updates ?? []).map(kb)];
    const state = event.plan_state ? t(`plan.${event.plan_state}`) : '';
    return [say(event.what), some(things), state].filter(Boolean).join(' · ');
  };
}

function List({ events }: { events: HostEvent[] }) {
  const { t, say, language } = useWords();
  const name = useWeaponName();
  const actor = useActor();
  const comma = language === 'zh-CN' ? '、' : ', ';
  const columns: TableColumnsType<HostEvent> = [
    {
      title: t('time.at'),
      width: 160,
      render: (_, event) => <span className="num nowrap">{instant(event.at)}</span>,
    },
    { title: t('time.lane'), width: 120, render: (_, event) => t(`time.lane.${event.lane}`) },
    {
      title: t('time.what'),
      render: (_, event) => (
        <>
          {say(event.what)} {event.plan_state && <PlanMark state={event.plan_state} bare />}
          {(event.weapons?.length ?? 0) > 0 && (
            <div className="muted small">{event.weapons?.map(name).join(comma)}</div>
          )}
          {(event.updates?.length ?? 0) > 0 && (
            <div className="muted small mono">{event.updates?.map(kb).join(' ')}</div>
          )}
          {event.note && <div className="muted small">{event.note}</div>}
        </>
      ),
    },
    { title: t('time.by'), width: 150, render: (_, event) => (event.by ? actor(event.by) : '—') },
  ];
  return (
    <Table
      size="small"
      rowKey={(event) =>
        `${event.at}-${event.lane}-${event.what.code}-${event.plan_state ?? ''}-${JSON.stringify(event.what.params ?? {})}`
      }
      columns={columns}
      dataSource={events}
      pagination={events.length > 25 ? { pageSize: 25, size: 'small', showSizeChanger: false } : false}
    />
  );
}
