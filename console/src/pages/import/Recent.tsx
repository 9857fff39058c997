/** The imports before this one: an administrator comes back to see what became of them. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { get } from '../../api/client';
import type { JobList } from '../../api/model';
import { useActor } from '../../parts/actor';
import { count, instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { TONES } from '../jobs/Jobs';

const SHOWN = 6;

export function Recent() {
  const { t, language } = useWords();
  const actor = useActor();
  const jobs = useQuery({
    queryKey: ['jobs', 'recent'],
    queryFn: () => get<JobList>('/jobs', { limit: 50 }),
  });
  const imports = (jobs.data?.jobs ?? []).filter((job) => job.kind === 'import').slice(0, SHOWN);
  if (imports.length === 0) return null;
  return (
    <Panel title={t('import.recent')} extra={<Link to="/jobs">{t('nav.jobs')}</Link>} flush className="below">
      <ul className="rows">
        {imports.map((job) => (
          <li key={job.id}>
            <span className="line">
              <Mark tone={TONES[job.state]}>{t(`job.${job.state}`)}</Mark>
              <Link to={`/import/${encodeURIComponent(job.id)}`} className="ellipsis">
                {t('import.n-files', { n: count(job.total, language) })}
              </Link>
            </span>
            <span className="muted num nowrap">
              {actor(job.by)} · {instant(job.created)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
