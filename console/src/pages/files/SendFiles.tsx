/** Sends files in to be analysed: chosen, or dropped anywhere on the page; says what was known already. */
import { FolderOpenOutlined, InboxOutlined, UploadOutlined } from '@ant-design/icons';
import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Input, Progress } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import { get, sayable, upload, withQuery } from '../../api/client';
import type { FileAccepted, FilePage, FilesAccepted } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { bytes, count } from '../../parts/format';
import { Name } from '../../parts/Name';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';
import { chosen, dropped, form, type Dropped } from '../import/dropped';
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
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
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
  const over = useDrop(take);
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
            <Act
              type="primary"
              size="small"
              icon={<UploadOutlined />}
              denied={off}
              onClick={() => files.current?.click()}
            >
              {t('import.choose-files')}
            </Act>
            <Act
              size="small"
              icon={<FolderOpenOutlined />}
              denied={off}
              onClick={() => folder.current?.click()}
            >
              {t('import.choose-folder')}
            </Act>
          </div>
        )}
        <input
          ref={files}
          type="file"
          multiple
          hidden
          aria-label={t('import.choose-files')}
          data-testid="files"
          onChange={(event) => {
            if (event.target.files) take(chosen(event.target.files));
            event.target.value = '';
          }}
        />
        <input
          ref={folder}
          type="file"
          hidden
          data-testid="folder"
          aria-label={t('import.choose-folder')}
          {...{ webkitdirectory: '' }}
          onChange={(event) => {
            if (event.target.files) take(chosen(event.target.files));
            event.target.value = '';
          }}
        />
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
      {over && (
        <div className="drop-over" role="status">
          <div>
            <InboxOutlined style={{ fontSize: 40 }} aria-hidden="true" />
            <strong>{off ?? t(sending.isPending ? 'files.still-sending' : 'files.drop-here')}</strong>
          </div>
        </div>
      )}
    </>
  );
}

/** Files that are dropped anywhere; true while some are held above the page. */
function useDrop(take: (list: Dropped[]) => void): boolean {
  const [over, setOver] = useState(false);
  const taking = useRef(take);
  useEffect(() => {
    taking.current = take;
  });
  useEffect(() => {
    // Every element that is entered is left again: only after the last one nothing is held above the page.
    let depth = 0;
    const holds = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const enter = (event: DragEvent) => {
      if (!holds(event)) return;
      event.preventDefault();
      depth += 1;
      setOver(true);
    };
    const move = (event: DragEvent) => {
      if (holds(event)) event.preventDefault();
    };
    const leave = (event: DragEvent) => {
      if (!holds(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!holds(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      void dropped(event.dataTransfer.items).then((list) => taking.current(list));
    };
    const listeners = { dragenter: enter, dragover: move, dragleave: leave, drop } as const;
    for (const [name, listen] of Object.entries(listeners))
      window.addEventListener(name, listen as EventListener);
    return () => {
      for (const [name, listen] of Object.entries(listeners))
        window.removeEventListener(name, listen as EventListener);
    };
  }, []);
  return over;
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
