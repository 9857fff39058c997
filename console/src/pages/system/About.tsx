/** What runs here, where it keeps its data, and how to trust its certificate. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { get } from '../../api/client';
import type { SystemInfo } from '../../api/model';
import { useMay, useStatus } from '../../api/session';
import { Show } from '../../parts/Blank';
import { bytes, instant } from '../../parts/format';
import { Mark } from '../../parts/Marks';
import { Panel } from '../../parts/Panel';
import { useWords } from '../../words';

export function About() {
  const { t } = useWords();
  const status = useStatus();
  const may = useMay();
  return (
    <div className="grid cols-2">
      <Panel title={t('about.product')}>
        <p style={{ marginTop: 0, lineHeight: 1.7 }}>{t('about.what')}</p>
        <dl className="facts">
          <dt>{t('about.version')}</dt>
          <dd className="num">{status.data?.version}</dd>
          <dt>{t('about.licence')}</dt>
          <dd>Apache-2.0</dd>
          <dt>API</dt>
          <dd>
            <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>
          </dd>
        </dl>
      </Panel>
      {may('run-system') && <Server />}
    </div>
  );
}

function Server() {
  const { t, language } = useWords();
  const system = useQuery({ queryKey: ['system'], queryFn: () => get<SystemInfo>('/system') });
  const rows = (info: SystemInfo): [string, ReactNode][] => [
    [t('about.started'), instant(info.started)],
    [t('about.listen'), <span className="mono">{info.listen}</span>],
    [t('about.data'), <span className="mono anywhere">{info.data_directory}</span>],
    [t('about.database'), <span className="mono anywhere">{info.database}</span>],
    [t('about.memory'), info.memory_bytes == null ? '—' : bytes(info.memory_bytes, language)],
    [t('about.accounts'), info.accounts],
    [
      t('about.duties'),
      <Mark key="d" tone={info.duties_separated ? 'fixed' : 'blocked'} bare>
        {t(info.duties_separated ? 'about.duties-yes' : 'about.duties-no')}
      </Mark>,
    ],
    [
      'TLS',
      info.tls
        ? t('about.tls', { subject: info.tls.subject, day: info.tls.not_after.slice(0, 10) })
        : t('about.no-tls'),
    ],
    ...(info.tls
      ? [
          [t('about.authority'), <span className="mono anywhere">{info.tls.authority_sha256}</span>] as [
            string,
            ReactNode,
          ],
        ]
      : []),
  ];
  return (
    <Panel title={t('about.server')}>
      <Show of={system}>
        {(info) => (
          <dl className="facts">
            {rows(info).map(([name, value]) => (
              <div key={name} style={{ display: 'contents' }}>
                <dt>{name}</dt>
                <dd className="num">{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </Show>
    </Panel>
  );
}
