/** The life of a plan, newest first. */
import { Timeline } from 'antd';
import type { PlanEvent } from '../../api/model';
import { useActor } from '../../parts/actor';
import { instant } from '../../parts/format';
import { PlanMark } from '../../parts/Marks';
import { useWords } from '../../words';

export function PlanHistory({ events }: { events: PlanEvent[] }) {
  const actor = useActor();
  const { t } = useWords();
  if (events.length === 0) return <span className="muted">{t('plan.no-history')}</span>;
  return (
    <Timeline
      style={{ paddingTop: 6 }}
      items={[...events]
        .sort((a, b) => b.at.localeCompare(a.at))
        .map((event) => ({
          key: event.at + event.to,
          content: (
            <>
              <PlanMark state={event.to} /> <span className="muted small num">{instant(event.at)}</span>
              <div className="small">
                {actor(event.by)}
                {event.note && <span className="muted"> · {event.note}</span>}
              </div>
            </>
          ),
        }))}
    />
  );
}
