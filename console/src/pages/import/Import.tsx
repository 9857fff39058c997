/** Importing facts: drop files, watch them being read, say what table columns mean, see what was refused and why. */
import { useNavigate, useParams } from 'react-router';
import { PageHead } from '../../parts/Panel';
import { useWords } from '../../words';
import { Drop } from './Drop';
import { Recent } from './Recent';
import { Result } from './Result';

export function Component() {
  const { id } = useParams();
  const { t } = useWords();
  const go = useNavigate();
  return (
    <>
      <PageHead title={t('import.title')} sub={t('import.sub')} />
      {id ? (
        <Result key={id} id={id} onAgain={() => void go('/import')} />
      ) : (
        <>
          <Drop onSent={(job) => void go(`/import/${encodeURIComponent(job)}`)} />
          <Recent />
        </>
      )}
    </>
  );
}
