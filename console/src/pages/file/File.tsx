/** One file: what it is judged to be and why, what is inside it, where it was seen, what is like it. */
import { DownloadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useLocation, useParams, useSearchParams } from 'react-router';
import { address, get, Problem } from '../../api/client';
import type { FileDetail, FileReason } from '../../api/model';
import { Act } from '../../parts/Act';
import { Broken, Show } from '../../parts/Blank';
import { Copy } from '../../parts/Copy';
import { bytes } from '../../parts/format';
import { Name } from '../../parts/Name';
import { PageHead } from '../../parts/Panel';
import { useWords } from '../../words';
import { isMoving, pathOf, short, useGroupName } from '../files/marks';
import { AnalyseAgain, Forget, Judge } from './Judge';
import { treeOf, type Node } from './parts';
import { Parts } from './Parts';
import { Printed } from './Printed';
import { Reasons } from './Reasons';
import { PrintReport, TakeReport } from './Report';
import { Alike, Pivots, SeenAt, Within } from './Seen';
import { Verdict } from './Verdict';

const SOON_MS = 1_500;
const LATER_MS = 5_000;

export function Component() {
  const { sha256 = '' } = useParams();
  const file = useQuery({
    queryKey: ['file', sha256],
    queryFn: ({ signal }) => get<FileDetail>(pathOf(sha256), {}, signal),
    refetchInterval: (query) => {
      const seen = query.state.data;
      if (!seen || !isMoving(seen.file.state)) return false;
      // Notices lead; a report may be large, and the one from before is asked for only now and then.
      return seen.report ? LATER_MS : SOON_MS;
    },
  });
  // Somebody else forgot it: what was shown of it is no more.
  if (file.error instanceof Problem && file.error.status === 404) return <Broken error={file.error} />;
  return (
    <Show of={file} rows={14}>
      {(detail) => (
        <>
          <Loaded key={sha256} detail={detail} />
          <Scroll />
        </>
      )}
    </Show>
  );
}

/** Not drawn anew for each part that is chosen: only the parts follow the address. */
const Loaded = memo(function Loaded({ detail }: { detail: FileDetail }) {
  const { t, language } = useWords();
  const group = useGroupName();
  const { file, report } = detail;
  const nodes = useMemo(
    () => (report ? treeOf(report, detail.listed_parts) : null),
    [report, detail.listed_parts],
  );
  return (
    <>
      <PageHead
        stacked
        title={
          <>
            <Link to="/files" className="muted">
              {t('nav.files')}
            </Link>
            <span className="muted"> / </span>
            {file.name === '' ? t('files.unnamed') : <Name text={file.name} className="anywhere" />}
          </>
        }
        sub={
          <span className="file-sub">
            {[file.group ? group(file.group) : null, file.type, bytes(file.size, language)]
              .filter(Boolean)
              .join(' · ')}{' '}
            · <span className="mono">{short(file.sha256)}</span>
            <Copy text={file.sha256} what="SHA-256" />
          </span>
        }
      >
        <div className="file-acts">
          <Judge detail={detail} />
          <AnalyseAgain file={file} />
          <TakeReport detail={detail} />
          <Act
            icon={<DownloadOutlined />}
            href={address(`${pathOf(file.sha256)}/report.json`)}
            denied={report ? null : t('files.not-yet')}
            download
          >
            JSON
          </Act>
          <PrintReport detail={detail} />
          <Forget file={file} />
        </div>
      </PageHead>
      <div className="grid file-page">
        <Verdict detail={detail} nodes={nodes} />
        {report && nodes && (
          <>
            <Reasons report={report} nodes={nodes} />
            <Chosen nodes={nodes} reasons={report.verdict.reasons} />
            <Printed nodes={nodes} />
          </>
        )}
        <SeenAt detail={detail} />
        {report && (
          <div className="grid cols-2 file-others">
            <Alike detail={detail} />
            <Pivots detail={detail} />
          </div>
        )}
        {detail.within.length > 0 && <Within within={detail.within} />}
      </div>
    </>
  );
});

/** Keys are quicker than the address: it follows when they pause. */
const PAUSE_MS = 200;

/** The parts, with the one that the address names. */
function Chosen(props: { nodes: ReadonlyMap<number, Node>; reasons: readonly FileReason[] }) {
  const [search, setSearch] = useSearchParams();
  const asked = Number(search.get('part') ?? 0);
  const [picked, setPicked] = useState(asked);
  const [seen, setSeen] = useState(asked);
  const [written, setWritten] = useState<number | null>(null);
  // What a link says counts; what was written here comes back late, and is no news.
  if (seen !== asked) {
    setSeen(asked);
    if (asked !== written) {
      setPicked(asked);
      setWritten(null);
    }
  }
  const writing = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(writing.current), []);
  const pick = (number: number) => {
    setPicked(number);
    clearTimeout(writing.current);
    writing.current = setTimeout(() => {
      setWritten(number);
      const next = new URLSearchParams(search);
      if (number === 0) next.delete('part');
      else next.set('part', String(number));
      setSearch(next, { replace: true });
    }, PAUSE_MS);
  };
  return <Parts {...props} picked={props.nodes.has(picked) ? picked : 0} onPick={pick} />;
}

/** Brings what the address names in sight, each time that a link says so. */
function Scroll() {
  const { hash, key } = useLocation();
  useEffect(() => {
    if (hash !== '') document.getElementById(hash.slice(1))?.scrollIntoView();
  }, [hash, key]);
  return null;
}
