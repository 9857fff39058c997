/** The files that carry a plan out: read here first, then copied or downloaded. */
import { CopyOutlined, DownloadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App, Button, Drawer } from 'antd';
import { useState } from 'react';
import { address, get, getText } from '../../api/client';
import type { ScriptInfo } from '../../api/model';
import { useMay } from '../../api/session';
import { Act } from '../../parts/Act';
import { Blank, Show } from '../../parts/Blank';
import { copy } from '../../parts/files';
import { bytes } from '../../parts/format';
import { useWords } from '../../words';

const READABLE = /^text\/|json|xml|x-msdos|x-bat|powershell|application\/octet-stream/;

export function Scripts({ host }: { host: string }) {
  const path = `/hosts/${encodeURIComponent(host)}/scripts`;
  const scripts = useQuery({ queryKey: ['host', host, 'scripts'], queryFn: () => get<ScriptInfo[]>(path) });
  return (
    <Show of={scripts} rows={3}>
      {(list) => <Files host={host} scripts={list} />}
    </Show>
  );
}

function Files({ host, scripts }: { host: string; scripts: ScriptInfo[] }) {
  const { t, say, language } = useWords();
  const [reading, setReading] = useState<ScriptInfo | null>(null);
  const may = useMay();
  if (scripts.length === 0) return <Blank title={t('scripts.none')} />;
  const place = (name: string) => `/hosts/${encodeURIComponent(host)}/scripts/${encodeURIComponent(name)}`;
  const denied = may('work-plans') ? undefined : t('denied.work');
  return (
    <>
      <ul className="rows scripts">
        {scripts.map((script) => (
          <li key={script.name}>
            <div style={{ minWidth: 0 }}>
              <button
                type="button"
                className="link mono anywhere"
                disabled={!may('work-plans') || !READABLE.test(script.media_type)}
                title={denied}
                onClick={() => setReading(script)}
              >
                {script.name}
              </button>
              <div className="muted small">
                {say(script.title)} · {bytes(script.bytes, language)}
              </div>
            </div>
            <Act
              size="small"
              icon={<DownloadOutlined />}
              href={address(place(script.name))}
              download={script.name}
              denied={denied}
              aria-label={t('scripts.download', { name: script.name })}
              title={denied ? undefined : t('action.download')}
            />
          </li>
        ))}
      </ul>
      <Drawer
        open={reading !== null}
        onClose={() => setReading(null)}
        size={760}
        title={<span className="mono">{reading?.name}</span>}
        destroyOnHidden
      >
        {reading && <Preview path={place(reading.name)} script={reading} />}
      </Drawer>
    </>
  );
}

function Preview({ path, script }: { path: string; script: ScriptInfo }) {
  const { t, say } = useWords();
  const { message } = App.useApp();
  const text = useQuery({ queryKey: ['script', path], queryFn: () => getText(path) });
  return (
    <>
      <p style={{ marginTop: 0 }}>{say(script.title)}</p>
      <Show of={text}>
        {(content) => (
          <>
            <div style={{ display: 'flex', gap: 8, marginBottom: 10 }}>
              <Button
                icon={<CopyOutlined />}
                onClick={() => void copy(content).then(() => message.success(t('action.copied')))}
              >
                {t('action.copy')}
              </Button>
              <Button icon={<DownloadOutlined />} href={address(path)} download={script.name}>
                {t('action.download')}
              </Button>
            </div>
            <pre className="code" style={{ maxHeight: 'none' }} tabIndex={0}>
              {content}
            </pre>
          </>
        )}
      </Show>
    </>
  );
}
