/** Sends files in to be analysed: chosen, or dropped anywhere on the page; says what was known already. */
import { InboxOutlined } from '@ant-design/icons';
import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Input, Progress } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, sayable, upload, withQuery } from '../../api/client';
import type { FileAccepted, FilePage, FilesAccepted } from '../../api/model';
import { useMay } from '../../api/session';
import { bytes, count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { PickEither } from '../../parts/Pick';
import { useWords } from '../../words';
import { DropAnywhere } from '../import/DropAnywhere';
import { chosen, form, type Dropped } from '../import/dropped';
import { batches, isAddress } from './batches';
import { FileStateMark, isMoving, pathOf, VerdictMark } from './marks';

/** What the server takes at once when it has not said yet. */
const BYTES_MAX = 1 << 30;
/** Of many files only the first are followed one by one. */
const FOLLOWED = 6;

interface Sent {
  accepted: FileAccepted[];
  refused: Dropped[];
}

export function SendFiles({ bytesMax = BYTES_MAX }: { bytesMax?: number | undefined }) {
  const { t, say, language } = useWords();
  const queries = useQueryClient();
  const may = useMay();
  const [host, setHost] = useState('');
  const [progress, setProgress] = useState({ sent: 0, of: 0, files: 0 });
  const [sent, setSent] = useState<Sent | null>(null);
  const place = host.trim();
  const denied = !may('import') ? t('denied.import') : null;
  const wrong = place !== '' && !isAddress(place) ? t('files.host-wrong') : null;

  const sending = useMutation({
    mutationFn: async (list: Dropped[]) => {
      const parted = batches(list, bytesMax);
      const got: Sent = { accepted: [], refused: parted.refused };
      setSent(null);
      let before = 0;
      const tell = (now: number) =>
        setProgress({
          sent: Math.min(before + now, parted.bytes),
          of: parted.bytes,
          files: list.length - parted.refused.length,
        });
      tell(0);
      try {
        for (const batch of parted.batches) {
          const path = withQuery('/files', { host: place });
          const answer = await upload<FilesAccepted>(path, form(batch), tell);
          before += batch.reduce((sum, { file }) => sum + file.size, 0);
          got.accepted.push(...answer.files);
          void queries.invalidateQueries({ queryKey: ['files'] });
        }
      } finally {
        // What went before the line broke has arrived, and is said.
        if (got.accepted.length > 0 || got.refused.length > 0) setSent(got);
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['files'] }),
  });

  const take = (list: Dropped[]) => {
    if (list.length > 0 && denied === null && wrong === null && !sending.isPending) sending.mutate(list);
  };
  const off = denied ?? wrong;
  return (
    <>
      <Panel className="send-files">
        {sending.isPending ? (
          <div className="line" role="status">
            <Progress
              percent={progress.of === 0 ? 100 : Math.floor((progress.sent / progress.of) * 100)}
              size="small"
              style={{ flex: 1, margin: 0 }}
            />
            <span className="muted num nowrap">
              {t('import.sending', {
                n: count(progress.files, language),
                size: bytes(progress.of, language),
              })}
            </span>
          </div>
        ) : (
          <div className="line wrap">
            <InboxOutlined className="send-icon" aria-hidden="true" />
            <span className="send-words">
              <strong>{t('files.drop')}</strong>{' '}
              <span className="muted small">{t('files.drop-note', { size: bytes(bytesMax, language) })}</span>
            </span>
            <Input
              size="small"
              allowClear
              style={{ width: 180 }}
              aria-label={t('files.found-on')}
              placeholder={t('files.found-on')}
              value={host}
              status={wrong ? 'error' : ''}
              title={wrong ?? undefined}
              disabled={denied !== null}
              onChange={(event) => setHost(event.target.value)}
            />
            <PickEither denied={off} onPick={(list) => take(chosen(list))} />
          </div>
        )}
      </Panel>
      {sending.error && (
        <Alert
          type="error"
          showIcon
          closable
          title={say(sayable(sending.error))}
          className="spaced"
          onClose={() => sending.reset()}
        />
      )}
      {sent && <Arrived sent={sent} bytesMax={bytesMax} onClose={() => setSent(null)} />}
      <DropAnywhere
        says={off ?? t(sending.isPending ? 'files.still-sending' : 'files.drop-here')}
        onDrop={take}
      />
    </>
  );
}

/** What came of it: the first ones are followed until they are judged. */
function Arrived({ sent, bytesMax, onClose }: { sent: Sent; bytesMax: number; onClose: () => void }) {
  const { t, language } = useWords();
  const n = (value: number) => count(value, language);
  const { accepted, refused } = sent;
  const known = accepted.filter((file) => file.known).length;
  return (
    <Panel
      title={t('files.arrived', {
        n: n(accepted.length),
        fresh: n(accepted.length - known),
        known: n(known),
      })}
      extra={
        <Button size="small" onClick={onClose}>
          {t('action.close')}
        </Button>
      }
      className="spaced no-print"
      flush
    >
      {refused.length > 0 && (
        <Alert
          type="warning"
          showIcon
          banner
          title={t('files.too-large', { n: n(refused.length), max: bytes(bytesMax, language) })}
          description={
            <ul className="bad-lines">
              {refused.slice(0, 5).map((one) => (
                <li key={one.path}>
                  <Name text={one.path} className="anywhere" />{' '}
                  <span className="muted num">{bytes(one.file.size, language)}</span>
                </li>
              ))}
            </ul>
          }
        />
      )}
      <Followed files={accepted.slice(0, FOLLOWED)} />
      {accepted.length > FOLLOWED && (
        <p className="muted small padded">{t('files.arrived-more', { n: n(accepted.length - FOLLOWED) })}</p>
      )}
    </Panel>
  );
}

function Followed({ files }: { files: FileAccepted[] }) {
  const { t, language } = useWords();
  const rows = useQueries({
    queries: files.map((file) => {
      const query = { q: file.sha256, limit: 1 };
      return {
        queryKey: ['files', query],
        queryFn: ({ signal }: { signal: AbortSignal }) => get<FilePage>('/files', query, signal),
        refetchInterval: (one: { state: { data?: FilePage | undefined } }) => {
          const row = one.state.data?.rows[0];
          return !row || isMoving(row.state) ? 1500 : (false as const);
        },
      };
    }),
  });
  return (
    <ul className="rows arrived" aria-live="polite">
      {files.map((file, i) => {
        const row = rows[i]?.data?.rows[0];
        return (
          <li key={`${file.sha256} ${i}`}>
            <span className="line">
              <Link to={pathOf(file.sha256)} className="strong ellipsis">
                <Name text={file.name} />
              </Link>
              <span className="muted small num nowrap">{bytes(file.size, language)}</span>
              {file.known && <span className="chip">{t('files.known')}</span>}
            </span>
            <span className="line">
              {row?.standing && !isMoving(row.state) ? (
                <VerdictMark verdict={row.standing} />
              ) : (
                <FileStateMark file={row ?? file} />
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
