/** What a file is judged to be, how far it is, which list names it: shape, colour and word. */
import { LoadingOutlined } from '@ant-design/icons';
import type { FileList, FileRow, FileState } from '../../api/model';
import { Mark, type Tone } from '../../parts/Marks';
import { useWords } from '../../words';
import { groupOf } from '../file/saying';

/** From the worst to the best; what was not read to its end is no better than unknown. */
export const VERDICTS = ['malicious', 'suspicious', 'incomplete', 'unknown', 'clean'] as const;
export type Verdict = (typeof VERDICTS)[number];

const TONES: Record<Verdict, Tone> = {
  malicious: 'open',
  suspicious: 'blocked',
  incomplete: 'partial',
  unknown: 'unknown',
  clean: 'fixed',
};

export const toneOf = (verdict: string | null | undefined): Tone =>
  VERDICTS.find((known) => known === verdict) ? TONES[verdict as Verdict] : 'none';

export function VerdictMark({ verdict, bare }: { verdict: string | null | undefined; bare?: boolean }) {
  const { t, word } = useWords();
  return (
    <Mark tone={toneOf(verdict)} {...(bare && { bare })}>
      {verdict ? word(`console.files.verdict-${verdict}`, verdict) : t('files.verdict-none')}
    </Mark>
  );
}

export const isMoving = (state: FileState) => state === 'waiting' || state === 'leased';

export function FileStateMark({ file }: { file: Pick<FileRow, 'state' | 'worker'> }) {
  const { t } = useWords();
  switch (file.state) {
    case 'leased':
      return (
        <span className="mark accent" title={file.worker ?? undefined}>
          <LoadingOutlined aria-hidden="true" />
          {t('files.state-leased')}
        </span>
      );
    case 'waiting':
      return <Mark tone="accent">{t('files.state-waiting')}</Mark>;
    case 'set-aside':
      return <Mark tone="blocked">{t('files.state-set-aside')}</Mark>;
    case 'done':
      return (
        <Mark tone="fixed" bare>
          {t('files.state-done')}
        </Mark>
      );
  }
}

export function ListMark({ list }: { list: FileList }) {
  const { t } = useWords();
  return (
    <span className={`chip first file-list-${list}`} title={t(`files.on-list-${list}`)}>
      {t(`files.list-${list}`)}
    </span>
  );
}

/** A score as a bar: the longer, the worse. */
export function Score({ score, verdict }: { score: number; verdict: string | null | undefined }) {
  return (
    <span className="score">
      <span className="num">{score}</span>
      <span className="bar" aria-hidden="true">
        <span style={{ width: `${Math.min(100, score)}%`, background: `var(--${toneOf(verdict)})` }} />
      </span>
    </span>
  );
}

/** The name of a group of types. */
export function useGroupName(): (group: string) => string {
  const words = useWords();
  return (group) => groupOf(words, group);
}

/** A digest by its beginning. */
export const short = (sha256: string) => `${sha256.slice(0, 12)}…`;

export const pathOf = (sha256: string) => `/files/${encodeURIComponent(sha256)}`;
